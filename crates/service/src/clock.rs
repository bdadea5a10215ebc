//! The one place of this room that knows what time it is.

use std::time::{SystemTime, UNIX_EPOCH};

use greatseal_core::Timestamp;

/// Something that tells the time, in whole seconds since the epoch.
pub trait Clock: Send + Sync {
    /// Returns the instant.
    fn now(&self) -> Timestamp;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        instant(SystemTime::now())
    }
}

/// What a clock before 1970 counts as: the end of time, at which everything that ever expires is
/// refused. At the beginning of time nothing would be too old, and no rule of UCANs refuses what was
/// made in the future.
pub(crate) const NO_TIME: Timestamp = Timestamp::from_secs(u64::MAX);

/// Takes the system's time.
fn instant(time: SystemTime) -> Timestamp {
    time.duration_since(UNIX_EPOCH).map_or(NO_TIME, |since| Timestamp::from_secs(since.as_secs()))
}

/// Any function can stand for a clock, as in tests.
impl<F: Fn() -> Timestamp + Send + Sync> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;

    #[test]
    fn a_clock_before_1970_makes_nothing_young_again() {
        let before = UNIX_EPOCH - Duration::from_nanos(1);
        assert_eq!(instant(before), NO_TIME);
        assert_eq!(instant(UNIX_EPOCH), Timestamp::from_secs(0));
        assert_eq!(instant(UNIX_EPOCH + Duration::from_millis(1_999)), Timestamp::from_secs(1));
    }
}
