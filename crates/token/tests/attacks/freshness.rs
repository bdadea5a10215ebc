//! Times, and which of several tokens of one subject is the one that speaks.

use greatseal_core::Code;
use greatseal_core::key::Role;
use greatseal_testkit::chain::{
    AT, Draft, ISSUED, Question, Realm, TestKey, Token, account_token, module_token, operator, operator_token,
};

fn root_draft(realm: &Realm) -> Draft {
    operator_token(&realm.operator).lists([&realm.operator_signer])
}

fn tenant_draft(realm: &Realm) -> Draft {
    account_token(&realm.account, &realm.operator_signer).lists([&realm.account_signer])
}

fn leaf_draft(realm: &Realm) -> Draft {
    module_token(&realm.module, &realm.account_signer)
}

/// The module's question with one of the three tokens drafted anew.
fn in_each_place(realm: &Realm, change: impl Fn(Draft) -> Draft) -> [Question<'static>; 3] {
    [
        realm.verify_under(&realm.leaf, &change(root_draft(realm)).sign(), &realm.tenant),
        realm.verify_under(&realm.leaf, &realm.root, &change(tenant_draft(realm)).sign()),
        realm.verify(&change(leaf_draft(realm)).sign()),
    ]
}

#[test]
fn a_token_speaks_until_just_before_its_exp() {
    let realm = Realm::new("exp");
    for question in in_each_place(&realm, |draft| draft.exp(AT)) {
        question.clone().at(AT - 1).allowed();
        assert_eq!(question.at(AT).denied(), Code::TimeExpired);
    }
}

#[test]
fn a_token_speaks_from_its_nbf_on() {
    let realm = Realm::new("nbf");
    for question in in_each_place(&realm, |draft| draft.nbf(AT)) {
        assert_eq!(question.clone().at(AT - 1).denied(), Code::TimeEarly);
        question.at(AT).allowed();
    }
}

#[test]
fn a_window_that_ends_before_it_begins_never_opens() {
    let realm = Realm::new("backwards");
    for question in in_each_place(&realm, |draft| draft.nbf(AT + 1).exp(AT - 1)) {
        for at in [AT - 2, AT - 1, AT, AT + 1, AT + 2] {
            let code = question.clone().at(at).denied();
            assert!([Code::TimeEarly, Code::TimeExpired].contains(&code), "{code}");
        }
    }
}

#[test]
fn a_token_from_the_future() {
    let realm = Realm::new("iat");
    for question in in_each_place(&realm, |draft| draft.iat(AT + 300)) {
        question.clone().at(AT).allowed();
        assert_eq!(question.at(AT - 1).denied(), Code::TimeFuture);
    }
    let never = leaf_draft(&realm).replacing("1799999000", &u64::MAX.to_string());
    assert_eq!(realm.verify(&never).denied(), Code::TimeFuture);
}

#[test]
fn a_superseded_module_token() {
    let realm = Realm::new("old module");
    let newer = leaf_draft(&realm).iat(ISSUED + 1).sign();
    assert_eq!(realm.verify(&realm.leaf).with([&newer]).denied(), Code::Superseded);
    realm.verify(&newer).with([&realm.leaf]).allowed();
    // The account's other keys are the same side.
    let by_identity = module_token(&realm.module, &realm.account).iat(ISSUED + 1).sign();
    assert_eq!(realm.verify(&realm.leaf).with([&by_identity]).denied(), Code::Superseded);
    // At equal age both speak: a module's token lists no keys that could differ.
    let twin = leaf_draft(&realm).id(1).sign();
    realm.verify(&realm.leaf).with([&twin]).allowed();
}

#[test]
fn a_module_token_is_superseded_by_its_own_side_only() {
    let (realm, other) = (Realm::new("own side"), Realm::new("other side"));
    let drafts = [
        module_token(&realm.module, &other.account),
        module_token(&realm.module, &realm.operator_signer),
        module_token(&realm.module, &realm.module),
        module_token(&realm.module, &realm.account_signer.spelled(Role::User)),
        leaf_draft(&realm).by(&operator("nobody")),
    ];
    for draft in drafts {
        let newer = draft.iat(ISSUED + 1).sign();
        realm.verify(&realm.leaf).with([&newer, &other.root, &other.tenant]).trust(&other.operator).allowed();
    }
    let draft = leaf_draft(&realm).iat(ISSUED + 1);
    let badly_signed = draft.sign().with_signature_of(&draft.clone().id(1).sign());
    realm.verify(&realm.leaf).with([&badly_signed]).allowed();
    assert_eq!(realm.verify(&realm.leaf).with([&draft.sign()]).denied(), Code::Superseded);
}

