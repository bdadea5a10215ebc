//! Containers `ctn-v1`: several tokens in one piece.
//!
//! One byte says how the rest is written; the rest is a CBOR map of the one name `ctn-v1` to the
//! list of the tokens' bytes. Whether they are tokens is another question.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use greatseal_core::error::{DecodeFault, UcanFault};
use greatseal_core::limits::{CONTAINER_BYTES, CONTAINER_TOKENS};

use super::cbor::{self, Value, Writer};

/// The one name in the map.
const NAME: &str = "ctn-v1";

/// How a container is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As it is, `@`.
    Raw,
    /// In padded base64, `B`.
    Base64,
    /// In unpadded base64url, `C`.
    Base64Url,
    /// Compressed, `M`.
    Gzip,
    /// Compressed, in padded base64, `O`.
    GzipBase64,
    /// Compressed, in unpadded base64url, `P`.
    GzipBase64Url,
}

impl Encoding {
    /// Every encoding.
    pub const ALL: [Self; 6] =
        [Self::Raw, Self::Base64, Self::Base64Url, Self::Gzip, Self::GzipBase64, Self::GzipBase64Url];

    /// Returns the byte that a container of this encoding begins with.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Raw => 0x40,
            Self::Base64 => 0x42,
            Self::Base64Url => 0x43,
            Self::Gzip => 0x4d,
            Self::GzipBase64 => 0x4f,
            Self::GzipBase64Url => 0x50,
        }
    }

    /// Recognises a container by its first byte.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let first = bytes.first()?;
        Self::ALL.into_iter().find(|encoding| encoding.byte() == *first)
    }

    /// Says whether it is text.
    #[must_use]
    pub const fn is_text(self) -> bool {
        match self.text() {
            Text::None => false,
            Text::Padded | Text::Url => true,
        }
    }

    const fn is_compressed(self) -> bool {
        match self {
            Self::Raw | Self::Base64 | Self::Base64Url => false,
            Self::Gzip | Self::GzipBase64 | Self::GzipBase64Url => true,
        }
    }

    const fn text(self) -> Text {
        match self {
            Self::Raw | Self::Gzip => Text::None,
            Self::Base64 | Self::GzipBase64 => Text::Padded,
            Self::Base64Url | Self::GzipBase64Url => Text::Url,
        }
    }
}

/// How bytes become text.
enum Text {
    None,
    Padded,
    Url,
}

/// Reads a container: the bytes of its tokens, in the order they have there.
///
/// # Errors
/// [`DecodeFault`] for whatever is not exactly a container, for more than 16 MiB as it lies or
/// inflated, and for more than 4096 tokens.
pub fn read(received: &[u8]) -> Result<Vec<Vec<u8>>, DecodeFault> {
    bounded(received.len())?;
    let rest = received.get(1..).ok_or(DecodeFault::Empty)?;
    let encoding = Encoding::of(received).ok_or_else(|| broken("begins with a byte that no encoding has"))?;
    let decoded = match encoding.text() {
        Text::None => None,
        Text::Padded => Some(STANDARD.decode(rest).map_err(|_| broken("is no padded base64"))?),
        Text::Url => Some(URL_SAFE_NO_PAD.decode(rest).map_err(|_| broken("is no unpadded base64url"))?),
    };
    let bytes = decoded.as_deref().unwrap_or(rest);
    if encoding.is_compressed() { tokens(&inflate(bytes)?) } else { tokens(bytes) }
}

/// Writes a container: every token once, sorted.
///
/// # Errors
/// [`DecodeFault`] when no reader would take it: too many tokens, or too many bytes.
pub fn write<T: AsRef<[u8]>>(tokens: &[T], encoding: Encoding) -> Result<Vec<u8>, DecodeFault> {
    let tokens: BTreeSet<&[u8]> = tokens.iter().map(AsRef::as_ref).collect();
    if tokens.len() > CONTAINER_TOKENS {
        return Err(broken(TOO_MANY));
    }
    let mut plain = Writer::default();
    plain.sorted(1);
    plain.text(NAME);
    plain.list(tokens.len());
    tokens.iter().for_each(|token| plain.bytes(token));
    let plain = plain.finish();
    bounded(plain.len())?;
    let bytes = if encoding.is_compressed() { deflate(&plain)? } else { plain };
    let mut written = vec![encoding.byte()];
    match encoding.text() {
        Text::None => written.extend_from_slice(&bytes),
        Text::Padded => written.extend_from_slice(STANDARD.encode(&bytes).as_bytes()),
        Text::Url => written.extend_from_slice(URL_SAFE_NO_PAD.encode(&bytes).as_bytes()),
    }
    bounded(written.len())?;
    Ok(written)
}

const TOO_MANY: &str = "holds more than 4096 tokens";

/// Reads the map.
fn tokens(bytes: &[u8]) -> Result<Vec<Vec<u8>>, DecodeFault> {
    let Value::Map(map) = cbor::validate(bytes)? else { return Err(broken("is no map")) };
    let mut pairs = map.iter();
    let (Some((NAME, Value::List(list))), None) = (pairs.next(), pairs.next()) else {
        return Err(broken("is no map of the one name `ctn-v1` to a list"));
    };
    if list.len() > CONTAINER_TOKENS {
        return Err(broken(TOO_MANY));
    }
    let mut tokens: Vec<&[u8]> = Vec::with_capacity(list.len());
    for item in list {
        tokens.push(item.as_bytes().ok_or_else(|| broken("holds something else than the bytes of tokens"))?);
    }
    // As they are written they stand sorted, and then none is there twice.
    let ascending = tokens.is_sorted_by(|one, next| one < next);
    if !ascending && tokens.iter().collect::<BTreeSet<_>>().len() < tokens.len() {
        return Err(broken("holds one token twice"));
    }
    Ok(tokens.into_iter().map(<[u8]>::to_vec).collect())
}

