//! Services: a stable identity each, and running keys that come and go without anybody else acting.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests write files and start the command"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests: a failure is a panic"
)]

mod support;

use std::fs;
use std::sync::Arc;

use greatseal_core::key::{PublicKey, Role};
use greatseal_core::{Command, Timestamp};
use greatseal_service::Call;
use greatseal_service::revocations::NoRevocations;
use greatseal_token::ucan::cbor::MapBuf;
use serde_json::json;
use support::Place;
use support::services::{Wallet, names, now};

const DAY: u64 = 86_400;

#[test]
fn the_life_of_a_service() {
    let place = Place::new();
    let root = place.rooted();
    assert_eq!((&root["separation"], &root["title"]), (&"mandated".into(), &"acme".into()));
    assert_eq!(names(&root["delegations"]), ["root-signing-1-all"]);
    assert_eq!(root["delegations"][0]["state"], "current");
    let upload = place.service("upload", &["/files/read", "/files/write"]);
    assert_eq!(upload["commands"], json!(["/files/read", "/files/write"]));
    place.service("access", &[]);
    let identity = upload["identity"].as_str().unwrap().to_owned();

    // One token for each thing that was granted, and nothing else changes.
    let first = Wallet::new();
    let file = first.request(&place, "upload");
    let before = place.files("acme/delegations");
    let rotated =
        place.seal(&["service", "rotate", "upload", "--for", &file, "--out", "wallet", "--yes"]).exits(0).json();
    assert_eq!((&rotated["tokens"], &rotated["revoked"]), (&2.into(), &0.into()));
    assert_eq!((&rotated["running_key"], &rotated["identity"]), (&first.did().into(), &identity.clone().into()));
    let after = place.files("acme/delegations");
    assert_eq!(after.len(), before.len() + 2);
    assert!(before.iter().all(|(name, bytes)| after.get(name) == Some(bytes)));
    // What it needs, and every byte as the realm has it.
    let wallet = place.files("wallet");
    assert_eq!(wallet.len(), 5, "{:?}", wallet.keys());
    assert!(wallet.iter().all(|(name, bytes)| after.get(name) == Some(bytes)));

    // The key passes something on; the next rotation says so, and when it ends.
    let access = place.identity("access");
    let onward = first.delegates(access, place.root_key(), "/files/read", now() + 30 * DAY);
    place.write("acme/delegations/upload-running-access.ucan", onward);
    assert_eq!(place.state("upload-running-access"), "current");
    let second = Wallet::new();
    let file = second.request(&place, "upload");
    let rotated = place.seal(&["service", "rotate", "upload", "--for", &file, "--yes", "--hours", "8"]).exits(0).json();
    assert_eq!(rotated["tokens"], 2);
    assert_eq!(names(&rotated["before"]).len(), 2);
    assert_eq!(names(&rotated["onward"]), ["upload-running-access"]);
    let dies = rotated["onward"][0]["dies"].as_u64().unwrap();
    // With the key that passed it on, and not when it says itself.
    assert!(rotated["onward"][0]["expires"].as_u64().unwrap() > now() + 29 * DAY);
    assert!(dies <= now() + DAY && dies > now() + DAY - 600, "{dies}");
    assert_eq!(place.state("upload-running-access"), "current");

    // A stolen key: taken back, and what it passed on is dead at once.
    let third = Wallet::new();
    let file = third.request(&place, "upload");
    let run = place.seal(&["service", "rotate", "upload", "--for", &file, "--yes", "--revoke-old"]).exits(0).json();
    assert_eq!((&run["tokens"], &run["revoked"]), (&2.into(), &4.into()));
    assert!(run["onward"][0]["dies"].as_u64().unwrap() <= now());
    assert_eq!(place.state("upload-running-access"), "unheld");
    let shown = place.look(&["service", "show", "upload"]);
    let keys = shown["running_keys"].as_array().unwrap();
    assert!(keys.len() == 2 && keys.iter().all(|key| key["to"]["did"] == third.did()), "{shown}");
    assert_eq!(shown["identity"], identity);
    for old in [&first, &second] {
        let words = ["service", "rotate", "upload", "--key", &old.did()];
        place.seal(&words).exits(3).says("GS-REVOKED");
    }

    // Its end.
    place.seal(&["service", "retire", "upload", "--confirm", "access"]).exits(2).says("GS-USAGE");
    let ended = place.seal(&["service", "retire", "upload", "--confirm", "upload"]).exits(0).json();
    assert_eq!(ended["taken_back"].as_array().unwrap().len(), 4);
    assert!(place.states().iter().filter(|(name, _)| name.contains("upload")).all(|(_, state)| state != "current"));
    assert!(place.look(&["service", "show", "upload"])["retired"].is_number());
    let again = ["service", "retire", "upload", "--confirm", "upload"];
    place.seal(&again).exits(1).says("GS-SERVICE-RETIRED");
    place.seal(&["service", "rotate", "upload", "--key", &third.did()]).exits(1).says("GS-SERVICE-RETIRED");
    let give = ["delegation", "create", "--from", "root-signing-1", "--to", "upload", "--command", "/a", "--for", "1d"];
    place.seal(&give).exits(1).says("GS-SERVICE-RETIRED");
    place.look(&["service", "list"]);
    place.run(["service", "list", "--realm", "acme"]).exits(0);
    // What is over goes out of the way, and nothing is found about it.
    let moved = place.look(&["delegation", "tidy"]);
    assert_eq!(moved["moved"].as_array().unwrap().len(), 8);
    assert_eq!(place.found(now()).iter().filter(|(kind, _)| kind == "revoked").count(), 0);
}

