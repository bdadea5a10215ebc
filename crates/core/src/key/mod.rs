//! Public keys: raw, as nkeys with a role, and as `did:key`.
//!
//! The same 32 bytes can be spelled under several roles and as a DID, so every comparison in the
//! rules is one of [`RawKey`], never of text.

pub mod did;
pub mod nkey;
mod role;
mod spelled;

use core::cmp::Ordering;
use core::fmt;
use core::marker::PhantomData;

pub use nkey::Nkey;
pub use role::{Account, Cluster, Host, KeyRole, Module, Operator, Provider, Role, User};
pub use spelled::Spelled;

use crate::error::KeyFault;

/// The 32 bytes of an Ed25519 public key (RFC 8032 section 5.1.2), not yet known to be a point.
///
/// Public, so compared in variable time; ordered bytewise so that sets can be sorted.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RawKey([u8; 32]);

impl Ord for RawKey {
    fn cmp(&self, other: &Self) -> Ordering {
        // Eight bytes as one number nearly always tell two keys apart, without a call.
        let head = |key: &Self| key.0.first_chunk().map_or(0, |head| u64::from_be_bytes(*head));
        head(self).cmp(&head(other)).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for RawKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl RawKey {
    /// Takes the bytes as they are; [`crate::ed25519`] refuses weak ones when they verify.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for RawKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawKey({})", data_encoding::HEXLOWER.encode(&self.0))
    }
}

/// The 33 bytes of a compressed point (SEC 1 section 2.3.3), not yet known to be one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EcKey([u8; 33]);

impl EcKey {
    /// Takes the bytes as they are; [`crate::ecdsa`] refuses what is no point when it verifies.
    #[must_use]
    pub const fn new(bytes: [u8; 33]) -> Self {
        Self(bytes)
    }

    /// Returns the 33 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 33] {
        &self.0
    }
}

impl fmt::Debug for EcKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EcKey({})", data_encoding::HEXLOWER.encode(&self.0))
    }
}

/// A public key together with its algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PublicKey {
    /// Ed25519, judged by the criterion of [`crate::ed25519`].
    Ed25519(RawKey),
    /// ECDSA over P-256 with SHA-256, in UCANs.
    P256(EcKey),
    /// ECDSA over secp256k1 with SHA-256, in UCANs.
    Secp256k1(EcKey),
}

impl PublicKey {
    /// Returns the 32 bytes if the key is of the one algorithm that nkeys have.
    #[must_use]
    pub const fn ed25519(&self) -> Option<&RawKey> {
        match self {
            Self::Ed25519(raw) => Some(raw),
            Self::P256(_) | Self::Secp256k1(_) => None,
        }
    }

    /// Returns the bytes of the key, 32 or 33.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Ed25519(raw) => raw.as_bytes(),
            Self::P256(key) | Self::Secp256k1(key) => key.as_bytes(),
        }
    }

    /// Returns the first and last characters of the DID, for tables: enough to recognise, never to compare.
    #[must_use]
    pub fn short(&self) -> String {
        let text = did::encode(self);
        let head = text.get(..14).unwrap_or(&text);
        let tail = text.len().checked_sub(5).and_then(|start| text.get(start..)).unwrap_or_default();
        format!("{head}…{tail}")
    }

    /// Returns the algorithm's name.
    #[must_use]
    pub const fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "Ed25519",
            Self::P256(_) => "P-256",
            Self::Secp256k1(_) => "secp256k1",
        }
    }
}

impl fmt::Display for PublicKey {
    /// Writes the key as `did:key`, the spelling that carries no role.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&did::encode(self))
    }
}

/// A public key that can only stand where its role belongs.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key<R> {
    raw: RawKey,
    role: PhantomData<R>,
}

// Derived `Copy` would ask it of the marker.
impl<R> Clone for Key<R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<R> Copy for Key<R> {}

impl<R: KeyRole> Key<R> {
    /// Gives the raw key the role `R`.
    #[must_use]
    pub const fn new(raw: RawKey) -> Self {
        Self { raw, role: PhantomData }
    }

    /// Reads nkey text and insists on the role.
    ///
    /// # Errors
    /// [`KeyFault`] when the text is no nkey, or one of another role.
    pub fn parse(text: &str) -> Result<Self, KeyFault> {
        Self::try_from(Nkey::parse(text)?)
    }

    /// Returns the 32 bytes that comparisons use.
    #[must_use]
    pub const fn raw(&self) -> &RawKey {
        &self.raw
    }

    /// Returns the key with its role as a value.
    #[must_use]
    pub const fn nkey(&self) -> Nkey {
        Nkey::new(R::ROLE, self.raw)
    }
}

impl<R: KeyRole> TryFrom<Nkey> for Key<R> {
    type Error = KeyFault;

    fn try_from(nkey: Nkey) -> Result<Self, KeyFault> {
        if nkey.role() == R::ROLE {
            Ok(Self::new(*nkey.raw()))
        } else {
            Err(KeyFault::Role { expected: R::ROLE, found: nkey })
        }
    }
}

impl<R: KeyRole> fmt::Display for Key<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.nkey().fmt(f)
    }
}

impl<R: KeyRole> fmt::Debug for Key<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.nkey())
    }
}
