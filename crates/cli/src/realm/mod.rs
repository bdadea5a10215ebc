//! A realm: a folder of public things, meant for version control and review (DESIGN section 7).

mod authority;
mod delegations;
mod file;
mod journal;
mod name;
mod place;
mod record;
mod requests;
mod sweep;
mod tokens;
mod undo;
mod write;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use greatseal_core::Code;
use greatseal_core::key::{Nkey, PublicKey, Spelled};
use greatseal_custody::KeyName;

pub(crate) use authority::{Mandate, Note, Root, Service, WrittenNote, separation};
pub(crate) use file::RealmFile;
use journal::Change;
pub(crate) use journal::Write;
pub(crate) use name::{Name, own};
use place::Place;
pub(crate) use record::{Entry, Record};
pub(crate) use tokens::Current;
pub(crate) use undo::is_open;
pub(crate) use write::write_new;
use write::{new_folder, settle};

use crate::files;
use crate::problem::Problem;

/// The file that makes a folder a realm.
const FILE: &str = "greatseal.toml";
/// Folders that a realm has from the beginning.
const FOLDERS: [&str; 7] = ["tokens", "delegations", "endorsements", "revocations", "requests", "plans", "history"];
/// Held by a command while it changes the realm.
const LOCK: &str = ".lock";
/// Bytes of the largest greatseal.toml.
const FILE_BYTES: u64 = greatseal_core::limits::TEXT_FILE_BYTES;

/// An open realm.
#[derive(Debug)]
pub(crate) struct Realm {
    folder: PathBuf,
    file: RealmFile,
    /// What is written together; none when every write stands for itself.
    together: Option<Change>,
    // Released when the realm is dropped, or the process ends however it ends.
    _lock: Option<File>,
}

impl Realm {
    /// Makes a new realm in a folder that does not exist yet.
    ///
    /// # Errors
    /// `GS-REALM-EXISTS` when something is there already.
    pub(crate) fn create(folder: &Path, name: Name) -> Result<Self, Problem> {
        use io::ErrorKind::{AlreadyExists, DirectoryNotEmpty, NotADirectory};
        let file = RealmFile::new(name);
        let error = |path: &Path, error: &io::Error| {
            if matches!(error.kind(), AlreadyExists | DirectoryNotEmpty | NotADirectory) {
                Problem::new(Code::RealmExists, format!("{} exists already", path.display()))
            } else {
                Problem::io("cannot make", path, error)
            }
        };
        if fs::symlink_metadata(folder).is_ok() {
            return Err(error(folder, &AlreadyExists.into()));
        }
        // Beside its place, so that there is a whole realm or none, whenever it is interrupted.
        let unfinished = new_folder(folder)?;
        for name in FOLDERS {
            let path = unfinished.path().join(name);
            fs::create_dir(&path).map_err(|e| error(&path, &e))?;
            // Version control keeps no empty folders.
            write_new(&path.join(files::KEPT), b"")?;
        }
        // A lock, and what a command leaves that was killed while it wrote.
        write_new(&unfinished.path().join(".gitignore"), b".lock\n.greatseal-*\n")?;
        write_new(&unfinished.path().join(FILE), file.text()?.as_bytes())?;
        fs::rename(unfinished.path(), folder).map_err(|e| error(folder, &e))?;
        // It has another name by now.
        let _ = unfinished.keep();
        settle(folder)?;
        Ok(Self { folder: folder.into(), file, together: None, _lock: None })
    }

    /// Opens the realm that `start` is in, to read it.
    ///
    /// # Errors
    /// `GS-REALM-MISSING` when there is none here or above.
    pub(crate) fn open(start: &Path) -> Result<Self, Problem> {
        let folder = find(start)?;
        let file = load(&folder)?;
        Ok(Self { folder, file, together: None, _lock: None })
    }

