//! UCANs in files: one token or a container of several, in binary or as text.
//!
//! What a file is, is told by how it begins, so that whoever reads it knows how much of it to read;
//! blanks around a text are nobody's.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD};
use greatseal_core::error::{DecodeFault, UcanFault};
use greatseal_core::limits::{CONTAINER_BYTES, UCAN_BYTES};

use super::container::{self, Encoding};

/// How the base64 of a UCAN begins: an array of two, whose first is 64 bytes.
const TEXT_START: &[u8] = b"glhA";

/// The header bytes of containers whose rest is text, and of those whose rest is binary; gzip under
/// three more in one peer, which are refused by name.
const TEXT_HEADERS: &[u8] = b"BCOP";
const BINARY_HEADERS: &[u8] = b"@MDEF";

/// What a file of UCANs is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One token.
    Token,
    /// One token in base64.
    TokenText,
    /// A container.
    Container,
    /// A container whose rest is text.
    ContainerText,
}

impl Form {
    /// Recognises a file by its beginning; none for what holds no UCANs.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let (first, second) = (bytes.first().copied()?, bytes.get(1).copied());
        // An array of CBOR, as short as it can be or not, and of another count only where 64 bytes
        // follow: what is nearly a UCAN is told what it lacks, and a picture is none.
        let is_array = match first {
            0x82 | 0x9f => true,
            0x98 => second == Some(2),
            0x99..=0x9b => second == Some(0),
            0x80..=0x97 => bytes.get(1..3) == Some(&[0x58, 0x40]),
            _ => false,
        };
        if is_array {
            return Some(Self::Token);
        }
        // What follows is a map, or gzip.
        if BINARY_HEADERS.contains(&first) && second.is_some_and(|byte| (0xa0..0xc0).contains(&byte) || byte == 0x1f) {
            return Some(Self::Container);
        }
        let text = bytes.trim_ascii();
        if text.starts_with(TEXT_START) {
            return Some(Self::TokenText);
        }
        // Other tokens have dots, and keys are of capital letters only.
        let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_+/=".contains(byte);
        let is_text = text.iter().all(is_base64) && text.iter().any(u8::is_ascii_lowercase);
        let has_header = text.first().is_some_and(|first| TEXT_HEADERS.contains(first));
        (has_header && is_text).then_some(Self::ContainerText)
    }

    /// Returns how many bytes such a file has at most.
    #[must_use]
    pub const fn limit(self) -> usize {
        match self {
            // As text it takes a third more.
            Self::Token | Self::TokenText => UCAN_BYTES / 2 * 3,
            Self::Container | Self::ContainerText => CONTAINER_BYTES,
        }
    }
}

/// The UCANs of one file, not yet decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ucans {
    /// Their bytes, in the order of the file.
    pub tokens: Vec<Vec<u8>>,
    /// Whether they came in a container.
    pub contained: bool,
}

/// Takes the UCANs out of a file's bytes; none for what is something else.
///
/// # Errors
/// [`DecodeFault`] for base64 and containers that were damaged.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<Result<Ucans, DecodeFault>> {
    let alone = |token| Ucans { tokens: vec![token], contained: false };
    let several = |tokens| Ucans { tokens, contained: true };
    Some(match Form::of(bytes)? {
        Form::Token => Ok(alone(bytes.to_vec())),
        Form::TokenText => of_text(bytes.trim_ascii()).map(alone),
        Form::Container => container::read(bytes).map(several),
        Form::ContainerText => container::read(bytes.trim_ascii()).map(several),
    })
}

/// Writes UCANs as a file: a container, and a line break behind one that is text.
///
/// # Errors
/// As of [`container::write`].
pub fn write<T: AsRef<[u8]>>(tokens: &[T], encoding: Encoding) -> Result<Vec<u8>, DecodeFault> {
    let mut bytes = container::write(tokens, encoding)?;
    if encoding.is_text() {
        bytes.push(b'\n');
    }
    Ok(bytes)
}

fn of_text(text: &[u8]) -> Result<Vec<u8>, DecodeFault> {
    let decoded = [BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD].iter().find_map(|it| it.decode(text).ok());
    decoded.ok_or_else(|| UcanFault::Envelope { rule: "is base64 that was changed or cut off" }.into())
}

#[cfg(test)]
mod tests {
    use greatseal_core::Code;

    use super::*;

    #[test]
    fn every_way_to_write_it_down_is_read() {
        let token = [&[0x82, 0x58, 0x40][..], &[7; 100]].concat();
        let alone = Ucans { tokens: vec![token.clone()], contained: false };
        assert_eq!(read(&token), Some(Ok(alone.clone())));
        for text in
            [BASE64.encode(&token), BASE64URL_NOPAD.encode(&token) + "\n", format!(" {}\r\n", BASE64URL.encode(&token))]
        {
            assert_eq!(read(text.as_bytes()), Some(Ok(alone.clone())), "{text:?}");
        }
        for encoding in Encoding::ALL {
            let written = container::write(&[&token[..], b"a"], encoding).unwrap();
            let both = Ucans { tokens: vec![b"a".to_vec(), token.clone()], contained: true };
            assert_eq!(read(&written), Some(Ok(both.clone())), "{encoding:?}");
            let filed = write(&[&token[..], b"a"], encoding).unwrap();
            assert_eq!(filed.last() == Some(&b'\n'), encoding.is_text(), "{encoding:?}");
            assert_eq!(read(&filed), Some(Ok(both.clone())), "{encoding:?}");
            if encoding.is_text() {
                assert_eq!(read(&[b"\n", &filed[..]].concat()), Some(Ok(both)), "{encoding:?}");
            }
        }
    }

    #[test]
    fn what_was_damaged_is_told() {
        for (bytes, code) in [(&b"glhA!"[..], Code::UcanEnvelope), (b"BoWZ", Code::UcanContainer)] {
            assert_eq!(read(bytes).unwrap().unwrap_err().code(), code, "{bytes:?}");
        }
    }

    #[test]
    fn what_holds_no_ucans_is_something_else() {
        // A deed, a wascap token, a key, a picture, words.
        for bytes in [
            &b""[..],
            b"\n",
            b"hello",
            b"glh",
            b"eyJ0eXAiOiJqd3QifQ.eyJ9.c2ln",
            b"ODDBYUGTNDWCMHYHFKAYCWFL6QVTHMR4DUVQJVZPHSDNY6VRLYYTN7NT",
            b"\x89PNG\r\n\x1a\n",
            b"Some words with blanks",
        ] {
            assert_eq!(read(bytes), None, "{bytes:?}");
        }
    }
}
