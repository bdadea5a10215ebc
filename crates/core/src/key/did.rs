//! `did:key`: multibase base58btc over a multicodec and the key (W3C did:key, section 3).

use super::{PublicKey, RawKey};
use crate::error::KeyFault;

const METHOD: &str = "did:key:";
/// Multicodec `ed25519-pub`, 0xed as an unsigned varint.
const ED25519: [u8; 2] = [0xed, 0x01];
/// Longest text that is looked at: the longest supported key needs 57 characters.
const TEXT_LIMIT: usize = 256;

/// Reads a `did:key` of a supported algorithm; a fragment or query is not part of a DID.
///
/// # Errors
/// [`KeyFault`] when the text is no `did:key` in base58btc, or the key is not Ed25519.
pub fn parse(text: &str) -> Result<PublicKey, KeyFault> {
    let encoded = text
        .strip_prefix(METHOD)
        .and_then(|rest| rest.strip_prefix('z'))
        .filter(|rest| rest.len() <= TEXT_LIMIT)
        .ok_or(KeyFault::Did)?;
    let bytes = bs58::decode(encoded).into_vec().map_err(|_| KeyFault::Did)?;
    let Some((codec, key)) = bytes.split_first_chunk::<2>() else {
        return Err(KeyFault::Did);
    };
    if *codec != ED25519 {
        return Err(KeyFault::DidAlgorithm);
    }
    let key = <[u8; 32]>::try_from(key).map_err(|_| KeyFault::Did)?;
    Ok(PublicKey::Ed25519(RawKey::new(key)))
}

/// Writes the key as `did:key`.
#[must_use]
pub fn encode(key: &PublicKey) -> String {
    let mut bytes = Vec::with_capacity(34);
    match key {
        PublicKey::Ed25519(raw) => {
            bytes.extend_from_slice(&ED25519);
            bytes.extend_from_slice(raw.as_bytes());
        }
    }
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
    }

    #[test]
    fn other_texts_are_refused() {
        // P-256, secp256k1 and X25519 keys of the same specification: known, not accepted here.
        for text in [
            "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169",
            "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",
            "did:key:z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc",
        ] {
            assert_eq!(parse(text), Err(KeyFault::DidAlgorithm), "{text}");
        }
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
