//! Numbers from a seed: SplitMix64, so that a history is told by its seed alone.

/// A deterministic source of choices.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Starts from a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below a bound; 0 for a bound of 0.
    pub fn below(&mut self, bound: usize) -> usize {
        // The bias of the remainder does not matter here.
        usize::try_from(self.roll() % u64::try_from(bound.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    /// Returns a number from a range, both ends included.
    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        let width = usize::try_from(most.saturating_sub(least).saturating_add(1)).unwrap_or(1);
        least.saturating_add(i64::try_from(self.below(width)).unwrap_or(0))
    }

    /// Says yes so many times of a hundred.
    pub fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    /// Picks one.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }

    /// Keeps each with a chance of so many of a hundred.
    pub fn some<T: Clone>(&mut self, from: &[T], chance: usize) -> Vec<T> {
        from.iter().filter(|_| self.percent(chance)).cloned().collect()
    }

    /// Brings things out of order.
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            things.swap(last, self.below(last + 1));
        }
    }
}
