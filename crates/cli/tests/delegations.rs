//! Delegations: made by name, ahead, shown, renewed and taken back.
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

use serde_json::{Value, json};
use support::services::{Wallet, names, now};
use support::{Place, Run};

const DAY: u64 = 86_400;

#[track_caller]
fn create(place: &Place, words: &[&str]) -> Run {
    place.seal(&[&["delegation", "create"], words].concat())
}

/// Delegates `/files/read` from `upload` to `access`.
#[track_caller]
fn give(place: &Place, words: &[&str]) -> Value {
    let all = [&["--from", "upload", "--to", "access", "--command", "/files/read"], words].concat();
    create(place, &all).exits(0).json()
}

#[test]
fn a_delegation_is_made_shown_renewed_and_taken_back() {
    let place = Place::with_services();
    let policy = r#"[["==", ".bucket", "public"]]"#;
    let made = give(&place, &["--subject", "root", "--where", policy, "--for", "30d"]);
    let it = &made["delegations"][0];
    assert_eq!(it["name"], "upload-access-files-read");
    assert_eq!(
        (&it["from"]["name"], &it["to"]["name"], &it["subject"]["name"]),
        (&"upload".into(), &"access".into(), &"root".into())
    );
    assert_eq!((&it["policy"], &it["state"]), (&json!([["==", ".bucket", "public"]]), &"current".into()));
    assert!(it["expires"].as_u64().unwrap() <= now() + 30 * DAY);
    // Text, for version control.
    let file = String::from_utf8(place.read("acme/delegations/upload-access-files-read.ucan")).unwrap();
    assert!(file.starts_with('C') && file.ends_with('\n') && file.trim_end().is_ascii(), "{file}");
    // Others read it too, and verify what it rests on.
    let root = place.root_key().to_string();
    let words = [
        "verify",
        "acme/delegations/upload-access-files-read.ucan",
        "--trust",
        &root,
        "--with",
        "acme",
        "--output",
        "json",
    ];
    let verified = place.run(words).exits(0).json();
    assert_eq!(verified["chain"].as_array().unwrap().len(), 3);

    // To somebody of whom the realm knows nothing but the DID; and on from there.
    let partner = Wallet::new();
    let made = create(&place, &["--from", "access", "--to", &partner.did(), "--command", "/files/read", "--for", "7d"])
        .exits(0)
        .json();
    let below = made["delegations"][0]["name"].as_str().unwrap().to_owned();
    assert!(below.starts_with("access-") && below.ends_with("-files-read"), "{below}");
    let shown = place.look(&["delegation", "show", "upload-access-files-read"]);
    assert_eq!(names(&shown["above"]), ["root-signing-1-all", "root-signing-1-upload-files-read"]);
    assert_eq!(names(&shown["below"]), [&below]);
    let cid = shown["cid"].as_str().unwrap();
    for name in [cid, &cid[cid.len() - 8..]] {
        assert_eq!(place.look(&["delegation", "show", name])["cid"], cid);
    }
    for words in
        [&["delegation", "list"][..], &["delegation", "list", "--from", "access"], &["delegation", "show", cid]]
    {
        place.run([words, &["--realm", "acme"]].concat()).exits(0);
    }
    let listed = place.look(&["delegation", "list", "--from", "upload", "--to", "access"]);
    assert_eq!(names(&listed["delegations"]), ["upload-access-files-read"]);

    // What a wallet needs, and once only.
    let export = ["delegation", "export", cid, "--out", "wallet"];
    assert_eq!(place.look(&export)["files"].as_array().unwrap().len(), 3);
    assert_eq!(place.look(&export)["files"], json!([]));
    place.write("wallet/root-signing-1-all.ucan", "other");
    place.run([&export[..], &["--realm", "acme", "--output", "json"]].concat()).exits(1).says("GS-REALM-EXISTS");

    // Renewed: the same but for time and nonce; the old one stays.
    let renewed = place.seal(&["delegation", "renew", "upload-access-files-read", "--for", "60d"]).exits(0).json();
    let again = &renewed["delegations"][0];
    assert_eq!((&again["name"], &again["policy"]), (&"upload-access-files-read-2".into(), &it["policy"]));
    assert_ne!(again["cid"], it["cid"]);
    assert_eq!(place.state("upload-access-files-read"), "current");

    // With both, nothing hangs on either; with one taken back, all hangs on the other.
    assert_eq!(place.look(&["delegation", "show", "upload-access-files-read"])["below"], json!([]));
    let revoke = |name: &str, confirm: &str| place.seal(&["delegation", "revoke", name, "--confirm", confirm]);
    revoke("upload-access-files-read", "other").exits(2).says("GS-USAGE");
    let revoked = revoke("upload-access-files-read", "upload-access-files-read").exits(0).json();
    assert_eq!((&revoked["by"]["name"], &revoked["dead"]), (&"upload".into(), &json!([])));
    assert_eq!(place.state(&below), "current");
    let short = again["cid"].as_str().unwrap();
    let revoked = revoke("upload-access-files-read-2", &short[short.len() - 8..]).exits(0).json();
    assert_eq!(names(&revoked["dead"]), [&below]);
    assert_eq!((place.state("upload-access-files-read").as_str(), place.state(&below).as_str()), ("revoked", "unheld"));
    revoke("upload-access-files-read", "upload-access-files-read").exits(1).says("GS-DELEGATION-LAPSED");
    place.seal(&["delegation", "renew", "upload-access-files-read"]).exits(1).says("GS-DELEGATION-LAPSED");
    assert_eq!(place.look(&["delegation", "list", "--to", "access"])["delegations"], json!([]));
    // Verifiers refuse it by what the realm published.
    place.run(words).exits(3).says("GS-REVOKED");
    let kinds: Vec<String> = place.found(now()).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "revoked").count(), 2);
    assert!(kinds.iter().any(|kind| kind == "unheld"));
}

