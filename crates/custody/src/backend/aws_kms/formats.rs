//! The DER that the service answers: public keys and signatures.

use greatseal_core::key::{EcKey, PublicKey, RawKey};
use greatseal_core::signature::Signature;
use p256::elliptic_curve::sec1::ToSec1Point as _;

/// What stands before the 32 bytes of an Ed25519 key (RFC 8410 section 4): the OID 1.3.101.112.
const ED25519: &[u8] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// What stands before the 65 bytes of an uncompressed P-256 point (RFC 5480 section 2): the OIDs
/// of elliptic curve keys and of secp256r1.
const P256: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Reads a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) of exactly these two kinds.
pub(super) fn public_key(der: &[u8]) -> Option<PublicKey> {
    if let Some(key) = der.strip_prefix(ED25519) {
        return Some(PublicKey::Ed25519(RawKey::new(key.try_into().ok()?)));
    }
    let point = der.strip_prefix(P256).filter(|point| point.len() == 65 && point.first() == Some(&4))?;
    let point = p256::PublicKey::from_sec1_bytes(point).ok()?.to_sec1_point(true);
    Some(PublicKey::P256(EcKey::new(point.as_bytes().try_into().ok()?)))
}

/// Reads what was answered as a signature of a key: 64 bytes of Ed25519, or an
/// ECDSA-Sig-Value (RFC 3279 section 2.2.3) that becomes r ‖ s.
///
/// Both halves of the order are as good: core reads both.
pub(super) fn signature(key: &PublicKey, bytes: &[u8]) -> Option<Signature> {
    match key {
        PublicKey::Ed25519(_) => Some(Signature::new(bytes.try_into().ok()?)),
        PublicKey::P256(_) => {
            let signature = p256::ecdsa::Signature::from_der(bytes).ok()?;
            Some(Signature::new(signature.to_bytes().into()))
        }
        PublicKey::Secp256k1(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(byte: u8) -> p256::ecdsa::SigningKey {
        p256::ecdsa::SigningKey::from_slice(&[byte; 32]).unwrap()
    }

    #[test]
    fn public_keys_are_read_exactly() {
        let ed25519 = [ED25519, &[7; 32]].concat();
        assert_eq!(public_key(&ed25519), Some(PublicKey::Ed25519(RawKey::new([7; 32]))));
        let key = scalar(3);
        let whole = key.verifying_key().to_sec1_point(false);
        let compressed = key.verifying_key().to_sec1_point(true);
        let p256 = [P256, whole.as_bytes()].concat();
        let expected = EcKey::new(compressed.as_bytes().try_into().unwrap());
        assert_eq!(public_key(&p256), Some(PublicKey::P256(expected)));
        for good in [&ed25519, &p256] {
            for cut in 0..good.len() {
                assert_eq!(public_key(&good[..cut]), None);
            }
            assert_eq!(public_key(&[good.as_slice(), &[0]].concat()), None);
            for at in 0..if good.len() == 44 { 12 } else { 27 } {
                let mut other = good.clone();
                other[at] ^= 1;
                assert_eq!(public_key(&other), None, "{at}");
            }
        }
        // No point of the curve, and the compressed spelling, which this service does not write.
        assert_eq!(public_key(&[P256, &[4], &[1; 64]].concat()), None);
        assert_eq!(public_key(&[P256, compressed.as_bytes()].concat()), None);
        // X25519 (1.3.101.110) has the same form, and encrypts.
        let mut curve = ed25519;
        curve[8] = 0x6e;
        assert_eq!(public_key(&curve), None);
    }

    #[test]
    fn signatures_are_read_exactly() {
        use p256::ecdsa::signature::Signer as _;
        let ed25519 = PublicKey::Ed25519(RawKey::new([7; 32]));
        assert_eq!(signature(&ed25519, &[1; 64]), Some(Signature::new([1; 64])));
        let p256 = PublicKey::P256(EcKey::new([2; 33]));
        let signed: p256::ecdsa::Signature = scalar(3).sign(b"message");
        let der = signed.to_der();
        let raw: [u8; 64] = signed.to_bytes().into();
        assert_eq!(signature(&p256, der.as_bytes()), Some(Signature::new(raw)));
        // A short half is filled up, not moved.
        let short = [0x30, 6, 2, 1, 5, 2, 1, 9];
        let read = *signature(&p256, &short).unwrap().as_bytes();
        assert_eq!((read[31], read[63], read.iter().filter(|byte| **byte == 0).count()), (5, 9, 62));
        for bytes in [&[][..], &[1; 63], &[1; 65]] {
            assert_eq!(signature(&ed25519, bytes), None);
        }
        let long = [der.as_bytes(), &[0]].concat();
        let nothing = [0x30, 6, 2, 1, 0, 2, 1, 9];
        let negative = [0x30, 6, 2, 1, 0x85, 2, 1, 9];
        let padded = [0x30, 7, 2, 2, 0, 5, 2, 1, 9];
        for bytes in [&raw[..], &der.as_bytes()[..der.as_bytes().len() - 1], &long, &nothing, &negative, &padded] {
            assert_eq!(signature(&p256, bytes), None, "{bytes:?}");
        }
        assert_eq!(signature(&PublicKey::Secp256k1(EcKey::new([2; 33])), &[1; 64]), None);
    }
}
