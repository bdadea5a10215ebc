//! Signatures of every algorithm: the one way from a public key to a verdict.

use crate::ecdsa;
use crate::ed25519::{self, Signed};
use crate::error::SignatureFault;
use crate::key::PublicKey;

/// Bytes of a signature, the same for every algorithm here.
pub const SIGNATURE_LENGTH: usize = 64;

/// The 64 bytes of a signature, not yet known to be good: R ‖ S of Ed25519, r ‖ s of ECDSA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature([u8; SIGNATURE_LENGTH]);

impl Signature {
    /// Takes the bytes as they are.
    #[must_use]
    pub const fn new(bytes: [u8; SIGNATURE_LENGTH]) -> Self {
        Self(bytes)
    }

    /// Returns the 64 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; SIGNATURE_LENGTH] {
        &self.0
    }

    /// Returns the first half: R or r.
    pub(crate) fn r(&self) -> &[u8; 32] {
        // The array has 64 bytes, so it has a first half.
        self.0.first_chunk::<32>().unwrap_or(&[0; 32])
    }
}

/// Judges one signature over the exact bytes of a message, by the algorithm of the key.
///
/// # Errors
/// [`SignatureFault::WeakKey`] for a key that is no point or that anybody could sign for, else
/// [`SignatureFault::Invalid`].
pub fn verify(key: &PublicKey, message: &[u8], signature: &Signature) -> Result<(), SignatureFault> {
    match key {
        PublicKey::Ed25519(key) => ed25519::verify(&Signed { key, message, signature }),
        PublicKey::P256(key) => ecdsa::verify_p256(key, message, signature),
        PublicKey::Secp256k1(key) => ecdsa::verify_secp256k1(key, message, signature),
    }
}
