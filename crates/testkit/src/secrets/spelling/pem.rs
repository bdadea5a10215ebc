//! Containers of text (RFC 7468 and its kin): base64 over many lines.

use super::{Candidate, base64, windows};
use crate::secrets::positions;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
/// Bytes of the longest container that is read: private keys take a few hundred.
const LONGEST: usize = 16 * 1024;

/// Reads what stands between the lines of each container as one.
pub(super) fn each(bytes: &[u8], each: &mut dyn FnMut(Candidate)) {
    for at in positions(bytes, BEGIN) {
        let rest = bytes.get(at + BEGIN.len()..).unwrap_or_default();
        let Some(label) = rest.windows(5).position(|it| it == b"-----") else { continue };
        let rest = rest.get(label + 5..).unwrap_or_default();
        let rest = rest.get(..rest.len().min(LONGEST)).unwrap_or_default();
        let Some(end) = positions(rest, END).first().copied() else { continue };
        let body = rest.get(..end).unwrap_or_default();
        // Line breaks may be written as escapes, whose letters are none of the text.
        let text: Vec<u8> = lines(body).filter(|line| !line.contains(&b':')).flatten().copied().collect();
        windows(&base64::decode(&text), "a container in PEM", Some(at), each);
    }
}

fn lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    body.split(|byte| matches!(byte, b'\n' | b'\r' | b'\\')).map(|line| match line {
        [b'n' | b'r', rest @ ..] if body.contains(&b'\\') => rest,
        line => line,
    })
}
