//! The shape of a CID of any kind: arguments may link to what is no UCAN.

use data_encoding::BASE32_NOPAD;

/// What a CID of version 0 begins with: SHA-256, 32 bytes.
const VERSION_0: [u8; 2] = [0x12, 0x20];
/// Bytes of a CID of version 0.
const VERSION_0_LENGTH: usize = 34;

/// Says whether bytes are one whole CID: of version 0, or version 1, codec, hash, length, digest.
pub(super) fn is_cid(bytes: &[u8]) -> bool {
    is_version_0(bytes) || is_version_1(bytes).is_some()
}

fn is_version_0(bytes: &[u8]) -> bool {
    bytes.len() == VERSION_0_LENGTH && bytes.starts_with(&VERSION_0)
}

fn is_version_1(bytes: &[u8]) -> Option<()> {
    let rest = bytes.strip_prefix(&[1])?;
    let (_codec, rest) = varint(rest)?;
    let (_hash, rest) = varint(rest)?;
    let (length, digest) = varint(rest)?;
    usize::try_from(length).is_ok_and(|length| length == digest.len()).then_some(())
}

/// Splits an unsigned varint of at most nine bytes, as short as it can be (multiformats).
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let last = bytes.iter().take(9).position(|byte| byte & 0x80 == 0)?;
    let (number, rest) = bytes.split_at_checked(last + 1)?;
    if last > 0 && number.last() == Some(&0) {
        return None;
    }
    let number = number.iter().rev().fold(0, |number, byte| number << 7 | u64::from(byte & 0x7f));
    Some((number, rest))
}

/// Writes a CID: base32 with `b`, or base58btc for version 0.
pub(super) fn text(cid: &[u8]) -> String {
    if is_version_0(cid) {
        return bs58::encode(cid).into_string();
    }
    format!("b{}", BASE32_NOPAD.encode(cid).to_ascii_lowercase())
}

/// Reads what [`text`] writes, and version 1 in base58btc with `z`.
pub(super) fn parse(text: &str) -> Option<Vec<u8>> {
    // No hash is longer than 64 bytes; reading base58 takes the square of the length.
    if text.len() > 256 {
        return None;
    }
    let bytes = match text.split_at_checked(1)? {
        ("b", rest) if !rest.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            BASE32_NOPAD.decode(rest.to_ascii_uppercase().as_bytes()).ok()?
        }
        ("z", rest) => bs58::decode(rest).into_vec().ok().filter(|bytes| !is_version_0(bytes))?,
        ("Q", _) => bs58::decode(text).into_vec().ok().filter(|bytes| is_version_0(bytes))?,
        _ => return None,
    };
    is_cid(&bytes).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_both_ways() {
        for cid in [
            &[1, 0x55, 0, 0][..],
            &[&[1, 0x71, 0x12, 0x20][..], &[7; 32]].concat(),
            &[&VERSION_0[..], &[7; 32]].concat(),
        ] {
            assert_eq!(parse(&text(cid)).as_deref(), Some(cid), "{}", text(cid));
        }
        for text in ["", "b", "z", "Qm", "bAFKQAAA", "u", "é", "bafkqaa"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_varint_is_as_short_as_it_can_be() {
        assert_eq!(varint(&[0x80, 0x01, 9]), Some((128, &[9][..])));
        assert_eq!(varint(&[0x80, 0x00]), None);
        assert_eq!(varint(&[0x80]), None);
        assert_eq!(varint(&[0xff; 12]), None);
        assert_eq!(varint(&[]), None);
    }
}
