//! A service's wallet: its delegations in a folder, its running keys in memory.
//!
//! The folder is looked at again whenever the wallet is used and a second has passed, so a new
//! delegation counts without a restart, and so does a new running key: the wallet asks for one
//! early, by a [request](crate::request), and uses it as soon as the identity has delegated to it.
//! The old key serves until its delegation ends, and is then dropped and wiped.

mod invoke;
mod keys;

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use greatseal_core::decide::Candidate;
use greatseal_core::issue::Unsigned;
use greatseal_core::key::PublicKey;
use greatseal_core::limits::NONCE_BYTES;
use greatseal_core::verify::verify;
use greatseal_core::{Policy, Timestamp, Verified, View};
use greatseal_custody::{CustodyFault, RunningKey};
use greatseal_token::ucan::{self, Ucan, UcanEnvelope, Verifier};

pub use invoke::{Call, Envelope};
pub use keys::{Holding, Rotation};

use crate::fault::ServiceFault;
use crate::folder::{Folder, Report, Unreadable};
use crate::material::{Material, take_apart};
use crate::request::{REQUEST_FILE, RunningKeyRequest};
use crate::revocations::Revocations;
use keys::Ring;

/// Delegations and running keys of one service.
pub struct Wallet {
    service: String,
    identity: PublicKey,
    path: PathBuf,
    rotation: Rotation,
    revocations: Arc<dyn Revocations>,
    report: Report,
    state: Mutex<State>,
}

struct State {
    folder: Folder,
    verifier: Verifier,
    delegations: Vec<Verified<Ucan>>,
    ring: Ring,
    tended: Option<Timestamp>,
}

impl Wallet {
    /// Opens a wallet: `service` is the name in the realm, for messages; `identity` is whose
    /// delegations the folder holds. Nothing is read yet, and there is no running key yet.
    #[must_use]
    pub fn new(
        service: &str,
        identity: PublicKey,
        folder: impl Into<PathBuf>,
        rotation: Rotation,
        revocations: Arc<dyn Revocations>,
        report: Report,
    ) -> Self {
        let path = folder.into();
        let state = State {
            folder: Folder::new(path.clone(), Some(REQUEST_FILE)),
            verifier: Verifier::new(NonZeroUsize::MIN),
            delegations: Vec::new(),
            ring: Ring::default(),
            tended: None,
        };
        Self { service: service.into(), identity, path, rotation, revocations, report, state: Mutex::new(state) }
    }

    /// Looks after the running keys: takes up what was delegated, drops what has ended, and asks for
    /// a new key when it is time. Does nothing within the second of the last time.
    ///
    /// Every call does this too; a service that may be idle for long does it by itself now and then.
    ///
    /// # Errors
    /// [`ServiceFault`] when the folder cannot be read or the request not be written. What is known
    /// stays in use.
    pub fn tend(&self, now: Timestamp) -> Result<(), ServiceFault> {
        self.tend_within(&mut self.state(), now)
    }

    /// Asks for a new running key now, whatever the time: after a theft, say.
    ///
    /// # Errors
    /// [`ServiceFault`] as for [`Self::tend`].
    pub fn renew(&self, now: Timestamp) -> Result<(), ServiceFault> {
        let mut state = self.state();
        let tended = self.tend_within(&mut state, now);
        if state.ring.pending().is_none() {
            self.ask(&mut state.ring, now)?;
        }
        tended
    }

    /// Lists the running keys, the newest first.
    #[must_use]
    pub fn keys(&self) -> Vec<Holding> {
        self.state().ring.holdings()
    }

    /// Returns where requests for running keys are written.
    #[must_use]
    pub fn request_path(&self) -> PathBuf {
        self.path.join(REQUEST_FILE)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tend_within(&self, state: &mut State, now: Timestamp) -> Result<(), ServiceFault> {
        if state.tended == Some(now) {
            return Ok(());
        }
        let read = self.refresh(state, now);
        let leaves = self.leaves(state, now);
        if state.ring.settle(&leaves, now) {
            // Answered; one that is left over would be answered again.
            remove(&self.request_path())?;
        }
        if state.ring.is_due(&self.rotation, now) {
            self.ask(&mut state.ring, now)?;
        }
        read?;
        state.tended = Some(now);
        Ok(())
    }

    /// Reads the folder again if it has changed.
    fn refresh(&self, state: &mut State, now: Timestamp) -> Result<(), ServiceFault> {
        let Some(files) = state.folder.changes(now)? else { return Ok(()) };
        let mut decoded = Vec::new();
        for (path, bytes) in &files {
            let added = match bytes {
                Ok(bytes) => delegations(bytes, &mut decoded),
                Err(error) => Err(Unreadable::Io { message: error.to_string() }),
            };
            if let Err(unreadable) = added {
                (self.report)(path, &unreadable);
            }
        }
        let verdicts = verify(decoded, NonZeroUsize::MIN);
        if verdicts.iter().any(Result::is_err) {
            (self.report)(state.folder.path(), &Unreadable::Signature);
        }
        state.delegations = verdicts.into_iter().flatten().collect();
        Ok(())
    }

    /// Draws a key if none is waiting, and writes the request for it.
    fn ask(&self, ring: &mut Ring, now: Timestamp) -> Result<(), ServiceFault> {
        let expires = now.plus(self.rotation.answer_within_seconds);
        let request = {
            let (new, current) = ring.draw(expires)?;
            RunningKeyRequest::write(self.identity, new, current, expires, now)?
        };
        let path = self.request_path();
        replace(&path, &request).inspect_err(|_| ring.ask_again())
    }
}

/// Reads the delegations of a file.
fn delegations(bytes: &[u8], into: &mut Vec<greatseal_core::Decoded<Ucan>>) -> Result<(), Unreadable> {
    let Material::Ucans(tokens) = take_apart(bytes)? else { return Err(Unreadable::Kind("it is no delegation")) };
    let mut first = Ok(());
    for token in tokens {
        match ucan::decode(&token) {
            Ok(decoded) if decoded.content().delegation().is_some() => into.push(decoded),
            Ok(_) => first = first.and(Err(Unreadable::Kind("a token in it is no delegation"))),
            Err(fault) => first = first.and(Err(fault.into())),
        }
    }
    first
}

/// Signs with a running key, and checks the result as any reader would.
pub(crate) fn finish(
    unsigned: Unsigned<UcanEnvelope>,
    key: &RunningKey,
    now: Timestamp,
) -> Result<(Vec<u8>, Candidate<Ucan>), ServiceFault> {
    let signature = key.sign(&unsigned.request())?;
    let issued = unsigned.finish(&signature, &View::new(Policy::Strict, Vec::new(), now))?;
    Ok((issued.bytes().to_vec(), Candidate::Verified(issued.verified().clone())))
}

/// Draws a nonce.
pub(crate) fn nonce() -> Result<[u8; NONCE_BYTES], ServiceFault> {
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce).map_err(|error| CustodyFault::Randomness { message: error.to_string() })?;
    Ok(nonce)
}

/// Writes a file whole, in the place of the one that is there.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), ServiceFault> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || {
        let mut file = tempfile::Builder::new().prefix(".request-").tempfile_in(folder)?;
        file.write_all(bytes)?;
        #[cfg(unix)]
        // For whoever carries it, who need not be the service; there is no secret in it.
        file.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error).map(drop)
    };
    write().map_err(|error| ServiceFault::io("write", path, &error))
}

fn remove(path: &Path) -> Result<(), ServiceFault> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(ServiceFault::io("remove", path, &error)),
        Ok(()) | Err(_) => Ok(()),
    }
}
