//! What is searched for: the public halves of keys, and words.

use std::collections::{HashMap, HashSet};

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use greatseal_core::key::{Nkey, PublicKey, Role, did};

use super::WORD_BYTES;
use super::spelling::base64;

/// Characters of an nkey, and of `did:key:`.
const NKEY: usize = 56;
const DID: &[u8] = b"did:key:";
/// Least characters of base64 that are looked into: the shortest claims that name a key.
const CLAIMS: usize = 80;

/// Public keys whose private halves are secrets, and words that are secrets themselves.
#[derive(Clone, Debug, Default)]
pub struct Known {
    ed25519: HashMap<[u8; 32], PublicKey>,
    points: HashMap<[u8; 33], PublicKey>,
    words: Vec<(String, &'static str, Vec<u8>)>,
    told: HashSet<Vec<u8>>,
}

impl Known {
    /// Adds a key.
    pub fn add(&mut self, key: PublicKey) {
        match key {
            PublicKey::Ed25519(raw) => {
                self.ed25519.insert(*raw.as_bytes(), key);
            }
            PublicKey::P256(point) | PublicKey::Secp256k1(point) => {
                self.points.insert(*point.as_bytes(), key);
            }
        }
    }

    /// Adds every key that bytes name: as an nkey, as `did:key`, and either of them in claims in base64.
    pub fn gather(&mut self, bytes: &[u8]) {
        self.gather_plain(bytes);
        for run in bytes.split(|byte| base64::value(*byte).is_none()).filter(|run| run.len() >= CLAIMS) {
            self.gather_plain(&base64::decode(run));
        }
    }

    fn gather_plain(&mut self, bytes: &[u8]) {
        let is_base32 = |byte: &u8| matches!(byte, b'A'..=b'Z' | b'2'..=b'7');
        for run in bytes.split(|byte| !is_base32(byte)).filter(|run| run.len() == NKEY) {
            let key = std::str::from_utf8(run).ok().and_then(|text| Nkey::parse(text).ok());
            if let Some(key) = key.filter(|key| key.role() != Role::Curve) {
                self.add(key.public_key());
            }
        }
        for at in super::positions(bytes, DID) {
            let rest = bytes.get(at..).unwrap_or_default();
            let end = rest.iter().skip(DID.len()).position(|byte| !byte.is_ascii_alphanumeric());
            let text = rest.get(..end.map_or(rest.len(), |end| end + DID.len())).unwrap_or_default();
            if let Some(key) = std::str::from_utf8(text).ok().and_then(|text| did::parse(text).ok()) {
                self.add(key);
            }
        }
    }

    /// Adds a word under the name that it is reported by. Words that are too short to mean anything are left out.
    pub fn tell(&mut self, name: &str, word: &[u8]) {
        if word.len() < WORD_BYTES || !self.told.insert(word.to_vec()) {
            return;
        }
        let mut spelled = vec![
            ("itself", word.to_vec()),
            ("hexadecimal", HEXLOWER.encode(word).into_bytes()),
            ("hexadecimal", HEXUPPER.encode(word).into_bytes()),
        ];
        // At each alignment, without the characters that depend on what stands before or behind.
        for (before, skipped) in [(&b""[..], 0), (b":", 2), (b"::", 3)] {
            for encoding in [BASE64_NOPAD, BASE64URL_NOPAD] {
                let text = encoding.encode(&[before, word].concat()).into_bytes();
                let last = text.len().saturating_sub(3);
                spelled.push(("base64", text.get(skipped..last).unwrap_or_default().to_vec()));
            }
        }
        for (spelling, text) in spelled {
            if !self.words.iter().any(|(_, _, known)| *known == text) {
                self.words.push((name.into(), spelling, text));
            }
        }
    }

    /// Adds all that another knows.
    pub fn join(&mut self, other: Self) {
        self.ed25519.extend(other.ed25519);
        self.points.extend(other.points);
        for (name, spelling, word) in other.words {
            if !self.words.iter().any(|(_, _, known)| *known == word) {
                self.words.push((name, spelling, word));
            }
        }
        self.told.extend(other.told);
    }

    /// How many keys are known.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.ed25519.len() + self.points.len()
    }

    /// How many words were told.
    #[must_use]
    pub fn told(&self) -> usize {
        self.told.len()
    }

    pub(super) fn words(&self) -> &[(String, &'static str, Vec<u8>)] {
        &self.words
    }

    pub(super) fn ed25519(&self, key: &[u8; 32]) -> Option<PublicKey> {
        self.ed25519.get(key).copied()
    }

    pub(super) fn point(&self, key: &[u8]) -> Option<PublicKey> {
        self.points.get(<&[u8; 33]>::try_from(key).ok()?).copied()
    }

    pub(super) fn has_points(&self) -> bool {
        !self.points.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_gathered_wherever_they_are_named() {
        let nkey = "OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT";
        let did = PublicKey::Ed25519(greatseal_core::key::RawKey::new([9; 32])).to_string();
        let claims = BASE64URL_NOPAD.encode(format!("{{\"iss\":\"{nkey}\",\"aud\":\"{did}\"}}").as_bytes());
        for text in [format!("public = \"{nkey}\" {did}."), format!("eyJ.{claims}.sig")] {
            let mut known = Known::default();
            known.gather(text.as_bytes());
            assert_eq!(known.keys(), 2, "{text}");
        }
        let mut known = Known::default();
        known.gather(nkey.replace('V', "W").as_bytes());
        assert_eq!(known.keys(), 0);
    }
}
