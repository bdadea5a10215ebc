//! Trust in accounts, and in exactly one token.

use greatseal_core::anchor::Anchored;
use greatseal_core::{Code, Decision};
use greatseal_testkit::chain::{
    AT, ISSUED, Realm, Token, account, account_token, module_token, operator, operator_token, provider, provider_token,
    verify,
};
use greatseal_token::wascap::pin;

#[test]
fn nothing_is_believed_without_an_anchor() {
    let realm = Realm::new("no anchor");
    for target in [&realm.root, &realm.tenant, &realm.leaf] {
        let question = verify(target).with([&realm.root, &realm.tenant, &realm.leaf]);
        assert_eq!(question.denied(), Code::OperatorUntrusted);
        assert_eq!(question.trust(&realm.operator).allowed().anchored(), Anchored::Key);
    }
}

#[test]
fn a_bare_account_key_issues_by_itself() {
    let realm = Realm::new("bare account");
    for token in [
        module_token(&realm.module, &realm.account).sign(),
        provider_token(&provider("bare account"), &realm.account).sign(),
    ] {
        let allow = verify(&token).trust(&realm.account).allowed();
        assert_eq!(allow.chain().len(), 1);
        assert_eq!(allow.anchored(), Anchored::Key);
        assert_eq!(verify(&token).trust(&account("another")).denied(), Code::ChainIncomplete);
    }
}

#[test]
fn a_bare_account_key_has_no_listing() {
    let realm = Realm::new("bare listing");
    // The listing was made by an operator, and operators play no part.
    let question = verify(&realm.leaf).with([&realm.root, &realm.tenant]);
    assert_eq!(question.clone().trust(&realm.account).denied(), Code::CodeIssuer);
    question.clone().trust(&realm.operator).allowed();
    question.trust(&realm.account).trust(&realm.operator).allowed();
}

#[test]
fn a_bare_account_key_says_nothing_about_its_own_token() {
    let realm = Realm::new("bare token");
    let question = verify(&realm.tenant).with([&realm.root]);
    assert_eq!(question.clone().trust(&realm.account).denied(), Code::OperatorUntrusted);
    question.trust(&realm.operator).allowed();
}

#[test]
fn rules_about_code_hold_under_a_bare_account_key() {
    let realm = Realm::new("bare rules");
    let ask = |token: &Token| verify(token).trust(&realm.account);
    let itself = module_token(&realm.account.spelled(greatseal_core::key::Role::Module), &realm.account).sign();
    assert_eq!(ask(&itself).denied(), Code::CodeSelfIssued);
    let token = module_token(&realm.module, &realm.account).sign();
    let newer = module_token(&realm.module, &realm.account).iat(ISSUED + 1).sign();
    assert_eq!(ask(&token).with([&newer]).denied(), Code::Superseded);
    let expired = module_token(&realm.module, &realm.account).exp(AT).sign();
    assert_eq!(ask(&expired).denied(), Code::TimeExpired);
    ask(&token).allowed();
}

#[test]
fn a_pinned_account_token_speaks_with_its_listing() {
    let realm = Realm::new("pinned account");
    let allow = verify(&realm.leaf).pin(&realm.tenant).allowed();
    assert_eq!(allow.anchored(), Anchored::Token);
    assert_eq!(allow.chain().len(), 2);
    assert_eq!(allow.chain()[0].id, realm.tenant.id());
    assert_eq!(verify(&realm.tenant).pin(&realm.tenant).allowed().chain().len(), 1);

    // Operators play no part: this one was issued by nobody in particular.
    let orphan = account_token(&realm.account, &operator("nobody")).lists([&realm.account_signer]).sign();
    verify(&realm.leaf).pin(&orphan).allowed();
    assert_eq!(verify(&realm.leaf).with([&orphan]).trust(&realm.operator).denied(), Code::ChainIncomplete);
}

#[test]
fn only_the_pinned_account_token_speaks() {
    let realm = Realm::new("only pinned");
    let bare = account_token(&realm.account, &realm.operator_signer).sign();
    let question = verify(&realm.leaf).pin(&bare).with([&realm.root, &realm.tenant]);
    assert_eq!(question.denied(), Code::CodeIssuer);
    verify(&module_token(&realm.module, &realm.account).sign()).pin(&bare).allowed();

    let newer = account_token(&realm.account, &realm.operator_signer).iat(ISSUED + 1).sign();
    verify(&realm.leaf).pin(&realm.tenant).with([&realm.root, &newer]).allowed();
    // A pin without its token trusts nobody.
    let question = verify(&realm.leaf).anchor(realm.tenant.pin());
    assert_eq!(question.clone().with([&bare]).denied(), Code::CodeIssuer);
    question.with([&realm.tenant]).allowed();
}

