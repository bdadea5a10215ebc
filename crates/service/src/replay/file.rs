//! The set in a file: what was entered survives whatever kills the process.
//!
//! Promise: when [`enter`](ReplayStore::enter) returns, the record is on disk. Records of calls
//! that wait at the same time go to disk together. A last record that was torn was never
//! acknowledged, and is cut off; a record damaged before others is found and the file refused,
//! because what it said is not known. Known gap: a disk that lies about having written.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use greatseal_core::error::{DelegationFault, Quoted};
use greatseal_core::{StatementId, Timestamp};
use sha2::{Digest, Sha256};

use super::{ReplayStore, Seen};
use crate::fault::ServiceFault;

/// What the file begins with; another layout gets another number.
const MAGIC: [u8; 8] = *b"gsreplay";
const VERSION: [u8; 8] = [0, 0, 0, 0, 0, 0, 0, 1];
const HEAD: usize = MAGIC.len() + VERSION.len();

/// A record: 32 bytes of statement id, its last second in 8 bytes (big-endian), and the first 8
/// bytes of SHA-256 over these 40.
const RECORD: usize = 48;

/// Records of a file that is not worth writing anew: 192 KiB.
const SMALL: usize = 4096;

/// Remembers in a file that belongs to one process at a time.
#[derive(Debug)]
pub struct ReplayFile {
    path: PathBuf,
    state: Mutex<State>,
    /// How many records are known to be on disk. Locked before `state`, never after it.
    synced: Mutex<u64>,
    /// Held for as long as this lives.
    _lock: File,
}

#[derive(Debug)]
struct State {
    seen: Seen,
    file: Arc<File>,
    /// Records in the file.
    records: usize,
    /// Records ever written by this process.
    written: u64,
    /// Why nothing is accepted any more: after a failed write nobody knows what the file holds.
    broken: Option<String>,
}

impl ReplayFile {
    /// Opens the file, or makes it, and reads what it holds; at most `limit` invocations, about 150
    /// bytes of memory and 48 of disk each.
    ///
    /// # Errors
    /// [`ServiceFault::Busy`] when another process has it, [`ServiceFault::Damaged`] when what it
    /// holds is not known, [`ServiceFault::Io`].
    pub fn open(path: impl Into<PathBuf>, limit: NonZeroUsize, now: Timestamp) -> Result<Self, ServiceFault> {
        let path = path.into();
        let lock = lock(&path)?;
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(ServiceFault::io("read", &path, &error)),
        };
        let mut seen = Seen::new(limit);
        for (id, expires) in records(&bytes, &path)? {
            seen.keep(id, expires);
        }
        seen.forget(now);
        // Written anew at every start: without what lapsed, and without a torn end.
        let file = rewrite(&path, &seen)?;
        let records = seen.until.len();
        let state = State { seen, file: Arc::new(file), records, written: 0, broken: None };
        Ok(Self { path, state: Mutex::new(state), synced: Mutex::new(0), _lock: lock })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a record; it may not be on disk yet. Returns its number.
    fn write(&self, id: StatementId, expires: Timestamp, now: Timestamp) -> Result<u64, DelegationFault> {
        let mut state = self.state();
        if let Some(why) = &state.broken {
            return Err(look_up(why));
        }
        state.seen.enter(id, expires, now)?;
        // Mostly lapsed, so it is written anew and all of it is on disk.
        if state.records >= SMALL && state.seen.until.len() <= state.records / 2 {
            return match rewrite(&self.path, &state.seen) {
                Ok(file) => {
                    state.file = Arc::new(file);
                    state.records = state.seen.until.len();
                    state.written += 1;
                    Ok(state.written)
                }
                // Nobody knows which of the two files has the name now.
                Err(fault) => {
                    state.seen.undo(id);
                    Err(state.give_up(&fault.to_string()))
                }
            };
        }
        let appended = (&*state.file).write_all(&record(id, expires));
        if let Err(error) = appended {
            state.seen.undo(id);
            return Err(state.give_up(&error.to_string()));
        }
        state.records += 1;
        state.written += 1;
        Ok(state.written)
    }

    /// Waits until a record is on disk, with all that were written before.
    fn sync(&self, number: u64) -> Result<(), DelegationFault> {
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody who came later took it along.
        if *synced >= number {
            return Ok(());
        }
        let (file, written) = {
            let state = self.state();
            if let Some(why) = &state.broken {
                return Err(look_up(why));
            }
            (Arc::clone(&state.file), state.written)
        };
        // A second try after a failure would say nothing about what the first one lost.
        file.sync_data().map_err(|error| self.state().give_up(&error.to_string()))?;
        *synced = written;
        Ok(())
    }
}

