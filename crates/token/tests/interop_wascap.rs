//! Both ways with the published wascap 0.16.2 and nkeys 0.4: the same bytes, and the same meaning.
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_types, reason = "their types hold maps of the other kind")]

use std::collections::{BTreeMap, HashMap};

use data_encoding::HEXUPPER;
use greatseal_core::issue::Signable;
use greatseal_core::key::{Nkey, Role};
use greatseal_core::time::{Timestamp, Validity};
use greatseal_testkit::chain::{
    AT, Draft, ISSUED, Realm, TestKey, Token, account_token, claims_token, key, module, module_token, operator_token,
    provider, provider_token, verify_module,
};
use greatseal_testkit::wasm::sample;
use greatseal_token::wascap::module::{embed, strip};
use greatseal_token::wascap::{self as ours, Entity, Host, Invocation, Listing};
use nkeys::{KeyPair, KeyPairType};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use wascap::jwt::{
    Account, CapabilityProvider, Claims, Cluster, Component, Host as TheirHost, Invocation as TheirInvocation,
    Operator, WascapEntity, validate_token,
};

const ROLES: [(Role, KeyPairType); 8] = [
    (Role::Operator, KeyPairType::Operator),
    (Role::Account, KeyPairType::Account),
    (Role::User, KeyPairType::User),
    (Role::Module, KeyPairType::Module),
    (Role::Provider, KeyPairType::Service),
    (Role::Host, KeyPairType::Server),
    (Role::Cluster, KeyPairType::Cluster),
    (Role::Curve, KeyPairType::Curve),
];

/// The same key on their side.
fn their(key: &TestKey) -> KeyPair {
    let (_, kind) = ROLES.iter().find(|(role, _)| *role == key.role()).unwrap();
    KeyPair::new_from_raw(kind.clone(), key.seed()).unwrap()
}

/// Issues the claims on their side.
fn issue<T: Serialize + DeserializeOwned + WascapEntity>(claims: &Claims<T>, signer: &TestKey) -> Token {
    Token::new(claims.encode(&their(signer)).unwrap())
}

/// Reads what they issued, writes and signs it on our side, and expects the same token.
#[track_caller]
fn written_alike(token: &Token, signer: &TestKey) -> ours::Claims {
    let claims = token.decoded().content().clone();
    let unsigned = ours::encode(&claims).unwrap();
    let request = unsigned.request();
    assert_eq!(String::from_utf8_lossy(request.message()), token.signed());
    let signature = signer.answer(&request);
    assert_eq!(ours::Claims::assemble(request.message(), &signature), token.bytes());
    claims
}

/// Issues on our side, and expects them to find it good and to write it alike.
#[track_caller]
fn read_alike<T: Serialize + DeserializeOwned + WascapEntity>(draft: &Draft, signer: &TestKey) -> Claims<T> {
    let token = draft.sign();
    let validation = validate_token::<T>(token.text()).unwrap();
    assert!(validation.signature_valid);
    let claims = Claims::<T>::decode(token.text()).unwrap();
    assert_eq!(issue(&claims, signer).text(), token.text());

    let terms = &draft.claims().terms;
    assert_eq!(claims.id, terms.id.as_str());
    assert_eq!(Timestamp::from_secs(claims.issued_at), terms.issued_at);
    assert_eq!(claims.not_before.map(Timestamp::from_secs), terms.validity.not_before);
    assert_eq!(claims.expires.map(Timestamp::from_secs), terms.validity.expires);
    assert_eq!(claims.issuer, draft.claims().issuer.to_string());
    assert_eq!(claims.subject, draft.claims().entity.subject_text());
    claims
}

/// Every combination of the two dates.
fn dates() -> [(Option<u64>, Option<u64>); 4] {
    [(None, None), (Some(ISSUED), None), (None, Some(AT)), (Some(ISSUED), Some(AT))]
}

fn dated(draft: &Draft) -> [Draft; 4] {
    let draft = draft.clone();
    [draft.clone(), draft.clone().nbf(ISSUED), draft.clone().exp(AT), draft.nbf(ISSUED).exp(AT)]
}

#[test]
fn operators_they_issue_are_written_alike() {
    let realm = Realm::new("their operator");
    for (not_before, expires) in dates() {
        let (identity, signer) = (realm.operator.to_string(), realm.operator_signer.to_string());
        let claims = Claims::<Operator>::with_dates(
            "Acme \"Root\" \u{e9}\u{1f512}\n".into(),
            identity.clone(),
            identity,
            not_before,
            expires,
            vec![signer],
        );
        let read = written_alike(&issue(&claims, &realm.operator), &realm.operator);
        assert_eq!(read.terms.validity.expires.map(Timestamp::as_secs), expires);
        assert_eq!(read.entity.signers(), [realm.operator_signer.nkey()]);
        assert_eq!(read.entity.name(), claims.metadata.unwrap().name.as_deref());
        assert_eq!(read.revision, Some(3));
    }
}

