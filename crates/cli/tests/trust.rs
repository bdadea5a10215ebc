//! The trust store: what is pinned, how it is confirmed, and that nothing else has a say in it.
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
use support::Place;

const STORE: &str = ".config/greatseal/trust";

/// A place with a realm, an account, and a copy of the tokens outside of it.
fn with_tokens() -> (Place, String) {
    let place = Place::new();
    let operator = place.realm();
    place.account("payments");
    for name in ["operator", "account-payments"] {
        let token = place.read(&format!("acme/tokens/{name}.jwt"));
        place.write(&format!("{name}.jwt"), token);
    }
    (place, operator)
}

#[test]
fn a_pinned_token_is_trusted_without_being_named() {
    let (place, operator) = with_tokens();
    let verify = ["verify", "account-payments.jwt", "--with", "operator.jwt", "--output", "json"];
    place.run(verify).exits(2).says("GS-TRUST-MISSING");

    let added = place.run(["trust", "add", "acme", "operator.jwt", "--yes", "--output", "json"]).exits(0);
    let told = added.err();
    let pin = added.json();
    assert_eq!(pin["key"], operator);
    assert_eq!(pin["anchored"], "token");
    for said in [pin["key"].as_str(), pin["statement"].as_str()] {
        assert!(told.contains(said.unwrap()), "{told}");
    }
    let answer = place.run(verify).exits(0).json();
    assert_eq!(answer["anchored"], "token");
    // The original is kept as it was; the file it came from plays no part any more.
    fs::remove_file(place.path("operator.jwt")).unwrap();
    place.run(["verify", "account-payments.jwt"]).exits(0);
    assert_eq!(place.read(&format!("{STORE}/acme/token.jwt")), place.read("acme/tokens/operator.jwt"));
    // Named trust is all the trust there is.
    let stranger = place.keys_at_hand(Role::Operator, &["stranger"])[0].to_string();
    place.run(["verify", "account-payments.jwt", "--trust", &stranger]).exits(3);

    for (path, mode) in [("", 0o700), ("/acme", 0o700), ("/acme/pin.toml", 0o600), ("/acme/token.jwt", 0o600)] {
        assert_eq!(fs::metadata(place.path(&format!("{STORE}{path}"))).unwrap().mode() & 0o777, mode, "{path}");
    }
    let listed = place.run(["trust", "list", "--output", "json"]).exits(0).json();
    assert_eq!(listed["pins"].as_array().unwrap().len(), 1);
    assert_eq!(listed["pins"][0], place.run(["trust", "show", "acme", "--output", "json"]).exits(0).json());

    for words in [["trust", "remove", "acme", "--confirm", "acm"], ["trust", "remove", "other", "--confirm", "other"]] {
        place.run(words).exits(2);
    }
    place.run(["verify", "account-payments.jwt"]).exits(0);
    place.run(["trust", "remove", "acme", "--confirm", "acme"]).exits(0);
    place.run(["verify", "account-payments.jwt"]).exits(2);
    place.run(["trust", "show", "acme", "--output", "json"]).exits(2).says("GS-TRUST-UNKNOWN");
}

#[test]
fn without_a_home_there_is_no_trust_and_no_failure() {
    let (place, operator) = with_tokens();
    let run = |words: &[&str]| support::Run::of(place.command(words).env_remove("HOME"));
    run(&["verify", "account-payments.jwt", "--with", "operator.jwt", "--trust", &operator]).exits(0);
    run(&["verify", "account-payments.jwt", "--output", "json"]).exits(2).says("GS-TRUST-MISSING");
    run(&["trust", "list", "--output", "json"]).exits(2).says("GS-USAGE");
    run(&["trust", "add", "acme", "operator.jwt", "--yes", "--trust-store", "mine"]).exits(0);
    run(&["verify", "account-payments.jwt", "--trust-store", "mine"]).exits(0);
    let mut named = place.command(["verify", "account-payments.jwt"]);
    support::Run::of(named.env("GREATSEAL_TRUST", place.path("mine"))).exits(0);
}