#[test]
fn nobody_passes_on_what_he_does_not_hold() {
    let place = Place::with_services();
    let root = place.root_key().to_string();
    let stranger = Wallet::new().did();
    let refused = |from: &str, to: &str, command: &str, more: &[&str], exit, code: &str| {
        let words = [&["--from", from, "--to", to, "--command", command], more].concat();
        create(&place, &words).exits(exit).says(code);
    };
    let month = &["--for", "30d"][..];
    refused("access", "upload", "/files/read", month, 3, "GS-UCAN-NO-PROOF");
    refused("upload", "access", "/files", month, 3, "GS-UCAN-COMMAND");
    refused("upload", "access", "/", month, 3, "GS-UCAN-COMMAND");
    refused("upload", "access", "files", month, 3, "GS-UCAN-COMMAND-SYNTAX");
    refused("upload", "access", "/files/read", &["--for", "30d", "--subject", "access"], 3, "GS-UCAN-NO-PROOF");
    refused(
        "upload",
        "access",
        "/files/read",
        &["--for", "30d", "--where", "[[\"is\", \".a\", 1]]"],
        3,
        "GS-UCAN-POLICY-SYNTAX",
    );
    refused("upload", "access", "/files/read", &["--for", "30d", "--where", "[1"], 3, "GS-UCAN-POLICY-SYNTAX");
    refused("upload", "nobody", "/files/read", month, 2, "GS-NAME-UNKNOWN");
    refused("upload", "did:key:z6Mk", "/files/read", month, 3, "GS-KEY-MALFORMED");
    refused(&stranger, "access", "/files/read", month, 2, "GS-NAME-UNKNOWN");
    refused("upload", "access", "/files/read", &[], 2, "GS-USAGE");
    refused("upload", "access", "/files/read", &["--for", "30"], 2, "GS-USAGE");
    // Separation.
    refused("root", "upload", "/files/read", month, 3, "GS-UCAN-SEPARATION");
    refused("root", &stranger, "/", month, 3, "GS-UCAN-SEPARATION");
    refused("upload", "access", "/files/read", &["--for", "ever"], 3, "GS-UCAN-SEPARATION");
    create(&place, &["--from", &root, "--to", "root-signing-1", "--command", "/more", "--for", "ever"]).exits(0);
    // Times.
    refused("upload", "access", "/files/read", &["--for", "1d", "--starts", "2020-01-01"], 3, "GS-TIME-EXPIRED");
    refused("upload", "access", "/files/read", &["--for", "1d", "--repeat", "2", "--every", "2d"], 2, "GS-USAGE");
    // When upload's own has ended there is nothing to pass on.
    let late = (now() + 400 * DAY).to_string();
    refused("upload", "access", "/files/read", &["--for", "1d", "--starts", &late], 3, "GS-UCAN-NO-PROOF");
    // Its own subject is anybody's to delegate.
    create(
        &place,
        &["--from", "access", "--to", "upload", "--command", "/index", "--subject", "access", "--for", "1d"],
    )
    .exits(0);
    place.seal(&["delegation", "revoke", "x", "--confirm", "x"]).exits(2).says("GS-DELEGATION-UNKNOWN");
    place.seal(&["delegation", "renew", "x"]).exits(2).says("GS-DELEGATION-UNKNOWN");
    place.seal(&["service", "rotate", "upload", "--key", &stranger]).exits(0);
    let running = names(&place.look(&["service", "show", "upload"])["running_keys"])[0].to_owned();
    place.seal(&["delegation", "renew", &running]).exits(1).says("GS-DELEGATION-LAPSED");
    // A realm's folder does not hold such by chance.
    place.write("acme/delegations/odd.ucan", "C");
    place.run(["delegation", "list", "--realm", "acme", "--output", "json"]).exits(3);
}

