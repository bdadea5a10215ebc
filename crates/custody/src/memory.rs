//! What each key signed last about each subject, so that a request cannot lie about it.
//!
//! One file for each pair, in the private folder: whoever carries requests cannot reach it. It holds
//! statements that were about to become public, and no secret. Rules for changing it: the file is
//! only ever read by the version that finds its heading; another form needs another heading.

use data_encoding::{BASE64, HEXLOWER};
use greatseal_core::key::PublicKey;
use greatseal_core::signature::{SIGNATURE_LENGTH, Signature, verify};
use sha2::{Digest, Sha256};

use crate::fault::CustodyFault;
use crate::folder::PrivateFolder;

const HEADING: &str = "greatseal signed 1";
const ENDING: &str = ".signed";

/// A statement that a key signed, with the signature; verified whenever it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedStatement {
    /// The bytes that were signed.
    pub message: Vec<u8>,
    /// The key's signature over them.
    pub signature: Signature,
}

impl SignedStatement {
    /// Says whether the signature is the key's over these bytes.
    #[must_use]
    pub fn is_by(&self, key: &PublicKey) -> bool {
        verify(key, &self.message, &self.signature).is_ok()
    }
}

/// Reads what a key signed last about a subject; nothing when it never did here.
pub(crate) fn recall(
    folder: &PrivateFolder,
    key: &PublicKey,
    subject: &str,
) -> Result<Option<SignedStatement>, CustodyFault> {
    let name = file(key, subject);
    let Some(bytes) = folder.read(&name)? else { return Ok(None) };
    let malformed = || CustodyFault::Malformed { path: folder.join(&name), problem: "it is no memory of a signature" };
    let statement = parse(&bytes).ok_or_else(malformed)?;
    // The folder is private, and a disk can still fail.
    if statement.is_by(key) { Ok(Some(statement)) } else { Err(malformed()) }
}

/// Notes what a key has just signed about a subject, in the place of what it signed before.
pub(crate) fn remember(
    folder: &PrivateFolder,
    key: &PublicKey,
    subject: &str,
    statement: &SignedStatement,
) -> Result<(), CustodyFault> {
    let held = folder.hold()?;
    folder.replace(&held, &file(key, subject), text(statement).as_bytes())
}

/// Names the file by key and subject; the length keeps the two apart.
fn file(key: &PublicKey, subject: &str) -> String {
    let digest = Sha256::new().chain_update(key.as_bytes()).chain_update(subject.as_bytes()).finalize();
    HEXLOWER.encode(&digest) + ENDING
}

fn text(statement: &SignedStatement) -> String {
    let SignedStatement { message, signature } = statement;
    format!("{HEADING}\n{}\n{}\n", BASE64.encode(message), BASE64.encode(signature.as_bytes()))
}

fn parse(bytes: &[u8]) -> Option<SignedStatement> {
    let mut lines = std::str::from_utf8(bytes).ok()?.lines();
    let (heading, message, signature, None) = (lines.next()?, lines.next()?, lines.next()?, lines.next()) else {
        return None;
    };
    let signature: [u8; SIGNATURE_LENGTH] = BASE64.decode(signature.as_bytes()).ok()?.try_into().ok()?;
    let message = BASE64.decode(message.as_bytes()).ok()?;
    (heading == HEADING).then(|| SignedStatement { message, signature: Signature::new(signature) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_goes_both_ways_and_damage_is_noticed() {
        let statement = SignedStatement { message: b"a statement".to_vec(), signature: Signature::new([7; 64]) };
        let text = text(&statement);
        assert_eq!(parse(text.as_bytes()), Some(statement));
        for damaged in [text.replace(" 1", " 2"), text.replace('=', "-"), text.clone() + "x", text[..40].into()] {
            assert_eq!(parse(damaged.as_bytes()), None, "{damaged}");
        }
    }

    #[test]
    fn what_the_key_did_not_sign_is_not_believed() {
        let outer = tempfile::tempdir().unwrap();
        let folder = PrivateFolder::new(outer.path().join("keys"));
        let key = PublicKey::Ed25519(greatseal_core::key::RawKey::new([9; 32]));
        assert_eq!(recall(&folder, &key, "x"), Ok(None));
        let forged = SignedStatement { message: b"a statement".to_vec(), signature: Signature::new([7; 64]) };
        remember(&folder, &key, "x", &forged).unwrap();
        assert!(matches!(recall(&folder, &key, "x"), Err(CustodyFault::Malformed { .. })));
        assert_eq!(recall(&folder, &key, "y"), Ok(None));
    }
}
