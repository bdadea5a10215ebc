//! A signing key's job goes to another key, and nothing valid is refused on the way.
//!
//! After each step the realm's folder is published; whoever verifies has the folder as it was after
//! this step or after the one before, and old files or new ones as the steps say.
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

use greatseal_core::key::Role;
use serde_json::Value;
use support::{MODULE, Place};

/// Copies the realm as verifiers get it.
fn publish(place: &Place, to: &str) {
    for (name, bytes) in place.files("acme") {
        place.write(&format!("{to}/{name}"), bytes);
    }
}

fn states(answer: &Value) -> Vec<&str> {
    answer["steps"].as_array().unwrap().iter().map(|step| step["state"].as_str().unwrap()).collect()
}

fn move_on(place: &Place, more: &[&str]) -> Value {
    let words = ["key", "move", "payments-signing-1", "payments-signing-2"];
    place.seal(&[&words[..], more].concat()).exits(0).json()
}

fn accepts(place: &Place, root: &str, file: &str, realm: &str) -> bool {
    let run = place.run(["verify", file, "--trust", root, "--with", realm, "--output", "json"]);
    run.json()["decision"] == "allow"
}

#[test]
fn an_accounts_signing_key_moves() {
    let place = Place::new();
    let root = place.realm();
    place.account("payments");
    place.keys_at_hand(Role::Module, &["ledger", "cart"]);
    for name in ["ledger", "cart"] {
        place.write(&format!("old/{name}.wasm"), MODULE);
        let (file, out) = (format!("old/{name}.wasm"), format!("dist/{name}.wasm"));
        fs::create_dir_all(place.path("dist")).unwrap();
        let words = [
            "module",
            "sign",
            &file,
            "--account",
            "payments",
            "--module",
            name,
            "--new-key",
            "--rev",
            "7",
            "--out",
            &out,
        ];
        place.seal(&words).exits(0);
    }
    publish(&place, "published-0");

    // A key that nobody has: what to type.
    let run = place.seal(&["key", "move", "payments-signing-1", "payments-signing-2"]).exits(2).says("GS-NAME-UNKNOWN");
    assert!(run.json()["error"]["advice"].as_str().unwrap().contains("--at URI"), "{run}");

    place.keys_at_hand(Role::Account, &["payments-signing-2"]);
    place.seal(&["account", "signing-key", "add", "payments", "payments-signing-2"]).exits(0);
    // Already listed by hand: the move goes on from there, and waits for its owner's files.
    let shown = move_on(&place, &[]);
    assert_eq!(states(&shown), ["done", "next", "later"]);
    let next = shown["next"].to_string();
    assert!(next.contains("module reissue") && next.contains("--confirm payments-signing-1"), "{next}");
    publish(&place, "published-1");
    for realm in ["published-0", "published-1"] {
        assert!(accepts(&place, &root, "dist/ledger.wasm", realm));
    }

    // Signed anew, with what stands in them; once more finds everything written.
    let words =
        ["module", "reissue", "dist/ledger.wasm", "dist/cart.wasm", "--account", "payments", "--out", "dist-new"];
    let words = [&words[..], &["--by", "payments-signing-2"]].concat();
    let done = place.seal(&words).exits(0).json();
    assert_eq!((done["written"].as_array().unwrap().len(), done["found"].as_array().unwrap().len()), (2, 0));
    let bytes = place.files("dist-new");
    let again = place.seal(&words).exits(0).json();
    assert_eq!((again["written"].as_array().unwrap().len(), again["found"].as_array().unwrap().len()), (0, 2));
    assert_eq!(place.files("dist-new"), bytes);
    let shown = place.run(["inspect", "dist-new/ledger.wasm", "--output", "json"]).exits(0).json();
    assert_eq!(shown["token"]["wascap"]["rev"], 7, "{shown}");
    for file in ["dist/ledger.wasm", "dist/cart.wasm", "dist-new/ledger.wasm", "dist-new/cart.wasm"] {
        assert!(accepts(&place, &root, file, "published-1"), "{file}");
    }

    // The last step is not taken by accident.
    place.seal(&["key", "move", "payments-signing-1", "payments-signing-2", "--confirm", "payments"]).exits(2);
    let last = move_on(&place, &["--confirm", "payments-signing-1"]);
    assert_eq!((states(&last), &last["done"]), (vec!["done", "done", "done"], &true.into()));
    publish(&place, "published-2");
    for realm in ["published-1", "published-2"] {
        assert!(accepts(&place, &root, "dist-new/ledger.wasm", realm));
    }
    assert!(!accepts(&place, &root, "dist/ledger.wasm", "published-2"));
    // Once more changes nothing, and the identity is what it was.
    let before = place.files("acme/tokens");
    assert_eq!(move_on(&place, &[])["done"], true);
    assert_eq!(place.files("acme/tokens"), before);
    place.seal(&["key", "retire", "payments-signing-1", "--confirm", "payments-signing-1"]).exits(0);
}

