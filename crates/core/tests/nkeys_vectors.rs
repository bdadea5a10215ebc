//! Public keys as text: every spelling in `vectors/nkeys`, read, written and refused.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests read their vectors from disk and fail by panicking"
)]

use std::collections::BTreeSet;
use std::fs;

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use ed25519_dalek_2::{Signer as _, SigningKey};
use greatseal_core::ed25519::{self, Signed};
use greatseal_core::error::KeyFault;
use greatseal_core::key::{Account, Key, Nkey, Operator, PublicKey, RawKey, Role, did, nkey};
use greatseal_core::signature::Signature;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use serde_json::Value;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/nkeys");

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn read(name: &str) -> String {
    fs::read_to_string(format!("{FOLDER}/{name}")).unwrap()
}

fn json(name: &str) -> Value {
    serde_json::from_str(&read(name)).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn hex<const N: usize>(value: &Value) -> [u8; N] {
    HEXLOWER.decode(text(value).as_bytes()).unwrap().try_into().unwrap()
}

/// The published crate's word for a role.
fn role(word: &str) -> Role {
    match word {
        "operator" => Role::Operator,
        "account" => Role::Account,
        "user" => Role::User,
        "module" => Role::Module,
        "service" => Role::Provider,
        "server" => Role::Host,
        "cluster" => Role::Cluster,
        "curve" => Role::Curve,
        _ => panic!("no role is called {word}"),
    }
}

/// The vectors' word for a fault, whose facts are not repeated there.
fn word(fault: &KeyFault) -> &'static str {
    match fault {
        KeyFault::Length { .. } => "length",
        KeyFault::Alphabet => "alphabet",
        KeyFault::Prefix { .. } => "prefix",
        KeyFault::Checksum => "checksum",
        KeyFault::Seed => "seed",
        KeyFault::Did => "did",
        KeyFault::DidAlgorithm => "algorithm",
        KeyFault::Role { .. } => "role",
    }
}

/// Spells any prefix and key with the checksum that fits.
fn spell(prefix: u8, key: &[u8]) -> String {
    let mut wire = [&[prefix], key].concat();
    let checksum = nkey::seed_checksum(&wire);
    wire.extend(checksum.to_le_bytes());
    BASE32_NOPAD.encode(&wire)
}

fn assert_refused<T: PartialEq + std::fmt::Debug>(vectors: &[Value], parse: fn(&str) -> Result<T, KeyFault>) {
    for vector in vectors {
        let fault = parse(text(&vector["text"])).unwrap_err();
        assert_eq!(word(&fault), text(&vector["fault"]), "{vector}");
        assert_eq!(fault.code().text(), text(&vector["code"]), "{vector}");
    }
}

#[test]
fn every_file_is_used() {
    let names: BTreeSet<String> =
        fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let used = ["README.md", "did.json", "malformed.txt", "refused.json", "vectors.json"];
    assert_eq!(names, BTreeSet::from(used.map(str::to_owned)));
}

#[test]
fn published_keys_go_both_ways() {
    let file = json("vectors.json");
    let vectors = list(&file);
    assert_eq!(vectors.len(), 11);
    let mut roles = BTreeSet::new();
    for vector in vectors {
        let public = text(&vector["pub"]);
        let role = role(text(&vector["type"]));
        let raw = RawKey::new(hex(&vector["pub_raw_hex"]));
        let nkey = Nkey::parse(public).unwrap();
        assert_eq!((nkey.role(), nkey.raw()), (role, &raw), "{public}");
        assert_eq!(nkey, Nkey::new(role, raw));
        assert_eq!(nkey.to_string(), public);
        assert_eq!(vector["pub_prefix_byte"], role.prefix());
        assert_eq!(public.chars().next(), Some(role.letter()));
        assert_eq!(public, spell(role.prefix(), raw.as_bytes()));
        assert_eq!(did::parse(&nkey.public_key().to_string()), Ok(PublicKey::Ed25519(raw)));
        roles.insert(role);
    }
    assert_eq!(roles, BTreeSet::from(Role::ALL));
}

#[test]
fn published_signatures_verify() {
    for vector in list(&json("vectors.json")) {
        let raw = RawKey::new(hex(&vector["pub_raw_hex"]));
        let signature = Signature::new(hex(&vector["sig_of_ascii_hello_hex"]));
        let signed = Signed { key: &raw, message: b"hello", signature: &signature };
        assert_eq!(ed25519::verify(&signed), Ok(()), "{vector}");
        assert!(ed25519::verify(&Signed { message: b"hallo", ..signed }).is_err(), "{vector}");
        // The seed is an ordinary one: any Ed25519 library makes the same key and signature of it.
        let signer = SigningKey::from_bytes(&hex(&vector["seed_raw_hex"]));
        assert_eq!(signer.verifying_key().as_bytes(), raw.as_bytes());
        assert_eq!(&signer.sign(b"hello").to_bytes(), signature.as_bytes());
    }
}

