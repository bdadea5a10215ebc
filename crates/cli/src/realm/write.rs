//! Writing files whole or not at all.
//!
//! Everything goes to a temporary file beside its place, is flushed to the disk, and then takes
//! the name in one step: a crash or a full disk leaves what was there.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use greatseal_core::Code;
use tempfile::{NamedTempFile, TempDir};

use crate::problem::Problem;

/// Beginning of the names of files and folders that are not finished.
pub(super) const UNFINISHED: &str = ".greatseal-";

/// Writes a file that must not exist yet.
///
/// # Errors
/// `GS-REALM-EXISTS` when it does, `GS-IO` when it cannot be written; then nothing is left behind.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    let file = prepare(path, bytes)?;
    match file.persist_noclobber(path) {
        Ok(_) => settle(path),
        Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => Err(Problem::new(
            Code::RealmExists,
            format!("{} exists already, and nothing was overwritten", path.display()),
        )),
        Err(refused) => Err(Problem::io("cannot write", path, &refused.error)),
    }
}

/// Makes a folder beside the place where it belongs; it goes away unless it is moved there.
pub(super) fn new_folder(path: &Path) -> Result<TempDir, Problem> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o777));
    }
    builder.tempdir_in(folder_of(path)).map_err(|error| Problem::io("cannot make", path, &error))
}

fn prepare(path: &Path, bytes: &[u8]) -> Result<NamedTempFile, Problem> {
    let folder = folder_of(path);
    let write = || {
        let mut builder = tempfile::Builder::new();
        builder.prefix(UNFINISHED);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As any file a person makes; the umask of the user takes away from it.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        Ok(file)
    };
    write().map_err(|error: io::Error| Problem::io("cannot write", path, &error))
}

/// Makes the new name itself durable.
pub(super) fn settle(path: &Path) -> Result<(), Problem> {
    let folder = folder_of(path);
    // Some file systems cannot flush a folder; the name is in place all the same.
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        Err(error) => Err(Problem::io("cannot flush", folder, &error)),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}
