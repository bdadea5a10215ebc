//! What peers accept and we refuse, as far as bytes alone decide it.

use greatseal_core::Code;
use greatseal_token::ucan::cbor::Writer;
use serde_json::json;

use crate::tokens::{decoded, message, refused, replaced, unsigned};

const TAG: &str = "ucan/inv@1.0.0";

/// Writes a token with an argument `n` of these bytes.
fn with_argument(bytes: &[u8]) -> Vec<u8> {
    let message = message(TAG, &json!({"n": "here"}));
    unsigned(&replaced(&message, b"\x64here", bytes))
}

#[test]
fn the_token_that_is_spoilt_below_is_good() {
    decoded(&with_argument(b"\x01"));
    decoded(&with_argument(b"\xfb\x3f\xf0\0\0\0\0\0\0"));
    decoded(&with_argument(b"\x1b\x00\x1f\xff\xff\xff\xff\xff\xff"));
    decoded(&with_argument(b"\xa2\x61a\x01\x61b\x02"));
}

#[test]
fn non_minimal_integers_are_refused() {
    for bytes in [&b"\x18\x01"[..], b"\x19\x00\x01", b"\x1a\0\0\0\x01", b"\x1b\0\0\0\0\0\0\0\x01", b"\x38\x01"] {
        assert_eq!(refused(&with_argument(bytes)), Code::UcanCbor, "{bytes:02x?}");
    }
    // The expiry, the length of the signature, the length of the whole list.
    let message = message(TAG, &json!({}));
    let expiry = replaced(&message, b"\x63exp\x18\x64", b"\x63exp\x19\x00\x64");
    assert_eq!(refused(&unsigned(&expiry)), Code::UcanCbor);
    let token = unsigned(&message);
    assert_eq!(refused(&[&b"\x82\x59\x00\x40"[..], &token[3..]].concat()), Code::UcanCbor);
    assert_eq!(refused(&[&b"\x98\x02"[..], &token[1..]].concat()), Code::UcanCbor);
}

#[test]
fn unsorted_keys_are_refused() {
    assert_eq!(refused(&with_argument(b"\xa2\x61b\x02\x61a\x01")), Code::UcanCbor);
    assert_eq!(refused(&with_argument(b"\xa2\x62aa\x02\x61b\x01")), Code::UcanCbor);
}

#[test]
fn duplicate_keys_are_refused() {
    assert_eq!(refused(&with_argument(b"\xa2\x61a\x01\x61a\x01")), Code::UcanCbor);
    // The command twice, the second one wider: whoever takes the last would run it.
    let message = message(TAG, &json!({}));
    let twice = replaced(&message, b"\x63cmd\x62/x", b"\x63cmd\x62/x\x63cmd\x61/");
    assert_eq!(refused(&unsigned(&replaced(&twice, b"1.0.0\xa7", b"1.0.0\xa8"))), Code::UcanCbor);
}

#[test]
fn short_floats_are_refused() {
    assert_eq!(refused(&with_argument(b"\xfa\x3f\x80\0\0")), Code::UcanCbor);
    assert_eq!(refused(&with_argument(b"\xf9\x3c\x00")), Code::UcanCbor);
}

#[test]
fn two_to_the_64_less_one_is_refused() {
    for bytes in [&b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff"[..], b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff"] {
        assert_eq!(refused(&with_argument(bytes)), Code::UcanInteger, "{bytes:02x?}");
    }
}

#[test]
fn nan_is_refused() {
    for bits in [f64::NAN.to_bits(), f64::INFINITY.to_bits(), f64::NEG_INFINITY.to_bits(), u64::MAX] {
        let bytes = [&[0xfb][..], &bits.to_be_bytes()].concat();
        assert_eq!(refused(&with_argument(&bytes)), Code::UcanCbor, "{bits:x}");
    }
    assert!(Writer::default().float(f64::NAN).is_err());
}

#[test]
fn other_tag_versions_are_refused() {
    for tag in
        ["ucan/inv@0.9.0", "ucan/inv@1.0.0-rc.2", "ucan/inv@1.0.1", "ucan/inv@1.1.0", "ucan/inv@2.0.0", "ucan/inv@"]
    {
        assert_eq!(refused(&unsigned(&message(tag, &json!({})))), Code::UcanTag, "{tag}");
    }
    for tag in ["ucan/inv@1.0.0", "ucan/inv@1.0.0-rc.1"] {
        decoded(&unsigned(&message(tag, &json!({}))));
    }
}

#[test]
fn nothing_that_is_spoilt_panics() {
    let token = unsigned(&message(TAG, &json!({"a": [1, {"b": 1.5}], "c": {"/": "bafkqaaa"}})));
    decoded(&token);
    for at in 0..token.len() {
        assert!(greatseal_token::ucan::decode(&token[..at]).is_err(), "cut at {at}");
        for byte in [0x00, 0x1b, 0x5b, 0x5f, 0x7f, 0x9b, 0xbb, 0xd8, 0xf7, 0xff] {
            let mut spoilt = token.clone();
            spoilt[at] = byte;
            if let Ok(decoded) = greatseal_token::ucan::decode(&spoilt) {
                assert_eq!(decoded.received(), spoilt);
            }
        }
    }
}
