//! Invocations that were executed, remembered until nobody could replay them.
//!
//! They are known by statement id, because the bytes of a token and so its CID can be rewritten
//! by anybody where the signature is ECDSA. An invocation is remembered until
//! [`CLOCK_SKEW_SECONDS`] after its last second, so that a clock that is set back a little does not
//! make it new again.

mod file;

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use greatseal_core::error::DelegationFault;
use greatseal_core::limits::CLOCK_SKEW_SECONDS;
use greatseal_core::{StatementId, Timestamp};

pub use file::ReplayFile;

use crate::clock::NO_TIME;

/// A bounded set of invocations.
pub trait ReplayStore: Send + Sync {
    /// Enters an invocation that was allowed in every other respect; returns when it will not be
    /// forgotten any more, whatever happens to the process.
    ///
    /// # Errors
    /// [`DelegationFault::Replayed`] when it was entered before, [`DelegationFault::ReplayFull`]
    /// when no more can be remembered, [`DelegationFault::LookUp`] when it could not be made to
    /// last: all of them are refusals.
    fn enter(&self, id: StatementId, expires: Timestamp, now: Timestamp) -> Result<(), DelegationFault>;
}

/// What is remembered, by id and by the instant from which on it may be forgotten.
#[derive(Debug)]
struct Seen {
    limit: NonZeroUsize,
    until: HashMap<StatementId, Timestamp>,
    order: BTreeSet<(Timestamp, StatementId)>,
}

impl Seen {
    fn new(limit: NonZeroUsize) -> Self {
        Self { limit, until: HashMap::new(), order: BTreeSet::new() }
    }

    /// Enters an invocation, and forgets what may be forgotten.
    fn enter(&mut self, id: StatementId, expires: Timestamp, now: Timestamp) -> Result<(), DelegationFault> {
        if self.until.contains_key(&id) {
            return Err(DelegationFault::Replayed);
        }
        self.forget(now);
        let limit = self.limit.get();
        if self.until.len() >= limit {
            return Err(DelegationFault::ReplayFull { limit });
        }
        self.keep(id, expires);
        Ok(())
    }

    fn keep(&mut self, id: StatementId, expires: Timestamp) {
        let until = expires.plus(CLOCK_SKEW_SECONDS);
        self.until.insert(id, until);
        self.order.insert((until, id));
    }

    /// Takes back what was entered last and could not be made to last.
    fn undo(&mut self, id: StatementId) {
        if let Some(until) = self.until.remove(&id) {
            self.order.remove(&(until, id));
        }
    }

    fn forget(&mut self, now: Timestamp) {
        // What the clock says when it is out of order: by then everything would have lapsed, and
        // would be new again once the clock is set right.
        if now == NO_TIME {
            return;
        }
        while let Some((until, id)) = self.order.first().copied()
            && until < now
        {
            self.order.remove(&(until, id));
            self.until.remove(&id);
        }
    }
}

/// Remembers in memory: for tests, and for services that refuse whatever was made before they
/// started. A restart forgets, and so allows a replay.
#[derive(Debug)]
pub struct ReplayMemory(Mutex<Seen>);

impl ReplayMemory {
    /// Makes an empty set of at most `limit` invocations, about 150 bytes each.
    #[must_use]
    pub fn new(limit: NonZeroUsize) -> Self {
        Self(Mutex::new(Seen::new(limit)))
    }
}

impl ReplayStore for ReplayMemory {
    fn enter(&self, id: StatementId, expires: Timestamp, now: Timestamp) -> Result<(), DelegationFault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).enter(id, expires, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    fn id(text: &str) -> StatementId {
        StatementId::of(text.as_bytes())
    }

    #[test]
    fn it_is_remembered_until_nobody_could_replay_it() {
        let store = ReplayMemory::new(NonZeroUsize::MIN.saturating_add(9));
        assert_eq!(store.enter(id("a"), at(100), at(50)), Ok(()));
        for now in [50, 100, 101, 100 + CLOCK_SKEW_SECONDS] {
            assert_eq!(store.enter(id("a"), at(100), at(now)), Err(DelegationFault::Replayed), "{now}");
        }
    }

    #[test]
    fn a_full_set_refuses_until_something_lapses() {
        let store = ReplayMemory::new(NonZeroUsize::MIN.saturating_add(1));
        assert_eq!(store.enter(id("a"), at(100), at(50)), Ok(()));
        assert_eq!(store.enter(id("b"), at(200), at(50)), Ok(()));
        assert_eq!(store.enter(id("c"), at(300), at(50)), Err(DelegationFault::ReplayFull { limit: 2 }));
        assert_eq!(store.enter(id("a"), at(100), at(50)), Err(DelegationFault::Replayed));
        let later = at(101 + CLOCK_SKEW_SECONDS);
        assert_eq!(store.enter(id("c"), at(1000), later), Ok(()));
        assert_eq!(store.enter(id("d"), at(1000), later), Err(DelegationFault::ReplayFull { limit: 2 }));
    }
}
