//! UCAN envelopes: strict DAG-CBOR as a naive reader has it, and what the signature covers.

use greatseal_core::error::{DecodeFault, UcanFault};
use greatseal_core::issue::{Signable, Unsigned};
use greatseal_core::signature::Signature;
use greatseal_core::statement::Kind;
use greatseal_core::{Cid, StatementId};
use greatseal_token::ucan::cbor::{self, MapBuf, Writer};
use greatseal_token::ucan::{UcanEnvelope, decode, is_ucan};

use crate::naive::cbor::{Tree, read};

const HEADERS: [&[u8]; 3] = [
    &[0x34, 0x01, 0xed, 0x01, 0xed, 0x01, 0x13, 0x71],
    &[0x34, 0x01, 0xec, 0x01, 0x80, 0x24, 0x12, 0x71],
    &[0x34, 0x01, 0xec, 0x01, 0xe7, 0x01, 0x12, 0x71],
];
const TAGS: [&str; 4] = ["ucan/dlg@1.0.0", "ucan/inv@1.0.0", "ucan/dlg@1.0.0-rc.1", "ucan/inv@1.0.0-rc.1"];

/// Takes a token, or, behind a byte that none begins with, what is signed: the bytes of a map.
pub fn check(data: &[u8]) {
    match data.split_first() {
        Some((byte @ 0..8, message)) => token(&[&[0x82, 0x58, 0x40][..], &[*byte; 64], message].concat()),
        _ => token(data),
    }
}

fn token(bytes: &[u8]) {
    let tree = read(bytes);
    in_place(bytes, tree.as_ref());
    let frame = tree.as_ref().and_then(frame);
    match (decode(bytes), frame) {
        (Ok(decoded), Some(signature)) => {
            assert!(is_ucan(bytes));
            assert_eq!(decoded.received(), bytes);
            assert_eq!(decoded.signature().as_bytes(), signature);
            assert_eq!(decoded.signed(), &bytes[67..]);
            assert_eq!(decoded.id(), StatementId::of(&bytes[67..]));
            assert_eq!(UcanEnvelope::assemble(decoded.signed(), decoded.signature()), bytes);
            let aliases = decoded.content().aliases().expect("what is decoded has names");
            assert_eq!(aliases.cid, Cid::of(bytes));
            if let Some(twin) = aliases.twin {
                // One half of the order names the other, and back.
                assert_ne!(twin, aliases.cid);
            }
            assert!(matches!(Kind::of(decoded.signed()), Some(Kind::UcanDelegation | Kind::UcanInvocation)));
        }
        (Ok(_), None) => panic!("a naive reader refuses this token"),
        (Err(fault), Some(_)) => assert!(!concerns_the_frame(&fault), "{fault}: a naive reader takes the frame"),
        (Err(_), None) => {}
    }
    signable(bytes.get(67..).unwrap_or_default());
}

/// What the walk takes is what a naive reader takes, and is read and written alike.
fn in_place(bytes: &[u8], tree: Option<&Tree>) {
    match (cbor::validate(bytes), tree) {
        (Ok(value), Some(tree)) => {
            assert_eq!(tree.write(), bytes);
            let mut again = Writer::default();
            again.value(value);
            assert_eq!(again.finish(), bytes);
            assert_eq!(MapBuf::new(bytes).is_ok(), matches!(tree, Tree::Map(_)));
            // Shown, and read again, where JSON can say it.
            if let Ok(written) = cbor::from_json(&cbor::to_json(value)) {
                assert_eq!(written, bytes);
            }
        }
        (Err(_), None) => {}
        (Ok(_), None) => panic!("a naive reader refuses this CBOR"),
        (Err(fault), Some(_)) => panic!("{fault}: a naive reader takes this CBOR"),
    }
}

fn frame(tree: &Tree) -> Option<&[u8; 64]> {
    let Tree::List(items) = tree else { return None };
    let [Tree::Bytes(signature), Tree::Map(pairs)] = &items[..] else { return None };
    let [(h, Tree::Bytes(header)), (tag, Tree::Map(_))] = &pairs[..] else { return None };
    let known = h == "h" && HEADERS.contains(&&header[..]) && TAGS.contains(&tag.as_str());
    signature.as_slice().try_into().ok().filter(|_| known)
}

/// Says whether a fault is about what the naive reader looked at.
fn concerns_the_frame(fault: &DecodeFault) -> bool {
    matches!(
        fault,
        DecodeFault::Empty
            | DecodeFault::TooLarge { .. }
            | DecodeFault::Ucan(
                UcanFault::Cbor { .. } | UcanFault::Integer { .. } | UcanFault::Envelope { .. } | UcanFault::Tag { .. }
            )
    )
}

/// Nothing is signed that no reader would take, and whatever one would take can be signed.
pub(crate) fn signable(message: &[u8]) {
    let finished = UcanEnvelope::assemble(message, &Signature::new([0; 64]));
    match (Unsigned::<UcanEnvelope>::new(message.to_vec()), decode(&finished)) {
        (Ok(unsigned), Ok(decoded)) => {
            assert_eq!(unsigned.id(), decoded.id());
            assert_eq!(unsigned.request().message(), decoded.signed());
            assert!(!unsigned.request().summary().is_empty());
        }
        (Err(_), Err(_)) => {}
        (Ok(_), Err(fault)) => panic!("signed, and then refused: {fault}"),
        (Err(fault), Ok(_)) => panic!("{fault}: a reader takes what cannot be signed"),
    }
}
