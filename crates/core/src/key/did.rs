//! `did:key`: multibase base58btc over a multicodec and the key (W3C did:key, section 3).

use super::{EcKey, PublicKey, RawKey};
use crate::error::KeyFault;

const METHOD: &str = "did:key:";
/// Multicodec `ed25519-pub`, 0xed as an unsigned varint.
const ED25519: [u8; 2] = [0xed, 0x01];
/// Multicodec `p256-pub`, 0x1200.
const P256: [u8; 2] = [0x80, 0x24];
/// Multicodec `secp256k1-pub`, 0xe7.
const SECP256K1: [u8; 2] = [0xe7, 0x01];
/// Longest text that is looked at: the longest supported key needs 57 characters.
const TEXT_LIMIT: usize = 64;

/// Reads a `did:key` of a supported algorithm; a fragment or query is not part of a DID.
///
/// # Errors
/// [`KeyFault`] when the text is no `did:key` in base58btc, or the key is of another algorithm
/// than Ed25519, P-256 or secp256k1.
pub fn parse(text: &str) -> Result<PublicKey, KeyFault> {
    let encoded = text
        .strip_prefix(METHOD)
        .and_then(|rest| rest.strip_prefix('z'))
        .filter(|rest| rest.len() <= TEXT_LIMIT)
        .ok_or(KeyFault::Did)?;
    // The longest text of base58 holds less than as many bytes.
    let mut buffer = [0_u8; TEXT_LIMIT];
    let length = match of_a_key(encoded, &mut buffer) {
        Some(length) => length,
        None => bs58::decode(encoded).onto(&mut buffer[..]).map_err(|_| KeyFault::Did)?,
    };
    let Some((codec, key)) = buffer.get(..length).and_then(|bytes| bytes.split_first_chunk::<2>()) else {
        return Err(KeyFault::Did);
    };
    let compressed = || {
        let key = <[u8; 33]>::try_from(key).map_err(|_| KeyFault::Did)?;
        // Only compressed points are written, so that one key has one text (SEC 1 section 2.3.3).
        if matches!(key.first(), Some(2 | 3)) { Ok(EcKey::new(key)) } else { Err(KeyFault::Did) }
    };
    match *codec {
        ED25519 => <[u8; 32]>::try_from(key).map(|key| PublicKey::Ed25519(RawKey::new(key))).map_err(|_| KeyFault::Did),
        P256 => compressed().map(PublicKey::P256),
        SECP256K1 => compressed().map(PublicKey::Secp256k1),
        _ => Err(KeyFault::DidAlgorithm),
    }
}

/// Digits of base58btc for each byte; [`NO_DIGIT`] for those that are none.
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut rest: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut digit = 0;
    while let [first, others @ ..] = rest {
        digits[*first as usize] = digit;
        digit += 1;
        rest = others;
    }
    digits
};
const NO_DIGIT: u8 = 0xff;
/// Digits that 64 bits hold.
const TOGETHER: usize = 10;
/// Digits of the longest number that five times 64 bits hold; the longest key has 49.
const LONGEST: usize = 50;

/// Reads base58btc of the length that keys have, ten digits at a time: every token names three
/// keys, and reading digit by digit takes longer than all the rest of a token.
///
/// Returns the length, or nothing where the general reader has to look: other lengths, zeros in
/// front, and what is no digit.
fn of_a_key(text: &str, to: &mut [u8; TEXT_LIMIT]) -> Option<usize> {
    let text = text.as_bytes();
    if text.len() > LONGEST || text.first().is_none_or(|first| *first == b'1') {
        return None;
    }
    // The least significant limb first.
    let mut limbs = [0_u64; 5];
    let (first, others) = text.split_at_checked(text.len() % TOGETHER)?;
    for piece in core::iter::once(first).chain(others.chunks_exact(TOGETHER)) {
        let (mut factor, mut value) = (1_u64, 0_u64);
        for byte in piece {
            let digit = DIGITS.get(usize::from(*byte)).copied().filter(|digit| *digit != NO_DIGIT)?;
            factor *= 58;
            value = value * 58 + u64::from(digit);
        }
        let mut carry = u128::from(value);
        for limb in &mut limbs {
            carry += u128::from(*limb) * u128::from(factor);
            *limb = carry as u64;
            carry >>= 64;
        }
    }
    let whole = limbs.iter().rev().flat_map(|limb| limb.to_be_bytes()).skip_while(|byte| *byte == 0);
    let mut length = 0;
    for (to, byte) in to.iter_mut().zip(whole) {
        *to = byte;
        length += 1;
    }
    Some(length)
}

