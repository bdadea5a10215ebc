//! Instants, and the window in which a token is valid.

use serde::{Deserialize, Serialize};

/// An instant, in whole milliseconds.
///
/// The file has decimal days. Rounding them to milliseconds makes "400 days" and "five minutes" exact,
/// so a history can stand on the boundary itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(from = "f64", into = "f64")]
pub struct Time(pub i64);

impl Time {
    /// One second.
    pub const SECOND: i64 = 1000;
    /// One day.
    pub const DAY: i64 = 86_400 * Self::SECOND;

    /// Returns the instant so many whole days after the start.
    #[must_use]
    pub const fn days(days: i64) -> Self {
        Self(days.saturating_mul(Self::DAY))
    }

    /// Returns the instant so many milliseconds later.
    #[must_use]
    pub const fn plus(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }
}

impl From<f64> for Time {
    fn from(days: f64) -> Self {
        // `as` stops at the ends of i64, far beyond any date.
        Self((days * Self::DAY as f64).round() as i64)
    }
}

impl From<Time> for f64 {
    fn from(time: Time) -> Self {
        time.0 as Self / Time::DAY as Self
    }
}

/// When a token was made and when it is valid: `nbf <= now < exp`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct Times {
    /// Made, so it says.
    #[serde(default)]
    pub iat: Option<Time>,
    /// Valid from.
    #[serde(default)]
    pub nbf: Option<Time>,
    /// Valid until.
    #[serde(default)]
    pub exp: Option<Time>,
}

impl Times {
    /// Says whether it is not valid yet.
    #[must_use]
    pub fn early(&self, now: Time) -> bool {
        self.nbf.is_some_and(|nbf| now < nbf)
    }

    /// Says whether it is valid no more.
    #[must_use]
    pub fn expired(&self, now: Time) -> bool {
        self.exp.is_some_and(|exp| now >= exp)
    }
}
