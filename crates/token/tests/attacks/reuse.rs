//! One raw key, one role, one principal: however it is spelled.

use greatseal_core::Code;
use greatseal_core::key::Role;
use greatseal_testkit::chain::{Realm, TestKey, account, account_token, module_token, operator_token};

/// A module of `realm` that is the same raw key as `key`, issued by the account's identity.
fn code_that_is(realm: &Realm, key: &TestKey) -> greatseal_testkit::chain::Token {
    module_token(&key.spelled(Role::Module), &realm.account).sign()
}

#[test]
fn a_module_that_is_a_signing_key_of_its_account() {
    let realm = Realm::new("reuse account signer");
    let token = code_that_is(&realm, &realm.account_signer);
    assert_eq!(realm.verify(&token).denied(), Code::KeyReused);
    realm.verify(&code_that_is(&realm, &account("unlisted"))).allowed();
}

#[test]
fn a_module_that_is_the_operator_or_its_signing_key() {
    let realm = Realm::new("reuse operator");
    for key in [&realm.operator, &realm.operator_signer] {
        assert_eq!(realm.verify(&code_that_is(&realm, key)).denied(), Code::KeyReused);
    }
    realm.verify(&realm.leaf).allowed();
}

#[test]
fn an_account_that_is_its_operator_or_its_operators_signing_key() {
    let realm = Realm::new("reuse identity");
    for key in [&realm.operator, &realm.operator_signer] {
        let double = key.spelled(Role::Account);
        let tenant = account_token(&double, &realm.operator_signer).sign();
        assert_eq!(realm.verify(&tenant).denied(), Code::KeyReused);
        let leaf = module_token(&realm.module, &double).sign();
        assert_eq!(realm.verify_under(&leaf, &realm.root, &tenant).denied(), Code::KeyReused);
    }
    realm.verify(&realm.tenant).allowed();
}

#[test]
fn an_account_that_lists_its_operators_keys() {
    let realm = Realm::new("reuse listing");
    for key in [&realm.operator, &realm.operator_signer] {
        let tenant = account_token(&realm.account, &realm.operator_signer).lists([key]).sign();
        assert_eq!(realm.verify_under(&tenant, &realm.root, &tenant).denied(), Code::KeyReused);
        // Also for what its identity issues: the key stands in two places of this chain.
        let leaf = module_token(&realm.module, &realm.account).sign();
        assert_eq!(realm.verify_under(&leaf, &realm.root, &tenant).denied(), Code::KeyReused);
        realm.verify_under(&leaf, &realm.root, &realm.tenant).allowed();
    }
}

#[test]
fn an_account_that_lists_its_own_identity_is_one_principal() {
    let realm = Realm::new("reuse own");
    let tenant = account_token(&realm.account, &realm.operator_signer).lists([&realm.account]).sign();
    realm.verify_under(&tenant, &realm.root, &tenant).allowed();
    let leaf = module_token(&realm.module, &realm.account).sign();
    realm.verify_under(&leaf, &realm.root, &tenant).allowed();
}

#[test]
fn a_key_listed_twice_is_one_key() {
    let realm = Realm::new("reuse twice");
    let root = operator_token(&realm.operator).lists([&realm.operator_signer, &realm.operator_signer]).sign();
    realm.verify_under(&realm.leaf, &root, &realm.tenant).allowed();
}
