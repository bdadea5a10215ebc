//! Who may issue what: by role, by listing, and never by itself.

use greatseal_core::Code;
use greatseal_core::key::Role;
use greatseal_testkit::chain::{
    Realm, Token, account, account_token, key, module, module_token, operator, operator_token, provider,
    provider_token, verify,
};
use wascap::jwt::{Account, CapabilityProvider, Component, Operator};

use crate::peer;

/// Roles whose keys can sign and must not issue code.
const NO_ACCOUNT: [Role; 6] = [Role::Operator, Role::User, Role::Host, Role::Provider, Role::Cluster, Role::Module];

#[test]
fn a_module_that_issues_itself() {
    let realm = Realm::new("self");
    let token = module_token(&realm.module, &realm.module).sign();
    assert!(peer::accepts::<Component>(&token));
    assert_eq!(realm.verify(&token).denied(), Code::CodeSelfIssued);
    realm.verify(&realm.leaf).allowed();
}

#[test]
fn a_module_that_issues_itself_as_a_listed_account_key() {
    let realm = Realm::new("self listed");
    let spelled = realm.module.spelled(Role::Account);
    let tenant = account_token(&realm.account, &realm.operator_signer).lists([&spelled]).sign();
    let token = module_token(&realm.module, &spelled).sign();
    assert!(peer::accepts::<Component>(&token));
    assert_eq!(realm.verify_under(&token, &realm.root, &tenant).denied(), Code::CodeSelfIssued);

    let other = module_token(&module("another"), &spelled).sign();
    realm.verify_under(&other, &realm.root, &tenant).allowed();
}

#[test]
fn a_provider_that_issues_itself() {
    let realm = Realm::new("self provider");
    let cache = provider("cache");
    let token = provider_token(&cache, &cache).sign();
    assert!(peer::accepts::<CapabilityProvider>(&token));
    assert_eq!(realm.verify(&token).denied(), Code::CodeSelfIssued);
    realm.verify(&provider_token(&cache, &realm.account).sign()).allowed();
}

#[test]
fn an_account_that_issues_itself() {
    let realm = Realm::new("self account");
    let tenant = account_token(&realm.account, &realm.account).lists([&realm.account_signer]).sign();
    assert!(peer::accepts::<Account>(&tenant));
    assert_eq!(realm.verify_under(&tenant, &realm.root, &tenant).denied(), Code::AccountIssuer);
    assert_eq!(realm.verify_under(&realm.leaf, &realm.root, &tenant).denied(), Code::AccountIssuer);
    realm.verify(&realm.tenant).allowed();
    realm.verify(&realm.leaf).allowed();
}

#[test]
fn an_account_that_issues_itself_as_an_operator_key() {
    let realm = Realm::new("self account spelled");
    let spelled = realm.account.spelled(Role::Operator);
    let tenant = account_token(&realm.account, &spelled).sign();
    assert!(peer::accepts::<Account>(&tenant));
    assert_eq!(realm.verify(&tenant).denied(), Code::AccountIssuer);

    // Listed, it may issue accounts: but not one that is the same key.
    let root = operator_token(&realm.operator).lists([&spelled]).sign();
    assert_eq!(realm.verify_under(&tenant, &root, &tenant).denied(), Code::KeyReused);
    let other = account_token(&account("another"), &spelled).sign();
    realm.verify_under(&other, &root, &other).allowed();
}

#[test]
fn a_module_issued_by_a_key_of_another_role() {
    let realm = Realm::new("roles");
    for role in NO_ACCOUNT {
        let token = module_token(&realm.module, &key(role, "issuer")).sign();
        assert!(peer::accepts::<Component>(&token), "{role}");
        assert_eq!(realm.verify(&token).denied(), Code::CodeIssuer, "{role}");
    }
    realm.verify(&realm.leaf).allowed();
}

