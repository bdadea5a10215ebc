//! Public keys, seeds and DIDs: what is read is exactly what a naive reader reads, and is written back alike.

use ed25519_zebra::{SigningKey, VerificationKeyBytes};
use greatseal_core::error::KeyFault;
use greatseal_core::key::{
    Account, Cluster, Host, Key, KeyRole, Module, Nkey, Operator, Provider, PublicKey, User, did,
};
use greatseal_custody::Seed;
use secrecy::ExposeSecret;

use crate::input::Input;
use crate::naive::key::{self, Curve};

/// Takes text, or, behind a byte that no text begins with, what a text is made of.
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let mut made = match data.first() {
        // Prefix and key; a checksum that fits.
        Some(0) => key::text(&{
            input.byte();
            input.array::<33>()
        }),
        // Two bytes of prefix and the seed.
        Some(1) => key::text(&{
            input.byte();
            input.array::<34>()
        }),
        // Multicodec and key, of any length.
        Some(2) => {
            input.byte();
            let length = usize::from(input.byte());
            [b"did:key:z", &key::to_base58(input.take(length))[..]].concat()
        }
        _ => return text(data),
    };
    text(&made);
    if !input.is_empty() {
        input.edit(&mut made);
        text(&made);
    }
}

fn text(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        public(text);
        did_key(text);
    } else {
        assert_eq!((key::nkey(bytes), key::any_did(bytes)), (None, None));
    }
    seed(bytes);
}

fn public(text: &str) {
    let expected = key::nkey(text.as_bytes());
    match Nkey::parse(text) {
        Ok(nkey) => {
            assert_eq!(expected, Some((nkey.role().letter(), *nkey.raw().as_bytes())));
            assert_eq!(nkey.to_string(), text);
            assert_eq!(Nkey::new(nkey.role(), *nkey.raw()), nkey);
            assert!(nkey.short().starts_with(&text[..6]));
            assert_eq!(did::parse(&did::encode(&nkey.public_key())), Ok(nkey.public_key()));
            role::<Operator>(text, nkey);
            role::<Account>(text, nkey);
            role::<User>(text, nkey);
            role::<Module>(text, nkey);
            role::<Provider>(text, nkey);
            role::<Host>(text, nkey);
            role::<Cluster>(text, nkey);
        }
        Err(fault) => {
            assert_eq!(expected, None, "{fault}");
            assert!(Key::<Operator>::parse(text).is_err());
        }
    }
}

/// A key stands only where its role belongs.
fn role<R: KeyRole>(text: &str, nkey: Nkey) {
    match Key::<R>::parse(text) {
        Ok(key) => assert_eq!(key.nkey(), nkey),
        Err(fault) => {
            assert_eq!(fault, KeyFault::Role { expected: R::ROLE, found: nkey });
            assert_ne!(R::ROLE, nkey.role());
        }
    }
}

fn did_key(text: &str) {
    let expected = key::any_did(text.as_bytes());
    match did::parse(text) {
        Ok(key) => {
            assert_eq!(did::encode(&key), text);
            let curve = match key {
                PublicKey::Ed25519(_) => Curve::Ed25519,
                PublicKey::P256(_) => Curve::P256,
                PublicKey::Secp256k1(_) => Curve::Secp256k1,
            };
            assert_eq!(expected, Some((curve, key.as_bytes().to_vec())));
        }
        Err(fault) => assert_eq!(expected, None, "{fault}"),
    }
}

fn seed(bytes: &[u8]) {
    let expected = key::seed(bytes);
    match Seed::parse(bytes) {
        Ok(seed) => {
            let (letter, secret) = expected.expect("a naive reader refuses this seed");
            let nkey = seed.nkey();
            assert_eq!(nkey.role().letter(), letter);
            assert_eq!(nkey.raw().as_bytes(), &<[u8; 32]>::from(VerificationKeyBytes::from(&SigningKey::from(secret))));
            let text = std::str::from_utf8(bytes).expect("base32 is text");
            assert_eq!(seed.to_nkey_text().expose_secret(), text);
            // It gives itself away nowhere, and is no public key.
            assert!(!format!("{seed:?}").contains(&text[2..]));
            assert_eq!(Nkey::parse(text), Err(KeyFault::Seed));
            for end in [&b""[..], b"\n", b"\r\n"] {
                let line = Seed::parse_line(&[bytes, end].concat()).expect("a line break may follow");
                assert_eq!(line.nkey(), nkey);
            }
        }
        Err(fault) => {
            assert_eq!(expected, None, "{fault}");
            let told = format!("{fault} {fault:?}");
            let shown = bytes.len() > 40 && std::str::from_utf8(bytes).is_ok_and(|text| told.contains(text));
            assert!(!shown, "a fault repeats what might be secret");
        }
    }
}