#[test]
fn an_operators_signing_key_moves() {
    let place = Place::new();
    let root = place.realm();
    place.keys_at_hand(Role::Account, &["payments", "payments-signing-1", "shop", "shop-signing-1"]);
    for name in ["payments", "shop"] {
        place.seal(&["account", "create", name, "--by", "signing-1"]).exits(0);
    }
    place.keys_at_hand(Role::Operator, &["signing-3"]);
    publish(&place, "published-0");
    let account = |place: &Place| place.read("acme/tokens/account-shop.jwt");
    place.write("shop-0.jwt", account(&place));

    let step = |more: &[&str]| place.seal(&[&["key", "move", "signing-1", "signing-3"], more].concat()).exits(0).json();
    // A key that nobody lists is listed first, and nothing else happens.
    assert_eq!(states(&step(&[])), ["done", "next", "later"]);
    assert_eq!(account(&place), place.read("shop-0.jwt"));
    publish(&place, "published-1");
    let signed = step(&[]);
    assert_eq!((states(&signed), signed["left"].as_array().unwrap().len()), (vec!["done", "done", "next"], 0));
    publish(&place, "published-2");
    place.write("shop-2.jwt", account(&place));
    let last = step(&["--confirm", "signing-1"]);
    assert_eq!(last["done"], true);
    publish(&place, "published-3");
    for (file, realms) in [
        ("shop-0.jwt", &["published-0", "published-1"][..]),
        ("shop-2.jwt", &["published-1", "published-2", "published-3"]),
    ] {
        for realm in realms {
            assert!(accepts(&place, &root, file, realm), "{file} {realm}");
        }
    }
}

/// Two keys are listed in between, and both are the quorum.
#[test]
fn the_operators_only_signing_key_moves() {
    let place = Place::new();
    place.run(["init", "acme"]).exits(0);
    place.keys_at_hand(Role::Operator, &["identity", "identity-2", "signing-1", "signing-2"]);
    let made = place.seal(&["operator", "create", "--signing-keys", "1"]).exits(0).json();
    let root = made["operator"].as_str().unwrap();
    place.account("payments");
    place.keys_at_hand(Role::Module, &["ledger"]);
    place.write("ledger.wasm", MODULE);
    fs::create_dir_all(place.path("dist")).unwrap();
    let words = ["module", "sign", "ledger.wasm", "--account", "payments", "--module", "ledger", "--new-key"];
    place.seal(&[&words[..], &["--out", "dist/ledger.wasm"]].concat()).exits(0);
    let step = |more: &[&str]| place.seal(&[&["key", "move", "signing-1", "signing-2"], more].concat());
    publish(&place, "published-0");
    assert_eq!(states(&step(&[]).exits(0).json()), ["done", "next", "later"]);
    publish(&place, "published-1");
    assert_eq!(states(&step(&[]).exits(0).json()), ["done", "done", "next"]);
    publish(&place, "published-2");
    let refused = step(&["--confirm", "signing-1"]).exits(1).says("GS-OPERATOR-QUORUM").json();
    let advice = refused["error"]["advice"].as_str().unwrap();
    assert!(advice.contains("signing-key add") && advice.contains("--replace-all"), "{advice}");
    let last = step(&["--confirm", "signing-1", "--replace-all"]).exits(0).json();
    assert_eq!(last["done"], true);
    // Verifiers that slept need its endorsements.
    assert!(!last["next"].to_string().contains("revoke"), "{last}");
    publish(&place, "published-3");
    // Whatever a verifier was told last, the account's code is accepted; its token comes with its countersignature.
    for realm in ["published-0", "published-1", "published-2", "published-3"] {
        for file in ["dist/ledger.wasm", &format!("{realm}/tokens/account-payments.jwt")] {
            assert!(accepts(&place, root, file, realm), "{file} {realm}");
        }
    }
}