/// Inflates one gzip member with nothing behind it.
fn inflate(bytes: &[u8]) -> Result<Vec<u8>, DecodeFault> {
    let mut decoder = GzDecoder::new(bytes);
    let mut inflated = Vec::new();
    // One byte more than is allowed, so that too much is told from just enough.
    let bound = CONTAINER_BYTES as u64 + 1;
    decoder.by_ref().take(bound).read_to_end(&mut inflated).map_err(|_| broken("is no sound gzip"))?;
    bounded(inflated.len())?;
    if !decoder.into_inner().is_empty() {
        return Err(broken("has bytes behind its gzip"));
    }
    Ok(inflated)
}

fn deflate(plain: &[u8]) -> Result<Vec<u8>, DecodeFault> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // Writing to memory does not fail.
    encoder.write_all(plain).and_then(|()| encoder.finish()).map_err(|_| broken("cannot be compressed"))
}

const fn bounded(found: usize) -> Result<(), DecodeFault> {
    if found > CONTAINER_BYTES { Err(DecodeFault::TooLarge { found, limit: CONTAINER_BYTES }) } else { Ok(()) }
}

fn broken(rule: &'static str) -> DecodeFault {
    UcanFault::Container { rule }.into()
}

#[cfg(test)]
mod tests {
    use greatseal_core::Code;

    use super::*;

    #[test]
    fn every_encoding_goes_both_ways() {
        let tokens = [&b"b"[..], b"", b"aa", b"b"];
        for encoding in Encoding::ALL {
            let written = write(&tokens, encoding).unwrap();
            assert_eq!(Encoding::of(&written), Some(encoding));
            assert_eq!(read(&written).unwrap(), [&b""[..], b"aa", b"b"], "{encoding:?}");
            // A byte more or less is no container.
            assert!(read(&written[..written.len() - 1]).is_err(), "{encoding:?}");
            assert!(read(&[&written[..], b"A"].concat()).is_err(), "{encoding:?}");
            assert!(read(&[&written[..], b"\n"].concat()).is_err(), "{encoding:?}");
            let second = &written[1..];
            assert!(read(&[&written[..], second].concat()).is_err(), "{encoding:?}");
        }
    }

    #[test]
    fn what_is_no_container_is_refused() {
        let ok = b"\x40\xa1\x66ctn-v1\x82\x41a\x41b";
        assert_eq!(read(ok).unwrap(), [b"a", b"b"]);
        assert_eq!(read(b"BoWZjdG4tdjGBQA==").unwrap(), [b""]);
        assert_eq!(read(b"CoWZjdG4tdjGBQA").unwrap(), [b""]);
        assert_eq!(read(b"").unwrap_err().code(), Code::TokenEmpty);
        for bytes in [
            &b"\x44\xa1\x66ctn-v1\x80"[..],
            b"\x40\xa1\x66ctn-v1\x82\x41a\x41a",
            b"\x40\xa1\x66ctn-v1\x81\x61a",
            b"\x40\xa1\x66ctn-v1\x41a",
            b"\x40\xa1\x66ctn-v2\x80",
            b"\x40\xa0",
            b"\x40\x80",
            b"\x40\xa2\x61a\x00\x66ctn-v1\x80",
            b"BoWZjdG4tdjGBQA",
            b"BoWZjdG4tdjGBQA==\n",
            b"CoWZjdG4tdjGBQA==",
            b"CoWZjdG4tdjGBQB",
        ] {
            assert_eq!(read(bytes).unwrap_err().code(), Code::UcanContainer, "{bytes:02x?}");
        }
        for bytes in [&b"\x40"[..], b"\x40\xa1\x66ctn-v1\x80\x00", b"\x40\xa1\x66ctn-v1\x9f\xff"] {
            assert_eq!(read(bytes).unwrap_err().code(), Code::UcanCbor, "{bytes:02x?}");
        }
    }

    #[test]
    fn size_and_count_are_bounded() {
        let large = vec![0; CONTAINER_BYTES];
        assert_eq!(write(&[&large], Encoding::Gzip).unwrap_err().code(), Code::TokenTooLarge);
        let bomb = [&[Encoding::Gzip.byte()][..], &deflate(&[&large[..], &large].concat()).unwrap()].concat();
        assert!(bomb.len() < 100_000);
        assert_eq!(read(&bomb).unwrap_err().code(), Code::TokenTooLarge);
        let many: Vec<Vec<u8>> = (0..=CONTAINER_TOKENS).map(|at| at.to_string().into_bytes()).collect();
        assert_eq!(write(&many, Encoding::Raw).unwrap_err().code(), Code::UcanContainer);
        assert_eq!(read(&write(&many[1..], Encoding::Raw).unwrap()).unwrap().len(), CONTAINER_TOKENS);
    }
}
