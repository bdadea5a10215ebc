//! Fuzz input read as a small program; past its end every byte is zero, so that any prefix is one too.

pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    /// Takes so many bytes, or as many as there are.
    pub(crate) fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Takes so many bytes, with zeros where there are no more.
    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let taken = self.take(N);
        array[..taken.len()].copy_from_slice(taken);
        array
    }

    /// Overwrites bytes for as long as there is input: a place, and what to put there.
    pub(crate) fn edit(&mut self, bytes: &mut [u8]) {
        while !self.is_empty() && !bytes.is_empty() {
            let [low, high, by] = self.array();
            let at = usize::from(u16::from_le_bytes([low, high])) % bytes.len();
            bytes[at] = by;
        }
    }
}
