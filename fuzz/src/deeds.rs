//! Deeds: read exactly as a naive reader reads them, written in one form, and never taken for anything else.

use data_encoding::BASE64URL_NOPAD;
use greatseal_core::issue::{IssueFault, Signable, Unsigned};
use greatseal_core::signature::Signature;
use greatseal_core::statement::Kind;
use greatseal_core::{Decoded, StatementId, deed};
use greatseal_token::deed::{DeedText, decode, encode, is_deed};
use greatseal_token::wascap;

use crate::naive::deed::{Deed, HEADERS, MEMBERS, read};
use crate::naive::json;
use crate::naive::token;

const KINDS: [Kind; 3] = [Kind::Endorsement, Kind::Countersignature, Kind::Revocation];

/// Takes a deed, or, behind a byte that none begins with, the claims of one: which kind, then JSON.
pub fn check(data: &[u8]) {
    match data.split_first() {
        Some((kind @ 0..8, claims)) => {
            let header = HEADERS.get(usize::from(kind % 4)).copied().unwrap_or(token::HEADER);
            text(&token::join(header, claims, &[*kind; 64]));
        }
        _ => text(data),
    }
}

fn text(text: &[u8]) {
    let begins = HEADERS.iter().any(|header| text.starts_with((BASE64URL_NOPAD.encode(header) + ".").as_bytes()));
    assert_eq!(is_deed(text), begins);
    match (decode(text), read(text)) {
        (Ok(decoded), Some((expected, frame))) => {
            assert_eq!(Deed::of(decoded.content()), expected);
            assert_eq!(decoded.signature().as_bytes(), &frame.signature);
            assert_eq!(token::join(HEADERS[expected.kind], &frame.claims, &frame.signature), text);
            framed(text, &decoded, KINDS[expected.kind]);
            comes_back(&decoded, &expected, text.len());
        }
        (Err(_), None) => {}
        (Ok(_), None) => panic!("a naive reader refuses this deed"),
        (Err(fault), Some((deed, _))) => panic!("{fault}: a naive reader takes {deed:?}"),
    }
    signable(text);
}

/// The signature covers everything before the last dot, and says which kind of deed that is.
fn framed(text: &[u8], decoded: &Decoded<deed::Deed>, kind: Kind) {
    let dot = text.iter().rposition(|byte| *byte == b'.').expect("a deed has dots");
    assert_eq!(decoded.received(), text);
    assert_eq!(decoded.signed(), &text[..dot]);
    assert_eq!(decoded.id(), StatementId::of(&text[..dot]));
    assert_eq!(Kind::of(decoded.signed()), Some(kind));
    assert_eq!(DeedText::assemble(decoded.signed(), decoded.signature()), text);
    assert!(wascap::decode(text).is_err(), "a deed is read as a token");
}

/// Writes a deed and reads it again.
fn comes_back(decoded: &Decoded<deed::Deed>, expected: &Deed, length: usize) {
    let unsigned = encode(decoded.content()).expect("what was read can be written");
    let written = unsigned.request();
    assert_eq!(&Deed::of(unsigned.content()), expected);
    assert_eq!(written.signer(), &decoded.content().signer.public_key());
    let finished = DeedText::assemble(written.message(), &Signature::new([0; 64]));
    assert!(finished.len() <= length, "the one form is longer than another");
    let (again, frame) = read(&finished).expect("a naive reader takes it");
    assert_eq!(&again, expected);
    let again = decode(&finished).expect("what was written can be read");
    assert_eq!(encode(again.content()).expect("and written again").request(), written);

    let json = json::read(&frame.claims).expect("it is JSON");
    assert_eq!(json.write().as_bytes(), frame.claims, "not compact");
    let mut rest = MEMBERS.iter();
    for (name, _) in json.members() {
        assert!(rest.any(|known| known == name), "{name} is out of its place");
    }
}

/// Nothing is signed as a deed that no reader would take.
fn signable(text: &[u8]) {
    let dot = text.iter().rposition(|byte| *byte == b'.').unwrap_or(text.len());
    let message = &text[..dot];
    match Unsigned::<DeedText>::new(message.to_vec()) {
        Ok(unsigned) => {
            let finished = DeedText::assemble(message, &Signature::new([0; 64]));
            let decoded = decode(&finished).expect("what is about to be signed can be read");
            assert_eq!(Deed::of(decoded.content()), Deed::of(unsigned.content()));
        }
        Err(IssueFault::Kind) => assert!(!KINDS.iter().any(|kind| message.starts_with(kind.prefix()))),
        Err(IssueFault::Content(_)) => {
            let finished = DeedText::assemble(message, &Signature::new([0; 64]));
            assert!(decode(&finished).is_err(), "refused for signing only");
        }
        Err(IssueFault::Result(fault)) => panic!("nothing was signed: {fault}"),
    }
}
