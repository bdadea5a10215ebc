//! From what a place answered to what somebody should do.

use std::time::Duration;

use greatseal_core::key::Spelled;
use greatseal_core::limits::CUSTODY_MESSAGE_PERCENT;
use greatseal_custody::{
    Audit, CustodyFault, Description, Examination, Extractable, KeyName, KeyUri, Origin, Rights, Versions,
};

use super::ask::{Answer, is_unasked};
use super::faults::of_fault;
use super::finding::{Finding, Kind, Severity};
use super::issued::Issued;
use super::lanes::Outcome;

/// A key that is looked at.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) name: KeyName,
    pub(crate) public: Spelled,
    /// Where custody here has it; nowhere, if absent.
    pub(crate) uri: Option<KeyUri>,
    pub(crate) issued: Issued,
    pub(crate) sealed: Sealing,
}

/// How it stands with a key's own revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sealing {
    /// It is kept, here or on another medium.
    Kept,
    /// There is none.
    Missing,
    /// What is kept under the key's name revokes another.
    AnotherKey,
    /// The key needs none: what it signs are UCANs, which are revoked one by one.
    NotNeeded,
}

impl Sealing {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Missing => "missing",
            Self::AnotherKey => "another-key",
            Self::NotNeeded => "not-needed",
        }
    }
}

/// How a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It signed the probe.
    Signs,
    /// It did not.
    Fails,
    /// Its place did not answer in time.
    Hangs,
    /// Nobody unlocked it, so nothing is known.
    NotUnlocked,
    /// It is not on this machine, and is not meant to be.
    Elsewhere,
}

impl State {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Signs => "signs",
            Self::Fails => "fails",
            Self::Hangs => "hangs",
            Self::NotUnlocked => "not-unlocked",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// A key that was looked at.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) subject: Subject,
    pub(crate) state: State,
    pub(crate) answered: Option<Duration>,
    pub(crate) description: Option<Description>,
    pub(crate) claims: Option<Examination>,
    pub(crate) findings: Vec<Finding>,
    /// What is worth saying and asks for nothing.
    pub(crate) remarks: Vec<String>,
}

impl Checked {
    fn new(subject: Subject) -> Self {
        Self {
            subject,
            state: State::Elsewhere,
            answered: None,
            description: None,
            claims: None,
            findings: Vec::new(),
            remarks: Vec::new(),
        }
    }

    fn find(&mut self, kind: Kind, severity: Severity, what: impl Into<String>, next: impl Into<String>) {
        let key = self.subject.name.to_string();
        self.findings.push(Finding { kind, severity, key, what: what.into(), code: None, next: next.into() });
    }

    fn blame(&mut self, fault: &CustodyFault, time: Duration) {
        let finding = of_fault(&self.subject.name, self.subject.uri.as_ref(), fault, time);
        // One cause, however often it was met.
        if !self.findings.iter().any(|known| known.kind == finding.kind) {
            self.findings.push(finding);
        }
    }
}

/// Judges a key that is not on this machine.
pub(crate) fn elsewhere(subject: Subject) -> Checked {
    let mut checked = Checked::new(subject);
    checked.remarks.push(match checked.subject.uri {
        Some(_) => "kept offline: what it is to sign is carried there".into(),
        None => "custody here does not know it".into(),
    });
    expiry(&mut checked);
    checked
}

/// Judges a key that custody here pins differently from the realm.
pub(crate) fn differs(subject: Subject, pinned: Spelled) -> Checked {
    let mut checked = Checked::new(subject);
    checked.state = State::Fails;
    let (name, named) = (checked.subject.name.clone(), checked.subject.public);
    checked.find(
        Kind::Pin,
        Severity::Error,
        format!("the realm names {named}, and custody here pins {pinned} under that name"),
        format!("find out which of the two is yours before anything is signed: greatseal key show {name}"),
    );
    checked
}

