//! A public key as somebody spelled it.

use core::fmt;

use super::{Nkey, PublicKey, Role, did};
use crate::error::KeyFault;

/// A public key as it was spelled: as an nkey with its role, or as a DID.
///
/// Two spellings of one key are different values: compare [`Self::public_key`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelled {
    /// As an nkey.
    Nkey(Nkey),
    /// As a `did:key`.
    Did(PublicKey),
}

impl Spelled {
    /// Reads either spelling.
    ///
    /// # Errors
    /// [`KeyFault`] when the text is neither.
    pub fn parse(text: &str) -> Result<Self, KeyFault> {
        if text.starts_with("did:") { did::parse(text).map(Self::Did) } else { Nkey::parse(text).map(Self::Nkey) }
    }

    /// Returns the key, which is what comparisons use.
    #[must_use]
    pub const fn public_key(&self) -> PublicKey {
        match self {
            Self::Nkey(nkey) => nkey.public_key(),
            Self::Did(key) => *key,
        }
    }
}

impl Spelled {
    /// Returns it as an nkey, if it is spelled as one.
    #[must_use]
    pub const fn nkey(&self) -> Option<Nkey> {
        match self {
            Self::Nkey(nkey) => Some(*nkey),
            Self::Did(_) => None,
        }
    }

    /// Returns the role, if it is spelled with one.
    #[must_use]
    pub const fn role(&self) -> Option<Role> {
        match self {
            Self::Nkey(nkey) => Some(nkey.role()),
            Self::Did(_) => None,
        }
    }

    /// Returns what the key is for, in a word: its role, or for a DID, which has none, the algorithm.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Nkey(nkey) => nkey.role().word(),
            Self::Did(key) => key.algorithm(),
        }
    }

    /// Returns the first and last characters, for tables: enough to recognise, never to compare.
    #[must_use]
    pub fn short(&self) -> String {
        match self {
            Self::Nkey(nkey) => nkey.short(),
            Self::Did(key) => key.short(),
        }
    }
}

impl core::str::FromStr for Spelled {
    type Err = KeyFault;

    /// As [`Self::parse`].
    fn from_str(text: &str) -> Result<Self, KeyFault> {
        Self::parse(text)
    }
}

impl From<Nkey> for Spelled {
    fn from(nkey: Nkey) -> Self {
        Self::Nkey(nkey)
    }
}

impl PartialEq<PublicKey> for Spelled {
    fn eq(&self, key: &PublicKey) -> bool {
        self.public_key() == *key
    }
}

impl fmt::Display for Spelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nkey(nkey) => nkey.fmt(f),
            Self::Did(key) => key.fmt(f),
        }
    }
}
