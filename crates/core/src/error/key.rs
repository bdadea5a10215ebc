//! What is wrong with a key's text.

use thiserror::Error;

use crate::code::Code;
use crate::key::{Nkey, Role};

/// A text is no key, or one of another role.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyFault {
    /// Of another length than 56 characters.
    #[error("an nkey has 56 characters, this has {found} bytes")]
    Length {
        /// Bytes of the text.
        found: usize,
    },
    /// A character outside upper-case base32.
    #[error("an nkey has upper-case letters and the digits 2 to 7 only")]
    Alphabet,
    /// A prefix byte that is no role.
    #[error("the prefix byte {found} is no role")]
    Prefix {
        /// The byte.
        found: u8,
    },
    /// A checksum that does not fit.
    #[error("the checksum does not fit: a character was changed or lost")]
    Checksum,
    /// A private seed, which must not be shown again.
    #[error("this is a private seed, not a public key; do not paste it anywhere")]
    Seed,
    /// No `did:key` in base58btc.
    #[error("this is no did:key in base58btc")]
    Did,
    /// A `did:key` of an algorithm that is not supported.
    #[error("this did:key is not an Ed25519, P-256 or secp256k1 key")]
    DidAlgorithm,
    /// A good nkey of another role.
    #[error("a key of role {expected} belongs here, {found} is a key of role {}", found.role())]
    Role {
        /// The role that belongs here.
        expected: Role,
        /// The key that stands here.
        found: Nkey,
    },
}

impl KeyFault {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Role { .. } => Code::KeyRole,
            Self::Length { .. }
            | Self::Alphabet
            | Self::Prefix { .. }
            | Self::Checksum
            | Self::Seed
            | Self::Did
            | Self::DidAlgorithm => Code::KeyMalformed,
        }
    }
}
