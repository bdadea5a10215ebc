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
    /// A clock before 1970 counts as the epoch, at which nothing that expires is too old and
    /// everything that was made is from the future: it is refused.
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }
}

/// Any function can stand for a clock, as in tests.
impl<F: Fn() -> Timestamp + Send + Sync> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}
