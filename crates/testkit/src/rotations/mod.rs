//! What a rotation and a theft cost, counted on real tokens: services that delegate to each other,
//! against one root with stable identities.
//!
//! Every token is issued and every call is judged by the real verifier. After each event the call
//! graph has to be whole again and the thief shut out, or there is no report. The page that tells
//! the assumptions is `docs/rotations.md`.
#![allow(clippy::indexing_slicing, reason = "services are counted, and every index comes from that count")]

mod calls;
mod event;
mod graph;
mod issue;
mod plot;
mod report;
mod thief;
mod world;

pub use plot::plot;
pub use report::{Cost, Report, Row};

/// How many services are compared.
pub const SIZES: [usize; 3] = [10, 50, 200];

/// How many others each service calls.
pub const CALLS: usize = 5;

/// Which calls are judged again after each event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// Every call of the graph.
    Every,
    /// Those that something has changed for; the counts are the same.
    Changed,
}

/// How the services are arranged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrangement {
    /// Each service is one key, and delegates to whoever calls it.
    Direct,
    /// Root, signing principal, identity, running key; one grant for all calls of a service, which
    /// its policy narrows to the services that it calls.
    Stable,
    /// The same with one grant for each service that is called, each under a command of its own.
    StablePerCallee,
}

impl Arrangement {
    /// Every arrangement.
    pub const ALL: [Self; 3] = [Self::Direct, Self::Stable, Self::StablePerCallee];

    /// Returns the word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Direct => "service to service",
            Self::Stable => "stable identities",
            Self::StablePerCallee => "stable identities, a command for each callee",
        }
    }

    /// Returns the name that programs read.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Stable => "stable",
            Self::StablePerCallee => "stable-per-callee",
        }
    }

    /// Returns what can happen to it.
    #[must_use]
    pub const fn events(self) -> &'static [Event] {
        match self {
            Self::Direct => &[Event::Rotation, Event::Theft],
            Self::Stable | Self::StablePerCallee => {
                &[Event::Rotation, Event::Theft, Event::IdentityTheft, Event::SigningTheft]
            }
        }
    }
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The production key of one service is replaced on schedule.
    Rotation,
    /// The production key of one service is stolen.
    Theft,
    /// The identity key of one service is stolen or lost.
    IdentityTheft,
    /// The signing principal is stolen or lost.
    SigningTheft,
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 4] = [Self::Rotation, Self::Theft, Self::IdentityTheft, Self::SigningTheft];

    /// Returns the words for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rotation => "scheduled rotation",
            Self::Theft => "production key stolen",
            Self::IdentityTheft => "identity stolen",
            Self::SigningTheft => "signing principal stolen",
        }
    }

    /// Returns the name that programs read.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rotation => "rotation",
            Self::Theft => "theft",
            Self::IdentityTheft => "identity-theft",
            Self::SigningTheft => "signing-theft",
        }
    }
}
