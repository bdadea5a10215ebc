//! The worked example of `docs/formats/deeds.md`, against the reader and the verifier.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::num::NonZeroUsize;

use data_encoding::HEXLOWER;
use greatseal_core::Decoded;
use greatseal_core::deed::{Act, Deed};
use greatseal_core::error::DecodeFault;
use greatseal_core::statement::Kind;
use greatseal_core::verify::verify;
use greatseal_testkit::vectors::Folder;
use greatseal_token::deed::{self, DeedText};
use greatseal_token::wascap;

const PAGE: &str = include_str!("../../../docs/formats/deeds.md");

/// Returns what stands in the fences of a kind.
fn fenced(kind: &str) -> Vec<&'static str> {
    let open = format!("```{kind}\n");
    PAGE.split(open.as_str()).skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect()
}

fn read() -> Result<Decoded<Deed>, DecodeFault> {
    let [text, _] = fenced("text").try_into().unwrap();
    deed::decode(text.as_bytes())
}

#[test]
fn the_example_is_a_good_deed() {
    let decoded = read().unwrap();
    let [_, written] = fenced("text").try_into().unwrap();
    let (signature, id) = written.split_once('\n').unwrap();
    assert_eq!(HEXLOWER.encode(decoded.signature().as_bytes()), signature);
    assert_eq!(decoded.id().to_string(), id);
    assert!(verify(vec![decoded], NonZeroUsize::MIN).iter().all(Result::is_ok));
}

#[test]
fn the_example_endorses_what_the_page_says() {
    let token = Folder::open("legacy").read("0.16.2/operator.jwt");
    let token = wascap::decode(token.trim_ascii()).unwrap();
    assert!(matches!(read().unwrap().content().act, Act::Endorse(of) if of == token.id()));
    assert!(PAGE.contains(&token.id().to_string()));
}

#[test]
fn the_example_is_what_is_written() {
    let decoded = read().unwrap();
    let request = deed::encode(decoded.content()).unwrap().request();
    assert_eq!(request.message(), decoded.signed());
    let [_, claims] = fenced("json").try_into().unwrap();
    let spelled = data_encoding::BASE64URL_NOPAD.encode(claims.as_bytes());
    let [text, _] = fenced("text").try_into().unwrap();
    assert!(text.contains(&format!(".{spelled}.")));
}

#[test]
fn the_headers_of_the_page_are_those_that_are_read() {
    for kind in <DeedText as greatseal_core::issue::Signable>::KINDS {
        assert!(PAGE.contains(kind.header()));
        assert!(PAGE.contains(&String::from_utf8_lossy(kind.prefix()).into_owned()));
    }
    assert!(!PAGE.contains(Kind::WascapToken.header()));
}
