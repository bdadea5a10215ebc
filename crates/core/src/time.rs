//! Instants and validity windows, in whole seconds since 1970-01-01T00:00:00Z.

use core::fmt;

use crate::error::TimeFault;

/// An instant in whole seconds since the Unix epoch; never read from a clock in this room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// Takes seconds since the epoch.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Returns seconds since the epoch.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// Returns the instant so many seconds later, at most the last one there is.
    #[must_use]
    pub const fn plus(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// When a statement speaks: from `not_before` on, and until just before `expires`.
///
/// wascap: valid while `nbf <= now < exp`; an absent bound does not bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validity {
    /// First second of validity.
    pub not_before: Option<Timestamp>,
    /// First second after validity.
    pub expires: Option<Timestamp>,
}

impl Validity {
    /// Judges the window at `now`.
    ///
    /// # Errors
    /// [`TimeFault::Early`] before it, [`TimeFault::Expired`] after it; a window that is both
    /// (it ends before it begins) is expired.
    pub fn check(&self, now: Timestamp) -> Result<(), TimeFault> {
        match (self.not_before, self.expires) {
            (_, Some(expired)) if now >= expired => Err(TimeFault::Expired { expired, now }),
            (Some(from), _) if now < from => Err(TimeFault::Early { from, now }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_half_open() {
        let at = Timestamp::from_secs;
        let window = Validity { not_before: Some(at(10)), expires: Some(at(20)) };
        assert_eq!(window.check(at(9)), Err(TimeFault::Early { from: at(10), now: at(9) }));
        assert_eq!(window.check(at(10)), Ok(()));
        assert_eq!(window.check(at(19)), Ok(()));
        assert_eq!(window.check(at(20)), Err(TimeFault::Expired { expired: at(20), now: at(20) }));
        assert_eq!(Validity::default().check(at(u64::MAX)), Ok(()));
    }
}