#[test]
fn nothing_is_pinned_unseen() {
    let (place, operator) = with_tokens();
    let add = |words: &[&str]| place.run([&["trust", "add"], words, &["--output", "json"]].concat());
    add(&["acme", "operator.jwt"]).exits(2).says("GS-TRUST-UNCONFIRMED");
    let run = place.run_with_input(["trust", "add", "acme", "operator.jwt", "--output", "json"], b"yes\n");
    run.exits(2).says("GS-TRUST-UNCONFIRMED");
    // A bare key is possible, and told.
    let pinned = add(&["acme", &operator, "--yes"]).exits(0);
    assert_eq!(pinned.json()["anchored"], "key");
    assert!(pinned.err().contains("anchored by key"), "{pinned}");
    // Neither the name nor the key a second time: a bare key beside a token would weaken it.
    add(&["acme", "account-payments.jwt", "--yes"]).exits(1).says("GS-TRUST-TAKEN");
    add(&["again", "operator.jwt", "--yes"]).exits(1).says("GS-TRUST-TAKEN");
    add(&["payments", "account-payments.jwt", "--yes"]).exits(0);
    // What nobody would believe is not pinned, nor what nothing follows from.
    let mut forged = place.read("operator.jwt");
    let length = forged.len();
    forged[length - 10] = if forged[length - 10] == b'A' { b'B' } else { b'A' };
    place.write("forged.jwt", forged);
    place.run(["trust", "remove", "acme", "--confirm", "acme"]).exits(0);
    add(&["forged", "forged.jwt", "--yes"]).exits(3);
    let module = place.keys_at_hand(Role::Module, &["ledger"])[0].to_string();
    for what in [module.as_str(), "passphrase", "nowhere.jwt", "did:key:z6Mk"] {
        add(&["other", what, "--yes"]).exits(2).says("GS-USAGE");
    }
    for name in ["../x", "a/b", ".x", "", "A"] {
        add(&[name, "operator.jwt", "--yes"]).exits(2);
    }
    let listed = place.run(["trust", "list", "--output", "json"]).exits(0).json();
    assert_eq!(listed["pins"].as_array().unwrap().len(), 1, "{listed}");
}

#[test]
fn a_store_that_others_can_change_is_refused() {
    let (place, _) = with_tokens();
    place.run(["trust", "add", "acme", "operator.jwt", "--yes"]).exits(0);
    let verify = ["verify", "account-payments.jwt", "--output", "json"];
    for path in ["", "/acme", "/acme/pin.toml", "/acme/token.jwt"] {
        let path = place.path(&format!("{STORE}{path}"));
        let mode = fs::metadata(&path).unwrap().mode();
        for loose in [0o020, 0o002] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode | loose)).unwrap();
            place.run(verify).exits(1).says("GS-TRUST-PERMISSIONS");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        place.run(verify).exits(0);
    }
    // Links and damage are told, and never guessed around.
    let token = place.path(&format!("{STORE}/acme/token.jwt"));
    let good = fs::read(&token).unwrap();
    for bad in [&b""[..], b"x", &place.read("account-payments.jwt")] {
        fs::write(&token, bad).unwrap();
        place.run(verify).exits(1).says("GS-TRUST-MALFORMED");
    }
    fs::remove_file(&token).unwrap();
    place.run(verify).exits(1).says("GS-TRUST-MALFORMED");
    symlink(place.path("operator.jwt"), &token).unwrap();
    place.run(verify).exits(1).says("GS-TRUST-MALFORMED");
    fs::remove_file(&token).unwrap();
    fs::write(&token, good).unwrap();
    fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
    place.run(verify).exits(0);
    symlink(place.path("acme"), place.path(&format!("{STORE}/linked"))).unwrap();
    place.run(verify).exits(1).says("GS-TRUST-MALFORMED");
    // Whatever it is, it can be taken out; what a link led to stays.
    place.run(["trust", "remove", "linked", "--confirm", "linked"]).exits(0);
    place.run(verify).exits(0);
    assert!(place.path("acme/greatseal.toml").exists());
}

/// The private configuration, but for locks.
fn private(place: &Place) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut files = place.files(".config");
    files.retain(|name, _| !name.ends_with(".lock"));
    files
}

