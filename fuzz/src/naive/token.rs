//! The frame of a wascap token.

use data_encoding::BASE64URL_NOPAD;

/// The header of every genuine token.
pub const HEADER: &[u8] = br#"{"typ":"jwt","alg":"Ed25519"}"#;

/// Bytes of the largest token.
pub const LIMIT: usize = 64 * 1024;

/// A token taken apart.
pub struct Frame {
    /// The claims as they stand.
    pub claims: Vec<u8>,
    /// The signature.
    pub signature: [u8; 64],
}

/// Takes a token apart, if it is exactly one.
pub fn frame(token: &[u8]) -> Option<Frame> {
    frame_under(HEADER, token)
}

/// Takes apart what has some other header.
pub fn frame_under(expected: &[u8], token: &[u8]) -> Option<Frame> {
    if token.len() > LIMIT {
        return None;
    }
    let segments: Vec<&[u8]> = token.split(|byte| *byte == b'.').collect();
    let [header, claims, signature] = segments[..] else { return None };
    // Refuses padding, other alphabets and bits that mean nothing.
    let decode = |segment| BASE64URL_NOPAD.decode(segment).ok();
    (decode(header)? == expected)
        .then(|| Some(Frame { claims: decode(claims)?, signature: decode(signature)?.try_into().ok()? }))?
}

/// Writes a token.
pub fn join(header: &[u8], claims: &[u8], signature: &[u8]) -> Vec<u8> {
    [header, claims, signature].map(|part| BASE64URL_NOPAD.encode(part)).join(".").into()
}
