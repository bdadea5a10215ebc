//! A wallet that finds its proofs, and replaces its running key while it is used.

use std::fs;

use greatseal_core::Code;
use greatseal_core::key::PublicKey;
use greatseal_custody::RunningKey;
use greatseal_service::request::{REQUEST_FILE, RunningKeyRequest};
use greatseal_service::{Call, ServiceFault, Wallet};
use greatseal_token::ucan::cbor::MapBuf;
use greatseal_token::ucan::container::{self, Encoding};

use crate::realm::{Realm, at, command};

const INDEX: &str = "/files/ingest/index";

fn call(realm: &Realm) -> Call {
    Call {
        command: command(INDEX),
        subject: realm.root.public_key(),
        audience: realm.index.public_key(),
        args: MapBuf::from_json(&serde_json::json!({ "name": "a" })).unwrap(),
        lifetime_seconds: 60,
    }
}

/// What waits in the folder, as whoever holds the identity reads it.
fn asked(realm: &Realm, now: u64) -> RunningKeyRequest {
    let bytes = fs::read(realm.outer.path().join("wallet").join(REQUEST_FILE)).unwrap();
    RunningKeyRequest::read(&bytes, realm.upload.public_key(), at(now)).unwrap()
}

/// Puts the one delegation that a rotation takes into the folder.
fn answer(realm: &Realm, name: &str, key: PublicKey, until: u64) -> Vec<u8> {
    let token = realm.delegate(&realm.upload, key, "/files/ingest", Some(until));
    realm.put(&format!("wallet/{name}"), &token);
    token
}

fn give(realm: &Realm) {
    let token = realm.delegate(&realm.root, realm.upload.public_key(), "/files/ingest", Some(100_000));
    realm.put("wallet/from-root.txt", &[&container::write(&[token], Encoding::Base64).unwrap()[..], b"\n"].concat());
}

#[test]
fn it_says_what_is_missing_and_what_to_type() {
    let realm = Realm::new();
    let wallet = realm.wallet();
    let fault = wallet.invoke(&call(&realm), at(0)).unwrap_err();
    assert_eq!(fault.code(), Code::WalletWaiting);
    let text = fault.to_string();
    assert!(text.contains("greatseal service rotate upload --for ") && text.contains(REQUEST_FILE), "{text}");
    let key = asked(&realm, 0).key;
    answer(&realm, "running", key, 1000);
    let fault = wallet.invoke(&call(&realm), at(1)).unwrap_err();
    assert_eq!(fault.code(), Code::WalletNoRoute);
    assert!(fault.to_string().contains(INDEX), "{fault}");
    give(&realm);
    assert!(wallet.invoke(&call(&realm), at(2)).is_ok(), "as soon as it is there");
}

#[test]
fn a_running_key_is_replaced_without_a_restart() {
    let realm = Realm::new();
    give(&realm);
    let (wallet, gate) = (realm.wallet(), realm.gate());
    let works = |now| -> PublicKey {
        let envelope = wallet.invoke(&call(&realm), at(now)).unwrap();
        let allowed = gate.admit(envelope.container.as_bytes(), Some(&command(INDEX)), at(now)).unwrap();
        assert_eq!(allowed.invocation().issuer(), envelope.key);
        envelope.key
    };
    wallet.tend(at(0)).unwrap();
    let first = asked(&realm, 0);
    assert_eq!(first.previous, None);
    let old = answer(&realm, "running-1", first.key, 1000);
    assert_eq!(works(1), first.key);
    assert!(!wallet.request_path().exists(), "what was answered is put away");
    assert_eq!(works(499), first.key);
    assert!(!wallet.request_path().exists());
    // Half of its life has passed.
    assert_eq!(works(501), first.key);
    let second = asked(&realm, 501);
    assert_eq!(second.previous, Some(first.key), "the old key vouches for the new one");
    assert_ne!(second.key, first.key);
    assert_eq!(works(502), first.key, "until it is answered");
    // Nobody answered in time: the same key asks again.
    assert_eq!(works(562), first.key);
    assert_eq!(asked(&realm, 562).key, second.key);
    answer(&realm, "running-2", second.key, 2000);
    assert_eq!(works(563), second.key, "one token, and the new key signs");
    assert_eq!(wallet.keys().len(), 2);
    // Files may go; the old key ends with its delegation and is dropped.
    assert_eq!(works(1000), second.key);
    assert_eq!(wallet.keys().len(), 2);
    assert_eq!(works(1001), second.key);
    assert_eq!(wallet.keys().iter().map(|it| it.key).collect::<Vec<_>>(), [second.key]);
    drop(old);
}

