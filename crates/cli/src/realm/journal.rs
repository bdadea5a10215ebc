//! Changes of the realm, all of it or nothing.
//!
//! ```text
//! prepare   .greatseal-unfinished/new/N        each new file, whole and on the disk
//!           .greatseal-unfinished/history/…    the record, and what is replaced as it was
//! decide    .greatseal-unfinished/intent       one rename: from here on the change will happen
//! complete  each new file takes its name, the history takes its place, the intent goes
//! ```
//!
//! Promise: a kill or a power cut before *decide* leaves the old state, one after it the new state
//! once [`recover`] has run, which whoever changes the realm next does first, under the lock. In
//! between a reader may see the first files new and the others old; a change lists them so that
//! each such state is a realm: names before the tokens that use them. Gap: nothing keeps another
//! program from writing into the folder meanwhile; what it wrote is not overwritten, but told.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use greatseal_core::{Code, Timestamp};
use tempfile::TempPath;

use super::place::{Place, must_be_folder};
use super::record::{self, Changed, HISTORY, RECORD, Record, WAS, read_regular, sha256};
use super::write::{settle, write_new};
use crate::problem::Problem;
use crate::text;

/// Where a change is prepared; no file of a realm begins with a dot.
pub(super) const UNFINISHED: &str = ".greatseal-unfinished";
/// Says that a prepared change will happen, and which it is.
const INTENT: &str = "intent";
/// New files, by their number in the change.
const NEW: &str = "new";

/// What becomes of one file.
#[derive(Debug)]
pub(crate) enum Write {
    /// A file that must not exist yet.
    New(Vec<u8>),
    /// A file that may exist, and is then kept in the history.
    Replace(Vec<u8>),
    /// A file that is kept in the history only.
    Remove,
}

/// A change that is put together and not decided yet; in the order in which files take their names.
#[derive(Debug, Default)]
pub(super) struct Change {
    writes: Vec<(Place, Write)>,
    undoes: Option<u32>,
}

impl Change {
    pub(super) fn undoing(number: u32) -> Self {
        Self { writes: Vec::new(), undoes: Some(number) }
    }

