//! A key in an encrypted file.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, TryLockError};
use std::thread;
use std::time::Duration;

use greatseal_core::issue::SigningRequest;
use greatseal_core::key::Spelled;
use greatseal_core::limits::UCAN_BYTES;
use greatseal_core::signature::Signature;

use crate::custodian::{Custodian, Deadline, Description, Lock, check};
use crate::encrypted::{self, Kind};
use crate::examination::{Audit, Examination, Extractable, Origin, Rights};
use crate::fault::CustodyFault;
use crate::folder::PrivateFolder;
use crate::name::KeyName;
use crate::passphrase::PassphraseSource;
use crate::seed::Seed;
use crate::unlock::Unlocker;
use crate::uri::{FileName, KeyUri};

/// How often whoever waits for another's unlocking looks again.
const PAUSE: Duration = Duration::from_millis(5);

/// A key file, its pinned public key, and whoever knows its passphrase or where its identities are.
///
/// It is unlocked by the first signature and asks for the passphrase once, whatever the answer;
/// the seed stays in memory until the custodian is dropped, the passphrase does not.
pub struct FileCustodian {
    folder: PrivateFolder,
    file: FileName,
    name: KeyName,
    pinned: Spelled,
    unlocker: Unlocker,
    lock: OnceLock<Lock>,
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
        Self::within(PrivateFolder::new(folder.into()), file, name, pinned, Unlocker::new(source, Vec::new()))
    }

    /// Names files with age identities, which open a file that is encrypted to recipients.
    #[must_use]
    pub fn with_identities(mut self, identities: Vec<PathBuf>) -> Self {
        self.unlocker = self.unlocker.with_identities(identities);
        self
    }

    pub(crate) fn within(
        folder: PrivateFolder,
        file: FileName,
        name: KeyName,
        pinned: Spelled,
        unlocker: Unlocker,
    ) -> Self {
        let (lock, unlocked) = (OnceLock::new(), OnceLock::new());
        Self { folder, file, name, pinned, unlocker, lock, unlocked, asking: Mutex::new(()) }
    }

    /// Returns the seed, unlocked by the first call; of several at once, one asks and all get the answer.
    fn seed(&self, deadline: Deadline) -> Result<&Seed, CustodyFault> {
        deadline.remaining()?;
        if let Some(answer) = self.unlocked.get() {
            return answer.as_ref().map_err(Clone::clone);
        }
        let _asking = self.turn(deadline)?;
        if let Some(answer) = self.unlocked.get() {
            return answer.as_ref().map_err(Clone::clone);
        }
        // A file that cannot be read is no reason to ask anybody, and may be there next time.
        let path = self.folder.join(self.file.as_str());
        let bytes = self.read()?;
        match self.unlocker.unlock(&bytes, &path, &self.name, self.pinned, deadline) {
            Err(fault) if may_pass(&fault) => Err(fault),
            answer => self.unlocked.get_or_init(|| answer).as_ref().map_err(Clone::clone),
        }
    }

    /// Waits until nobody else unlocks, who may be waiting for a device.
    fn turn(&self, deadline: Deadline) -> Result<MutexGuard<'_, ()>, CustodyFault> {
        loop {
            match self.asking.try_lock() {
                Ok(turn) => return Ok(turn),
                Err(TryLockError::Poisoned(poisoned)) => return Ok(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => thread::sleep(PAUSE.min(deadline.remaining()?)),
            }
        }
    }

    fn read(&self) -> Result<Vec<u8>, CustodyFault> {
        let gone = || CustodyFault::Gone { path: self.folder.join(self.file.as_str()) };
        self.folder.read(self.file.as_str())?.ok_or_else(gone)
    }

    /// Says what opens the file. Its header tells, and is read once; while there is no such file,
    /// it is what most have.
    fn lock(&self) -> Lock {
        if let Some(lock) = self.lock.get() {
            return *lock;
        }
        match self.read().map(|bytes| encrypted::kind(&bytes)) {
            Ok(Ok(Kind::Passphrase)) => *self.lock.get_or_init(|| Lock::Passphrase),
            Ok(Ok(Kind::Recipients)) => *self.lock.get_or_init(|| Lock::Identity),
            Ok(Err(_)) | Err(_) => Lock::Passphrase,
        }
    }
}

/// Says whether the same may go well another time: a device is touched, a program installed.
fn may_pass(fault: &CustodyFault) -> bool {
    matches!(
        fault,
        CustodyFault::Deadline
            | CustodyFault::Setup { .. }
            | CustodyFault::Answer { .. }
            | CustodyFault::Io { .. }
            | CustodyFault::Permissions { .. }
    )
}

impl Custodian for FileCustodian {
    fn describe(&self) -> Result<Description, CustodyFault> {
        Ok(Description {
            public_key: self.pinned.public_key(),
            uri: KeyUri::File(self.file.clone()),
            lock: self.lock(),
            largest_message: UCAN_BYTES,
            batch: NonZeroUsize::MIN,
        })
    }

    /// The deadline is looked at before a person is asked, and ends what a plugin does: typing and
    /// scrypt, which is bounded, are not cut short.
    fn sign(&self, request: &SigningRequest, deadline: Deadline) -> Result<Signature, CustodyFault> {
        check(request, self.pinned.public_key())?;
        self.seed(deadline)?.sign(request)
    }

    /// Unlocks the file. What is in it came as text, whoever wrote it, and leaves as text.
    fn examine(&self, deadline: Deadline) -> Result<Examination, CustodyFault> {
        Ok(Examination {
            public_key: self.seed(deadline)?.nkey().public_key(),
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
