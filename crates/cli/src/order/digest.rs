//! What two people compare: a digest of everything that is to be signed, as words to read aloud.

use std::fmt;

use bip39::Mnemonic;
use greatseal_core::statement::StatementId;
use sha2::{Digest, Sha256};

/// Begins the digested bytes, so that the digest is one of nothing else.
const DOMAIN: &[u8] = b"greatseal request 1\n";
/// Bytes of the digest that become words: 128 bits are twelve of them, the last with a checksum.
const SPOKEN: usize = 16;

/// SHA-256 over the statement ids of a request, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RequestDigest([u8; 32]);

impl RequestDigest {
    /// Digests the statements of a request.
    pub(crate) fn of(statements: impl IntoIterator<Item = StatementId>) -> Self {
        let mut digest = Sha256::new_with_prefix(DOMAIN);
        for id in statements {
            digest.update(id.as_bytes());
        }
        Self(digest.finalize().into())
    }

    /// Reads 64 lower-case hexadecimal digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok().map(Self)
    }

    /// Returns the twelve words of BIP-39's English list for the first 128 bits.
    pub(crate) fn words(&self) -> String {
        let spoken = self.0.get(..SPOKEN).unwrap_or_default();
        match Mnemonic::from_entropy(spoken) {
            Ok(words) => words.words().collect::<Vec<_>>().join(" "),
            // 128 bits always have words; digits would be as good to compare.
            Err(_) => data_encoding::HEXLOWER.encode(spoken),
        }
    }

    /// Compares words as they were heard: case and blanks do not matter.
    pub(crate) fn sounds_like(&self, heard: &str) -> bool {
        heard.split_whitespace().map(str::to_lowercase).eq(self.words().split(' ').map(str::to_owned))
    }
}

impl fmt::Display for RequestDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_counts_and_so_does_their_order() {
        let [a, b] = [b"a", b"b"].map(|bytes| StatementId::of(bytes));
        let all = [vec![a], vec![b], vec![a, b], vec![b, a], vec![a, a]].map(RequestDigest::of);
        for (place, digest) in all.iter().enumerate() {
            assert_eq!(RequestDigest::parse(&digest.to_string()), Some(*digest));
            assert_eq!(digest.words().split(' ').count(), 12);
            for (other, second) in all.iter().enumerate() {
                assert_eq!(digest.sounds_like(&second.words()), place == other);
            }
        }
    }

    /// The first of BIP-39's published examples.
    #[test]
    fn the_words_are_those_of_bip_39() {
        let nothing = RequestDigest([0; 32]);
        let words = "abandon ".repeat(11) + "about";
        assert_eq!(nothing.words(), words);
        assert!(nothing.sounds_like(&words.replace(' ', "\n  ").to_uppercase()));
        for heard in ["", "abandon", &words.replace("about", "above"), &(words.clone() + " about")] {
            assert!(!nothing.sounds_like(heard), "{heard}");
        }
        assert_eq!(RequestDigest::parse("00"), None);
    }
}
