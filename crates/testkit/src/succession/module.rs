//! Modules, rules 9 to 11: which account speaks by a key, and whose a module is.

use super::account::{countersigned_by, current};
use super::hearing::Hearing;
use super::operator::Line;
use super::revocation::{countersignature_lives, module_dead};
use super::{Account, Key, Mode, Module, Reason};

/// Judges a module: its issuer must speak for an account, and in a log it must be that account's current one.
pub(super) fn judge(hearing: &Hearing<'_>, module: &Module) -> Result<(), Reason> {
    let line = Line::trace(hearing)?;
    line.speaks(hearing.now())?;
    if module_dead(hearing, module) {
        return Err(Reason::Revoked);
    }
    let account = account_of(hearing, &line, &module.issuer)?;
    if hearing.mode() == Mode::Snapshot && owner(hearing, &line, &module.subject).is_some_and(|it| it != account) {
        return Err(Reason::Owner);
    }
    if module.times.early(hearing.now()) {
        return Err(Reason::Early);
    }
    if module.times.expired(hearing.now()) {
        return Err(Reason::Expired);
    }
    if hearing.mode() == Mode::Snapshot && !is_current(hearing, &line, module, account) {
        return Err(Reason::Superseded);
    }
    if hearing.mode() == Mode::Stateless && line.is_plain(hearing) && has_newer(hearing, &line, module, account) {
        return Err(Reason::Superseded);
    }
    Ok(())
}

/// Says whether the account's side issued a newer module (rule 7 of `formats/wascap.md`, for plain chains only).
fn has_newer(hearing: &Hearing<'_>, line: &Line<'_>, module: &Module, account: &Key) -> bool {
    let listings = current(hearing, line, account);
    let own_side = |key: &Key| listings.iter().all(|listing| may_issue(hearing, line, listing, key));
    hearing
        .modules()
        .filter(|other| other.subject == module.subject && other.times.iat > module.times.iat)
        .filter(|other| !module_dead(hearing, other) && !other.times.early(hearing.now()))
        .any(|other| own_side(&other.issuer))
}

/// Returns the one account that a key issues modules for (rules 9 and 10).
fn account_of<'h>(hearing: &Hearing<'h>, line: &Line<'_>, key: &Key) -> Result<&'h Key, Reason> {
    let mut speaking = Vec::new();
    let mut reason = Reason::Unlisted;
    for account in accounts(hearing) {
        let listings = current(hearing, line, account);
        if listings.is_empty() {
            continue;
        }
        if !listings.iter().all(|listing| may_issue(hearing, line, listing, key)) {
            if listings.iter().all(|listing| listing.signers.contains(key)) {
                reason = Reason::Countersign;
            }
        } else if listings.iter().any(|listing| listing.times.expired(hearing.now())) {
            // Its account issues nothing, so neither does it take a key from another.
            reason = Reason::Expired;
        } else {
            speaking.push((account, listings));
        }
    }
    if let [(only, _)] = speaking.as_slice() {
        return Ok(*only);
    }
    if speaking.is_empty() {
        return Err(reason);
    }
    // In plain chains an account's own key stays its own, whoever else lists it.
    if let Some((own, _)) = speaking.iter().find(|(account, _)| *account == key && line.has_no_claim()) {
        return Ok(*own);
    }
    let agreed = |listings: &[&Account]| listings.iter().all(|it| countersigned_by(hearing, &it.id, key));
    let chosen: Vec<_> = speaking.iter().filter(|(_, listings)| agreed(listings)).collect();
    if let [(only, _)] = chosen.as_slice() { Ok(*only) } else { Err(Reason::Ambiguous) }
}

/// Says whether a listing, taken alone, lets a key issue modules (rule 9).
fn may_issue(hearing: &Hearing<'_>, line: &Line<'_>, listing: &Account, key: &Key) -> bool {
    if !line.countersigned() {
        return listing.subject == *key || listing.signers.contains(key);
    }
    if listing.signers.is_empty() {
        return listing.subject == *key;
    }
    listing.signers.contains(key) && countersigned_by(hearing, &listing.id, key)
}

/// Returns every account that somebody listed.
fn accounts<'h>(hearing: &Hearing<'h>) -> Vec<&'h Key> {
    let mut accounts: Vec<&Key> = hearing.accounts().map(|listing| &listing.subject).collect();
    accounts.sort();
    accounts.dedup();
    accounts
}

/// Returns whose a module is: the account of the first publication that the module's own key countersigned, alive
/// or dead (rule 10).
///
/// First is the first to be complete: the publication, the living countersignature, and a listing that tells whose
/// key issued it. So nothing said later moves an owner.
fn owner<'h>(hearing: &Hearing<'h>, line: &Line<'_>, module: &Key) -> Option<&'h Key> {
    let claims: Vec<&Module> =
        hearing.modules().filter(|it| it.subject == *module && countersigned_by(hearing, &it.id, module)).collect();
    for heard in 1..=hearing.len() {
        let then = hearing.first(heard);
        let complete = |it: &&Module| {
            then.has(&it.id)
                && then.countersignatures(&it.id).any(|by| by.by == *module && countersignature_lives(hearing, by))
        };
        for claim in claims.iter().copied().filter(complete) {
            if let Some(account) = account_behind(&then, line, &claim.issuer) {
                return Some(account);
            }
        }
    }
    None
}

/// Returns the one account that a key was listed for, whatever became of either: as its identity or a signing key,
/// and of several the one whose listing it countersigned.
///
/// Only listings by keys that were signing keys on the way from the anchor tell: a stranger's say nothing.
fn account_behind<'h>(hearing: &Hearing<'h>, line: &Line<'_>, key: &Key) -> Option<&'h Key> {
    let naming: Vec<&Account> = hearing
        .accounts()
        .filter(|it| line.ever_listed(&it.issuer) && (it.subject == *key || it.signers.contains(key)))
        .collect();
    let agreed: Vec<&Account> =
        naming.iter().copied().filter(|it| hearing.countersignatures(&it.id).any(|by| by.by == *key)).collect();
    the_only_account(&naming).or_else(|| the_only_account(&agreed))
}

/// Returns the account that all listings are about, if it is one.
fn the_only_account<'h>(listings: &[&'h Account]) -> Option<&'h Key> {
    let first = &listings.first()?.subject;
    listings.iter().all(|it| it.subject == *first).then_some(first)
}

/// Says whether a module is the current one of its account in a log: each replaces the one before unless its `iat`
/// or its revision is smaller (rules 10 and 11). What is dead, or issued by nobody who may, sets no floor.
fn is_current(hearing: &Hearing<'_>, line: &Line<'_>, module: &Module, account: &Key) -> bool {
    let mut current: Option<&Module> = None;
    for other in hearing.modules().filter(|other| other.subject == module.subject) {
        let stands = !module_dead(hearing, other)
            && !other.times.early(hearing.now())
            && account_of(hearing, line, &other.issuer) == Ok(account);
        let falls_back = |replaced: &Module| other.times.iat < replaced.times.iat || other.rev < replaced.rev;
        if stands && !current.is_some_and(falls_back) {
            current = Some(other);
        }
    }
    current.is_some_and(|current| current.id == module.id)
}
