//! The store's folder: only its owner may write into it, and no link leads out of it.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use greatseal_core::Code;

use crate::files;
use crate::problem::Problem;
use crate::text;

/// Beginning of the names of what is not finished.
const UNFINISHED: &str = ".greatseal-";
/// Permission bits that only the owner's may be among: others may look, and not write.
#[cfg(unix)]
const OTHERS_WRITE: u32 = 0o022;

/// Reports what does not belong into a trust store.
pub(super) fn malformed(path: &Path, problem: &str) -> Problem {
    Problem::new(Code::TrustMalformed, format!("{}: {problem}", text::path(path)))
}

/// Says whether the store's folder exists, and insists that nobody else can write to it.
pub(super) fn check(path: &Path) -> Result<bool, Problem> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => owned(path, &metadata).map(|()| true),
        Ok(_) => Err(malformed(path, "it is no folder")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Problem::io("cannot look into", path, &error)),
    }
}

#[cfg(unix)]
fn owned(path: &Path, metadata: &fs::Metadata) -> Result<(), Problem> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777;
    if mode & OTHERS_WRITE == 0 {
        return Ok(());
    }
    let fault = format!("{} has mode {mode:o}, so that others can write to it", text::path(path));
    Err(Problem::new(Code::TrustPermissions, fault))
}

/// Elsewhere there are no permission bits; access is by the lists of the user's profile folder.
#[cfg(not(unix))]
fn owned(_path: &Path, _metadata: &fs::Metadata) -> Result<(), Problem> {
    Ok(())
}

/// Lists the names in a folder, in order; none when it does not exist.
pub(super) fn list(path: &Path) -> Result<Vec<String>, Problem> {
    if !check(path)? {
        return Ok(Vec::new());
    }
    let fault = |error: io::Error| Problem::io("cannot look into", path, &error);
    let mut names = Vec::new();
    for entry in fs::read_dir(path).map_err(fault)? {
        names.push(entry.map_err(fault)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Insists on a folder that is no link and that others cannot write to.
pub(super) fn must_be_folder(path: &Path) -> Result<(), Problem> {
    let metadata = fs::symlink_metadata(path).map_err(|error| Problem::io("cannot look into", path, &error))?;
    if metadata.is_dir() { owned(path, &metadata) } else { Err(malformed(path, "it is no folder of its own")) }
}

/// Reads a file of the store; nothing when there is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, Problem> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => {
            owned(path, &metadata)?;
            files::read(path, greatseal_core::limits::TEXT_FILE_BYTES).map(Some)
        }
        Ok(_) => Err(malformed(path, "it is no regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Problem::io("cannot read", path, &error)),
    }
}

/// Reads every file below a folder of the store, by its path in the store.
pub(super) fn collect(store: &Path, below: &str, files: &mut Vec<(String, Vec<u8>)>) -> Result<(), Problem> {
    let folder = store.join(below);
    must_be_folder(&folder)?;
    for name in list(&folder)?.into_iter().filter(|name| !name.starts_with('.')) {
        let below = format!("{below}/{name}");
        let path = store.join(&below);
        // A pin's parts are three deep, and what was read as a pin has no other folders.
        if fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir()) {
            if below.split('/').count() > DEPTH {
                return Err(malformed(&path, "no pin is that deep"));
            }
            collect(store, &below, files)?;
        } else if let Some(bytes) = read(&path)? {
            files.push((below, bytes));
        }
    }
    Ok(())
}

/// Parts of the deepest folders, `NAME/followed/STEP` and `NAME/revoked/own`.
const DEPTH: usize = 3;

/// Makes a folder and what is missing above it, each with mode 0700.
pub(super) fn make(path: &Path) -> Result<(), Problem> {
    let missing = |path: &&Path| !path.as_os_str().is_empty() && fs::symlink_metadata(path).is_err();
    let missing: Vec<PathBuf> = path.ancestors().take_while(missing).map(PathBuf::from).collect();
    for folder in missing.iter().rev() {
        match builder().create(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(Problem::io("cannot make", folder, &error));
            }
            // Somebody else was faster; what it is like is checked below.
            Ok(()) | Err(_) => settle(folder)?,
        }
    }
    check(path).map(|_| ())
}

fn builder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// Opens the lock's file.
pub(super) fn open_lock(path: &Path) -> Result<File, Problem> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| Problem::io("cannot open", path, &error))
}

/// Makes a folder with files in it, mode 0600, whole or not at all; nothing is there yet.
pub(super) fn create(path: &Path, files: &[(String, Vec<u8>)]) -> Result<(), Problem> {
    let fault = |error: io::Error| Problem::io("cannot write", path, &error);
    let above = path.parent().unwrap_or(path);
    // It goes away unless it takes its name.
    let unfinished = unfinished_in(above).map_err(fault)?;
    for (name, bytes) in files {
        create_file(&unfinished.path().join(name), bytes).map_err(fault)?;
    }
    settle(&unfinished.path().join("."))?;
    fs::rename(unfinished.path(), path).map_err(fault)?;
    // It has another name by now.
    let _ = unfinished.keep();
    settle(path)
}

/// Makes a folder of mode 0700 that goes away when it is dropped.
fn unfinished_in(above: &Path) -> io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir_in(above)
}

/// Writes a file of mode 0600, whole or not at all, over whatever has its name.
pub(super) fn write(store: &Path, path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    let fault = |error: io::Error| Problem::io("cannot write", path, &error);
    let unfinished = unfinished_in(store).map_err(fault)?;
    let file = unfinished.path().join("file");
    create_file(&file, bytes).map_err(fault)?;
    fs::rename(&file, path).map_err(fault)?;
    settle(path)
}

fn create_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes).and_then(|()| file.sync_all())
}

/// Takes a file out of the store.
pub(super) fn remove_file(path: &Path) -> Result<(), Problem> {
    fs::remove_file(path).map_err(|error| Problem::io("cannot remove", path, &error))
}

/// Takes a folder out of the store in one step.
pub(super) fn remove(path: &Path) -> Result<(), Problem> {
    let fault = |error: io::Error| Problem::io("cannot remove", path, &error);
    let above = path.parent().unwrap_or(path);
    let out = unfinished_in(above).map_err(fault)?;
    fs::rename(path, out.path().join("removed")).map_err(fault)?;
    settle(path)?;
    out.close().map_err(fault)
}

/// Removes what a killed command left. The lock is held, so nobody is at it.
pub(super) fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            // Next time, if not now. A link is removed itself, not followed.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Makes a name itself durable.
fn settle(path: &Path) -> Result<(), Problem> {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    match File::open(above).and_then(|folder| folder.sync_all()) {
        Ok(()) => Ok(()),
        // Some file systems cannot flush a folder; the name is in place all the same.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        Err(error) => Err(Problem::io("cannot flush", above, &error)),
    }
}
