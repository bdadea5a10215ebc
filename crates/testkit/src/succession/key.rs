//! Keys by name: two spellings of one raw key are one key.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// What a key is for. The file says so, because two of the roles share a letter in real keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Role {
    /// `I`: an operator's identity, or its next one.
    #[serde(rename = "I")]
    OperatorIdentity,
    /// `S`: signs for an operator.
    #[serde(rename = "S")]
    OperatorSigner,
    /// `A`: an account's identity.
    #[serde(rename = "A")]
    AccountIdentity,
    /// `a`: signs for an account.
    #[serde(rename = "a")]
    AccountSigner,
    /// `M`: a module's own key.
    #[serde(rename = "M")]
    Module,
}

/// A key as somebody spelled it. Two spellings of one raw key are equal.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Key(pub String);

impl Key {
    /// Returns the raw key, whatever the spelling.
    #[must_use]
    pub fn raw(&self) -> &str {
        self.0.strip_prefix("did:").unwrap_or(&self.0)
    }
}

impl From<&str> for Key {
    fn from(spelled: &str) -> Self {
        Self(spelled.to_owned())
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.raw() == other.raw()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.raw().cmp(other.raw())
    }
}