#[test]
fn a_key_that_was_taken_back_is_dropped_and_replaced() {
    let realm = Realm::new();
    give(&realm);
    let wallet = realm.wallet();
    wallet.tend(at(0)).unwrap();
    let first = asked(&realm, 0).key;
    let token = answer(&realm, "running-1", first, 1000);
    assert_eq!(wallet.invoke(&call(&realm), at(1)).unwrap().key, first);
    realm.revoke(&realm.upload, &token);
    assert!(wallet.invoke(&call(&realm), at(2)).is_err());
    let second = asked(&realm, 2).key;
    assert_ne!(second, first);
    answer(&realm, "running-2", second, 1000);
    assert_eq!(wallet.invoke(&call(&realm), at(3)).unwrap().key, second);
}

#[test]
fn it_asks_when_it_is_told_to() {
    let realm = Realm::new();
    give(&realm);
    let wallet = realm.wallet();
    wallet.tend(at(0)).unwrap();
    let first = asked(&realm, 0).key;
    answer(&realm, "running-1", first, 1000);
    wallet.renew(at(1)).unwrap();
    assert_eq!(asked(&realm, 1).previous, Some(first));
}

#[test]
fn chains_that_last_are_preferred() {
    let realm = Realm::new();
    give(&realm);
    let wallet = realm.wallet();
    wallet.tend(at(0)).unwrap();
    let key = asked(&realm, 0).key;
    answer(&realm, "a-short", key, 30);
    let envelope = wallet.invoke(&call(&realm), at(1)).unwrap();
    assert_eq!(envelope.expires, at(30), "it ends with its chain");
    let long = answer(&realm, "b-long", key, 1000);
    let envelope = wallet.invoke(&call(&realm), at(2)).unwrap();
    assert_eq!(envelope.expires, at(62));
    assert_eq!(envelope.proofs.last(), Some(&long));
}

#[test]
fn what_is_no_delegation_is_reported_and_the_rest_used() {
    let realm = Realm::new();
    give(&realm);
    let wallet = realm.wallet();
    wallet.tend(at(0)).unwrap();
    answer(&realm, "running-1", asked(&realm, 0).key, 1000);
    realm.put("wallet/README", b"hello");
    let mut forged = realm.delegate(&realm.upload, realm.upload.public_key(), "/", None);
    forged[10] ^= 1;
    realm.put("wallet/forged", &forged);
    assert!(wallet.invoke(&call(&realm), at(1)).is_ok());
    let reports = realm.reports.lock().unwrap();
    assert!(reports.iter().any(|it| it.starts_with("README: ")), "{reports:?}");
    assert!(reports.iter().any(|it| it.contains("does not verify")), "{reports:?}");
}

#[test]
fn a_request_is_believed_by_its_signatures_alone() {
    let realm = Realm::new();
    give(&realm);
    let wallet: Wallet = realm.wallet();
    wallet.tend(at(0)).unwrap();
    answer(&realm, "running-1", asked(&realm, 0).key, 10);
    wallet.tend(at(1)).unwrap();
    wallet.tend(at(6)).unwrap();
    let bytes = fs::read(wallet.request_path()).unwrap();
    let identity = realm.upload.public_key();
    assert!(RunningKeyRequest::read(&bytes, identity, at(6)).unwrap().previous.is_some());
    let stranger = RunningKey::generate().unwrap().public_key();
    assert!(RunningKeyRequest::read(&bytes, stranger, at(6)).is_err(), "for another service");
    assert!(RunningKeyRequest::read(&bytes, identity, at(100)).is_err(), "too late");
    let code = |bytes: &[u8]| RunningKeyRequest::read(bytes, identity, at(6)).unwrap_err().code();
    let delegation = realm.delegate(&realm.root, identity, "/", None);
    assert_eq!(code(&delegation), Code::RunningKeyRequest);
    let tokens = container::read(&bytes).unwrap();
    for at_token in 0..2 {
        let mut forged = tokens.clone();
        forged[at_token][10] ^= 1;
        let forged = container::write(&forged, Encoding::Raw).unwrap();
        assert!(matches!(RunningKeyRequest::read(&forged, identity, at(6)), Err(ServiceFault::Refused(_))));
        let alone = container::write(&tokens[at_token..=at_token], Encoding::Raw).unwrap();
        assert_eq!(code(&alone), Code::RunningKeyRequest, "who vouches has to speak");
    }
}