#[test]
fn a_superseded_account_token() {
    let realm = Realm::new("old account");
    let newer = account_token(&realm.account, &realm.operator_signer).iat(ISSUED + 1).sign();
    assert_eq!(realm.verify(&realm.tenant).with([&newer]).denied(), Code::Superseded);
    realm.verify(&newer).with([&realm.tenant]).allowed();
    // The signing key is no longer listed; the identity speaks under either.
    assert_eq!(realm.verify(&realm.leaf).with([&newer]).denied(), Code::CodeIssuer);
    realm.verify(&module_token(&realm.module, &realm.account).sign()).with([&newer]).allowed();
}

#[test]
fn a_superseded_operator_token() {
    let realm = Realm::new("old operator");
    let second = operator("old operator second");
    let newer = operator_token(&realm.operator).lists([&second]).iat(ISSUED + 1).sign();
    assert_eq!(realm.verify(&realm.root).with([&newer]).denied(), Code::Superseded);
    realm.verify(&newer).with([&realm.root]).allowed();
    for target in [&realm.tenant, &realm.leaf] {
        assert_eq!(realm.verify(target).with([&newer]).denied(), Code::AccountIssuer);
    }
    let again = account_token(&realm.account, &second).lists([&realm.account_signer]).sign();
    realm.verify(&realm.leaf).with([&newer, &again]).allowed();
}

#[test]
fn an_operator_token_that_strict_refuses_is_not_there() {
    let realm = Realm::new("newest refused");
    // Without signing keys, or with the identity among them, it neither speaks nor replaces one that does.
    let emptied = operator_token(&realm.operator).iat(ISSUED + 1).sign();
    let mixed = operator_token(&realm.operator).lists([&realm.operator, &realm.operator_signer]);
    let mixed = mixed.iat(ISSUED + 1).sign();
    for (absent, code) in [(&emptied, Code::OperatorNoSigners), (&mixed, Code::OperatorListsIdentity)] {
        realm.verify(&realm.leaf).with([absent]).allowed();
        realm.verify(&realm.root).with([absent]).allowed();
        assert_eq!(realm.verify(absent).denied(), code);
    }
}

#[test]
fn of_tokens_of_one_second_only_common_keys_speak() {
    let realm = Realm::new("one second");
    let (shared, left, right) = (operator("shared"), operator("left"), operator("right"));
    let first = operator_token(&realm.operator).lists([&shared, &left]).sign();
    let second = operator_token(&realm.operator).lists([&right, &shared]).sign();
    let tenant_by = |key: &TestKey| account_token(&realm.account, key).sign();
    let by_shared = tenant_by(&shared);
    realm.verify_under(&by_shared, &first, &second).with([&by_shared]).allowed();
    for key in [&left, &right] {
        let tenant = tenant_by(key);
        assert_eq!(realm.verify_under(&tenant, &first, &second).denied(), Code::AccountIssuer);
    }
    realm.verify_under(&tenant_by(&left), &first, &first).allowed();
    // Either is the one that speaks.
    realm.verify_under(&first, &first, &second).allowed();
    realm.verify_under(&second, &first, &second).allowed();

    let nothing_shared = operator_token(&realm.operator).lists([&right]).sign();
    let only_left = operator_token(&realm.operator).lists([&left]).sign();
    let tenant = tenant_by(&left);
    let question = realm.verify_under(&tenant, &only_left, &nothing_shared);
    assert_eq!(question.denied(), Code::OperatorNoSigners);
    // By itself it still stands, and nothing that only the relaxed policy lets through is told of it.
    let allow = realm.verify_under(&only_left, &only_left, &nothing_shared).allowed();
    assert!(allow.notices().is_empty(), "{:?}", allow.notices());
}

