//! What a verifier's owner chose to trust.

use core::fmt;

use crate::key::{Account, Key, Nkey, Operator};
use crate::statement::StatementId;

/// One thing that is trusted; everything else has to be derived from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// An operator's identity key: its newest self-issued token speaks.
    Operator(Key<Operator>),
    /// An account's key: it issues by itself, and operators play no part.
    Account(Key<Account>),
    /// Exactly one operator token.
    OperatorToken {
        /// Which token.
        id: StatementId,
        /// Whose token, for messages.
        subject: Key<Operator>,
    },
    /// Exactly one account token: it speaks with its listing, and operators play no part.
    AccountToken {
        /// Which token.
        id: StatementId,
        /// Whose token, for messages.
        subject: Key<Account>,
    },
}

impl Anchor {
    /// Returns the key that is trusted or whose token is.
    #[must_use]
    pub const fn subject(&self) -> Nkey {
        match self {
            Self::Operator(key) => key.nkey(),
            Self::Account(key) => key.nkey(),
            Self::OperatorToken { subject, .. } => subject.nkey(),
            Self::AccountToken { subject, .. } => subject.nkey(),
        }
    }

    /// Says how trust is anchored.
    #[must_use]
    pub const fn anchored(&self) -> Anchored {
        match self {
            Self::Operator(_) | Self::Account(_) => Anchored::Key,
            Self::OperatorToken { .. } | Self::AccountToken { .. } => Anchored::Token,
        }
    }
}

/// Whether trust rests on a bare key or on a pinned token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchored {
    /// A bare key: whoever steals it speaks.
    Key,
    /// A pinned token.
    Token,
}

impl Anchored {
    /// Returns the word used in answers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Token => "token",
        }
    }
}

impl fmt::Display for Anchored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