impl State {
    fn give_up(&mut self, why: &str) -> DelegationFault {
        let why = self.broken.get_or_insert_with(|| why.to_owned());
        look_up(why)
    }
}

impl ReplayStore for ReplayFile {
    fn enter(&self, id: StatementId, expires: Timestamp, now: Timestamp) -> Result<(), DelegationFault> {
        let number = self.write(id, expires, now)?;
        self.sync(number)
    }
}

fn look_up(why: &str) -> DelegationFault {
    DelegationFault::LookUp { what: "whether it was invoked before", why: Quoted::sentence(why) }
}

/// Keeps other processes away; the file itself is replaced now and then, so another one is locked.
fn lock(path: &Path) -> Result<File, ServiceFault> {
    let beside = path.with_added_extension("lock");
    let file = File::options().create(true).truncate(false).write(true).open(&beside);
    let file = file.map_err(|error| ServiceFault::io("open", &beside, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ServiceFault::Busy { path: path.into() }),
        Err(TryLockError::Error(error)) => Err(ServiceFault::io("lock", &beside, &error)),
    }
}

fn record(id: StatementId, expires: Timestamp) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    let (said, checksum) = record.split_at_mut(RECORD - 8);
    let (name, last) = said.split_at_mut(32);
    name.copy_from_slice(id.as_bytes());
    last.copy_from_slice(&expires.as_secs().to_be_bytes());
    let digest = Sha256::digest(&*said);
    checksum.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    record
}

fn parse(bytes: &[u8]) -> Option<(StatementId, Timestamp)> {
    let (id, rest) = bytes.split_first_chunk::<32>()?;
    let (last, _) = rest.split_first_chunk::<8>()?;
    let said = (StatementId::from_digest(*id), Timestamp::from_secs(u64::from_be_bytes(*last)));
    (record(said.0, said.1) == bytes).then_some(said)
}

/// Reads the records of a file; a torn end is passed over.
fn records(bytes: &[u8], path: &Path) -> Result<Vec<(StatementId, Timestamp)>, ServiceFault> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let damaged = |at: usize| ServiceFault::Damaged { path: path.into(), at: at as u64 };
    let (head, rest) = bytes.split_at_checked(HEAD).ok_or_else(|| damaged(0))?;
    if head != [MAGIC, VERSION].concat() {
        return Err(damaged(0));
    }
    let mut found = Vec::with_capacity(rest.len() / RECORD);
    let mut broken = None;
    for (at, bytes) in rest.chunks(RECORD).enumerate() {
        match (parse(bytes), broken) {
            (Some(it), None) => found.push(it),
            (None, None) => broken = Some(HEAD + at * RECORD),
            (Some(_), Some(at)) => return Err(damaged(at)),
            (None, Some(_)) => {}
        }
    }
    Ok(found)
}

/// Writes what is remembered to a new file in the place of the old one, down to the disk.
fn rewrite(path: &Path, seen: &Seen) -> Result<File, ServiceFault> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut bytes = [MAGIC, VERSION].concat();
    for (until, id) in &seen.order {
        // What is remembered is when it may be forgotten; what is written is its last second.
        let last = until.as_secs().saturating_sub(greatseal_core::limits::CLOCK_SKEW_SECONDS);
        bytes.extend_from_slice(&record(*id, Timestamp::from_secs(last)));
    }
    let write = || {
        let mut file = tempfile::Builder::new().prefix(".replay-").tempfile_in(folder)?;
        file.write_all(&bytes)?;
        file.as_file().sync_all()?;
        let file = file.persist(path).map_err(|error| error.error)?;
        if cfg!(unix) {
            File::open(folder)?.sync_all()?;
        }
        Ok(file)
    };
    write().map_err(|error| ServiceFault::io("write", path, &error))
}

#[cfg(test)]
mod tests {
    use std::thread;

    use greatseal_core::limits::CLOCK_SKEW_SECONDS;

    use super::*;
    use crate::clock::NO_TIME;

    const LIMIT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(99_999);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    fn id(number: usize) -> StatementId {
        StatementId::of(&number.to_be_bytes())
    }

    fn open(path: &Path) -> Result<ReplayFile, ServiceFault> {
        ReplayFile::open(path, LIMIT, at(50))
    }

