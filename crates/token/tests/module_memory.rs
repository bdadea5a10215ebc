//! The largest files are read and hashed without a copy of them.
//!
//! Alone in its process, because the measure is the process's own high-water mark.
#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_methods, reason = "the high-water mark stands in a file")]
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use greatseal_token::wascap::module::ModuleFile;

const MIB: usize = 1 << 20;

/// The most kibibytes this process ever held in memory.
fn high_water_mark() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Writes a length in exactly four bytes.
fn length(length: usize) -> [u8; 4] {
    [0, 7, 14, 21].map(|shift| (length >> shift) as u8 & 0x7f | if shift < 21 { 0x80 } else { 0 })
}

#[test]
fn reading_takes_no_memory_that_grows_with_the_file() {
    let mut file = Vec::with_capacity(64 * MIB);
    file.extend(b"\0asm\x01\0\0\0");
    // Half a million functions without a body.
    file.extend([&[3][..], &length(4 + MIB / 2), &length(MIB / 2)].concat());
    file.resize(file.len() + MIB / 2, 0);
    file.extend([&[10][..], &length(4 + MIB / 2), &length(MIB / 2)].concat());
    file.resize(file.len() + MIB / 2, 0);
    // A third of a million custom sections without a name.
    file.extend([0, 1, 0].repeat(MIB / 3));
    file.extend(b"\0\x13\x0dwasmcloud_jwttoken");
    // And data to the limit.
    let data = 64 * MIB - file.len() - 5;
    file.extend([&[0][..], &length(data)].concat());
    file.resize(64 * MIB, 0);

    let before = high_water_mark();
    let read = ModuleFile::read(&file).unwrap();
    assert_eq!(read.token(), Some(&b"token"[..]));
    assert_ne!(read.hash(), [0; 32]);
    assert_eq!(read.custom_sections().count(), MIB / 3 + 2);
    // The kernel counts pages in batches; a copy would be 65,536 KiB.
    let grown = high_water_mark() - before;
    assert!(grown < 4096, "{grown} KiB");
}
