//! The head of an item: its major type and its argument (RFC 8949, section 3).

/// Unsigned integer.
pub(super) const UNSIGNED: u8 = 0;
/// Negative integer.
pub(super) const NEGATIVE: u8 = 1;
/// Byte string.
pub(super) const BYTES: u8 = 2;
/// Text string.
pub(super) const TEXT: u8 = 3;
/// Array.
pub(super) const LIST: u8 = 4;
/// Map.
pub(super) const MAP: u8 = 5;
/// Tag.
pub(super) const TAG: u8 = 6;

/// The whole head of `false`.
pub(super) const FALSE: u8 = 0xf4;
/// The whole head of `true`.
pub(super) const TRUE: u8 = 0xf5;
/// The whole head of `null`.
pub(super) const NULL: u8 = 0xf6;
/// The first byte of a 64-bit float.
pub(super) const FLOAT64: u8 = 0xfb;
/// The whole head of tag 42, a link.
pub(super) const LINK: [u8; 2] = [0xd8, 0x2a];
/// What a link's byte string begins with: the multibase prefix of binary.
pub(super) const LINK_PREFIX: u8 = 0x00;

/// Largest integer that every reader can hold, 2^53−1.
pub(super) const INTEGER_LIMIT: i64 = (1 << 53) - 1;

/// A head that was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) first: u8,
    /// The number in it or after it; the bits of a float.
    pub(super) argument: u64,
}

impl Head {
    /// Returns the major type, 0 to 7.
    pub(super) const fn major(self) -> u8 {
        self.first >> 5
    }

    /// Says whether the argument could have been written with fewer bytes.
    pub(super) const fn is_minimal(self) -> bool {
        match self.first & 0x1f {
            24 => self.argument >= 24,
            25 => self.argument > 0xff,
            26 => self.argument > 0xffff,
            27 => self.argument > 0xffff_ffff,
            _ => true,
        }
    }
}

/// Splits a head from what follows it; `None` where bytes are missing, or for the additional
/// information 28 to 31: reserved, and indefinite lengths.
pub(super) fn split(bytes: &[u8]) -> Option<(Head, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (argument, rest) = match first & 0x1f {
        short @ 0..24 => (u64::from(short), rest),
        24 => rest.split_first().map(|(&byte, rest)| (u64::from(byte), rest))?,
        25 => rest.split_first_chunk().map(|(&bytes, rest)| (u64::from(u16::from_be_bytes(bytes)), rest))?,
        26 => rest.split_first_chunk().map(|(&bytes, rest)| (u64::from(u32::from_be_bytes(bytes)), rest))?,
        27 => rest.split_first_chunk().map(|(&bytes, rest)| (u64::from_be_bytes(bytes), rest))?,
        _ => return None,
    };
    Some((Head { first, argument }, rest))
}
