//! An operator's life by the command: reissued, rotated, robbed and healed, while verifiers sleep.
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

use std::collections::BTreeMap;
use std::fs;

use greatseal_core::key::Role;
use greatseal_testkit::wasm;
use serde_json::Value;
use support::{Place, Run};

const OPERATOR: [&str; 5] = ["identity", "identity-2", "signing-1", "signing-2", "signing-3"];

/// A realm with three signing keys, one account and one signed module, and what a verifier pinned
/// on the first day.
fn founded() -> Place {
    let place = Place::new();
    place.run(["init", "acme"]).exits(0);
    place.keys_at_hand(Role::Operator, &OPERATOR);
    place.issue(["operator", "create", "--realm", "acme"]).exits(0);
    fs::copy(place.path("acme/tokens/operator.jwt"), place.path("pinned.jwt")).unwrap();
    place.account("payments");
    place.keys_at_hand(Role::Module, &["ledger"]);
    place.write("ledger.wasm", wasm::sample("ledger"));
    sign(&place, "ledger.wasm", "signed.wasm", &["--new-key"]);
    place
}

fn sign(place: &Place, file: &str, out: &str, more: &[&str]) -> Value {
    let words =
        ["module", "sign", file, "--account", "payments", "--module", "ledger", "--out", out, "--realm", "acme"];
    place.issue([&words[..], more].concat()).exits(0).json()
}

/// Asks a verifier that pinned the first token and is handed the realm's folder.
fn verify(place: &Place, file: &str) -> Run {
    place.run(["verify", file, "--trust", "pinned.jwt", "--with", "acme", "--output", "json"])
}

fn in_realm(place: &Place, words: &[&str]) -> Run {
    place.issue([words, &["--realm", "acme"]].concat())
}

/// The accounts' tokens, byte for byte.
fn accounts(place: &Place) -> BTreeMap<String, Vec<u8>> {
    let mut files = place.files("acme/tokens");
    files.retain(|name, _| name.starts_with("account-"));
    files
}

#[test]
fn signing_keys_rotate_twice_and_a_verifier_that_slept_follows() {
    let place = founded();
    verify(&place, "signed.wasm").exits(0);
    let identity = |place: &Place| {
        let shown = place.run(["inspect", "acme/tokens/operator.jwt", "--output", "json"]).exits(0).json();
        shown["token"]["subject"].clone()
    };
    let before = identity(&place);
    place.keys_at_hand(Role::Operator, &["signing-4", "signing-5"]);
    place.keys_at_hand(Role::Account, &["payments-signing-2", "payments-signing-3"]);
    for (old, new) in [("signing-1", "signing-4"), ("signing-2", "signing-5")] {
        let made = in_realm(&place, &["operator", "signing-key", "remove", old, "--add", new]).exits(0).json();
        assert_eq!(made["signing_keys"].as_array().unwrap().len(), 3);
        for account in made["to_reissue"].as_array().unwrap() {
            assert_eq!(account, "account payments");
            in_realm(&place, &["account", "reissue", "payments"]).exits(0);
        }
        in_realm(&place, &["key", "retire", old, "--confirm", old]).exits(0);
    }
    assert_eq!(identity(&place), before, "the name that everybody knows is the same");
    for (old, new) in [("payments-signing-1", "payments-signing-2"), ("payments-signing-2", "payments-signing-3")] {
        in_realm(&place, &["account", "signing-key", "remove", "payments", old, "--add", new]).exits(0);
        verify(&place, "signed.wasm").exits(3).says("GS-CODE-ISSUER");
        sign(&place, "ledger.wasm", &format!("{new}.wasm"), &[]);
        fs::copy(place.path(&format!("{new}.wasm")), place.path("signed.wasm")).unwrap();
        verify(&place, "signed.wasm").exits(0);
    }
    // Who pins the first token sees two steps behind it; without the endorsements there is no way.
    let answer = verify(&place, "signed.wasm").exits(0).json();
    assert_eq!((&answer["decision"], &answer["anchored"]), (&"allow".into(), &"token".into()));
    fs::rename(place.path("acme/endorsements"), place.path("elsewhere")).unwrap();
    verify(&place, "acme/tokens/operator.jwt").exits(3).says("GS-SUCCESSION-UNKNOWN");
}