#[test]
fn a_request_is_believed_by_its_signature_and_for_its_service_only() {
    let place = Place::with_services();
    let wallet = Wallet::new();
    let (upload, access) = (place.identity("upload"), place.identity("access"));
    let asks = |to, args: serde_json::Value, expires| wallet.asks(to, &args, expires);
    let args = |service: PublicKey, key: &str| json!({ "service": service.to_string(), "key": key });
    let good = args(upload, &wallet.did());
    let soon = now() + 600;
    let mut forged = asks(upload, good.clone(), soon);
    forged[10] ^= 1;
    let other = Wallet::new().did();
    let mut unvouched = good.clone();
    unvouched["previous"] = other.clone().into();
    let request = "GS-RUNNING-KEY-REQUEST";
    for (what, bytes, code) in [
        ("of another service", asks(upload, args(access, &wallet.did()), soon), request),
        ("for another key", asks(upload, args(upload, &other), soon), request),
        ("without a key", asks(upload, json!({ "service": upload.to_string() }), soon), request),
        ("a previous key that does not vouch", asks(upload, unvouched, soon), request),
        ("to another", asks(access, good.clone(), soon), "GS-UCAN-AUDIENCE"),
        ("old", asks(upload, good.clone(), now() - 10), "GS-TIME-EXPIRED"),
        ("forged", forged, "GS-SIGNATURE-INVALID"),
        ("a delegation", place.read("acme/delegations/root-signing-1-all.ucan"), request),
        ("a module", support::MODULE.to_vec(), "GS-UCAN-CONTAINER"),
    ] {
        place.write("a.request", bytes);
        let run = place.seal(&["service", "rotate", "upload", "--for", "a.request", "--yes"]);
        assert_eq!((run.exit, run.code().as_deref()), (Some(3), Some(code)), "{what}: {run}");
    }
    // Nobody said yes, and nobody can be asked.
    place.write("a.request", asks(upload, good, soon));
    place.seal(&["service", "rotate", "upload", "--for", "a.request"]).exits(2).says("GS-REQUEST-UNCONFIRMED");
    place.seal(&["service", "rotate", "upload", "--for", "a.request", "--yes"]).exits(0);
}

