//! The memory of a running process, as whoever may trace it can read it, where there is a `/proc` like Linux's.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::{Find, Search};

/// A part of a process's memory, as it was when it was read.
#[derive(Debug)]
pub struct Region {
    /// The address of its first byte.
    pub start: u64,
    /// What was there.
    pub bytes: Vec<u8>,
}

/// Reads the writable memory of a process, region by region.
///
/// # Errors
/// When there is no such process, or its memory may not be read.
pub fn regions(pid: u32) -> io::Result<impl Iterator<Item = Region>> {
    let folder = Path::new("/proc").join(pid.to_string());
    let mut memory = File::open(folder.join("mem"))?;
    let maps = fs::read_to_string(folder.join("maps"))?;
    let ranges: Vec<(u64, u64)> = maps.lines().filter_map(writable).collect();
    Ok(ranges.into_iter().filter_map(move |(from, to)| {
        let mut bytes = vec![0; usize::try_from(to.checked_sub(from)?).ok()?];
        // Some of it may be gone by now.
        memory.seek(SeekFrom::Start(from)).ok()?;
        memory.read_exact(&mut bytes).ok()?;
        Some(Region { start: from, bytes })
    }))
}

/// Overwrites a byte in the memory of a process, as memory that fails would.
///
/// # Errors
/// When there is no such process, or its memory may not be written.
pub fn overwrite(pid: u32, address: u64, byte: u8) -> io::Result<()> {
    let mut memory = OpenOptions::new().write(true).open(Path::new("/proc").join(pid.to_string()).join("mem"))?;
    memory.seek(SeekFrom::Start(address))?;
    memory.write_all(&[byte])
}

fn writable(line: &str) -> Option<(u64, u64)> {
    let (range, rest) = line.split_once(' ')?;
    let (from, to) = range.split_once('-')?;
    let bounds = (u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(to, 16).ok()?);
    rest.starts_with("rw").then_some(bounds)
}

impl Search {
    /// Searches the memory of a process.
    ///
    /// # Errors
    /// When there is no such process, or its memory may not be read.
    pub fn over_process(&self, pid: u32) -> io::Result<Vec<Find>> {
        let mut finds = Vec::new();
        let mut searched = 0;
        for Region { bytes, .. } in regions(pid)? {
            searched += bytes.len();
            finds.extend(self.over(&bytes));
        }
        if searched == 0 {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no memory of that process could be read"));
        }
        Ok(finds)
    }
}
