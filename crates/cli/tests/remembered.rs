//! What the trust store remembers: tokens that were followed, and revocations that counted. Whoever
//! chooses what a verifier is shown next cannot take any of it back.
#![cfg(unix)]
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
use std::os::unix::fs::PermissionsExt;
use std::thread;

use greatseal_testkit::chain::{AT, endorsement, key_revocation, operator, operator_token, revocation};
use serde_json::{Value, json};
use support::line::Line;

const STORE: &str = ".config/greatseal/trust";

/// A line whose first token is pinned as `acme`.
fn pinned() -> Line {
    let line = Line::new();
    line.place.run(["trust", "add", "acme", "t0.jwt", "--yes"]).exits(0);
    line
}

fn shown(line: &Line) -> Value {
    line.place.run(["trust", "show", "acme", "--output", "json"]).exits(0).json()
}

#[test]
fn what_was_followed_once_is_followed_ever_after() {
    let line = pinned();
    let step = line.reissued(&line.t0, 1);
    line.supply_endorsed("one", &step, &[0, 1]);
    line.by_store("leaf.jwt", &[]).exits(0);
    assert_eq!(shown(&line)["path"], json!([]));
    // Elsewhere in time, or under trust that was named, nothing is learned.
    line.by_store("leaf.jwt", &["--with", "one", "--at", &AT.to_string()]).exits(0);
    line.by_store("leaf.jwt", &["--with", "one", "--trust", "t0.jwt"]).exits(0);
    assert_eq!(shown(&line)["path"], json!([]));

    let answer = line.by_store("leaf.jwt", &["--with", "one"]).exits(0).json();
    assert_eq!(answer["chain"][0]["id"], step.id().to_string());
    let path = &shown(&line)["path"];
    assert_eq!((path[0]["statement"].clone(), path[0]["seq"].as_u64()), (step.id().to_string().into(), Some(1)));
    assert_eq!(path[0]["endorsed_by"].as_array().unwrap().len(), 2);
    // The same again writes nothing.
    let before = line.place.files(STORE);
    line.by_store("leaf.jwt", &["--with", "one"]).exits(0);
    assert_eq!(line.place.files(STORE), before);

    // Nobody has to supply it any more, and nobody can take it back.
    let answer = line.by_store("leaf.jwt", &[]).exits(0).json();
    assert_eq!(answer["chain"][0]["id"], step.id().to_string());
    assert!(answer["notices"][0].as_str().unwrap().contains("followed/1/1"), "{answer}");
    line.by_store("t0.jwt", &[]).exits(3).says("GS-SUPERSEDED");
    line.supply("sealed.jwt", &key_revocation(&line.signers[1], &line.signers[1]));
    line.by_store("leaf.jwt", &["--revocation", "sealed.jwt"]).exits(3).says("GS-SUCCESSION-VOID");
    // That revocation counted, so it is not forgotten either.
    line.by_store("leaf.jwt", &[]).exits(3).says("GS-SUCCESSION-VOID");
    assert_eq!(shown(&line)["revocations"].as_array().unwrap().len(), 1);
    // With one more living endorsement it is over, and that is remembered.
    line.supply("more.jwt", &endorsement(&line.signers[2], &step));
    line.by_store("leaf.jwt", &["--with", "more.jwt"]).exits(0);
    line.by_store("leaf.jwt", &[]).exits(0);
    let people = line.place.run(["trust", "show", "acme"]).exits(0).out();
    assert!(people.contains("followed   to ") && people.contains("revoked    everything that "), "{people}");
}

#[test]
fn a_denial_teaches_as_much_as_an_allow() {
    let line = pinned();
    // The next token lists other signing keys than the one that made the account.
    let [a, b, c] = ["four", "five", "six"].map(|name| operator(&format!("acme {name}")));
    let step = operator_token(&line.identity).lists([&a, &b, &c]).line(line.after(&line.t0)).iat(1_700_000_000).sign();
    line.supply_endorsed("one", &step, &[0, 1]);
    line.by_store("chain/account.jwt", &["--with", "one"]).exits(3).says("GS-ACCOUNT-ISSUER");
    line.by_store("chain/account.jwt", &[]).exits(3).says("GS-ACCOUNT-ISSUER");
}

