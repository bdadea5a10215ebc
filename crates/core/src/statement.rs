//! What every statement has, whatever its format, and the table of everything that is ever signed.

use core::fmt;

use sha2::{Digest, Sha256};

use crate::key::{Account, Key, Nkey, Operator, PublicKey};
use crate::time::{Timestamp, Validity};

/// SHA-256 over the exact signed bytes: signatures can be rewritten, statements cannot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatementId([u8; 32]);

impl StatementId {
    /// Hashes the signed bytes.
    #[must_use]
    pub fn of(signed: &[u8]) -> Self {
        Self(Sha256::digest(signed).into())
    }

    /// Returns the 32 bytes of the digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for StatementId {
    /// Writes 64 lower-case hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for StatementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StatementId({self})")
    }
}

/// A family of tokens that share their rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Operators, accounts, modules and providers of wasmCloud.
    Wascap,
}

impl Family {
    /// Returns the word used in answers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Wascap => "wascap",
        }
    }
}

/// Claims that somebody signs.
pub trait Statement {
    /// Returns the family whose rules apply.
    fn family(&self) -> Family;
    /// Returns the key under which the signature has to verify.
    fn signer(&self) -> PublicKey;
    /// Returns the instant the issuer says it was made.
    fn issued_at(&self) -> Timestamp;
    /// Returns when it speaks.
    fn validity(&self) -> Validity;
    /// Returns what it says in the words of the rules.
    fn grant(&self) -> Grant<'_>;
}

/// What a statement says about who may speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant<'a> {
    /// An operator names its signing keys.
    Operator {
        /// The key that signed.
        issuer: Nkey,
        /// The operator's identity.
        subject: Key<Operator>,
        /// The signing keys it lists.
        signers: &'a [Key<Operator>],
    },
    /// An operator makes an account and names the account's signing keys.
    Account {
        /// The key that signed.
        issuer: Nkey,
        /// The account's identity.
        subject: Key<Account>,
        /// The signing keys it lists.
        signers: &'a [Key<Account>],
    },
    /// An account vouches for code: a module or a provider.
    Code {
        /// The key that signed.
        issuer: Nkey,
        /// The identity of the code.
        subject: Nkey,
    },
    /// A statement that no rule derives authority from (clusters, hosts, invocations).
    Nothing {
        /// The word for it.
        what: &'static str,
    },
}

/// Every kind of bytes that a key of ours may sign, one row each.
///
/// A row is recognised by how its bytes begin, and no beginning is the beginning of another, so
/// no signature can be read as one over something else. Custody refuses bytes of no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A wascap token: the base64url of `{"typ":"jwt","alg":"Ed25519"}` and a dot.
    WascapToken,
}

impl Kind {
    /// Every row.
    pub const ALL: [Self; 1] = [Self::WascapToken];

    /// Returns how the signed bytes of this kind begin.
    #[must_use]
    pub const fn prefix(self) -> &'static [u8] {
        match self {
            Self::WascapToken => b"eyJ0eXAiOiJqd3QiLCJhbGciOiJFZDI1NTE5In0.",
        }
    }

    /// Returns the words shown to whoever is asked to sign.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::WascapToken => "wascap token",
        }
    }

    /// Recognises bytes that are about to be signed.
    #[must_use]
    pub fn of(message: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| message.starts_with(kind.prefix()))
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn no_kind_can_be_read_as_another() {
        for a in Kind::ALL {
            assert_eq!(Kind::of(a.prefix()), Some(a));
            for b in Kind::ALL {
                assert!(a == b || !a.prefix().starts_with(b.prefix()));
            }
        }
        assert_eq!(Kind::of(b"anything else"), None);
    }
}
