//! The official fixtures and those of peers, every file of them.

use greatseal_core::{Cid, Code, Decoded};
use greatseal_testkit::vectors::Folder;
use greatseal_token::ucan::{self, Ucan, Version, cbor, container};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::tokens::{base64, decoded, holds, refused};

#[derive(Deserialize)]
struct Delegations {
    valid: Vec<Delegation>,
}

#[derive(Deserialize)]
struct Delegation {
    token: String,
    cid: String,
    envelope: Envelope,
}

#[derive(Deserialize)]
struct Envelope {
    payload: Payload,
    signature: String,
}

#[derive(Deserialize)]
struct Payload {
    iss: String,
    aud: String,
    sub: String,
    cmd: String,
    exp: u64,
    nonce: String,
}

#[derive(Deserialize)]
struct Invocations {
    valid: Vec<Invocation>,
    invalid: Vec<Invocation>,
}

#[derive(Deserialize)]
struct Invocation {
    name: String,
    invocation: Json,
    proofs: Vec<Json>,
}

/// Reads bytes as DAG-JSON writes them.
#[track_caller]
fn bytes(json: &Json) -> Vec<u8> {
    let encoded = cbor::from_json(json).unwrap();
    cbor::validate(&encoded).unwrap().as_bytes().unwrap().to_vec()
}

#[test]
fn delegations_say_what_their_fixtures_say() {
    let folder = Folder::open("ucan/fixtures");
    for (file, version) in [
        ("1.0.0/delegation.json", Version::V1_0_0),
        ("iso-ucan/delegation.json", Version::Rc1),
        ("go-ucan/interop_delegation.json", Version::Rc1),
    ] {
        let fixtures: Delegations = folder.json(file);
        assert!(!fixtures.valid.is_empty());
        for Delegation { token, cid, envelope: Envelope { payload, signature } } in fixtures.valid {
            let decoded = decoded(&base64(&token));
            let Ucan::Delegation(it) = decoded.content() else { panic!("{file}: no delegation") };
            assert_eq!(it.issuer().to_string(), payload.iss);
            assert_eq!(it.audience().to_string(), payload.aud);
            assert_eq!(it.subject().unwrap().to_string(), payload.sub);
            assert_eq!(it.command().as_str(), payload.cmd);
            assert_eq!(it.expires().unwrap().as_secs(), payload.exp);
            assert_eq!(it.nonce(), base64(&payload.nonce));
            assert_eq!(it.version(), version);
            assert!(it.policy().is_empty());
            assert_eq!(it.aliases().unwrap().cid, Cid::parse(&cid).unwrap());
            assert_eq!(decoded.signature().as_bytes()[..], base64(&signature));
            assert!(holds(&decoded), "{file}");
        }
    }
}

#[test]
fn invocations_decode_but_for_those_with_no_signature() {
    let folder = Folder::open("ucan/fixtures");
    for (file, version) in [("1.0.0/invocation.json", Version::V1_0_0), ("iso-ucan/invocation.json", Version::Rc1)] {
        let fixtures: Invocations = folder.json(file);
        assert_eq!((fixtures.valid.len(), fixtures.invalid.len()), (7, 13), "{file}");
        for it in fixtures.valid.iter().chain(&fixtures.invalid) {
            let tokens: Vec<Vec<u8>> = [&it.invocation].into_iter().chain(&it.proofs).map(bytes).collect();
            if it.name.ends_with("signature") {
                // Its signature has three bytes.
                let codes: Vec<Code> =
                    tokens.iter().filter_map(|token| Some(ucan::decode(token).err()?.code())).collect();
                assert_eq!(codes, [Code::UcanEnvelope], "{}", it.name);
                continue;
            }
            let tokens: Vec<Decoded<Ucan>> = tokens.iter().map(|token| decoded(token)).collect();
            let invocations = tokens.iter().map(|token| token.content().invocation().is_some());
            assert!(invocations.eq((0..tokens.len()).map(|at| at == 0)), "{}", it.name);
            assert!(tokens.iter().all(|token| token.content().version() == version && holds(token)), "{}", it.name);
        }
    }
}

#[test]
fn tokens_of_the_go_peer_decode() {
    let folder = Folder::open("ucan/fixtures/go-ucan");
    let files = folder.files();
    let tokens: Vec<&String> = files.iter().filter(|file| file.ends_with(".dagcbor")).collect();
    assert_eq!(tokens.len(), 23);
    for file in tokens {
        let decoded = decoded(&folder.read(file));
        assert!(decoded.content().delegation().is_some(), "{file}");
        assert!(holds(&decoded), "{file}");
    }
}

#[test]
fn readable_tokens_become_the_bytes_that_were_signed() {
    let folder = Folder::open("ucan/fixtures/go-ucan");
    for file in ["new.dagjson", "root.dagjson", "powerline.dagjson", "invocation-new.dagjson"] {
        let json: Json = folder.json(file);
        let token = cbor::from_json(&json).unwrap();
        if file.starts_with("powerline") {
            // This peer leaves the subject out where the specification asks for null.
            assert_eq!(refused(&token), Code::UcanField);
            continue;
        }
        let decoded = decoded(&token);
        assert_eq!(decoded.content().invocation().is_some(), file.starts_with("invocation"), "{file}");
        assert!(holds(&decoded), "{file}");
        assert_eq!(cbor::to_json(cbor::validate(&token).unwrap()), json, "{file}");
    }
}

#[test]
fn containers_of_peers_are_read_in_every_encoding() {
    // The older ones hold delegations with signature headers of a version before 1.
    for (folder, old) in [("ucan/fixtures/container", true), ("ucan/fixtures/go-ucan/containertest", false)] {
        let folder = Folder::open(folder);
        let files = folder.files();
        assert_eq!(files.len(), container::Encoding::ALL.len());
        for file in &files {
            let tokens = container::read(&folder.read(file)).unwrap_or_else(|fault| panic!("{file}: {fault}"));
            assert_eq!(tokens.len(), 10, "{file}");
            for token in &tokens {
                if old {
                    assert_eq!(refused(token), Code::UcanVarsig, "{file}");
                } else {
                    assert!(holds(&decoded(token)), "{file}");
                }
            }
        }
        folder.assert_all_used();
    }
}

#[test]
fn no_fixture_is_forgotten() {
    let read_above = |file: &String| {
        file.ends_with("delegation.json")
            || file.ends_with("invocation.json")
            || file.ends_with(".dagcbor")
            || file.ends_with(".dagjson")
            || file.starts_with("container/")
            || file.starts_with("go-ucan/containertest/")
    };
    let others: Vec<String> =
        Folder::open("ucan/fixtures").files().into_iter().filter(|file| !read_above(file)).collect();
    // What policies say is asked where policies are.
    assert_eq!(others, ["1.0.0/policy.json", "PROVENANCE.md", "iso-ucan/policy.json"]);
}
