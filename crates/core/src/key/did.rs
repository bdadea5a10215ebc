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
    let length = bs58::decode(encoded).onto(&mut buffer[..]).map_err(|_| KeyFault::Did)?;
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