#[test]
fn a_revocation_that_counted_cannot_be_hidden() {
    let line = pinned();
    let other = line.supply_module("other");
    line.supply("account.jwt", &revocation(&line.signers[0], &line.tenant));
    line.supply("module.jwt", &revocation(&line.account_signer, &other));
    let stranger = operator("stranger");
    line.supply("stranger.jwt", &key_revocation(&stranger, &stranger));
    line.by_store("leaf.jwt", &["--revocation", "stranger.jwt", "--revocation", "module.jwt"]).exits(0);
    assert_eq!(shown(&line)["revocations"], json!([]));
    line.by_store("other.jwt", &["--revocation", "module.jwt"]).exits(3).says("GS-REVOKED");
    line.by_store("other.jwt", &[]).exits(3).says("GS-REVOKED");
    // What is remembered and touches nothing here is not told as if somebody had supplied it.
    assert_eq!(line.by_store("leaf.jwt", &[]).exits(0).json()["ignored"], json!([]));
    line.by_store("leaf.jwt", &["--revocation", "account.jwt"]).exits(3).says("GS-REVOKED");
    line.by_store("leaf.jwt", &[]).exits(3).says("GS-REVOKED");
    let names: Vec<String> = line.place.files(&format!("{STORE}/acme/revoked")).into_keys().collect();
    assert_eq!(names.iter().filter(|name| name.starts_with("own/")).count(), 1, "{names:?}");
    assert_eq!(names.iter().filter(|name| name.starts_with("below/")).count(), 1, "{names:?}");
    // A pin that is not of this line hears nothing of it.
    line.place.run(["trust", "remove", "acme", "--confirm", "acme"]).exits(0);
    line.place.run(["trust", "add", "acme", "t0.jwt", "--yes"]).exits(0);
    line.by_store("leaf.jwt", &[]).exits(0);
}

#[test]
fn accounts_and_bare_keys_remember_revocations_too() {
    let line = Line::new();
    let add = |name: &str, what: &str| line.place.run(["trust", "add", name, what, "--yes"]).exits(0);
    add("shop", "chain/account.jwt");
    line.supply("module.jwt", &revocation(&line.account_signer, &line.leaf));
    line.by_store("leaf.jwt", &[]).exits(0);
    line.by_store("leaf.jwt", &["--revocation", "module.jwt"]).exits(3).says("GS-REVOKED");
    line.by_store("leaf.jwt", &[]).exits(3).says("GS-REVOKED");
    line.place.run(["trust", "remove", "shop", "--confirm", "shop"]).exits(0);
    // A bare key ends when it revokes itself, and nobody brings it back.
    add("acme", &line.identity.to_string());
    let with = ["--with", "t0.jwt"];
    line.by_store("leaf.jwt", &with).exits(0);
    line.supply("end.jwt", &key_revocation(&line.identity, &line.identity));
    line.by_store("leaf.jwt", &["--with", "t0.jwt", "--revocation", "end.jwt"]).exits(3).says("GS-REVOKED");
    line.by_store("leaf.jwt", &with).exits(3).says("GS-REVOKED");
    // A pinned token does not end with its identity (rule 13).
    line.place.run(["trust", "remove", "acme", "--confirm", "acme"]).exits(0);
    add("acme", "t0.jwt");
    line.by_store("leaf.jwt", &["--revocation", "end.jwt"]).exits(0);
    line.by_store("leaf.jwt", &[]).exits(0);
}

#[test]
fn a_backup_carries_what_is_remembered() {
    let line = pinned();
    let step = line.reissued(&line.t0, 1);
    line.supply_endorsed("one", &step, &[0, 1]);
    line.supply("struck.jwt", &key_revocation(&line.signers[1], &line.signers[0]));
    line.by_store("leaf.jwt", &["--with", "one", "--with", "struck.jwt"]).exits(0);
    line.place.run(["backup", "create", "all.age", "--passphrase-file", "passphrase"]).exits(0);
    line.place.run(["backup", "restore", "all.age", "--into", "back", "--passphrase-file", "passphrase"]).exits(0);
    let kept = line.place.files(STORE);
    let restored = line.place.files("back/trust");
    assert!(kept.keys().any(|name| name.starts_with("acme/revoked/own/")), "{:?}", kept.keys());
    for (name, bytes) in kept.iter().filter(|(name, _)| !name.ends_with(".lock")) {
        assert_eq!(restored.get(name), Some(bytes), "{name}");
    }
    line.by_store("t0.jwt", &["--trust-store", "back/trust"]).exits(3).says("GS-SUPERSEDED");
}

#[test]
fn a_copy_under_a_bad_signature_is_not_what_is_remembered() {
    let line = pinned();
    let step = line.reissued(&line.t0, 1);
    line.supply_endorsed("one", &step, &[0, 1]);
    line.supply("one/a-copy.jwt", &step.with_signature_of(&line.t0));
    let deed = endorsement(&line.signers[0], &step);
    line.supply("one/a-deed.jwt", &deed.with_signature_of(&line.t0));
    line.by_store("leaf.jwt", &["--with", "one"]).exits(0);
    let answer = line.by_store("leaf.jwt", &[]).exits(0).json();
    assert_eq!(answer["chain"][0]["id"], step.id().to_string());
}

