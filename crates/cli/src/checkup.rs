//! Everything that can be said about one file without trusting anybody, for `explain`.
//!
//! Nobody authorises from this: it lists what is in order beside what is not.

use data_encoding::HEXUPPER;
use greatseal_core::deed::{Act, Target};
use greatseal_core::error::{ChainFault, DecodeFault, Fault, ModuleFault};
use greatseal_core::key::Role;
use greatseal_core::signature;
use greatseal_core::statement::Grant;
use greatseal_core::{Decoded, Policy, Statement, Timestamp, View};
use greatseal_token::deed;
use greatseal_token::ucan::{self, Ucan};
use greatseal_token::wascap::archive::ArchiveFile;
use greatseal_token::wascap::module::ModuleFile;
use greatseal_token::wascap::{self, Claims, Entity};
use serde::Serialize;

use crate::files::Opened;
use crate::input::Kind;
use crate::text;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub(crate) struct Check {
    /// What was looked at.
    pub(crate) what: &'static str,
    /// The code of what is wrong; none when it is in order.
    pub(crate) code: Option<&'static str>,
    /// What is wrong, or what was found.
    pub(crate) finding: String,
    #[serde(skip)]
    advice: &'static str,
}

impl Check {
    fn good(what: &'static str, finding: impl Into<String>) -> Self {
        Self { what, code: None, finding: finding.into(), advice: "" }
    }

    fn bad(what: &'static str, fault: &Fault) -> Self {
        let code = fault.code();
        Self { what, code: Some(code.text()), finding: text::sentence(fault), advice: code.advice() }
    }

    /// Tells it to a person.
    pub(crate) fn people(&self) -> String {
        match self.code {
            None => format!("  ok   {}: {}\n", self.what, self.finding),
            Some(code) => format!("  BAD  {}: {} [{code}]\n       {}\n", self.what, self.finding, self.advice),
        }
    }
}

/// Looks at everything.
pub(crate) fn look(kind: Kind, now: Timestamp) -> Vec<Check> {
    let mut checks = Vec::new();
    match kind {
        Kind::Neither(fault) => checks.push(Check::bad("file", &fault)),
        Kind::Token(token) => {
            look_at_token(&token, now, &mut checks);
        }
        Kind::Ucans(ucans) => ucans.tokens.iter().for_each(|token| look_at_ucan(token, now, &mut checks)),
        Kind::Deed(deed) => look_at_deed(&deed, now, &mut checks),
        Kind::Module(bytes) => look_at_module(&bytes, now, &mut checks),
        Kind::Archive(archive) => look_at_archive(archive, now, &mut checks),
    }
    checks
}

fn look_at_ucan(received: &[u8], now: Timestamp, checks: &mut Vec<Check>) {
    let decoded = match ucan::decode(received) {
        Ok(decoded) => decoded,
        Err(fault) => return checks.push(Check::bad("UCAN", &fault.into())),
    };
    let content = decoded.content();
    let (issuer, audience, command) = (content.issuer(), content.audience(), content.command());
    let says = match content {
        Ucan::Delegation(_) => format!("{} lets {} use {command}", issuer.short(), audience.short()),
        Ucan::Invocation(_) => format!("{} invokes {command}, to {}", issuer.short(), audience.short()),
    };
    checks.push(Check::good("UCAN", says));
    checks.push(signature(&decoded, issuer));
    checks.push(match View::new(Policy::Strict, Vec::new(), now).standing(content).fault() {
        None => Check::good(
            "time",
            content
                .expires()
                .map_or("never expires".into(), |last| format!("speaks until {}", crate::clock::show(last))),
        ),
        Some(fault) => Check::bad("time", &fault.into()),
    });
}

fn look_at_deed(received: &[u8], now: Timestamp, checks: &mut Vec<Check>) {
    let decoded = match deed::decode(received) {
        Ok(decoded) => decoded,
        Err(fault) => return checks.push(Check::bad("deed", &fault.into())),
    };
    let deed = decoded.content();
    let says = match &deed.act {
        Act::Endorse(of) => format!("an endorsement of the operator token {of}"),
        Act::Countersign(of) => format!("a countersignature on the token {of}"),
        Act::Revoke(revocation) => match &revocation.target {
            Target::Statement(id) => format!("a revocation of the statement {id}"),
            Target::Edge { issuer, subject } => format!("a revocation of what {issuer} said about {subject}"),
            Target::Key(key) => format!("a revocation of everything that {key} signed"),
        },
    };
    checks.push(Check::good("deed", format!("{says}; it counts only if its signer has a say there")));
    checks.push(signature(&decoded, deed.signer));
    checks.push(match View::new(Policy::Strict, Vec::new(), now).standing(deed).fault() {
        None => Check::good("time", "made before now; deeds do not expire"),
        Some(fault) => Check::bad("time", &fault.into()),
    });
}

fn signature<T: Statement>(decoded: &Decoded<T>, by: impl core::fmt::Display) -> Check {
    match signature::verify(&decoded.content().signer(), decoded.signed(), decoded.signature()) {
        Ok(()) => Check::good("signature", format!("good, by {by}")),
        Err(fault) => Check::bad("signature", &fault.into()),
    }
}

