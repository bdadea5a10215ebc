//! Every 32 bytes that could be a private key, in each way that files, output or memory spell bytes.
#![allow(clippy::indexing_slicing, reason = "tables with a place for every byte")]

pub mod base64;
mod listed;
mod pem;

use data_encoding::{BASE32_NOPAD, HEXLOWER_PERMISSIVE};

/// Thirty-two bytes that may be a private key.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) bytes: [u8; 32],
    pub(super) spelling: &'static str,
    /// Where it begins, or where the run of characters begins that it stands in.
    pub(super) at: usize,
    /// It stands for itself: nothing else is in its run, or a container says that a key is here.
    pub(super) apart: bool,
}

/// Hands each candidate to `each`. Long runs of characters go to `fresh` first, which may say that they were seen.
pub(super) fn each(bytes: &[u8], fresh: &mut dyn FnMut(&[u8], usize) -> bool, each: &mut dyn FnMut(Candidate)) {
    windows(bytes, "raw bytes", None, each);
    for run in runs(bytes) {
        let Some(text) = bytes.get(run.from..run.to) else { continue };
        if fresh(text, run.from) {
            spelled(text, &run, each);
        }
    }
    listed::each(bytes, each);
    pem::each(bytes, each);
}

/// Bytes that mark the private key behind them: OCTET STRING of DER, byte string of CBOR, strings of OpenSSH.
const MARKS: [&[u8]; 4] = [&[0x04, 0x20], &[0x58, 0x20], &[0, 0, 0, 0x20], &[0, 0, 0, 0x21, 0]];

/// Hands on whatever looks random, at every offset. With `at`, all of it is said to stand there.
fn windows(bytes: &[u8], spelling: &'static str, at: Option<usize>, each: &mut dyn FnMut(Candidate)) {
    let alone = bytes.trim_ascii_end().len() == 32 || bytes.len() == 32;
    let is_high = |byte: Option<&u8>| usize::from(byte.is_some_and(|byte| *byte >= 0x80));
    let mut found = 0;
    let mut high = bytes.iter().take(31).filter(|byte| **byte >= 0x80).count();
    for (offset, window) in bytes.array_windows::<32>().enumerate() {
        high += is_high(window.last());
        if high >= LEAST_HIGH && looks_random(window) {
            let before = bytes.get(..offset).unwrap_or_default();
            let apart = alone || MARKS.iter().any(|mark| before.ends_with(mark));
            found += 1;
            if found <= DENSE || offset.is_multiple_of(SPARSE) || apart {
                each(Candidate { bytes: *window, spelling, at: at.unwrap_or(offset), apart });
            }
        }
        high -= is_high(window.first());
    }
}

// Text, tables and pointers are left out so that they need not be tried; of a million keys, about two would be.

/// Bytes above ASCII that 32 random bytes nearly always have: one key in 800,000 has fewer.
const LEAST_HIGH: usize = 4;
/// Different bytes among them: hardly any key has so few.
const LEAST_DISTINCT: u32 = 20;
/// The same byte as often as that: one key in a million.
const MOST_ALIKE: u8 = 5;

fn looks_random(window: &[u8; 32]) -> bool {
    let mut seen = [0_u64; 4];
    for byte in window {
        seen[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }
    let distinct: u32 = seen.iter().map(|part| part.count_ones()).sum();
    if distinct < LEAST_DISTINCT {
        return false;
    }
    let mut counts = [0_u8; 256];
    window.iter().all(|byte| {
        let count = &mut counts[usize::from(*byte)];
        *count += 1;
        *count <= MOST_ALIKE
    })
}

/// So many candidates are tried wherever they begin; what a file of megabytes has beyond them, at each eighth byte, as
/// memory and tables align it.
const DENSE: usize = 64 * 1024;
const SPARSE: usize = 8;

/// An alphabet, and the fewest of its characters that hold 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alphabet {
    Hex,
    Base32,
    LowerBase32,
    Base58,
    Base64,
}

const ALPHABETS: [(Alphabet, usize); 5] = [
    (Alphabet::Hex, 64),
    (Alphabet::Base32, 52),
    (Alphabet::LowerBase32, 52),
    (Alphabet::Base58, 42),
    (Alphabet::Base64, 43),
];
/// The longest text of base58 that is read: 64 bytes, seed and public key, with a multicodec before them.
const LONGEST_BASE58: usize = 92;

/// Characters of one alphabet, with none of it before or behind.
struct Run {
    alphabet: Alphabet,
    from: usize,
    to: usize,
}

fn runs(bytes: &[u8]) -> Vec<Run> {
    let members = members();
    let mut starts = [0_usize; ALPHABETS.len()];
    let mut runs = Vec::new();
    // One more, which belongs to no alphabet and ends them all.
    for (at, member) in bytes.iter().map(|byte| members[usize::from(*byte)]).chain([0]).enumerate() {
        for (index, (alphabet, least)) in ALPHABETS.iter().enumerate() {
            if member & (1 << index) == 0 {
                if at - starts[index] >= *least {
                    runs.push(Run { alphabet: *alphabet, from: starts[index], to: at });
                }
                starts[index] = at + 1;
            }
        }
    }
    runs
}

