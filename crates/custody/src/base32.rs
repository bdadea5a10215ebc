//! RFC 4648 base32 of seeds, upper case, without padding.
//!
//! Characters are turned into values by arithmetic alone: a table indexed by secret characters
//! would leak them through the cache.

use zeroize::{Zeroize, Zeroizing};

use crate::fault::SeedFault;

/// Characters of a seed's text.
pub(crate) const TEXT_LENGTH: usize = 58;
/// Bytes behind that text: two of prefix, 32 of seed, two of checksum.
pub(crate) const WIRE_LENGTH: usize = 36;

/// Reads the 58 characters of a seed.
///
/// # Errors
/// [`SeedFault::Length`], [`SeedFault::Alphabet`] (lower case and `=` included), or
/// [`SeedFault::TrailingBits`] where the last character carries bits that mean nothing.
pub(crate) fn decode(text: &[u8]) -> Result<Zeroizing<[u8; WIRE_LENGTH]>, SeedFault> {
    if text.len() != TEXT_LENGTH {
        return Err(SeedFault::Length { found: text.len() });
    }
    let mut wire = Zeroizing::new([0u8; WIRE_LENGTH]);
    let mut bytes = wire.iter_mut();
    let mut buffer = 0u32;
    let mut count = 0u32;
    let mut outside = 0;
    for character in text {
        let value = value_of(*character);
        outside |= value;
        buffer = (buffer << 5) | (value & 31).unsigned_abs();
        count += 5;
        if count >= 8 {
            count -= 8;
            if let Some(byte) = bytes.next() {
                *byte = low_byte(buffer >> count);
            }
        }
    }
    let trailing = buffer & ((1 << count) - 1);
    buffer.zeroize();
    // A character outside the alphabet has the value −1, and no other value is negative.
    if outside < 0 {
        return Err(SeedFault::Alphabet);
    }
    if trailing != 0 {
        return Err(SeedFault::TrailingBits);
    }
    Ok(wire)
}

/// Writes the 58 characters of a seed.
pub(crate) fn encode(wire: &[u8; WIRE_LENGTH]) -> Zeroizing<String> {
    // Exactly as long as needed, so that it never moves and leaves a copy behind.
    let mut text = Zeroizing::new(String::with_capacity(TEXT_LENGTH));
    let mut buffer = 0u32;
    let mut count = 0u32;
    for byte in wire {
        buffer = (buffer << 8) | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(character_of(buffer >> count));
        }
    }
    text.push(character_of(buffer << (5 - count)));
    buffer.zeroize();
    text
}

/// Returns the value of a character, or −1: each term is zero unless the character is in its range.
const fn value_of(character: u8) -> i32 {
    let c = character as i32;
    let letter = (((0x40 - c) & (c - 0x5b)) >> 8) & (c - 0x40);
    let digit = (((0x31 - c) & (c - 0x38)) >> 8) & (c - 0x31 + 26);
    letter + digit - 1
}

/// Returns the character of the lowest five bits: 41 lies between `Z` + 1 and `2`.
fn character_of(value: u32) -> char {
    let value = value & 31;
    let digit = 25u32.wrapping_sub(value) >> 8 & 41;
    char::from(low_byte(value + 65 - digit))
}

const fn low_byte(value: u32) -> u8 {
    value.to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE32_NOPAD;

    use super::*;

    #[test]
    fn it_is_the_standard_alphabet() {
        for character in 0..=255u8 {
            let expected = BASE32_NOPAD
                .specification()
                .symbols
                .bytes()
                .position(|symbol| symbol == character)
                .map_or(-1, |position| i32::try_from(position).unwrap());
            assert_eq!(value_of(character), expected, "{character}");
        }
    }

    #[test]
    fn it_writes_and_reads_what_others_do() {
        let mut wire = [0u8; WIRE_LENGTH];
        for round in 0..2_000u32 {
            for (at, byte) in wire.iter_mut().enumerate() {
                *byte = byte.wrapping_mul(167).wrapping_add(u8::try_from(at).unwrap()) ^ round.to_le_bytes()[0];
            }
            let text = BASE32_NOPAD.encode(&wire);
            assert_eq!(*encode(&wire), text);
            assert_eq!(*decode(text.as_bytes()).unwrap(), wire);
        }
    }

    #[test]
    fn bits_that_mean_nothing_are_refused() {
        let text = encode(&[0xff; WIRE_LENGTH]);
        assert_eq!(text.as_bytes()[57], b'4');
        for last in "567WXYZ".chars() {
            let other = format!("{}{last}", &text[..57]);
            let expected = BASE32_NOPAD.decode(other.as_bytes()).is_ok();
            assert_eq!(decode(other.as_bytes()).is_ok(), expected, "{last}");
        }
        assert_eq!(decode(format!("{}5", &text[..57]).as_bytes()).unwrap_err(), SeedFault::TrailingBits);
    }
}
