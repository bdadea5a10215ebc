//! Tokens for the tests of this binary.

use std::num::NonZeroUsize;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use greatseal_core::issue::Signable as _;
use greatseal_core::verify::verify;
use greatseal_core::{Code, Decoded, Signature};
use greatseal_token::ucan::{self, Ucan, UcanEnvelope, cbor};
use serde_json::{Value as Json, json};

/// Decodes a token that has to be one.
#[track_caller]
pub(crate) fn decoded(token: &[u8]) -> Decoded<Ucan> {
    ucan::decode(token).unwrap_or_else(|fault| panic!("{fault}"))
}

/// Returns the code for bytes that have to be refused.
#[track_caller]
pub(crate) fn refused(token: &[u8]) -> Code {
    ucan::decode(token).unwrap_err().code()
}

/// Says whether its signature holds.
pub(crate) fn holds(token: &Decoded<Ucan>) -> bool {
    verify(vec![token.clone()], NonZeroUsize::MIN).pop().unwrap().is_ok()
}

/// Reads padded base64, as the vectors write tokens.
#[track_caller]
pub(crate) fn base64(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}

/// Writes the signed part of an invocation with these arguments, and a tag.
pub(crate) fn message(tag: &str, args: &Json) -> Vec<u8> {
    let alice = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";
    let payload = json!({
        "iss": alice, "sub": alice, "cmd": "/x", "args": args, "prf": [], "nonce": {"/": {"bytes": "AA"}}, "exp": 100,
    });
    cbor::from_json(&json!({"h": {"/": {"bytes": "NAHtAe0BE3E"}}, tag: payload})).unwrap()
}

/// Puts a signature before a signed part: the right length, nobody's.
pub(crate) fn unsigned(message: &[u8]) -> Vec<u8> {
    UcanEnvelope::assemble(message, &Signature::new([7; 64]))
}

/// Replaces the only occurrence of some bytes.
#[track_caller]
pub(crate) fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
    let [at] = places[..] else { panic!("{from:02x?} occurs at {places:?}") };
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}
