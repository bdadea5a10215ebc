//! Signatures that prove nothing: keyless forgeries, rewritten and borrowed ones.

use greatseal_core::Code;
use greatseal_core::key::{Nkey, RawKey, Role};
use greatseal_core::signature::Signature;
use greatseal_testkit::chain::{AT, HEADER};
use greatseal_testkit::chain::{Realm, Token, account_token, module_token, operator, operator_token, segment, verify};
use wascap::jwt::{Account, Component, Operator};

use crate::peer;

const ORDER_EIGHT: [[u8; 32]; 2] = [
    *b"\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0\xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05",
    *b"\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f\x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a",
];

/// Little-endian, all ones but for the first and last byte: how p and its neighbours look.
fn near_p(first: u8, last: u8) -> [u8; 32] {
    let mut bytes = [0xff; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}

fn small(first: u8, last: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}

/// Every point of small order, in every encoding that a lax decoder reads.
fn weak_keys() -> Vec<[u8; 32]> {
    let mut keys = vec![
        small(1, 0),
        near_p(0xec, 0x7f),
        small(0, 0),
        small(0, 0x80),
        // Not canonical: "minus zero", and y of p and p + 1.
        small(1, 0x80),
        near_p(0xec, 0xff),
        near_p(0xed, 0x7f),
        near_p(0xed, 0xff),
        near_p(0xee, 0x7f),
        near_p(0xee, 0xff),
    ];
    for point in ORDER_EIGHT {
        let mut negative = point;
        negative[31] |= 0x80;
        keys.extend([point, negative]);
    }
    keys
}

/// The neutral element and zero: under a key of small order this signs every eighth message at least.
fn keyless() -> Signature {
    let mut bytes = [0; 64];
    bytes[0] = 1;
    Signature::new(bytes)
}

/// Claims by a weak key, with a new `jti` for each `number`; nobody's key is used.
fn forge(claims: &str, number: u32) -> Token {
    let claims = claims.replace(r#""jti":"0000000000000000000000""#, &format!(r#""jti":"{number}""#));
    Token::join(&format!("{}.{}", segment(HEADER), segment(claims)), &keyless())
}

#[test]
fn keyless_forgeries_by_keys_of_small_order() {
    let realm = Realm::new("weak");
    for raw in weak_keys() {
        let weak = Nkey::new(Role::Account, RawKey::new(raw));
        // The attacker brought the account's owner to list a key that looks like any other.
        let draft = account_token(&realm.account, &realm.operator_signer).lists([&realm.account_signer]);
        let tenant = draft.replacing(&realm.account_signer.to_string(), &weak.to_string());
        let draft = module_token(&realm.module, &realm.account_signer);
        let claims = draft.json().replace(&realm.account_signer.to_string(), &weak.to_string());

        let forged = (0..1000).map(|number| forge(&claims, number)).find(peer::accepts::<Component>);
        let forged = forged.unwrap_or_else(|| panic!("the peer takes no forgery by {weak}"));
        assert_eq!(realm.verify_under(&forged, &realm.root, &tenant).denied(), Code::SignatureWeakKey, "{weak}");
        realm.verify_under(&module_token(&realm.module, &realm.account).sign(), &realm.root, &tenant).allowed();
    }
}

#[test]
fn a_keyless_account_and_a_keyless_operator() {
    let realm = Realm::new("weak above");
    let weak = Nkey::new(Role::Operator, RawKey::new(small(1, 0)));
    let draft = operator_token(&realm.operator).lists([&realm.operator_signer]);
    let root = draft.replacing(&realm.operator_signer.to_string(), &weak.to_string());
    let draft = account_token(&realm.account, &realm.operator_signer).lists([&realm.account_signer]);
    let tenant = forge(&draft.json().replace(&realm.operator_signer.to_string(), &weak.to_string()), 1);
    assert!(peer::accepts::<Account>(&tenant));
    assert_eq!(realm.verify_under(&tenant, &root, &tenant).denied(), Code::SignatureWeakKey);
    assert_eq!(realm.verify_under(&realm.leaf, &root, &tenant).denied(), Code::SignatureWeakKey);

    let draft = operator_token(&realm.operator).lists([&realm.operator_signer]);
    let keyless = forge(&draft.json().replace(&realm.operator.to_string(), &weak.to_string()), 1);
    assert!(peer::accepts::<Operator>(&keyless));
    let anchor = greatseal_core::Anchor::Operator(weak.try_into().unwrap());
    let question = verify(&realm.leaf).with([&keyless, &realm.tenant]).anchor(anchor);
    assert_eq!(question.denied(), Code::SignatureWeakKey);
    realm.verify(&realm.leaf).allowed();
}

#[test]
fn the_signature_of_another_token() {
    let realm = Realm::new("borrowed");
    let other = module_token(&realm.module, &realm.account_signer).id(7).sign();
    assert_eq!(realm.verify(&realm.leaf.with_signature_of(&other)).denied(), Code::SignatureInvalid);
    realm.verify(&other).allowed();

    let tenant = realm.tenant.with_signature_of(&realm.root);
    assert_eq!(realm.verify_under(&realm.leaf, &realm.root, &tenant).denied(), Code::SignatureInvalid);
    let root = realm.root.with_signature_of(&realm.tenant);
    assert_eq!(realm.verify_under(&realm.leaf, &root, &realm.tenant).denied(), Code::SignatureInvalid);
    realm.verify(&realm.leaf).allowed();
}

#[test]
fn the_signature_of_another_key() {
    let realm = Realm::new("other key");
    let thief = operator("thief");
    let draft = module_token(&realm.module, &realm.account_signer);
    let signed = realm.leaf.signed().to_owned();
    let token = Token::join(&signed, &thief.sign(signed.as_bytes()));
    assert!(!peer::accepts::<Component>(&token));
    assert_eq!(realm.verify(&token).denied(), Code::SignatureInvalid);
    realm.verify(&draft.sign()).allowed();
}

#[test]
fn a_signature_rewritten_by_the_order_of_the_group() {
    const ORDER: [u8; 32] =
        *b"\xed\xd3\xf5\x5c\x1a\x63\x12\x58\xd6\x9c\xf7\xa2\xde\xf9\xde\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10";
    let realm = Realm::new("malleable");
    let signature = realm.account_signer.sign(realm.leaf.signed().as_bytes());
    let mut bytes = *signature.as_bytes();
    let mut carry = 0;
    for (byte, added) in bytes[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(added) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    let rewritten = Token::join(realm.leaf.signed(), &Signature::new(bytes));
    assert_eq!(realm.verify(&rewritten).denied(), Code::SignatureInvalid);
    realm.verify(&Token::join(realm.leaf.signed(), &signature)).allowed();
}

#[test]
fn a_bad_signature_is_told_before_the_chain_it_does_not_have() {
    let realm = Realm::new("order of faults");
    let alone = verify(&realm.leaf.with_signature_of(&realm.tenant)).trust(&realm.operator).at(AT);
    assert_eq!(alone.denied(), Code::SignatureInvalid);
    assert_eq!(verify(&realm.leaf).trust(&realm.operator).denied(), Code::ChainIncomplete);
}
