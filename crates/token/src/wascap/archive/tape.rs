//! The one way through a tar: plain files with plain names, one after the other, to its end.
//!
//! Only headers are read with the crate `tar`. Its archive reader follows extended headers, which
//! say of the next file that it has another name or another length; readers that differ on one of
//! them see different files in the same bytes. Here each of them is refused, and so is whatever no
//! hash vouches for and a plain tar does not have: padding that is not zero, and anything behind
//! the end.

use std::collections::BTreeSet;
use std::io::Read;

use greatseal_core::error::{ArchiveFault, Quoted};
use greatseal_core::limits::{ARCHIVE_BYTES, ARCHIVE_FILES};
use tar::{EntryType, Header};

use super::name::Name;
use super::source::Unpacked;

/// Bytes of a header, and what files are padded to.
pub(super) const BLOCK: usize = 512;

/// What a header announces.
pub(super) struct Entry {
    pub(super) name: Name,
    pub(super) bytes: u64,
}

/// A tar that is read from its beginning to its end.
pub(super) struct Tape<R> {
    unpacked: Unpacked<R>,
    /// Bytes of the current file that were not read yet.
    left: u64,
    /// Bytes of padding behind it.
    padding: usize,
    seen: BTreeSet<Name>,
}

impl<R: Read> Tape<R> {
    pub(super) fn new(source: R) -> Result<Self, ArchiveFault> {
        Ok(Self { unpacked: Unpacked::new(source)?, left: 0, padding: 0, seen: BTreeSet::new() })
    }

    pub(super) const fn is_gzipped(&self) -> bool {
        self.unpacked.is_gzipped()
    }

    /// How many bytes of the tar were read.
    pub(super) const fn at(&self) -> u64 {
        self.unpacked.given()
    }

    /// Goes on to the next file; none is the end of the tar and of the file it lies in.
    pub(super) fn next(&mut self) -> Result<Option<Entry>, ArchiveFault> {
        let mut rest = [0; BLOCK];
        while !self.read(&mut rest)?.is_empty() {}
        let mut block = [0; BLOCK];
        let padding = block.get_mut(..core::mem::take(&mut self.padding)).unwrap_or_default();
        fill(&mut self.unpacked, padding)?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(self.malformed("the padding behind a file is not zero"));
        }
        fill(&mut self.unpacked, &mut block)?;
        if block == [0; BLOCK] {
            return self.end().map(|()| None);
        }
        self.header(&block).map(Some)
    }

    /// Reads some bytes of the current file; none is its end.
    pub(super) fn read<'b>(&mut self, buffer: &'b mut [u8]) -> Result<&'b [u8], ArchiveFault> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let wanted = buffer.get_mut(..most).unwrap_or_default();
        if wanted.is_empty() {
            return Ok(wanted);
        }
        let read = self.unpacked.read(wanted)?;
        if read == 0 {
            return Err(self.malformed("it ends within a file"));
        }
        self.left = self.left.saturating_sub(read as u64);
        Ok(wanted.get(..read).unwrap_or_default())
    }

    fn header(&mut self, block: &[u8; BLOCK]) -> Result<Entry, ArchiveFault> {
        let header = Header::from_byte_slice(block);
        // The sum of all bytes, its own place counted as blanks.
        let sum: u32 =
            block.iter().enumerate().map(|(at, byte)| u32::from(if is_sum(at) { b' ' } else { *byte })).sum();
        if header.cksum().ok() != Some(sum) {
            return Err(self.malformed("the checksum of a header does not fit"));
        }
        let path = header.path_bytes();
        let refused = |problem| {
            let name = Quoted::new(&String::from_utf8_lossy(&path));
            Err(ArchiveFault::Entry { name, problem })
        };
        if let Some(problem) = no_plain_file(header.entry_type()) {
            return refused(problem);
        }
        let name = match Name::parse(&path) {
            Ok(name) => name,
            Err(problem) => return refused(problem),
        };
        let Some(bytes) = size(block) else {
            return refused("has a length that is not eleven octal digits");
        };
        if bytes > ARCHIVE_BYTES {
            return Err(ArchiveFault::TooLarge { limit: ARCHIVE_BYTES, place: "unpacked" });
        }
        if !self.seen.insert(name.clone()) {
            return Err(ArchiveFault::Duplicate { name: Quoted::new(&name.to_string()) });
        }
        if self.seen.len() > ARCHIVE_FILES {
            return Err(ArchiveFault::TooMany { limit: ARCHIVE_FILES });
        }
        self.left = bytes;
        self.padding = padding(bytes);
        Ok(Entry { name, bytes })
    }

    /// Reads what follows a block of zeros: another one, zeros to the end of a record, nothing.
    fn end(&mut self) -> Result<(), ArchiveFault> {
        let mut block = [0; BLOCK];
        fill(&mut self.unpacked, &mut block)?;
        if block != [0; BLOCK] {
            return Err(ArchiveFault::Trailing { what: "tar" });
        }
        const ZEROS: [u8; 32 * BLOCK] = [0; 32 * BLOCK];
        let mut record = ZEROS;
        loop {
            match self.unpacked.read(&mut record)? {
                0 => return self.unpacked.end(),
                read if record.get(..read) != ZEROS.get(..read) => {
                    return Err(ArchiveFault::Trailing { what: "tar" });
                }
                _ => {}
            }
        }
    }

    fn malformed(&self, detail: &str) -> ArchiveFault {
        malformed(&self.unpacked, detail)
    }
}

