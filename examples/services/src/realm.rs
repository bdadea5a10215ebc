//! The realm: a root, a signing principal, identities. Here its keys are in this process; in earnest
//! they are in custody, offline but for a few minutes a quarter, and none is ever with a service.

use std::fs;
use std::path::Path;

use greatseal_core::issue::Unsigned;
use greatseal_core::key::PublicKey;
use greatseal_core::{Cid, Command, Policy, Timestamp, View};
use greatseal_custody::RunningKey;
use greatseal_service::clock::{Clock, SystemClock};
use greatseal_token::ucan::cbor::MapBuf;
use greatseal_token::ucan::container::{self, Encoding};
use greatseal_token::ucan::{self, Delegation, Invocation, REVOKE, Revokes, Ucan, UcanEnvelope, encode};

use crate::Fault;

/// Keys of a realm.
#[derive(Debug)]
pub struct Realm {
    /// Owns every capability.
    pub root: RunningKey,
    /// Delegates to services, for the root.
    pub signing: RunningKey,
    /// The identity of `upload`.
    pub upload: RunningKey,
    /// The identity of `access`.
    pub access: RunningKey,
    /// The identity of `index`.
    pub index: RunningKey,
    /// The root's delegation to the signing principal.
    pub top: Vec<u8>,
}

impl Realm {
    /// Draws the keys, and has the root delegate.
    ///
    /// # Errors
    /// What custody or the format says.
    pub fn new() -> Result<Self, Fault> {
        let [root, signing, upload, access, index] = [(); 5].map(|()| RunningKey::generate());
        let (root, signing) = (root?, signing?);
        let until = SystemClock.now().plus(90 * 24 * 60 * 60);
        let top = delegate(&root, signing.public_key(), root.public_key(), "/files", until)?;
        Ok(Self { root, signing, upload: upload?, access: access?, index: index?, top })
    }

    /// Delegates a prefix of commands to a service or client: the chain down to it, root first.
    ///
    /// # Errors
    /// What custody or the format says.
    pub fn admit(&self, whom: PublicKey, command: &str) -> Result<Vec<Vec<u8>>, Fault> {
        let until = SystemClock.now().plus(24 * 60 * 60);
        Ok(vec![self.top.clone(), delegate(&self.signing, whom, self.root.public_key(), command, until)?])
    }

    /// Delegates from an identity to a running key: the one token that a rotation takes.
    ///
    /// # Errors
    /// What custody or the format says.
    pub fn run(&self, identity: &RunningKey, key: PublicKey, command: &str, seconds: u64) -> Result<Vec<u8>, Fault> {
        delegate(identity, key, self.root.public_key(), command, SystemClock.now().plus(seconds))
    }
}

fn delegate(
    from: &RunningKey,
    to: PublicKey,
    subject: PublicKey,
    command: &str,
    until: Timestamp,
) -> Result<Vec<u8>, Fault> {
    let (command, policy) = (Command::parse(command)?, ucan::Policy::default());
    let it = Delegation::new(from.public_key(), to, Some(subject), command, policy, &nonce()?, Some(until));
    finish(encode(&Ucan::from(it))?, from)
}

/// Takes a token back.
///
/// # Errors
/// What custody or the format says.
pub fn revoke(by: &RunningKey, token: &[u8]) -> Result<Vec<u8>, Fault> {
    let args = Revokes { token: Cid::of(token), path: Box::default() }.to_args();
    let key = by.public_key();
    let it = Invocation::new(key, key, Command::parse(REVOKE)?, args, &[], &nonce()?, None);
    finish(encode(&Ucan::from(it))?, by)
}

/// Encodes an invocation that speaks for half a minute.
///
/// # Errors
/// What the format says.
pub fn invocation(
    issuer: PublicKey,
    subject: PublicKey,
    audience: PublicKey,
    command: &str,
    proofs: &[Vec<u8>],
) -> Result<Unsigned<UcanEnvelope>, Fault> {
    let cids: Vec<Cid> = proofs.iter().map(|proof| Cid::of(proof)).collect();
    let args = MapBuf::from_json(&serde_json::json!({ "name": "a.txt", "bytes": 1024 }))?;
    let (command, until) = (Command::parse(command)?, SystemClock.now().plus(30));
    let it = Invocation::new(issuer, subject, command, args, &cids, &nonce()?, Some(until)).to(audience);
    Ok(encode(&Ucan::from(it))?)
}

/// Packs an invocation with its proofs.
///
/// # Errors
/// What the format says.
pub fn pack(token: &[u8], proofs: &[Vec<u8>]) -> Result<String, Fault> {
    let tokens: Vec<&[u8]> = proofs.iter().map(Vec::as_slice).chain([token]).collect();
    Ok(String::from_utf8(container::write(&tokens, Encoding::Base64Url)?)?)
}

/// Signs, and checks as any reader would.
///
/// # Errors
/// What custody or the format says.
pub fn finish(unsigned: Unsigned<UcanEnvelope>, key: &RunningKey) -> Result<Vec<u8>, Fault> {
    let signature = key.sign(&unsigned.request())?;
    let view = View::new(Policy::Strict, Vec::new(), SystemClock.now());
    Ok(unsigned.finish(&signature, &view)?.bytes().to_vec())
}

/// Writes a file whole, so that nobody reads half of it.
///
/// # Errors
/// What the system says.
pub fn put(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let name = path.file_name().and_then(|name| name.to_str()).ok_or("a file has a name")?;
    let unfinished = path.with_file_name(format!(".{name}"));
    fs::write(&unfinished, bytes)?;
    Ok(fs::rename(unfinished, path)?)
}

/// A fresh public key is as random as a nonce has to be.
fn nonce() -> Result<Vec<u8>, Fault> {
    Ok(RunningKey::generate()?.public_key().as_bytes().iter().take(12).copied().collect())
}