/// A quarter ahead: strong keys stay offline, and `status` tells of gaps and ends.
#[test]
fn delegating_ahead() {
    let place = Place::with_services();
    let made = give(&place, &["--for", "8d", "--repeat", "13", "--every", "7d"]);
    let list = made["delegations"].as_array().unwrap();
    assert_eq!(list.len(), 13);
    assert_eq!(
        (&list[0]["state"], &list[1]["state"], &list[12]["name"]),
        (&"current".into(), &"future".into(), &"upload-access-files-read-13".into())
    );
    let end = list[12]["expires"].as_u64().unwrap();
    assert!(end > now() + 91 * DAY && end < now() + 93 * DAY);
    // Running keys are another matter.
    let lapses = |at: u64, kind: &str| -> Vec<String> {
        place.found(at).into_iter().filter(|(of, _)| of == kind).map(|(_, what)| what).collect()
    };
    for at in [now(), now() + 40 * DAY] {
        assert_eq!((lapses(at, "lapses"), lapses(at, "gap")), (vec![], vec![]), "{at}");
    }
    let told = lapses(end - DAY, "lapses");
    assert!(told.len() == 1 && told[0].contains("upload-access-files-read-13"), "{told:?}");
    // One in the middle is taken back: two weeks have a hole of six days.
    place
        .seal(&["delegation", "revoke", "upload-access-files-read-5", "--confirm", "upload-access-files-read-5"])
        .exits(0);
    let gaps = lapses(now(), "gap");
    assert!(gaps.len() == 1 && gaps[0].contains("read-4 and upload-access-files-read-6"), "{gaps:?}");
    assert_eq!(lapses(now(), "running-key").len(), 2, "both services hold something, and nothing runs");
    // In the past, and over.
    let kinds = lapses(end + DAY, "expired");
    assert!(kinds.iter().any(|what| what.contains("upload-access-files-read-13")), "{kinds:?}");
}

