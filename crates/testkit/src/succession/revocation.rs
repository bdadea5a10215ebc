//! Revocation, rules 12 to 14: who may take back what, and what survives it.

use super::hearing::Hearing;
use super::{Account, Claim, Key, Module, Operator, Revocation, Role, Support, Target};

/// Says whether an endorsement lives under the predecessor whose keys are asked (rules 3 and 12).
pub(super) fn endorsement_lives(hearing: &Hearing<'_>, endorsement: &Support, predecessor: &Operator) -> bool {
    !support_killed(hearing, endorsement)
        && !struck(hearing, &endorsement.by, &endorsement.id, predecessor, |target| {
            names_signer(target, &endorsement.by, predecessor)
        })
}

/// Says whether a countersignature lives: it dies with its key, or by name (rules 9 and 12).
pub(super) fn countersignature_lives(hearing: &Hearing<'_>, countersignature: &Support) -> bool {
    !support_killed(hearing, countersignature)
}

/// Says whether a listing is dead, that is killed by its issuer or struck under the current token (rules 11 and 12).
///
/// Plain tokens have no threshold, so under them nobody strikes.
pub(super) fn account_dead(hearing: &Hearing<'_>, listing: &Account, heads: &[&Operator]) -> bool {
    let names_listing = |target: &Target| {
        *target == Target::Statement(listing.id.clone())
            || *target == Target::Edge { issuer: listing.issuer.clone(), subject: listing.subject.clone() }
    };
    let by_issuer = |target: &Target| names_listing(target) || *target == Target::All(listing.issuer.clone());
    killed(hearing, &listing.issuer, &listing.id, by_issuer)
        || heads.iter().any(|head| {
            struck(hearing, &listing.issuer, &listing.id, head, |target| {
                names_listing(target) || names_signer(target, &listing.issuer, head)
            })
        })
}

/// Says whether a module is dead, that is killed by its issuer (rules 11 and 12).
pub(super) fn module_dead(hearing: &Hearing<'_>, module: &Module) -> bool {
    killed(hearing, &module.issuer, &module.id, |target| {
        *target == Target::Statement(module.id.clone())
            || *target == Target::Edge { issuer: module.issuer.clone(), subject: module.subject.clone() }
            || *target == Target::All(module.issuer.clone())
    })
}

/// Says whether an anchored bare key ended itself: the one thing that an identity's revocation does (rule 13).
pub(super) fn bare_key_ended(hearing: &Hearing<'_>, key: &Key) -> bool {
    hearing.revocations().any(|it| it.by == *key && it.target == Target::All(key.clone()))
}

fn support_killed(hearing: &Hearing<'_>, support: &Support) -> bool {
    killed(hearing, &support.by, &support.id, |target| {
        *target == Target::Statement(support.id.clone()) || *target == Target::All(support.by.clone())
    })
}

/// Every key may take back what it signed (rule 12).
fn killed(hearing: &Hearing<'_>, signer: &Key, statement: &str, names: impl Fn(&Target) -> bool) -> bool {
    hearing.revocations().any(|it| it.by == *signer && names(&it.target) && effective(hearing, it, statement))
}

/// Enough other signing keys of a token may take back what one of them signed (rule 12).
///
/// A vote counts whatever became of its voter.
fn struck(
    hearing: &Hearing<'_>,
    signer: &Key,
    statement: &str,
    token: &Operator,
    names: impl Fn(&Target) -> bool,
) -> bool {
    let Some(Claim::Once(terms)) = &token.claim else { return false };
    if !token.signers.contains(signer) {
        return false;
    }
    let votes = |voter: &Key| {
        hearing.revocations().any(|it| it.by == *voter && names(&it.target) && effective(hearing, it, statement))
    };
    let voters = token.signers.iter().filter(|voter| *voter != signer && votes(voter)).count();
    i64::try_from(voters).is_ok_and(|voters| voters >= terms.threshold)
}

/// The targets that name a signing key as one of a token's (rule 12).
fn names_signer(target: &Target, signer: &Key, token: &Operator) -> bool {
    *target == Target::All(signer.clone())
        || *target == Target::Edge { issuer: token.issuer.clone(), subject: signer.clone() }
}

/// Says whether a revocation touches a statement: identities' never do (rule 13), and others spare what is
/// proven inside the log that they name (rule 14).
fn effective(hearing: &Hearing<'_>, revocation: &Revocation, statement: &str) -> bool {
    hearing.role(&revocation.by) != Some(Role::OperatorIdentity) && !spares(hearing, revocation, statement)
}

fn spares(hearing: &Hearing<'_>, revocation: &Revocation, statement: &str) -> bool {
    let Some(survivors) = &revocation.log else { return false };
    let this_log = survivors.root.as_deref().is_none_or(|root| root == "log");
    let inside = |index: usize| i64::try_from(index).is_ok_and(|index| index < survivors.size);
    this_log && hearing.proven_at(statement).is_some_and(inside)
}