/// What a pull request could bring: files and links wherever a program might look for trust,
/// custody or a change to complete. Version control keeps links and modes of files, and makes
/// folders with the user's umask; here they even have mode 0700.
#[test]
fn nothing_in_a_realms_folder_changes_trust_or_custody() {
    let (place, _) = with_tokens();
    place.run(["trust", "add", "acme", "operator.jwt", "--yes"]).exits(0);
    let before = private(&place);
    let answers = |place: &Place| {
        let run = |words: &[&str]| {
            let mut command = place.command(words);
            // As some set it; it would lead into the realm.
            support::Run::of(command.current_dir(place.path("acme"))).out()
        };
        [
            run(&["trust", "list"]),
            run(&["key", "list"]),
            run(&["verify", "../account-payments.jwt", "--at", "1800000000"]),
        ]
    };
    let good = answers(&place);

    // The thief's own store and keys, made by the same program, whole and with the right modes.
    let thief = Place::new();
    thief.realm();
    thief.run(["trust", "add", "acme", "acme/tokens/operator.jwt", "--yes"]).exits(0);
    let stolen = thief.files(".config/greatseal");
    for folder in [".config/greatseal/", "greatseal/", "", "tokens/", "history/", ".greatseal/"] {
        for (name, bytes) in &stolen {
            let path = place.write(&format!("acme/{folder}{name}"), bytes);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            for above in path.ancestors().skip(1).take_while(|above| *above != place.path("acme")) {
                fs::set_permissions(above, fs::Permissions::from_mode(0o700)).unwrap();
            }
        }
        let table = thief.read(".config/greatseal/keys/keys.toml");
        place.write(&format!("acme/{folder}keys.toml"), table);
    }
    fs::remove_dir_all(place.path("acme/tokens/keys")).unwrap();
    fs::remove_dir_all(place.path("acme/tokens/trust")).unwrap();
    assert_eq!(answers(&place), good);
    for variables in [[("XDG_CONFIG_HOME", ".config"), ("X", "")], [("XDG_CONFIG_HOME", "."), ("HOME", ".")]] {
        let mut command = place.command(["trust", "list", "--output", "json"]);
        let run = support::Run::of(command.envs(variables).current_dir(place.path("acme")));
        let foreign = thief.read(".config/greatseal/trust/acme/pin.toml");
        let key =
            String::from_utf8_lossy(&foreign).lines().find_map(|line| line.strip_prefix("key = \"").map(str::to_owned));
        assert!(!run.out().contains(key.unwrap().trim_end_matches('"')), "{run}");
    }
    // Not even by name.
    for words in [["trust", "list", "--trust-store", "acme/trust"], ["key", "list", "--keys", "acme/greatseal/keys"]] {
        place.run([&words[..], &["--realm", "acme"][..if words[0] == "key" { 2 } else { 0 }]].concat()).exits(2);
    }
    place.keys_at_hand(Role::Module, &["ledger"]);
    let before_key = private(&place);
    place.issue(["key", "create", "ledger", "--role", "module", "--realm", "acme"]).exits(0);
    assert_eq!(private(&place), before_key);
    assert!(before.iter().all(|(name, bytes)| name.ends_with("keys.toml") || before_key.get(name) == Some(bytes)));

    // Links out of the realm: refused, and nothing is written where they lead.
    place.keys_at_hand(Role::Account, &["evil", "evil-signing-1"]);
    let before = private(&place);
    let configuration = place.path(".config/greatseal");
    place.write("elsewhere/operator.jwt", place.read("operator.jwt"));
    for (name, target) in [
        ("tokens", place.path("elsewhere")),
        ("tokens", configuration.join("trust")),
        ("history", configuration.join("keys")),
        (".lock", configuration.join("keys/keys.toml")),
        (".lock", configuration.join("trust/evil")),
        (".greatseal-unfinished", configuration.clone()),
    ] {
        let (path, aside) = (place.path("acme").join(name), place.path("aside"));
        let moved = fs::rename(&path, &aside).is_ok();
        symlink(&target, &path).unwrap();
        let run = place.issue(["account", "create", "evil", "--realm", "acme"]);
        assert_ne!(run.exit, Some(0), "{name}: {run}");
        if !target.ends_with("trust") {
            run.says("GS-REALM-LINK");
        }
        assert_eq!(private(&place), before, "{name}");
        assert_eq!(place.files("elsewhere").len(), 1);
        fs::remove_file(&path).unwrap();
        if moved {
            fs::rename(&aside, &path).unwrap();
        }
    }
    place.issue(["account", "create", "evil", "--realm", "acme"]).exits(0);
    assert_eq!(private(&place), before);
}
