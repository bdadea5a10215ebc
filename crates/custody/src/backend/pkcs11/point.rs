//! Public keys as tokens spell them.

use cryptoki::object::{Attribute, KeyType};
use greatseal_core::key::{EcKey, PublicKey, RawKey};

/// The object identifier of P-256 in DER, as `CKA_EC_PARAMS` (RFC 5480 section 2.1.1.1).
pub(super) const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// Ed25519 as `CKA_EC_PARAMS`: the PrintableString of PKCS#11 3.0 section 6.3.1, and the object
/// identifier of RFC 8410 section 3. Devices take one or the other.
pub(super) const ED25519: [&[u8]; 2] = [b"\x13\x0cedwards25519", &[0x06, 0x03, 0x2b, 0x65, 0x70]];

/// What an object says of its algorithm and its public key.
#[derive(Default)]
pub(super) struct Spelling {
    pub(super) kind: Option<KeyType>,
    pub(super) parameters: Vec<u8>,
    pub(super) point: Vec<u8>,
}

impl Spelling {
    /// Takes from an object's attributes what matters here.
    pub(super) fn of(attributes: Vec<Attribute>) -> Self {
        attributes.into_iter().fold(Self::default(), |mut spelling, attribute| {
            if let Attribute::KeyType(kind) = attribute {
                spelling.kind = Some(kind);
            } else if let Attribute::EcParams(parameters) = attribute {
                spelling.parameters = parameters;
            } else if let Attribute::EcPoint(point) = attribute {
                spelling.point = point;
            }
            spelling
        })
    }

    /// Reads the public key.
    ///
    /// # Errors
    /// A sentence on what it is instead.
    pub(super) fn public_key(&self) -> Result<PublicKey, String> {
        match self.kind {
            Some(KeyType::EC_EDWARDS) => ed25519(&self.point).map(|raw| PublicKey::Ed25519(RawKey::new(raw))),
            Some(KeyType::EC) if self.parameters == P256 => {
                p256(&self.point).map(|key| PublicKey::P256(EcKey::new(key)))
            }
            Some(KeyType::EC) => Err("it is a key on another curve than P-256".into()),
            Some(kind) => Err(format!("it is a {kind}, neither Ed25519 nor P-256")),
            None => Err("it does not say of which type it is".into()),
        }
        .map_err(|problem| problem.replace("CKK_", ""))
    }
}

/// Writes an Ed25519 key as PKCS#11 has it: an OCTET STRING.
pub(super) fn spell_ed25519(key: &RawKey) -> Vec<u8> {
    [&[0x04, 0x20], key.as_bytes().as_slice()].concat()
}

/// Reads exactly three forms: OCTET STRING, bare, BIT STRING.
fn ed25519(point: &[u8]) -> Result<[u8; 32], String> {
    let bare = match point {
        [0x04, 0x20, rest @ ..] if rest.len() == 32 => rest,
        [0x03, 0x21, 0x00, rest @ ..] if rest.len() == 32 => rest,
        rest => rest,
    };
    bare.try_into().map_err(|_| format!("its CKA_EC_POINT, {} bytes, is in no form of an Ed25519 key", point.len()))
}

/// Reads exactly two forms, OCTET STRING and bare, of an uncompressed point, and compresses it.
fn p256(point: &[u8]) -> Result<[u8; 33], String> {
    let bare = match point {
        [0x04, 0x41, rest @ ..] if rest.len() == 65 => rest,
        rest => rest,
    };
    let refused = || format!("its CKA_EC_POINT, {} bytes, is in no form of a P-256 key", point.len());
    let [0x04, coordinates @ ..] = bare else { return Err(refused()) };
    let (x, y) = coordinates.split_at_checked(32).filter(|(_, y)| y.len() == 32).ok_or_else(refused)?;
    let odd = y.last().is_some_and(|last| last & 1 == 1);
    let mut key = [if odd { 3 } else { 2 }; 33];
    let [_, rest @ ..] = &mut key;
    rest.copy_from_slice(x);
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelling(kind: KeyType, parameters: &[u8], point: &[u8]) -> Result<PublicKey, String> {
        Spelling { kind: Some(kind), parameters: parameters.into(), point: point.into() }.public_key()
    }

    #[test]
    fn an_ed25519_key_has_three_forms() {
        let raw: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).unwrap() + 4);
        let key = RawKey::new(raw);
        for point in [spell_ed25519(&key), raw.to_vec(), [&[0x03, 0x21, 0x00][..], &raw].concat()] {
            for parameters in ED25519 {
                assert_eq!(spelling(KeyType::EC_EDWARDS, parameters, &point), Ok(PublicKey::Ed25519(key)));
            }
        }
        // A bare key may begin like any of the others.
        let mut odd = raw;
        odd[..2].copy_from_slice(&[0x04, 0x20]);
        assert_eq!(spelling(KeyType::EC_EDWARDS, b"", &odd), Ok(PublicKey::Ed25519(RawKey::new(odd))));
    }

    #[test]
    fn a_p256_key_has_two_forms_and_is_compressed() {
        for (last, head) in [(6, 2), (7, 3)] {
            let mut bare = [9; 65];
            (bare[0], bare[64]) = (4, last);
            let mut expected = [9; 33];
            expected[0] = head;
            for point in [bare.to_vec(), [&[0x04, 0x41][..], &bare].concat()] {
                assert_eq!(spelling(KeyType::EC, P256, &point), Ok(PublicKey::P256(EcKey::new(expected))));
            }
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for point in [
            &[][..],
            &[0x04, 0x20],
            &[7; 31],
            &[7; 33],
            &[[0x04, 0x1f].as_slice(), &[7; 32]].concat(),
            &[[0x03, 0x21, 0x01].as_slice(), &[7; 32]].concat(),
            &[[0x04, 0x20].as_slice(), &[7; 33]].concat(),
            &[7; 57],
        ] {
            assert!(spelling(KeyType::EC_EDWARDS, ED25519[0], point).is_err(), "{point:?}");
        }
        for point in [&[4; 64][..], &[4; 66], &[2; 33], &[3; 65], &[[0x04, 0x41].as_slice(), &[2; 65]].concat()] {
            assert!(spelling(KeyType::EC, P256, point).is_err(), "{point:?}");
        }
    }

    #[test]
    fn keys_of_other_kinds_are_named() {
        let secp256k1 = [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a];
        assert!(spelling(KeyType::EC, &secp256k1, &[4; 65]).unwrap_err().contains("another curve"));
        assert!(spelling(KeyType::RSA, b"", b"").unwrap_err().contains("RSA"));
        assert!(spelling(KeyType::EC_MONTGOMERY, b"", &[7; 32]).is_err());
        assert!(Spelling::default().public_key().is_err());
    }
}
