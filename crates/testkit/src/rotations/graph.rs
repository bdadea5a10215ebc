//! Who calls whom.

use std::collections::BTreeSet;

use super::CALLS;

/// A call graph without loops of one: each service calls [`CALLS`] others, drawn at random.
#[derive(Clone, Debug)]
pub(super) struct Graph {
    callees: Vec<Vec<usize>>,
}

impl Graph {
    /// Draws the graph of so many services, the same each time.
    pub(super) fn new(services: usize) -> Self {
        assert!(services > CALLS, "each service calls {CALLS} others");
        let mut draw = Draw(services as u64);
        let callees = (0..services)
            .map(|caller| {
                let mut chosen = BTreeSet::new();
                while chosen.len() < CALLS {
                    let callee = (draw.next() % services as u64) as usize;
                    if callee != caller {
                        chosen.insert(callee);
                    }
                }
                chosen.into_iter().collect()
            })
            .collect();
        Self { callees }
    }

    pub(super) fn services(&self) -> usize {
        self.callees.len()
    }

    /// Returns whom a service calls.
    pub(super) fn callees(&self, caller: usize) -> &[usize] {
        &self.callees[caller]
    }

    /// Returns who calls a service.
    pub(super) fn callers(&self, callee: usize) -> impl Iterator<Item = usize> {
        (0..self.services()).filter(move |caller| self.callees[*caller].contains(&callee))
    }

    /// Returns every call, caller first.
    pub(super) fn calls(&self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.services()).flat_map(|caller| self.callees[caller].iter().map(move |callee| (caller, *callee)))
    }

    /// Returns some service that the caller has no business with.
    pub(super) fn stranger(&self, caller: usize) -> Option<usize> {
        (0..self.services()).rev().find(|other| *other != caller && !self.callees[caller].contains(other))
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_calls_as_many_others() {
        let graph = Graph::new(10);
        assert_eq!(graph.calls().count(), 10 * CALLS);
        assert!(graph.calls().all(|(caller, callee)| caller != callee && callee < 10));
        for (caller, callee) in graph.calls() {
            assert!(graph.callers(callee).any(|it| it == caller));
        }
        let stranger = graph.stranger(0).unwrap();
        assert!(!graph.callees(0).contains(&stranger));
    }
}
