//! Backups: one age file with a tar archive in it, encrypted to a passphrase of its own.
//!
//! Without this program `age -d FILE | tar x` gives the files back. Keys in it stay encrypted to
//! their own passphrases or recipients. What is read is bounded, and only plain files with plain names are taken:
//! nothing of an archive ever chooses where it is written.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::iter;
use std::path::{Path, PathBuf};

use age::armor::{ArmoredWriter, Format};
use age::{Encryptor, scrypt};
use greatseal_core::limits::TEXT_FILE_BYTES;
use greatseal_core::{Code, Timestamp};
use thiserror::Error;

use crate::custodian::Deadline;
use crate::encrypted::{self, Kind, Refusal, WorkFactor};
use crate::fault::CustodyFault;
use crate::passphrase::Passphrase;
use crate::place::Surroundings;
use crate::table::{Entry, Table};
use crate::unlock::Unlocker;
use crate::uri::{FileName, KeyUri};
use crate::wipe::{self, DECRYPTION_STACK};

/// Bytes of the largest backup, encrypted.
pub const BACKUP_BYTES: u64 = 64 * 1024 * 1024;
/// Bytes of the archive in it.
const ARCHIVE_BYTES: u64 = 48 * 1024 * 1024;
/// Files of one backup.
const FILES: usize = 20_000;
/// Parts of the longest path, `trust/NAME/followed/STEP/STATEMENT`.
const PARTS: usize = 5;
/// Bytes of a file's name on common file systems.
const PART_BYTES: usize = 255;
/// Where the keystore's files are in the archive.
const KEYS: &str = "keys";
/// Where the trust store's files are.
const TRUST: &str = "trust";
const TABLE: &str = "keys.toml";

/// A backup that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BackupFault {
    /// The passphrase is another one.
    #[error("the passphrase does not open the backup")]
    Locked,
    /// It asks for more work than any of ours.
    #[error("the backup asks for scrypt with 2^{asked} rounds, at most 2^{limit} are done")]
    Work {
        /// Binary logarithm of the rounds it asks for.
        asked: u8,
        /// Binary logarithm of the rounds that are done.
        limit: u8,
    },
    /// It is no whole backup.
    #[error("{problem}")]
    Malformed {
        /// What is wrong with it.
        problem: String,
    },
    /// A key's file is missing or is no key file.
    #[error("{path}: {problem}")]
    Key {
        /// The file's path in the backup.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl BackupFault {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Locked => Code::BackupLocked,
            Self::Work { .. } | Self::Malformed { .. } => Code::BackupMalformed,
            Self::Key { .. } => Code::BackupKey,
        }
    }

    fn malformed(problem: impl Into<String>) -> Self {
        Self::Malformed { problem: problem.into() }
    }
}

/// What trying to open a key's file in a backup has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It opens, and holds the pinned key.
    AsPinned,
    /// The backup has no file of the key, which is kept in another place.
    Elsewhere,
    /// The file is encrypted to recipients, and there was no identity to try it with.
    NoIdentity,
}

/// Files of a private folder, by their paths in it: `keys/keys.toml`, `trust/acme/pin.toml`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Backup {
    files: BTreeMap<String, Vec<u8>>,
}

impl Backup {
    /// Makes one of the keystore's and the trust store's files, each by its path in its folder.
    ///
    /// # Errors
    /// [`BackupFault::Malformed`] for what could not be restored: paths that are not plain, and
    /// more or larger files than any private folder has.
    pub fn new(keys: Vec<(String, Vec<u8>)>, trust: Vec<(String, Vec<u8>)>) -> Result<Self, BackupFault> {
        let mut backup = Self::default();
        for (part, files) in [(KEYS, keys), (TRUST, trust)] {
            for (path, bytes) in files {
                backup.add(format!("{part}/{path}"), bytes)?;
            }
        }
        Ok(backup)
    }