#[test]
fn status_tells_of_running_keys_and_broken_separation() {
    let place = Place::with_services();
    place.seal(&["service", "rotate", "upload", "--key", &Wallet::new().did()]).exits(0);
    let found = |at: u64, kind: &str| place.found(at).into_iter().filter(|(of, _)| of == kind).count();
    let at = now();
    assert_eq!((found(at, "running-key"), found(at, "lapses")), (0, 0));
    // The last fifth of a day.
    assert_eq!(found(at + 20 * 3600, "lapses"), 2);
    assert_eq!(found(at + 25 * 3600, "running-key"), 1);
    assert_eq!(found(at, "no-operator"), 0, "a realm of services alone");
    // Somebody edits the realm's file: what the root delegates is its signing principal's no more.
    let file = String::from_utf8(place.read("acme/greatseal.toml")).unwrap();
    place.write("acme/greatseal.toml", file.replace("[\"root-signing-1\"]", "[\"access\"]"));
    assert!(found(at, "separation") + found(at, "unheld") > 0);
    assert!(found(at, "separation") > 0);
}

/// Keys that are elsewhere: what is asked is refused before anybody travels, and signed as shown.
#[test]
fn delegations_by_keys_that_are_elsewhere() {
    let (near, far) = (Place::with_services(), Place::new());
    std::fs::create_dir_all(far.path(".config/greatseal")).unwrap();
    std::fs::rename(near.keys(), far.keys()).unwrap();
    create(&near, &["--from", "access", "--to", "upload", "--command", "/files/read", "--for", "1d"])
        .exits(3)
        .says("GS-UCAN-NO-PROOF");
    let left = give(&near, &["--for", "30d", "--repeat", "2", "--where", r#"[["like", ".path", "/public/*"]]"#]);
    assert!(left["pending"].as_str().unwrap().ends_with("delegation.json"));
    // Another that waits gets names that are not taken.
    give(&near, &["--for", "30d"]);
    near.look(&["request", "cancel", "delegation-2"]);
    far.write("delegation.json", near.read("acme/requests/delegation.json"));
    let shown = far.run(["request", "show", "delegation.json", "--output", "json"]).exits(0).json();
    let summary = shown["statements"][1]["summary"].to_string();
    for says in ["like", "/public/*", "not before", "/files/read", &near.identity("access").to_string()] {
        assert!(summary.contains(says), "{says}: {summary}");
    }
    far.issue(["request", "sign", "--yes", "delegation.json"]).exits(0);
    near.write("delegation.answer.json", far.read("delegation.answer.json"));
    near.seal(&["request", "receive", "delegation.answer.json"]).exits(0);
    assert_eq!(near.state("upload-access-files-read-2"), "future");
    // Its revocation travels in the same way.
    let name = "upload-access-files-read";
    near.seal(&["delegation", "revoke", name, "--confirm", name]).exits(0);
    assert_eq!(near.state(name), "current");
    let file = format!("revoke-{name}");
    far.write("revoke.json", near.read(&format!("acme/requests/{file}.json")));
    far.issue(["request", "sign", "--yes", "revoke.json"]).exits(0);
    near.write("revoke.answer.json", far.read("revoke.answer.json"));
    near.seal(&["request", "receive", "revoke.answer.json"]).exits(0);
    assert_eq!(near.state(name), "revoked");
}

/// The issuer's sealed revocation, made at its birth, ends what it delegated.
#[test]
fn a_sealed_revocation_ends_delegations() {
    let place = Place::with_services();
    give(&place, &["--for", "30d"]);
    place.issue(["key", "sealed", "make", "upload", "--out", "sealed.jwt", "--realm", "acme"]).exits(0);
    let publish =
        ["key", "sealed", "publish", "upload", "--file", "sealed.jwt", "--confirm", "upload", "--realm", "acme"];
    place.run(publish).exits(0);
    assert_eq!(place.state("upload-access-files-read"), "revoked");
    assert_eq!(place.state("root-signing-1-upload-files-read"), "current");
}
