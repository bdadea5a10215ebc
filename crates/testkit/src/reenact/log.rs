//! The log of a history as a real tree, as far as it can be known while its entries are written.

use std::collections::BTreeMap;

use greatseal_core::log::{Inclusion, Leaf, LogRoot, Tree};
use greatseal_core::statement::Kind;
use greatseal_core::time::Timestamp;
use sha2::{Digest, Sha256};

/// When every entry was admitted.
const ADMITTED: Timestamp = Timestamp::from_secs(0);

/// Leaves in the order of the log, and the roots that were named so far.
///
/// A revocation may name a size at which it stands in the log itself, and its root cannot be
/// written into it then. What is not written when a root is named has a leaf that stands for it.
#[derive(Debug, Default)]
pub(super) struct Log {
    leaves: Vec<Option<Leaf>>,
    named: BTreeMap<u64, Vec<Leaf>>,
}

impl Log {
    pub(super) fn new(size: usize) -> Self {
        Self { leaves: vec![None; size], named: BTreeMap::new() }
    }

    /// Writes the entry of a place.
    pub(super) fn write(&mut self, place: usize, kind: Kind, received: &[u8]) {
        if let Some(leaf) = self.leaves.get_mut(place) {
            *leaf = Some(Leaf::of(ADMITTED, kind, received));
        }
    }

    /// Names the root at a size, which stays the same from then on.
    pub(super) fn name(&mut self, size: u64) -> LogRoot {
        let leaves = &self.leaves;
        let stand_in = |place: u64| Leaf::of(ADMITTED, Kind::WascapToken, &place.to_be_bytes());
        // Nobody's history is longer; a careless file may say so.
        let count = size.min(4096);
        let leaf = |place: u64| {
            let written = usize::try_from(place).ok().and_then(|place| leaves.get(place).copied()).flatten();
            written.unwrap_or_else(|| stand_in(place))
        };
        let named = self.named.entry(size).or_insert_with(|| (0..count).map(leaf).collect());
        root(named)
    }

    /// Returns the roots that were named.
    pub(super) fn roots(&self) -> BTreeMap<u64, LogRoot> {
        self.named.iter().map(|(size, leaves)| (*size, root(leaves))).collect()
    }

    /// Proves the entry of a place in every log that was named and holds it.
    pub(super) fn proofs(&self, place: usize) -> Vec<(Leaf, Inclusion)> {
        let prove = |leaves: &Vec<Leaf>| Some((*leaves.get(place)?, Inclusion::prove(leaves, place, ADMITTED)?));
        self.named.values().filter_map(prove).collect()
    }
}

/// Returns the root of a log that is not this one.
pub(crate) fn foreign(word: &str) -> LogRoot {
    LogRoot::new(Sha256::new().chain_update("another log: ").chain_update(word).finalize().into())
}

fn root(leaves: &[Leaf]) -> LogRoot {
    let mut tree = Tree::default();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    tree.root()
}
