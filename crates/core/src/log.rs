//! The tree over a log of statements, and proofs that one of them is inside (RFC 6962 section 2.1).
//!
//! Pure hashing: who keeps a log, and who believes it, is decided elsewhere.

use core::fmt;

use sha2::{Digest, Sha256};

use crate::statement::Kind;
use crate::time::Timestamp;

/// Most hashes in a proof: a log has fewer than 2⁶⁴ entries.
const LONGEST_PATH: usize = 64;

/// The hash of a node, the leaves' included.
type Hash = [u8; 32];

/// The hash of the tree over the first entries of a log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogRoot(Hash);

impl LogRoot {
    /// Takes the 32 bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for LogRoot {
    /// Writes 64 lower-case hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for LogRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogRoot({self})")
    }
}

/// The hash of one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf(Hash);

impl Leaf {
    /// Hashes an entry: when it was admitted (8 bytes, big-endian seconds), its kind (1 byte), its
    /// exact bytes.
    #[must_use]
    pub fn of(admitted_at: Timestamp, kind: Kind, received: &[u8]) -> Self {
        let mut hash = Sha256::new_with_prefix([0]);
        hash.update(admitted_at.as_secs().to_be_bytes());
        hash.update([kind.tag()]);
        hash.update(received);
        Self(hash.finalize().into())
    }
}

fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new_with_prefix([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The tree as it grows: the roots of the full trees that the leaves so far make, the largest first.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    size: u64,
    full: Vec<Hash>,
}

impl Tree {
    /// Returns how many leaves there are.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf at the end.
    pub fn push(&mut self, Leaf(leaf): Leaf) {
        let mut hash = leaf;
        // As many full trees end here as the old size ends in ones.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.full.pop() {
                hash = node(&left, &hash);
            }
        }
        self.full.push(hash);
        self.size += 1;
    }

    /// Returns the hash of the whole tree.
    #[must_use]
    pub fn root(&self) -> LogRoot {
        let folded = self.full.iter().rev().copied().reduce(|right, left| node(&left, &right));
        LogRoot(folded.unwrap_or_else(|| Sha256::digest([]).into()))
    }
}

/// Proves that an entry is inside a log (RFC 6962 section 2.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    /// How many entries the log has that the proof is about.
    pub size: u64,
    /// The place of the entry, the first being 0.
    pub index: u64,
    /// When the log admitted the entry.
    pub admitted_at: Timestamp,
    /// The hashes beside the way from the leaf to the root.
    pub path: Vec<[u8; 32]>,
}

impl Inclusion {
    /// Computes the root of the only log of that size in which the proof holds for this leaf.
    ///
    /// Nothing when it holds in none: the index lies outside, or the path has another length
    /// (RFC 9162 section 2.1.3.2).
    #[must_use]
    pub fn root(&self, Leaf(leaf): Leaf) -> Option<LogRoot> {
        if self.index >= self.size || self.path.len() > LONGEST_PATH {
            return None;
        }
        let (mut here, mut last) = (self.index, self.size - 1);
        let mut hash = leaf;
        for beside in &self.path {
            if last == 0 {
                return None;
            }
            if here & 1 == 1 || here == last {
                hash = node(beside, &hash);
                while here & 1 == 0 && here != 0 {
                    (here, last) = (here >> 1, last >> 1);
                }
            } else {
                hash = node(&hash, beside);
            }
            (here, last) = (here >> 1, last >> 1);
        }
        (last == 0).then_some(LogRoot(hash))
    }

    /// Makes the proof for one of some leaves; nothing when the index lies outside.
    ///
    /// Takes time in proportion to the leaves: for whoever keeps a small log, and for tests.
    #[must_use]
    pub fn prove(leaves: &[Leaf], index: usize, admitted_at: Timestamp) -> Option<Self> {
        leaves.get(index)?;
        let mut path = Vec::new();
        beside(leaves, index, &mut path);
        Some(Self { size: leaves.len() as u64, index: index as u64, admitted_at, path })
    }
}

/// Collects the hashes beside the way to a leaf, the lowest first.
fn beside(leaves: &[Leaf], index: usize, path: &mut Vec<Hash>) {
    if leaves.len() < 2 {
        return;
    }
    // The left part is the largest full tree that leaves something over.
    let (left, right) = leaves.split_at((leaves.len().div_ceil(2)).next_power_of_two());
    let whole = |leaves: &[Leaf]| {
        let mut tree = Tree::default();
        leaves.iter().for_each(|leaf| tree.push(*leaf));
        tree.root().0
    };
    if index < left.len() {
        beside(left, index, path);
        path.push(whole(right));
    } else {
        beside(right, index - left.len(), path);
        path.push(whole(left));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: usize) -> Vec<Leaf> {
        (0..count).map(|i| Leaf::of(Timestamp::from_secs(i as u64), Kind::WascapToken, &[i as u8])).collect()
    }

    /// RFC 6962 section 2.1, word for word.
    fn slow(leaves: &[Leaf]) -> Hash {
        match leaves {
            [] => Sha256::digest([]).into(),
            [Leaf(one)] => *one,
            _ => {
                let mut k = 1;
                while 2 * k < leaves.len() {
                    k *= 2;
                }
                node(&slow(&leaves[..k]), &slow(&leaves[k..]))
            }
        }
    }

    #[test]
    fn trees_and_proofs_are_those_of_the_rfc() {
        for count in 0..70 {
            let leaves = leaves(count);
            let mut tree = Tree::default();
            leaves.iter().for_each(|leaf| tree.push(*leaf));
            assert_eq!(tree.root().0, slow(&leaves));
            assert_eq!(tree.size(), count as u64);
            for index in 0..count {
                let proof = Inclusion::prove(&leaves, index, Timestamp::from_secs(0)).unwrap();
                assert_eq!(proof.root(leaves[index]), Some(tree.root()), "{index} of {count}");
                for other in 0..count {
                    let elsewhere = Inclusion { index: other as u64, ..proof.clone() };
                    assert_eq!(elsewhere.root(leaves[index]) == Some(tree.root()), other == index);
                }
                let mut longer = proof.clone();
                longer.path.push([0; 32]);
                assert_ne!(longer.root(leaves[index]), Some(tree.root()));
            }
            assert_eq!(Inclusion::prove(&leaves, count, Timestamp::from_secs(0)), None);
        }
    }

    #[test]
    fn proofs_of_any_size_are_answered() {
        for size in [0, 1, 2, u64::MAX] {
            for index in [0, 1, u64::MAX - 1, u64::MAX] {
                for length in [0, 1, 63, 64, 65, 1000] {
                    let path = vec![[7; 32]; length];
                    let proof = Inclusion { size, index, admitted_at: Timestamp::from_secs(0), path };
                    let _ = proof.root(Leaf([1; 32]));
                }
            }
        }
    }
}
