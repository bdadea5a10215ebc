//! What the files of a service hold: UCANs, however they were put there, or deeds.

use greatseal_core::error::{DecodeFault, UcanFault};
use greatseal_token::deed;
use greatseal_token::ucan::file;

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
    if let Some(ucans) = file::read(bytes) {
        return ucans.map(|ucans| Material::Ucans(ucans.tokens));
    }
    let text = bytes.trim_ascii();
    if deed::is_deed(text) {
        return Ok(Material::Deed(text.to_vec()));
    }
    let other = UcanFault::Container { rule: "is none, and neither a UCAN nor a deed" };
    Err(if text.is_empty() { DecodeFault::Empty } else { other.into() })
}

#[cfg(test)]
mod tests {
    use greatseal_core::Code;
    use greatseal_token::ucan::container::{self, Encoding};

    use super::*;

    #[test]
    fn containers_are_taken_apart_and_other_things_are_named() {
        let written = container::write(&[b"b", b"a"], Encoding::GzipBase64).unwrap();
        assert_eq!(take_apart(&written), Ok(Material::Ucans(vec![b"a".to_vec(), b"b".to_vec()])));
        for (bytes, code) in [
            (&b""[..], Code::TokenEmpty),
            (b"\n", Code::TokenEmpty),
            (b"hello", Code::UcanContainer),
            (b"glh", Code::UcanContainer),
            (b"glhA!", Code::UcanEnvelope),
            (b"BoWZ", Code::UcanContainer),
        ] {
            assert_eq!(take_apart(bytes).unwrap_err().code(), code, "{bytes:?}");
        }
    }
}
