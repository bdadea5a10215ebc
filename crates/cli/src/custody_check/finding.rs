//! What the doctor finds, and what it only remarks.

use greatseal_core::Code;
use serde::Serialize;

/// One thing to do something about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// Which rule found it: stable, for programs.
    pub(crate) kind: Kind,
    /// How much depends on it.
    pub(crate) severity: Severity,
    /// The key that it is about, by its name.
    pub(crate) key: String,
    /// What is the matter.
    pub(crate) what: String,
    /// The code of the fault behind it, where a place answered with one.
    #[serde(serialize_with = "text")]
    pub(crate) code: Option<Code>,
    /// What to do, ending with what to type.
    pub(crate) next: String,
}

#[expect(clippy::ref_option, reason = "serde hands the field by reference")]
fn text<S: serde::Serializer>(code: &Option<Code>, to: S) -> Result<S::Ok, S::Error> {
    code.map(Code::text).serialize(to)
}

/// How much depends on a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Severity {
    /// The key does not sign now, or is not the one it should be.
    Error,
    /// It signs, and something will go wrong, or could.
    Warning,
}

impl Severity {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// Which rule found something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// Another key than the pinned one is there.
    Pin,
    /// What came back is not the pinned key's signature over what was asked for.
    Signature,
    /// The place did not answer in time.
    Hangs,
    /// The place cannot be reached.
    Unreachable,
    /// The place is sealed until its keepers open it.
    PlaceSealed,
    /// The place does not let us.
    Denied,
    /// The key, or its file, is not there.
    Gone,
    /// Others can get at the folder, the file or the socket.
    Permissions,
    /// What was given does not unlock it.
    Locked,
    /// Something on this machine is missing, or this build cannot reach the place.
    Setup,
    /// An answer or a file that cannot be understood.
    Malformed,
    /// The version that is pinned signs no more.
    VersionRetired,
    /// There is a newer version than the pinned one.
    VersionRotated,
    /// Our access allows more than to sign.
    Rights,
    /// The private half can leave its place.
    Extractable,
    /// Uses are not recorded where they could be.
    AuditOff,
    /// What is signed comes near what the place signs at most, or goes beyond it.
    MessageSize,
    /// The key has no sealed revocation.
    SealedRevocation,
    /// What names the key, or what it signed, ends soon or has ended.
    Expires,
}

impl Kind {
    /// Returns the word that programs see, too.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::Signature => "signature",
            Self::Hangs => "hangs",
            Self::Unreachable => "unreachable",
            Self::PlaceSealed => "place-sealed",
            Self::Denied => "denied",
            Self::Gone => "gone",
            Self::Permissions => "permissions",
            Self::Locked => "locked",
            Self::Setup => "setup",
            Self::Malformed => "malformed",
            Self::VersionRetired => "version-retired",
            Self::VersionRotated => "version-rotated",
            Self::Rights => "rights",
            Self::Extractable => "extractable",
            Self::AuditOff => "audit-off",
            Self::MessageSize => "message-size",
            Self::SealedRevocation => "sealed-revocation",
            Self::Expires => "expires",
        }
    }
}