#[test]
fn accounts_they_issue_are_written_alike() {
    let realm = Realm::new("their account");
    for (not_before, expires) in dates() {
        let (issuer, subject) = (realm.operator_signer.to_string(), realm.account.to_string());
        let claims = Claims::<Account>::with_dates("shop".into(), issuer, subject, not_before, expires, vec![]);
        written_alike(&issue(&claims, &realm.operator_signer), &realm.operator_signer);
    }
    // Their builder leaves names and listings out, and writes both as null.
    let mut builder = wascap::prelude::ClaimsBuilder::<Account>::new();
    builder.issuer(&realm.operator_signer.to_string()).subject(&realm.account.to_string());
    let untyped = written_alike(&issue(&builder.build(), &realm.operator_signer), &realm.operator_signer);
    assert!(matches!(untyped.entity, Entity::Untyped { .. }));
    let claims = builder.with_metadata(Account { name: None, valid_signers: None }).build();
    let read = written_alike(&issue(&claims, &realm.operator_signer), &realm.operator_signer);
    assert!(matches!(read.entity, Entity::Account(Listing { name: None, signers: None, .. })));
    assert_eq!(read.revision, None);
}

#[test]
fn components_they_issue_are_written_alike() {
    let realm = Realm::new("their component");
    let texts = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect());
    let shapes = [
        Component { module_hash: "AA".into(), ..Component::default() },
        Component {
            name: Some("ledger".into()),
            module_hash: "E3B0".into(),
            tags: texts(&["a", "<b>&\u{2028}"]),
            rev: Some(-1),
            ver: Some("0.1.0".into()),
            call_alias: Some("ledger_alias".into()),
            provider: true,
        },
        Component { tags: texts(&[]), rev: Some(i32::MAX), ..Component::default() },
    ];
    for shape in shapes {
        let mut builder = wascap::prelude::ClaimsBuilder::<Component>::new();
        builder.issuer(&realm.account.to_string()).subject(&realm.module.to_string()).with_metadata(shape.clone());
        let read = written_alike(&issue(&builder.build(), &realm.account), &realm.account);
        let Entity::Module(read) = read.entity else { panic!("a component is a module") };
        assert_eq!(read.name, shape.name);
        assert_eq!(read.hash, shape.module_hash);
        assert_eq!((read.tags, read.caps), (shape.tags, None));
        assert_eq!((read.rev, read.ver, read.call_alias), (shape.rev, shape.ver, shape.call_alias));
        assert_eq!(read.provider, shape.provider);
    }
    for alias in ["Led ger", " a.b-c ", "\u{c4}lias", "Up_Per"] {
        let claims = Claims::<Component>::new(
            "n".into(),
            realm.account.to_string(),
            realm.module.to_string(),
            None,
            false,
            None,
            None,
            Some(alias.into()),
        );
        assert_eq!(claims.metadata.unwrap().call_alias, Some(ours::Module::normal_alias(alias)), "{alias}");
    }
}

#[test]
fn providers_they_issue_are_written_alike() {
    let realm = Realm::new("their provider");
    let cache = provider("their cache");
    let shapes = [
        CapabilityProvider { vendor: "acme".into(), ..CapabilityProvider::default() },
        CapabilityProvider {
            name: Some("cache".into()),
            vendor: "acme".into(),
            rev: Some(7),
            ver: Some("1".into()),
            target_hashes: HashMap::from([("x86_64-linux".into(), "AB".into())]),
            config_schema: Some(json!({ "type": "object", "properties": { "b": [1, -2, true, null, "x"], "a": {} } })),
        },
    ];
    for shape in shapes {
        let claims = Claims::<CapabilityProvider>::with_provider(
            realm.account.to_string(),
            cache.to_string(),
            Some(ISSUED),
            Some(AT),
            shape.clone(),
        );
        let read = written_alike(&issue(&claims, &realm.account), &realm.account);
        let Entity::Provider(read) = read.entity else { panic!("it is a provider") };
        assert_eq!((read.name, read.vendor, read.rev, read.ver), (shape.name, shape.vendor, shape.rev, shape.ver));
        assert_eq!(read.target_hashes.into_iter().collect::<HashMap<_, _>>(), shape.target_hashes);
        assert_eq!(read.config_schema, shape.config_schema);
    }
}