#[test]
fn seeds_are_refused_and_named() {
    for vector in list(&json("vectors.json")) {
        let seed = text(&vector["seed"]);
        let fault = Nkey::parse(seed).unwrap_err();
        assert_eq!(fault, KeyFault::Seed);
        assert!(!format!("{fault} {fault:?}").contains(&seed[4..12]), "a message repeats a seed");
        assert_eq!(did::parse(seed), Err(KeyFault::Did));
    }
}

#[test]
fn malformed_texts_are_refused_with_the_fault_of_the_vector() {
    let file = json("refused.json");
    assert_eq!(list(&file).len(), 53);
    assert_refused(list(&file), Nkey::parse);
}

/// Each kind of text that the published crate was asked about, in its own words; a new one fails.
#[test]
fn the_kinds_of_malformed_txt_are_refused() {
    let vectors = json("vectors.json");
    for line in read("malformed.txt").lines() {
        let (kind, said) = line.split_once(':').unwrap();
        // The text itself stands in the lines about odd seeds: as public keys they are all seeds.
        let spelled = said.split_whitespace().next().filter(|word| word.len() == 58);
        if let Some(seed) = spelled.filter(|_| kind.starts_with("seed ")) {
            assert_eq!(Nkey::parse(seed), Err(KeyFault::Seed), "{line}");
            continue;
        }
        for vector in list(&vectors) {
            let public = text(&vector["pub"]);
            let seed = text(&vector["seed"]);
            let (malformed, fault) = match kind {
                "lowercase pub" => (public.to_lowercase(), "alphabet"),
                "pub with =" => (format!("{public}="), "length"),
                "pub flip" => {
                    let other = if public.ends_with('A') { 'B' } else { 'A' };
                    (format!("{}{other}", &public[..55]), "checksum")
                }
                "seed as pub" => (seed.to_owned(), "seed"),
                "seed trailing bits set" => {
                    // 36 bytes leave two bits in the last of 58 characters.
                    let last = ALPHABET.find(&seed[57..]).unwrap() | 1;
                    (format!("{}{}", &seed[..57], &ALPHABET[last..=last]), "seed")
                }
                "short seed all A x58" => ("A".repeat(58), "length"),
                "empty" => (String::new(), "length"),
                "non-ascii pub" => (format!("{}é", &public[..54]), "alphabet"),
                // What was asked there is a reader of seeds, or one character set against another.
                "pub as seed" | "== seed" => continue,
                _ => panic!("no test knows the kind {kind}"),
            };
            let found = Nkey::parse(&malformed).unwrap_err();
            assert_eq!(word(&found), fault, "{kind}: {malformed}");
        }
    }
}

#[test]
fn every_changed_character_is_refused() {
    for vector in list(&json("vectors.json")) {
        let public = text(&vector["pub"]);
        for at in 0..nkey::TEXT_LENGTH {
            for byte in 0..=127u8 {
                let mut changed = public.as_bytes().to_vec();
                changed[at] = byte;
                let changed = String::from_utf8(changed).unwrap();
                assert_eq!(Nkey::parse(&changed).is_ok(), changed == public, "{changed}");
            }
        }
        for at in 1..nkey::TEXT_LENGTH {
            let mut exchanged = public.as_bytes().to_vec();
            exchanged.swap(at - 1, at);
            let exchanged = String::from_utf8(exchanged).unwrap();
            assert_eq!(Nkey::parse(&exchanged).is_ok(), exchanged == public, "{exchanged}");
        }
    }
}

#[test]
fn every_other_length_is_refused() {
    let key = RawKey::new([7; 32]);
    let public = Nkey::new(Role::Operator, key).to_string();
    for length in (0..200).filter(|length| *length != nkey::TEXT_LENGTH) {
        let cut: String = public.chars().cycle().take(length).collect();
        assert_eq!(Nkey::parse(&cut), Err(KeyFault::Length { found: length }));
        let spelled = spell(Role::Operator.prefix(), &vec![7; length]);
        assert_eq!(Nkey::parse(&spelled).is_ok(), length == 32, "{spelled}");
    }
    // No character of a public key holds bits that belong to no byte, as a seed's last one does.
    assert_eq!(nkey::TEXT_LENGTH * 5 % 8, 0);
}

#[test]
fn every_prefix_that_is_no_role_is_refused() {
    for prefix in 0..=u8::MAX {
        let found = Nkey::parse(&spell(prefix, &[7; 32]));
        match Role::from_prefix(prefix) {
            Some(role) => assert_eq!(found, Ok(Nkey::new(role, RawKey::new([7; 32])))),
            None => assert_eq!(found, Err(KeyFault::Prefix { found: prefix })),
        }
    }
}

