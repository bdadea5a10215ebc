//! Keys that exist in this process's memory and nowhere else.

use std::fmt;

use ed25519_zebra::{SigningKey, VerificationKeyBytes};
use greatseal_core::issue::SigningRequest;
use greatseal_core::key::{PublicKey, RawKey};
use greatseal_core::limits::UCAN_BYTES;
use greatseal_core::signature::Signature;
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox};
use zeroize::Zeroizing;

use crate::custodian;
use crate::fault::CustodyFault;
use crate::wipe::{SIGNING_STACK, wipe_stack};

/// The running key of a service: drawn here, never written anywhere, gone with its owner.
///
/// It has no way out: no text, no bytes, no copy. What it may do is only what others delegate to
/// its public key, and when it is lost the service draws another. Wiped when dropped.
///
/// Its seed is expanded once, where key files expand theirs for each signature: that costs more than
/// the signature itself, and this key signs thousands in a minute. In exchange the expanded scalar
/// lies in memory as long as the key lives, so every signature is verified before it leaves. A flipped
/// bit in a scalar at rest gives signatures that betray it bit by bit, whatever the messages ("Jolt",
/// Mus et al. 2022): they must not be seen, and verifying is what finds them.
pub struct RunningKey {
    secret: SecretBox<SigningKey>,
    public: PublicKey,
}

impl RunningKey {
    /// Draws a new key from the system's randomness.
    ///
    /// # Errors
    /// [`CustodyFault::Randomness`] when the system has none.
    pub fn generate() -> Result<Self, CustodyFault> {
        let mut seed = SecretBox::<[u8; 32]>::default();
        getrandom::fill(seed.expose_secret_mut())
            .map_err(|error| CustodyFault::Randomness { message: error.to_string() })?;
        let secret = expanded(&seed);
        wipe_stack::<SIGNING_STACK>();
        let public = VerificationKeyBytes::from(secret.expose_secret()).into();
        Ok(Self { secret, public: PublicKey::Ed25519(RawKey::new(public)) })
    }

    /// Returns the public key.
    #[must_use]
    pub const fn public_key(&self) -> PublicKey {
        self.public
    }

    /// Has a request signed, on the same terms as [`sign`](crate::sign()): a parsed statement of a known
    /// kind, for this key, and verified before it is returned.
    ///
    /// There is nobody to wait for, so there is no deadline.
    ///
    /// # Errors
    /// [`CustodyFault::Kind`], [`CustodyFault::Signer`] or [`CustodyFault::TooLarge`] before anything
    /// is signed; [`CustodyFault::Result`] when the signature does not verify, as after a fault of
    /// the memory.
    pub fn sign(&self, request: &SigningRequest) -> Result<Signature, CustodyFault> {
        custodian::admit(request, self.public, UCAN_BYTES)?;
        let signature = signed(&self.secret, request.message());
        wipe_stack::<SIGNING_STACK>();
        custodian::accept(request, self.public, Signature::new(signature))
    }
}

/// A frame of its own, so that the wiping that follows lies over it.
#[inline(never)]
fn expanded(seed: &SecretBox<[u8; 32]>) -> SecretBox<SigningKey> {
    // `SigningKey` is `Copy`: what stays on the stack is wiped here, and what is in the box with its owner.
    let key = Zeroizing::new(SigningKey::from_bytes(seed.expose_secret()));
    SecretBox::new(Box::new(*key))
}

/// As [`expanded`].
#[inline(never)]
fn signed(secret: &SecretBox<SigningKey>, message: &[u8]) -> [u8; 64] {
    secret.expose_secret().sign(message).to_bytes()
}

impl fmt::Debug for RunningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RunningKey({}, …)", self.public)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn every_key_is_another() {
        let (first, second) = (RunningKey::generate().unwrap(), RunningKey::generate().unwrap());
        assert_ne!(first.public_key(), second.public_key());
    }

    #[test]
    fn nothing_prints_it() {
        let key = RunningKey::generate().unwrap();
        for shown in [format!("{key:?}"), format!("{key:#?}")] {
            assert_eq!(shown, format!("RunningKey({}, …)", key.public_key()));
            let secret: &[u8] = key.secret.expose_secret().as_ref();
            for part in [&secret[..16], &secret[16..]] {
                assert!(!shown.contains(&data_encoding::HEXLOWER.encode(part)));
                assert!(!shown.contains(&data_encoding::BASE64.encode(part)[..20]));
            }
        }
    }
}
