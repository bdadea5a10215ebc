//! What is missing in a realm that could live through a theft: seconds, succession, and apartness.

use core::num::NonZeroUsize;

use greatseal_core::decide::Candidate;
use greatseal_core::deed::{Act, Deed};
use greatseal_core::key::{Key, Nkey, RawKey};
use greatseal_core::succession::{AccountRule, Succession, Terms};
use greatseal_core::{Decision, Decoded, Fault, StatementId, Timestamp, View};
use greatseal_custody::Keystore;
use greatseal_token::wascap::{Claims, Entity, Verifier};

use crate::clock::DAY;
use crate::desk::Desk;
use crate::findings::{Finding, Kind};
use crate::problem::Problem;
use crate::realm::{Current, Realm};
use crate::sealed::SealedStore;

/// Days after which the operator's token is made anew, so that no verifier's copy runs out (rule 7).
const REISSUE_DAYS: u64 = 90;

/// The private half of a realm's care, as far as it is on this machine.
#[derive(Debug)]
pub(crate) struct Private {
    pub(crate) keys: Keystore,
    pub(crate) sealed: SealedStore,
}

fn finding(kind: Kind, what: String, next: String) -> Finding {
    Finding { kind, what, when: None, within_days: None, next }
}

/// Looks for what is missing.
///
/// # Errors
/// When the realm or custody cannot be read.
pub(crate) fn look(realm: &Realm, private: &Private, now: Timestamp) -> Result<Vec<Finding>, Problem> {
    let current = realm.tokens()?;
    let mut findings = sealed(realm, private)?;
    let Some((_, operator)) = &current.operator else { return Ok(findings) };
    let deeds: Vec<Decoded<Deed>> = realm.deeds()?.into_iter().map(|(_, deed)| deed).collect();
    if let Some(terms) = operator.content().succession.as_ref().map(Succession::terms) {
        findings.extend(reissue(operator, now));
        findings.extend(next_identity(realm, private, terms)?);
        findings.extend(endorsements(realm, operator, terms, &deeds)?);
        if terms.accounts == AccountRule::Countersigned {
            findings.extend(countersignatures(realm, &current, &deeds));
        }
    }
    findings.extend(silent(realm, &current, operator, now)?);
    Ok(findings)
}

/// Finds accounts that verifiers refuse, for another reason than their age.
fn silent(
    realm: &Realm,
    current: &Current,
    operator: &Decoded<Claims>,
    now: Timestamp,
) -> Result<Vec<Finding>, Problem> {
    let Some(anchor) = Desk::anchor(operator) else { return Ok(Vec::new()) };
    let view = View::new(realm.file().policy, vec![anchor], now);
    let mut verifier = Verifier::new(NonZeroUsize::MIN);
    let mut findings = Vec::new();
    for (name, _, token) in &current.accounts {
        let target = vec![Candidate::Decoded(token.clone())];
        let Decision::Deny(deny) = verifier.judge(target, realm.supply()?, &view).into_decision() else { continue };
        let fault = &deny.closest().fault;
        if !matches!(fault, Fault::Time(_)) {
            let what = format!("verifiers refuse the account {name}: {fault} [{}]", fault.code());
            findings.push(finding(Kind::Silent, what, format!("greatseal account reissue {name}")));
        }
    }
    Ok(findings)
}

/// Reminds of the regular reissue.
fn reissue(operator: &Decoded<Claims>, now: Timestamp) -> Option<Finding> {
    let age = now.as_secs().saturating_sub(operator.content().terms.issued_at.as_secs()) / DAY;
    (age >= REISSUE_DAYS).then(|| {
        let what = format!("the operator's token is {age} days old");
        finding(Kind::Reissue, what, "greatseal operator reissue".into())
    })
}

