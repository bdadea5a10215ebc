//! Names of keys: `acme/payments-signing-1`.

use std::fmt;
use std::str::FromStr;

use greatseal_core::error::Quoted;

use crate::fault::CustodyFault;

/// Characters of one part of a name.
const PART_LENGTH: usize = 64;
/// Parts of a name, so that the name of its file stays under the 255 bytes of file systems.
const PARTS: usize = 3;

/// A name of one to three parts joined by `/`, each of at most 64 lower-case letters, digits and
/// inner hyphens. It can be part of a file's name as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`CustodyFault::Name`] for anything else.
    pub fn parse(text: &str) -> Result<Self, CustodyFault> {
        if text.split('/').count() <= PARTS && text.split('/').all(is_part) {
            Ok(Self(text.into()))
        } else {
            Err(CustodyFault::Name { found: Quoted::new(text) })
        }
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_part(part: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=PART_LENGTH).contains(&part.len())
        && part.bytes().all(allowed)
        && !part.starts_with('-')
        && !part.ends_with('-')
}

impl FromStr for KeyName {
    type Err = CustodyFault;

    fn from_str(text: &str) -> Result<Self, CustodyFault> {
        Self::parse(text)
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        let longest = "a".repeat(PART_LENGTH);
        let widest = format!("{longest}/{longest}/{longest}");
        for text in ["a", "acme/payments-signing-1", "0/a--b/9", &longest, &widest] {
            assert_eq!(KeyName::parse(text).unwrap().as_str(), text);
        }
        let too_long = "a".repeat(PART_LENGTH + 1);
        for text in [
            "", "/", "a/", "/a", "a//b", ".", "..", "../a", "a/..", "a/../b", "a.b", "A", "a b", "a\\b", "a\0", "-a",
            "a-", "a/-b", "ä", "a\n", "~", "c:", "a/b/c/d", &too_long,
        ] {
            let fault = KeyName::parse(text).unwrap_err();
            assert_eq!(fault, CustodyFault::Name { found: Quoted::new(text) }, "{text}");
        }
    }
}