#[test]
fn a_destroyed_identity_costs_one_token_and_its_endorsements() {
    let place = founded();
    let (tokens, modules) = (accounts(&place), place.read("signed.wasm"));
    let before = place.files("acme").len();
    fs::remove_file(place.path(".config/greatseal/keys/acme.identity.age")).unwrap();
    place.keys_at_hand(Role::Operator, &["identity-3"]);
    let made = in_realm(&place, &["operator", "rotate-identity"]).exits(0).json();
    assert_eq!(made["endorsed_by"].as_array().unwrap().len(), 3, "all signing keys, and the old identity is gone");
    assert_eq!(accounts(&place), tokens, "0 accounts");
    assert_eq!(place.read("signed.wasm"), modules, "0 modules");
    let deeds = place.files("acme/endorsements").into_keys().filter(|name| name.starts_with("endorsement-")).count();
    println!("identity destroyed: 1 operator token, {deeds} endorsements, 0 accounts, 0 modules");
    assert_eq!(deeds, 3);
    assert!(place.files("acme").len() > before);
    for file in ["signed.wasm", "acme/tokens/account-payments.jwt", "acme/tokens/operator.jwt"] {
        verify(&place, file).exits(0);
    }
    assert_eq!(place.read("acme/tokens/operator.jwt"), place.read(made["token"].as_str().unwrap()));
}

#[test]
fn a_stolen_signing_key_is_contained_by_one_command() {
    let place = founded();
    place.account("partners");
    let sealed = "stolen.revocation.jwt";
    in_realm(&place, &["key", "sealed", "make", "signing-1", "--out", sealed]).exits(0);
    // Whoever contains the theft needs no key: not even the stolen one.
    fs::rename(place.keys(), place.path("away")).unwrap();
    let publish = ["key", "sealed", "publish", "signing-1", "--file", sealed, "--confirm"];
    place.run([&publish[..], &["signing-2", "--realm", "acme", "--output", "json"]].concat()).exits(2).says("GS-USAGE");
    let told =
        place.run([&publish[..], &["signing-1", "--realm", "acme", "--output", "json"]].concat()).exits(0).json();
    assert_eq!(told["dead"].as_array().unwrap().len(), 2, "both accounts were signed by it: {told}");
    verify(&place, "acme/tokens/account-payments.jwt").exits(3).says("GS-REVOKED");
    verify(&place, "acme/tokens/operator.jwt").exits(0);
    fs::rename(place.path("away"), place.keys()).unwrap();
    // Healed: another key in its place, and the accounts signed anew.
    place.keys_at_hand(Role::Operator, &["signing-4"]);
    in_realm(&place, &["operator", "signing-key", "remove", "signing-1", "--add", "signing-4"]).exits(0);
    for account in ["payments", "partners"] {
        in_realm(&place, &["account", "reissue", account]).exits(0);
    }
    verify(&place, "signed.wasm").exits(0);
    let status = place.run(["status", "--realm", "acme", "--output", "json"]).json();
    assert!(!status["findings"].to_string().contains("silent"), "{status}");
}

