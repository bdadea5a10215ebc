//! Content identifiers of UCANs: CIDv1, dag-cbor, SHA-256 over all bytes of a token.
//!
//! A CID is an alias. ECDSA signatures can be rewritten by anybody, which changes the CID and not
//! the statement; what counts is the [statement id](crate::StatementId).

use core::fmt;

use data_encoding::{Encoding, Specification};
use sha2::{Digest, Sha256};

use crate::error::CidFault;

/// Version 1, codec dag-cbor 0x71, multihash sha2-256 0x12 of 32 bytes.
const PREFIX: [u8; 4] = [0x01, 0x71, 0x12, 0x20];

/// Bytes of a CID in binary.
pub const CID_LENGTH: usize = PREFIX.len() + 32;

/// Longest text that is looked at: base32 of 36 bytes needs 59 characters.
const TEXT_LIMIT: usize = 64;

/// The digest of a CIDv1 with dag-cbor and SHA-256, the only kind that UCANs have.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cid([u8; 32]);

impl Cid {
    /// Hashes the whole bytes of a token.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Takes a digest that somebody names.
    #[must_use]
    pub const fn from_digest(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// Returns the 32 bytes of the digest.
    #[must_use]
    pub const fn digest(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads the 36 bytes of a binary CID.
    ///
    /// # Errors
    /// [`CidFault`] for any other version, codec or hash.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CidFault> {
        let digest = bytes.strip_prefix(&PREFIX).ok_or(CidFault::Kind)?;
        <[u8; 32]>::try_from(digest).map(Self).map_err(|_| CidFault::Kind)
    }

    /// Returns the 36 bytes of the binary CID.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; CID_LENGTH] {
        let mut bytes = [0; CID_LENGTH];
        for (to, from) in bytes.iter_mut().zip(PREFIX.iter().chain(&self.0)) {
            *to = *from;
        }
        bytes
    }

    /// Reads the text in base32 (`b…`) or base58btc (`z…`).
    ///
    /// # Errors
    /// [`CidFault`] for anything else.
    pub fn parse(text: &str) -> Result<Self, CidFault> {
        if text.len() > TEXT_LIMIT {
            return Err(CidFault::Text);
        }
        let bytes = if let Some(text) = text.strip_prefix('b') {
            base32().and_then(|base32| base32.decode(text.as_bytes()).ok())
        } else if let Some(text) = text.strip_prefix('z') {
            bs58::decode(text).into_vec().ok()
        } else {
            None
        };
        Self::from_bytes(&bytes.ok_or(CidFault::Text)?)
    }
}

/// RFC 4648 base32 in lower case without padding, as multibase `b` has it.
fn base32() -> Option<Encoding> {
    let mut specification = Specification::new();
    specification.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    specification.encoding().ok()
}

impl fmt::Display for Cid {
    /// Writes base32, `bafyrei…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let upper = data_encoding::BASE32_NOPAD.encode(&self.to_bytes());
        f.write_str("b")?;
        f.write_str(&upper.to_ascii_lowercase())
    }
}

impl fmt::Debug for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cid({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_both_ways_in_both_bases() {
        let cid = Cid::of(b"anything");
        let text = cid.to_string();
        assert!(text.starts_with("bafyrei"), "{text}");
        assert_eq!(Cid::parse(&text), Ok(cid));
        let base58 = format!("z{}", bs58::encode(cid.to_bytes()).into_string());
        assert_eq!(Cid::parse(&base58), Ok(cid));
        assert_eq!(Cid::from_bytes(&cid.to_bytes()), Ok(cid));
    }

    #[test]
    fn anything_else_is_refused() {
        let good = Cid::of(b"anything").to_string();
        for text in ["", "b", "z", "f0171", &good[1..], &good[..58], &format!("{good}a"), &good.to_uppercase()] {
            assert!(Cid::parse(text).is_err(), "{text}");
        }
        let mut bytes = Cid::of(b"anything").to_bytes();
        bytes[1] = 0x55;
        assert_eq!(Cid::from_bytes(&bytes), Err(CidFault::Kind));
        assert_eq!(Cid::from_bytes(&bytes[..35]), Err(CidFault::Kind));
    }
}