#[test]
fn a_signing_principal_moves() {
    let place = Place::new();
    place.rooted();
    place.service("upload", &["/files/read", "/files/write"]);
    place.keys_at_hand(Role::User, &["root-signing-2"]);
    let root = place.look(&["root", "show"])["root"].as_str().unwrap().to_owned();
    let step = |more: &[&str]| {
        place.seal(&[&["key", "move", "root-signing-1", "root-signing-2"], more].concat()).exits(0).json()
    };
    assert_eq!(states(&step(&[])), ["done", "next", "later"]);
    let left = step(&[]);
    assert_eq!((states(&left), left["left"].as_array().unwrap().len()), (vec!["done", "done", "next"], 0));
    // Side by side, for as long as nobody says that it is enough.
    let live = |place: &Place| {
        let states = place.states();
        states.into_iter().filter(|(_, state)| state == "current").map(|(name, _)| name).collect::<Vec<_>>()
    };
    let both = live(&place);
    assert_eq!(both.len(), 6, "{both:?}");
    let last = step(&["--confirm", "root-signing-1"]);
    assert_eq!(last["done"], true);
    let left = live(&place);
    assert_eq!(left.len(), 3, "{left:?}");
    assert!(left.iter().all(|name| name.contains("root-signing-2")), "{left:?}");
    // The identity is what it was, and the old principal is none.
    let shown = place.look(&["root", "show"]);
    assert_eq!(shown["root"].as_str().unwrap(), root);
    let principals = shown["signing_principals"].as_array().unwrap();
    assert_eq!(principals.iter().map(|it| it["name"].as_str().unwrap()).collect::<Vec<_>>(), ["root-signing-2"]);
    assert_eq!(place.state("root-signing-1-all"), "revoked");
}

#[test]
fn what_is_no_signing_key_is_not_moved() {
    let place = Place::new();
    place.realm();
    place.account("payments");
    place.seal(&["key", "create", "spare", "--role", "account"]).exits(0);
    place.seal(&["key", "create", "code", "--role", "module"]).exits(0);
    for (old, new, code) in [
        ("identity", "spare", "GS-KEY-ROLE"),
        ("payments", "spare", "GS-KEY-ROLE"),
        ("payments-signing-1", "code", "GS-KEY-ROLE"),
        ("payments-signing-1", "signing-2", "GS-KEY-REUSED"),
        ("payments-signing-1", "payments-signing-1", "GS-USAGE"),
        ("nobody", "spare", "GS-NAME-UNKNOWN"),
        // The other way round, and an identity: nothing is said to be done that is not.
        ("spare", "payments-signing-1", "GS-KEY-ROLE"),
        ("payments", "payments-signing-1", "GS-KEY-ROLE"),
        ("code", "payments-signing-1", "GS-KEY-ROLE"),
        ("spare", "signing-1", "GS-KEY-ROLE"),
    ] {
        place.seal(&["key", "move", old, new]).says(code);
    }
    // Nothing is made for a move that cannot be, and no key is taken for one that is elsewhere.
    let at = ["--at", "ssh-agent:"];
    place.seal(&[&["key", "move", "payments", "fresh"], &at[..]].concat()).says("GS-KEY-ROLE");
    place.seal(&[&["key", "move", "payments-signing-1", "spare"], &at[..]].concat()).says("GS-CUSTODY-EXISTS");
}

