//! The private folder: only its owner may look in, and files in it are written whole or not at all.
//!
//! Promise: when [`PrivateFolder::create`] or [`PrivateFolder::replace`] has returned, the file
//! survives a power cut; when it has not, either nothing or everything of it is there. Gap: on
//! other systems than Unix neither permissions nor the folder's own entry are taken care of.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use greatseal_core::limits::TEXT_FILE_BYTES;
use tempfile::NamedTempFile;

use crate::fault::CustodyFault;

/// Beginning of files that are not finished; with a dot, which no key file begins with.
const UNFINISHED: &str = ".unfinished-";
const LOCK: &str = "keys.lock";

/// How long a lock is waited for. It is held for two small writes, so whoever has it longer hangs.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(2);

/// Permission bits that only the owner's may be among.
#[cfg(unix)]
const OTHERS: u32 = 0o077;

/// A folder that is private, or does not exist yet.
#[derive(Clone, Debug)]
pub(crate) struct PrivateFolder {
    path: PathBuf,
}

/// Held while the table of keys is read, changed and written; given back when dropped.
#[derive(Debug)]
pub(crate) struct Held {
    _file: File,
}

impl PrivateFolder {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Says whether the folder exists, and insists that it is private if so.
    pub(crate) fn check(&self) -> Result<bool, CustodyFault> {
        match fs::metadata(&self.path) {
            Ok(metadata) if metadata.is_dir() => private(&self.path, &metadata, 0o700).map(|()| true),
            Ok(_) => Err(CustodyFault::Malformed { path: self.path.clone(), problem: "it is no folder" }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(CustodyFault::io("look into", &self.path, &error)),
        }
    }

    /// Returns the bytes of a file, or nothing when there is none.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, CustodyFault> {
        let path = self.join(name);
        let fault = |error: &io::Error| CustodyFault::io("read", &path, error);
        if !self.check()? {
            return Ok(None);
        }
        match fs::symlink_metadata(&path) {
            // Before it is opened: opening a pipe would wait for whoever writes into it.
            Ok(metadata) if !metadata.is_file() => {
                return Err(CustodyFault::Malformed { path, problem: "it is no regular file" });
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(fault(&error)),
        }
        let file = File::open(&path).map_err(|error| fault(&error))?;
        private(&path, &file.metadata().map_err(|error| fault(&error))?, 0o600)?;
        let mut bytes = Vec::new();
        let read = file.take(TEXT_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| fault(&error))?;
        if read as u64 > TEXT_FILE_BYTES {
            return Err(CustodyFault::FileTooLarge { path, limit: TEXT_FILE_BYTES });
        }
        Ok(Some(bytes))
    }

    /// Says whether anything of that name is there, be it a file or not.
    pub(crate) fn has(&self, name: &str) -> Result<bool, CustodyFault> {
        let path = self.join(name);
        match fs::symlink_metadata(&path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(CustodyFault::io("read", &path, &error)),
        }
    }

    /// Returns the names of what is in the folder, in order.
    pub(crate) fn names(&self) -> Result<Vec<String>, CustodyFault> {
        let fault = |error: io::Error| CustodyFault::io("look into", &self.path, &error);
        if !self.check()? {
            return Ok(Vec::new());
        }
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(fault)? {
            names.push(entry.map_err(fault)?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    /// Makes the folder if there is none, and waits until nobody else changes the table of keys.
    pub(crate) fn hold(&self) -> Result<Held, CustodyFault> {
        self.hold_within(PATIENCE)
    }

    fn hold_within(&self, patience: Duration) -> Result<Held, CustodyFault> {
        self.make()?;
        let path = self.join(LOCK);
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(|error| CustodyFault::io("open", &path, &error))?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Held { _file: file }),
                Err(TryLockError::WouldBlock) if start.elapsed() < patience => thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => return Err(CustodyFault::Busy { path }),
                Err(TryLockError::Error(error)) => return Err(CustodyFault::io("lock", &path, &error)),
            }
        }
    }

    /// Writes a new file; says `false`, and changes nothing, where there is something already.
    pub(crate) fn create(&self, _held: &Held, name: &str, bytes: &[u8]) -> Result<bool, CustodyFault> {
        let path = self.join(name);
        match self.unfinished(&path, bytes)?.persist_noclobber(&path) {
            Ok(_) => self.sync().map(|()| true),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(CustodyFault::io("create", &path, &error.error)),
        }
    }

    /// Writes a file in the place of the one that is there.
    pub(crate) fn replace(&self, _held: &Held, name: &str, bytes: &[u8]) -> Result<(), CustodyFault> {
        let path = self.join(name);
        let unfinished = self.unfinished(&path, bytes)?;
        unfinished.persist(&path).map_err(|error| CustodyFault::io("write", &path, &error.error))?;
        self.sync()
    }

    /// Removes a file for good.
    pub(crate) fn remove(&self, _held: &Held, name: &str) -> Result<(), CustodyFault> {
        let path = self.join(name);
        std::fs::remove_file(&path).map_err(|error| CustodyFault::io("remove", &path, &error))?;
        self.sync()
    }

    /// Writes the bytes to a file beside `path`, down to the disk. It has mode 0600 from the first.
    fn unfinished(&self, path: &Path, bytes: &[u8]) -> Result<NamedTempFile, CustodyFault> {
        let write = || {
            let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(&self.path)?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            Ok(file)
        };
        write().map_err(|error| CustodyFault::io("write", path, &error))
    }

    /// Makes the folder and what is missing above it, each with mode 0700.
    fn make(&self) -> Result<(), CustodyFault> {
        if self.check()? {
            return Ok(());
        }
        let missing: Vec<_> = self.path.ancestors().take_while(|path| is_missing(path)).collect();
        for path in missing.into_iter().rev() {
            let mut builder = DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            match builder.create(path) {
                // Somebody else was faster; whether the folder is private is checked below.
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(CustodyFault::io("create", path, &error));
                }
                Ok(()) | Err(_) => sync_folder(path.parent().unwrap_or(path))?,
            }
        }
        self.check().map(|_| ())
    }