/// The wallet that services really have: it asks, is answered, invokes, and asks for its next key.
#[test]
fn a_wallet_asks_and_is_answered() {
    let place = Place::with_services();
    let (identity, root) = (place.identity("upload"), place.root_key());
    fs::create_dir(place.path("wallet")).unwrap();
    let wallet = greatseal_service::Wallet::new(
        "upload",
        identity,
        place.path("wallet"),
        greatseal_service::Rotation::default(),
        Arc::new(NoRevocations),
        Arc::new(|_, _| {}),
    );
    let call = Call {
        command: Command::parse("/files/write/now").unwrap(),
        subject: root,
        audience: place.identity("access"),
        args: MapBuf::default(),
        lifetime_seconds: 60,
    };
    let rotate = ["service", "rotate", "upload", "--for", "wallet/request.ucan", "--out", "wallet", "--yes"];
    let at = |later: u64| Timestamp::from_secs(now() + later);
    assert!(wallet.invoke(&call, at(0)).is_err());
    let first = place.seal(&rotate).exits(0);
    assert!(first.err().contains("No key before it vouches for it"), "{first}");
    assert_eq!(place.files("wallet").len(), 6, "two tokens, three that they rest on, and the request");
    wallet.invoke(&call, at(1)).unwrap();
    // Half of its day is over, so it asks for the next one, and the one before vouches for that.
    wallet.renew(at(2)).unwrap();
    let second = place.seal(&rotate).exits(0);
    assert!(second.err().contains("which runs for it now, vouches for it"), "{second}");
    wallet.invoke(&call, at(3)).unwrap();
    assert_eq!(second.json()["running_key"], wallet.keys()[0].key.to_string());
    assert_ne!(second.json()["running_key"], first.json()["running_key"]);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let place = Place::new();
    place.run(["init", "acme"]).exits(0);
    place.seal(&["service", "create", "upload", "--command", "/a"]).exits(2).says("GS-ROOT-MISSING");
    place.run(["root", "show", "--realm", "acme", "--output", "json"]).exits(2).says("GS-ROOT-MISSING");
    place.keys_at_hand(Role::User, &["root", "root-signing-1", "upload", "access"]);
    place.keys_at_hand(Role::Account, &["shop"]);
    place.seal(&["root", "create", "--command", "files"]).exits(3).says("GS-UCAN-COMMAND-SYNTAX");
    place.seal(&["root", "create", "--command", "/files", "--days", "10"]).exits(0);
    place.seal(&["root", "create"]).exits(1).says("GS-REALM-EXISTS");
    let service = |words: &[&str]| place.seal(&[&["service", "create"], words].concat());
    service(&["upload", "--command", "/Files"]).exits(3).says("GS-UCAN-COMMAND-SYNTAX");
    service(&["upload", "--command", "/other"]).exits(3).says("GS-UCAN-COMMAND");
    service(&["upload", "--command", "/files", "--policy", "[[\"==\", 1]]"]).exits(3).says("GS-UCAN-POLICY-SYNTAX");
    service(&["upload", "--command", "/files", "--policy", "missing.json"]).exits(1).says("GS-IO");
    service(&["upload", "--command", "/files", "--by", "upload"]).exits(2).says("GS-NAME-UNKNOWN");
    service(&["Upload", "--command", "/files"]).exits(2).says("GS-NAME-INVALID");
    service(&["shop", "--command", "/files"]).exits(1).says("GS-NAME-TAKEN");
    let made = service(&["upload", "--command", "/files/read"]).exits(0).json();
    // The signing principal's own end comes first, and that is told.
    let granted = &made["granted"][0];
    assert!(granted["holds_until"].as_u64().unwrap() < granted["expires"].as_u64().unwrap());
    service(&["upload"]).exits(1).says("GS-NAME-TAKEN");
    service(&["access"]).exits(0);
    let rotate = |words: &[&str]| place.seal(&[&["service", "rotate"], words].concat());
    let key = Wallet::new().did();
    rotate(&["access", "--key", &key]).exits(3).says("GS-UCAN-NO-PROOF");
    rotate(&["nobody", "--key", &key]).exits(2).says("GS-NAME-UNKNOWN");
    rotate(&["upload", "--key", "did:key:x"]).exits(3).says("GS-KEY-MALFORMED");
    rotate(&["upload"]).exits(2).says("GS-USAGE");
    for own in ["upload", "access"] {
        let did = place.identity(own).to_string();
        rotate(&["upload", "--key", &did]).exits(3).says("GS-KEY-REUSED");
    }
    rotate(&["upload", "--key", &place.root_key().to_string()]).exits(3).says("GS-KEY-REUSED");
    rotate(&["upload", "--key", &key]).exits(0);
    // For one service only.
    let give = [
        "delegation",
        "create",
        "--from",
        "root-signing-1",
        "--to",
        "access",
        "--command",
        "/files/read",
        "--for",
        "1d",
    ];
    place.seal(&give).exits(0);
    rotate(&["access", "--key", &key]).exits(3).says("GS-KEY-REUSED");
    // A running key is renewed by rotating, also to itself.
    rotate(&["upload", "--key", &key]).exits(0);
    assert_eq!(place.look(&["service", "list"])["services"].as_array().unwrap().len(), 2);
}