    /// Opens the realm that `start` is in, to change it: one command at a time.
    ///
    /// # Errors
    /// `GS-REALM-MISSING` when there is none here or above.
    pub(crate) fn open_to_change(start: &Path) -> Result<Self, Problem> {
        let folder = find(start)?;
        let path = folder.join(LOCK);
        if std::fs::symlink_metadata(&path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(Problem::new(Code::RealmLink, format!("{} is no regular file", path.display())));
        }
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| Problem::io("cannot open", &path, &error))?;
        if lock.try_lock().is_err() {
            crate::output::remark("waiting for another greatseal command in this realm to finish …");
            lock.lock().map_err(|error| Problem::io("cannot lock", &path, &error))?;
        }
        journal::recover(&folder)?;
        sweep::sweep(&folder);
        // Read only now: the command before may have changed it.
        let file = load(&folder)?;
        Ok(Self { folder, file, together: None, _lock: Some(lock) })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn file(&self) -> &RealmFile {
        &self.file
    }

    /// Completes a name: `payments` is `acme/payments`.
    pub(crate) fn name(&self, text: &str) -> Result<KeyName, Problem> {
        self.file.name.complete(text)
    }

    /// Finds a key by its name.
    ///
    /// # Errors
    /// `GS-NAME-UNKNOWN` when there is none.
    pub(crate) fn key(&self, name: &KeyName) -> Result<Spelled, Problem> {
        self.file
            .keys
            .get(name)
            .copied()
            .ok_or_else(|| Problem::new(Code::NameUnknown, format!("this realm has no key {name}")))
    }

    /// Finds a key with a role by its name.
    ///
    /// # Errors
    /// `GS-NAME-UNKNOWN` when there is none, `GS-KEY-ROLE` for a key that only UCANs take.
    pub(crate) fn nkey(&self, name: &KeyName) -> Result<Nkey, Problem> {
        let key = self.key(name)?;
        key.nkey().ok_or_else(|| {
            let algorithm = key.public_key().algorithm();
            Problem::new(Code::KeyRole, format!("{name} is a {algorithm} key without a role, which only UCANs take"))
                .hint("Accounts, modules and providers are signed for with Ed25519: `greatseal key list` shows roles.")
        })
    }

    /// Finds the name of a key, compared by its raw bytes.
    pub(crate) fn name_of(&self, public: &PublicKey) -> Option<&KeyName> {
        self.file.keys.iter().find(|(_, key)| key.public_key() == *public).map(|(name, _)| name)
    }

    /// Shows a key by its name where it has one.
    pub(crate) fn show(&self, key: &(impl Copy + Into<Spelled>)) -> String {
        let key: Spelled = (*key).into();
        self.name_of(&key.public_key()).map_or_else(|| key.short(), |name| format!("{name} ({})", key.short()))
    }

    /// Adds public keys and saves the realm, all or nothing.
    ///
    /// # Errors
    /// `GS-NAME-TAKEN` for a name, or a raw key, that the realm has already.
    pub(crate) fn add_keys(&mut self, keys: &[(KeyName, Spelled)]) -> Result<(), Problem> {
        let file = self.with_keys(keys)?;
        if keys.iter().all(|(name, key)| self.file.keys.get(name) == Some(key)) {
            return Ok(());
        }
        self.write(&self.folder.join(FILE), Write::Replace(file.text()?.into_bytes()))?;
        self.file = file;
        Ok(())
    }

    /// Refuses keys that could not be added, and changes nothing.
    ///
    /// # Errors
    /// As for [`Self::add_keys`].
    pub(crate) fn must_admit(&self, keys: &[(KeyName, Spelled)]) -> Result<(), Problem> {
        self.with_keys(keys).map(|_| ())
    }

    /// Notes a root or services in the realm's file, all or nothing; their keys are in it already.
    ///
    /// # Errors
    /// `GS-REALM-EXISTS` for another root than the realm has, `GS-NAME-TAKEN` for a service whose
    /// name is another's.
    pub(crate) fn note(&mut self, notes: &[Note]) -> Result<(), Problem> {
        let file = self.with_notes(notes)?;
        if file.root == self.file.root && file.services == self.file.services {
            return Ok(());
        }
        self.write(&self.folder.join(FILE), Write::Replace(file.text()?.into_bytes()))?;
        self.file = file;
        Ok(())
    }

