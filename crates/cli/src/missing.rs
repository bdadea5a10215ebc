//! What is missing in a realm that could live through a theft: seconds, succession, and apartness.

use core::num::NonZeroUsize;

use greatseal_core::decide::Candidate;
use greatseal_core::key::{Key, Nkey};
use greatseal_core::limits::REISSUE_DAYS;
use greatseal_core::succession::{AccountRule, Succession, SuccessionFault, Terms};
use greatseal_core::{Decision, Decoded, Fault, Timestamp, View};
use greatseal_custody::Keystore;
use greatseal_token::wascap::{Claims, Entity, Verifier};

use crate::clock::DAY;
use crate::desk::Desk;
use crate::findings::{Finding, Kind};
use crate::problem::Problem;
use crate::realm::{Current, Realm};
use crate::sealed::SealedStore;

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
    if let Some(terms) = operator.content().succession.as_ref().map(Succession::terms) {
        findings.extend(reissue(operator, now));
        findings.extend(next_identity(realm, private, terms)?);
        findings.extend(endorsements(realm, operator, terms, now)?);
        if terms.accounts == AccountRule::Countersigned {
            findings.extend(countersignatures(realm, &current, operator, now)?);
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
    now: Timestamp,
) -> Result<Option<Finding>, Problem> {
    let Some(previous) = terms.prev else { return Ok(None) };
    let older = realm.superseded()?.into_iter().find(|token| token.id() == previous);
    let Some(older) = older else {
        let what = format!("history/ lacks the operator's token before this one ({previous})");
        return Ok(Some(finding(Kind::Endorsements, what, "take it from version control".into())));
    };
    let Some(anchor) = Desk::anchor(&older).filter(|_| older.content().succession.is_some()) else { return Ok(None) };
    let view = View::new(realm.file().policy, vec![anchor], now);
    let target = vec![Candidate::Decoded(operator.clone())];
    let mut verifier = Verifier::new(NonZeroUsize::MIN);
    let Decision::Deny(deny) = verifier.judge(target, realm.supply()?, &view).into_decision() else { return Ok(None) };
    let fault = &deny.closest().fault;
    // Age is told elsewhere, and who stands at a token that expired long ago is led on by nobody.
    if matches!(fault, Fault::Time(_) | Fault::Succession(SuccessionFault::Stale { .. })) {
        return Ok(None);
    }
    let what =
        format!("verifiers that stand at the operator's token before this one refuse it: {fault} [{}]", fault.code());
    Ok(Some(finding(Kind::Endorsements, what, "greatseal operator reissue --endorse-with KEY".into())))
}

/// Finds listed keys that did not agree to their listing, and so issue nothing.
fn countersignatures(
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
        let Entity::Account(listing) = &token.content().entity else { continue };
        let hands = verifier
            .countersigners(Candidate::Decoded(token.clone()), realm.supply()?, &view)
            .map_err(|fault| Problem::new(fault.code(), fault.to_string()))?;
        let silent: Vec<Nkey> =
            listing.signers.iter().flatten().map(Key::nkey).filter(|key| !hands.contains(key.raw())).collect();
        for key in silent {
            let what = format!("{} did not countersign the listing of {name}, so it issues nothing", realm.show(&key));
            findings.push(finding(Kind::Countersignatures, what, format!("greatseal account reissue {name}")));
        }
    }
    Ok(findings)
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
