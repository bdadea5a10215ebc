//! Thousands of tokens that somebody else supplied: the verdict stays, and so does the work.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use greatseal_core::Code;
use greatseal_testkit::chain::{
    Draft, HEADER, ISSUED, Realm, TestKey, Token, account, account_token, module, module_token, operator,
    operator_token, unchecked,
};
use greatseal_testkit::codes::outcome;
use greatseal_token::wascap::Verifier;

/// More than anybody has, few enough to make in a test.
const MANY: u128 = 2000;
/// Many times what it takes, in a build without optimisation on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn many(draft: impl Fn(u128) -> Draft) -> Vec<Token> {
    (0..MANY).map(|number| draft(number).id(number).sign()).collect()
}

/// Tokens that name what the chain names, under signatures that are not theirs.
fn badly_signed(drafts: &[Draft]) -> Vec<Token> {
    let borrowed = drafts.first().map(Draft::sign).unwrap();
    let forged = |number| drafts.iter().map(move |draft| (draft.clone(), number));
    (0..MANY / drafts.len() as u128)
        .flat_map(forged)
        .map(|(draft, number)| {
            let message = draft.id(number + 1).json();
            let unsigned = unchecked(HEADER, &message, &operator("flood"));
            unsigned.with_signature_of(&borrowed)
        })
        .collect()
}

/// Asserts that the flood neither helps a stranger's module nor harms the realm's.
#[track_caller]
fn changes_nothing(realm: &Realm, flood: &[Token], stranger: Code) {
    let began = Instant::now();
    let question = realm.verify(&realm.leaf).with(flood);
    question.allowed();
    // So many that several threads share the work.
    let two = NonZeroUsize::new(2).unwrap();
    assert_eq!(outcome(&question.decide_by(&mut Verifier::new(two))), outcome(&question.decide()));
    let token = module_token(&realm.module, &account("flood stranger")).sign();
    assert_eq!(realm.verify(&token).with(flood).denied(), stranger);
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
}

#[test]
fn tokens_of_others() {
    let realm = Realm::new("flood others");
    let other = Realm::new("flood other");
    let name = |number: u128| format!("flood {number}");
    let mut flood = many(|number| module_token(&module(&name(number)), &other.account));
    flood.truncate(1000);
    flood.extend(many(|number| account_token(&account(&name(number)), &other.operator_signer)).drain(..1000));
    flood.extend(many(|number| operator_token(&operator(&name(number))).lists([&other.operator])).drain(..1000));
    changes_nothing(&realm, &flood, Code::CodeIssuer);
}

#[test]
fn badly_signed_rivals_of_every_token() {
    let realm = Realm::new("flood rivals");
    let newer = |draft: Draft| draft.iat(ISSUED + 1);
    let flood = badly_signed(&[
        newer(operator_token(&realm.operator).lists([&operator("flood")])),
        newer(account_token(&realm.account, &realm.operator_signer)),
        newer(module_token(&realm.module, &realm.account_signer)),
    ]);
    changes_nothing(&realm, &flood, Code::CodeIssuer);
}

#[test]
fn well_signed_accounts_that_list_the_same_key() {
    let realm = Realm::new("flood listing");
    let thief = operator("flood thief");
    let flood =
        many(|number| account_token(&account(&format!("flood {number}")), &thief).lists([&realm.account_signer]));
    changes_nothing(&realm, &flood, Code::CodeIssuer);
}

#[test]
fn well_signed_accounts_and_operators_that_nobody_trusts() {
    let realm = Realm::new("flood both");
    let thief = operator("flood thief");
    let mut flood =
        many(|number| account_token(&account(&format!("flood {number}")), &thief).lists([&realm.account_signer]));
    flood.extend(many(|number| operator_token(&operator(&format!("flood {number}"))).lists([&thief])));
    changes_nothing(&realm, &flood, Code::CodeIssuer);
}

#[test]
fn accounts_by_a_key_that_many_tokens_of_the_operator_pretend_to_list() {
    let realm = Realm::new("flood pretend");
    let thief = operator("flood");
    let mut flood = badly_signed(&[operator_token(&realm.operator).lists([&thief])]);
    flood.extend(many(|number| {
        account_token(&account(&format!("flood {number}")), &thief).lists([&realm.account_signer])
    }));
    changes_nothing(&realm, &flood, Code::CodeIssuer);
}

#[test]
fn claims_with_thousands_of_unknown_names() {
    let realm = Realm::new("flood names");
    let names: Vec<String> = (0..4000).map(|number| format!(r#""{number:x}":0"#)).collect();
    let flood: Vec<Token> = (0..30)
        .map(|number| module_token(&module("flood"), &account("flood")).id(number).adding(&names.join(",")))
        .collect();
    changes_nothing(&realm, &flood, Code::CodeIssuer);
}

/// A token as large as tokens may be.
fn large(draft: &Draft) -> Token {
    draft.adding(&format!(r#""x":"{}""#, "x".repeat(48_000)))
}

fn rivals(realm: &Realm, issuer: &TestKey, count: u128) -> Vec<Token> {
    (0..count).map(|number| large(&module_token(&realm.module, issuer).id(number))).collect()
}

#[test]
fn more_than_a_decision_may_weigh() {
    let realm = Realm::new("flood weight");
    let thief = account("flood thief");
    // Each pretends to be about this module; 64 of 64 KiB are the limit.
    let few = rivals(&realm, &thief, 60);
    realm.verify(&realm.leaf).with(&few).allowed();
    let many = rivals(&realm, &thief, 70);
    assert_eq!(realm.verify(&realm.leaf).with(&many).denied(), Code::ChainTooLarge);
    // The same weight about another module is not this decision's.
    let other: Vec<Token> =
        (0..70).map(|number| large(&module_token(&module("flood other"), &thief).id(number))).collect();
    realm.verify(&realm.leaf).with(&other).allowed();
}
