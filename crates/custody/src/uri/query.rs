//! The part of a URI behind the question mark: `name=value` pairs, percent-encoded.

use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// What is escaped in a value: all that ends one, and what a shell or a table might stumble over.
const ESCAPED: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'&').add(b'+').add(b';').add(b'=').add(b'?');

/// Reads `name=value` pairs that a separator keeps apart, in their order.
///
/// # Errors
/// A sentence on what is wrong: a pair without `=`, a name that stands twice, an escape that is none.
pub(super) fn parse(text: &str, separator: char) -> Result<Vec<(&str, String)>, String> {
    let mut pairs: Vec<(&str, String)> = Vec::new();
    for pair in text.split(separator).filter(|pair| !pair.is_empty()) {
        // Not repeated: it may be a token that somebody pasted there.
        let (name, value) = pair.split_once('=').ok_or("a part behind the question mark is no name=value")?;
        if pairs.iter().any(|(known, _)| *known == name) {
            return Err(format!("`{}` stands there twice", name.escape_debug()));
        }
        pairs.push((name, decode(value)?));
    }
    Ok(pairs)
}

/// Reads a percent-encoded value.
///
/// # Errors
/// A sentence on what is wrong with it.
pub(super) fn decode(text: &str) -> Result<String, String> {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('%') {
        let digits = after.get(..2).filter(|two| two.bytes().all(|byte| byte.is_ascii_hexdigit()));
        digits.ok_or("a % is not followed by two hexadecimal digits")?;
        rest = after.get(2..).unwrap_or_default();
    }
    let value = percent_decode_str(text).decode_utf8().map_err(|_| "it holds bytes that are no UTF-8 text")?;
    if value.chars().any(char::is_control) {
        return Err("it holds control characters".into());
    }
    Ok(value.into_owned())
}

/// Writes a value so that [`decode`] reads it again.
pub(super) fn encode(value: &str) -> impl fmt::Display + '_ {
    utf8_percent_encode(value, ESCAPED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_both_ways() {
        for value in ["", "a", "a b", "50%", "ä=&?;#+\"", "/var/lib/x.so"] {
            let written = format!("name={}&other=1", encode(value));
            assert_eq!(parse(&written, '&').unwrap(), [("name", value.to_owned()), ("other", "1".to_owned())]);
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in ["a", "a=1&a=2", "a=%", "a=%4", "a=%zz", "a=%ff", "a=%0a", "a=%00"] {
            assert!(parse(text, '&').is_err(), "{text}");
        }
    }
}
