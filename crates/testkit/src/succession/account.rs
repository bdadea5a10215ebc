//! Listings of accounts, rules 9 to 11: which one speaks for an account now.

use super::hearing::Hearing;
use super::operator::Line;
use super::revocation::{account_dead, countersignature_lives};
use super::{Account, Key, Mode, Reason};

/// Judges a listing: it must be its account's current one.
pub(super) fn judge(hearing: &Hearing<'_>, listing: &Account) -> Result<(), Reason> {
    let line = Line::trace(hearing)?;
    line.speaks(hearing.now())?;
    if !line.lists(&listing.issuer) {
        return Err(Reason::Unlisted);
    }
    if account_dead(hearing, listing, line.heads()) {
        return Err(Reason::Revoked);
    }
    let standings = standings(hearing, &line, &listing.subject);
    if !standings.iter().any(|standing| standing.listing.id == listing.id && standing.owned) {
        return Err(Reason::Countersign);
    }
    if listing.times.early(hearing.now()) {
        return Err(Reason::Early);
    }
    if !current(hearing, &line, &listing.subject).iter().any(|other| other.id == listing.id) {
        return Err(Reason::Superseded);
    }
    if listing.times.expired(hearing.now()) { Err(Reason::Expired) } else { Ok(()) }
}

/// Returns the current listing of an account, expired or not (rules 9 to 11).
///
/// More than one only where several have one instant; then nothing holds that one of them would not say alone.
pub(super) fn current<'h>(hearing: &Hearing<'h>, line: &Line<'_>, account: &Key) -> Vec<&'h Account> {
    let standings = standings(hearing, line, account);
    let speaking: Vec<&Account> = standings
        .iter()
        .filter(|it| it.owned && !it.dead && line.lists(&it.listing.issuer))
        .map(|it| it.listing)
        .filter(|listing| !listing.times.early(hearing.now()))
        .collect();
    if hearing.mode() == Mode::Snapshot && line.countersigned() {
        // Rule 10: in the order of the log, an older `iat` replaces nothing.
        let mut current: Option<&Account> = None;
        for listing in speaking {
            if current.is_none_or(|replaced| listing.times.iat >= replaced.times.iat) {
                current = Some(listing);
            }
        }
        return current.into_iter().collect();
    }
    let newest = speaking.iter().map(|listing| listing.times.iat).max();
    speaking.into_iter().filter(|listing| Some(listing.times.iat) == newest).collect()
}

/// Says whether a key has a living countersignature on a listing or a module.
pub(super) fn countersigned_by(hearing: &Hearing<'_>, statement: &str, key: &Key) -> bool {
    hearing.countersignatures(statement).any(|it| it.by == *key && countersignature_lives(hearing, it))
}

/// A listing, and how it stands.
struct Standing<'h> {
    listing: &'h Account,
    /// Revoked; expired ones are not dead.
    dead: bool,
    /// Its account's own side stands behind it, or nobody asks.
    owned: bool,
}

/// Goes through an account's listings from the earliest on, because each may rest on earlier ones (rule 9).
fn standings<'h>(hearing: &Hearing<'h>, line: &Line<'_>, account: &Key) -> Vec<Standing<'h>> {
    let mut listings: Vec<&Account> = hearing.accounts().filter(|listing| listing.subject == *account).collect();
    if hearing.mode() == Mode::Stateless {
        listings.sort_by_key(|listing| listing.times.iat);
    }
    let mut standings: Vec<Standing<'h>> = Vec::new();
    for listing in listings {
        let earlier: Vec<&Standing<'h>> = match hearing.mode() {
            Mode::Stateless => standings.iter().filter(|it| it.listing.times.iat < listing.times.iat).collect(),
            Mode::Snapshot => standings.iter().collect(),
        };
        let owned = !line.countersigned() || own_side(hearing, listing, &earlier);
        let dead = account_dead(hearing, listing, line.heads());
        standings.push(Standing { listing, dead, owned });
    }
    standings
}

/// Says whether the account's own side countersigned: its identity, or a majority of the signing keys of the
/// newest earlier living countersigned listing or, if none lives, of any earlier one (rule 9).
///
/// Which operator key issued an earlier listing does not matter: only the account's side could countersign it.
/// Several newest of one instant must all agree.
fn own_side(hearing: &Hearing<'_>, listing: &Account, earlier: &[&Standing<'_>]) -> bool {
    if countersigned_by(hearing, &listing.id, &listing.subject) {
        return true;
    }
    let countersigned: Vec<_> = earlier.iter().filter(|it| it.owned).collect();
    let living: Vec<&Account> = countersigned.iter().filter(|it| !it.dead).map(|it| it.listing).collect();
    if let Some(newest) = living.iter().map(|it| it.times.iat).max() {
        return living.iter().filter(|it| it.times.iat == newest).all(|it| majority(hearing, listing, it));
    }
    countersigned.iter().any(|it| majority(hearing, listing, it.listing))
}

/// Says whether more than half of an earlier listing's signing keys countersigned a later one.
fn majority(hearing: &Hearing<'_>, listing: &Account, earlier: &Account) -> bool {
    let keys = raw_keys(&earlier.signers);
    let agreeing = keys.iter().filter(|key| countersigned_by(hearing, &listing.id, key)).count();
    2 * agreeing > keys.len()
}

/// Returns every key once, however often and however spelled it was listed.
fn raw_keys(keys: &[Key]) -> Vec<&Key> {
    let mut once: Vec<&Key> = keys.iter().collect();
    once.sort();
    once.dedup();
    once
}
