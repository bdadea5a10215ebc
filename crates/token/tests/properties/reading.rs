//! Reading and writing: nothing is lost, and nothing panics.

use greatseal_core::issue::Signable;
use greatseal_core::limits::TOKEN_BYTES;
use greatseal_core::signature::Signature;
use greatseal_core::{Code, Decision, Policy};
use greatseal_testkit::chain::{HEADER, Realm, Token, account, claims_token, segment, unchecked};
use greatseal_token::wascap::module::ModuleFile;
use greatseal_token::wascap::{Claims, Entity, Module, decode, encode};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::claims::claims;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_written_is_read_again(claims in claims()) {
        let unsigned = encode(&claims).unwrap();
        prop_assert_eq!(unsigned.content(), &claims);
        let signature = Signature::new([7; 64]);
        let token = Claims::assemble(unsigned.request().message(), &signature);
        let decoded = decode(&token).unwrap();
        prop_assert_eq!(decoded.content(), &claims);
        prop_assert_eq!(decoded.signature(), &signature);
        prop_assert_eq!(decoded.received(), &*token);
    }

    #[test]
    fn arbitrary_bytes_are_read_without_a_panic(bytes in vec(any::<u8>(), 0..300)) {
        let _ = decode(&bytes);
        let _ = ModuleFile::read(&bytes);
        let text = Token::new(format!("{}.{}.{}", segment(HEADER), segment(&bytes), "A".repeat(86)));
        let _ = decode(text.bytes());
        let _ = ModuleFile::read(&[b"\0asm\x01\0\0\0", &*bytes].concat());
        let _ = ModuleFile::read(&[b"\0asm\x0d\0\x01\0", &*bytes].concat());
    }

    #[test]
    fn json_like_claims_are_read_without_a_panic(text in r#"[\{\}\[\]",:0-9a-z\\u.eE+ -]{0,60}"#, name in "(wascap|iss|sub|exp|greatseal|x)") {
        let signer = account("property");
        let _ = decode(unchecked(HEADER, &text, &signer).bytes());
        let _ = decode(unchecked(HEADER, &format!(r#"{{"{name}":{text}}}"#), &signer).bytes());
    }

    #[test]
    fn a_mutated_token_is_read_without_a_panic(at in any::<Index>(), by in 1..=255u8) {
        let realm = Realm::new("mutation");
        for token in [&realm.root, &realm.tenant, &realm.leaf] {
            let mut bytes = token.bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] ^= by;
            let _ = decode(&bytes);
            bytes.truncate(at);
            let _ = decode(&bytes);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn one_changed_byte_anywhere_in_a_chain_denies(place in 0..3usize, at in any::<Index>(), by in 1..=255u8) {
        let realm = Realm::new("one byte");
        let mut tokens = [realm.root.clone(), realm.tenant.clone(), realm.leaf.clone()];
        let mut bytes = tokens[place].bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= by;
        tokens[place] = Token::new(bytes);
        let [root, tenant, leaf] = &tokens;
        for policy in [Policy::Strict, Policy::Relaxed] {
            let decision = realm.verify_under(leaf, root, tenant).policy(policy).decide();
            prop_assert!(matches!(decision, Decision::Deny(_)));
        }
    }
}

#[test]
fn what_no_reader_takes_is_not_encoded() {
    let realm = Realm::new("too large");
    let Entity::Module(module) = realm.leaf.decoded().content().entity.clone() else { panic!("it is a module") };
    let mut lengths = Vec::new();
    for length in 48_500..49_000 {
        let named = Module { name: Some("x".repeat(length)), ..module.clone() };
        let draft = claims_token(Entity::Module(named), &realm.account_signer);
        match encode(draft.claims()) {
            Ok(_) => lengths.push(draft.sign().bytes().len()),
            Err(fault) => assert_eq!(fault.code(), Code::TokenTooLarge),
        }
    }
    // Up to the last character that fits: base64 grows by one or two at a time.
    assert!((TOKEN_BYTES - 1..=TOKEN_BYTES).contains(lengths.last().unwrap()), "{:?}", lengths.last());
    assert!(lengths.len() < 500);
}
