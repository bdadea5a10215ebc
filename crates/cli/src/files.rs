//! Reading files, bounded.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use greatseal_core::Code;

use crate::problem::Problem;

/// The path that means standard input.
const STDIN: &str = "-";

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// When it cannot be read, or is larger: then nothing of it is used.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Problem> {
    let bytes = read_up_to(path, |_| limit)?;
    if bytes.len() as u64 > limit {
        return Err(Problem::new(
            Code::FileTooLarge,
            format!("{} is larger than the {limit} bytes that files of its kind have", crate::text::path(path)),
        ));
    }
    Ok(bytes)
}

/// Reads a file, and one byte more than the limit that its first four bytes ask for.
pub(crate) fn read_up_to(path: &Path, limit: impl FnOnce(&[u8]) -> u64) -> Result<Vec<u8>, Problem> {
    let read = |mut source: Box<dyn Read>, length: u64| -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        source.by_ref().take(4).read_to_end(&mut bytes)?;
        let limit = limit(&bytes);
        // Asked for once, so that a large module is not copied while the buffer grows.
        let expected = length.min(limit.saturating_add(1));
        bytes.reserve_exact(usize::try_from(expected).unwrap_or(0).saturating_sub(bytes.len()));
        source.take(limit.saturating_add(1).saturating_sub(bytes.len() as u64)).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let result = if path == Path::new(STDIN) {
        read(Box::new(io::stdin()), 0)
    } else {
        File::open(path).and_then(|file| {
            let length = file.metadata()?.len();
            read(Box::new(file), length)
        })
    };
    result.map_err(|error| Problem::io("cannot read", path, &error))
}

/// Empty file that keeps a folder in version control.
pub(crate) const KEPT: &str = ".gitkeep";
/// Levels of folders within a folder of tokens.
const FOLDER_DEPTH: usize = 8;
/// Files that one folder of tokens may hold.
const FOLDER_FILES: usize = 200_000;

/// Lists a file, or every file below a folder, in the order of their names.
///
/// # Errors
/// When something cannot be listed, or the folder is deeper or larger than any folder of tokens.
pub(crate) fn list(path: &Path) -> Result<Vec<PathBuf>, Problem> {
    let mut files = Vec::new();
    collect(path, FOLDER_DEPTH, &mut files)?;
    Ok(files)
}

fn collect(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Problem> {
    let error = |error: &io::Error| Problem::io("cannot read", path, error);
    let metadata = std::fs::metadata(path).map_err(|e| error(&e))?;
    if !metadata.is_dir() {
        files.push(path.into());
        return Ok(());
    }
    if depth == 0 || files.len() > FOLDER_FILES {
        return Err(Problem::new(
            Code::FileTooLarge,
            format!("{} is deeper or larger than a folder of tokens", crate::text::path(path)),
        )
        .hint("Name the folder that holds the tokens."));
    }
    let mut entries: Vec<PathBuf> = std::fs::read_dir(path)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(|e| error(&e))?;
    entries.sort();
    // Version control's way to keep an empty folder, which every realm has: nobody has to be told.
    entries.retain(|entry| entry.file_name().is_none_or(|name| name != KEPT));
    entries.into_iter().filter(|entry| is_taken(entry)).try_for_each(|entry| collect(&entry, depth - 1, files))
}

/// Says whether an entry of a folder is looked at: no link to a folder, which could lead in circles,
/// and nothing that could be waited for without end.
fn is_taken(entry: &Path) -> bool {
    let is_link = std::fs::symlink_metadata(entry).is_ok_and(|metadata| metadata.is_symlink());
    // One that cannot be looked at is told by whoever reads it.
    std::fs::metadata(entry).map_or(true, |metadata| metadata.is_file() || metadata.is_dir() && !is_link)
}