#[test]
fn clusters_hosts_and_invocations_they_issue_are_written_alike() {
    let realm = Realm::new("their others");
    let (cluster, host) = (key(Role::Cluster, "their cluster"), key(Role::Host, "their host"));
    let claims = Claims::<Cluster>::new(
        "c".into(),
        realm.account.to_string(),
        cluster.to_string(),
        vec![key(Role::Cluster, "their cluster signer").to_string()],
    );
    assert!(matches!(written_alike(&issue(&claims, &realm.account), &realm.account).entity, Entity::Cluster(_)));
    for labels in [None, Some(HashMap::from([("zone".to_owned(), "eu".to_owned())]))] {
        let claims = Claims::<TheirHost>::new("h".into(), realm.account.to_string(), host.to_string(), labels);
        assert!(matches!(written_alike(&issue(&claims, &realm.account), &realm.account).entity, Entity::Host(_)));
    }
    let claims = Claims::<TheirInvocation>::new(host.to_string(), "an id".into(), "wasmbus://a", "wasmbus://b", "AA");
    assert!(matches!(written_alike(&issue(&claims, &host), &host).entity, Entity::Invocation(_)));
}

#[test]
fn operators_and_accounts_we_issue_are_read_alike() {
    let realm = Realm::new("our listings");
    for draft in dated(&operator_token(&realm.operator).lists([&realm.operator_signer, &realm.operator_signer])) {
        let claims = read_alike::<Operator>(&draft, &realm.operator).metadata.unwrap();
        assert_eq!(claims.name.as_deref(), draft.claims().entity.name());
        assert_eq!(claims.valid_signers.unwrap(), vec![realm.operator_signer.to_string(); 2]);
    }
    for draft in dated(&account_token(&realm.account, &realm.operator_signer)) {
        let claims = read_alike::<Account>(&draft, &realm.operator_signer).metadata.unwrap();
        assert_eq!(claims.valid_signers, Some(vec![]));
    }
    let unnamed = Listing { subject: realm.account.typed(), name: None, signers: None };
    let draft = claims_token(Entity::Account(unnamed), &realm.operator_signer);
    let claims = read_alike::<Account>(&draft, &realm.operator_signer).metadata.unwrap();
    assert_eq!((claims.name, claims.valid_signers), (None, None));
}

#[test]
fn modules_and_providers_we_issue_are_read_alike() {
    let realm = Realm::new("our code");
    let draft = module_token(&realm.module, &realm.account);
    let Entity::Module(plain) = draft.claims().entity.clone() else { panic!("it is a module") };
    let full = ours::Module {
        tags: Some(vec!["a".into()]),
        ver: Some("0.1.0".into()),
        call_alias: Some("alias".into()),
        provider: true,
        ..plain.clone()
    };
    for module in [plain, full] {
        let draft = claims_token(Entity::Module(module.clone()), &realm.account);
        let read = read_alike::<Component>(&draft, &realm.account).metadata.unwrap();
        assert_eq!((read.name, read.module_hash, read.tags), (module.name, module.hash, module.tags));
        assert_eq!((read.rev, read.ver, read.call_alias), (module.rev, module.ver, module.call_alias));
        assert_eq!(read.provider, module.provider);
    }

    let draft = provider_token(&provider("our cache"), &realm.account);
    let Entity::Provider(plain) = draft.claims().entity.clone() else { panic!("it is a provider") };
    let full = ours::Provider {
        target_hashes: BTreeMap::from([("x86_64-linux".into(), "AA".into())]),
        config_schema: Some(json!({ "b": 1, "a": [] })),
        ..plain.clone()
    };
    for provider in [plain, full] {
        let draft = claims_token(Entity::Provider(provider.clone()), &realm.account);
        let read = read_alike::<CapabilityProvider>(&draft, &realm.account).metadata.unwrap();
        assert_eq!((read.name, read.vendor, read.rev), (provider.name, provider.vendor, provider.rev));
        assert_eq!(read.target_hashes.into_iter().collect::<BTreeMap<_, _>>(), provider.target_hashes);
        assert_eq!(read.config_schema, provider.config_schema);
    }
}

#[test]
fn hosts_and_invocations_we_issue_are_read_alike() {
    let realm = Realm::new("our others");
    let host = key(Role::Host, "our host");
    for labels in [None, Some(BTreeMap::from([("zone".to_owned(), "eu".to_owned())]))] {
        let entity = Host { subject: host.typed(), name: Some("h".into()), labels: labels.clone() };
        let read = read_alike::<TheirHost>(&claims_token(Entity::Host(entity), &realm.account), &realm.account);
        assert_eq!(read.metadata.unwrap().labels.map(BTreeMap::from_iter), labels);
    }
    let call = Invocation {
        subject: "an id".into(),
        target_url: "wasmbus://a".into(),
        origin_url: "wasmbus://b".into(),
        hash: "AA".into(),
    };
    let read = read_alike::<TheirInvocation>(&claims_token(Entity::Invocation(call), &host), &host);
    assert_eq!(read.metadata.unwrap().target_url, "wasmbus://a");
}

