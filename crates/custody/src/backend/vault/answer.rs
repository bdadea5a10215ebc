//! What the server answers, as far as it is read. Everything in it is a stranger's word.

use std::collections::BTreeMap;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use greatseal_core::key::PublicKey;
use greatseal_core::signature::{SIGNATURE_LENGTH, Signature};
use serde::Deserialize;
use serde_json::Value;

/// A refusal: `{"errors":["…"]}`.
#[derive(Deserialize)]
pub(super) struct Refusal {
    pub(super) errors: Vec<String>,
}

/// Every answer with something in it.
#[derive(Deserialize)]
pub(super) struct Answer<T> {
    pub(super) data: T,
}

/// The answer to one message.
#[derive(Deserialize)]
pub(super) struct Signed {
    pub(super) signature: String,
}

/// The answer to several, in their order.
#[derive(Deserialize)]
pub(super) struct SignedAll {
    pub(super) batch_results: Vec<SignedItem>,
}

/// One of several: a signature or an error.
#[derive(Deserialize)]
pub(super) struct SignedItem {
    #[serde(default)]
    pub(super) signature: Option<String>,
    #[serde(default)]
    pub(super) error: Option<String>,
}

/// What there is to know of a key. Fields that only one of the servers has may be absent.
#[derive(Deserialize)]
pub(super) struct KeyAnswer {
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// By version; of symmetric keys a number, of others an object.
    pub(super) keys: BTreeMap<String, Value>,
    pub(super) latest_version: u64,
    #[serde(default)]
    pub(super) min_decryption_version: u64,
    #[serde(default)]
    pub(super) min_encryption_version: u64,
    pub(super) exportable: bool,
    pub(super) allow_plaintext_backup: bool,
    #[serde(default)]
    pub(super) imported_key: Option<bool>,
    #[serde(default)]
    pub(super) derived: bool,
}

/// Why a text is no signature of the version asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoSignature {
    /// Another version signed.
    Version(u64),
    /// It cannot be read.
    Malformed,
}

/// Reads `vault:vN:BASE64`, where `N` must be the pinned version.
///
/// Ed25519 comes in base64, ECDSA as `r ‖ s` in base64url, which `marshaling_algorithm=jws` asks for.
pub(super) fn signature(text: &str, version: u64, pinned: &PublicKey) -> Result<Signature, NoSignature> {
    let (found, encoded) =
        text.strip_prefix("vault:v").and_then(|rest| rest.split_once(':')).ok_or(NoSignature::Malformed)?;
    if found != version.to_string() {
        return Err(found.parse().map_or(NoSignature::Malformed, NoSignature::Version));
    }
    let encoding = match pinned {
        PublicKey::Ed25519(_) => BASE64,
        PublicKey::P256(_) | PublicKey::Secp256k1(_) => BASE64URL_NOPAD,
    };
    let bytes = encoding.decode(encoded.as_bytes()).map_err(|_| NoSignature::Malformed)?;
    let bytes: [u8; SIGNATURE_LENGTH] = bytes.try_into().map_err(|_| NoSignature::Malformed)?;
    Ok(Signature::new(bytes))
}

/// Says whether an error is about the version of the key: it was rotated past us, or is not there yet.
pub(super) fn is_about_version(error: &str) -> bool {
    error.contains("version for signing") || error.contains("key version") || error.contains("minimum version")
}

#[cfg(test)]
mod tests {
    use greatseal_core::key::{EcKey, RawKey};

    use super::*;

    const ED: PublicKey = PublicKey::Ed25519(RawKey::new([1; 32]));
    const P256: PublicKey = PublicKey::P256(EcKey::new([2; 33]));

    #[test]
    fn only_the_pinned_version_is_read() {
        let text = format!("vault:v7:{}", BASE64.encode(&[0xfb; 64]));
        assert_eq!(signature(&text, 7, &ED), Ok(Signature::new([0xfb; 64])));
        assert_eq!(signature(&text, 1, &ED), Err(NoSignature::Version(7)));
        let text = format!("vault:v7:{}", BASE64URL_NOPAD.encode(&[0xfb; 64]));
        assert_eq!(signature(&text, 7, &P256), Ok(Signature::new([0xfb; 64])));
        assert_eq!(signature(&text, 8, &P256), Err(NoSignature::Version(7)));
    }

    #[test]
    fn what_is_none_is_refused() {
        let good = BASE64.encode(&[0xfb; 64]);
        for text in [
            String::new(),
            good.clone(),
            format!("vault:1:{good}"),
            format!("vault:v:{good}"),
            format!("vault:v1{good}"),
            format!("vault:v+1:{good}x"),
            format!("bao:v1:{good}"),
            format!("vault:v1:{}", &good[1..]),
            format!("vault:v1:{good}\n"),
            format!("vault:v1:{}", BASE64.encode(&[0xfb; 63])),
            format!("vault:v1:{}", BASE64.encode(&[0xfb; 65])),
            format!("vault:v1:{}", BASE64URL_NOPAD.encode(&[0xfb; 64])),
        ] {
            assert!(signature(&text, 1, &ED).is_err(), "{text}");
        }
        // Not even another spelling of the number.
        for spelling in ["01", "+1", "1 "] {
            assert!(signature(&format!("vault:v{spelling}:{good}"), 1, &ED).is_err());
        }
    }
}