/// Fills a buffer to its end.
fn fill<R: Read>(unpacked: &mut Unpacked<R>, mut buffer: &mut [u8]) -> Result<(), ArchiveFault> {
    while !buffer.is_empty() {
        match unpacked.read(buffer)? {
            0 => return Err(malformed(unpacked, "it ends before the end of the tar")),
            read => buffer = buffer.get_mut(read..).unwrap_or_default(),
        }
    }
    Ok(())
}

fn malformed<R: Read>(unpacked: &Unpacked<R>, detail: &str) -> ArchiveFault {
    ArchiveFault::Malformed { at: unpacked.given(), detail: Quoted::sentence(detail) }
}

/// Says how many bytes stand between the end of a file and the next header.
pub(super) fn padding(bytes: u64) -> usize {
    let over = usize::try_from(bytes % BLOCK as u64).unwrap_or_default();
    if over == 0 { 0 } else { BLOCK - over }
}

/// Says whether a byte of a header belongs to its checksum.
fn is_sum(at: usize) -> bool {
    (148..156).contains(&at)
}

/// Reads a length in its one spelling: readers differ on signs, blanks and binary ones, and then
/// on where the next file begins.
fn size(block: &[u8; BLOCK]) -> Option<u64> {
    let (digits, end) = block.get(124..136)?.split_at_checked(11)?;
    if !matches!(end, [0 | b' ']) {
        return None;
    }
    digits.iter().try_fold(0, |size: u64, digit| match digit {
        b'0'..=b'7' => Some(size << 3 | u64::from(digit - b'0')),
        _ => None,
    })
}

/// Says what is wrong with an entry that is no plain file.
fn no_plain_file(kind: EntryType) -> Option<&'static str> {
    if kind.is_file() {
        None
    } else if kind.is_symlink() || kind.is_hard_link() {
        Some("is a link")
    } else if kind.is_dir() {
        Some("is a folder")
    } else if kind.is_gnu_sparse() {
        Some("is a file with holes")
    } else if kind.is_pax_global_extensions()
        || kind.is_pax_local_extensions()
        || kind.is_gnu_longname()
        || kind.is_gnu_longlink()
    {
        Some("is an extended header")
    } else {
        Some("is no plain file")
    }
}