#[test]
fn fields_of_older_versions_are_kept_by_us_and_passed_over_by_them() {
    let realm = Realm::new("older");
    let draft = module_token(&realm.module, &realm.account);
    let Entity::Module(mut old) = draft.claims().entity.clone() else { panic!("it is a module") };
    old.caps = Some(vec!["wasmcloud:keyvalue".into()]);
    let token = claims_token(Entity::Module(old.clone()), &realm.account).sign();
    assert!(validate_token::<Component>(token.text()).unwrap().signature_valid);
    assert_eq!(token.decoded().content().entity, Entity::Module(old));
}

#[test]
fn chains_they_issue_are_allowed() {
    let realm = Realm::new("their chain");
    let [operator, signer] = [&realm.operator, &realm.operator_signer].map(ToString::to_string);
    let [account, account_signer] = [&realm.account, &realm.account_signer].map(ToString::to_string);
    let root = Claims::<Operator>::new("o".into(), operator.clone(), operator, vec![signer.clone()]);
    let tenant = Claims::<Account>::new("a".into(), signer, account, vec![account_signer.clone()]);
    let at = root.issued_at.max(tenant.issued_at);
    let root = issue(&root, &realm.operator);
    let tenant = issue(&tenant, &realm.operator_signer);

    let claims = Claims::<Component>::new(
        "m".into(),
        account_signer.clone(),
        realm.module.to_string(),
        None,
        false,
        Some(1),
        None,
        None,
    );
    let leaf = issue(&claims, &realm.account_signer);
    let question = realm.verify_under(&leaf, &root, &tenant).at(at + 1);
    assert_eq!(question.allowed().chain().len(), 3);

    // And modules they sign: sections as they write them, hash and token as we read them.
    let file = wascap::wasm::embed_claims(&sample("their module"), &claims, &their(&realm.account_signer)).unwrap();
    let question = verify_module(file).with([&root, &tenant]).trust(&realm.operator).at(at + 1);
    assert_eq!(question.allowed().chain().len(), 3);
}

#[test]
fn modules_we_sign_are_theirs_byte_for_byte() {
    let realm = Realm::new("our module");
    let stripped = strip(&sample("our module")).unwrap();
    let token = module_token(&realm.module, &realm.account_signer).hash(&stripped).sign();
    let hash = HEXUPPER.encode(&stripped.hash());
    let file = embed(stripped, token.text()).unwrap();

    let found = wascap::wasm::extract_claims(&file).unwrap().unwrap();
    assert_eq!(found.jwt, token.text());
    assert_eq!(found.claims.metadata.as_ref().unwrap().module_hash, hash);
    let theirs =
        wascap::wasm::embed_claims(&sample("our module"), &found.claims, &their(&realm.account_signer)).unwrap();
    assert_eq!(file, theirs);
    verify_module(file).with([&realm.root, &realm.tenant]).trust(&realm.operator).allowed();
}

#[test]
fn public_keys_go_both_ways() {
    for (role, kind) in ROLES {
        for number in 0..20 {
            let ours = key(role, &format!("nkeys {number}"));
            let theirs = KeyPair::new_from_raw(kind.clone(), ours.seed()).unwrap();
            assert_eq!(ours.to_string(), theirs.public_key());
            let read = KeyPair::from_public_key(&ours.to_string()).unwrap();
            assert_eq!((read.public_key(), read.key_pair_type()), (theirs.public_key(), kind.clone()));
            let (prefix, raw) = nkeys::from_public_key(&ours.to_string()).unwrap();
            assert_eq!((prefix, &raw), (role.prefix(), ours.nkey().raw().as_bytes()));
            assert_eq!(Nkey::parse(&theirs.public_key()), Ok(ours.nkey()));
            assert_eq!(ours.sign(b"hello").as_bytes(), &*theirs.sign(b"hello").unwrap());
        }
    }
}

#[test]
fn neither_side_shows_a_window_the_other_does_not() {
    // Their dates are judged by the machine's clock, so only the extremes can be compared.
    let realm = Realm::new("windows");
    let draft = module_token(&module("windows"), &realm.account);
    let past = draft.clone().iat(1).exp(2).sign();
    let found = validate_token::<Component>(past.text()).unwrap();
    assert!(found.expired && found.signature_valid, "bad ones come back as good, with a flag");
    assert_eq!(
        past.decoded().content().terms.validity,
        Validity { not_before: None, expires: Some(Timestamp::from_secs(2)) }
    );
}
