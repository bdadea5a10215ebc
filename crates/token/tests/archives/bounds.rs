//! Bombs, floods, and sources that fail: an end in bounded time and memory.

use std::io::{self, Read};

use greatseal_core::Code;
use greatseal_core::limits::{ARCHIVE_BYTES, ARCHIVE_FILES, TOKEN_BYTES};
use greatseal_token::wascap::archive::{ArchiveFile, Parts};

use crate::build::{Shop, entry, file, gzip, tar, target};

#[test]
fn a_gzip_bomb() {
    let shop = Shop::new("bomb");
    let mut parts = Parts::default();
    parts.targets.insert(target("x86_64-linux"), vec![0; 8 << 20]);
    let token = shop.token(parts.hashes());
    // It is what was signed, and too much for what lies there.
    let plain = parts.pack(token.bytes(), false).unwrap();
    shop.ask(&plain).allowed();
    assert_eq!(shop.ask(&gzip(&plain)).denied(), Code::ArchiveBomb);
    // In the padding behind the end, too.
    let end = [tar(&shop.entries()), vec![0; 8 << 20]].concat();
    shop.ask(&end).allowed();
    assert_eq!(shop.ask(&gzip(&end)).denied(), Code::ArchiveBomb);
    // And as a token.
    let token = entry("claims.jwt", b'0', &vec![b'e'; TOKEN_BYTES + 1]);
    shop.refuses(&tar(&[token]), Code::ArchiveEntry);
}

#[test]
fn more_files_than_any_provider_has() {
    let shop = Shop::new("flood");
    let mut entries = shop.entries();
    entries.truncate(1);
    for number in 1..ARCHIVE_FILES {
        entries.push(file(&format!("t{number}.bin"), b""));
    }
    shop.refuses(&tar(&entries), Code::ArchiveUnlisted);
    entries.push(file("last.bin", b""));
    shop.refuses(&tar(&entries), Code::ArchiveTooLarge);
}

/// A file that never ends.
struct Endless<'a>(&'a [u8], u64);

impl Read for Endless<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = if self.0.is_empty() {
            buffer.fill(0);
            buffer.len()
        } else {
            self.0.read(buffer)?
        };
        self.1 += read as u64;
        assert!(self.1 <= ARCHIVE_BYTES + (1 << 20), "it goes on reading");
        Ok(read)
    }
}

#[test]
fn a_source_without_an_end() {
    let good = tar(&Shop::new("endless").entries());
    let endless = ArchiveFile::open(Endless(&good, 0)).unwrap();
    assert_eq!(endless.contents().unwrap_err().code(), Code::ArchiveTooLarge);
}

/// Gives one byte at a time, is interrupted between them, and fails in the end.
struct Stubborn<'a>(&'a [u8], bool);

impl Read for Stubborn<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        match self.0.split_first() {
            Some((byte, rest)) if !buffer.is_empty() => {
                buffer[0] = *byte;
                self.0 = rest;
                Ok(1)
            }
            _ => Err(io::Error::other("the disk is gone")),
        }
    }
}

#[test]
fn a_source_that_fails_is_told_from_an_archive_that_is_broken() {
    let good = tar(&Shop::new("stubborn").entries());
    for bytes in [good.clone(), gzip(&good)] {
        // Past the token, and right at the end.
        let fault = ArchiveFile::open(Stubborn(&bytes, false)).unwrap().contents().unwrap_err();
        assert_eq!(fault.code(), Code::Io, "{fault}");
        assert!(fault.to_string().contains("the disk is gone"));
    }
    for bytes in [&b""[..], b"\x1f", b"\x1f\x8b"] {
        assert_eq!(ArchiveFile::open(Stubborn(bytes, false)).unwrap_err().code(), Code::Io);
    }
}

#[test]
fn what_nobody_would_read_back_is_not_written() {
    assert_eq!(Parts::default().pack(b"token", false).unwrap_err().code(), Code::ArchiveMissing);
    let mut parts = Parts::default();
    for number in 0..ARCHIVE_FILES {
        parts.targets.insert(target(&format!("t{number}")), Vec::new());
    }
    assert_eq!(parts.pack(b"token", false).unwrap_err().code(), Code::ArchiveTooLarge);
    parts.targets.pop_first();
    let packed = parts.pack(b"token", true).unwrap();
    assert_eq!(ArchiveFile::open(&*packed).unwrap().contents().unwrap().files.len(), ARCHIVE_FILES - 1);
}