/// Writes the key as `did:key`.
#[must_use]
pub fn encode(key: &PublicKey) -> String {
    let codec = match key {
        PublicKey::Ed25519(_) => ED25519,
        PublicKey::P256(_) => P256,
        PublicKey::Secp256k1(_) => SECP256K1,
    };
    let mut bytes = Vec::with_capacity(35);
    bytes.extend_from_slice(&codec);
    bytes.extend_from_slice(key.as_bytes());
    format!("{METHOD}z{}", bs58::encode(bytes).into_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_both_ways() {
        // The first example of the did:key specification.
        let text = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";
        let key = parse(text).unwrap();
        assert_eq!(encode(&key), text);
        // Its examples of P-256 and secp256k1.
        for text in [
            "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169",
            "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",
        ] {
            let key = parse(text).unwrap();
            assert!(key.ed25519().is_none());
            assert_eq!(encode(&key), text);
        }
    }

    /// The quick reader against the general one, on every length and around every limb.
    #[test]
    fn keys_are_read_as_base58_is() {
        let mut bytes = [0_u8; 37];
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for round in 0..20_000_usize {
            for byte in &mut bytes {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // Often nothing but zeros or ones, so that carries run through.
                *byte = match round % 4 {
                    0 => 0,
                    1 => 0xff,
                    _ => (state >> 56) as u8,
                };
            }
            bytes[0] = (round >> 8) as u8;
            let text = bs58::encode(&bytes[..round % 37]).into_string();
            for text in [text.clone(), text.replacen('2', "0", 1), text.replacen('z', "é", 1)] {
                let mut buffer = [0; TEXT_LIMIT];
                let expected = bs58::decode(&text).into_vec();
                match of_a_key(&text, &mut buffer) {
                    Some(length) => assert_eq!(expected.as_deref(), Ok(&buffer[..length]), "{text}"),
                    None => {
                        let left = text.len() > LONGEST || text.starts_with('1') || text.is_empty();
                        assert!(left || expected.is_err(), "{text}");
                    }
                }
            }
        }
        assert_eq!(of_a_key(&"z".repeat(LONGEST), &mut [0; TEXT_LIMIT]), Some(37));
    }

    #[test]
    fn other_texts_are_refused() {
        // X25519 of the same specification: known, and signs nothing.
        let x25519 = "did:key:z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc";
        assert_eq!(parse(x25519), Err(KeyFault::DidAlgorithm));
        for text in [
            "",
            "did:key:",
            "did:key:z",
            "did:web:example.org",
            "did:key:f6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
            "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK#z6Mk",
            // Ed25519 with 31 and 33 bytes; a character more or less would change the codec first.
            "did:key:z2DQV2TSJFGUYseu2wM5iGq72rUh7VFxZ51dv7G6NwUV2Lp",
            "did:key:zQebfPRx3FmWg5fr99gVQnZ7Cgq6ad6UHxw8B9Jck4nh5D7Ku",
            "did:key:z0",
        ] {
            assert_eq!(parse(text), Err(KeyFault::Did), "{text}");
        }
        assert_eq!(parse(&format!("did:key:z{}", "2".repeat(100_000))), Err(KeyFault::Did));
    }
}
