//! Base64 in either alphabet, read from anywhere to anywhere.

/// The six bits of a character; both alphabets at once, for a reader cannot know which was meant.
#[must_use]
pub const fn value(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// Reads characters from the first on; what is none is passed over, and bits over at the end are dropped.
#[must_use]
pub fn decode(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0_u32, 0);
    for value in text.iter().filter_map(|byte| value(*byte)) {
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            let [.., low] = (bits >> count).to_be_bytes();
            decoded.push(low);
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_others_read() {
        for length in 0..40_u8 {
            let bytes: Vec<u8> = (0..length).map(|it| it.wrapping_mul(151) ^ 0xff).collect();
            for encoding in [data_encoding::BASE64, data_encoding::BASE64URL_NOPAD] {
                assert_eq!(decode(encoding.encode(&bytes).as_bytes()), bytes);
            }
        }
    }
}
