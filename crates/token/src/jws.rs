//! The strict frame of compact JWTs (RFC 7515 section 7.1), shared by every format that has one.

use core::ops::Range;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::{DecodeSliceError, Engine as _};
use greatseal_core::error::{DecodeFault, Quoted};
use greatseal_core::limits::TOKEN_BYTES;
use greatseal_core::signature::{SIGNATURE_LENGTH, Signature};

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
    // The signature has one length, so the dots of a good token need not be looked for.
    let signed = 0..token.len().saturating_sub(SIGNATURE_TEXT + 1);
    let claims = token.get(signed.clone()).and_then(|message| message.strip_prefix(header));
    let signature = token.get(signed.end..).and_then(|rest| rest.strip_prefix(b"."));
    let (Some(claims), Some(signature)) = (claims, signature) else {
        return Err(misframed(token, header));
    };
    // A dot is no base64url, so there are no further segments.
    let (Ok(claims), Ok(signature)) = (URL_SAFE_NO_PAD.decode(claims), decode_signature(signature)) else {
        return Err(misframed(token, header));
    };
    Ok(Frame { claims, signed, signature })
}

/// Says what is wrong with a token that could not be taken apart.
fn misframed(token: &[u8], header: &[u8]) -> DecodeFault {
    let mut segments = token.split(|byte| *byte == b'.');
    let (Some(first), Some(claims), Some(signature), None) =
        (segments.next(), segments.next(), segments.next(), segments.next())
    else {
        return DecodeFault::Frame { rule: "a token has three segments with two dots between them" };
    };
    if header.strip_suffix(b".") != Some(first) {
        return match decode(first, "the header is no unpadded base64url (RFC 4648 section 5)") {
            Ok(shown) => DecodeFault::Header { found: Quoted::new(&String::from_utf8_lossy(&shown)) },
            Err(fault) => fault,
        };
    }
    if let Err(fault) = decode(claims, "the claims are no unpadded base64url (RFC 4648 section 5)") {
        return fault;
    }
    if signature.len() != SIGNATURE_TEXT {
        return DecodeFault::Frame { rule: "the signature has 86 characters" };
    }
    DecodeFault::Frame { rule: "the signature is no unpadded base64url (RFC 4648 section 5)" }
}

/// Decodes the claims of bytes that are about to be signed: the first two segments.
pub(crate) fn claims_of(message: &[u8], header: &[u8]) -> Result<Vec<u8>, DecodeFault> {
    let claims = message.strip_prefix(header).ok_or(DecodeFault::Frame { rule: "another kind of message" })?;
    // The finished token has a dot and the signature behind it.
    let found = message.len() + 1 + SIGNATURE_TEXT;
    if found > TOKEN_BYTES {
        return Err(DecodeFault::TooLarge { found, limit: TOKEN_BYTES });
    }
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

fn decode_signature(text: &[u8]) -> Result<Signature, DecodeSliceError> {
    // 86 characters are 64 bytes; the decoder asks for room as if the last four were complete.
    let mut bytes = [0; SIGNATURE_LENGTH + 2];
    URL_SAFE_NO_PAD.decode_slice(text, &mut bytes)?;
    bytes.first_chunk().map(|bytes| Signature::new(*bytes)).ok_or(DecodeSliceError::OutputSliceTooSmall)
}

fn decode(segment: &[u8], rule: &'static str) -> Result<Vec<u8>, DecodeFault> {
    URL_SAFE_NO_PAD.decode(segment).map_err(|_| DecodeFault::Frame { rule })
}