/// What was chosen stays chosen: how many are a quorum, and for how long an account's token is made.
#[test]
fn a_move_changes_nothing_but_the_key() {
    let place = Place::new();
    place.run(["init", "acme"]).exits(0);
    let keys = ["identity", "identity-2", "signing-1", "signing-2", "signing-3", "signing-4"];
    place.keys_at_hand(Role::Operator, &keys);
    place.seal(&["operator", "create", "--signing-keys", "3", "--threshold", "3"]).exits(0);
    place.keys_at_hand(Role::Account, &["payments", "payments-signing-1"]);
    place.seal(&["account", "create", "payments", "--days", "30"]).exits(0);
    let threshold = || {
        let shown = place.run(["inspect", "acme/tokens/operator.jwt", "--output", "json"]).exits(0).json();
        shown["token"]["succession"]["threshold"].as_u64().unwrap_or_else(|| panic!("{shown}"))
    };
    let days = || {
        let shown = place.run(["inspect", "acme/tokens/account-payments.jwt", "--output", "json"]).exits(0).json();
        let at = |name: &str| shown["token"][name].as_u64().unwrap_or_else(|| panic!("{shown}"));
        (at("expires") - at("issued_at")).div_ceil(86_400)
    };
    assert_eq!((threshold(), days()), (3, 30));
    let step = |more: &[&str]| place.seal(&[&["key", "move", "signing-1", "signing-4"], more].concat()).exits(0).json();
    step(&[]);
    assert_eq!(threshold(), 3);
    step(&[]);
    assert_eq!(step(&["--confirm", "signing-1"])["done"], true);
    assert_eq!((threshold(), days()), (3, 30));
}

#[test]
fn what_the_account_did_not_sign_is_not_signed_anew() {
    let place = Place::new();
    place.realm();
    for account in ["payments", "shop"] {
        place.account(account);
        place.keys_at_hand(Role::Module, &[&format!("{account}-code")]);
        let file = format!("{account}.wasm");
        place.write(&file, MODULE);
        let module = format!("{account}-code");
        place.seal(&["module", "sign", &file, "--account", account, "--module", &module, "--new-key"]).exits(0);
    }
    let reissue = |file: &str, more: &[&str]| {
        let words = ["module", "reissue", file, "--account", "payments", "--out", "anew"];
        place.seal(&[&words[..], more].concat())
    };
    let signed = |account: &str| {
        let name = format!("{account}.signed.wasm");
        if place.path(&name).exists() { name } else { format!("{account}.wasm") }
    };
    reissue(&signed("shop"), &[]).exits(3).says("GS-CODE-ISSUER");
    // One character of the signature is another: the code is what it was, and nobody vouches for it.
    let mut forged = place.read(&signed("payments"));
    let dots: Vec<usize> = (0..forged.len()).filter(|at| forged[*at] == b'.').collect();
    let last = *dots.iter().rev().find(|at| forged[**at + 1].is_ascii_alphanumeric()).unwrap();
    forged[last + 5] = if forged[last + 5] == b'A' { b'B' } else { b'A' };
    place.write("forged.wasm", &forged);
    reissue("forged.wasm", &[]).says("GS-SIGNATURE-INVALID");
    assert!(!place.path("anew/forged.wasm").exists());
    reissue(&signed("payments"), &["--days", "40"]).exits(0);
    reissue(&signed("payments"), &["--days", "40"]).exits(0);
    // Found only if it is what was asked for.
    reissue(&signed("payments"), &["--days", "50"]).says("GS-REALM-EXISTS");
}

/// A delegation that has begun is copied once, and then the move goes on.
#[test]
fn a_signing_principal_moves_with_delegations_that_have_begun() {
    let place = Place::new();
    place.rooted();
    place.service("upload", &["/files/read"]);
    place.keys_at_hand(Role::User, &["root-signing-2"]);
    let words = ["delegation", "create", "--from", "root-signing-1", "--to", "upload", "--command", "/files/list"];
    let begun = (support::services::now() - 60).to_string();
    place.seal(&[&words[..], &["--for", "8d", "--starts", &begun]].concat()).exits(0);
    let step = |more: &[&str]| {
        place.seal(&[&["key", "move", "root-signing-1", "root-signing-2"], more].concat()).exits(0).json()
    };
    step(&[]);
    let left = step(&[]);
    assert_eq!((states(&left), left["left"].as_array().unwrap().len()), (vec!["done", "done", "next"], 0));
    assert_eq!(step(&["--confirm", "root-signing-1"])["done"], true);
}