#[test]
fn a_module_issued_by_a_key_agreement_key() {
    let realm = Realm::new("curve");
    let token = module_token(&realm.module, &realm.account).replacing(
        &format!(r#""iss":"{}""#, realm.account),
        &format!(r#""iss":"{}""#, realm.account.spelled(Role::Curve)),
    );
    assert!(peer::accepts::<Component>(&token));
    assert_eq!(realm.verify(&token).denied(), Code::KeyRole);
    realm.verify(&module_token(&realm.module, &realm.account).sign()).allowed();
}

#[test]
fn a_module_issued_by_the_operator() {
    let realm = Realm::new("operator code");
    for issuer in [&realm.operator, &realm.operator_signer] {
        let token = module_token(&realm.module, issuer).sign();
        assert!(peer::accepts::<Component>(&token));
        assert_eq!(realm.verify(&token).denied(), Code::CodeIssuer);
    }
    realm.verify(&realm.leaf).allowed();
}

#[test]
fn a_module_issued_by_its_accounts_key_under_another_letter() {
    let realm = Realm::new("letters");
    for role in NO_ACCOUNT {
        for issuer in [&realm.account, &realm.account_signer] {
            let token = module_token(&realm.module, &issuer.spelled(role)).sign();
            assert!(peer::accepts::<Component>(&token), "{role}");
            assert_eq!(realm.verify(&token).denied(), Code::CodeIssuer, "{role}");
        }
    }
    for issuer in [&realm.account, &realm.account_signer] {
        realm.verify(&module_token(&realm.module, issuer).sign()).allowed();
    }
}

#[test]
fn a_module_issued_by_an_account_that_nobody_made() {
    let realm = Realm::new("nobody");
    let stranger = account("stranger");
    let token = module_token(&realm.module, &stranger).sign();
    assert!(peer::accepts::<Component>(&token));
    assert_eq!(realm.verify(&token).denied(), Code::CodeIssuer);
    let made = account_token(&stranger, &realm.operator_signer).sign();
    realm.verify(&token).with([&made]).allowed();
}

#[test]
fn an_account_issued_by_the_operators_identity() {
    let realm = Realm::new("identity");
    let tenant = account_token(&realm.account, &realm.operator).lists([&realm.account_signer]).sign();
    assert!(peer::accepts::<Account>(&tenant));
    assert_eq!(realm.verify_under(&tenant, &realm.root, &tenant).denied(), Code::AccountByIdentity);
    assert_eq!(realm.verify_under(&realm.leaf, &realm.root, &tenant).denied(), Code::AccountByIdentity);
    realm.verify(&realm.tenant).allowed();
}

#[test]
fn an_operator_that_lists_its_identity() {
    let realm = Realm::new("listed identity");
    let root = operator_token(&realm.operator).lists([&realm.operator_signer, &realm.operator]).sign();
    assert!(peer::accepts::<Operator>(&root));
    assert_eq!(realm.verify_under(&root, &root, &realm.tenant).denied(), Code::OperatorListsIdentity);
    assert_eq!(realm.verify_under(&realm.tenant, &root, &realm.tenant).denied(), Code::OperatorListsIdentity);
    // Told as what the listing was for, where it was used.
    let tenant = account_token(&realm.account, &realm.operator).sign();
    assert_eq!(realm.verify_under(&tenant, &root, &tenant).denied(), Code::AccountByIdentity);
    realm.verify(&realm.root).allowed();
}

#[test]
fn an_operator_without_signing_keys() {
    let realm = Realm::new("no signers");
    let root = operator_token(&realm.operator).sign();
    assert_eq!(realm.verify_under(&root, &root, &realm.tenant).denied(), Code::OperatorNoSigners);
    assert_eq!(realm.verify_under(&realm.leaf, &root, &realm.tenant).denied(), Code::OperatorNoSigners);
    realm.verify(&realm.root).allowed();
}

#[test]
fn an_account_issued_by_a_listed_key_under_another_letter() {
    let realm = Realm::new("account letters");
    for role in [Role::Account, Role::Module, Role::User, Role::Host, Role::Provider, Role::Cluster] {
        let tenant = account_token(&realm.account, &realm.operator_signer.spelled(role)).sign();
        assert!(peer::accepts::<Account>(&tenant), "{role}");
        assert_eq!(realm.verify_under(&tenant, &realm.root, &tenant).denied(), Code::AccountIssuer, "{role}");
    }
    realm.verify(&realm.tenant).allowed();
}

#[test]
fn an_account_issued_by_an_unlisted_key() {
    let realm = Realm::new("unlisted");
    let tenant = account_token(&realm.account, &operator("unlisted stranger")).sign();
    assert_eq!(realm.verify_under(&tenant, &realm.root, &tenant).denied(), Code::AccountIssuer);
    realm.verify(&realm.tenant).allowed();
}

#[test]
fn an_operator_issued_by_another() {
    let realm = Realm::new("issued operator");
    let root = operator_token(&realm.operator).lists([&realm.operator_signer]).by(&operator("above")).sign();
    assert!(peer::accepts::<Operator>(&root));
    assert_eq!(realm.verify_under(&root, &root, &realm.tenant).denied(), Code::OperatorNotSelfIssued);
    assert_eq!(realm.verify_under(&realm.leaf, &root, &realm.tenant).denied(), Code::OperatorNotSelfIssued);
    realm.verify(&realm.root).allowed();
}

#[test]
fn an_operator_that_issues_itself_under_another_letter() {
    let realm = Realm::new("operator letters");
    for role in [Role::Account, Role::Module, Role::User, Role::Host, Role::Provider, Role::Cluster] {
        let draft = operator_token(&realm.operator).lists([&realm.operator_signer]);
        let root = draft.by(&realm.operator.spelled(role)).sign();
        assert!(peer::accepts::<Operator>(&root), "{role}");
        assert_eq!(realm.verify_under(&root, &root, &realm.tenant).denied(), Code::OperatorNotSelfIssued, "{role}");
        assert_eq!(realm.verify_under(&realm.leaf, &root, &realm.tenant).denied(), Code::OperatorNotSelfIssued);
    }
    realm.verify(&realm.leaf).allowed();
}

#[test]
fn an_operator_that_nobody_trusts() {
    let (realm, other) = (Realm::new("untrusted"), Realm::new("trusted"));
    let supplied = [&realm.root, &realm.tenant];
    for target in [&realm.root, &realm.tenant, &realm.leaf] {
        let question = verify(target).with(supplied);
        assert_eq!(question.denied(), Code::OperatorUntrusted);
        assert_eq!(question.clone().trust(&other.operator).denied(), Code::OperatorUntrusted);
        question.trust(&realm.operator).allowed();
    }
}

#[test]
fn an_account_trusted_as_an_operator_by_its_raw_key() {
    let realm = Realm::new("raw anchor");
    for key in [&realm.account, &realm.account_signer, &realm.operator_signer] {
        let question = verify(&realm.leaf).with([&realm.root, &realm.tenant]);
        assert_eq!(question.trust(&key.spelled(Role::Operator)).denied(), Code::OperatorUntrusted);
    }
    realm.verify(&realm.leaf).allowed();
}

#[test]
fn a_module_token_read_as_an_operators() {
    let realm = Realm::new("entities");
    // The claims of a module about the operator: without `valid_signers` a lax reader fills it in.
    let draft = module_token(&realm.module, &realm.operator);
    let disguised = draft.replacing(&realm.module.to_string(), &realm.operator.to_string());
    assert!(peer::accepts::<Operator>(&disguised));
    assert_eq!(realm.verify_under(&disguised, &disguised, &realm.tenant).denied(), Code::ClaimsEntity);

    // A genuine module's token is no operator's either, whoever asks for one.
    assert!(peer::accepts::<Operator>(&realm.leaf));
    assert_eq!(realm.verify_under(&realm.tenant, &realm.leaf, &realm.tenant).denied(), Code::ChainIncomplete);
    realm.verify(&realm.tenant).allowed();
}

#[test]
fn claims_of_one_kind_with_the_fields_of_another() {
    let realm = Realm::new("mixed fields");
    let hash = r#""hash":"E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855""#;
    let listing = r#""valid_signers":[]"#;
    let mixed: [Token; 3] = [
        account_token(&realm.account, &realm.operator_signer).replacing(listing, &format!("{listing},{hash}")),
        operator_token(&realm.operator).replacing(listing, &format!(r#"{listing},"vendor":"acme""#)),
        module_token(&realm.module, &realm.account).replacing(hash, &format!("{hash},{listing}")),
    ];
    assert!(peer::accepts::<Component>(&mixed[0]) && peer::accepts::<Account>(&mixed[0]));
    assert!(peer::accepts::<Component>(&mixed[2]) && peer::accepts::<Operator>(&mixed[2]));
    for token in &mixed {
        assert_eq!(realm.verify(token).denied(), Code::ClaimsEntity);
    }
    realm.verify(&module_token(&realm.module, &realm.account).sign()).allowed();
}

#[test]
fn subjects_that_are_no_key() {
    let realm = Realm::new("subjects");
    let lower = realm.module.to_string().to_lowercase();
    for subject in ["wasmcloud", "MAAA", &lower, &format!("{}=", realm.module), &realm.module.to_string()[..55]] {
        let draft = module_token(&realm.module, &realm.account);
        let token = draft.replacing(&realm.module.to_string(), subject);
        assert!(peer::accepts::<Component>(&token), "{subject}");
        assert_eq!(realm.verify(&token).denied(), Code::ClaimsSubject, "{subject}");
    }
    realm.verify(&module_token(&realm.module, &realm.account).sign()).allowed();
}

#[test]
fn subjects_of_a_role_that_has_no_such_claims() {
    let realm = Realm::new("subject roles");
    for role in [Role::User, Role::Curve, Role::Operator, Role::Account, Role::Provider, Role::Host, Role::Cluster] {
        let draft = module_token(&realm.module, &realm.account);
        let token = draft.replacing(&realm.module.to_string(), &realm.module.spelled(role).to_string());
        assert!(peer::accepts::<Component>(&token), "{role}");
        assert_eq!(realm.verify(&token).denied(), Code::ClaimsEntity, "{role}");
    }
    realm.verify(&module_token(&realm.module, &realm.account).sign()).allowed();
}

#[test]
fn junk_among_the_signing_keys() {
    let realm = Realm::new("junk");
    let seed = "SOAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H2AJA";
    let lower = realm.operator_signer.to_string().to_lowercase();
    let letters =
        [Role::Account, Role::User, Role::Module, Role::Curve].map(|role| realm.operator_signer.spelled(role));
    let mut junk = vec!["", "junk", seed, &lower];
    let letters = letters.map(|key| key.to_string());
    junk.extend(letters.iter().map(String::as_str));
    for entry in junk {
        let draft = operator_token(&realm.operator).lists([&realm.operator_signer]);
        let good = format!(r#""{}""#, realm.operator_signer);
        let root = draft.replacing(&format!("[{good}]"), &format!(r#"[{good},"{entry}"]"#));
        assert!(peer::accepts::<Operator>(&root), "{entry}");
        assert_eq!(realm.verify_under(&root, &root, &realm.tenant).denied(), Code::ClaimsSigners, "{entry}");
        // A listing that cannot be read is none.
        assert_eq!(realm.verify_under(&realm.tenant, &root, &realm.tenant).denied(), Code::ChainIncomplete);
    }
    realm.verify(&realm.tenant).allowed();

    let draft = account_token(&realm.account, &realm.operator_signer).lists([&realm.account_signer]);
    let spelled = realm.account_signer.spelled(Role::Operator).to_string();
    let tenant = draft.replacing(&realm.account_signer.to_string(), &spelled);
    assert!(peer::accepts::<Account>(&tenant));
    assert_eq!(realm.verify(&tenant).denied(), Code::ClaimsSigners);
}
