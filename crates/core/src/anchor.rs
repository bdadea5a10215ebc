//! What a verifier's owner chose to trust.

use core::fmt;

use crate::key::{Account, Key, Operator, PublicKey, RawKey, Spelled};
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
    /// A root of UCANs: every capability of which it is the subject.
    Root(PublicKey),
    /// Each UCAN's own subject: a named choice that trusts nobody in particular.
    Subject,
}

impl Anchor {
    /// Returns the key that is trusted or whose token is; none where it is each token's own subject.
    #[must_use]
    pub const fn subject(&self) -> Option<Spelled> {
        match self {
            Self::Operator(key) => Some(Spelled::Nkey(key.nkey())),
            Self::Account(key) => Some(Spelled::Nkey(key.nkey())),
            Self::OperatorToken { subject, .. } => Some(Spelled::Nkey(subject.nkey())),
            Self::AccountToken { subject, .. } => Some(Spelled::Nkey(subject.nkey())),
            Self::Root(key) => Some(Spelled::Did(*key)),
            Self::Subject => None,
        }
    }

    /// Returns the root of UCANs that is trusted, if it is one.
    #[must_use]
    pub const fn root(&self) -> Option<PublicKey> {
        match self {
            Self::Root(key) => Some(*key),
            Self::Operator(_)
            | Self::Account(_)
            | Self::OperatorToken { .. }
            | Self::AccountToken { .. }
            | Self::Subject => None,
        }
    }

    /// Returns the key that is trusted or whose token is, where nkeys can spell it.
    pub(crate) fn raw(&self) -> Option<RawKey> {
        self.subject()?.public_key().ed25519().copied()
    }

    /// Says how trust is anchored.
    #[must_use]
    pub const fn anchored(&self) -> Anchored {
        match self {
            Self::Operator(_) | Self::Account(_) | Self::Root(_) => Anchored::Key,
            Self::Subject => Anchored::Subject,
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
    /// The subject of the UCAN itself, whoever that is.
    Subject,
}

impl Anchored {
    /// Returns the word used in answers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Token => "token",
            Self::Subject => "subject",
        }
    }
}

impl fmt::Display for Anchored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
