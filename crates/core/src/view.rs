//! Policy, anchors and `now` as one value, so that no two halves of a check can differ in them.

use crate::anchor::Anchor;
use crate::error::TimeFault;
use crate::key::PublicKey;
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
    audience: Audience,
    separations: Vec<Separation>,
}

/// Whom UCANs have to be addressed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Audience {
    /// Nobody has said: then every UCAN is refused.
    #[default]
    Unset,
    /// Whomever: a named choice, for looking at tokens rather than executing them.
    Unchecked,
    /// This key, by raw bytes.
    Key(PublicKey),
}

/// The separation that the owner of a root mandates (DESIGN section 6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Separation {
    /// The root.
    pub root: PublicKey,
    /// To whom it may delegate; they delegate on with an expiry, and every delegation names its
    /// subject.
    pub signing: Vec<PublicKey>,
}

impl View {
    /// Joins policy, anchors and the instant; without an anchor everything is denied.
    #[must_use]
    pub const fn new(policy: Policy, anchors: Vec<Anchor>, now: Timestamp) -> Self {
        Self { policy, anchors, now, audience: Audience::Unset, separations: Vec::new() }
    }

    /// Says whom UCANs have to be addressed to.
    #[must_use]
    pub const fn addressed_to(mut self, audience: Audience) -> Self {
        self.audience = audience;
        self
    }

    /// Holds the chains of a root to its separation.
    #[must_use]
    pub fn mandating(mut self, separation: Separation) -> Self {
        self.separations.push(separation);
        self
    }

    /// Returns the same from another instant.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Self {
        Self { now, ..self.clone() }
    }

    /// Returns whom UCANs have to be addressed to.
    #[must_use]
    pub const fn audience(&self) -> Audience {
        self.audience
    }

    /// Returns the separations that are mandated for a root.
    pub fn separations(&self, root: PublicKey) -> impl Iterator<Item = &Separation> {
        self.separations.iter().filter(move |separation| separation.root == root)
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
