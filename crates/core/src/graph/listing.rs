//! How an account's listings stand: who is dead, and which the account's own side stands behind.
//!
//! Rules 9 to 11 of succession.

use std::collections::BTreeMap;

use super::death::{Death, Mortal};
use super::index::Names;
use super::operator::OperatorSide;
use super::{Graph, listed};
use crate::key::{Account, Key, RawKey};
use crate::statement::{Grant, Statement, StatementId};
use crate::succession::AccountRule;
use crate::time::Timestamp;

/// How one listing stands under an operator.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    /// Its revocation by somebody who may; expired ones are not dead.
    pub(super) death: Option<Death>,
    /// Its account's own side stands behind it, or nobody asks.
    pub(super) owned: bool,
}

/// A listing that the account's own side countersigned.
struct Owned {
    signers: Vec<RawKey>,
    issued_at: Timestamp,
    dead: bool,
}

impl<T: Statement> Graph<'_, T> {
    /// Finds how every listing of an account stands under an operator.
    ///
    /// From the earliest on, because each may rest on earlier ones; which of the operator's keys
    /// issued those does not matter, as only the account's side could countersign them.
    pub(super) fn standings(&self, side: &OperatorSide, account: Key<Account>) -> BTreeMap<usize, Standing> {
        let mut listings: Vec<usize> = self
            .index
            .find(Names::AccountSubject, account.raw())
            .filter(|listing| self.is_first(*listing) && self.verified_now_or_later(*listing))
            .collect();
        let issued_at = |listing: &usize| self.members.get(*listing).map(|member| member.content().issued_at());
        if self.in_log() {
            listings.sort_by_key(|listing| self.place(*listing));
        } else {
            listings.sort_by_key(issued_at);
        }
        let mut standings = BTreeMap::new();
        let mut earlier: Vec<Owned> = Vec::new();
        // Of one instant none is earlier than another, unless a log says so.
        let mut of_this_instant: Vec<Owned> = Vec::new();
        let mut instant = None;
        for listing in listings {
            let Some(member) = self.members.get(listing) else { continue };
            let at = member.content().issued_at();
            if self.in_log() || instant != Some(at) {
                earlier.append(&mut of_this_instant);
                instant = Some(at);
            }
            let death = self.listing_death(side, listing);
            let owned = match side.rule() {
                AccountRule::Plain => true,
                AccountRule::Countersigned => self.own_side(&member.id(), account.raw(), &earlier),
            };
            if owned {
                let signers = listed(member.content());
                of_this_instant.push(Owned { signers, issued_at: at, dead: death.is_some() });
            }
            standings.insert(listing, Standing { death, owned });
        }
        standings
    }

    /// Says whether the account's own side countersigned (rule 9): its identity, or a majority of
    /// the newest earlier living countersigned listing or, if none lives, of any earlier one.
    fn own_side(&self, listing: &StatementId, identity: &RawKey, earlier: &[Owned]) -> bool {
        let hands = self.countersigners(listing);
        if hands.binary_search(identity).is_ok() {
            return true;
        }
        let majority = |of: &Owned| {
            let agreeing = hands.iter().filter(|hand| of.signers.binary_search(hand).is_ok()).count();
            2 * agreeing > of.signers.len()
        };
        let newest = earlier.iter().filter(|it| !it.dead).map(|it| it.issued_at).max();
        match newest {
            // Several of one instant have to agree.
            Some(newest) => earlier.iter().filter(|it| !it.dead && it.issued_at == newest).all(majority),
            None => earlier.iter().any(majority),
        }
    }

    /// Finds who took a listing back: its issuer, or enough other signing keys of the operator.
    fn listing_death(&self, side: &OperatorSide, listing: usize) -> Option<Death> {
        let mortal = self.mortal(listing)?;
        let coroner = self.coroner();
        coroner.by_signer(&mortal).or_else(|| coroner.by_strike(&mortal, side.line()?))
    }

    /// Returns a listing or a module as something that may be revoked.
    pub(super) fn mortal(&self, index: usize) -> Option<Mortal> {
        let (signer, subject) = match self.grant(index)? {
            Grant::Account { issuer, subject, .. } => (issuer, subject.nkey()),
            Grant::Code { issuer, subject, .. } => (issuer, subject),
            Grant::Operator { .. } | Grant::Delegation(_) | Grant::Invocation(_) | Grant::Nothing { .. } => {
                return None;
            }
        };
        let subject = Some(*subject.raw());
        Some(Mortal { id: self.id(index), signer: *signer.raw(), subject, place: self.place(index) })
    }

    /// Returns who countersigned a listing or a module, and was not taken back: sorted, each once.
    ///
    /// A countersignature dies with its key like all that it signed (rule 9).
    pub(crate) fn countersigners(&self, of: &StatementId) -> Vec<RawKey> {
        let mut keys: Vec<RawKey> = self
            .deeds
            .countersignatures(of)
            .iter()
            .filter(|support| {
                let mortal = Mortal { id: support.id, signer: support.by, subject: None, place: support.place };
                self.coroner().by_signer(&mortal).is_none()
            })
            .map(|support| support.by)
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Returns the keys that may issue modules by a listing alone, sorted (rule 9).
    pub(super) fn issuers_by(&self, listing: usize, rule: AccountRule) -> Vec<RawKey> {
        let Some(member) = self.members.get(listing) else { return Vec::new() };
        let Grant::Account { subject, .. } = member.content().grant() else { return Vec::new() };
        let mut keys = listed(member.content());
        match rule {
            AccountRule::Countersigned if !keys.is_empty() => {
                let hands = self.countersigners(&member.id());
                keys.retain(|key| hands.binary_search(key).is_ok());
            }
            AccountRule::Countersigned | AccountRule::Plain => {
                keys.push(*subject.raw());
                keys.sort_unstable();
                keys.dedup();
            }
        }
        keys
    }
}