#[test]
fn a_pinned_account_token_has_to_be_good() {
    let realm = Realm::new("bad pin");
    let draft = account_token(&realm.account, &realm.operator_signer).lists([&realm.account_signer]);
    let expired = draft.clone().exp(AT).sign();
    assert_eq!(verify(&realm.leaf).pin(&expired).denied(), Code::TimeExpired);
    verify(&realm.leaf).pin(&expired).at(AT - 1).allowed();
    assert_eq!(verify(&realm.leaf).pin(&draft.clone().nbf(AT + 1).sign()).denied(), Code::TimeEarly);
    // The statement is pinned; under a signature that is not its issuer's it is nobody's.
    let forged = realm.tenant.with_signature_of(&realm.root);
    assert_eq!(verify(&realm.leaf).pin(&forged).denied(), Code::SignatureInvalid);
    verify(&realm.leaf).pin(&realm.tenant).allowed();
}

#[test]
fn a_copy_under_a_bad_signature_takes_nothing_from_a_pin() {
    let realm = Realm::new("pinned copies");
    let root = realm.root.with_signature_of(&realm.leaf);
    let tenant = realm.tenant.with_signature_of(&realm.leaf);
    for with in [[&root, &tenant, &realm.root, &realm.tenant], [&realm.root, &realm.tenant, &root, &tenant]] {
        verify(&realm.leaf).with(with).anchor(realm.tenant.pin()).allowed();
        verify(&realm.leaf).with(with).anchor(realm.root.pin()).allowed();
        verify(&realm.tenant).with(with).anchor(realm.tenant.pin()).allowed();
        verify(&realm.root).with(with).anchor(realm.root.pin()).allowed();
        realm.verify(&realm.leaf).with(with).allowed();
    }
    assert_eq!(verify(&tenant).pin(&realm.tenant).denied(), Code::SignatureInvalid);
    assert_eq!(verify(&root).pin(&realm.root).denied(), Code::SignatureInvalid);
    assert_eq!(verify(&realm.leaf).with([&tenant]).anchor(realm.tenant.pin()).denied(), Code::SignatureInvalid);
}

#[test]
fn what_a_pinned_account_token_lacks_is_told_of_itself() {
    let realm = Realm::new("pinned target");
    let draft = account_token(&realm.account, &operator("nobody"));
    for (token, code) in [
        (draft.clone().exp(AT).sign(), Code::TimeExpired),
        (draft.clone().nbf(AT + 1).sign(), Code::TimeEarly),
        (draft.clone().iat(AT + 301).sign(), Code::TimeFuture),
    ] {
        assert_eq!(verify(&token).pin(&token).denied(), code);
        let among = verify(&token).pin(&token).with([&realm.root, &realm.tenant]).trust(&realm.operator);
        assert_eq!(among.denied(), code);
    }
    verify(&draft.sign()).pin(&draft.sign()).allowed();
}

#[test]
fn a_pinned_operator_token_speaks_though_there_is_a_newer_one() {
    let realm = Realm::new("pinned operator");
    let newer = operator_token(&realm.operator).lists([&operator("new")]).iat(ISSUED + 1).sign();
    let allow = verify(&realm.leaf).pin(&realm.root).with([&realm.tenant, &newer]).allowed();
    assert_eq!(allow.anchored(), Anchored::Token);
    assert_eq!(allow.chain()[0].id, realm.root.id());
    let question = verify(&realm.leaf).with([&realm.root, &realm.tenant, &newer]);
    assert_eq!(question.trust(&realm.operator).denied(), Code::AccountIssuer);
}