    fn add(&mut self, path: String, bytes: Vec<u8>) -> Result<(), BackupFault> {
        if !is_plain(&path) {
            return Err(BackupFault::malformed(format!("it holds {path:?}, which is no place for a private file")));
        }
        let total: usize = self.files.values().map(Vec::len).sum();
        // What an archive adds to a file is less than 2 KiB.
        let most = usize::try_from(ARCHIVE_BYTES).unwrap_or(usize::MAX);
        let full = total + bytes.len() + 2048 * (self.files.len() + 1) > most || self.files.len() >= FILES;
        if bytes.len() as u64 > TEXT_FILE_BYTES || full {
            return Err(BackupFault::malformed(format!("{path} is more than a private folder holds")));
        }
        if self.files.contains_key(&path) {
            return Err(BackupFault::malformed(format!("it holds {path} twice")));
        }
        self.files.insert(path, bytes);
        Ok(())
    }

    /// Returns the files, by their paths.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// Encrypts it to a passphrase.
    ///
    /// # Errors
    /// None that is known: everything happens in memory.
    pub fn seal(&self, passphrase: &Passphrase, work: WorkFactor, now: Timestamp) -> io::Result<Vec<u8>> {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, bytes) in &self.files {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o600);
            header.set_mtime(now.as_secs());
            header.set_entry_type(tar::EntryType::Regular);
            archive.append_data(&mut header, path, bytes.as_slice())?;
        }
        let archive = archive.into_inner()?;

        let mut recipient = scrypt::Recipient::new(passphrase.secret());
        recipient.set_work_factor(work.log_n());
        let encryptor = Encryptor::with_recipients(iter::once(&recipient as _))
            .map_err(|error| io::Error::other(error.to_string()))?;
        let mut writer = encryptor.wrap_output(ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?)?;
        writer.write_all(&archive)?;
        let sealed = writer.finish()?.finish();
        wipe::wipe_stack::<DECRYPTION_STACK>();
        sealed
    }

    /// Opens a backup's bytes, in bounded time and memory whatever they are.
    ///
    /// # Errors
    /// [`BackupFault`], but for [`BackupFault::Key`].
    pub fn open(bytes: &[u8], passphrase: &Passphrase) -> Result<Self, BackupFault> {
        let opened = decrypt(bytes, passphrase);
        wipe::wipe_stack::<DECRYPTION_STACK>();
        Self::read(&opened?)
    }

    fn read(archive: &[u8]) -> Result<Self, BackupFault> {
        let broken = |error: io::Error| BackupFault::malformed(format!("its archive is damaged: {error}"));
        let mut backup = Self::default();
        let mut archive = tar::Archive::new(archive);
        for entry in archive.entries().map_err(broken)? {
            let entry = entry.map_err(broken)?;
            if entry.header().entry_type() != tar::EntryType::Regular {
                return Err(BackupFault::malformed("it holds something else than plain files"));
            }
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let mut bytes = Vec::new();
            let expected = entry.size();
            entry.take(TEXT_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(broken)?;
            if bytes.len() as u64 != expected.min(TEXT_FILE_BYTES + 1) {
                return Err(BackupFault::malformed(format!("{path:?} was cut off")));
            }
            backup.add(path, bytes)?;
        }
        Ok(backup)
    }

    /// Returns the keys that it holds, once each key's file is there and is a key file.
    ///
    /// Whether a file holds the key that is pinned for it, [`Self::unlock`] says.
    ///
    /// # Errors
    /// [`BackupFault::Key`] for the first one that is missing or none.
    pub fn keys(&self) -> Result<Vec<Entry>, BackupFault> {
        let Some(table) = self.files.get(&format!("{KEYS}/{TABLE}")) else {
            // Without a table there are no keys, or they could not be told apart.
            return match self.files.keys().find(|path| path.starts_with(&format!("{KEYS}/"))) {
                Some(path) => Err(BackupFault::Key { path: path.clone(), problem: "no table names it".into() }),
                None => Ok(Vec::new()),
            };
        };
        let table = Table::parse(&PathBuf::from(KEYS).join(TABLE), table)
            .map_err(|fault| BackupFault::malformed(fault.to_string()))?;
        for entry in table.entries() {
            if let Some((path, bytes)) = self.file_of(entry)? {
                encrypted::kind(bytes).map_err(|refusal| key_fault(&path, refusal))?;
            }
        }
        Ok(table.entries().cloned().collect())
    }

    /// Returns key files that no name refers to: they are backed up and restored like the others.
    #[must_use]
    pub fn orphans(&self, keys: &[Entry]) -> Vec<&str> {
        let named = |path: &str| keys.iter().any(|entry| path_of(entry).is_some_and(|of| of == path));
        let in_keys = |path: &&str| path.starts_with(&format!("{KEYS}/")) && !path.ends_with(TABLE);
        self.files.keys().map(String::as_str).filter(in_keys).filter(|path| !named(path)).collect()
    }

    /// Proves that a key's file opens and holds the key that is pinned for it; one to recipients
    /// needs [`Self::unlock_by`].
    ///
    /// # Errors
    /// [`BackupFault::Key`] otherwise, or when the passphrase is another one.
    pub fn unlock(&self, entry: &Entry, passphrase: &Passphrase) -> Result<Proof, BackupFault> {
        let Some((path, bytes)) = self.file_of(entry)? else { return Ok(Proof::Elsewhere) };
        if encrypted::kind(bytes) == Ok(Kind::Recipients) {
            return Ok(Proof::NoIdentity);
        }
        let seed = encrypted::decrypt(bytes, passphrase).map_err(|refusal| key_fault(&path, refusal))?;
        if seed.nkey().public_key() == entry.public.public_key() {
            Ok(Proof::AsPinned)
        } else {
            let problem = CustodyFault::Pin { pinned: entry.public, found: seed.nkey().into() }.to_string();
            Err(BackupFault::Key { path, problem })
        }
    }

    /// Proves the same by asking for passphrases where they are needed, and by the identities that
    /// are named.
    ///
    /// # Errors
    /// [`BackupFault::Key`] otherwise, or for whatever keeps the file from being opened.
    pub fn unlock_by(&self, entry: &Entry, around: &Surroundings, deadline: Deadline) -> Result<Proof, BackupFault> {
        let Some((path, bytes)) = self.file_of(entry)? else { return Ok(Proof::Elsewhere) };
        let unlocker = Unlocker::of(around);
        if encrypted::kind(bytes) == Ok(Kind::Recipients) && !unlocker.has_identities() {
            return Ok(Proof::NoIdentity);
        }
        match unlocker.unlock(bytes, Path::new(&path), &entry.name, entry.public, deadline) {
            Ok(_) => Ok(Proof::AsPinned),
            Err(fault) => Err(BackupFault::Key { path, problem: fault.to_string() }),
        }
    }

    fn file_of(&self, entry: &Entry) -> Result<Option<(String, &[u8])>, BackupFault> {
        let Some(path) = path_of(entry) else { return Ok(None) };
        match self.files.get(&path) {
            Some(bytes) => Ok(Some((path, bytes))),
            None => Err(BackupFault::Key { path, problem: format!("the file of {} is missing", entry.name) }),
        }
    }
}