    #[test]
    fn what_was_entered_is_there_after_a_restart() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("replay");
        let store = open(&path).unwrap();
        for number in 0..10 {
            assert_eq!(store.enter(id(number), at(100), at(50)), Ok(()));
        }
        drop(store);
        let store = open(&path).unwrap();
        for number in 0..10 {
            assert_eq!(store.enter(id(number), at(100), at(50)), Err(DelegationFault::Replayed));
        }
        assert_eq!(store.enter(id(10), at(100), at(50)), Ok(()));
        drop(store);
        drop(ReplayFile::open(&path, LIMIT, NO_TIME).unwrap());
        assert_eq!(fs::read(&path).unwrap().len(), HEAD + 11 * RECORD, "a clock out of order makes nothing new");
        let later = at(101 + CLOCK_SKEW_SECONDS);
        drop(ReplayFile::open(&path, LIMIT, later).unwrap());
        assert_eq!(fs::read(&path).unwrap().len(), HEAD, "what lapsed is not written again");
    }

    #[test]
    fn every_torn_end_is_cut_off_and_nothing_before_it() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("replay");
        let store = open(&path).unwrap();
        (0..3).for_each(|number| store.enter(id(number), at(100), at(50)).unwrap());
        drop(store);
        let whole = fs::read(&path).unwrap();
        let mut last = whole.clone();
        *last.last_mut().unwrap() ^= 1;
        let torn = (HEAD + 2 * RECORD..whole.len()).map(|length| whole[..length].to_vec()).chain([last]);
        for bytes in torn {
            fs::write(&path, &bytes).unwrap();
            let store = open(&path).unwrap();
            assert_eq!(store.enter(id(0), at(100), at(50)), Err(DelegationFault::Replayed));
            assert_eq!(store.enter(id(1), at(100), at(50)), Err(DelegationFault::Replayed));
            assert_eq!(store.enter(id(2), at(100), at(50)), Ok(()));
        }
    }

    #[test]
    fn damage_is_found_and_told() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("replay");
        let store = open(&path).unwrap();
        (0..3).for_each(|number| store.enter(id(number), at(100), at(50)).unwrap());
        drop(store);
        let whole = fs::read(&path).unwrap();
        for at in 0..HEAD + 2 * RECORD {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(&path, &bytes).unwrap();
            assert!(matches!(open(&path), Err(ServiceFault::Damaged { .. })), "{at}");
        }
    }

    #[test]
    fn one_process_has_it() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("replay");
        let store = open(&path).unwrap();
        assert_eq!(open(&path).unwrap_err(), ServiceFault::Busy { path: path.clone() });
        drop(store);
        assert!(open(&path).is_ok());
    }

    #[test]
    fn of_many_at_once_one_is_first() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("replay");
        let store = open(&path).unwrap();
        let entered: usize = thread::scope(|scope| {
            let enter = || (0..100).filter(|number| store.enter(id(*number), at(100), at(50)).is_ok()).count();
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(enter)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(entered, 100);
        drop(store);
        assert_eq!(fs::read(&path).unwrap().len(), HEAD + 100 * RECORD);
    }

    #[test]
    fn it_is_written_anew_when_it_has_mostly_lapsed() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("replay");
        let store = open(&path).unwrap();
        // Without waiting for the disk each time.
        (0..SMALL).for_each(|number| assert!(store.write(id(number), at(100), at(50)).is_ok()));
        let later = at(101 + CLOCK_SKEW_SECONDS);
        store.enter(id(SMALL), at(1000), later).unwrap();
        assert_eq!(fs::read(&path).unwrap().len(), HEAD + RECORD);
        store.enter(id(SMALL + 1), at(1000), later).unwrap();
        drop(store);
        let store = ReplayFile::open(&path, LIMIT, later).unwrap();
        for number in [SMALL, SMALL + 1] {
            assert_eq!(store.enter(id(number), at(1000), later), Err(DelegationFault::Replayed));
        }
    }

    #[test]
    fn a_full_set_refuses() {
        let outer = tempfile::tempdir().unwrap();
        let store = ReplayFile::open(outer.path().join("replay"), NonZeroUsize::MIN, at(50)).unwrap();
        assert_eq!(store.enter(id(0), at(100), at(50)), Ok(()));
        assert_eq!(store.enter(id(1), at(100), at(50)), Err(DelegationFault::ReplayFull { limit: 1 }));
    }
}