/// Looks after the key that replaces a lost or stolen identity.
fn next_identity(realm: &Realm, private: &Private, terms: &Terms) -> Result<Option<Finding>, Problem> {
    let Some(next) = terms.next else {
        let what = "the operator's token names no next identity: a lost identity could not be replaced".into();
        return Ok(Some(finding(Kind::NextIdentity, what, "greatseal operator reissue".into())));
    };
    let Some((name, key)) =
        realm.file().keys.iter().find(|(_, key)| key.nkey().is_some_and(|key| next.opens(key.raw())))
    else {
        let what = "this realm does not know the public half of its next identity".into();
        return Ok(Some(finding(Kind::NextIdentity, what, "greatseal key pin identity-2 KEY".into())));
    };
    let here = private.keys.at_hand(&key.public_key())?.is_some();
    Ok(here.then(|| {
        let what = format!("the next identity {name} is kept with the other keys, so one break-in takes both");
        finding(Kind::NextIdentity, what, "move its file to another medium, and pin it: greatseal key pin".into())
    }))
}

/// Checks that verifiers that stand at the token before are led to the current one.
fn endorsements(
    realm: &Realm,
    operator: &Decoded<Claims>,
    terms: &Terms,
    deeds: &[Decoded<Deed>],
) -> Result<Option<Finding>, Problem> {
    let Some(previous) = terms.prev else { return Ok(None) };
    let older = realm.superseded()?.into_iter().find(|token| token.id() == previous);
    let Some(older) = older else {
        let what = format!("history/ lacks the operator's token before this one ({previous})");
        return Ok(Some(finding(Kind::Endorsements, what, "take it from version control".into())));
    };
    let Some(needed) = older.content().succession.as_ref().map(Succession::terms) else { return Ok(None) };
    let hands = supporters(deeds, operator.id(), |act| matches!(act, Act::Endorse(_)));
    let signers = older.content().entity.signers();
    let quorum = signers.iter().filter(|key| hands.contains(key.raw())).count() as u64;
    let subject = |token: &Decoded<Claims>| token.content().entity.subject();
    let other = if subject(&older) == subject(operator) {
        hands.iter().any(|key| needed.next.is_some_and(|next| next.opens(key)))
    } else {
        subject(&older).is_some_and(|key| hands.contains(key.raw()))
    };
    if quorum >= needed.threshold || needed.pair && other {
        return Ok(None);
    }
    let what = format!("the operator's token has {quorum} endorsements, and {} are a quorum", needed.threshold);
    Ok(Some(finding(Kind::Endorsements, what, "greatseal operator reissue --endorse-with KEY".into())))
}

/// Finds listed keys that did not agree to their listing, and so issue nothing.
fn countersignatures(realm: &Realm, current: &Current, deeds: &[Decoded<Deed>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, _, token) in &current.accounts {
        let Entity::Account(listing) = &token.content().entity else { continue };
        let hands = supporters(deeds, token.id(), |act| matches!(act, Act::Countersign(_)));
        let silent: Vec<Nkey> =
            listing.signers.iter().flatten().map(Key::nkey).filter(|key| !hands.contains(key.raw())).collect();
        for key in silent {
            let what = format!("{} did not countersign the listing of {name}, so it issues nothing", realm.show(&key));
            findings.push(finding(Kind::Countersignatures, what, format!("greatseal account reissue {name}")));
        }
    }
    findings
}

/// Finds keys that are kept here and whose own revocation is nowhere.
fn sealed(realm: &Realm, private: &Private) -> Result<Vec<Finding>, Problem> {
    let mut findings = Vec::new();
    for (name, key) in &realm.file().keys {
        if private.keys.at_hand(&key.public_key())?.is_some() && !private.sealed.is_kept(name) {
            let what = format!("{name} has no sealed revocation: a theft of it could not be answered at once");
            let next = format!("greatseal key sealed make {} --out FILE", crate::realm::own(name));
            findings.push(finding(Kind::Sealed, what, next));
        }
    }
    Ok(findings)
}

/// Returns who supports a statement.
fn supporters(deeds: &[Decoded<Deed>], of: StatementId, is: impl Fn(&Act) -> bool) -> Vec<RawKey> {
    let about = |act: &Act| match act {
        Act::Endorse(id) | Act::Countersign(id) => *id == of,
        Act::Revoke(_) => false,
    };
    let supports = deeds.iter().map(Decoded::content).filter(|deed| is(&deed.act) && about(&deed.act));
    supports.filter_map(|deed| deed.signer.public_key().ed25519().copied()).collect()
}