#[test]
fn a_thief_of_the_identity_gets_nothing_from_a_pin() {
    let realm = Realm::new("pinned thief");
    let thief = operator("thief of a pinned identity");
    let taken = operator_token(&realm.operator).lists([&thief]).iat(ISSUED + 1).sign();
    let tenant = account_token(&realm.account, &thief).lists([&realm.account_signer]).sign();
    let supplied = [&taken, &tenant];
    assert_eq!(verify(&tenant).with(supplied).pin(&realm.root).denied(), Code::AccountIssuer);
    assert_eq!(verify(&taken).with(supplied).pin(&realm.root).denied(), Code::SuccessionUnknown);
    // Under the bare key the thief has everything, as is said of it.
    verify(&tenant).with(supplied).trust(&realm.operator).allowed();
}

#[test]
fn a_pinned_operator_token_has_to_be_good() {
    let realm = Realm::new("bad operator pin");
    let draft = operator_token(&realm.operator).lists([&realm.operator_signer]);
    let ask = |root: &Token| verify(&realm.leaf).pin(root).with([&realm.tenant]);
    assert_eq!(ask(&draft.clone().exp(AT).sign()).denied(), Code::TimeExpired);
    assert_eq!(ask(&draft.clone().nbf(AT + 1).sign()).denied(), Code::TimeEarly);
    assert_eq!(ask(&operator_token(&realm.operator).sign()).denied(), Code::OperatorNoSigners);
    assert_eq!(ask(&draft.clone().by(&operator("other")).sign()).denied(), Code::OperatorNotSelfIssued);
    assert_eq!(ask(&realm.root.with_signature_of(&realm.tenant)).denied(), Code::SignatureInvalid);
    ask(&draft.sign()).allowed();
}

#[test]
fn only_operators_and_accounts_are_pinned() {
    let realm = Realm::new("pins");
    let code = [realm.leaf.clone(), provider_token(&provider("pins"), &realm.account).sign()];
    assert!(code.iter().all(|token| pin(&token.decoded()).is_none()));
    assert!([&realm.root, &realm.tenant].into_iter().all(|token| pin(&token.decoded()).is_some()));
}

#[test]
fn an_operator_trusted_twice_shows_the_token_that_lists_the_issuer() {
    let realm = Realm::new("trusted twice");
    let fresh = operator("trusted twice, fresh signer");
    let newer = operator_token(&realm.operator).lists([&fresh]).iat(ISSUED + 1).sign();
    // The older account token stands on the pinned token, the newer one on what the bare key says now.
    let tenant = account_token(&realm.account, &fresh).lists([&realm.account_signer]).iat(ISSUED + 1).sign();
    let tokens = [&realm.tenant, &tenant];
    for with in [tokens, [tokens[1], tokens[0]]] {
        let question = verify(&realm.leaf).pin(&realm.root).trust(&realm.operator).with([&newer]).with(with);
        let allow = question.allowed();
        let ids: Vec<_> = allow.chain().iter().map(|link| link.id).collect();
        assert_eq!(ids, [newer.id(), tenant.id(), realm.leaf.id()]);
        assert_eq!(allow.anchored(), Anchored::Key);
    }
    // Of account tokens of one second each stands on its own.
    let twin = account_token(&realm.account, &fresh).lists([&realm.account_signer]).sign();
    for (token, root) in [(&realm.tenant, &realm.root), (&twin, &newer)] {
        let allow =
            verify(token).pin(&realm.root).trust(&realm.operator).with([&newer, &realm.tenant, &twin]).allowed();
        let ids: Vec<_> = allow.chain().iter().map(|link| link.id).collect();
        assert_eq!(ids, [root.id(), token.id()]);
    }
}

#[test]
fn an_account_under_two_operators_is_decided_alike_in_any_order() {
    let (realm, other) = (Realm::new("two parents"), Realm::new("two parents, the other"));
    let second = account("two parents, second signer");
    let elsewhere =
        account_token(&realm.account, &other.operator_signer).lists([&realm.account_signer, &second]).sign();
    // Newer, by a key that only one of the parents knows of.
    let newer = module_token(&realm.module, &second).iat(ISSUED + 1).sign();
    let supplied = [&realm.root, &other.root, &newer];
    let ask = |accounts: [&Token; 2]| {
        let question = verify(&realm.leaf).with(supplied).with(accounts).trust(&realm.operator).trust(&other.operator);
        matches!(question.decide(), Decision::Allow(_))
    };
    assert_eq!(ask([&realm.tenant, &elsewhere]), ask([&elsewhere, &realm.tenant]));
}
