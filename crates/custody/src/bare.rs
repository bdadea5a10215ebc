//! One bare signature, to measure others against.

use std::fmt;

use ed25519_zebra::{SigningKey, VerificationKeyBytes};
use greatseal_core::issue::SigningRequest;
use greatseal_core::key::{PublicKey, RawKey};
use greatseal_core::signature::Signature;
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox};
use zeroize::Zeroizing;

use crate::fault::CustodyFault;

/// A key that is drawn to measure what one signature in memory costs, and nothing around it.
///
/// Its seed is expanded once, and nothing is checked, verified or wiped at a signature. So it is no
/// custody: it is in no table, nothing is ever delegated to it, and it is gone when it was measured.
pub struct BareKey {
    key: Zeroizing<SigningKey>,
    public: PublicKey,
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
        let key = Zeroizing::new(SigningKey::from_bytes(secret.expose_secret()));
        let public = PublicKey::Ed25519(RawKey::new(VerificationKeyBytes::from(&*key).into()));
        Ok(Self { key, public })
    }

    /// Returns the public key.
    #[must_use]
    pub const fn public_key(&self) -> PublicKey {
        self.public
    }

    /// Signs the bytes of a request, and does nothing else.
    #[must_use]
    pub fn sign(&self, request: &SigningRequest) -> Signature {
        Signature::new(self.key.sign(request.message()).to_bytes())
    }
}

impl fmt::Debug for BareKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BareKey({}, …)", self.public)
    }
}
