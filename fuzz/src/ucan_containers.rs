//! Containers: read as they stand, written in every encoding, and never inflated without bound.

use std::collections::BTreeSet;
use std::io::Write as _;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use flate2::Compression;
use flate2::write::GzEncoder;
use greatseal_core::limits::{CONTAINER_BYTES, CONTAINER_TOKENS};
use greatseal_token::ucan::container::{Encoding, read, write};

use crate::naive::cbor::{self, Tree};

/// Takes a container, or, behind a byte that none begins with, the CBOR that one holds: then which
/// encoding, and how often its last bytes are repeated.
pub fn check(data: &[u8]) {
    match data {
        [encoding @ 0..6, repeats, plain @ ..] => {
            let encoding = Encoding::ALL[usize::from(*encoding)];
            let tail = &plain[plain.len().saturating_sub(64)..];
            let plain = [plain, &tail.repeat(usize::from(*repeats) * 8)].concat();
            container(&wrapped(encoding, &plain), Some(&plain));
        }
        _ => container(data, None),
    }
}

/// Writes bytes as a container of that encoding has them, whatever they are.
fn wrapped(encoding: Encoding, plain: &[u8]) -> Vec<u8> {
    let squeezed = || {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(plain).and_then(|()| encoder.finish()).expect("memory takes everything")
    };
    let rest = match encoding {
        Encoding::Raw => plain.to_vec(),
        Encoding::Base64 => BASE64.encode(plain).into_bytes(),
        Encoding::Base64Url => BASE64URL_NOPAD.encode(plain).into_bytes(),
        Encoding::Gzip => squeezed(),
        Encoding::GzipBase64 => BASE64.encode(&squeezed()).into_bytes(),
        Encoding::GzipBase64Url => BASE64URL_NOPAD.encode(&squeezed()).into_bytes(),
    };
    [&[encoding.byte()][..], &rest].concat()
}

fn container(bytes: &[u8], plain: Option<&[u8]>) {
    let found = read(bytes);
    // Of what is not compressed a naive reader knows everything.
    let naive = match (plain, Encoding::of(bytes)) {
        (Some(plain), _) => Some(tokens(plain)),
        (None, None) => Some(None),
        (None, Some(Encoding::Raw)) => Some(tokens(&bytes[1..])),
        (None, Some(Encoding::Base64)) => Some(BASE64.decode(&bytes[1..]).ok().and_then(|plain| tokens(&plain))),
        (None, Some(Encoding::Base64Url)) => {
            Some(BASE64URL_NOPAD.decode(&bytes[1..]).ok().and_then(|plain| tokens(&plain)))
        }
        (None, Some(Encoding::Gzip | Encoding::GzipBase64 | Encoding::GzipBase64Url)) => None,
    };
    match (&found, naive) {
        (Ok(found), Some(Some(naive))) => assert_eq!(found, &naive),
        (Ok(_), Some(None)) => panic!("a naive reader refuses this container"),
        (Err(fault), Some(Some(_))) => panic!("{fault}: a naive reader takes this container"),
        (Err(_), Some(None)) | (_, None) => {}
    }
    let Ok(found) = found else { return };
    assert!(found.len() <= CONTAINER_TOKENS);
    assert!(found.iter().map(Vec::len).sum::<usize>() <= CONTAINER_BYTES);
    let sorted: BTreeSet<&Vec<u8>> = found.iter().collect();
    assert_eq!(sorted.len(), found.len());
    for encoding in Encoding::ALL {
        let written = write(&found, encoding).expect("what was read can be written");
        assert_eq!(Encoding::of(&written), Some(encoding));
        let again = read(&written).expect("what was written can be read");
        assert!(again.iter().eq(sorted.iter().copied()), "not the same tokens, sorted");
        assert_eq!(write(&again, encoding).expect("and written again"), written);
    }
}

fn tokens(plain: &[u8]) -> Option<Vec<Vec<u8>>> {
    let tree = cbor::read(plain).filter(|_| plain.len() <= CONTAINER_BYTES)?;
    let Tree::Map(mut pairs) = tree else { return None };
    let (Some((name, Tree::List(items))), true) = (pairs.pop(), pairs.is_empty()) else { return None };
    let tokens: Option<Vec<Vec<u8>>> =
        items.into_iter().map(|item| if let Tree::Bytes(token) = item { Some(token) } else { None }).collect();
    let tokens = tokens.filter(|_| name == "ctn-v1")?;
    let once: BTreeSet<&Vec<u8>> = tokens.iter().collect();
    (once.len() == tokens.len() && tokens.len() <= CONTAINER_TOKENS).then_some(tokens)
}
