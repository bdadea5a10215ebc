//! The bytes of a tar out of the bytes of a file, gzipped or not, counted at both ends.

use std::io::{self, BufRead as _, BufReader, Read};

use flate2::bufread::GzDecoder;
use greatseal_core::error::{ArchiveFault, Quoted};
use greatseal_core::limits::{ARCHIVE_BYTES, ARCHIVE_RATIO, ARCHIVE_UNRATED_BYTES};

/// How a gzip stream begins (RFC 1952 section 2.3.1).
pub(super) const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Bytes that are taken out of the file at a time.
const BUFFER: usize = 32 * 1024;

/// The unpacked bytes.
pub(super) struct Unpacked<R> {
    body: Body<R>,
    /// Bytes that were given out.
    given: u64,
}

enum Body<R> {
    Plain(BufReader<Source<R>>),
    // One member only: what follows it is told apart from what is in it.
    Gzip(Box<GzDecoder<BufReader<Source<R>>>>),
}

impl<R: Read> Unpacked<R> {
    /// Finds out by its first bytes whether a file is gzipped.
    pub(super) fn new(inner: R) -> Result<Self, ArchiveFault> {
        let mut source = Source { head: Vec::new(), inner, taken: 0, fault: None };
        let mut head = Vec::new();
        let mut buffer = [0; GZIP.len()];
        match source.read(&mut buffer) {
            Ok(read) => head.extend(buffer.iter().take(read)),
            Err(error) => return Err(source.fault.take().unwrap_or_else(|| failed(&error))),
        }
        let gzipped = head == GZIP;
        head.reverse();
        source.head = head;
        let source = BufReader::with_capacity(BUFFER, source);
        let body = if gzipped { Body::Gzip(Box::new(GzDecoder::new(source))) } else { Body::Plain(source) };
        Ok(Self { body, given: 0 })
    }

    /// Reads some bytes; none is the end.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ArchiveFault> {
        let read = match &mut self.body {
            Body::Plain(body) => body.read(buffer),
            Body::Gzip(body) => body.read(buffer),
        };
        let read = read.map_err(|error| self.refused(&error))?;
        self.given = self.given.saturating_add(read as u64);
        if self.given > ARCHIVE_BYTES {
            return Err(ArchiveFault::TooLarge { limit: ARCHIVE_BYTES, place: "unpacked" });
        }
        let rated = self.is_gzipped() && self.given > ARCHIVE_UNRATED_BYTES;
        if rated && self.given / ARCHIVE_RATIO > self.source().get_ref().taken {
            return Err(ArchiveFault::Bomb { ratio: ARCHIVE_RATIO });
        }
        Ok(read)
    }

    /// Insists, after the last byte, that the file ends as well.
    pub(super) fn end(&mut self) -> Result<(), ArchiveFault> {
        match self.source().fill_buf().map(<[u8]>::is_empty) {
            Ok(true) => Ok(()),
            Ok(false) => Err(ArchiveFault::Trailing { what: "gzip stream" }),
            Err(error) => Err(self.refused(&error)),
        }
    }

    pub(super) const fn is_gzipped(&self) -> bool {
        matches!(self.body, Body::Gzip(_))
    }

    /// How many bytes were given out.
    pub(super) const fn given(&self) -> u64 {
        self.given
    }

    fn source(&mut self) -> &mut BufReader<Source<R>> {
        match &mut self.body {
            Body::Plain(body) => body,
            Body::Gzip(body) => body.get_mut(),
        }
    }

    /// Tells what the source refused from what gzip does.
    fn refused(&mut self, error: &io::Error) -> ArchiveFault {
        let at = self.given;
        self.source().get_mut().fault.take().unwrap_or_else(|| {
            let detail = if error.kind() == io::ErrorKind::UnexpectedEof {
                Quoted::sentence("the gzip stream ends too early")
            } else {
                Quoted::sentence(&format!("the gzip stream is broken: {error}"))
            };
            ArchiveFault::Malformed { at, detail }
        })
    }
}

/// The bytes as they lie.
struct Source<R> {
    /// The first ones, which were looked at before, last first.
    head: Vec<u8>,
    inner: R,
    /// Bytes that were taken out of it.
    taken: u64,
    /// Why it refuses to go on: an error of its own says too little.
    fault: Option<ArchiveFault>,
}

impl<R: Read> Read for Source<R> {
    /// Fills the buffer as far as there is anything: what is decided further up, the ratio above
    /// all, must not depend on the pieces in which the bytes arrive.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut read = 0;
        while let Some(free) = buffer.get_mut(read..).filter(|free| !free.is_empty()) {
            if let Some(byte) = self.head.pop() {
                free.iter_mut().take(1).for_each(|place| *place = byte);
                read += 1;
                continue;
            }
            if self.fault.is_some() {
                break;
            }
            match self.inner.read(free) {
                Ok(0) => break,
                Ok(more) => {
                    read += more;
                    self.taken = self.taken.saturating_add(more as u64);
                    if self.taken > ARCHIVE_BYTES {
                        self.fault = Some(ArchiveFault::TooLarge { limit: ARCHIVE_BYTES, place: "as it lies" });
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.fault = Some(failed(&error)),
            }
        }
        // What came before a fault is still given out.
        if read == 0 && self.fault.is_some() { Err(io::Error::other("see the fault")) } else { Ok(read) }
    }
}

fn failed(error: &io::Error) -> ArchiveFault {
    ArchiveFault::Source { detail: Quoted::sentence(&error.to_string()) }
}