/// The identity's key on another machine: a request goes there and comes back.
#[test]
fn running_keys_by_an_identity_that_is_kept_elsewhere() {
    let (near, far) = (Place::with_services(), Place::new());
    fs::create_dir_all(far.path(".config/greatseal")).unwrap();
    fs::rename(near.keys(), far.keys()).unwrap();
    let key = Wallet::new().did();
    let left = near.seal(&["service", "rotate", "upload", "--key", &key, "--out", "wallet"]).exits(0).json();
    assert_eq!(left["missing"].as_array().unwrap().len(), 1);
    assert_eq!(near.look(&["service", "show", "upload"])["running_keys"], json!([]));
    // Another of the same kind gets names of its own, and a root is not made twice.
    far.write("rotate-upload.json", near.read("acme/requests/rotate-upload.json"));
    let shown = far.run(["request", "show", "rotate-upload.json"]).exits(0).out();
    for says in ["UCAN delegation", "/files/read", "/files/write", "running-key", &key] {
        assert!(shown.contains(says), "{says}: {shown}");
    }
    far.issue(["request", "sign", "--yes", "rotate-upload.json"]).exits(0);
    near.write("rotate-upload.answer.json", far.read("rotate-upload.answer.json"));
    near.seal(&["request", "receive", "rotate-upload.answer.json"]).exits(0);
    let shown = near.look(&["service", "show", "upload"]);
    assert_eq!(shown["running_keys"].as_array().unwrap().len(), 2);
    assert_eq!(near.files("wallet").len(), 5);
}

/// A root whose key was made on another machine.
#[test]
fn a_root_that_never_was_here() {
    let (near, far) = (Place::new(), Place::new());
    near.run(["init", "acme"]).exits(0);
    let root = far.keys_at_hand(Role::User, &["root"])[0];
    near.run(["key", "pin", "root", &root.to_string(), "--realm", "acme"]).exits(0);
    near.keys_at_hand(Role::User, &["root-signing-1", "upload"]);
    near.seal(&["root", "create", "--title", "Acme"]).exits(0);
    near.seal(&["root", "create"]).exits(1).says("GS-REALM-EXISTS");
    near.seal(&["service", "create", "upload", "--command", "/a"]).exits(2).says("GS-ROOT-MISSING");
    far.write("root.json", near.read("acme/requests/root.json"));
    far.issue(["request", "sign", "--yes", "root.json"]).exits(0);
    near.write("root.answer.json", far.read("root.answer.json"));
    near.seal(&["request", "receive", "root.answer.json"]).exits(0);
    let shown = near.look(&["root", "show"]);
    assert_eq!((&shown["title"], &shown["delegations"][0]["state"]), (&"Acme".into(), &"current".into()));
    near.seal(&["service", "create", "upload", "--command", "/a"]).exits(0);
    // What a request says beside its statements has to be about their keys.
    let request: serde_json::Value = serde_json::from_slice(&far.read("root.json")).unwrap();
    assert_eq!(request["notes"]["root"]["key"], "root");
}