/// Judges what a place answered within `time` for each call.
pub(crate) fn judge(subject: Subject, outcome: Outcome, time: Duration) -> Checked {
    let mut checked = Checked::new(subject);
    match outcome {
        Outcome::LeftBehind => {
            checked.state = State::Hangs;
            checked.blame(&CustodyFault::Deadline, time);
        }
        Outcome::Refused(fault) => refused(&mut checked, &fault, time),
        Outcome::Answered(answer) => answered(&mut checked, *answer, time),
    }
    sealing(&mut checked);
    expiry(&mut checked);
    checked.findings.sort_by_key(|finding| (finding.severity, finding.kind));
    checked
}

fn refused(checked: &mut Checked, fault: &CustodyFault, time: Duration) {
    // A file that is encrypted to recipients, and nobody named an identity.
    let unnamed = matches!(fault, CustodyFault::Setup { .. }) && matches!(checked.subject.uri, Some(KeyUri::File(_)));
    checked.state = if *fault == CustodyFault::Deadline {
        State::Hangs
    } else if is_unasked(fault) || unnamed {
        State::NotUnlocked
    } else {
        State::Fails
    };
    if checked.state == State::NotUnlocked {
        let how = if is_unasked(fault) { "--passphrase-file" } else { "--identity" };
        checked.remarks.push(format!("not unlocked (give {how}), so nothing of it was tried"));
    } else {
        checked.blame(fault, time);
    }
}

fn answered(checked: &mut Checked, answer: Answer, time: Duration) {
    let Answer { description, signed, examination } = answer;
    match signed {
        Ok(took) => {
            checked.state = State::Signs;
            checked.answered = Some(took);
        }
        Err(fault) => refused(checked, &fault, time),
    }
    size(checked, &description);
    match examination {
        Ok(claims) => {
            self::claims(checked, &claims);
            checked.claims = Some(claims);
        }
        // Told already, where it did not even sign.
        Err(fault) if checked.state == State::Signs => {
            checked.remarks.push(format!("its place does not say what it claims: {fault} [{}]", fault.code()));
        }
        Err(_) => {}
    }
    checked.description = Some(description);
}

/// Judges what the place says of the key, which proves nothing and can give it away.
fn claims(checked: &mut Checked, claims: &Examination) {
    let pinned = checked.subject.public;
    let is_file = matches!(checked.subject.uri, Some(KeyUri::File(_)));
    if claims.public_key != pinned.public_key() && !checked.findings.iter().any(|it| it.kind == Kind::Pin) {
        let name = checked.subject.name.clone();
        checked.find(
            Kind::Pin,
            Severity::Error,
            format!("{pinned} is pinned, and its place says that it holds {}", claims.public_key),
            format!("sign nothing with it, and find out who put it there: greatseal key show {name}"),
        );
    }
    match claims.extractable {
        Extractable::Yes if is_file => {
            checked.remarks.push("in a file: whoever has the file and its passphrase has the key".into());
        }
        Extractable::Yes => checked.find(
            Kind::Extractable,
            Severity::Warning,
            "its place says that the private half can leave it",
            "make a key there that cannot, and let it take over: greatseal key move --help",
        ),
        Extractable::Configurable => {
            checked.remarks.push("whoever may configure its place can make it exportable, for good".into());
        }
        Extractable::Never | Extractable::Unknown => {}
    }
    if claims.origin == Origin::Imported {
        checked.remarks.push("brought in from outside: there may be copies".into());
    }
    rights(checked, &claims.rights, is_file);
    if let Some(versions) = claims.version {
        version(checked, versions);
    }
    audit(checked, claims.audit);
}

