//! A log whose entries are told by their places alone, so that its roots and proofs are always the same.

use std::collections::BTreeMap;

use greatseal_core::log::{Inclusion, Leaf, LogRoot, Tree};
use greatseal_core::statement::Kind;
use greatseal_core::supply::Proof;
use greatseal_core::time::Timestamp;

/// Nobody's history is longer; a careless file may say so.
const LONGEST: u64 = 512;

/// When every entry was admitted.
const ADMITTED: Timestamp = Timestamp::from_secs(0);

/// Roots and proofs that were asked for.
#[derive(Debug, Default)]
pub(super) struct StandIns {
    roots: BTreeMap<u64, LogRoot>,
    proofs: BTreeMap<(u64, usize), Option<Proof>>,
}

impl StandIns {
    /// Returns the root at a size.
    pub(super) fn root(&mut self, size: u64) -> LogRoot {
        *self.roots.entry(size).or_insert_with(|| {
            let mut tree = Tree::default();
            leaves(size).into_iter().for_each(|leaf| tree.push(leaf));
            tree.root()
        })
    }

    /// Proves the entry of a place in the log of a size; nothing when it is not inside.
    pub(super) fn proof(&mut self, size: u64, place: usize) -> Option<Proof> {
        let prove = || {
            let leaves = leaves(size);
            let leaf = *leaves.get(place)?;
            Some(Proof { leaf, inclusion: Inclusion::prove(&leaves, place, ADMITTED)? })
        };
        self.proofs.entry((size, place)).or_insert_with(prove).clone()
    }
}

fn leaves(size: u64) -> Vec<Leaf> {
    (0..size.min(LONGEST)).map(|place| Leaf::of(ADMITTED, Kind::WascapToken, &place.to_be_bytes())).collect()
}
