//! The running keys of a wallet, from the request to the end of their delegation.

use greatseal_core::decide::{Candidate, Decision};
use greatseal_core::key::PublicKey;
use greatseal_core::view::{Audience, Standing};
use greatseal_core::{Anchor, Code, Policy, Timestamp, View};
use greatseal_custody::RunningKey;
use greatseal_token::ucan::Ucan;

use super::{State, Wallet};
use crate::fault::ServiceFault;
use crate::revocations::Found;

/// When a running key is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The part of a delegation's life after which the wallet asks for the next key, in percent:
    /// what is left is the time in which somebody has to answer.
    pub renew_after_percent: u8,
    /// Seconds after which a request that nobody answered is made again.
    pub answer_within_seconds: u64,
}

impl Default for Rotation {
    /// Half of the life, and a day.
    fn default() -> Self {
        Self { renew_after_percent: 50, answer_within_seconds: 24 * 60 * 60 }
    }
}

/// A running key, for showing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The public key.
    pub key: PublicKey,
    /// Since when it is in use; not yet, if absent.
    pub since: Option<Timestamp>,
    /// The last second for which anything is delegated to it, where that ends.
    pub until: Option<Timestamp>,
}

/// A delegation of the identity to a running key.
pub(super) struct Leaf {
    key: PublicKey,
    expires: Option<Timestamp>,
    state: LeafState,
}

enum LeafState {
    Current,
    Ahead,
    Revoked,
}

/// Keys in the order in which they were drawn.
#[derive(Debug, Default)]
pub(super) struct Ring {
    keys: Vec<Held>,
    /// The instant after which the request for the newest key is made again.
    asked: Option<Timestamp>,
}

#[derive(Debug)]
struct Held {
    key: RunningKey,
    taken_up: Option<Life>,
}

/// Since when a key is in use, and how long anything is delegated to it.
#[derive(Clone, Copy, Debug)]
struct Life {
    since: Timestamp,
    until: Option<Timestamp>,
    revoked: bool,
}

impl Ring {
    /// Returns the keys that are in use, the newest first.
    pub(super) fn usable(&self) -> impl Iterator<Item = &RunningKey> {
        self.keys.iter().rev().filter(|held| held.taken_up.is_some()).map(|held| &held.key)
    }

    /// Returns the key that waits to be delegated to.
    pub(super) fn pending(&self) -> Option<&RunningKey> {
        self.keys.last().filter(|held| held.taken_up.is_none()).map(|held| &held.key)
    }

    pub(super) fn holdings(&self) -> Vec<Holding> {
        let holding = |held: &Held| Holding {
            key: held.key.public_key(),
            since: held.taken_up.map(|life| life.since),
            until: held.taken_up.and_then(|life| life.until),
        };
        self.keys.iter().rev().map(holding).collect()
    }

    /// Returns the key to ask for, drawn if none is waiting, and the one that vouches for it.
    pub(super) fn draw(&mut self, expires: Timestamp) -> Result<(&RunningKey, Option<&RunningKey>), ServiceFault> {
        if self.pending().is_none() {
            self.keys.push(Held { key: RunningKey::generate()?, taken_up: None });
        }
        self.asked = Some(expires);
        match self.pending() {
            Some(new) => Ok((new, self.usable().next())),
            None => Err(ServiceFault::Request { why: "no key was drawn" }),
        }
    }

    /// Has the request made again at the next opportunity.
    pub(super) const fn ask_again(&mut self) {
        self.asked = None;
    }

    /// Takes up keys that were delegated to, and drops those whose delegations have ended or were
    /// taken back, and those that have changed in memory, which never sign again. Says whether the key that was asked for was among them.
    pub(super) fn settle(&mut self, leaves: &[Leaf], now: Timestamp) -> bool {
        let mut answered = false;
        for held in &mut self.keys {
            let key = held.key.public_key();
            let of_key = || leaves.iter().filter(|leaf| leaf.key == key);
            let speaks = of_key().any(|leaf| matches!(leaf.state, LeafState::Current));
            if held.taken_up.is_none() && speaks {
                held.taken_up = Some(Life { since: now, until: Some(now), revoked: false });
                answered = true;
            }
            let Some(life) = &mut held.taken_up else { continue };
            // A file that is missing for a moment does not cost the key.
            for leaf in of_key().filter(|leaf| !matches!(leaf.state, LeafState::Revoked)) {
                life.until = life.until.and_then(|until| leaf.expires.map(|expires| expires.max(until)));
            }
            life.revoked = of_key().any(|leaf| matches!(leaf.state, LeafState::Revoked))
                && !of_key().any(|leaf| matches!(leaf.state, LeafState::Current | LeafState::Ahead));
        }
        // Dropped here, and so wiped.
        let ended = |life: Life| life.revoked || life.until.is_some_and(|until| until < now);
        self.keys.retain(|held| held.key.is_intact() && !held.taken_up.is_some_and(ended));
        if answered {
            self.asked = None;
        }
        answered
    }

    /// Says whether it is time to ask for a key.
    pub(super) fn is_due(&self, rotation: &Rotation, now: Timestamp) -> bool {
        if self.pending().is_some() {
            return self.asked.is_none_or(|until| until < now);
        }
        let newest = self.keys.iter().rev().find_map(|held| held.taken_up);
        newest.is_none_or(|life| {
            life.until.is_some_and(|until| {
                let whole = until.as_secs().saturating_sub(life.since.as_secs());
                let part = whole.saturating_mul(u64::from(rotation.renew_after_percent)) / 100;
                life.since.plus(part) <= now
            })
        })
    }
}

impl Wallet {
    /// Finds what the identity delegates to running keys of this process.
    pub(super) fn leaves(&self, state: &mut State, now: Timestamp) -> Vec<Leaf> {
        let keys: Vec<PublicKey> = state.ring.keys.iter().map(|held| held.key.public_key()).collect();
        let view = View::new(Policy::Strict, vec![Anchor::Subject], now).addressed_to(Audience::Unchecked);
        let mut leaves = Vec::new();
        for at in 0..state.delegations.len() {
            let Some(leaf) = state.delegations.get(at).cloned() else { continue };
            let content = leaf.content();
            if content.issuer() != self.identity || !keys.contains(&content.audience()) {
                continue;
            }
            let (key, expires) = (content.audience(), Ucan::expires(content));
            let state = match view.standing(content) {
                Standing::Expired(_) => continue,
                Standing::Absent(_) => LeafState::Ahead,
                Standing::Current if self.is_revoked(state, Candidate::Verified(leaf), &view) => LeafState::Revoked,
                Standing::Current => LeafState::Current,
            };
            leaves.push(Leaf { key, expires, state });
        }
        leaves
    }

    /// Says whether a delegation was taken back by somebody who may. What cannot be found out is
    /// found out by whoever executes.
    fn is_revoked(&self, state: &mut State, leaf: Candidate<Ucan>, view: &View) -> bool {
        let with: Vec<Candidate<Ucan>> = state.delegations.iter().cloned().map(Candidate::Verified).collect();
        let all = core::iter::once(&leaf).chain(&with).map(Candidate::content);
        let Ok(found) = Found::about(&*self.revocations, all, view.now()) else { return false };
        if found.is_empty() {
            return false;
        }
        let Ok(supply) = found.beside(with, &mut state.verifier) else { return false };
        match state.verifier.judge(vec![leaf], supply, view).into_decision() {
            Decision::Allow(_) => false,
            Decision::Deny(deny) => deny.failures().any(|failure| failure.fault.code() == Code::Revoked),
        }
    }
}
