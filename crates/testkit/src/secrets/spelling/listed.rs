//! Bytes one by one: lists of numbers, and escapes within text.

use super::{Candidate, windows};

/// Escapes from which on a text is read with them taken back.
const LEAST_ESCAPES: usize = 4;

pub(super) fn each(bytes: &[u8], each: &mut dyn FnMut(Candidate)) {
    list(bytes, "numbers", decimal, each);
    list(bytes, "numbers in hexadecimal", hexadecimal, each);
    if bytes.array_windows().filter(|pair| matches!(*pair, [b'%', _] | b"\\x" | b"\\u")).nth(LEAST_ESCAPES).is_some() {
        windows(&unescaped(bytes), "escaped bytes", Some(0), each);
    }
}

/// Reads whatever follows each other with no more between than separators.
fn list(bytes: &[u8], what: &'static str, number: fn(&[u8]) -> Option<(u8, usize)>, each: &mut dyn FnMut(Candidate)) {
    let mut values = Vec::new();
    let (mut begin, mut at) = (0, 0);
    while at < bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        let first = rest.first().copied().unwrap_or_default();
        // The middle of a word is no number.
        let inside = at.checked_sub(1).and_then(|before| bytes.get(before)).is_some_and(u8::is_ascii_alphanumeric);
        match number(rest).filter(|_| !inside) {
            Some((value, length)) => {
                if values.is_empty() {
                    begin = at;
                }
                values.push(value);
                at += length;
            }
            None => {
                if !matches!(first, b' ' | b',' | b';' | b':' | b'-' | b'\n' | b'\r' | b'\t') {
                    if values.len() >= 32 {
                        windows(&values, what, Some(begin), each);
                    }
                    values.clear();
                }
                at += 1;
            }
        }
    }
    if values.len() >= 32 {
        windows(&values, what, Some(begin), each);
    }
}

/// `211`, `211u8`, `211_u8`.
fn decimal(rest: &[u8]) -> Option<(u8, usize)> {
    if !rest.first()?.is_ascii_digit() {
        return None;
    }
    let digits = rest.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    let value = std::str::from_utf8(rest.get(..digits)?).ok()?.parse().ok()?;
    ended(rest, digits, &[b"u8", b"_u8"]).map(|length| (value, length))
}

/// `d3`, `0xd3`, `0xd3u8`.
fn hexadecimal(rest: &[u8]) -> Option<(u8, usize)> {
    if !rest.first()?.is_ascii_hexdigit() {
        return None;
    }
    let prefix = if rest.starts_with(b"0x") || rest.starts_with(b"0X") { 2 } else { 0 };
    let digits = rest.get(prefix..)?.iter().take(3).take_while(|byte| byte.is_ascii_hexdigit()).count();
    if digits > 2 || digits < usize::from(prefix == 0) + 1 {
        return None;
    }
    let value = u8::from_str_radix(std::str::from_utf8(rest.get(prefix..prefix + digits)?).ok()?, 16).ok()?;
    ended(rest, prefix + digits, &[b"u8", b"_u8"]).map(|length| (value, length))
}

/// The length of a number with its suffix, if it ends there.
fn ended(rest: &[u8], length: usize, suffixes: &[&[u8]]) -> Option<usize> {
    let behind = rest.get(length..)?;
    let suffix = suffixes.iter().find(|suffix| behind.starts_with(suffix)).map_or(0, |suffix| suffix.len());
    let next = behind.get(suffix);
    (!next.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')).then_some(length + suffix)
}

/// Takes back `\xd3`, `\u00d3`, `\u{d3}`, `%d3`, and the escapes of one letter.
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, more @ ..] = rest {
        let (byte, length) = escape(rest).unwrap_or((*first, 1));
        plain.push(byte);
        rest = more.get(length - 1..).unwrap_or_default();
    }
    plain
}

fn escape(rest: &[u8]) -> Option<(u8, usize)> {
    let hex = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
    match rest {
        [b'%', high, low, ..] | [b'\\', b'x', high, low, ..] => {
            hex(&[*high, *low]).map(|byte| (byte, if rest[0] == b'%' { 3 } else { 4 }))
        }
        [b'\\', b'u', b'0', b'0', high, low, ..] => hex(&[*high, *low]).map(|byte| (byte, 6)),
        [b'\\', b'u', b'{', low, b'}', ..] => hex(&[*low]).map(|byte| (byte, 5)),
        [b'\\', b'u', b'{', high, low, b'}', ..] => hex(&[*high, *low]).map(|byte| (byte, 6)),
        [b'\\', letter, ..] => {
            let byte = match letter {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'0' => 0,
                b'\\' | b'"' | b'\'' => *letter,
                _ => return None,
            };
            Some((byte, 2))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_written() {
        assert_eq!(decimal(b"211, 9"), Some((211, 3)));
        assert_eq!(decimal(b"211u8]"), Some((211, 5)));
        assert_eq!(decimal(b"2113,"), None);
        assert_eq!(decimal(b"256,"), None);
        assert_eq!(hexadecimal(b"0xd3, "), Some((0xd3, 4)));
        assert_eq!(hexadecimal(b"d3:5a"), Some((0xd3, 2)));
        assert_eq!(hexadecimal(b"d35a"), None);
        assert_eq!(hexadecimal(b"0x9,"), Some((9, 3)));
    }

    #[test]
    fn escapes_are_taken_back() {
        assert_eq!(unescaped(br#"a\xd3\n%5A\u00ff\u{7f}\q"#), b"a\xd3\nZ\xff\x7f\\q");
    }
}