    /// Adds a file; of two writes to the same place the later one counts.
    pub(super) fn add(&mut self, place: Place, write: Write) {
        match (self.writes.iter_mut().find(|(known, _)| *known == place), write) {
            // Still new: nothing of it was written before.
            (Some((_, Write::New(earlier))), Write::Replace(bytes)) => *earlier = bytes,
            (Some((_, earlier)), write) => *earlier = write,
            (None, write) => self.writes.push((place, write)),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Makes the change. The realm's lock is held.
    ///
    /// # Errors
    /// `GS-REALM-EXISTS` where a new file would overwrite one, `GS-REALM-LINK` for links, `GS-IO`;
    /// then the old state is there, unless the message says that the next command completes it.
    pub(super) fn commit(self, realm: &Path, command: &str, now: Timestamp) -> Result<Record, Problem> {
        let folder = realm.join(UNFINISHED);
        let prepared = self.prepare(realm, command, now);
        if prepared.is_err() {
            // What an error began, it takes away.
            let _ = fs::remove_dir_all(&folder);
        }
        let record = prepared?;
        complete(realm, &record).map_err(|problem| {
            let message = format!("{}, when the change had been decided already", problem.message());
            Problem::new(problem.code(), message)
                .hint("Once the cause is gone, the next command that changes the realm completes this change first.")
        })?;
        Ok(record)
    }

    /// Writes everything beside its place, and decides.
    fn prepare(self, realm: &Path, command: &str, now: Timestamp) -> Result<Record, Problem> {
        let folder = realm.join(UNFINISHED);
        let (new, history) = (folder.join(NEW), folder.join(HISTORY));
        for path in [&folder, &new, &history] {
            fs::create_dir(path).map_err(|error| Problem::io("cannot make", path, &error))?;
        }
        let mut files = Vec::with_capacity(self.writes.len());
        for (number, (place, write)) in self.writes.into_iter().enumerate() {
            let path = place.within(realm)?;
            let was = read_regular(&path)?;
            if let (Write::New(_), Some(_)) = (&write, &was) {
                let fault = format!("{} exists already, and nothing was overwritten", path.display());
                return Err(Problem::new(Code::RealmExists, fault));
            }
            if let Some(bytes) = &was {
                let kept = history.join(WAS).join(place.as_str());
                make_folders(kept.parent().unwrap_or(&history), &folder)?;
                write_new(&kept, bytes)?;
            }
            let is = match &write {
                Write::New(bytes) | Write::Replace(bytes) => {
                    write_new(&new.join(number.to_string()), bytes)?;
                    Some(sha256(bytes))
                }
                Write::Remove => None,
            };
            files.push(Changed { path: place, was: was.as_deref().map(sha256), is });
        }
        let record = Record::new(record::next_number(realm)?, command, now.as_secs(), self.undoes, files);
        write_new(&history.join(RECORD), &record.bytes())?;
        settle(&new)?;
        // Takes its name in one step: this decides.
        write_new(&folder.join(INTENT), &record.bytes())?;
        settle(&folder)?;
        Ok(record)
    }
}

/// Says whether a change was interrupted after it was decided.
pub(super) fn is_interrupted(realm: &Path) -> bool {
    fs::symlink_metadata(realm.join(UNFINISHED).join(INTENT)).is_ok()
}

/// Completes a change that was interrupted, or gives one up that was not decided. The realm's lock is held.
///
/// # Errors
/// `GS-REALM-INTERRUPTED` when a file is neither what it was nor what it is to be.
pub(super) fn recover(realm: &Path) -> Result<(), Problem> {
    let folder = realm.join(UNFINISHED);
    match fs::symlink_metadata(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Problem::io("cannot read", &folder, &error)),
        Ok(_) => must_be_folder(&folder)?,
    }
    let path = folder.join(INTENT);
    match read_regular(&path)? {
        Some(bytes) => {
            let record = Record::parse(&bytes, &path).map_err(|problem| {
                problem.hint("Remove `.greatseal-unfinished` in the realm's folder: the change is then given up.")
            })?;
            complete(realm, &record)?;
            crate::output::remark(&format!("completed `{}`, which was interrupted", record.command));
            Ok(())
        }
        None => remove(&folder),
    }
}

/// Brings a decided change to its end; what is done already is passed over.
fn complete(realm: &Path, record: &Record) -> Result<(), Problem> {
    let folder = realm.join(UNFINISHED);
    must_be_folder(&folder.join(NEW))?;
    for (number, changed) in record.files.iter().enumerate() {
        complete_one(realm, &folder.join(NEW).join(number.to_string()), changed)?;
    }
    let (prepared, history) = (folder.join(HISTORY), realm.join(HISTORY));
    must_be_folder(&history)?;
    if fs::symlink_metadata(&prepared).is_ok_and(|metadata| metadata.is_dir()) {
        make_folders(&history, realm)?;
        let place = history.join(record.folder_name());
        fs::rename(&prepared, &place).map_err(|error| Problem::io("cannot make", &place, &error))?;
        settle(&place)?;
    }
    let intent = folder.join(INTENT);
    fs::remove_file(&intent).map_err(|error| Problem::io("cannot remove", &intent, &error))?;
    settle(&intent)?;
    remove(&folder)
}

fn complete_one(realm: &Path, new: &Path, changed: &Changed) -> Result<(), Problem> {
    let path = changed.path.within(realm)?;
    let prepared = read_regular(new)?;
    let there = read_regular(&path)?.as_deref().map(sha256);
    let interrupted = |what: &str| {
        Err(Problem::new(Code::RealmInterrupted, format!("{} is {what} the interrupted change", text::path(&path))))
    };
    match (&changed.is, prepared) {
        // It has its new name already; what became of it since is somebody else's doing.
        (Some(_), None) => return Ok(()),
        (Some(is), Some(_)) if there.as_ref() == Some(is) => {}
        (Some(is), Some(bytes)) if there == changed.was => {
            if sha256(&bytes) != *is {
                return interrupted("not what was prepared for");
            }
            make_folders(path.parent().unwrap_or(realm), realm)?;
            take_name(new, &path, changed.was.is_none())?;
        }
        (None, _) if there.is_none() => return Ok(()),
        (None, _) if there == changed.was => {
            fs::remove_file(&path).map_err(|error| Problem::io("cannot remove", &path, &error))?;
        }
        (Some(_) | None, _) => return interrupted("neither what it was before nor what it is after"),
    }
    settle(&path)
}

fn take_name(new: &Path, path: &Path, must_be_new: bool) -> Result<(), Problem> {
    let fault = |error: &io::Error| Problem::io("cannot write", path, error);
    if !must_be_new {
        return fs::rename(new, path).map_err(|error| fault(&error));
    }
    // Fails where another program was faster; and what was prepared stays.
    let prepared = TempPath::try_from_path(new).map_err(|error| fault(&error))?;
    prepared.persist_noclobber(path).map_err(|refused| {
        let error = fault(&refused.error);
        let _ = refused.path.keep();
        error
    })
}

/// Makes the folders down to `path`, none of them through a link; `above` is there.
fn make_folders(path: &Path, above: &Path) -> Result<(), Problem> {
    let missing: Vec<PathBuf> = path.ancestors().take_while(|folder| *folder != above).map(PathBuf::from).collect();
    for folder in missing.iter().rev() {
        must_be_folder(folder)?;
        match fs::create_dir(folder) {
            Ok(()) => settle(folder)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Problem::io("cannot make", folder, &error)),
        }
    }
    Ok(())
}

fn remove(folder: &Path) -> Result<(), Problem> {
    fs::remove_dir_all(folder).map_err(|error| Problem::io("cannot remove", folder, &error))?;
    settle(folder)
}
