//! Deeds: the statements of Greatseal's own that support a token or take something back.
//!
//! They name tokens by statement id, so they hold for tokens of every family. They do not expire
//! (rule 2 of succession). How they are written is `greatseal-token`'s.

use crate::key::{PublicKey, Spelled};
use crate::log::LogRoot;
use crate::statement::{Family, Grant, Statement, StatementId};
use crate::time::{Timestamp, Validity};

/// A deed: who says it, when, and what.
#[derive(Clone, Debug)]
pub struct Deed {
    /// The key that signs.
    pub signer: Spelled,
    /// `jti`: tells deeds of one second apart, and proves nothing.
    pub id: String,
    /// When the signer says it was made.
    pub issued_at: Timestamp,
    /// What it says.
    pub act: Act,
}

/// What a deed says.
#[derive(Clone, Debug)]
pub enum Act {
    /// This operator token may succeed the one before it (rule 2).
    Endorse(StatementId),
    /// This listing or module is mine (rules 9 and 10).
    Countersign(StatementId),
    /// This no longer holds (rules 12 to 14).
    Revoke(Revocation),
}

/// What is taken back, and what survives.
#[derive(Clone, Debug)]
pub struct Revocation {
    /// What is taken back.
    pub target: Target,
    /// What is proven inside this log survives (rule 14); without one nothing does.
    pub survivors: Option<Survivors>,
}

/// What a revocation takes back.
#[derive(Clone, Debug)]
pub enum Target {
    /// One statement.
    Statement(StatementId),
    /// Whatever one key said about another: a listing, a delegation.
    Edge {
        /// Who said it.
        issuer: Spelled,
        /// About whom.
        subject: Spelled,
    },
    /// Whatever a key signed.
    Key(Spelled),
}

/// A log at one size (RFC 6962 section 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Survivors {
    /// How many entries it had.
    pub size: u64,
    /// The hash of the tree over them.
    pub root: LogRoot,
}

impl Act {
    /// Returns the word for this kind of deed.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Endorse(_) => "endorsement",
            Self::Countersign(_) => "countersignature",
            Self::Revoke(_) => "revocation",
        }
    }
}

impl Statement for Deed {
    fn family(&self) -> Family {
        Family::Greatseal
    }

    fn signer(&self) -> PublicKey {
        self.signer.public_key()
    }

    fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    fn validity(&self) -> Validity {
        Validity::default()
    }

    fn grant(&self) -> Grant<'_> {
        Grant::Nothing { what: self.act.word() }
    }
}
