//! Deeds by what they are about, and what the log proves about statements.

use core::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::{Member, Place};
use crate::deed::{Act, Deed, Revocation, Survivors};
use crate::key::RawKey;
use crate::log::LogRoot;
use crate::statement::{Statement, StatementId};
use crate::supply::{LogOrder, Proof, Subject};
use crate::view::View;

/// An endorsement or a countersignature.
#[derive(Clone, Copy, Debug)]
pub(super) struct Support {
    pub(super) id: StatementId,
    pub(super) by: RawKey,
    pub(super) place: Place,
    /// Its position among the deeds.
    pub(super) at: usize,
}

/// A revocation whose signature is good.
#[derive(Clone, Copy, Debug)]
pub(super) struct Revoked<'a> {
    pub(super) id: StatementId,
    pub(super) revocation: &'a Revocation,
    pub(super) place: Place,
    /// Its position among the deeds.
    at: usize,
}

/// The deeds that verified and are not from the future, each once.
#[derive(Debug, Default)]
pub(super) struct Deeds<'a> {
    endorsements: BTreeMap<StatementId, Vec<Support>>,
    countersignatures: BTreeMap<StatementId, Vec<Support>>,
    revocations: BTreeMap<RawKey, Vec<Revoked<'a>>>,
    /// Revocations that counted against something, by position, and who signed each.
    heeded: RefCell<BTreeMap<usize, (StatementId, RawKey)>>,
}

impl<'a> Deeds<'a> {
    /// Sorts deeds; `place` tells when each was heard.
    pub(super) fn of(members: &'a [Member<Deed>], view: &View, place: impl Fn(usize) -> Place) -> Self {
        let mut deeds = Self::default();
        if members.is_empty() {
            return deeds;
        }
        let mut known = BTreeSet::new();
        let mut order: Vec<usize> = (0..members.len()).collect();
        // The first hearing counts.
        order.sort_by_key(|index| place(*index));
        for index in order {
            let Some(Member::Verified(verified)) = members.get(index) else { continue };
            let deed = verified.content();
            if view.standing(deed).fault().is_some() || !known.insert(verified.id()) {
                continue;
            }
            // Deeds are signed with Ed25519 alone: their headers say so.
            let Some(by) = deed.signer().ed25519().copied() else { continue };
            let (id, place) = (verified.id(), place(index));
            let support = Support { id, by, place, at: index };
            match &deed.act {
                Act::Endorse(of) => deeds.endorsements.entry(*of).or_default().push(support),
                Act::Countersign(of) => deeds.countersignatures.entry(*of).or_default().push(support),
                Act::Revoke(revocation) => {
                    let revoked = Revoked { id, revocation, place, at: index };
                    deeds.revocations.entry(by).or_default().push(revoked);
                }
            }
        }
        deeds
    }

    /// Says whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.endorsements.is_empty() && self.countersignatures.is_empty() && self.revocations.is_empty()
    }

    /// Returns the endorsements of an operator token.
    pub(super) fn endorsements(&self, of: &StatementId) -> &[Support] {
        self.endorsements.get(of).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns the countersignatures on a listing or a module, dead ones included.
    pub(super) fn countersignatures(&self, of: &StatementId) -> &[Support] {
        self.countersignatures.get(of).map(Vec::as_slice).unwrap_or_default()
    }

    /// Says whether a key signed this endorsement or countersignature.
    pub(super) fn signed_by(&self, id: &StatementId, by: &RawKey) -> bool {
        let mut supports = self.endorsements.values().chain(self.countersignatures.values()).flatten();
        supports.any(|support| support.id == *id && support.by == *by)
    }

    /// Notes that a key's revocation counted against something.
    pub(super) fn heed(&self, by: &RawKey, revoked: &Revoked<'_>) {
        self.heeded.borrow_mut().insert(revoked.at, (revoked.id, *by));
    }

    /// Returns the revocations that counted so far: position, id, signer.
    pub(super) fn heeded(&self) -> Vec<(usize, StatementId, RawKey)> {
        self.heeded.borrow().iter().map(|(at, (id, by))| (*at, *id, *by)).collect()
    }

    /// Returns what a key revoked.
    pub(super) fn revocations(&self, by: &RawKey) -> &[Revoked<'a>] {
        self.revocations.get(by).map(Vec::as_slice).unwrap_or_default()
    }
}

/// What is proven to be inside which log (rule 14).
#[derive(Debug, Default)]
pub(super) struct Proven {
    /// Size and root of every log that a statement was proven to be in.
    inside: BTreeMap<StatementId, Vec<Survivors>>,
    /// How much of what was heard is the log's.
    size: Place,
    /// The log's own roots.
    roots: BTreeMap<u64, LogRoot>,
}

impl Proven {
    /// Checks the proofs that came along.
    pub(super) fn of(
        proofs: &[(Subject, Proof)],
        log: Option<&LogOrder>,
        id: impl Fn(Subject) -> Option<StatementId>,
    ) -> Self {
        let mut proven = Self::default();
        if let Some(log) = log {
            proven.size = log.size;
            proven.roots.clone_from(&log.roots);
        }
        for (subject, Proof { leaf, inclusion }) in proofs {
            if let (Some(id), Some(root)) = (id(*subject), inclusion.root(*leaf)) {
                proven.inside.entry(id).or_default().push(Survivors { size: inclusion.size, root });
            }
        }
        proven
    }

    /// Says whether a revocation spares a statement that was heard at a place.
    pub(super) fn spares(&self, revocation: &Revocation, id: StatementId, place: Place) -> bool {
        let Some(survivors) = revocation.survivors else { return false };
        let in_log = place < self.size
            && (place as u64) < survivors.size
            && self.roots.get(&survivors.size) == Some(&survivors.root);
        in_log || self.inside.get(&id).is_some_and(|logs| logs.contains(&survivors))
    }
}