    fn sync(&self) -> Result<(), CustodyFault> {
        sync_folder(&self.path)
    }
}

/// The empty path above a relative one is the current folder, and so is not missing.
fn is_missing(path: &Path) -> bool {
    !path.as_os_str().is_empty() && fs::symlink_metadata(path).is_err_and(|e| e.kind() == io::ErrorKind::NotFound)
}

/// Makes the names in a folder last, where folders can be opened for that.
fn sync_folder(path: &Path) -> Result<(), CustodyFault> {
    if cfg!(unix) {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        File::open(path)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| CustodyFault::io("write down", path, &error))?;
    }
    Ok(())
}

/// Insists that nobody but the owner may read, write or enter.
#[cfg(unix)]
fn private(path: &Path, metadata: &fs::Metadata, allowed: u32) -> Result<(), CustodyFault> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777;
    if mode & OTHERS == 0 { Ok(()) } else { Err(CustodyFault::Permissions { path: path.into(), mode, allowed }) }
}

/// Elsewhere there are no permission bits; access is by the lists of the user's profile folder.
#[cfg(not(unix))]
fn private(_path: &Path, _metadata: &fs::Metadata, _allowed: u32) -> Result<(), CustodyFault> {
    Ok(())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::*;

    fn folder() -> (tempfile::TempDir, PrivateFolder) {
        let outer = tempfile::tempdir().unwrap();
        let folder = PrivateFolder::new(outer.path().join("a/b/keys"));
        (outer, folder)
    }

    #[test]
    fn it_is_made_private_when_it_is_needed() {
        let (outer, folder) = folder();
        assert_eq!(folder.read("x"), Ok(None));
        assert_eq!(folder.names(), Ok(vec![]));
        assert!(!outer.path().join("a").exists());
        let held = folder.hold().unwrap();
        assert!(folder.create(&held, "x", b"1").unwrap());
        for (path, mode) in [("a", 0o700), ("a/b", 0o700), ("a/b/keys", 0o700), ("a/b/keys/x", 0o600)] {
            assert_eq!(fs::metadata(outer.path().join(path)).unwrap().mode() & 0o7777, mode, "{path}");
        }
    }

    #[test]
    fn nothing_is_overwritten_by_create() {
        let (_outer, folder) = folder();
        let held = folder.hold().unwrap();
        assert!(folder.create(&held, "x", b"1").unwrap());
        assert!(!folder.create(&held, "x", b"2").unwrap());
        assert_eq!(folder.read("x").unwrap().unwrap(), b"1");
        folder.replace(&held, "x", b"3").unwrap();
        assert_eq!(folder.read("x").unwrap().unwrap(), b"3");
        std::os::unix::fs::symlink("nowhere", folder.join("y")).unwrap();
        assert!(!folder.create(&held, "y", b"1").unwrap());
        assert_eq!(folder.names().unwrap(), ["keys.lock", "x", "y"]);
    }

    #[test]
    fn what_others_may_read_or_write_is_refused() {
        let (_outer, folder) = folder();
        let held = folder.hold().unwrap();
        assert!(folder.create(&held, "x", b"1").unwrap());
        for mode in [0o640, 0o620, 0o604, 0o602, 0o666, 0o610] {
            fs::set_permissions(folder.join("x"), fs::Permissions::from_mode(mode)).unwrap();
            let fault = folder.read("x").unwrap_err();
            assert_eq!(fault, CustodyFault::Permissions { path: folder.join("x"), mode, allowed: 0o600 });
        }
        for mode in [0o400, 0o600, 0o700] {
            fs::set_permissions(folder.join("x"), fs::Permissions::from_mode(mode)).unwrap();
            assert!(folder.read("x").is_ok());
        }
        for mode in [0o750, 0o720, 0o701, 0o777, 0o1777] {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
            let fault = CustodyFault::Permissions { path: folder.path().into(), mode, allowed: 0o700 };
            assert_eq!(folder.read("x").unwrap_err(), fault);
            assert_eq!(folder.hold().unwrap_err(), fault);
            assert_eq!(folder.names().unwrap_err(), fault);
        }
    }

    #[test]
    fn only_regular_files_of_bounded_size_are_read() {
        let (_outer, folder) = folder();
        let held = folder.hold().unwrap();
        assert!(folder.create(&held, "x", b"1").unwrap());
        std::os::unix::fs::symlink("x", folder.join("link")).unwrap();
        fs::create_dir(folder.join("dir")).unwrap();
        for name in ["link", "dir"] {
            assert!(matches!(folder.read(name), Err(CustodyFault::Malformed { .. })), "{name}");
        }
        let limit = usize::try_from(TEXT_FILE_BYTES).unwrap();
        assert!(folder.create(&held, "most", &vec![b' '; limit]).unwrap());
        assert!(folder.create(&held, "more", &vec![b' '; limit + 1]).unwrap());
        assert_eq!(folder.read("most").unwrap().unwrap().len(), limit);
        let fault = CustodyFault::FileTooLarge { path: folder.join("more"), limit: TEXT_FILE_BYTES };
        assert_eq!(folder.read("more").unwrap_err(), fault);
    }

    #[test]
    fn a_lock_is_not_waited_for_without_end() {
        let (_outer, folder) = folder();
        let held = folder.hold().unwrap();
        let fault = folder.hold_within(Duration::from_millis(20)).unwrap_err();
        assert_eq!(fault, CustodyFault::Busy { path: folder.join(LOCK) });
        drop(held);
        assert!(folder.hold_within(Duration::ZERO).is_ok());
    }

    #[test]
    fn a_file_in_the_place_of_the_folder_is_named() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("keys");
        fs::write(&path, "").unwrap();
        let fault = PrivateFolder::new(path.clone()).check().unwrap_err();
        assert_eq!(fault, CustodyFault::Malformed { path, problem: "it is no folder" });
    }
}
