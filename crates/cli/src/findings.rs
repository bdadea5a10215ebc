//! What somebody should look at, in the realm and around it.
//!
//! Each part of a realm's care has one function that returns findings; [`look`] asks them all.

use greatseal_core::Timestamp;
use greatseal_core::time::Validity;
use serde::Serialize;

use crate::clock::{self, DAY};
use crate::files;
use crate::lapses;
use crate::missing::{self, Private};
use crate::problem::Problem;
use crate::realm::Realm;
use crate::text;

/// One thing to look at.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    /// Which rule found it: stable, for programs.
    pub(crate) kind: Kind,
    /// What it is about, and what is the matter.
    pub(crate) what: String,
    /// When it is too late, if there is such a moment.
    #[serde(serialize_with = "seconds")]
    pub(crate) when: Option<Timestamp>,
    /// Of the realm's warnings, the shortest that it has come to.
    pub(crate) within_days: Option<u32>,
    /// What to do or to type next.
    pub(crate) next: String,
}

/// Which rule found something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// A token no longer speaks.
    Expired,
    /// A change was interrupted, and the next one completes it.
    Interrupted,
    /// A token will soon not speak any more.
    Expires,
    /// The realm has no operator.
    NoOperator,
    /// The operator's token is due to be made anew.
    Reissue,
    /// The next identity is missing, or not kept apart.
    NextIdentity,
    /// The operator's token lacks endorsements: verifiers do not follow.
    Endorsements,
    /// Verifiers refuse an account.
    Silent,
    /// A listed key did not countersign its listing.
    Countersignatures,
    /// A key has no sealed revocation.
    Sealed,
    /// A delegation ends within the last fifth of its life, or what it rests on does.
    Lapses,
    /// Delegations that follow each other leave a time without any.
    Gap,
    /// A service has no running key.
    RunningKey,
    /// The root's separation is not kept.
    Separation,
    /// A delegation rests on nothing that holds, or its signature is not good.
    Unheld,
    /// A delegation that was revoked lies among the others.
    Revoked,
    /// A request waits for a signature, or its answer for being taken in.
    Waits,
}

impl Kind {
    /// Returns the word that programs see, too.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Interrupted => "interrupted",
            Self::Expires => "expires",
            Self::NoOperator => "no-operator",
            Self::Reissue => "reissue",
            Self::NextIdentity => "next-identity",
            Self::Endorsements => "endorsements",
            Self::Silent => "silent",
            Self::Countersignatures => "countersignatures",
            Self::Sealed => "sealed",
            Self::Lapses => "lapses",
            Self::Gap => "gap",
            Self::RunningKey => "running-key",
            Self::Separation => "separation",
            Self::Unheld => "unheld",
            Self::Revoked => "revoked",
            Self::Waits => "waits",
        }
    }
}

// The signature is serde's.
#[expect(clippy::ref_option, reason = "serde hands the field by reference")]
fn seconds<S: serde::Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
    at.map(|at| at.as_secs()).serialize(to)
}

/// Looks at everything; what is most urgent comes first.
///
/// # Errors
/// When the realm cannot be read.
pub(crate) fn look(realm: &Realm, private: &Private, now: Timestamp) -> Result<Vec<Finding>, Problem> {
    let mut findings = interrupted(realm);
    findings.extend(speaking(realm, now)?);
    findings.extend(missing::look(realm, private, now)?);
    findings.extend(lapses::look(realm, now)?);
    findings.extend(waiting(realm)?);
    findings.sort_by_key(|finding| (finding.when.map_or(u64::MAX, |at| at.as_secs()), finding.kind));
    Ok(findings)
}

fn interrupted(realm: &Realm) -> Vec<Finding> {
    let finding = || Finding {
        kind: Kind::Interrupted,
        what: "a command was interrupted while it changed the realm".into(),
        when: None,
        within_days: None,
        next: "the next command that changes the realm completes it".into(),
    };
    realm.is_interrupted().then(finding).into_iter().collect()
}

/// Finds tokens that do not speak any more, or will soon not.
fn speaking(realm: &Realm, now: Timestamp) -> Result<Vec<Finding>, Problem> {
    let current = realm.tokens()?;
    let mut findings = Vec::new();
    match &current.operator {
        Some((_, token)) => {
            let validity = token.content().terms.validity;
            findings.extend(expiry(realm, "the operator", validity, now, "greatseal operator reissue"));
        }
        // A realm may be one of services alone.
        None if realm.file().root.is_some() => {}
        None => findings.push(Finding {
            kind: Kind::NoOperator,
            what: "this realm has no operator yet".into(),
            when: None,
            within_days: None,
            next: "greatseal operator create".into(),
        }),
    }
    for (name, _, token) in &current.accounts {
        let next = format!("greatseal account reissue {name}");
        findings.extend(expiry(realm, &format!("the account {name}"), token.content().terms.validity, now, &next));
    }
    Ok(findings)
}

fn expiry(realm: &Realm, what: &str, validity: Validity, now: Timestamp, next: &str) -> Option<Finding> {
    let expires = validity.expires?;
    let finding = |kind, within_days, what| Finding { kind, what, when: Some(expires), within_days, next: next.into() };
    let Some(left) = expires.as_secs().checked_sub(now.as_secs()).filter(|left| *left > 0) else {
        let what = format!("{what} expired on {}", clock::day(expires));
        return Some(finding(Kind::Expired, None, what));
    };
    let warnings = &realm.file().warnings.days;
    let within = warnings.iter().copied().filter(|days| left <= u64::from(*days) * DAY).min()?;
    Some(finding(Kind::Expires, Some(within), format!("{what} speaks {} more days", left / DAY)))
}

/// Finds what waits in `requests/`.
fn waiting(realm: &Realm) -> Result<Vec<Finding>, Problem> {
    let folder = realm.folder().join("requests");
    // Version control may have dropped a folder without files.
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let finding = |path: std::path::PathBuf| Finding {
        kind: Kind::Waits,
        what: format!("{} waits", text::path(path.strip_prefix(realm.folder()).unwrap_or(&path))),
        when: None,
        within_days: None,
        next: "greatseal request list".into(),
    };
    Ok(files::list(&folder)?.into_iter().map(finding).collect())
}
