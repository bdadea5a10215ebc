//! Invocations with their proofs, packed and unpacked, before whoever executes them.
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

use greatseal_core::{Cid, Command};
use greatseal_testkit::chain::operator;
use greatseal_token::ucan::{self, Invocation, REVOKE, Revokes, container};
use serde_json::{Value, json};
use support::services::Wallet;
use support::{Place, Run};

/// A realm in which `access` may read what lies in public buckets.
fn place() -> Place {
    let place = Place::with_services();
    let words = ["delegation", "create", "--from", "upload", "--to", "access", "--command", "/files/read"];
    place.seal(&[&words[..], &["--where", r#"[["==", ".bucket", "public"]]"#, "--for", "7d"]].concat()).exits(0);
    place
}

#[track_caller]
fn invoke(place: &Place, args: &str, out: &str) -> Run {
    let words = ["invoke", "/files/read", "--by", "access", "--subject", "root", "--audience", "upload"];
    place.seal(&[&words[..], &["--args", args, "--out", out]].concat())
}

/// Verifies as `upload` would, who knows its own identity and the root.
fn verify(place: &Place, file: &str, more: &[&str]) -> Run {
    let root = place.root_key().to_string();
    place.run([&["verify", file, "--trust", &root, "--output", "json"][..], more].concat())
}

#[test]
fn what_is_invoked_is_executed_by_whom_it_is_addressed_to() {
    let place = place();
    let made = invoke(&place, r#"{"bucket":"public"}"#, "call.container").exits(0).json();
    assert_eq!((&made["proofs"], &made["command"]), (&json!(3), &json!("/files/read")));
    let (upload, access) = (place.identity("upload").to_string(), place.identity("access").to_string());
    assert_eq!((&made["issuer"], &made["audience"]), (&json!(access), &json!(upload)));

    let answer = verify(&place, "call.container", &["--audience", &upload]).exits(0).json();
    assert_eq!((&answer["audience_checked"], &answer["anchored"]), (&json!(true), &json!("key")));
    assert_eq!(answer["chain"].as_array().unwrap().len(), 4);
    assert_eq!(answer["chain"][3]["id"], made["id"]);
    let deny = |more: &[&str]| verify(&place, "call.container", more).exits(3).json()["code"].clone();
    assert_eq!(deny(&["--audience", &access]), "GS-UCAN-AUDIENCE");
    assert_eq!(deny(&["--audience", &upload, "--signing-principal", &access]), "GS-UCAN-SEPARATION");
    let signing = place.look(&["root", "show"])["signing_principals"][0].clone();
    let signing = signing["did"].as_str().unwrap().to_owned();
    verify(&place, "call.container", &["--signing-principal", &signing]).exits(0);
    // Of whose root? Nothing would be mandated, and nobody told.
    let root = place.root_key().to_string();
    let operator = operator("acme").to_string();
    for trust in [&["--trust", "subject"][..], &["--trust", "subject", "--trust", &root], &["--trust", &operator]] {
        let words = [&["verify", "call.container", "--signing-principal", &signing, "--output", "json"][..], trust];
        place.run(words.concat()).exits(2).says("GS-USAGE");
    }
    let later = (support::services::now() + 400).to_string();
    assert_eq!(deny(&["--at", &later]), "GS-TIME-EXPIRED");
}

#[test]
fn what_nobody_would_execute_is_not_made() {
    let place = place();
    let code = |run: Run| run.json()["error"]["code"].clone();
    assert_eq!(code(invoke(&place, r#"{"bucket":"private"}"#, "a").exits(3)), "GS-UCAN-POLICY");
    assert_eq!(code(invoke(&place, "{", "a").exits(2)), "GS-USAGE");
    assert_eq!(code(invoke(&place, r#"{"bucket":9007199254740992}"#, "a").exits(3)), "GS-UCAN-INTEGER");
    let stranger = Wallet::new().did();
    let other = ["invoke", "/files/write", "--by", "access", "--subject", "root", "--out", "a"];
    assert_eq!(code(place.seal(&other).exits(3)), "GS-UCAN-NO-PROOF");
    let other = ["invoke", "/files/read", "--by", &stranger, "--subject", "root", "--out", "a"];
    assert_eq!(code(place.seal(&other).exits(3)), "GS-UCAN-NO-PROOF");
    let other = ["invoke", "/Files", "--by", "access", "--subject", "root", "--out", "a"];
    assert_eq!(code(place.seal(&other).exits(3)), "GS-UCAN-COMMAND-SYNTAX");
    let other = ["invoke", "/files/read", "--by", "nobody", "--subject", "root", "--out", "a"];
    assert_eq!(code(place.seal(&other).exits(2)), "GS-NAME-UNKNOWN");
    // Nothing is overwritten.
    place.write("taken", "mine");
    assert_eq!(code(invoke(&place, r#"{"bucket":"public"}"#, "taken").exits(1)), "GS-REALM-EXISTS");
    assert_eq!(place.read("taken"), b"mine");
}

/// What somebody took back, as a file beside the proofs.
fn taken_back(place: &Place, by: &Wallet, delegation: &str) {
    let cid = Cid::parse(place.look(&["delegation", "show", delegation])["cid"].as_str().unwrap()).unwrap();
    let args = Revokes { token: cid, path: Box::default() }.to_args();
    let command = Command::parse(REVOKE).unwrap();
    let it = Invocation::new(by.key(), by.key(), command, args, &[], b"a nonce here", None);
    place.write("proofs/revocation.ucan", by.sign(ucan::encode(&it.into()).unwrap()));
}

#[test]
fn what_was_taken_back_carries_nothing_and_strangers_take_nothing_back() {
    let place = place();
    let words = ["invoke", "/files/read", "--by", "access", "--subject", "root", "--with", "proofs"];
    let invoke = |out| place.seal(&[&words[..], &["--args", r#"{"bucket":"public"}"#, "--out", out]].concat());
    taken_back(&place, &Wallet::new(), "upload-access-files-read");
    invoke("a").exits(0);
    let name = "upload-access-files-read";
    place.seal(&["delegation", "revoke", name, "--confirm", name]).exits(0);
    invoke("b").exits(3).says("GS-UCAN-NO-PROOF");
}

#[test]
fn a_key_that_was_disowned_carries_nothing() {
    let place = place();
    let disown = |key: &str| {
        place.issue(["key", "sealed", "make", key, "--out", "sealed.jwt", "--realm", "acme"]).exits(0);
        let words = ["key", "sealed", "publish", key, "--file", "sealed.jwt", "--confirm", key, "--realm", "acme"];
        place.run(words).exits(0);
        std::fs::remove_file(place.path("sealed.jwt")).unwrap();
    };
    // The key that invokes: its proofs hold, and nobody would execute it.
    disown("access");
    invoke(&place, r#"{"bucket":"public"}"#, "a").exits(3).says("GS-REVOKED");
    disown("upload");
    invoke(&place, r#"{"bucket":"public"}"#, "b").exits(3).says("GS-UCAN-NO-PROOF");
    assert!(!place.path("a").exists() && !place.path("b").exists());
}

#[test]
fn a_container_is_unpacked_and_packed_in_every_form() {
    let place = place();
    invoke(&place, r#"{"bucket":"public"}"#, "call.container").exits(0);
    let unpacked = place.run(["container", "unpack", "call.container", "--out", "tokens", "--output", "json"]).exits(0);
    assert_eq!(unpacked.json()["files"].as_array().unwrap().len(), 4);
    let again = ["container", "unpack", "call.container", "--out", "tokens", "--output", "json"];
    assert_eq!(place.run(again).exits(1).json()["error"]["code"], "GS-REALM-EXISTS");
    let tokens = |file: &str| container::read(place.read(file).trim_ascii_end()).unwrap();
    for form in ["raw", "base64", "base64url", "gzip", "gzip-base64", "gzip-base64url"] {
        let words = ["container", "pack", "tokens", "call.container", "--form", form, "--out", form];
        place.run([&words[..], &["--output", "json"]].concat()).exits(0);
        assert_eq!(container::read(&trimmed(&place.read(form), form)).unwrap(), tokens("call.container"), "{form}");
        verify(&place, form, &[]).exits(0);
        let shown: Value = place.run(["inspect", form, "--output", "json"]).exits(0).json();
        assert_eq!(shown["container"]["tokens"].as_array().unwrap().len(), 4, "{form}");
    }
    place.write("note.txt", "nothing");
    let none = ["container", "pack", "note.txt", "--out", "none", "--output", "json"];
    assert_eq!(place.run(none).exits(3).json()["error"]["code"], "GS-TOKEN-EMPTY");
    let other = ["container", "unpack", "note.txt", "--out", "none", "--output", "json"];
    assert!(place.run(other).exits(3).json()["error"]["code"].is_string());
}

/// Takes the line break off a container that is text.
fn trimmed(bytes: &[u8], form: &str) -> Vec<u8> {
    if form.contains("base64") { bytes.trim_ascii_end().to_vec() } else { bytes.to_vec() }
}
