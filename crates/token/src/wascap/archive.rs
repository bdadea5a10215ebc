//! Provider archives (`.par`): a tar, gzipped or not, with a token and the files it vouches for.
//!
//! The token comes first, so that an archive is read once, from its beginning to its end: whoever
//! decides looks at the token, and reads on only if somebody stands behind it. Then every other
//! file is hashed while it passes. Nothing is unpacked to a disk, and no more than the token and a
//! buffer is held in memory.
//!
//! The format is what `provider-archive` 0.16 writes. What that crate reads beyond it (folders,
//! links, extended headers, a second token) is refused: readers of tar differ on all of it, and no
//! hash vouches for a header.

mod name;
mod pack;
mod source;
mod tape;

use core::fmt;
use std::collections::BTreeMap;
use std::io::Read;

use data_encoding::HEXUPPER;
use greatseal_core::error::{ArchiveFault, Quoted};
use greatseal_core::limits::TOKEN_BYTES;
use sha2::{Digest, Sha256};

pub use self::name::{Name, Target};
pub use self::pack::Parts;
use self::source::GZIP;
use self::tape::{BLOCK, Tape};

/// Bytes that are hashed at a time.
const BUFFER: usize = 64 * 1024;

/// How many bytes of a file [`is_archive`] wants to see.
pub const HEAD_BYTES: usize = BLOCK;

/// Says whether a file begins like a gzip stream or a tar, whatever follows.
#[must_use]
pub fn is_archive(head: &[u8]) -> bool {
    head.starts_with(&GZIP) || head.get(257..262) == Some(b"ustar") || head.starts_with(b"claims.jwt\0")
}

/// A provider archive of which the token was read, and nothing behind it yet.
pub struct ArchiveFile<R> {
    tape: Tape<R>,
    token: Vec<u8>,
}

impl<R: Read> ArchiveFile<R> {
    /// Reads the first entry, which has to be the token.
    ///
    /// # Errors
    /// [`ArchiveFault::Unsigned`] when it is another, and whatever keeps it from being read.
    pub fn open(source: R) -> Result<Self, ArchiveFault> {
        let mut tape = Tape::new(source)?;
        let found = match tape.next()? {
            Some(entry) if entry.name == Name::Claims => entry,
            Some(entry) => return Err(ArchiveFault::Unsigned { found: Quoted::new(&entry.name.to_string()) }),
            None => return Err(ArchiveFault::Unsigned { found: Quoted::sentence("nothing") }),
        };
        if found.bytes > TOKEN_BYTES as u64 {
            let name = Quoted::new(&found.name.to_string());
            return Err(ArchiveFault::Entry { name, problem: "is larger than any token" });
        }
        let mut token = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let read = tape.read(&mut buffer)?;
            if read.is_empty() {
                return Ok(Self { tape, token });
            }
            token.extend_from_slice(read);
        }
    }

    /// Returns what `claims.jwt` holds, not yet known to be a token.
    #[must_use]
    pub fn token(&self) -> &[u8] {
        &self.token
    }

    /// Says whether it is gzipped.
    #[must_use]
    pub const fn is_gzipped(&self) -> bool {
        self.tape.is_gzipped()
    }

    /// Reads to the end and hashes every file.
    ///
    /// # Errors
    /// [`ArchiveFault`] for whatever is no provider archive to its end.
    pub fn contents(self) -> Result<Contents, ArchiveFault> {
        self.read_to_end(|_, _| {})
    }

    /// Reads to the end and keeps every file, for signing them again.
    ///
    /// # Errors
    /// As [`Self::contents`].
    pub fn parts(self) -> Result<(Contents, Parts), ArchiveFault> {
        let mut kept: BTreeMap<Name, Vec<u8>> = BTreeMap::new();
        let contents = self.read_to_end(|name, bytes| match kept.get_mut(name) {
            Some(file) => file.extend_from_slice(bytes),
            None => _ = kept.insert(name.clone(), bytes.to_vec()),
        })?;
        let mut parts = Parts::default();
        for file in &contents.files {
            let bytes = kept.remove(&file.name).unwrap_or_default();
            match &file.name {
                Name::Claims => {}
                Name::World => parts.world = Some(bytes),
                Name::Target(target) => _ = parts.targets.insert(target.clone(), bytes),
            }
        }
        Ok((contents, parts))
    }

    fn read_to_end(self, mut each: impl FnMut(&Name, &[u8])) -> Result<Contents, ArchiveFault> {
        let mut tape = self.tape;
        let mut files = Vec::new();
        let mut buffer = vec![0; BUFFER];
        while let Some(entry) = tape.next()? {
            let mut hash = Sha256::new();
            loop {
                let read = tape.read(&mut buffer)?;
                if read.is_empty() {
                    break;
                }
                hash.update(read);
                each(&entry.name, read);
            }
            files.push(File { name: entry.name, bytes: entry.bytes, hash: hash.finalize().into() });
        }
        Ok(Contents { files, bytes: tape.at() })
    }
}

impl<R> fmt::Debug for ArchiveFile<R> {
    /// Leaves the bytes out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArchiveFile").field("token", &self.token.len()).finish_non_exhaustive()
    }
}

/// What an archive holds beside its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The files in their order; no name occurs twice.
    pub files: Vec<File>,
    /// Bytes of the tar, unpacked.
    pub bytes: u64,
}

/// One file of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: Name,
    /// How many bytes it has.
    pub bytes: u64,
    /// Their SHA-256.
    pub hash: [u8; 32],
}

impl Contents {
    /// Compares the files with the hashes in a token: each has one, and each is there.
    ///
    /// A program that is missing is no harm to those that are there, but the token says that it
    /// was published, and whoever took it out had no say in that: it is refused, as the rest is.
    /// (`provider-archive` lets it through, and panics at a file without a hash.)
    ///
    /// # Errors
    /// [`ArchiveFault::Unlisted`], [`ArchiveFault::Hash`], [`ArchiveFault::Missing`], and
    /// [`ArchiveFault::Empty`] when there is no program at all.
    pub fn check(&self, expected: &BTreeMap<String, String>) -> Result<(), ArchiveFault> {
        for file in &self.files {
            let name = || Quoted::new(&file.name.to_string());
            let Some(expected) = expected.get(file.name.key()) else {
                return Err(ArchiveFault::Unlisted { name: name() });
            };
            let found = HEXUPPER.encode(&file.hash);
            if *expected != found {
                let expected = expected.chars().take(found.len()).collect();
                return Err(ArchiveFault::Hash { name: name(), expected, found });
            }
        }
        let has = |key: &str| self.files.iter().any(|file| file.name.key() == key);
        if let Some(missing) = expected.keys().find(|key| !has(key)) {
            return Err(ArchiveFault::Missing { target: Quoted::new(missing) });
        }
        if self.files.iter().any(|file| matches!(file.name, Name::Target(_))) {
            Ok(())
        } else {
            Err(ArchiveFault::Empty)
        }
    }
}
