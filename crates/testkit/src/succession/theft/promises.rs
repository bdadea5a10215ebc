//! What the thief of a random history is promised not to get, told from his keys alone.

use std::collections::BTreeSet;

use crate::succession::random::made_by_a_thief;
use crate::succession::{Account, Anchor, Claim, Expect, History, Key, Operator, Statement, Terms};

/// What a thief holds, against all that the owner ever issued.
#[derive(Debug)]
pub struct Theft<'h> {
    stolen: BTreeSet<&'h Key>,
    pinned: bool,
    captures: bool,
    signs: bool,
    countersigned: bool,
    listings: Vec<&'h Account>,
}

impl<'h> Theft<'h> {
    /// Reads it out of a random history.
    #[must_use]
    pub fn of(told: &'h History) -> Self {
        let stolen: BTreeSet<&Key> = told.stolen.iter().collect();
        let owners: Vec<&Operator> = told.statements.iter().filter_map(owners_token).collect();
        // An anchor on a token of the thief's, or on none, promises nothing.
        let pinned = matches!(&told.anchor, Anchor::Token(id) if id.starts_with('T'));
        Self {
            pinned,
            captures: owners.iter().any(|token| captures_from(token, &stolen)),
            signs: owners.iter().any(|token| token.signers.iter().any(|key| stolen.contains(key))),
            countersigned: owners.iter().all(|token| countersigned(token)),
            listings: told.statements.iter().filter_map(owners_listing).collect(),
            stolen,
        }
    }

    /// Says whether he holds the keys to make an operator token that somebody follows.
    #[must_use]
    pub const fn captures(&self) -> bool {
        self.captures
    }

    /// Says whether an answer gives him what his keys do not reach.
    #[must_use]
    pub fn broken(&self, told: &History, id: &str, answer: Expect) -> Option<String> {
        if !self.pinned || self.captures || answer == Expect::Deny {
            return None;
        }
        match told.statement(id)? {
            Statement::Operator(token) => (!id.starts_with('T')).then(|| format!("{token:?} captured")),
            Statement::Account(listing) => {
                let theirs = id.starts_with('Y') && self.countersigned;
                if made_by_a_thief(listing.issuer.raw()) {
                    Some(format!("{listing:?} by a thief's own signing key"))
                } else if theirs && !self.signs {
                    Some(format!("{listing:?} without a signing key"))
                } else if theirs && !self.owns(&listing.subject) {
                    Some(format!("{listing:?} without the account's side"))
                } else {
                    None
                }
            }
            Statement::Module(module) => {
                let theirs = id.starts_with('n') && self.countersigned;
                let reached = self.stolen.contains(&module.issuer) || self.signs;
                (theirs && !reached).then(|| format!("{module:?} without a key"))
            }
            Statement::Endorsement(_) | Statement::Countersignature(_) | Statement::Revocation(_) => {
                Some("nobody relies on one of these".to_owned())
            }
        }
    }

    /// Says whether the thief is an account's own side: its identity, a majority of a listing, or its inventor.
    fn owns(&self, account: &Key) -> bool {
        made_by_a_thief(account.raw())
            || self.stolen.contains(account)
            || self.listings.iter().filter(|it| it.subject == *account).any(|it| {
                let keys: BTreeSet<&Key> = it.signers.iter().collect();
                2 * keys.iter().filter(|key| self.stolen.contains(**key)).count() > keys.len()
            })
    }
}

/// An identity and a quorum, or both identities where the token allows the pair.
fn captures_from(token: &Operator, stolen: &BTreeSet<&Key>) -> bool {
    let Some(Claim::Once(Terms { threshold, next, pair, .. })) = &token.claim else { return false };
    let identities = [Some(&token.issuer), next.as_ref()].into_iter().flatten();
    let identities = identities.filter(|key| stolen.contains(*key)).count();
    let signers = token.signers.iter().filter(|key| stolen.contains(*key)).count();
    identities >= 1 && i64::try_from(signers).is_ok_and(|signers| signers >= *threshold) || identities == 2 && *pair
}

fn owners_token(statement: &Statement) -> Option<&Operator> {
    let Statement::Operator(token) = statement else { return None };
    token.id.starts_with('T').then_some(token)
}

fn owners_listing(statement: &Statement) -> Option<&Account> {
    let Statement::Account(listing) = statement else { return None };
    listing.id.starts_with('L').then_some(listing)
}

/// An owner's tokens say all the same about accounts.
fn countersigned(token: &Operator) -> bool {
    matches!(&token.claim, Some(Claim::Once(terms)) if terms.accounts.as_deref() == Some("countersigned"))
}
