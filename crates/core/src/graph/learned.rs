//! What a decision rested on and a later one must not lose: tokens that were followed, and
//! revocations that counted (rule 5 of succession: whoever keeps a state never goes back).

use std::collections::BTreeSet;

use super::{Graph, Member, listed, subject};
use crate::anchor::Anchor;
use crate::deed::Deed;
use crate::key::{PublicKey, RawKey};
use crate::statement::{Grant, Statement, StatementId};

/// What was learned about one anchor.
#[derive(Clone, Debug)]
pub struct Learned {
    /// Which: its position among the view's anchors.
    pub anchor: usize,
    /// The tokens after the pinned one, the current one last; none for bare keys and accounts.
    pub steps: Vec<Step>,
    /// The revocations that counted against something, by whoever has a say under this anchor.
    pub revocations: Vec<Heeded>,
}

/// One step from an operator token to its successor.
#[derive(Clone, Debug)]
pub struct Step {
    /// The successor.
    pub id: StatementId,
    /// Its exact bytes.
    pub token: Vec<u8>,
    /// The living endorsements that counted: who signed each, and its exact bytes.
    pub endorsements: Vec<(PublicKey, Vec<u8>)>,
}

/// A revocation that counted.
#[derive(Clone, Debug)]
pub struct Heeded {
    /// Which one.
    pub id: StatementId,
    /// Its exact bytes.
    pub deed: Vec<u8>,
    /// Whether its signer is a key of the anchor's own side, rather than of those below it.
    pub own: bool,
}

impl<T: Statement> Graph<'_, T> {
    /// Collects what was learned under each anchor; nothing under those where nothing was.
    pub(crate) fn learned(&self, deeds: &[Member<Deed>]) -> Vec<Learned> {
        let heeded = self.deeds.heeded();
        let mut sides = self.sides.iter();
        let mut learned = Vec::new();
        for (anchor, what) in self.view.anchors().iter().enumerate() {
            let side = match what {
                Anchor::Operator(_) | Anchor::OperatorToken { .. } => sides.next().and_then(|side| side.as_ref().ok()),
                Anchor::Account(_) | Anchor::AccountToken { .. } | Anchor::Root(_) | Anchor::Subject => None,
            };
            let mut steps = Vec::new();
            if let Some(side) = side {
                for (before, token) in side.way().zip(side.steps()) {
                    let endorsements = self.living_endorsements(token, before).into_iter();
                    let endorsements = endorsements.map(|(by, at)| (PublicKey::Ed25519(by), received(deeds, at)));
                    let (id, token) = (self.id(token), received(self.members, token));
                    steps.push(Step { id, token, endorsements: endorsements.collect() });
                }
            }
            let mut revocations = Vec::new();
            if !heeded.is_empty() {
                let own = self.own_keys(what, side.into_iter().flat_map(super::OperatorSide::way));
                let below = self.keys_below(&own);
                let counted = heeded.iter().filter(|(_, _, by)| own.contains(by) || below.contains(by));
                revocations.extend(counted.map(|(at, id, by)| Heeded {
                    id: *id,
                    deed: received(deeds, *at),
                    own: own.contains(by),
                }));
            }
            if !steps.is_empty() || !revocations.is_empty() {
                learned.push(Learned { anchor, steps, revocations });
            }
        }
        learned
    }

    /// Collects the keys of an anchor's own side: those that its tokens are about, or list.
    fn own_keys(&self, anchor: &Anchor, way: impl Iterator<Item = usize>) -> BTreeSet<RawKey> {
        let mut keys = BTreeSet::from_iter(anchor.raw());
        let on_the_way: BTreeSet<usize> = way.collect();
        for (index, member) in self.members.iter().enumerate() {
            // A pin that leads nowhere has a side all the same: those who took back what it led to.
            let pinned = match anchor {
                Anchor::OperatorToken { id, .. } | Anchor::AccountToken { id, .. } => member.id() == *id,
                Anchor::Operator(_) | Anchor::Account(_) | Anchor::Root(_) | Anchor::Subject => false,
            };
            if (pinned || on_the_way.contains(&index))
                && let Member::Verified(verified) = member
            {
                let subject = subject(&verified.content().grant());
                keys.extend(subject.and_then(|subject| subject.public_key().ed25519().copied()));
                keys.extend(listed(verified.content()));
            }
        }
        keys
    }

    /// Collects the keys of accounts and modules that were signed by others of some keys.
    fn keys_below(&self, own: &BTreeSet<RawKey>) -> BTreeSet<RawKey> {
        let verified = self.members.iter().filter_map(|member| match member {
            Member::Verified(verified) => Some(verified.content()),
            Member::Pending(_) | Member::Refused(_) => None,
        });
        let mut below = BTreeSet::new();
        let mut code = Vec::new();
        for content in verified {
            match content.grant() {
                Grant::Account { issuer, subject, .. } if own.contains(issuer.raw()) => {
                    below.insert(*subject.raw());
                    below.extend(listed(content));
                }
                Grant::Code { issuer, subject, .. } => code.push((*issuer.raw(), *subject.raw())),
                Grant::Operator { .. }
                | Grant::Account { .. }
                | Grant::Delegation(_)
                | Grant::Invocation(_)
                | Grant::Nothing { .. } => {}
            }
        }
        code.retain(|(issuer, _)| own.contains(issuer) || below.contains(issuer));
        below.extend(code.into_iter().map(|(_, subject)| subject));
        below
    }
}

/// Copies the exact bytes of a member.
fn received<T>(members: &[Member<T>], at: usize) -> Vec<u8> {
    members.get(at).map(|member| member.received().to_vec()).unwrap_or_default()
}