#[test]
fn one_raw_key_is_one_key_under_every_role() {
    let raw = RawKey::new(hex(&json("vectors.json")[0]["pub_raw_hex"]));
    let nkeys = Role::ALL.map(|role| Nkey::parse(&spell(role.prefix(), raw.as_bytes())).unwrap());
    for left in nkeys {
        for right in nkeys {
            assert_eq!(left.raw(), right.raw());
            assert_eq!(left.public_key(), right.public_key());
            assert_eq!(left == right, left.role() == right.role());
            assert_eq!(left.to_string() == right.to_string(), left.role() == right.role());
        }
        let operator = Key::<Operator>::parse(&left.to_string());
        match left.role() {
            Role::Operator => assert_eq!(operator, Ok(Key::new(raw))),
            Role::Account | Role::User | Role::Module | Role::Provider | Role::Host | Role::Cluster | Role::Curve => {
                let fault = KeyFault::Role { expected: Role::Operator, found: left };
                assert_eq!(fault.code().text(), "GS-KEY-ROLE");
                assert_eq!(operator, Err(fault));
            }
        }
    }
    assert_eq!(Key::<Operator>::new(raw).raw(), Key::<Account>::new(raw).raw());
}

#[test]
fn published_dids_go_both_ways() {
    let file = json("did.json");
    let accepted = list(&file["accepted"]);
    assert_eq!(accepted.len(), 9);
    for vector in accepted {
        let key = PublicKey::Ed25519(RawKey::new(hex(&vector["raw_hex"])));
        assert_eq!(did::parse(text(&vector["did"])), Ok(key), "{vector}");
        assert_eq!(did::encode(&key), text(&vector["did"]));
        assert_eq!(key.to_string(), text(&vector["did"]));
        let signer = SigningKey::from_bytes(&hex(&vector["seed_hex"]));
        assert_eq!(signer.verifying_key().as_bytes(), &hex(&vector["raw_hex"]));
    }
}

#[test]
fn dids_of_other_algorithms_go_both_ways() {
    let file = json("did.json");
    let others = list(&file["other_algorithms"]);
    assert_eq!(others.len(), 2);
    for vector in others {
        let key = did::parse(text(&vector["did"])).unwrap();
        assert_eq!(key.algorithm(), text(&vector["algorithm"]));
        assert_eq!(key.as_bytes(), hex::<33>(&vector["raw_hex"]));
        assert_eq!((key.ed25519(), did::encode(&key)), (None, text(&vector["did"]).to_owned()));
    }
}

#[test]
fn malformed_dids_are_refused_with_the_fault_of_the_vector() {
    let file = json("did.json");
    let refused = list(&file["refused"]);
    assert_eq!(refused.len(), 37);
    assert_refused(refused, did::parse);
}

fn any_role() -> impl Strategy<Value = Role> {
    prop::sample::select(Role::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/regressions/nkeys_vectors.txt"
        )))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn reading_what_was_written_gives_the_same(role in any_role(), bytes: [u8; 32]) {
        let nkey = Nkey::new(role, RawKey::new(bytes));
        let text = nkey.to_string();
        prop_assert_eq!(text.len(), nkey::TEXT_LENGTH);
        prop_assert_eq!(text.chars().next(), Some(role.letter()));
        prop_assert_eq!(Nkey::parse(&text), Ok(nkey));
        let key = nkey.public_key();
        prop_assert_eq!(did::parse(&did::encode(&key)), Ok(key));
    }

    /// Accepted text is the only text of its key, so that two spellings never hide one key.
    #[test]
    fn no_text_panics_and_what_is_read_is_written_the_same(
        text in prop_oneof![any::<String>(), "[A-Z2-7=]{0,70}", "[OAUMVNCXS][A-Z2-7]{55}", "(?s).{54,58}"],
    ) {
        if let Ok(nkey) = Nkey::parse(&text) {
            prop_assert_eq!(nkey.to_string(), text);
        }
    }

    #[test]
    fn no_did_panics_and_what_is_read_is_written_the_same(
        text in prop_oneof![
            any::<String>(),
            "did:key:z[1-9A-HJ-NP-Za-km-z]{0,60}",
            "did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}",
            "did:key:z1{0,40}(?s).{0,8}",
        ],
    ) {
        if let Ok(key) = did::parse(&text) {
            prop_assert_eq!(did::encode(&key), text);
        }
    }

    /// Bytes near a good key: whatever is changed, text stays one-to-one.
    #[test]
    fn a_changed_did_is_another_key_or_none(bytes: [u8; 32], at in 9..56usize, to in "[1-9A-HJ-NP-Za-km-z]") {
        let key = PublicKey::Ed25519(RawKey::new(bytes));
        let mut text = did::encode(&key);
        let before = text.clone();
        text.replace_range(at..=at, &to);
        prop_assert_eq!(did::parse(&text) == Ok(key), text == before);
    }
}