#[test]
fn who_may_revoke_does_and_too_few_do_not() {
    let place = founded();
    // Two of the others are enough; one is not.
    for (gone, code) in [(&["signing-1"][..], 0), (&["signing-1", "signing-2"], 1)] {
        let copy = Place::new();
        copy_of(&place, &copy);
        for key in gone {
            fs::remove_file(copy.path(&format!(".config/greatseal/keys/acme.{key}.age"))).unwrap();
        }
        let run = in_realm(&copy, &["revoke", "key", "signing-1", "--confirm", "signing-1"]).exits(code);
        if code == 0 {
            assert_eq!(run.json()["files"].as_array().unwrap().len(), 2, "{run}");
            verify(&copy, "acme/tokens/account-payments.jwt").exits(3).says("GS-REVOKED");
        } else {
            run.says("GS-REVOCATION-VOTERS");
            assert!(copy.files("acme/revocations").keys().all(|name| name.starts_with('.')));
        }
    }
    // What verifiers would pass over is not filed as if it did something.
    let operator = ["revoke", "token", "acme/tokens/operator.jwt", "--confirm", "operator.jwt"];
    in_realm(&place, &operator).exits(1).says("GS-REVOCATION-FUTILE");
    let edge = ["revoke", "edge", "identity", "signing-3", "--confirm", "signing-3"];
    in_realm(&place, &edge).exits(1).says("GS-REVOCATION-FUTILE");
    // One listing by its issuer, and one statement by its file.
    let edge = ["revoke", "edge", "signing-1", "payments", "--confirm"];
    in_realm(&place, &[&edge[..], &["signing-1"]].concat()).exits(2).says("GS-USAGE");
    let token = "acme/tokens/account-payments.jwt";
    let words = ["revoke", "token", token, "--confirm", "account-payments.jwt"];
    in_realm(&place, &words).exits(0);
    verify(&place, token).exits(3).says("GS-REVOKED");
    in_realm(&place, &["account", "reissue", "payments", "--by", "signing-2"]).exits(0);
    verify(&place, token).exits(0);
    in_realm(&place, &["revoke", "edge", "signing-2", "payments", "--confirm", "payments"]).exits(0);
    verify(&place, token).exits(3).says("GS-REVOKED");
}

/// How many findings of a kind `status` tells.
fn found(place: &Place, kind: &str) -> usize {
    let status = place.run(["status", "--realm", "acme", "--output", "json"]).json();
    status["findings"].as_array().unwrap().iter().filter(|it| it["kind"] == kind).count()
}

#[test]
fn endorsements_that_were_taken_back_lead_nobody_on() {
    let place = Place::new();
    place.run(["init", "acme"]).exits(0);
    place.keys_at_hand(Role::Operator, &OPERATOR);
    in_realm(&place, &["operator", "create", "--no-pair"]).exits(0);
    fs::copy(place.path("acme/tokens/operator.jwt"), place.path("pinned.jwt")).unwrap();
    in_realm(&place, &["operator", "reissue"]).exits(0);
    verify(&place, "acme/tokens/operator.jwt").exits(0);
    assert_eq!(found(&place, "endorsements"), 0);
    let names: Vec<String> =
        place.files("acme/endorsements").into_keys().filter(|name| name.ends_with(".jwt")).collect();
    let revoke =
        |name: &String| in_realm(&place, &["revoke", "token", &format!("acme/endorsements/{name}"), "--confirm", name]);
    let (revoked, futile): (Vec<Run>, Vec<Run>) = names.iter().map(revoke).partition(|run| run.exit == Some(0));
    assert_eq!((revoked.len(), futile.len()), (3, 1), "no identity takes anything back");
    futile.into_iter().for_each(|run| drop(run.exits(1).says("GS-REVOCATION-FUTILE")));
    verify(&place, "acme/tokens/operator.jwt").exits(3).says("GS-SUCCESSION-VOID");
    assert_eq!(found(&place, "endorsements"), 1);
}

#[test]
fn support_is_taken_back_by_its_file() {
    let place = founded();
    let files = place.files("acme/endorsements").into_keys().map(|name| format!("acme/endorsements/{name}"));
    let countersignatures: Vec<String> = files.filter(|path| path.contains("countersignature-")).collect();
    let revoke =
        |path: &str| in_realm(&place, &["revoke", "token", path, "--confirm", path.rsplit('/').next().unwrap()]);
    verify(&place, "acme/tokens/account-payments.jwt").exits(0);
    assert_eq!(found(&place, "countersignatures"), 0);
    let revoked: Vec<Value> = countersignatures.iter().map(|path| revoke(path).exits(0).json()).collect();
    verify(&place, "acme/tokens/account-payments.jwt").exits(3).says("GS-ACCOUNT-NOT-COUNTERSIGNED");
    assert_eq!(found(&place, "countersignatures"), 1, "what was taken back does not count");
    // Nothing undoes it.
    revoke(revoked[0]["files"][0].as_str().unwrap()).exits(1).says("GS-REVOCATION-FUTILE");
    // UCANs are taken back by UCANs.
    place.write("a.ucan", [&[0x82, 0x58, 0x40][..], &[7; 100]].concat());
    let run = revoke("a.ucan").exits(3);
    assert!(run.err().contains("greatseal delegation revoke"), "{run}");
    run.says("GS-TOKEN-UNKNOWN");
}