    fn with_notes(&self, notes: &[Note]) -> Result<RealmFile, Problem> {
        let mut file = self.file.clone();
        for note in notes {
            match note {
                Note::Root(root) => {
                    // Which keys it delegates to is all that may become different.
                    let same = |known: &Root| *known == Root { signing: known.signing.clone(), ..root.clone() };
                    if file.root.as_ref().is_some_and(|known| !same(known)) {
                        return Err(Problem::new(Code::RealmExists, "this realm has its root already")
                            .hint("A realm has one root: `greatseal root show` shows it."));
                    }
                    file.root = Some(root.clone());
                }
                Note::Service(name, service) => {
                    let known = file.services.insert(name.clone(), service.clone());
                    // That it is retired is all that may become different.
                    let other = |known: &Service| known.identity != service.identity || known.retired.is_some();
                    if known.is_some_and(|known| known != *service && other(&known)) {
                        return Err(Problem::new(Code::NameTaken, format!("this realm has a service {name} already"))
                            .hint(format!("`greatseal service show {name}` shows it.")));
                    }
                }
            }
        }
        Ok(file)
    }

    fn with_keys(&self, keys: &[(KeyName, Spelled)]) -> Result<RealmFile, Problem> {
        let mut file = self.file.clone();
        for (name, key) in keys {
            // A command that was interrupted may have come this far before.
            if file.keys.get(name) == Some(key) {
                continue;
            }
            if let Some((taken, _)) = file.keys.iter().find(|(_, known)| known.public_key() == key.public_key()) {
                return Err(Problem::new(Code::NameTaken, format!("{key} is in this realm already, as {taken}")));
            }
            if file.keys.insert(name.clone(), *key).is_some() {
                return Err(Problem::new(Code::NameTaken, format!("this realm has a key {name} already")));
            }
        }
        Ok(file)
    }

    /// Makes several changes as one: whatever happens, all of them are made or none is.
    ///
    /// What is read meanwhile is what was there before. Within another such change it is part of it.
    ///
    /// # Errors
    /// Whatever `changes` or the writing fails with; then none is made.
    pub(crate) fn together<T>(&mut self, changes: impl FnOnce(&mut Self) -> Result<T, Problem>) -> Result<T, Problem> {
        if self.together.is_some() {
            return changes(self);
        }
        let before = self.file.clone();
        self.together = Some(Change::default());
        let result = changes(self);
        let change = self.together.take().unwrap_or_default();
        let result = result.and_then(|result| self.commit(change).map(|()| result));
        if result.is_err() {
            self.file = before;
        }
        result
    }

    /// Writes a file below the realm's folder: now, or when everything is that is written together.
    ///
    /// # Errors
    /// `GS-REALM-LINK` for a path that is no place within the realm; else as for [`Self::together`].
    pub(crate) fn write(&mut self, path: &Path, write: Write) -> Result<(), Problem> {
        let place = Place::of(&self.folder, path)?;
        if let Some(change) = &mut self.together {
            change.add(place, write);
            return Ok(());
        }
        let mut change = Change::default();
        change.add(place, write);
        self.commit(change)
    }

    fn commit(&self, change: Change) -> Result<(), Problem> {
        if change.is_empty() {
            return Ok(());
        }
        change.commit(&self.folder, crate::command::running(), crate::clock::now()?).map(|_| ())
    }

    /// Says whether a change was interrupted that the next one completes.
    pub(crate) fn is_interrupted(&self) -> bool {
        journal::is_interrupted(&self.folder)
    }
}

/// Says whether a path lies in a realm, or would if it was made.
pub(crate) fn is_within(path: &Path) -> bool {
    let above = path.ancestors().map(|path| if path.as_os_str().is_empty() { Path::new(".") } else { path });
    above.filter_map(|path| path.canonicalize().ok()).next().is_some_and(|there| find(&there).is_ok())
}

fn find(start: &Path) -> Result<PathBuf, Problem> {
    let start = start.canonicalize().map_err(|error| Problem::io("cannot find", start, &error))?;
    start
        .ancestors()
        .find(|folder| folder.join(FILE).is_file())
        .map(Path::to_path_buf)
        .ok_or_else(|| Problem::new(Code::RealmMissing, format!("{} is in no realm", start.display())))
}

fn load(folder: &Path) -> Result<RealmFile, Problem> {
    let path = folder.join(FILE);
    let bytes = files::read(&path, FILE_BYTES)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Problem::new(Code::RealmMalformed, format!("{} is not UTF-8", path.display())))?;
    RealmFile::parse(&text, &path.display().to_string())
}
