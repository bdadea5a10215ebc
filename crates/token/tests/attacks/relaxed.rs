//! The relaxed policy: what it accepts is told, and what no policy may accept it refuses.

use greatseal_core::decide::Notice;
use greatseal_core::key::Role;
use greatseal_core::{Code, Policy};
use greatseal_testkit::chain::{
    AT, ISSUED, Question, Realm, Token, account, account_token, module_token, operator, operator_token, verify,
};

/// Strict denies it with this code; relaxed allows it with these notices.
#[track_caller]
fn only_relaxed(question: &Question<'static>, code: Code, notices: &[Notice]) {
    assert_eq!(question.denied(), code);
    assert_eq!(question.clone().policy(Policy::Relaxed).allowed().notices(), notices);
}

/// Both deny it with this code.
#[track_caller]
fn neither(question: &Question<'static>, code: Code) {
    assert_eq!(question.denied(), code);
    assert_eq!(question.clone().policy(Policy::Relaxed).denied(), code);
}

fn bad(token: &Token, other: &Token) -> Token {
    token.with_signature_of(other)
}

#[test]
fn an_operator_without_signing_keys_is_told() {
    let realm = Realm::new("relaxed no signers");
    let root = operator_token(&realm.operator).sign();
    let tenant = account_token(&realm.account, &realm.operator).lists([&realm.account_signer]).sign();
    let operator = realm.operator.nkey();
    let told = Notice::OperatorWithoutSigners { operator };
    only_relaxed(&realm.verify_under(&root, &root, &tenant), Code::OperatorNoSigners, std::slice::from_ref(&told));
    let by_identity = Notice::AccountByIdentity { account: realm.account.nkey(), operator };
    for target in [&tenant, &realm.leaf] {
        let told = [told.clone(), by_identity.clone()];
        only_relaxed(&realm.verify_under(target, &root, &tenant), Code::OperatorNoSigners, &told);
    }
}

#[test]
fn an_operator_that_lists_its_identity_is_told() {
    let realm = Realm::new("relaxed identity");
    let root = operator_token(&realm.operator).lists([&realm.operator, &realm.operator_signer]).sign();
    let notice = [Notice::OperatorListsIdentity { operator: realm.operator.nkey() }];
    for target in [&root, &realm.tenant, &realm.leaf] {
        only_relaxed(&realm.verify_under(target, &root, &realm.tenant), Code::OperatorListsIdentity, &notice);
    }
}

#[test]
fn an_account_may_be_issued_by_the_identity() {
    let realm = Realm::new("relaxed by identity");
    let tenant = account_token(&realm.account, &realm.operator).lists([&realm.account_signer]).sign();
    for target in [&tenant, &realm.leaf] {
        let told = [Notice::AccountByIdentity { account: realm.account.nkey(), operator: realm.operator.nkey() }];
        only_relaxed(&realm.verify_under(target, &realm.root, &tenant), Code::AccountByIdentity, &told);
    }
}

#[test]
fn a_key_in_two_places_is_told() {
    let realm = Realm::new("relaxed reuse");
    let double = realm.operator_signer.spelled(Role::Account);
    let tenant = account_token(&realm.account, &realm.operator_signer).lists([&double]).sign();
    let notice = [Notice::KeyReused { first: realm.operator_signer.nkey(), second: double.nkey() }];
    let leaf = module_token(&realm.module, &double).sign();
    for target in [&tenant, &leaf] {
        only_relaxed(&realm.verify_under(target, &realm.root, &tenant), Code::KeyReused, &notice);
    }
}

#[test]
fn an_account_without_signing_keys_is_told_under_every_policy() {
    let realm = Realm::new("relaxed account");
    let tenant = account_token(&realm.account, &realm.operator_signer).sign();
    let leaf = module_token(&realm.module, &realm.account).sign();
    let notice = [Notice::AccountWithoutSigners { account: realm.account.nkey() }];
    for policy in [Policy::Strict, Policy::Relaxed] {
        let allow = realm.verify_under(&leaf, &realm.root, &tenant).policy(policy).allowed();
        assert_eq!(allow.notices(), notice);
        assert_eq!(realm.verify(&realm.leaf).policy(policy).allowed().notices(), []);
    }
}

