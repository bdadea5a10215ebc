//! A key in a passphrase-encrypted file.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use greatseal_core::issue::SigningRequest;
use greatseal_core::key::Spelled;
use greatseal_core::limits::UCAN_BYTES;
use greatseal_core::signature::Signature;

use crate::custodian::{Custodian, Deadline, Description, Lock, check};
use crate::encrypted::{self, Refusal, WorkFactor};
use crate::examination::{Audit, Examination, Extractable, Origin, Rights};
use crate::fault::CustodyFault;
use crate::folder::PrivateFolder;
use crate::name::KeyName;
use crate::passphrase::PassphraseSource;
use crate::seed::Seed;
use crate::uri::{FileName, KeyUri};

/// A key file, its pinned public key, and whoever knows its passphrase.
///
/// It is unlocked by the first signature and asks for the passphrase once, whatever the answer;
/// the seed stays in memory until the custodian is dropped, the passphrase does not.
pub struct FileCustodian {
    folder: PrivateFolder,
    file: FileName,
    name: KeyName,
    pinned: Spelled,
    source: Arc<dyn PassphraseSource>,
    unlocked: OnceLock<Result<Seed, CustodyFault>>,
    asking: Mutex<()>,
}

impl FileCustodian {
    /// Names a key file in a private folder; nothing is read yet.
    #[must_use]
    pub fn new(
        folder: impl Into<PathBuf>,
        file: FileName,
        name: KeyName,
        pinned: Spelled,
        source: Arc<dyn PassphraseSource>,
    ) -> Self {
        Self::within(PrivateFolder::new(folder.into()), file, name, pinned, source)
    }

    pub(crate) fn within(
        folder: PrivateFolder,
        file: FileName,
        name: KeyName,
        pinned: Spelled,
        source: Arc<dyn PassphraseSource>,
    ) -> Self {
        Self { folder, file, name, pinned, source, unlocked: OnceLock::new(), asking: Mutex::new(()) }
    }

    /// Returns the seed, unlocked by the first call; of several at once, one asks and all get the answer.
    fn seed(&self) -> Result<&Seed, CustodyFault> {
        if let Some(answer) = self.unlocked.get() {
            return answer.as_ref().map_err(Clone::clone);
        }
        let _asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = self.unlocked.get() {
            return answer.as_ref().map_err(Clone::clone);
        }
        // A file that cannot be read is no reason to ask anybody, and may be there next time.
        let path = self.folder.join(self.file.as_str());
        let bytes = self.folder.read(self.file.as_str())?.ok_or_else(|| CustodyFault::Gone { path: path.clone() })?;
        let answer = self.unlock(&bytes, &path);
        self.unlocked.get_or_init(|| answer).as_ref().map_err(Clone::clone)
    }

    /// Asks, decrypts and compares, in this order.
    fn unlock(&self, bytes: &[u8], path: &Path) -> Result<Seed, CustodyFault> {
        let passphrase = self.source.passphrase(&self.name, &self.pinned)?;
        let path = || path.into();
        let seed = encrypted::decrypt(bytes, &passphrase).map_err(|refusal| match refusal {
            Refusal::Locked => CustodyFault::Locked { path: path() },
            Refusal::Work { asked } => CustodyFault::Work { path: path(), asked, limit: WorkFactor::MOST.log_n() },
            Refusal::Malformed(problem) => CustodyFault::Malformed { path: path(), problem },
            Refusal::Seed(fault) => CustodyFault::NoSeed { path: path(), fault },
        })?;
        if seed.nkey().public_key() != self.pinned.public_key() {
            return Err(CustodyFault::Pin { pinned: self.pinned, found: seed.nkey().into() });
        }
        Ok(seed)
    }
}

impl Custodian for FileCustodian {
    fn describe(&self) -> Result<Description, CustodyFault> {
        Ok(Description {
            public_key: self.pinned.public_key(),
            uri: KeyUri::File(self.file.clone()),
            lock: Lock::Passphrase,
            largest_message: UCAN_BYTES,
            batch: NonZeroUsize::MIN,
        })
    }

    /// The deadline is looked at before a person is asked: typing and scrypt, which is bounded,
    /// are not cut short.
    fn sign(&self, request: &SigningRequest, deadline: Deadline) -> Result<Signature, CustodyFault> {
        check(request, self.pinned.public_key())?;
        deadline.remaining()?;
        self.seed()?.sign(request)
    }

    /// Unlocks the file. What is in it came as text, whoever wrote it, and leaves as text.
    fn examine(&self, deadline: Deadline) -> Result<Examination, CustodyFault> {
        deadline.remaining()?;
        Ok(Examination {
            public_key: self.seed()?.nkey().public_key(),
            origin: Origin::Unknown,
            extractable: Extractable::Yes,
            version: None,
            rights: Rights::Everything,
            audit: Audit::Off,
        })
    }
}

impl fmt::Debug for FileCustodian {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileCustodian({} in {}, {})", self.file, self.folder.path().display(), self.pinned)
    }
}
