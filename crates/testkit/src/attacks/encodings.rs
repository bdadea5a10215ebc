//! Tokens that two readers read differently, and signatures that need no key.

use greatseal_core::key::{Nkey, RawKey, Role};
use greatseal_core::signature::Signature;

use super::Attack;
use crate::chain::{
    HEADER, Realm, Token, account_token, module_token, operator_token, provider, provider_token, segment, unchecked,
};

/// Makes the cases.
pub(super) fn cases() -> Vec<Attack> {
    [headers(), claims(), keyless()].into_iter().flatten().collect()
}

fn headers() -> Vec<Attack> {
    let realm = &Realm::new("attack headers");
    let draft = module_token(&realm.module, &realm.account_signer);
    let case = |id, description, header| Attack::new(id, description, Some("BAD_HEADER"), realm, &draft.under(header));
    vec![
        case("a20-header-array", "the header is an array", r#"["jwt","Ed25519"]"#),
        case("a21-header-crit", "a header with `crit`", r#"{"typ":"jwt","alg":"Ed25519","crit":["exp"]}"#),
        case("a22-header-jwk", "a header that brings its own key", r#"{"typ":"jwt","alg":"Ed25519","jwk":{}}"#),
        case(
            "a23-header-b64",
            "a header that says the claims are not encoded",
            r#"{"typ":"jwt","alg":"Ed25519","b64":false}"#,
        ),
        case("a24-header-none", "a header without a signature algorithm", r#"{"typ":"jwt","alg":"none"}"#),
    ]
}

fn claims() -> Vec<Attack> {
    let realm = &Realm::new("attack claims");
    let draft = module_token(&realm.module, &realm.account_signer);
    let cache = provider("attack cache");
    let provided = provider_token(&cache, &realm.account_signer);
    let hashes = r#""target_hashes":{}"#;
    let twice = r#""target_hashes":{"x86_64-linux":"AA","x86_64-linux":"BB"}"#;
    let array = format!(
        r#"[null,"1",1799999000,"{}","{}",null,["m","00",null,1,null,null,false],3]"#,
        realm.account_signer, realm.module
    );
    let case = |id, description, reason, token: &Token| Attack::new(id, description, Some(reason), realm, token);
    let duplicate = |id, description, token: &Token| case(id, description, "DUPLICATE_NAME", token);
    let root = operator_token(&realm.operator).lists([&realm.operator_signer]);
    let listed = format!(r#"["{}"]"#, realm.operator_signer);
    let junk = format!(r#"["{}","junk"]"#, realm.operator_signer);
    vec![
        case(
            "a25-claims-array",
            "the claims are an array",
            "NOT_STRICT_JSON",
            &unchecked(HEADER, &array, &realm.account_signer),
        ),
        duplicate("a26-unknown-claim-twice", "an unknown claim twice", &draft.adding(r#""x":1,"x":2"#)),
        duplicate(
            "a27-nested-name-twice",
            "a name twice inside an unknown claim",
            &draft.adding(r#""x":{"a":1,"a":2}"#),
        ),
        duplicate("a28-escaped-name-twice", "a name twice, once with an escape", &draft.adding(r#""x":1,"\u0078":2"#)),
        duplicate("a29-target-twice", "a target twice among a provider's hashes", &provided.replacing(hashes, twice)),
        Attack::new("a30-ok-provider", "the same provider, each target once", None, realm, &provided.sign()),
        Attack::new("a31-ok-unknown-claim", "an unknown claim, once", None, realm, &draft.adding(r#""x":{"a":1}"#)),
        case(
            "a32-subject-no-key",
            "a subject that is no key",
            "SUBJECT_NO_KEY",
            &draft.replacing(&realm.module.to_string(), "wasmcloud"),
        ),
        case(
            "a33-module-as-operator",
            "a module's fields under an operator's subject",
            "WRONG_ENTITY",
            &module_token(&realm.module, &realm.operator)
                .replacing(&realm.module.to_string(), &realm.operator.to_string()),
        ),
        case(
            "a34-junk-signer",
            "an entry among the signing keys that is no key",
            "SIGNING_KEY_NO_KEY",
            &root.replacing(&listed, &junk),
        ),
        case(
            "a35-succession",
            "a succession that a minority could decide",
            "SUCCESSION_MALFORMED",
            &root.adding(
                r#""greatseal":{"seq":0,"prev":null,"threshold":0,"next":null,"pair":true,"accounts":"countersigned"}"#,
            ),
        ),
        Attack::new("a36-ok-operator", "the same operator without it", None, realm, &root.sign()),
    ]
}

fn keyless() -> Vec<Attack> {
    let realm = &Realm::new("attack keyless");
    // The neutral element: y is 1, and every signature (neutral, 0) verifies without the cofactor.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let weak = Nkey::new(Role::Account, RawKey::new(neutral));
    let mut signature = [0; 64];
    signature[0] = 1;
    let claims = module_token(&realm.module, &realm.account_signer).json();
    let claims = claims.replace(&realm.account_signer.to_string(), &weak.to_string());
    let forged = Token::join(&format!("{}.{}", segment(HEADER), segment(claims)), &Signature::new(signature));
    let tenant = account_token(&realm.account, &realm.operator_signer).lists([&realm.account_signer]);
    let listing = tenant.replacing(&realm.account_signer.to_string(), &weak.to_string());
    vec![
        Attack::new(
            "a37-keyless-forgery",
            "the account lists a key of small order, under which anybody signs",
            Some("WEAK_KEY"),
            realm,
            &forged,
        )
        .accounts([listing.clone()]),
        Attack::new(
            "a38-ok-beside-a-weak-key",
            "the same account's identity issues as ever",
            None,
            realm,
            &module_token(&realm.module, &realm.account).sign(),
        )
        .accounts([listing]),
    ]
}