#[test]
fn of_account_tokens_of_one_second_only_common_keys_speak() {
    let realm = Realm::new("one second account");
    let twin = account_token(&realm.account, &realm.operator_signer).id(1).sign();
    assert_eq!(realm.verify(&realm.leaf).with([&twin]).denied(), Code::CodeIssuer);
    realm.verify(&module_token(&realm.module, &realm.account).sign()).with([&twin]).allowed();
    let same = tenant_draft(&realm).id(1).sign();
    realm.verify(&realm.leaf).with([&same]).allowed();
}

#[test]
fn an_expired_newest_token_still_supersedes() {
    let realm = Realm::new("expired newest");
    let newest = |draft: Draft| draft.iat(ISSUED + 1).exp(AT).sign();
    let root = newest(root_draft(&realm));
    let tenant = newest(tenant_draft(&realm));
    for expired in [&root, &tenant] {
        let question = realm.verify(&realm.leaf).with([expired]);
        assert_eq!(question.clone().at(AT).denied(), Code::TimeExpired);
        question.at(AT - 1).allowed();
    }
    let leaf = newest(leaf_draft(&realm));
    assert_eq!(realm.verify(&realm.leaf).with([&leaf]).denied(), Code::Superseded);
}

#[test]
fn tokens_that_do_not_speak_yet_supersede_nothing() {
    let realm = Realm::new("early newest");
    let early = |draft: Draft| draft.iat(ISSUED + 1).nbf(AT + 1).sign();
    let ahead = |draft: Draft| draft.iat(AT + 301).sign();
    let unlisting_root = operator_token(&realm.operator).lists([&operator("unlisting")]);
    let unlisting_tenant = account_token(&realm.account, &realm.operator_signer);
    let drafts = [unlisting_root, unlisting_tenant, leaf_draft(&realm)];
    let expected = [Code::AccountIssuer, Code::CodeIssuer, Code::Superseded];
    for (draft, code) in drafts.into_iter().zip(expected) {
        for absent in [early(draft.clone()), ahead(draft.clone())] {
            realm.verify(&realm.leaf).with([&absent]).allowed();
            // A second later both speak, and take its place.
            assert_eq!(realm.verify(&realm.leaf).with([&absent]).at(AT + 1).denied(), code);
        }
    }
}

#[test]
fn an_account_token_is_superseded_by_its_operators_side_only() {
    let (realm, other) = (Realm::new("operator side"), Realm::new("other operator side"));
    let unlisting = |issuer: &TestKey| account_token(&realm.account, issuer).iat(ISSUED + 1).sign();
    let strangers: [Token; 4] = [
        unlisting(&other.operator_signer),
        unlisting(&operator("nobody")),
        unlisting(&realm.account),
        unlisting(&realm.operator),
    ];
    for stranger in &strangers {
        realm.verify(&realm.leaf).with([stranger, &other.root]).trust(&other.operator).allowed();
    }
    assert_eq!(realm.verify(&realm.leaf).with([&unlisting(&realm.operator_signer)]).denied(), Code::CodeIssuer);
}

#[test]
fn an_operators_newer_token_by_somebody_else_is_none() {
    let realm = Realm::new("false newest");
    let draft = operator_token(&realm.operator).lists([&operator("thief")]).iat(ISSUED + 1);
    let by_thief = draft.clone().by(&operator("thief")).sign();
    let badly_signed = draft.sign().with_signature_of(&draft.clone().id(1).sign());
    for newer in [&by_thief, &badly_signed] {
        realm.verify(&realm.leaf).with([newer]).allowed();
    }
    assert_eq!(realm.verify(&realm.leaf).with([&draft.sign()]).denied(), Code::AccountIssuer);
}

#[test]
fn a_window_that_ends_before_it_begins_supersedes_nothing_until_then() {
    let realm = Realm::new("backwards newest");
    for draft in [root_draft(&realm), tenant_draft(&realm), leaf_draft(&realm)] {
        let backwards = draft.iat(ISSUED + 1).nbf(AT + 1).exp(AT - 1).sign();
        realm.verify(&realm.leaf).with([&backwards]).allowed();
    }
}
