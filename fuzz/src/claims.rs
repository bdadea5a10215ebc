//! Claims: strict JSON, read as a naive reader reads it, written in one form, and nothing lost on the way.

use greatseal_core::error::DecodeFault;
use greatseal_core::issue::{Signable, Unsigned};
use greatseal_core::key::Nkey;
use greatseal_core::signature::Signature;
use greatseal_token::wascap::{Claims, Entity, decode, encode};

use crate::naive::json::{self, Json};
use crate::naive::succession::{self, CLAIM};
use crate::naive::token::{self, HEADER};

/// Levels of arrays and objects within each other.
const DEEPEST: usize = 64;

/// The order on the wire (`formats`, token text).
const MEMBERS: &[&str] = &["exp", "jti", "iat", "iss", "sub", "nbf", "wascap", "wascap_revision", "greatseal"];
const MODULE: &[&str] = &["name", "hash", "tags", "caps", "rev", "ver", "call_alias", "prov"];
const PROVIDER: &[&str] = &["name", "capid", "vendor", "rev", "ver", "target_hashes", "config_schema"];
const LISTING: &[&str] = &["name", "valid_signers"];
const INVOCATION: &[&str] = &["target_url", "origin_url", "hash"];
const HOST: &[&str] = &["name", "labels"];

/// Takes the JSON of claims.
pub fn check(data: &[u8]) {
    let received = token::join(HEADER, data, &[0; 64]);
    let read = json::read(data);
    match decode(&received) {
        Ok(decoded) => {
            let json = read.expect("a naive reader refuses this JSON");
            assert!(!json.repeats(), "a name occurs twice");
            assert!(json.depth() <= DEEPEST, "nested {} deep", json.depth());
            agrees(&json, decoded.content());
            let claim = succession::read(&json).expect("a naive reader refuses this succession");
            assert_eq!(claim, decoded.content().succession.as_ref().map(succession::Claim::of));
            comes_back(decoded.content(), received.len());
        }
        Err(fault) => {
            // What is refused for its form has that form.
            if let Some(json) = read {
                match fault {
                    DecodeFault::Duplicate { .. } => assert!(json.repeats(), "{fault}"),
                    DecodeFault::Depth { .. } => assert!(json.depth() >= DEEPEST, "{fault}"),
                    DecodeFault::Succession(_) | DecodeFault::SuccessionElsewhere => {
                        assert!(succession::read(&json).is_none(), "{fault}");
                    }
                    _ => {}
                }
                // Without the claim it would have been taken: then it is the claim that is wrong.
                if let Some(rest) = json.without("greatseal")
                    && !json.repeats()
                    && decode(&token::join(HEADER, rest.write().as_bytes(), &[0; 64])).is_ok()
                {
                    assert!(succession::read(&json).is_none(), "refused for a claim that is good: {fault}");
                }
            }
        }
    }
}

