//! Reading files, bounded.

use std::fmt;
use std::fs::File;
use std::io::{self, Chain, Cursor, Read};
use std::path::{Path, PathBuf};

use greatseal_core::Code;
use greatseal_core::limits::{FOLDER_DEPTH, FOLDER_FILES};
use greatseal_token::wascap::archive::HEAD_BYTES;
use zeroize::Zeroizing;

use crate::problem::Problem;

/// The path that means standard input.
const STDIN: &str = "-";

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// When it cannot be read, or is larger: then nothing of it is used.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Problem> {
    let bytes = Opened::open(path)?.read_up_to(limit)?;
    if bytes.len() as u64 > limit { Err(too_large(path, limit)) } else { Ok(bytes) }
}

/// Reads a file that holds a secret, of at most `limit` bytes, and leaves no copy of it behind.
///
/// # Errors
/// As for [`read`].
pub(crate) fn read_secret(path: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let read = if path == Path::new(STDIN) {
        whole_secret(&mut io::stdin().lock(), limit)
    } else {
        File::open(path).and_then(|mut file| whole_secret(&mut file, limit))
    };
    let whole = read.map_err(|error| Problem::io("cannot read", path, &error))?;
    whole.ok_or_else(|| too_large(path, limit as u64))
}

/// Reads all there is; nothing where that is more than the limit.
fn whole_secret(source: &mut impl Read, limit: usize) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    // As large as it can be from the beginning, so that it does not move; and with that much room to the
    // end that standard input, whose own buffer nobody wipes, reads past that buffer.
    let mut bytes = Zeroizing::new(vec![0; limit.saturating_add(STDIN_BUFFER)]);
    let mut length = 0;
    while length <= limit {
        let Some(room) = bytes.get_mut(length..) else { break };
        match source.read(room) {
            Ok(0) => {
                bytes.truncate(length);
                return Ok(Some(bytes));
            }
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// More bytes than the standard library buffers of standard input, which are 8 KiB.
const STDIN_BUFFER: usize = 64 * 1024;

fn too_large(path: &Path, limit: u64) -> Problem {
    let path = crate::text::path(path);
    Problem::new(Code::FileTooLarge, format!("{path} is larger than the {limit} bytes that files of its kind have"))
}

/// A file of which only the beginning was read: a block of a tar, which tells every kind apart.
pub(crate) struct Opened {
    path: PathBuf,
    /// As the system says; unknown where it does not.
    length: u64,
    stream: Stream,
}

/// The beginning that was read, and the rest as it is asked for.
type Stream = Chain<Cursor<Vec<u8>>, Box<dyn Read>>;

impl Opened {
    /// Opens a file and reads its beginning.
    pub(crate) fn open(path: &Path) -> Result<Self, Problem> {
        let open = || -> io::Result<Self> {
            let (mut source, length): (Box<dyn Read>, u64) = if path == Path::new(STDIN) {
                (Box::new(io::stdin()), 0)
            } else {
                let file = File::open(path)?;
                let length = file.metadata()?.len();
                (Box::new(file), length)
            };
            let mut head = Vec::new();
            source.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head)?;
            Ok(Self { path: path.into(), length, stream: Cursor::new(head).chain(source) })
        };
        open().map_err(|error| Problem::io("cannot read", path, &error))
    }

    /// Returns its first bytes, at most 512.
    pub(crate) fn head(&self) -> &[u8] {
        self.stream.get_ref().0.get_ref()
    }

    /// Reads it, and one byte more than the limit.
    pub(crate) fn read_up_to(self, limit: u64) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        // Asked for once, so that a large module is not copied while the buffer grows.
        let expected = self.length.min(limit.saturating_add(1));
        bytes.reserve_exact(usize::try_from(expected).unwrap_or(0));
        let read = self.stream.take(limit.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|error| Problem::io("cannot read", &self.path, &error))?;
        Ok(bytes)
    }
}

impl Read for Opened {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Empty file that keeps a folder in version control.
pub(crate) const KEPT: &str = ".gitkeep";

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

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time, and notes where they were to go and how much room was there.
    struct Dripping {
        left: usize,
        asked: Vec<(usize, usize)>,
    }

    impl Read for Dripping {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.asked.push((buffer.as_ptr().addr(), buffer.len()));
            let given = self.left.min(7).min(buffer.len());
            self.left -= given;
            buffer.iter_mut().take(given).for_each(|byte| *byte = b'S');
            Ok(given)
        }
    }

    #[test]
    fn a_secret_is_read_into_one_place_and_past_every_buffer() {
        let mut source = Dripping { left: 1_000, asked: Vec::new() };
        let secret = whole_secret(&mut source, 1_000).unwrap().unwrap();
        assert_eq!(*secret, [b'S'; 1_000]);
        let place = secret.as_ptr().addr();
        for (read, (at, room)) in source.asked.iter().enumerate() {
            assert_eq!(*at, place + (7 * read).min(1_000));
            // What the standard library's reader of standard input holds; less would go through it.
            assert!(*room >= 8 * 1024, "{room}");
        }
    }

    #[test]
    fn a_secret_has_a_limit_too() {
        let read = |bytes| whole_secret(&mut Dripping { left: bytes, asked: Vec::new() }, 100).unwrap();
        for bytes in [0, 1, 99, 100] {
            assert_eq!(read(bytes).unwrap().len(), bytes);
        }
        for bytes in [101, 200, 1_000_000] {
            assert!(read(bytes).is_none(), "{bytes}");
        }
    }
}