/// For each byte, a bit for each alphabet that has it.
fn members() -> [u8; 256] {
    let mut members = [0_u8; 256];
    for (byte, member) in (0_u8..=255).zip(&mut members) {
        let is_in = |alphabet: Alphabet| match alphabet {
            Alphabet::Hex => byte.is_ascii_hexdigit(),
            Alphabet::Base32 => matches!(byte, b'A'..=b'Z' | b'2'..=b'7'),
            Alphabet::LowerBase32 => matches!(byte, b'a'..=b'z' | b'2'..=b'7'),
            Alphabet::Base58 => byte.is_ascii_alphanumeric() && !matches!(byte, b'0' | b'O' | b'I' | b'l'),
            Alphabet::Base64 => base64::value(byte).is_some(),
        };
        for (index, (alphabet, _)) in ALPHABETS.iter().enumerate() {
            *member |= u8::from(is_in(*alphabet)) << index;
        }
    }
    members
}

/// A long run is read at every alignment within so many characters of its ends, and at its own everywhere.
const ENDS: usize = 128;

fn spelled(text: &[u8], run: &Run, each: &mut dyn FnMut(Candidate)) {
    let at = Some(run.from);
    match run.alphabet {
        Alphabet::Hex => {
            for phase in aligned(text, 2) {
                let even = phase.get(..phase.len() & !1).unwrap_or_default();
                windows(&HEXLOWER_PERMISSIVE.decode(even).unwrap_or_default(), "hexadecimal", at, each);
            }
        }
        Alphabet::Base32 => base32(text, "base32", at, each),
        Alphabet::LowerBase32 => base32(&text.to_ascii_uppercase(), "base32 in lower case", at, each),
        Alphabet::Base58 if text.len() <= LONGEST_BASE58 => {
            // Multibase has a `z` before it.
            for text in [Some(text), text.strip_prefix(b"z")].into_iter().flatten() {
                let decoded = bs58::decode(text).into_vec().unwrap_or_default();
                windows(&decoded, "base58", at, each);
            }
        }
        Alphabet::Base58 => {}
        // What is all of it in a smaller alphabet was read in that one; no base64 of a key is.
        Alphabet::Base64 if is_smaller(text) => {}
        Alphabet::Base64 => {
            for phase in aligned(text, 4) {
                windows(&base64::decode(phase), "base64", at, each);
            }
        }
    }
}

fn base32(text: &[u8], spelling: &'static str, at: Option<usize>, each: &mut dyn FnMut(Candidate)) {
    // Records are full of CIDs, which begin like no key and are hashes: they are read at their own alignment alone.
    let others = if is_cid(text) { 0 } else { usize::MAX };
    for phase in aligned(text, 8).take(1_usize.saturating_add(others)) {
        // Bits over at the end mean nothing; the decoder would refuse them.
        let whole = phase.get(..phase.len() / 8 * 8).unwrap_or_default();
        let padded = [phase, b"AAAAAAA"].concat();
        let padded = padded.get(..phase.len().div_ceil(8) * 8).unwrap_or(whole);
        let mut decoded = BASE32_NOPAD.decode(padded).unwrap_or_default();
        decoded.truncate(phase.len() * 5 / 8);
        windows(&decoded, spelling, at, each);
    }
}

/// A CID of version 1 over DAG-CBOR and SHA-256, in its usual base32.
fn is_cid(text: &[u8]) -> bool {
    text.len() == 59 && text.starts_with(b"BAFYREI")
}

/// The run itself, and its ends from each other alignment on.
fn aligned(text: &[u8], unit: usize) -> impl Iterator<Item = &[u8]> {
    let head = text.get(..text.len().min(ENDS)).unwrap_or(text);
    let tail = text.get(text.len().saturating_sub(ENDS)..).filter(|_| text.len() > ENDS).unwrap_or_default();
    let heads = (1..unit).filter_map(move |from| head.get(from..));
    let tails = (0..unit).filter_map(move |from| tail.get(from..));
    [text].into_iter().chain(heads).chain(tails)
}

fn is_smaller(text: &[u8]) -> bool {
    let all = |is: fn(&u8) -> bool| text.iter().all(is);
    all(u8::is_ascii_hexdigit)
        || all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'))
        || all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(bytes: &[u8]) -> usize {
        let mut count = 0;
        each(bytes, &mut |_, _| true, &mut |_| count += 1);
        count
    }

    #[test]
    fn text_and_numbers_are_not_tried() {
        let text = include_bytes!("mod.rs");
        assert!(candidates(text) < 50, "{}", candidates(text));
        let numbers: Vec<u8> = (0_u64..4096).flat_map(|it| (0x7f3a_1c00_0000 + it * 48).to_le_bytes()).collect();
        assert_eq!(candidates(&numbers), 0);
        assert_eq!(candidates(&[0; 4096]), 0);
    }

    #[test]
    fn random_bytes_are_tried_at_every_offset() {
        use sha2::{Digest, Sha512};
        let random: Vec<u8> = (0_u32..64).flat_map(|it| Sha512::digest(it.to_le_bytes()).to_vec()).collect();
        assert!(candidates(&random) >= random.len() - 31, "{}", candidates(&random));
    }
}