fn copy_of(from: &Place, to: &Place) {
    let status = std::process::Command::new("cp").arg("-a").arg(from.path(".")).arg(to.path(".")).status().unwrap();
    assert!(status.success());
}

#[test]
fn a_quorum_of_known_keys_stays_unless_somebody_heals() {
    let place = founded();
    place.keys_at_hand(Role::Operator, &["signing-4", "signing-5"]);
    let remove =
        ["operator", "signing-key", "remove", "signing-1", "signing-2", "--add", "signing-4", "--add", "signing-5"];
    in_realm(&place, &remove).exits(1).says("GS-OPERATOR-QUORUM");
    in_realm(&place, &[&remove[..], &["--replace-all"]].concat()).exits(0);
    verify(&place, "acme/tokens/operator.jwt").exits(0);
    in_realm(&place, &["operator", "signing-key", "remove", "nobody"]).exits(2).says("GS-NAME-UNKNOWN");
    in_realm(&place, &["key", "retire", "signing-3", "--confirm", "signing-3"]).exits(1).says("GS-KEY-LISTED");
    in_realm(&place, &["key", "retire", "signing-1", "--confirm", "signing-1"]).exits(0);
    assert!(!place.path(".config/greatseal/keys/acme.signing-1.age").exists());
}

#[test]
fn the_next_identity_is_made_apart_and_each_key_has_its_revocation_sealed() {
    let place = Place::new();
    place.run(["init", "acme"]).exits(0);
    place.keys_at_hand(Role::Operator, &["identity", "signing-1"]);
    in_realm(&place, &["operator", "create", "--signing-keys", "1"]).exits(0);
    assert!(place.path(".config/greatseal/keys-apart/acme.identity-2.age").exists());
    assert!(!place.path(".config/greatseal/keys/acme.identity-2.age").exists());
    let sealed = place.read(".config/greatseal/keys-sealed/acme/identity-2.revocation.jwt");
    assert!(greatseal_token::deed::decode(sealed.trim_ascii()).is_ok());
    // Without the medium that it went to, the next identity is asked by a request.
    let left = in_realm(&place, &["operator", "rotate-identity"]).exits(0).json();
    assert!(left["pending"].is_string(), "{left}");
    place.run(["request", "cancel", "operator", "--realm", "acme"]).exits(0);
    let apart = place.path(".config/greatseal/keys-apart");
    let words = ["operator", "rotate-identity", "--more-keys", apart.to_str().unwrap()];
    in_realm(&place, &words).exits(0);
    assert!(place.path(".config/greatseal/keys-apart/acme.identity-3.age").exists());
}

#[test]
fn a_plain_operator_is_reissued_and_has_no_next_identity() {
    let place = Place::new();
    let root = place.realm();
    place.account("payments");
    in_realm(&place, &["operator", "reissue"]).exits(0);
    in_realm(&place, &["operator", "rotate-identity"]).exits(1).says("GS-SUCCESSION-NONE");
    in_realm(&place, &["account", "reissue", "payments"]).exits(0);
    let words = ["verify", "acme/tokens/account-payments.jwt", "--trust", &root, "--with", "acme"];
    place.run(words).exits(0);
    assert_eq!(place.files("acme/endorsements").into_keys().filter(|name| name.ends_with(".jwt")).count(), 0);
}