fn rights(checked: &mut Checked, rights: &Rights, is_file: bool) {
    match rights {
        Rights::Beyond(more) if more.is_empty() => {}
        Rights::Beyond(more) => {
            let page = match checked.subject.uri {
                Some(KeyUri::AwsKms(_)) => "docs/custody/awskms.md",
                Some(KeyUri::Pkcs11(_)) => "docs/custody/pkcs11.md",
                _ => "docs/custody/openbao.md",
            };
            let name = checked.subject.name.clone();
            checked.find(
                Kind::Rights,
                Severity::Warning,
                format!("our access allows more than to sign: {}", more.join(", ")),
                format!(
                    "give greatseal the least privilege of {page}, and look again: greatseal custody doctor {name}"
                ),
            );
        }
        Rights::Everything if is_file => {}
        Rights::Everything => {
            checked.remarks.push("whoever reaches its place may use every key in it".into());
        }
        Rights::Unknown => checked.remarks.push("its place does not say what our access allows".into()),
    }
}

fn version(checked: &mut Checked, Versions { pinned, latest, least }: Versions) {
    let name = checked.subject.name.clone();
    if pinned < least {
        // Told already, where that is why it did not sign.
        if checked.findings.iter().any(|it| it.kind == Kind::VersionRetired) {
            return;
        }
        checked.find(
            Kind::VersionRetired,
            Severity::Error,
            format!("version {pinned} is pinned, and its place signs with no version before {least}"),
            format!("let version {pinned} sign again there, then look again: greatseal custody doctor {name}"),
        );
    } else if latest > pinned {
        checked.find(
            Kind::VersionRotated,
            Severity::Warning,
            format!("version {pinned} is pinned, and somebody made version {latest}"),
            format!(
                "find out who may rotate it; if it was you, pin the new version under a name of its own and let it \
                 take over: greatseal key move {0} NEW",
                crate::realm::own(&name)
            ),
        );
    }
}

fn audit(checked: &mut Checked, audit: Audit) {
    match (audit, &checked.subject.uri) {
        (Audit::On, _) => {}
        (Audit::Off, Some(KeyUri::Vault(_) | KeyUri::AwsKms(_))) => checked.find(
            Kind::AuditOff,
            Severity::Warning,
            "its place could record every use of the key, and does not",
            "turn its audit on (docs/custody/openbao.md), and look again: greatseal custody doctor",
        ),
        (Audit::Off, _) => checked.remarks.push("nothing records its uses".into()),
        (Audit::Unknown, _) => checked.remarks.push("its place does not say whether it records uses".into()),
    }
}

/// Compares the largest statement that was ever signed with the largest that can be.
fn size(checked: &mut Checked, description: &Description) {
    let Some((bytes, file)) = checked.subject.issued.largest.clone() else { return };
    let limit = description.largest_message;
    let percent = bytes.saturating_mul(100) / limit.max(1);
    if percent <= CUSTODY_MESSAGE_PERCENT {
        return;
    }
    let severity = if bytes > limit { Severity::Error } else { Severity::Warning };
    checked.find(
        Kind::MessageSize,
        severity,
        format!("it signed {bytes} bytes ({file}), {percent} % of the {limit} that its place signs at most"),
        "split what it signs (fewer signing keys or tags in one token), or move its job to a place that takes more: \
         greatseal key move --help",
    );
}

fn sealing(checked: &mut Checked) {
    let own = crate::realm::own(&checked.subject.name).to_owned();
    let next = format!("greatseal key sealed make {own} --out FILE");
    match checked.subject.sealed {
        Sealing::Kept | Sealing::NotNeeded => {}
        Sealing::Missing => checked.find(
            Kind::SealedRevocation,
            Severity::Warning,
            "it has no sealed revocation: a theft of it could not be answered at once",
            next,
        ),
        Sealing::AnotherKey => checked.find(
            Kind::SealedRevocation,
            Severity::Warning,
            "the sealed revocation that is kept under its name does not revoke it",
            format!("move that file away, and make its own: {next}"),
        ),
    }
}

fn expiry(checked: &mut Checked) {
    for ending in core::mem::take(&mut checked.subject.issued.ending) {
        checked.find(Kind::Expires, Severity::Warning, ending.what, ending.next);
    }
}
