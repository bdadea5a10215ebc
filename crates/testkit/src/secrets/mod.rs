//! One search for secrets, in whatever lies before it: files, output, arguments, environments, memory.
//!
//! It needs to be told no secret. From the public keys that are known it knows the private ones when it meets them:
//! every 32 bytes that could be random, in every encoding that [`spelling`] reads, are taken for a key and tried. Only
//! words, such as passphrases, have to be named.
//!
//! ```text
//! traces ─Known::gather─► public keys ─Search::new─► Search ─over(bytes)─► Find
//! ```
//!
//! Gaps: what is compressed or encrypted is searched as the bytes that it is; a key in pieces, reversed, or as words of
//! a mnemonic is not found; keys over P-256 and secp256k1 are found where they stand apart or where a container marks
//! them, not at every offset, because to try one costs ten times as much.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the search reads what tests left, and looks things up by the million"
)]

pub mod allowed;
mod known;
pub mod memory;
pub mod plant;
pub mod spelling;
pub mod traces;
mod trial;

pub use known::Known;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use greatseal_core::key::PublicKey;
use spelling::Candidate;

/// Candidates that are tried together.
const BATCH: usize = 1024;
/// Parts of the memory of what was tried, so that threads rarely wait for each other.
const SHARDS: usize = 64;
/// Bytes of the shortest word that is searched for: a shorter one is found in anything.
const WORD_BYTES: usize = 6;

/// Knows public keys and words, and remembers what it tried in vain.
#[derive(Debug)]
pub struct Search {
    known: Known,
    /// Which words begin with two bytes.
    beginnings: HashMap<[u8; 2], Vec<usize>>,
    hasher: RandomState,
    in_vain: Vec<Mutex<HashSet<u64>>>,
    tried: AtomicU64,
}

/// A secret that lies where it should not.
#[derive(Clone, PartialEq, Eq)]
pub struct Find {
    /// Whose it is.
    pub of: Owner,
    /// How it is spelled.
    pub spelling: &'static str,
    /// Where it begins, in bytes from the beginning of what was searched.
    pub at: usize,
    bytes: [u8; 32],
}

/// Whose a secret is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// The private half of this key.
    Key(PublicKey),
    /// A word that was told, by the name that it was told under.
    Word(String),
}

impl Find {
    /// The private half as it was found: a seed, or a scalar. Zeros for a word.
    #[must_use]
    pub const fn secret(&self) -> &[u8; 32] {
        &self.bytes
    }
}

/// Without the secret.
impl fmt::Debug for Find {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Find({self})")
    }
}

impl fmt::Display for Find {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.of {
            Owner::Key(key) => write!(f, "the private key of {key}, as {} at byte {}", self.spelling, self.at),
            Owner::Word(name) => write!(f, "the {name}, as {} at byte {}", self.spelling, self.at),
        }
    }
}

impl Search {
    /// Makes ready to search for the private halves of keys, and for words.
    #[must_use]
    pub fn new(known: Known) -> Self {
        let in_vain = (0..SHARDS).map(|_| Mutex::default()).collect();
        let mut beginnings: HashMap<[u8; 2], Vec<usize>> = HashMap::new();
        for (index, (_, _, word)) in known.words().iter().enumerate() {
            if let Some(beginning) = word.first_chunk::<2>() {
                beginnings.entry(*beginning).or_default().push(index);
            }
        }
        Self { known, beginnings, hasher: RandomState::new(), in_vain, tried: AtomicU64::new(0) }
    }

    /// Makes ready to search for the private half of one key.
    #[must_use]
    pub fn of(key: PublicKey) -> Self {
        let mut known = Known::default();
        known.add(key);
        Self::new(known)
    }

    /// What it searches for.
    #[must_use]
    pub const fn known(&self) -> &Known {
        &self.known
    }

    /// How many candidates were tried so far, each once.
    #[must_use]
    pub fn tried(&self) -> u64 {
        self.tried.load(Ordering::Relaxed)
    }

    /// Searches bytes for whatever is known, in every spelling.
    ///
    /// # Panics
    /// Never, but for a thread that panicked before.
    #[must_use]
    pub fn over(&self, bytes: &[u8]) -> Vec<Find> {
        let mut finds = self.words(bytes);
        let mut waiting: Vec<Candidate> = Vec::new();
        let mut runs: Vec<(u64, Range<usize>)> = Vec::new();
        spelling::each(
            bytes,
            &mut |run, at| {
                let mark = self.hasher.hash_one(run);
                let fresh = !self.was_in_vain(mark);
                if fresh {
                    runs.push((mark, at..at + run.len()));
                }
                fresh
            },
            &mut |candidate| {
                if !self.was_in_vain(self.mark(&candidate)) {
                    waiting.push(candidate);
                    if waiting.len() == BATCH {
                        finds.extend(self.try_out(&mut waiting));
                    }
                }
            },
        );
        finds.extend(self.try_out(&mut waiting));
        for (mark, range) in runs {
            if !finds.iter().any(|find| range.contains(&find.at)) {
                self.note(mark);
            }
        }
        finds.sort_by(|a, b| (a.at, &a.of).cmp(&(b.at, &b.of)));
        finds.dedup_by(|a, b| a.at == b.at && a.of == b.of && a.spelling == b.spelling);
        finds
    }

