//! What each fault of custody means to a person, and what to do next.

use std::time::Duration;

use greatseal_custody::{CustodyFault, KeyName, KeyUri};

use super::finding::{Finding, Kind, Severity};

/// Makes a finding of what a place, or this machine, refused.
pub(crate) fn of_fault(name: &KeyName, uri: Option<&KeyUri>, fault: &CustodyFault, time: Duration) -> Finding {
    let again = format!("greatseal custody doctor {name}");
    let (kind, severity) = kind(fault);
    let place = uri.map_or_else(String::new, KeyUri::to_string);
    let what = if *fault == CustodyFault::Deadline {
        format!("{place} did not answer within {} s", seconds(time))
    } else {
        fault.to_string()
    };
    let next = match kind {
        Kind::Hangs => format!("see whether it is stopped or overloaded, then: {again} --timeout 30"),
        Kind::Unreachable => format!("start it, or see that this machine reaches it, then: {again}"),
        Kind::PlaceSealed => format!("have its keepers unseal it (`bao operator unseal`), then: {again}"),
        Kind::Denied => format!("give greatseal a token or role that may sign with this key, then: {again}"),
        Kind::Gone => match uri {
            Some(KeyUri::File(_)) => "bring it back from a backup: greatseal backup restore --help".into(),
            _ => format!("see whether it was removed or renamed there, then: {again}"),
        },
        Kind::Pin | Kind::Signature => {
            format!("sign nothing with it, and find out who put the other key there: greatseal key show {name}")
        }
        Kind::Permissions => format!(
            "`chmod 700` the folder and `chmod 600` the files in it, ask yourself who may have read them, then: {again}"
        ),
        Kind::Locked => format!("give what unlocks this key alone: {again} --passphrase-file FILE, or --identity FILE"),
        Kind::Setup => format!("greatseal explain {}", fault.code()),
        Kind::VersionRetired => format!("let the pinned version sign again there, then: {again}"),
        Kind::Malformed
        | Kind::VersionRotated
        | Kind::Rights
        | Kind::Extractable
        | Kind::AuditOff
        | Kind::MessageSize
        | Kind::SealedRevocation
        | Kind::Expires => format!("greatseal explain {}", fault.code()),
    };
    Finding { kind, severity, key: name.to_string(), what, code: Some(fault.code()), next }
}

fn kind(fault: &CustodyFault) -> (Kind, Severity) {
    let kind = match fault {
        CustodyFault::Deadline | CustodyFault::Busy { .. } => Kind::Hangs,
        CustodyFault::Unreachable { .. } => Kind::Unreachable,
        CustodyFault::Sealed { .. } => Kind::PlaceSealed,
        CustodyFault::Denied { .. } => Kind::Denied,
        CustodyFault::Missing { .. }
        | CustodyFault::Gone { .. }
        | CustodyFault::Offline { .. }
        | CustodyFault::NoSuchKey { .. } => Kind::Gone,
        CustodyFault::Pin { .. } | CustodyFault::Signer { .. } => Kind::Pin,
        CustodyFault::Result(_) | CustodyFault::Memory => Kind::Signature,
        CustodyFault::Version { .. } => Kind::VersionRetired,
        CustodyFault::Permissions { .. } | CustodyFault::Owner { .. } => Kind::Permissions,
        // The passphrase that was given is another key's, perhaps: the key may be as it should be.
        CustodyFault::Locked { .. } | CustodyFault::NotAddressed { .. } | CustodyFault::Passphrase(_) => {
            return (Kind::Locked, Severity::Warning);
        }
        CustodyFault::DeviceLocked { .. } => Kind::Locked,
        CustodyFault::Unsupported { .. } | CustodyFault::Setup { .. } => Kind::Setup,
        CustodyFault::TooLarge { .. } => Kind::MessageSize,
        CustodyFault::Kind
        | CustodyFault::Answer { .. }
        | CustodyFault::Exists { .. }
        | CustodyFault::SameKey { .. }
        | CustodyFault::Orphan { .. }
        | CustodyFault::Malformed { .. }
        | CustodyFault::NoSeed { .. }
        | CustodyFault::Work { .. }
        | CustodyFault::Table { .. }
        | CustodyFault::FileTooLarge { .. }
        | CustodyFault::Seed(_)
        | CustodyFault::Name { .. }
        | CustodyFault::Uri { .. }
        | CustodyFault::Recipient { .. }
        | CustodyFault::Foreign { .. }
        | CustodyFault::WorkFactor { .. }
        | CustodyFault::Randomness { .. }
        | CustodyFault::Io { .. } => Kind::Malformed,
    };
    (kind, Severity::Error)
}

/// Writes a time in seconds, without a fraction where there is none.
pub(crate) fn seconds(time: Duration) -> String {
    let text = format!("{:.1}", time.as_secs_f64());
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
