//! The journal of a realm: what a change keeps, what `undo` takes back, and what recovery refuses.
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

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;

use greatseal_core::key::Role;
use support::{PASSPHRASE, Place, contains};

/// The realm without its journal.
fn realm(place: &Place) -> BTreeMap<String, Vec<u8>> {
    let mut files = place.files("acme");
    files.retain(|name, _| !name.starts_with("history/0") && name != ".lock");
    files
}

/// The folder of the newest change.
fn newest(place: &Place) -> String {
    let folders = fs::read_dir(place.path("acme/history")).unwrap().map(|entry| entry.unwrap());
    let folders = folders.filter(|entry| entry.path().is_dir());
    folders.map(|entry| entry.file_name().into_string().unwrap()).max().unwrap()
}

const UNDO: [&str; 5] = ["undo", "--realm", "acme", "--output", "json"];

#[test]
fn every_change_can_be_taken_back_in_turn() {
    let place = Place::new();
    place.run(["init", "acme"]).exits(0);
    let empty = realm(&place);
    place.keys_at_hand(Role::Operator, &["identity", "signing-1"]);
    place.issue(["operator", "create", "--signing-keys", "1", "--realm", "acme"]).exits(0);
    let with_operator = realm(&place);
    place.account("payments");
    let with_account = realm(&place);
    let keys = place.files(".config/greatseal/keys");

    let undone = place.run(UNDO).exits(0).json();
    assert_eq!(undone["undone"]["command"], "account create");
    assert_eq!(realm(&place), with_operator);
    assert_eq!(place.run(UNDO).exits(0).json()["undone"]["command"], "operator create");
    assert_eq!(realm(&place), empty);
    place.run(UNDO).exits(1).says("GS-REALM-UNDO");
    // No private key went, and all that went is in the history.
    assert_eq!(place.files(".config/greatseal/keys"), keys);
    let history = place.files("acme/history");
    for (name, bytes) in with_account.iter().chain(&with_operator) {
        let kept = history.values().chain(empty.values()).any(|kept| kept == bytes);
        assert!(kept, "{name} is nowhere any more");
    }
    // The journal holds nothing that is not public.
    for (name, bytes) in &history {
        assert!(!contains(bytes, PASSPHRASE.as_bytes()) && !contains(bytes, b"passphrase"), "{name}");
        assert!(!contains(bytes, place.path(".").to_str().unwrap().trim_end_matches("/.").as_bytes()), "{name}");
    }

    let listed = place.run(["undo", "--list", "--realm", "acme", "--output", "json"]).exits(0).json();
    let states: Vec<_> =
        listed["changes"].as_array().unwrap().iter().map(|change| change["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["undo", "undo", "undone", "undone"]);
    // And forward again, with the keys that are still there.
    place.issue(["operator", "create", "--signing-keys", "1", "--realm", "acme"]).exits(0);
    assert_eq!(place.run(UNDO).exits(0).json()["undone"]["number"], 5);
}

#[test]
fn what_is_published_or_was_changed_since_stays() {
    let place = Place::new();
    place.realm();
    place.account("payments");
    let before = realm(&place);
    let change = newest(&place);
    place.write(&format!("acme/history/{change}/published"), "");
    place.run(UNDO).exits(1).says("GS-REALM-PUBLISHED");
    fs::remove_file(place.path(&format!("acme/history/{change}/published"))).unwrap();

    for name in ["tokens/account-payments.jwt", "greatseal.toml"] {
        let good = before[name].clone();
        place.write(&format!("acme/{name}"), [&good[..], b"\n"].concat());
        let run = place.run(UNDO).exits(1).says("GS-REALM-CHANGED");
        assert!(run.err().contains(name), "{run}");
        place.write(&format!("acme/{name}"), good);
    }
    // A history that does not hold what it says is not used.
    let kept = format!("acme/history/{change}/was/greatseal.toml");
    let good = place.read(&kept);
    place.write(&kept, [&good[..], b"\n"].concat());
    place.run(UNDO).exits(1).says("GS-REALM-MALFORMED");
    place.write(&kept, good);
    assert_eq!(realm(&place), before);
    place.run(UNDO).exits(0);
}

/// A change as it stands on the disk when a kill came right after it was decided.
fn interrupted(place: &Place) -> (BTreeMap<String, Vec<u8>>, BTreeMap<String, Vec<u8>>) {
    place.realm();
    let before = realm(place);
    place.account("payments");
    let after = realm(place);
    let change = newest(place);
    let record = place.read(&format!("acme/history/{change}/change.json"));
    fs::create_dir_all(place.path("acme/.greatseal-unfinished/new")).unwrap();
    let history = place.path("acme/.greatseal-unfinished/history");
    fs::rename(place.path(&format!("acme/history/{change}")), history).unwrap();
    for (number, name) in ["greatseal.toml", "tokens/account-payments.jwt"].iter().enumerate() {
        place.write(&format!("acme/.greatseal-unfinished/new/{number}"), &after[*name]);
        fs::remove_file(place.path(&format!("acme/{name}"))).unwrap();
    }
    place.write("acme/greatseal.toml", &before["greatseal.toml"]);
    place.write("acme/.greatseal-unfinished/intent", record);
    assert_eq!(
        place.run(["account", "list", "--realm", "acme", "--output", "json"]).exits(0).json()["accounts"],
        serde_json::json!([])
    );
    (before, after)
}

const NEXT: [&str; 7] = ["key", "create", "next", "--role", "module", "--realm", "acme"];

#[test]
fn an_interrupted_change_is_told_and_completed_by_the_next() {
    let place = Place::new();
    let (_, after) = interrupted(&place);
    let found = place.run(["status", "--realm", "acme", "--output", "json"]).exits(7).json();
    assert_eq!(found["findings"][0]["kind"], "interrupted");
    // Even by one that then fails for another reason.
    place.run(["key", "import", "x", "nowhere", "--realm", "acme"]).exits(1);
    assert_eq!(realm(&place), after);
    place.run(["status", "--realm", "acme"]).exits(0);
    place.run(UNDO).exits(0);
}

#[test]
fn an_interrupted_change_does_not_write_over_what_came_after() {
    let place = Place::new();
    place.keys_at_hand(Role::Module, &["next"]);
    let (before, after) = interrupted(&place);
    let mine = "# mine\n".to_owned() + std::str::from_utf8(&before["greatseal.toml"]).unwrap();
    place.write("acme/greatseal.toml", &mine);
    let run = place.issue(NEXT).exits(1).says("GS-REALM-INTERRUPTED");
    assert!(run.err().contains("greatseal.toml"), "{run}");
    assert_eq!(place.read("acme/greatseal.toml"), mine.as_bytes());
    place.write("acme/greatseal.toml", &before["greatseal.toml"]);
    place.write("acme/tokens/account-payments.jwt", "mine");
    place.issue(NEXT).exits(1).says("GS-REALM-INTERRUPTED");
    assert_eq!(place.read("acme/tokens/account-payments.jwt"), b"mine");
    fs::remove_file(place.path("acme/tokens/account-payments.jwt")).unwrap();
    place.issue(NEXT).exits(0);
    assert_eq!(realm(&place)["tokens/account-payments.jwt"], after["tokens/account-payments.jwt"]);
}

/// What a pull request could bring as a change to complete.
#[test]
fn a_forged_change_leads_nowhere_out_of_the_realm() {
    let place = Place::new();
    place.keys_at_hand(Role::Module, &["next"]);
    interrupted(&place);
    let good = String::from_utf8(place.read("acme/.greatseal-unfinished/intent")).unwrap();
    place.write("victim", "untouched");
    let mut tried = 0;
    for path in
        ["../victim", "/etc/victim", "tokens/../../victim", ".lock", ".git/hooks/pre-commit", "victim", "tokens"]
    {
        place.write("acme/.greatseal-unfinished/intent", good.replace("tokens/account-payments.jwt", path));
        place.issue(NEXT).exits(1).says("GS-REALM-MALFORMED");
        tried += 1;
    }
    assert_eq!(tried, 7);
    place.write("acme/.greatseal-unfinished/intent", good.replace("\"schema\": 1", "\"schema\": 9"));
    place.issue(NEXT).exits(1).says("GS-REALM-SCHEMA");
    // Its number, or its command, in the name of its folder.
    place.write("acme/.greatseal-unfinished/intent", &good);
    let aside = place.path("aside");
    for name in ["intent", "new/1", "new"] {
        let path = place.path("acme/.greatseal-unfinished").join(name);
        fs::rename(&path, &aside).unwrap();
        symlink(&aside, &path).unwrap();
        place.issue(NEXT).exits(1).says("GS-REALM-LINK");
        fs::remove_file(&path).unwrap();
        fs::rename(&aside, &path).unwrap();
    }
    // Not what the record says it is.
    place.write("acme/.greatseal-unfinished/new/1", "another token");
    place.issue(NEXT).exits(1).says("GS-REALM-INTERRUPTED");
    assert_eq!(place.read("victim"), b"untouched");
    // It can be given up.
    fs::remove_dir_all(place.path("acme/.greatseal-unfinished")).unwrap();
    place.issue(NEXT).exits(0);
}

#[test]
fn leftovers_of_killed_commands_are_swept_when_they_are_old() {
    let place = Place::new();
    place.keys_at_hand(Role::Module, &["next"]);
    place.realm();
    let hour = std::time::Duration::from_secs(3601);
    for name in ["acme/.greatseal-aaaaaa", "acme/tokens/.greatseal-bbbbbb"] {
        let path = place.write(name, "half");
        fs::File::options().write(true).open(path).unwrap().set_modified(std::time::SystemTime::now() - hour).unwrap();
    }
    place.write("acme/.greatseal-cccccc", "somebody is writing it");
    place.issue(NEXT).exits(0);
    let left = place.files("acme").into_keys().filter(|name| name.contains(".greatseal-"));
    assert_eq!(left.collect::<Vec<_>>(), [".greatseal-cccccc"]);
}

#[test]
fn a_realm_of_the_first_form_is_read_and_brought_forward_by_the_first_change() {
    let place = Place::new();
    place.keys_at_hand(Role::Module, &["next"]);
    place.realm();
    let now = String::from_utf8(place.read("acme/greatseal.toml")).unwrap();
    let first = now.replace("schema = 2", "schema = 1").replace("[warnings]\ndays = [7, 30, 90]\n\n", "");
    assert!(!first.contains("warnings"));
    place.write("acme/greatseal.toml", &first);
    place.run(["status", "--realm", "acme"]).exits(0);
    place.run(["key", "list", "--realm", "acme"]).exits(0);
    assert_eq!(place.read("acme/greatseal.toml"), first.as_bytes());
    place.issue(NEXT).exits(0);
    assert!(String::from_utf8(place.read("acme/greatseal.toml")).unwrap().contains("schema = 2"));
    assert_eq!(place.read(&format!("acme/history/{}/was/greatseal.toml", newest(&place))), first.as_bytes());
    place.run(UNDO).exits(0);
    assert_eq!(place.read("acme/greatseal.toml"), first.as_bytes());
    place.write("acme/greatseal.toml", now.replace("schema = 2", "schema = 5"));
    for words in [&["status"][..], &["key", "list"], &["undo"]] {
        place.run([words, &["--realm", "acme", "--output", "json"]].concat()).exits(1).says("GS-REALM-SCHEMA");
    }
}

#[test]
fn status_tells_what_expires_and_what_waits() {
    let place = Place::new();
    place.run(["init", "acme"]).exits(0);
    let status = |more: &[&str]| place.run([&["status", "--realm", "acme", "--output", "json"], more].concat());
    let kinds = |run: support::Run| -> Vec<(String, Option<u64>)> {
        let found = run.json()["findings"].as_array().unwrap().clone();
        found.iter().map(|one| (one["kind"].as_str().unwrap().to_owned(), one["within_days"].as_u64())).collect()
    };
    let one = |kind: &str, within: Option<u64>| vec![(kind.to_owned(), within)];
    assert_eq!(kinds(status(&[]).exits(7)), one("no-operator", None));
    place.keys_at_hand(Role::Operator, &["identity", "signing-1"]);
    let made = place
        .issue([
            "operator",
            "create",
            "--without-succession",
            "--signing-keys",
            "1",
            "--days",
            "100",
            "--realm",
            "acme",
        ])
        .exits(0)
        .json();
    let expires = made["expires"].as_u64().unwrap();
    assert_eq!(kinds(status(&[]).exits(0)), []);
    let day = 86_400;
    for (at, within) in [(90, 90), (31, 90), (30, 30), (8, 30), (7, 7), (1, 7)] {
        let at = (expires - at * day).to_string();
        assert_eq!(kinds(status(&["--at", &at]).exits(7)), one("expires", Some(within)));
    }
    assert_eq!(kinds(status(&["--at", &(expires - 90 * day - 1).to_string()]).exits(0)), []);
    assert_eq!(kinds(status(&["--at", &expires.to_string()]).exits(7)), one("expired", None));
    place.write("acme/requests/0001.request", "x");
    assert_eq!(kinds(status(&[]).exits(7)), one("waits", None));
    let people = place.run(["status", "--realm", "acme"]).exits(7).out();
    assert!(people.contains("requests/0001.request"), "{people}");
}