#[test]
fn no_policy_lets_code_issue_itself() {
    let realm = Realm::new("neither self");
    neither(&realm.verify(&module_token(&realm.module, &realm.module).sign()), Code::CodeSelfIssued);
    let spelled = realm.module.spelled(Role::Account);
    let tenant = account_token(&realm.account, &realm.operator_signer).lists([&spelled]).sign();
    let token = module_token(&realm.module, &spelled).sign();
    neither(&realm.verify_under(&token, &realm.root, &tenant), Code::CodeSelfIssued);
}

#[test]
fn no_policy_lets_others_issue_code() {
    let realm = Realm::new("neither issuer");
    for issuer in [&realm.operator, &realm.operator_signer, &account("stranger"), &realm.account.spelled(Role::User)] {
        neither(&realm.verify(&module_token(&realm.module, issuer).sign()), Code::CodeIssuer);
    }
}

#[test]
fn no_policy_lets_others_issue_accounts() {
    let realm = Realm::new("neither account");
    for issuer in [&realm.account, &operator("stranger"), &realm.operator_signer.spelled(Role::Account)] {
        let tenant = account_token(&realm.account, issuer).sign();
        neither(&realm.verify_under(&tenant, &realm.root, &tenant), Code::AccountIssuer);
    }
}

#[test]
fn no_policy_lets_others_issue_operators() {
    let realm = Realm::new("neither operator");
    for issuer in [&operator("above"), &realm.operator_signer, &realm.operator.spelled(Role::Account)] {
        let root = operator_token(&realm.operator).lists([&realm.operator_signer]).by(issuer).sign();
        neither(&realm.verify_under(&root, &root, &realm.tenant), Code::OperatorNotSelfIssued);
        neither(&realm.verify_under(&realm.leaf, &root, &realm.tenant), Code::OperatorNotSelfIssued);
    }
}

#[test]
fn no_policy_believes_a_stranger() {
    let realm = Realm::new("neither trusted");
    neither(&verify(&realm.leaf).with([&realm.root, &realm.tenant]), Code::OperatorUntrusted);
    neither(&verify(&realm.leaf).with([&realm.root]).trust(&realm.operator), Code::ChainIncomplete);
}

#[test]
fn no_policy_takes_a_bad_signature() {
    let realm = Realm::new("neither signature");
    neither(&realm.verify(&bad(&realm.leaf, &realm.root)), Code::SignatureInvalid);
    neither(&realm.verify_under(&realm.leaf, &bad(&realm.root, &realm.leaf), &realm.tenant), Code::SignatureInvalid);
    neither(&realm.verify_under(&realm.leaf, &realm.root, &bad(&realm.tenant, &realm.leaf)), Code::SignatureInvalid);
}

#[test]
fn no_policy_bends_time() {
    let realm = Realm::new("neither time");
    let draft = module_token(&realm.module, &realm.account_signer);
    neither(&realm.verify(&draft.clone().exp(AT).sign()), Code::TimeExpired);
    neither(&realm.verify(&draft.clone().nbf(AT + 1).sign()), Code::TimeEarly);
    neither(&realm.verify(&draft.clone().iat(AT + 301).sign()), Code::TimeFuture);
    neither(&realm.verify(&realm.leaf).with([&draft.iat(ISSUED + 1).sign()]), Code::Superseded);
}

#[test]
fn no_policy_lets_a_key_speak_for_two() {
    let realm = Realm::new("neither ambiguous");
    let rival = account_token(&account("rival"), &realm.operator_signer).lists([&realm.account_signer]).sign();
    neither(&realm.verify(&realm.leaf).with([&rival]), Code::AuthorityAmbiguous);
    let rival = operator_token(&operator("rival")).lists([&realm.operator_signer]).sign();
    neither(&realm.verify(&realm.leaf).with([&rival]).trust(&operator("rival")), Code::AuthorityAmbiguous);
}