#[test]
fn a_store_that_cannot_be_written_changes_no_answer() {
    let line = pinned();
    let step = line.reissued(&line.t0, 1);
    line.supply_endorsed("one", &step, &[0, 1]);
    let pin = line.place.path(&format!("{STORE}/acme"));
    // A folder where the lock should be: nobody can take it, root included.
    let lock = line.place.path(&format!("{STORE}/trust.lock"));
    let _ = fs::remove_file(&lock);
    fs::create_dir(&lock).unwrap();
    let run = line.by_store("leaf.jwt", &["--with", "one"]).exits(0);
    assert!(run.err().contains("could not remember"), "{run}");
    assert_eq!(run.json()["chain"][0]["id"], step.id().to_string());
    fs::remove_dir(&lock).unwrap();
    line.by_store("leaf.jwt", &["--with", "one"]).exits(0);
    // What is damaged is told, and never guessed around.
    let remembered = pin.join("followed/1/1");
    let good = fs::read(&remembered).unwrap();
    for bad in [&b""[..], b"x", &good[..90]] {
        fs::write(&remembered, bad).unwrap();
        line.by_store("leaf.jwt", &[]).exits(1).says("GS-TRUST-MALFORMED");
    }
    fs::write(&remembered, good).unwrap();
    fs::set_permissions(&remembered, fs::Permissions::from_mode(0o622)).unwrap();
    line.by_store("leaf.jwt", &[]).exits(1).says("GS-TRUST-PERMISSIONS");
}

#[test]
fn commands_at_once_remember_each_step_once() {
    let line = pinned();
    let step = line.reissued(&line.t0, 1);
    line.supply_endorsed("one", &step, &[0, 1]);
    line.supply("sealed.jwt", &revocation(&line.signers[2], &line.tenant));
    line.supply("struck.jwt", &key_revocation(&line.signers[1], &line.signers[0]));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| line.by_store("leaf.jwt", &["--with", "one", "--with", "struck.jwt"]).exits(0));
        }
    });
    let pin = shown(&line);
    assert_eq!(pin["path"].as_array().unwrap().len(), 1, "{pin}");
    // One vote of two: it struck nothing yet, and must not be lost before the second is heard.
    assert_eq!(pin["revocations"].as_array().unwrap().len(), 1, "{pin}");
    line.supply("struck2.jwt", &key_revocation(&line.signers[2], &line.signers[0]));
    line.by_store("leaf.jwt", &["--with", "struck2.jwt"]).exits(3);
    line.by_store("leaf.jwt", &[]).exits(3);
}

#[test]
fn a_newer_token_takes_a_pins_place_only_when_confirmed() {
    let line = pinned();
    let step = line.reissued(&line.t0, 1);
    let third = line.by_next(&step, 2);
    line.supply_endorsed("one", &step, &[0, 1]);
    line.supply("third.jwt", &third);
    let add = |words: &[&str]| line.place.run([&["trust", "add"], words, &["--yes", "--output", "json"]].concat());
    for name in ["acme", "again"] {
        let run = add(&[name, "one/token.jwt"]).exits(1).says("GS-TRUST-TAKEN");
        assert!(run.json()["error"]["advice"].as_str().unwrap().contains("--confirm acme"), "{run}");
    }
    // Another key, and still of the line once that has been followed.
    add(&["again", "third.jwt", "--confirm", "again"]).exits(2);
    line.supply("account.jwt", &revocation(&line.signers[0], &line.tenant));
    line.by_store("leaf.jwt", &["--with", "one", "--with", "account.jwt"]).exits(3);
    add(&["again", "third.jwt"]).exits(1).says("GS-TRUST-TAKEN");
    add(&["acme", "one/token.jwt", "--confirm", "other"]).exits(1).says("GS-TRUST-TAKEN");
    let pin = add(&["acme", "one/token.jwt", "--confirm", "acme"]).exits(0).json();
    assert_eq!(pin["statement"], step.id().to_string());
    // What was heard stays heard, and there is no way back.
    line.by_store("leaf.jwt", &[]).exits(3).says("GS-REVOKED");
    add(&["acme", "t0.jwt", "--confirm", "acme"]).exits(1).says("GS-TRUST-TAKEN");
    add(&["old", "t0.jwt"]).exits(1).says("GS-TRUST-TAKEN");
}
