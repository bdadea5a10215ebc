//! One bare signature, to measure others against.

use std::fmt;

use ed25519_dalek::VerifyingKey;
use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign};
use greatseal_core::issue::SigningRequest;
use greatseal_core::key::{PublicKey, RawKey};
use greatseal_core::signature::Signature;
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox};
use sha2::Sha512;

use crate::fault::CustodyFault;

/// A key that is drawn to measure what one signature in memory costs, and nothing around it.
///
/// Its seed is expanded once, and nothing is checked, verified or wiped at a signature. So it is no
/// custody: it is in no table, nothing is ever delegated to it, and it is gone when it was measured.
pub struct BareKey {
    key: Box<ExpandedSecretKey>,
    public: VerifyingKey,
}

impl BareKey {
    /// Draws a key from the system's randomness.
    ///
    /// # Errors
    /// [`CustodyFault::Randomness`] when the system has none.
    pub fn draw() -> Result<Self, CustodyFault> {
        let mut secret = SecretBox::<[u8; 32]>::default();
        getrandom::fill(secret.expose_secret_mut())
            .map_err(|error| CustodyFault::Randomness { message: error.to_string() })?;
        let key = Box::new(ExpandedSecretKey::from(secret.expose_secret()));
        let public = VerifyingKey::from(&*key);
        Ok(Self { key, public })
    }

    /// Returns the public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey::Ed25519(RawKey::new(self.public.to_bytes()))
    }

    /// Signs the bytes of a request, and does nothing else.
    #[must_use]
    pub fn sign(&self, request: &SigningRequest) -> Signature {
        Signature::new(raw_sign::<Sha512>(&self.key, request.message(), &self.public).to_bytes())
    }
}

impl fmt::Debug for BareKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BareKey({}, …)", self.public_key())
    }
}
