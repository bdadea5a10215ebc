//! ECDSA over P-256 and secp256k1 with SHA-256 (FIPS 186-5 section 6.4.2), as UCANs carry it.
//!
//! Both halves of the order are read, because peers write both: whoever sees r ‖ s can write
//! r ‖ n − s. A statement is therefore known by the digest of its signed bytes, and [`twin`] tells
//! the other spelling of a signature, so that a token is recognised in both.

use k256::ecdsa::signature::Verifier as _;

use crate::error::SignatureFault;
use crate::key::{EcKey, PublicKey};
use crate::signature::Signature;

/// Judges a signature by a P-256 key.
pub(crate) fn verify_p256(key: &EcKey, message: &[u8], signature: &Signature) -> Result<(), SignatureFault> {
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key.as_bytes()).map_err(|_| SignatureFault::WeakKey)?;
    let signature = p256::ecdsa::Signature::from_slice(signature.as_bytes()).map_err(|_| SignatureFault::Invalid)?;
    key.verify(message, &signature).map_err(|_| SignatureFault::Invalid)
}

/// Judges a signature by a secp256k1 key.
pub(crate) fn verify_secp256k1(key: &EcKey, message: &[u8], signature: &Signature) -> Result<(), SignatureFault> {
    let key = k256::ecdsa::VerifyingKey::from_sec1_bytes(key.as_bytes()).map_err(|_| SignatureFault::WeakKey)?;
    let signature = k256::ecdsa::Signature::from_slice(signature.as_bytes()).map_err(|_| SignatureFault::Invalid)?;
    // This library refuses the high half of the order, which peers write too.
    let signature = signature.normalize_s();
    key.verify(message, &signature).map_err(|_| SignatureFault::Invalid)
}

/// Returns the other signature over the same bytes that anybody can write, where there is one.
#[must_use]
pub fn twin(key: &PublicKey, signature: &Signature) -> Option<Signature> {
    let bytes: [u8; 64] = match key {
        PublicKey::Ed25519(_) => return None,
        PublicKey::P256(_) => {
            let signature = p256::ecdsa::Signature::from_slice(signature.as_bytes()).ok()?;
            let (r, s) = signature.split_scalars();
            p256::ecdsa::Signature::from_scalars(r, -s).ok()?.to_bytes().into()
        }
        PublicKey::Secp256k1(_) => {
            let signature = k256::ecdsa::Signature::from_slice(signature.as_bytes()).ok()?;
            let (r, s) = signature.split_scalars();
            k256::ecdsa::Signature::from_scalars(r, -s).ok()?.to_bytes().into()
        }
    };
    Some(Signature::new(bytes))
}
