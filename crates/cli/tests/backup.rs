//! Backups of the private folder: made, checked, brought back, and never over anything.
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
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use greatseal_core::key::Role;
use support::{PASSPHRASE, Place, contains};

const SECOND: &str = "another-passphrase-for-the-backup";

fn with_everything() -> Place {
    let place = Place::new();
    place.realm();
    place.account("payments");
    place.run(["trust", "add", "acme", "acme/tokens/operator.jwt", "--yes"]).exits(0);
    place.write("second", format!("{SECOND}\n"));
    place
}

const CREATE: [&str; 7] = ["backup", "create", "keys.age", "--passphrase-file", "second", "--output", "json"];
const CHECK: [&str; 7] = ["backup", "check", "keys.age", "--passphrase-file", "second", "--output", "json"];

#[test]
fn what_is_lost_comes_back_from_a_backup() {
    let place = with_everything();
    let made = place.run(CREATE).exits(0);
    assert_eq!(fs::metadata(place.path("keys.age")).unwrap().mode() & 0o777, 0o600);
    assert_eq!(made.json()["keys"].as_array().unwrap().len(), 5);
    assert_eq!(made.json()["pins"], serde_json::json!(["acme"]));
    for secret in [PASSPHRASE, SECOND] {
        assert!(!contains(&place.read("keys.age"), secret.as_bytes()) && !contains(&made.all(), secret.as_bytes()));
    }
    let checked = place.run(CHECK).exits(0).json();
    assert_eq!(checked["keys"].as_array().unwrap().len(), 5);
    assert_eq!(checked["unlocked"], false);
    let unlock = [&CHECK[..], &["--unlock", "--key-passphrase-file", "passphrase"]].concat();
    assert_eq!(place.run(&unlock).exits(0).json()["unlocked"], true);
    let wrong = [&CHECK[..], &["--unlock", "--key-passphrase-file", "second"]].concat();
    place.run(&wrong).exits(1).says("GS-BACKUP-KEY");
    place.run(CHECK.map(|word| if word == "second" { "passphrase" } else { word })).exits(4).says("GS-BACKUP-LOCKED");

    // Everything is lost, and comes back elsewhere.
    let private = place.files(".config/greatseal");
    fs::remove_dir_all(place.path(".config")).unwrap();
    let restore =
        ["backup", "restore", "keys.age", "--into", "back", "--passphrase-file", "second", "--output", "json"];
    place.run(restore).exits(0);
    let restored = place.files("back");
    for (name, bytes) in private
        .iter()
        // Sealed revocations are kept apart from keys, so they are no part of their backup.
        .filter(|(name, _)| !name.ends_with(".lock") && !name.starts_with("keys-sealed/"))
    {
        assert!(restored.get(name) == Some(bytes), "{name}");
        let metadata = fs::metadata(place.path("back").join(name)).unwrap();
        assert_eq!(metadata.mode() & 0o777, 0o600, "{name}");
    }
    for folder in ["back", "back/keys", "back/trust", "back/trust/acme"] {
        assert_eq!(fs::metadata(place.path(folder)).unwrap().mode() & 0o777, 0o700, "{folder}");
    }
    place.run(["verify", "acme/tokens/account-payments.jwt", "--trust-store", "back/trust"]).exits(0);
    let create = ["account", "create", "more", "--signing-keys", "0", "--realm", "acme", "--keys", "back/keys"];
    place.issue(create).exits(0);
    // A second time there is something in the way.
    place.run(restore).exits(1).says("GS-BACKUP-EXISTS");
    assert_eq!(place.files("back").get("keys/acme.identity.age"), private.get("keys/acme.identity.age"));
}

#[test]
fn nothing_is_overwritten_and_nothing_goes_into_a_realm() {
    let place = with_everything();
    place.write("keys.age", "mine");
    place.run(CREATE).exits(1).says("GS-BACKUP-EXISTS");
    assert_eq!(place.read("keys.age"), b"mine");
    fs::remove_file(place.path("keys.age")).unwrap();
    symlink(place.path("nowhere"), place.path("keys.age")).unwrap();
    place.run(CREATE).exits(1).says("GS-BACKUP-EXISTS");
    let into = |path: &str| CREATE.map(|word| if word == "keys.age" { path.to_owned() } else { word.to_owned() });
    for path in ["acme/keys.age", "acme/tokens/keys.age"] {
        place.run(into(path)).exits(2).says("GS-USAGE");
    }
    fs::remove_file(place.path("keys.age")).unwrap();
    place.run(CREATE).exits(0);
    let restore = |folder: &str| {
        let words = ["backup", "restore", "keys.age", "--passphrase-file", "second", "--output", "json", "--into"];
        place.run([&words[..], &[folder]].concat())
    };
    restore("acme/back").exits(2).says("GS-USAGE");
    fs::create_dir(place.path("empty")).unwrap();
    for folder in ["empty", ".config", "passphrase", "."] {
        restore(folder).exits(1).says("GS-BACKUP-EXISTS");
    }
    restore("no/where").exits(1).says("GS-IO");
}

#[test]
fn what_is_no_whole_backup_is_refused() {
    let place = with_everything();
    let key = place.path(".config/greatseal/keys/acme.signing-1.age");
    // What could not be restored is not written as if it were a backup.
    let good = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    place.run(CREATE).exits(1).says("GS-BACKUP-KEY");
    assert!(!place.path("keys.age").exists());
    fs::write(&key, &good).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    place.run(CREATE).exits(0);
    let whole = place.read("keys.age");
    for damaged in [&b""[..], b"no age file", &whole[..whole.len() / 2]] {
        place.write("keys.age", damaged);
        place.run(CHECK).exits(1).says("GS-BACKUP-MALFORMED");
    }
    // A key file is an age file too, and no backup.
    place.write("second", format!("{PASSPHRASE}\n"));
    place.write("keys.age", &good);
    place.run(CHECK).exits(1).says("GS-BACKUP-MALFORMED");
    // Orphans are kept as well; an empty private folder is nothing to back up.
    let empty = Place::new();
    empty.write("second", format!("{SECOND}\n"));
    empty.run(CREATE).exits(2).says("GS-USAGE");
    empty.keys_at_hand(Role::Module, &["ledger"]);
    fs::copy(empty.keys().join("acme.ledger.age"), empty.keys().join("acme.orphan.age")).unwrap();
    let made = empty.run(CREATE).exits(0).json();
    assert_eq!(made["orphans"], serde_json::json!(["keys/acme.orphan.age"]));
}
