//! Tokens out of files, however they were put there: raw, in containers, as text.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use greatseal_core::error::DecodeFault;
use greatseal_token::ucan::container::{self, Encoding};
use greatseal_token::{deed, ucan};

/// What a file holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Material {
    /// The bytes of UCANs.
    Ucans(Vec<Vec<u8>>),
    /// The text of a deed.
    Deed(Vec<u8>),
}

/// Takes the tokens out of a file's bytes; a line break may follow a text.
///
/// # Errors
/// [`DecodeFault`] when it is neither a UCAN, nor a container, nor a deed.
pub(crate) fn take_apart(bytes: &[u8]) -> Result<Material, DecodeFault> {
    if ucan::is_ucan(bytes) {
        return Ok(Material::Ucans(vec![bytes.to_vec()]));
    }
    let text = bytes.trim_ascii();
    if deed::is_deed(text) {
        return Ok(Material::Deed(text.to_vec()));
    }
    // A UCAN in base64 begins with `gl`, which no container does.
    let decoded = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE_NO_PAD]
        .into_iter()
        .filter_map(|engine| engine.decode(text).ok())
        .find(|decoded| ucan::is_ucan(decoded));
    if let Some(token) = decoded {
        return Ok(Material::Ucans(vec![token]));
    }
    let binary = matches!(Encoding::of(bytes), Some(Encoding::Raw | Encoding::Gzip));
    container::read(if binary { bytes } else { text }).map(Material::Ucans)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_it_down_is_read() {
        let token = [&[0x82, 0x58, 0x40][..], &[7; 100]].concat();
        let one = Material::Ucans(vec![token.clone()]);
        assert_eq!(take_apart(&token), Ok(one));
        for text in [STANDARD.encode(&token), URL_SAFE_NO_PAD.encode(&token) + "\n"] {
            assert_eq!(take_apart(text.as_bytes()), Ok(Material::Ucans(vec![token.clone()])));
        }
        for encoding in Encoding::ALL {
            let written = container::write(&[&token[..], b"a"], encoding).unwrap();
            assert_eq!(take_apart(&written), Ok(Material::Ucans(vec![b"a".to_vec(), token.clone()])), "{encoding:?}");
        }
        for bytes in [&b""[..], b"\n", b"hello", b"glh"] {
            assert!(take_apart(bytes).is_err(), "{bytes:?}");
        }
    }
}
