//! Keys that exist in this process's memory and nowhere else.

use std::fmt;

use ed25519_dalek::VerifyingKey;
use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign};
use greatseal_core::issue::SigningRequest;
use greatseal_core::key::{PublicKey, RawKey};
use greatseal_core::limits::UCAN_BYTES;
use greatseal_core::signature::Signature;
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox};
use sha2::{Digest, Sha256, Sha512};
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
/// the signature itself, and this key signs thousands in a minute. In exchange the expanded key lies in
/// memory as long as it lives, and memory fails, or is made to. A bit that flips in a scalar at rest
/// gives signatures that betray the scalar bit by bit, whatever the messages ("Jolt", Mus et al. 2022).
/// So the digest of the key as it was drawn is kept beside it, and compared after each signature and
/// before that is returned: a key that has changed never signs anything that leaves.
///
/// What happens within the arithmetic itself and leaves the key as it was is not found here. It makes a
/// signature that nobody accepts, and whoever joins it to a token finds out by verifying
/// ([`Unsigned::finish`](greatseal_core::issue::Unsigned::finish)), as wallets do. Where nobody verifies,
/// it gives away about a bit of the scalar; but only as long as no message is signed twice. Of two
/// signatures over one message, one right and one wrong, the whole scalar can be computed.
pub struct RunningKey {
    secret: Box<ExpandedSecretKey>,
    public: VerifyingKey,
    drawn: Zeroizing<[u8; 32]>,
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
        let (secret, public) = expanded(&seed);
        let drawn = digest(&secret, &public);
        wipe_stack::<SIGNING_STACK>();
        Ok(Self { secret, public, drawn })
    }

    /// Returns the public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey::Ed25519(RawKey::new(self.public.to_bytes()))
    }

    /// Says whether the key in memory is still the one that was drawn. One that is not never signs
    /// again, and its owner draws another.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        let now = digest(&self.secret, &self.public);
        wipe_stack::<SIGNING_STACK>();
        now == self.drawn
    }

    /// Has a request signed, on the same terms as [`sign`](crate::sign()): a parsed statement of a known
    /// kind, for this key. The signature is by the key as it was drawn; it is not verified.
    ///
    /// Whoever does not verify the result must not have one message signed twice: a fault in one of two
    /// signatures over one message gives the scalar away to whoever sees both. Messages that hold a
    /// nonce are never the same twice.
    ///
    /// There is nobody to wait for, so there is no deadline.
    ///
    /// # Errors
    /// [`CustodyFault::Kind`], [`CustodyFault::Signer`] or [`CustodyFault::TooLarge`] before anything
    /// is signed; [`CustodyFault::Memory`] when the key has changed in memory.
    pub fn sign(&self, request: &SigningRequest) -> Result<Signature, CustodyFault> {
        custodian::admit(request, self.public_key(), UCAN_BYTES)?;
        let signature = signed(&self.secret, &self.public, request.message());
        // After it was used: whatever changed before or meanwhile, and stayed so, is found. And the stack is wiped.
        if self.is_intact() { Ok(Signature::new(signature)) } else { Err(CustodyFault::Memory) }
    }
}

/// A frame of its own, so that the wiping that follows lies over it.
#[inline(never)]
fn expanded(seed: &SecretBox<[u8; 32]>) -> (Box<ExpandedSecretKey>, VerifyingKey) {
    let key = Box::new(ExpandedSecretKey::from(seed.expose_secret()));
    let public = VerifyingKey::from(&*key);
    (key, public)
}

/// As [`expanded`].
#[inline(never)]
fn signed(secret: &ExpandedSecretKey, public: &VerifyingKey, message: &[u8]) -> [u8; 64] {
    raw_sign::<Sha512>(secret, message, public).to_bytes()
}

/// Digests all that a signature depends on besides the message. As [`expanded`]: hashing leaves copies, too.
#[inline(never)]
fn digest(secret: &ExpandedSecretKey, public: &VerifyingKey) -> Zeroizing<[u8; 32]> {
    let parts = Sha256::new().chain_update(secret.scalar.as_bytes()).chain_update(secret.hash_prefix);
    Zeroizing::new(parts.chain_update(public.as_bytes()).finalize().into())
}

impl fmt::Debug for RunningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RunningKey({}, …)", self.public_key())
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

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
            for secret in [key.secret.scalar.as_bytes(), &key.secret.hash_prefix, &key.drawn] {
                for part in [&secret[..16], &secret[16..]] {
                    assert!(!shown.contains(&data_encoding::HEXLOWER.encode(part)));
                    assert!(!shown.contains(&data_encoding::BASE64.encode(part)[..20]));
                }
            }
        }
    }

    #[test]
    fn whatever_changes_in_it_is_noticed() {
        let whole = || {
            let key = RunningKey::generate().unwrap();
            assert!(key.is_intact());
            key
        };
        for at in 0..256 {
            let (byte, bit) = (at / 8, 1 << (at % 8));
            let mut key = whole();
            key.secret.hash_prefix[byte] ^= bit;
            assert!(!key.is_intact(), "prefix, bit {at}");
            let mut key = whole();
            let mut scalar = key.secret.scalar.to_bytes();
            scalar[byte] ^= bit;
            // As it is read back: bits beyond the order are reduced away, and give another scalar all the same.
            key.secret.scalar = curve25519_dalek::Scalar::from_bytes_mod_order(scalar);
            assert!(!key.is_intact(), "scalar, bit {at}");
            let mut key = whole();
            key.drawn[byte] ^= bit;
            assert!(!key.is_intact(), "digest, bit {at}");
        }
        let mut key = whole();
        key.public = SigningKey::from_bytes(&[7; 32]).verifying_key();
        assert!(!key.is_intact());
    }
}