fn key_fault(path: &str, refusal: Refusal) -> BackupFault {
    let problem = match refusal {
        Refusal::Locked => "the passphrase does not open it".into(),
        Refusal::Work { asked } => format!("it asks for scrypt with 2^{asked} rounds"),
        Refusal::Malformed(problem) => problem.into(),
        Refusal::Seed(problem) => format!("it holds no seed: {problem}"),
    };
    BackupFault::Key { path: path.into(), problem }
}

fn path_of(entry: &Entry) -> Option<String> {
    match &entry.uri {
        KeyUri::File(file) => Some(format!("{KEYS}/{file}")),
        KeyUri::SshAgent(_) | KeyUri::Pkcs11(_) | KeyUri::Vault(_) | KeyUri::AwsKms(_) | KeyUri::Offline => None,
    }
}

fn decrypt(bytes: &[u8], passphrase: &Passphrase) -> Result<Vec<u8>, BackupFault> {
    let refused = |refusal: Refusal| match refusal {
        Refusal::Locked => BackupFault::Locked,
        Refusal::Work { asked } => BackupFault::Work { asked, limit: WorkFactor::MOST.log_n() },
        Refusal::Malformed(problem) => BackupFault::malformed(problem),
        Refusal::Seed(fault) => BackupFault::malformed(fault.to_string()),
    };
    let mut reader = encrypted::reader(bytes, passphrase).map_err(refused)?;
    let mut archive = Vec::new();
    let read = reader.by_ref().take(ARCHIVE_BYTES + 1).read_to_end(&mut archive);
    read.map_err(|_| BackupFault::malformed("what is encrypted in it was changed or cut off"))?;
    if archive.len() as u64 > ARCHIVE_BYTES {
        return Err(BackupFault::malformed("it holds more than any private folder"));
    }
    Ok(archive)
}