fn look_at_module(bytes: &[u8], now: Timestamp, checks: &mut Vec<Check>) {
    let file = match ModuleFile::read(bytes) {
        Ok(file) => file,
        Err(fault) => return checks.push(Check::bad("file", &fault.into())),
    };
    checks.push(Check::good("file", format!("a well-formed {} of {} bytes", file.kind().word(), file.len())));
    let Some(token) = file.token() else {
        return checks.push(Check::bad("token section", &ModuleFault::Unsigned.into()));
    };
    checks.push(Check::good("token section", "one, at the top level, with minimal lengths"));
    let Some(claims) = look_at_token(token, now, checks) else { return };
    let found = HEXUPPER.encode(&file.hash());
    match &claims.entity {
        Entity::Module(module) if module.hash == found => checks.push(Check::good("module hash", found)),
        Entity::Module(module) => {
            let expected = module.hash.chars().take(found.len()).collect();
            checks.push(Check::bad("module hash", &ModuleFault::Hash { expected, found }.into()));
        }
        Entity::Operator(_)
        | Entity::Account(_)
        | Entity::Cluster(_)
        | Entity::Provider(_)
        | Entity::Host(_)
        | Entity::Invocation(_)
        | Entity::Untyped { .. } => {
            let problem = "has to vouch for a module";
            let fault = DecodeFault::Entity { subject: claims.entity.word(), field: "hash", problem };
            checks.push(Check::bad("module hash", &fault.into()));
        }
    }
}

fn look_at_archive(archive: Opened, now: Timestamp, checks: &mut Vec<Check>) {
    let file = match ArchiveFile::open(archive) {
        Ok(file) => file,
        Err(fault) => return checks.push(Check::bad("file", &fault.into())),
    };
    checks.push(Check::good("first entry", "claims.jwt"));
    let claims = look_at_token(file.token(), now, checks);
    let contents = match file.contents() {
        Ok(contents) => contents,
        Err(fault) => return checks.push(Check::bad("file", &fault.into())),
    };
    let found = format!("a well-formed provider archive of {} bytes, unpacked", contents.bytes);
    checks.push(Check::good("file", found));
    let Some(claims) = claims else { return };
    checks.push(match &claims.entity {
        Entity::Provider(provider) => match contents.check(&provider.target_hashes) {
            Ok(()) => Check::good("file hashes", format!("all {} files", contents.files.len())),
            Err(fault) => Check::bad("file hashes", &fault.into()),
        },
        Entity::Operator(_)
        | Entity::Account(_)
        | Entity::Cluster(_)
        | Entity::Module(_)
        | Entity::Host(_)
        | Entity::Invocation(_)
        | Entity::Untyped { .. } => {
            let problem = "has to vouch for a provider";
            let fault = DecodeFault::Entity { subject: claims.entity.word(), field: "target_hashes", problem };
            Check::bad("file hashes", &fault.into())
        }
    });
}

fn look_at_token(token: &[u8], now: Timestamp, checks: &mut Vec<Check>) -> Option<Claims> {
    let decoded = match wascap::decode(token) {
        Ok(decoded) => decoded,
        Err(fault) => {
            checks.push(Check::bad("token", &fault.into()));
            return None;
        }
    };
    let claims = decoded.content();
    checks.push(Check::good("token", format!("strict claims of kind {}", claims.entity.word())));
    checks.push(signature(&decoded, claims.issuer));
    let view = View::new(Policy::Strict, Vec::new(), now);
    checks.push(match view.standing(claims).fault() {
        None => Check::good("time", "it speaks now"),
        Some(fault) => Check::bad("time", &fault.into()),
    });
    if let Entity::Operator(_) = &claims.entity {
        checks.push(Check::good("succession", succession(claims)));
    }
    for fault in alone(claims) {
        checks.push(Check::bad("authority", &fault.into()));
    }
    Some(claims.clone())
}

/// Says who may decide about the token after this one.
fn succession(claims: &Claims) -> String {
    let Some(claim) = &claims.succession else {
        return "without the `greatseal` claim no token can follow this one: whoever pins it has to replace the pin"
            .into();
    };
    let terms = claim.terms();
    let signers = claims.entity.signers().len();
    let pair = if terms.pair && terms.next.is_some() { ", or by both identities" } else { "" };
    format!(
        "token {} of its line; the next needs endorsements by {} of {signers} signing keys{pair}; accounts: {}",
        terms.seq,
        terms.threshold,
        terms.accounts.word()
    )
}

/// Finds what no chain could mend.
fn alone(claims: &Claims) -> Vec<ChainFault> {
    let mut faults = Vec::new();
    match claims.grant() {
        Grant::Operator { issuer, subject, signers, succession: _ } => {
            let operator = subject.nkey();
            if issuer != operator {
                faults.push(ChainFault::NotSelfIssued { operator, issuer });
            }
            if signers.is_empty() {
                faults.push(ChainFault::NoSigners { operator });
            }
            if signers.iter().any(|signer| signer.raw() == subject.raw()) {
                faults.push(ChainFault::ListsIdentity { operator });
            }
        }
        Grant::Account { issuer, subject, .. } if issuer.role() != Role::Operator => {
            faults.push(ChainFault::AccountIssuerRole { account: subject.nkey(), issuer });
        }
        Grant::Account { .. } => {}
        Grant::Code { issuer, subject, revision: _ } if issuer.raw() == subject.raw() => {
            faults.push(ChainFault::SelfIssued { subject });
        }
        Grant::Code { issuer, subject, revision: _ } if issuer.role() != Role::Account => {
            faults.push(ChainFault::CodeIssuer { subject, issuer, problem: "no account key" });
        }
        Grant::Code { .. } => {}
        Grant::Delegation(_) | Grant::Invocation(_) => {}
        Grant::Nothing { what } => faults.push(ChainFault::NoRule { what }),
    }
    faults
}