    fn words(&self, bytes: &[u8]) -> Vec<Find> {
        if self.beginnings.is_empty() {
            return Vec::new();
        }
        let mut finds = Vec::new();
        for (at, pair) in bytes.array_windows::<2>().enumerate() {
            let Some(beginning) = self.beginnings.get(pair) else { continue };
            let rest = bytes.get(at..).unwrap_or_default();
            for (name, spelling, word) in beginning.iter().filter_map(|index| self.known.words().get(*index)) {
                if rest.starts_with(word) {
                    finds.push(Find { of: Owner::Word(name.clone()), spelling, at, bytes: [0; 32] });
                }
            }
        }
        finds
    }

    fn try_out(&self, waiting: &mut Vec<Candidate>) -> Vec<Find> {
        // The same window can wait twice; each is found where it stands, and tried once.
        self.tried.fetch_add(waiting.len() as u64, Ordering::Relaxed);
        let hits = trial::hits(&self.known, waiting);
        let mut found = vec![false; waiting.len()];
        let mut finds = Vec::new();
        for (index, key) in hits {
            let (Some(candidate), Some(found)) = (waiting.get(index), found.get_mut(index)) else { continue };
            *found = true;
            let Candidate { bytes, spelling, at, .. } = *candidate;
            finds.push(Find { of: Owner::Key(key), spelling, at, bytes });
        }
        for (candidate, _) in waiting.iter().zip(found).filter(|(_, found)| !found) {
            self.note(self.mark(candidate));
        }
        waiting.clear();
        finds
    }

    fn mark(&self, candidate: &Candidate) -> u64 {
        self.hasher.hash_one((candidate.bytes, candidate.apart))
    }

    fn shard(&self, mark: u64) -> &Mutex<HashSet<u64>> {
        let index = usize::try_from(mark).unwrap_or_default() % SHARDS;
        self.in_vain.get(index).expect("there are as many as that")
    }

    fn was_in_vain(&self, mark: u64) -> bool {
        self.shard(mark).lock().expect("no thread panics while it holds this").contains(&mark)
    }

    fn note(&self, mark: u64) {
        self.shard(mark).lock().expect("no thread panics while it holds this").insert(mark);
    }
}

/// Where a word occurs.
fn positions(bytes: &[u8], word: &[u8]) -> Vec<usize> {
    let Some((first, _)) = word.split_first() else { return Vec::new() };
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(rest) = bytes.get(from..) {
        let Some(step) = rest.iter().position(|byte| byte == first) else { break };
        let at = from + step;
        if bytes.get(at..).is_some_and(|rest| rest.starts_with(word)) {
            found.push(at);
        }
        from = at + 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: [u8; 32] = [
        0xd3, 0x5a, 0x10, 0x9c, 0x77, 0xe1, 0x48, 0x02, 0xbf, 0x61, 0x2d, 0x94, 0xfa, 0x33, 0x0e, 0xc8, 0x59, 0xa6,
        0x7b, 0xd0, 0x15, 0xee, 0x42, 0x8f, 0x91, 0x06, 0x6c, 0xb7, 0x24, 0xdb, 0x3f, 0x80,
    ];

    #[test]
    fn every_spelling_is_found_among_other_words() {
        let planted = plant::Planted::new(SEED);
        let search = Search::new(planted.known());
        assert!(planted.spellings().len() > 30);
        for (name, bytes) in planted.spellings() {
            let text = [b"level=info msg=\"".to_vec(), bytes.clone(), b"\" next={}\n".to_vec()].concat();
            for (place, bytes) in [("alone", bytes), ("in a line", text)] {
                let finds = search.over(&bytes);
                assert!(finds.iter().any(|it| matches!(it.of, Owner::Key(_))), "{name} {place}: {finds:?}");
                // What was found once is found again.
                assert_eq!(search.over(&bytes).len(), finds.len(), "{name}");
            }
        }
    }

    #[test]
    fn another_key_is_not_found() {
        let mut other = SEED;
        other[31] ^= 1;
        let search = Search::new(plant::Planted::new(other).known());
        for (name, bytes) in plant::Planted::new(SEED).spellings() {
            assert_eq!(search.over(&bytes), [], "{name}");
        }
    }

    #[test]
    fn words_are_found_in_their_spellings() {
        let mut known = Known::default();
        known.tell("passphrase", b"correct-horse-battery-staple");
        let search = Search::new(known);
        assert_eq!(search.over(b"no horse here").len(), 0);
        let finds = search
            .over(b"it is correct-horse-battery-staple, or 636f72726563742d686f7273652d626174746572792d737461706c65");
        assert_eq!(
            finds.iter().map(|find| (find.spelling, find.at)).collect::<Vec<_>>(),
            [("itself", 6), ("hexadecimal", 39)]
        );
        assert!(!format!("{finds:?}").contains("horse"));
    }
}