/// Says whether a path is one of a private folder's: no part hidden, empty, or `..`.
fn is_plain(path: &str) -> bool {
    let plain = |part: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        (1..=PART_BYTES).contains(&part.len()) && part.bytes().all(allowed) && !part.starts_with('.')
    };
    let parts: Vec<&str> = path.split('/').collect();
    parts.iter().all(|part| plain(part))
        && match parts.as_slice() {
            [KEYS, file] => *file == TABLE || FileName::parse(file).is_ok(),
            [TRUST, _, ..] => (3..=PARTS).contains(&parts.len()),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use greatseal_core::key::Role;
    use secrecy::SecretString;

    use super::*;
    use crate::keystore::Keystore;
    use crate::name::KeyName;

    const WORK: WorkFactor = WorkFactor::worthless_for_tests();
    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(SecretString::from(text)).unwrap()
    }

    fn name(text: &str) -> KeyName {
        KeyName::parse(text).unwrap()
    }

    /// A store with a short and the longest name, a key kept elsewhere, and a trust store's files.
    fn sample() -> (tempfile::TempDir, Backup) {
        let outer = tempfile::tempdir().unwrap();
        let store = Keystore::open(outer.path().join("keys")).unwrap().with_work_factor(WORK);
        let longest = ["a", "b", "c"].map(|letter| letter.repeat(64)).join("/");
        for key in ["acme/one", &longest] {
            store.create(&name(key), Role::Account, &passphrase("key"), NOW).unwrap();
        }
        let offline = crate::seed::Seed::generate(Role::Operator).unwrap().nkey();
        store.pin_offline(&name("offline"), offline.into(), NOW).unwrap();
        let trust = vec![("acme/pin.toml".to_owned(), b"x".to_vec()), ("acme/followed/1/1".to_owned(), vec![0xff])];
        (outer, Backup::new(store.snapshot().unwrap(), trust).unwrap())
    }

    #[test]
    fn a_backup_goes_both_ways() {
        let (_outer, backup) = sample();
        let sealed = backup.seal(&passphrase("backup"), WORK, NOW).unwrap();
        assert_eq!(Backup::open(&sealed, &passphrase("backup")).unwrap(), backup);
        assert_eq!(Backup::open(&sealed, &passphrase("other")), Err(BackupFault::Locked));
        let keys = backup.keys().unwrap();
        assert_eq!(keys.len(), 3);
        assert_eq!(backup.files().count(), 5);
        assert!(backup.orphans(&keys).is_empty());
        for entry in &keys {
            backup.unlock(entry, &passphrase("key")).unwrap();
            let locked = backup.unlock(entry, &passphrase("other"));
            assert_eq!(locked.is_err(), entry.uri != KeyUri::Offline, "{}", entry.name);
        }
        // The stock tools read it as well.
        let identity = scrypt::Identity::new(SecretString::from("backup"));
        let archive = age::decrypt(&identity, &sealed).unwrap();
        assert_eq!(tar::Archive::new(archive.as_slice()).entries().unwrap().count(), 5);
    }

    #[test]
    fn whatever_was_cut_off_or_changed_is_noticed() {
        let (_outer, backup) = sample();
        let sealed = backup.seal(&passphrase("backup"), WORK, NOW).unwrap();
        for length in (0..sealed.len()).step_by(97) {
            assert!(Backup::open(&sealed[..length], &passphrase("backup")).is_err(), "{length}");
        }
        for at in (0..sealed.len()).step_by(101) {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            // A line break of the armor may be another, and means the same.
            if let Ok(opened) = Backup::open(&changed, &passphrase("backup")) {
                assert_eq!(opened, backup, "{at}");
            }
        }
        assert!(matches!(Backup::open(b"", &passphrase("x")), Err(BackupFault::Malformed { .. })));
    }

    #[test]
    fn a_missing_or_wrong_key_is_told() {
        let (_outer, backup) = sample();
        let keys = backup.keys().unwrap();
        let one = keys.iter().find(|entry| entry.name == name("acme/one")).unwrap();
        let other = keys.iter().find(|entry| path_of(entry).is_some() && entry.name != one.name).unwrap();
        let without = |path: &str| {
            let mut files = backup.files.clone();
            files.remove(path).unwrap();
            Backup { files }
        };
        assert_eq!(without("keys/acme.one.age").keys().unwrap_err().code(), Code::BackupKey);
        assert_eq!(without("keys/keys.toml").keys().unwrap_err().code(), Code::BackupKey);
        let mut swapped = backup.files.clone();
        let foreign = swapped[&path_of(other).unwrap()].clone();
        swapped.insert("keys/acme.one.age".into(), foreign);
        let swapped = Backup { files: swapped };
        assert!(swapped.keys().is_ok());
        assert_eq!(swapped.unlock(one, &passphrase("key")).unwrap_err().code(), Code::BackupKey);
        let mut none = backup.files.clone();
        none.insert("keys/acme.one.age".into(), b"half".to_vec());
        assert_eq!(Backup { files: none }.keys().unwrap_err().code(), Code::BackupKey);
    }

    #[test]
    fn only_plain_files_with_plain_names_are_taken() {
        let archive = |path: &str, kind: tar::EntryType, times: usize| {
            let mut builder = tar::Builder::new(Vec::new());
            for _ in 0..times {
                let mut header = tar::Header::new_old();
                // The builder itself refuses `..`; an attacker's does not.
                header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
                header.set_size(1);
                header.set_entry_type(kind);
                header.set_cksum();
                builder.append(&header, &b"x"[..]).unwrap();
            }
            builder.into_inner().unwrap()
        };
        let regular = tar::EntryType::Regular;
        assert!(Backup::read(&archive("trust/acme/pin.toml", regular, 1)).is_ok());
        assert!(Backup::read(&archive("trust/acme/pin.toml", regular, 2)).is_err());
        for path in [
            "keys/../../x.age",
            "/keys/x.age",
            "../x",
            "keys/a/b.age",
            "keys/x",
            "keys/.x.age",
            "trust/x",
            "x",
            "keys/",
            "trust/a/../../x",
            "trust/a/b/c/d/e",
            "other/a/b",
            "trust//a/b",
            "trust/a\\b/c",
            "./keys/a.age",
        ] {
            assert!(Backup::read(&archive(path, regular, 1)).is_err(), "{path}");
        }
        for kind in [
            tar::EntryType::Symlink,
            tar::EntryType::Link,
            tar::EntryType::Directory,
            tar::EntryType::Fifo,
            tar::EntryType::Block,
            tar::EntryType::GNUSparse,
            tar::EntryType::Continuous,
        ] {
            assert!(Backup::read(&archive("trust/acme/pin.toml", kind, 1)).is_err(), "{kind:?}");
        }
        let large = vec![0; usize::try_from(TEXT_FILE_BYTES).unwrap() + 1];
        assert!(Backup::new(Vec::new(), vec![("acme/pin.toml".into(), large)]).is_err());
        // Many files of the largest size, and no more of them than there is room for.
        let most = |number: usize| (format!("acme/{number}"), vec![0; usize::try_from(TEXT_FILE_BYTES).unwrap()]);
        assert!(Backup::new(Vec::new(), (0..47).map(most).collect()).is_ok());
        assert!(Backup::new(Vec::new(), (0..48).map(most).collect()).is_err());
    }
}
