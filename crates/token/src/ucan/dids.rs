//! DIDs that were read a moment ago: the tokens of a chain name the same few keys over and over.

use core::cell::RefCell;

use greatseal_core::error::KeyFault;
use greatseal_core::key::{PublicKey, did};
use greatseal_core::limits::REMEMBERED_DIDS;

/// A bounded memory of DIDs. A text is recognised by all of its bytes, so that what is recalled is
/// what reading it again would give; whoever floods it makes it forget, and can do nothing else.
#[derive(Debug, Default)]
pub(super) struct Dids(RefCell<Known>);

#[derive(Debug, Default)]
struct Known {
    read: Vec<(Box<str>, PublicKey)>,
    /// The one that makes room next.
    next: usize,
}

impl Dids {
    /// Reads a DID, or recalls it.
    ///
    /// # Errors
    /// As of [`did::parse`]; what is none is not kept.
    pub(super) fn read(&self, text: &str) -> Result<PublicKey, KeyFault> {
        let mut known = self.0.borrow_mut();
        // The last characters differ most.
        let found = known.read.iter().find(|(spelled, _)| spelled.bytes().rev().eq(text.bytes().rev()));
        if let Some((_, key)) = found {
            return Ok(*key);
        }
        let key = did::parse(text)?;
        let next = known.next;
        match known.read.get_mut(next) {
            Some(place) => *place = (text.into(), key),
            None => known.read.push((text.into(), key)),
        }
        known.next = (next + 1) % REMEMBERED_DIDS;
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use greatseal_core::key::RawKey;

    use super::*;

    #[test]
    fn what_is_recalled_is_what_was_read() {
        let dids = Dids::default();
        let keys: Vec<PublicKey> = (0..100).map(|byte| PublicKey::Ed25519(RawKey::new([byte; 32]))).collect();
        for _ in 0..3 {
            for key in keys.iter().chain(&keys) {
                let text = key.to_string();
                assert_eq!(dids.read(&text), Ok(*key));
                assert_eq!(dids.read(&text), Ok(*key));
                assert_eq!(dids.read(&text[..text.len() - 1]), did::parse(&text[..text.len() - 1]));
            }
        }
        assert!(dids.read("did:web:example.org").is_err());
        assert_eq!(dids.0.borrow().read.len(), REMEMBERED_DIDS);
    }
}
