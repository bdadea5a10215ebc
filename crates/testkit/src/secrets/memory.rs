//! The memory of a running process, as whoever may trace it can read it, where there is a `/proc` like Linux's.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::{Find, Search};

/// Reads the writable memory of a process, region by region.
///
/// # Errors
/// When there is no such process, or its memory may not be read.
pub fn regions(pid: u32) -> io::Result<impl Iterator<Item = Vec<u8>>> {
    let folder = Path::new("/proc").join(pid.to_string());
    let mut memory = File::open(folder.join("mem"))?;
    let maps = fs::read_to_string(folder.join("maps"))?;
    let ranges: Vec<(u64, u64)> = maps.lines().filter_map(writable).collect();
    Ok(ranges.into_iter().filter_map(move |(from, to)| {
        let mut region = vec![0; usize::try_from(to.checked_sub(from)?).ok()?];
        // Some of it may be gone by now.
        memory.seek(SeekFrom::Start(from)).ok()?;
        memory.read_exact(&mut region).ok()?;
        Some(region)
    }))
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
        for region in regions(pid)? {
            searched += region.len();
            finds.extend(self.over(&region));
        }
        if searched == 0 {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no memory of that process could be read"));
        }
        Ok(finds)
    }
}
