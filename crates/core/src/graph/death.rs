//! Who kills what, and when: rules 12 to 14 of succession.

use super::deeds::{Deeds, Proven, Revoked};
use super::{Line, Place};
use crate::deed::Target;
use crate::key::{PublicKey, RawKey, Spelled};
use crate::statement::StatementId;
use crate::succession::is_quorum;

/// A statement that may be revoked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mortal {
    pub(super) id: StatementId,
    /// Who signed it.
    pub(super) signer: RawKey,
    /// About whom it is; nobody, for endorsements and countersignatures.
    pub(super) subject: Option<RawKey>,
    /// When it was heard.
    pub(super) place: Place,
}

/// Since when something is dead, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Death {
    pub(super) since: Place,
    pub(super) by: StatementId,
}

/// What is needed to find out who is dead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coroner<'g, 'a> {
    pub(super) deeds: &'g Deeds<'a>,
    pub(super) proven: &'g Proven,
}

impl Coroner<'_, '_> {
    /// Finds when its own signer killed a statement: every key may, for all that it signed.
    pub(super) fn by_signer(&self, it: &Mortal) -> Option<Death> {
        self.first(&it.signer, it, |target| {
            self.names(target, it) || matches!(target, Target::Key(key) if is(key, &it.signer))
        })
    }

    /// Finds when enough other signing keys of a token killed what one of them signed.
    ///
    /// A vote counts whatever becomes of its voter. A listing may be struck by name, too: it has
    /// a subject.
    pub(super) fn by_strike(&self, it: &Mortal, under: &Line) -> Option<Death> {
        if !under.lists(&it.signer) {
            return None;
        }
        let names = |target: &Target| match target {
            Target::Key(key) => is(key, &it.signer),
            Target::Edge { issuer, subject } if is(issuer, &under.identity) && is(subject, &it.signer) => true,
            Target::Edge { .. } | Target::Statement(_) => it.subject.is_some() && self.names(target, it),
        };
        let others = under.signers.iter().filter(|voter| **voter != it.signer);
        let mut votes: Vec<Death> = others.filter_map(|voter| self.first(voter, it, names)).collect();
        votes.sort_by_key(|vote| vote.since);
        // The vote that makes the quorum is the one that kills.
        let mut counted = 0;
        votes.into_iter().find(|_| {
            counted += 1;
            is_quorum(under.threshold, counted)
        })
    }

    /// Finds when a bare key that is trusted ended itself (rule 13).
    pub(super) fn ended(&self, key: &RawKey) -> Option<Death> {
        let own = |revoked: &&Revoked<'_>| matches!(&revoked.revocation.target, Target::Key(named) if is(named, key));
        let first = self.deeds.revocations(key).iter().find(own)?;
        self.deeds.heed(key, first);
        Some(Death { since: first.place, by: first.id })
    }

    /// Says whether a target names the statement itself, or the edge that it is.
    fn names(&self, target: &Target, it: &Mortal) -> bool {
        match target {
            Target::Statement(id) => *id == it.id,
            Target::Edge { issuer, subject } => {
                is(issuer, &it.signer) && it.subject.is_some_and(|own| is(subject, &own))
            }
            Target::Key(_) => false,
        }
    }

    /// Finds the first revocation by a key that names a statement and does not spare it.
    fn first(&self, by: &RawKey, it: &Mortal, names: impl Fn(&Target) -> bool) -> Option<Death> {
        let revoked = self.deeds.revocations(by).iter().find(|revoked| {
            names(&revoked.revocation.target) && !self.proven.spares(revoked.revocation, it.id, it.place)
        })?;
        self.deeds.heed(by, revoked);
        Some(Death { since: revoked.place, by: revoked.id })
    }
}

fn is(spelled: &Spelled, key: &RawKey) -> bool {
    spelled.public_key() == PublicKey::Ed25519(*key)
}
