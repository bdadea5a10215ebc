//! A signing key under two parents speaks for neither, and parents that do not count take nothing away.

use greatseal_core::Code;
use greatseal_testkit::chain::{
    AT, Draft, ISSUED, Realm, Token, account, account_token, module_token, operator, operator_token, verify,
};

/// A second operator that lists the signing key of `realm`.
fn rival_operator(realm: &Realm) -> Draft {
    operator_token(&operator("rival operator")).lists([&realm.operator_signer])
}

/// A second account that lists the signing key of `realm`'s account, made by the same operator.
fn rival_account(realm: &Realm) -> Draft {
    account_token(&account("rival account"), &realm.operator_signer).lists([&realm.account_signer])
}

/// The same token under a signature that is not its own.
fn badly_signed(draft: &Draft) -> Token {
    draft.sign().with_signature_of(&draft.clone().id(1).sign())
}

#[test]
fn a_signing_key_under_two_trusted_operators() {
    let realm = Realm::new("two operators");
    let rival = rival_operator(&realm).sign();
    for target in [&realm.tenant, &realm.leaf] {
        let question = realm.verify(target).with([&rival]);
        assert_eq!(question.clone().trust(&operator("rival operator")).denied(), Code::AuthorityAmbiguous);
        // Only the trusted one counts.
        question.allowed();
    }
}

#[test]
fn an_invalid_operator_takes_no_signing_key_away() {
    let realm = Realm::new("invalid operator");
    let draft = rival_operator(&realm);
    let rivals = [
        draft.clone().exp(AT).sign(),
        draft.clone().nbf(AT + 1).sign(),
        draft.clone().iat(AT + 301).sign(),
        draft.clone().by(&operator("somebody")).sign(),
        draft.clone().lists([&realm.operator_signer, &operator("rival operator")]).sign(),
        badly_signed(&draft),
    ];
    for rival in &rivals {
        realm.verify(&realm.leaf).with([rival]).trust(&operator("rival operator")).allowed();
    }
    let question = realm.verify(&realm.leaf).with([&draft.sign()]).trust(&operator("rival operator"));
    assert_eq!(question.denied(), Code::AuthorityAmbiguous);
}

#[test]
fn a_signing_key_under_two_accounts() {
    let realm = Realm::new("two accounts");
    let rival = rival_account(&realm).sign();
    assert_eq!(realm.verify(&realm.leaf).with([&rival]).denied(), Code::AuthorityAmbiguous);
    realm.verify(&realm.leaf).allowed();
    // What is not the shared key's is not touched.
    realm.verify(&module_token(&realm.module, &realm.account).sign()).with([&rival]).allowed();
    realm.verify(&realm.tenant).with([&rival]).allowed();
}

#[test]
fn an_invalid_account_takes_no_signing_key_away() {
    let realm = Realm::new("invalid account");
    let draft = rival_account(&realm);
    let other = Realm::new("other operator");
    let rivals = [
        draft.clone().exp(AT).sign(),
        draft.clone().nbf(AT + 1).sign(),
        draft.clone().iat(AT + 301).sign(),
        draft.clone().by(&operator("unlisted")).sign(),
        draft.clone().by(&realm.operator).sign(),
        draft.clone().by(&other.operator_signer).sign(),
        badly_signed(&draft),
    ];
    for rival in &rivals {
        realm.verify(&realm.leaf).with([rival, &other.root]).allowed();
    }
    assert_eq!(realm.verify(&realm.leaf).with([&draft.sign()]).denied(), Code::AuthorityAmbiguous);
}

#[test]
fn an_account_that_no_longer_lists_the_key_takes_nothing_away() {
    let realm = Realm::new("relisted");
    let old = rival_account(&realm).sign();
    let new = account_token(&account("rival account"), &realm.operator_signer).iat(ISSUED + 1).sign();
    realm.verify(&realm.leaf).with([&old, &new]).allowed();
    assert_eq!(realm.verify(&realm.leaf).with([&old]).denied(), Code::AuthorityAmbiguous);
}

#[test]
fn an_identity_listed_by_another_account_still_speaks_for_itself() {
    let realm = Realm::new("listed account");
    let rival = account_token(&account("rival account"), &realm.operator_signer).lists([&realm.account]).sign();
    let leaf = module_token(&realm.module, &realm.account).sign();
    let chain = realm.verify(&leaf).with([&rival]).allowed();
    assert_eq!(chain.chain()[1].subject.nkey(), Some(realm.account.nkey()));
}

#[test]
fn one_account_under_two_operators_is_one_principal() {
    let (realm, other) = (Realm::new("one account"), Realm::new("second parent"));
    let second = account_token(&realm.account, &other.operator_signer).lists([&realm.account_signer]).sign();
    let question = verify(&realm.leaf).with([&realm.root, &realm.tenant, &other.root, &second]);
    question.clone().trust(&realm.operator).trust(&other.operator).allowed();
    question.trust(&other.operator).allowed();
}