/// Compares what was read with what stands there.
fn agrees(json: &Json, claims: &Claims) {
    let number = |name: &str| match json.get(name) {
        Some(Json::Number(digits)) => Some(digits.clone()),
        Some(Json::Null) | None => None,
        other => panic!("{name} is {other:?}"),
    };
    let text = |json: &Json, name: &str| match json.get(name) {
        Some(Json::Text(text)) => Some(text.clone()),
        Some(Json::Null) | None => None,
        other => panic!("{name} is {other:?}"),
    };
    let terms = &claims.terms;
    assert_eq!(number("iat"), Some(terms.issued_at.to_string()));
    assert_eq!(number("exp"), terms.validity.expires.map(|at| at.to_string()));
    assert_eq!(number("nbf"), terms.validity.not_before.map(|at| at.to_string()));
    assert_eq!(number("wascap_revision"), claims.revision.map(|revision| revision.to_string()));
    assert_eq!(text(json, "jti").as_deref(), Some(terms.id.as_str()));
    assert_eq!(text(json, "iss"), Some(claims.issuer.to_string()));
    assert_eq!(text(json, "sub"), Some(claims.entity.subject_text()));

    let fields = json.get("wascap").unwrap_or(&Json::Null);
    let texts = |name: &str| match fields.get(name) {
        Some(Json::Array(values)) => Some(values.clone()),
        _ => None,
    };
    let spelled = |texts: &[String]| texts.iter().cloned().map(Json::Text).collect::<Vec<_>>();
    let first = |letter: char| assert!(claims.entity.subject_text().starts_with(letter));
    assert_eq!(matches!(claims.entity, Entity::Untyped { .. }), *fields == Json::Null);
    if !matches!(claims.entity, Entity::Invocation(_)) {
        assert_eq!(text(fields, "name").as_deref(), claims.entity.name());
    }
    match &claims.entity {
        Entity::Operator(_) => first('O'),
        Entity::Account(_) => first('A'),
        Entity::Cluster(_) => first('C'),
        Entity::Module(module) => {
            first('M');
            assert_eq!(text(fields, "hash").as_ref(), Some(&module.hash));
            assert_eq!(text(fields, "ver"), module.ver);
            assert_eq!(text(fields, "call_alias"), module.call_alias);
            assert_eq!(texts("tags"), module.tags.as_deref().map(spelled));
            assert_eq!(texts("caps"), module.caps.as_deref().map(spelled));
            assert_eq!(fields.get("prov") == Some(&Json::Bool(true)), module.provider);
            let rev = module.rev.map(|rev| Json::Number(rev.to_string()));
            assert_eq!(fields.get("rev").filter(|rev| **rev != Json::Null), rev.as_ref());
        }
        Entity::Provider(provider) => {
            first('V');
            assert_eq!(text(fields, "vendor").as_ref(), Some(&provider.vendor));
            assert_eq!(text(fields, "capid"), provider.capid);
            let hashes = fields.get("target_hashes").expect("a provider has hashes").members();
            assert_eq!(hashes.len(), provider.target_hashes.len());
            assert!(
                hashes.iter().all(
                    |(name, hash)| provider.target_hashes.get(name).cloned().map(Json::Text).as_ref() == Some(hash)
                )
            );
        }
        Entity::Host(host) => {
            first('N');
            let labels = fields.get("labels").map(Json::members).unwrap_or_default();
            assert_eq!(labels.len(), host.labels.as_ref().map_or(0, |labels| labels.len()));
        }
        Entity::Invocation(invocation) => {
            assert_eq!(text(fields, "target_url").as_ref(), Some(&invocation.target_url));
            assert_eq!(text(fields, "origin_url").as_ref(), Some(&invocation.origin_url));
            assert_eq!(text(fields, "hash").as_ref(), Some(&invocation.hash));
        }
        Entity::Untyped { .. } => {}
    }
    // Each listed key stands there under the letter of its owner, in its place.
    let listed = claims.entity.signers();
    assert_eq!(listed.is_empty(), texts("valid_signers").is_none_or(|listed| listed.is_empty()));
    assert_eq!(
        texts("valid_signers").unwrap_or_default(),
        spelled(&listed.iter().map(Nkey::to_string).collect::<Vec<_>>())
    );
    assert!(listed.iter().all(|key| Some(key.role()) == claims.entity.subject().map(|subject| subject.role())));
}

/// Writes claims and reads them again.
fn comes_back(claims: &Claims, length: usize) {
    let unsigned = match encode(claims) {
        Ok(unsigned) => unsigned,
        // The one form can be longer than the one that was read: `1e15` has all its digits there.
        Err(fault) => {
            assert_eq!(fault.code().text(), "GS-TOKEN-TOO-LARGE", "{fault}");
            assert!(length > token::LIMIT / 8, "{length} bytes");
            return;
        }
    };
    assert_eq!(unsigned.content(), claims);
    let written = unsigned.request();
    assert_eq!(written.signer(), &claims.issuer.public_key());
    let finished = Claims::assemble(written.message(), &Signature::new([0; 64]));
    let again = decode(&finished).expect("what was written can be read");
    assert_eq!(again.content(), claims);
    assert_eq!(encode(again.content()).expect("and written again").request(), written);
    assert_eq!(
        Unsigned::<Claims>::new(written.message().to_vec()).expect("it is about to be signed").content(),
        claims
    );

    let frame = token::frame(&finished).expect("a naive reader takes it");
    let json = json::read(&frame.claims).expect("it is JSON");
    in_order(&json, MEMBERS);
    if let Some(claim) = json.get("greatseal") {
        let names: Vec<&str> = claim.members().iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, CLAIM);
    }
    let fields = json.get("wascap").unwrap_or(&Json::Null);
    match &claims.entity {
        Entity::Operator(_) | Entity::Account(_) | Entity::Cluster(_) => {
            in_order(fields, LISTING);
            assert!(fields.get("valid_signers").is_some());
        }
        Entity::Module(_) => {
            in_order(fields, MODULE);
            assert!(fields.get("prov").is_some());
        }
        Entity::Provider(_) => in_order(fields, PROVIDER),
        Entity::Host(_) => in_order(fields, HOST),
        Entity::Invocation(_) => in_order(fields, INVOCATION),
        Entity::Untyped { .. } => assert_eq!(*fields, Json::Null),
    }
}

fn in_order(json: &Json, order: &[&str]) {
    let mut rest = order.iter();
    for (name, _) in json.members() {
        assert!(rest.any(|known| known == name), "{name} is unknown, or out of its place");
    }
}
