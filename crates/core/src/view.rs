//! Policy, anchors and `now` as one value, so that no two halves of a check can differ in them.

use crate::anchor::Anchor;
use crate::error::TimeFault;
use crate::limits::CLOCK_SKEW_SECONDS;
use crate::policy::Policy;
use crate::statement::Statement;
use crate::time::Timestamp;

/// From where a decision is taken; it travels through every stage.
#[derive(Clone, Debug)]
pub struct View {
    policy: Policy,
    anchors: Vec<Anchor>,
    now: Timestamp,
}

impl View {
    /// Joins policy, anchors and the instant; without an anchor everything is denied.
    #[must_use]
    pub const fn new(policy: Policy, anchors: Vec<Anchor>, now: Timestamp) -> Self {
        Self { policy, anchors, now }
    }

    /// Returns the policy.
    #[must_use]
    pub const fn policy(&self) -> Policy {
        self.policy
    }

    /// Returns what is trusted.
    #[must_use]
    pub fn anchors(&self) -> &[Anchor] {
        &self.anchors
    }

    /// Returns the instant of the decision.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Says how a statement stands at `now`.
    #[must_use]
    pub fn standing<T: Statement>(&self, content: &T) -> Standing {
        let issued_at = content.issued_at();
        if issued_at > self.now.plus(CLOCK_SKEW_SECONDS) {
            return Standing::Absent(TimeFault::IssuedAhead { issued_at, now: self.now });
        }
        let validity = content.validity();
        // Only what would speak but for its expiry replaces anything; before `nbf` that is not so,
        // even in a window that ends before it begins.
        let begun = validity.not_before.is_none_or(|from| from <= self.now);
        match validity.check(self.now) {
            Ok(()) => Standing::Current,
            Err(fault @ TimeFault::Expired { .. }) if begun => Standing::Expired(fault),
            Err(fault) => Standing::Absent(fault),
        }
    }
}

/// How a statement stands in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It speaks.
    Current,
    /// It no longer speaks, but what it replaced stays replaced.
    Expired(TimeFault),
    /// It does not speak yet, or claims to come from the future: it is as if it were not there.
    Absent(TimeFault),
}

impl Standing {
    /// Returns the fault that keeps the statement from speaking, if any.
    #[must_use]
    pub const fn fault(&self) -> Option<TimeFault> {
        match self {
            Self::Current => None,
            Self::Expired(fault) | Self::Absent(fault) => Some(*fault),
        }
    }
}
