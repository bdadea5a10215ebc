//! The strict frame of compact JWTs (RFC 7515 section 7.1), shared by every format that has one.

use core::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use greatseal_core::ed25519::{SIGNATURE_LENGTH, Signature};
use greatseal_core::error::{DecodeFault, Quoted};
use greatseal_core::limits::TOKEN_BYTES;

/// Characters of a signature's base64url.
const SIGNATURE_TEXT: usize = 86;

/// A token taken apart, nothing of it believed.
#[derive(Debug)]
pub(crate) struct Frame {
    /// The claims' JSON.
    pub(crate) claims: Vec<u8>,
    /// Which bytes of the token the signature covers.
    pub(crate) signed: Range<usize>,
    /// The signature.
    pub(crate) signature: Signature,
}

/// Takes a token apart; `header` is the first segment with its dot, which has to be exactly that.
pub(crate) fn split(token: &[u8], header: &[u8]) -> Result<Frame, DecodeFault> {
    if token.is_empty() {
        return Err(DecodeFault::Empty);
    }
    if token.len() > TOKEN_BYTES {
        return Err(DecodeFault::TooLarge { found: token.len(), limit: TOKEN_BYTES });
    }
    let mut segments = token.split(|byte| *byte == b'.');
    let (Some(first), Some(claims), Some(signature), None) =
        (segments.next(), segments.next(), segments.next(), segments.next())
    else {
        return Err(DecodeFault::Frame { rule: "a token has three segments with two dots between them" });
    };
    check_header(first, header)?;
    let claims = decode(claims, "the claims are no unpadded base64url (RFC 4648 section 5)")?;
    if signature.len() != SIGNATURE_TEXT {
        return Err(DecodeFault::Frame { rule: "the signature has 86 characters" });
    }
    let bytes = decode(signature, "the signature is no unpadded base64url (RFC 4648 section 5)")?;
    let signature = <[u8; SIGNATURE_LENGTH]>::try_from(bytes)
        .map_err(|_| DecodeFault::Frame { rule: "the signature has 64 bytes" })?;
    let signed = 0..token.len().saturating_sub(SIGNATURE_TEXT + 1);
    Ok(Frame { claims, signed, signature: Signature::new(signature) })
}

/// Decodes the claims of bytes that are about to be signed: the first two segments.
pub(crate) fn claims_of(message: &[u8], header: &[u8]) -> Result<Vec<u8>, DecodeFault> {
    let claims = message.strip_prefix(header).ok_or(DecodeFault::Frame { rule: "another kind of message" })?;
    decode(claims, "the claims are no unpadded base64url (RFC 4648 section 5)")
}

/// Writes what is to be signed: header and claims.
pub(crate) fn message(header: &[u8], claims: &[u8]) -> Vec<u8> {
    let mut message = header.to_vec();
    message.extend_from_slice(URL_SAFE_NO_PAD.encode(claims).as_bytes());
    message
}

/// Joins what was signed and its signature.
pub(crate) fn join(message: &[u8], signature: &Signature) -> Vec<u8> {
    let mut token = message.to_vec();
    token.push(b'.');
    token.extend_from_slice(URL_SAFE_NO_PAD.encode(signature.as_bytes()).as_bytes());
    token
}

fn check_header(found: &[u8], header: &[u8]) -> Result<(), DecodeFault> {
    if header.strip_suffix(b".") == Some(found) {
        return Ok(());
    }
    let shown = decode(found, "the header is no unpadded base64url (RFC 4648 section 5)")?;
    Err(DecodeFault::Header { found: Quoted::new(&String::from_utf8_lossy(&shown)) })
}

fn decode(segment: &[u8], rule: &'static str) -> Result<Vec<u8>, DecodeFault> {
    URL_SAFE_NO_PAD.decode(segment).map_err(|_| DecodeFault::Frame { rule })
}
