//! Issuing, from an empty folder to a signed module, and everything that is refused on the way.
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

use data_encoding::{BASE32_NOPAD, BASE64, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use greatseal_core::key::Role;
use greatseal_testkit::{vectors, wasm};
use serde_json::Value;
use support::{PASSPHRASE, Place, Run, contains};

/// Published seeds, for tests only, with their public keys.
fn published_keys() -> Vec<(String, String, String)> {
    let file = fs::read(vectors::root().join("nkeys/vectors.json")).unwrap();
    let keys: Vec<Value> = serde_json::from_slice(&file).unwrap();
    let text = |key: &Value, name: &str| key[name].as_str().unwrap().to_owned();
    keys.iter().map(|key| (text(key, "type"), text(key, "seed"), text(key, "pub"))).collect()
}

fn published(role: &str) -> (String, String) {
    let key = published_keys().into_iter().find(|(of, _, _)| of == role);
    key.map(|(_, seed, public)| (seed, public)).unwrap()
}

/// The whole job with keys as they are really made; then everything it left is searched for secrets.
#[test]
fn the_story_from_an_empty_folder_to_a_refused_module() {
    let place = Place::new();
    let mut said = Vec::new();
    let mut hear = |run: Run| {
        said.push(run.all());
        run.json()
    };
    let module = wasm::sample("ledger");
    place.write("ledger.wasm", &module);

    let realm = hear(place.run(["init", "acme", "--output", "json"]).exits(0));
    assert_eq!((&realm["realm"], &realm["folder"]), (&"acme".into(), &"acme".into()));
    let words = ["operator", "create", "--title", "Acme", "--signing-keys", "1", "--realm", "acme"];
    let operator = hear(place.issue(words).exits(0));
    assert_eq!((&operator["title"], operator["signing_keys"].as_array().unwrap().len()), (&"Acme".into(), 1));
    let root = operator["operator"].as_str().unwrap();

    // The passphrase by a descriptor that the shell opens, and by one that is a pipe.
    let words = ["account", "create", "payments", "--realm", "acme", "--passphrase-fd", "3", "--output", "json"];
    let account = hear(place.run_from_shell("", "3<passphrase", &words).exits(0));
    assert_eq!(account["name"], "acme/payments");
    let words = ["key", "create", "ledger", "--role", "module", "--realm", "acme", "--passphrase-fd", "0"];
    let run = place.run_with_input([&words[..], &["--output", "json"]].concat(), format!("{PASSPHRASE}\n").as_bytes());
    let key = hear(run.exits(0));
    let ledger = key["keys"][0]["public"].as_str().unwrap();
    assert_eq!((&key["keys"][0]["role"], ledger.chars().next()), (&"module".into(), Some('M')));
    let words = ["module", "sign", "ledger.wasm", "--account", "payments", "--module", "ledger", "--realm", "acme"];
    let signed = hear(place.issue(words).exits(0));
    assert_eq!((&signed["file"], &signed["module"]), (&"ledger.signed.wasm".into(), &ledger.into()));
    assert_eq!(signed["signed_by"], account["signing_keys"][0]);

    let words = ["verify", "ledger.signed.wasm", "--trust", root, "--with", "acme", "--output", "json"];
    let answer = hear(place.run(words).exits(0));
    assert_eq!((&answer["subject"], &answer["module_checked"]), (&ledger.into(), &true.into()));
    let chain: Vec<&Value> = answer["chain"].as_array().unwrap().iter().map(|link| &link["subject"]).collect();
    assert_eq!(chain, [&operator["operator"], &account["account"], &signed["module"]]);
    assert!(answer["ignored"].as_array().unwrap().is_empty(), "a realm's own folder holds nothing odd: {answer}");

    let shown = hear(place.run(["inspect", "ledger.signed.wasm", "--output", "json"]).exits(0));
    assert_eq!(shown["module"]["hash"], signed["hash"]);
    assert_eq!((&shown["module"]["hash_matches"], &shown["token"]["signature_good"]), (&true.into(), &true.into()));
    let stripped = hear(place.run(["module", "strip", "ledger.signed.wasm", "--output", "json"]).exits(0));
    assert_eq!(place.read(stripped["file"].as_str().unwrap()), module);
    let words = ["verify", "ledger.signed.stripped.wasm", "--trust", root, "--with", "acme", "--output", "json"];
    said.push(place.run(words).exits(3).says("GS-MODULE-UNSIGNED").all());

    for words in [
        vec!["key", "list"],
        vec!["key", "show", "ledger"],
        vec!["account", "list"],
        vec!["account", "show", "payments"],
    ] {
        for form in ["human", "json"] {
            let words = [&words[..], &["--realm", "acme", "--output", form]].concat();
            said.push(place.run(words).exits(0).all());
        }
    }

    assert_custody_is_private(&place);
    let secrets = secrets_of(&place);
    assert_eq!(secrets.len(), 5, "five keys were made");
    for (name, bytes) in place.files(".") {
        if name != "passphrase" && !name.starts_with(".config/greatseal/keys/") {
            assert_silent(&name, &bytes, &secrets);
        }
    }
    for (number, bytes) in said.iter().enumerate() {
        assert_silent(&format!("output {number}"), bytes, &secrets);
    }
}

/// Only encrypted keys and their table, for nobody's eyes but the owner's.
fn assert_custody_is_private(place: &Place) {
    let mut keys = 0;
    for (name, bytes) in place.files(".config/greatseal/keys") {
        match name.as_str() {
            "keys.toml" => {}
            "keys.lock" => assert!(bytes.is_empty()),
            key => {
                assert!(key.ends_with(".age"), "{key}");
                assert!(bytes.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----\n"), "{key}");
                keys += 1;
            }
        }
        #[cfg(unix)]
        assert_eq!(mode(&place.keys().join(&name)), 0o600, "{name}");
    }
    assert!(keys > 0);
    #[cfg(unix)]
    assert_eq!(mode(&place.keys()), 0o700);
}

#[cfg(unix)]
fn mode(path: &std::path::Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o7777
}

/// The seeds in custody, opened as the stock `age` does: their text.
fn secrets_of(place: &Place) -> Vec<String> {
    let files = place.files(".config/greatseal/keys");
    let open = |bytes: &Vec<u8>| {
        let identity = age::scrypt::Identity::new(PASSPHRASE.into());
        String::from_utf8(age::decrypt(&identity, bytes).unwrap()).unwrap().trim_end().to_owned()
    };
    files.iter().filter(|(name, _)| name.ends_with(".age")).map(|(_, bytes)| open(bytes)).collect()
}

/// Looks for the passphrase, for each seed in each spelling, and for anything that could be a seed.
#[track_caller]
fn assert_silent(what: &str, bytes: &[u8], seeds: &[String]) {
    assert!(!contains(bytes, PASSPHRASE.as_bytes()), "{what} holds the passphrase");
    for seed in seeds {
        let wire = BASE32_NOPAD.decode(seed.as_bytes()).unwrap();
        let raw = &wire[2..34];
        for spelling in [
            raw.to_vec(),
            seed.clone().into(),
            seed[4..54].into(),
            HEXLOWER.encode(raw).into(),
            HEXUPPER.encode(raw).into(),
            BASE64_NOPAD.encode(raw).into(),
            BASE64URL_NOPAD.encode(raw).into(),
            BASE64.encode(seed.as_bytes()).into(),
        ] {
            assert!(!contains(bytes, &spelling), "{what} holds a seed");
        }
    }
    let text = String::from_utf8_lossy(bytes);
    let mut runs = text.split(|c: char| !(c.is_ascii_uppercase() || ('2'..='7').contains(&c)));
    assert!(!runs.any(|run| run.len() == 58 && run.starts_with('S')), "{what} holds what looks like a seed");
}

#[test]
fn the_search_finds_what_is_there() {
    let (seed, _) = published("account");
    let raw = BASE32_NOPAD.decode(seed.as_bytes()).unwrap()[2..34].to_vec();
    for planted in [PASSPHRASE.into(), seed.clone().into_bytes(), raw.clone(), HEXLOWER.encode(&raw).into()] {
        let text = [b"before ".to_vec(), planted, b" after".to_vec()].concat();
        assert!(std::panic::catch_unwind(|| assert_silent("", &text, std::slice::from_ref(&seed))).is_err());
    }
}

/// Everything in a place, to see that nothing changed.
fn everything(place: &Place) -> BTreeMap<String, Vec<u8>> {
    let mut files = place.files(".");
    // A lock holds nothing, and stays once it was needed.
    files.retain(|name, bytes| !(name.ends_with("lock") && bytes.is_empty()));
    files
}

#[test]
fn a_wrong_passphrase_leaves_nothing_behind() {
    let place = Place::new();
    place.realm();
    place.account("payments");
    place.write("ledger.wasm", wasm::sample("ledger"));
    place.write("wrong", "not the passphrase\n");
    let before = everything(&place);
    let wrong = ["--realm", "acme", "--passphrase-file", "wrong", "--output", "json"];
    for words in [
        vec!["account", "create", "partners"],
        vec!["account", "create", "partners", "--signing-keys", "0", "--by", "signing-2"],
        vec!["module", "sign", "ledger.wasm", "--account", "payments", "--module", "ledger", "--new-key"],
    ] {
        place.run([&words[..], &wrong].concat()).exits(4).says("GS-CUSTODY-LOCKED");
        assert_eq!(everything(&place), before, "{words:?}");
    }
}

#[test]
fn without_a_passphrase_or_a_terminal_nothing_is_made() {
    let place = Place::new();
    place.realm();
    place.write("empty", "");
    place.write("seed.nk", published("module").0);
    let before = everything(&place);
    for words in [
        vec!["account", "create", "payments"],
        vec!["key", "create", "ledger", "--role", "module"],
        vec!["key", "import", "ledger", "seed.nk"],
        vec!["key", "create", "ledger", "--role", "module", "--passphrase-file", "empty"],
        vec!["key", "create", "ledger", "--role", "module", "--passphrase-file", "nowhere"],
        vec!["key", "create", "ledger", "--role", "module", "--passphrase-fd", "99"],
    ] {
        let run = place.run([&words[..], &["--realm", "acme", "--output", "json"]].concat());
        run.exits(2).says("GS-CUSTODY-PASSPHRASE");
        assert_eq!(everything(&place), before, "{words:?}");
    }
    let both = ["key", "create", "x", "--role", "module", "--passphrase-file", "passphrase", "--passphrase-fd", "0"];
    place.run([&both[..], &["--realm", "acme", "--output", "json"]].concat()).exits(2).says("GS-USAGE");
}

#[test]
fn an_account_is_signed_by_the_key_that_was_named() {
    let place = Place::new();
    let root = place.realm();
    let keys = place.run(["key", "list", "--realm", "acme", "--output", "json"]).exits(0).json();
    let public = |name: &str| {
        let keys = keys["keys"].as_array().unwrap();
        keys.iter().find(|key| key["name"] == format!("acme/{name}")).unwrap()["public"].clone()
    };
    for (account, by) in [("first", "signing-1"), ("second", "signing-2"), ("third", "acme/signing-2")] {
        place.keys_at_hand(Role::Account, &[account]);
        let words = ["account", "create", account, "--signing-keys", "0", "--by", by, "--realm", "acme"];
        let made = place.issue(words).exits(0).json();
        assert_eq!(made["issuer"], public(by.trim_start_matches("acme/")));
        assert!(made["signing_keys"].as_array().unwrap().is_empty());
    }
    // Without its signing keys an account's identity signs modules.
    place.write("ledger.wasm", wasm::sample("ledger"));
    place.keys_at_hand(Role::Module, &["ledger"]);
    let words = ["module", "sign", "ledger.wasm", "--account", "first", "--module", "ledger", "--new-key"];
    place.issue([&words[..], &["--realm", "acme"]].concat()).exits(0);
    place.run(["verify", "ledger.signed.wasm", "--trust", &root, "--with", "acme"]).exits(0);

    let before = everything(&place);
    for (by, exit, code) in [
        ("signing-9", 2, "GS-NAME-UNKNOWN"),
        ("other/signing-1", 2, "GS-NAME-INVALID"),
        // Its own rules would refuse what these sign.
        ("identity", 3, "GS-ACCOUNT-BY-IDENTITY"),
    ] {
        let words = ["account", "create", "fourth", "--by", by, "--realm", "acme"];
        place.issue(words).exits(exit).says(code);
        assert_eq!(everything(&place), before, "{by}");
    }
    for by in ["first", "ledger"] {
        let words = ["account", "create", "fourth", "--by", by, "--realm", "acme"];
        let run = place.issue(words);
        assert!(run.exit != Some(0), "{run}");
        assert!(run.code().unwrap().starts_with("GS-"));
        assert_eq!(everything(&place), before, "{by}");
    }
}

#[test]
fn nothing_is_ever_overwritten() {
    let place = Place::new();
    place.realm();
    place.account("payments");
    place.write("ledger.wasm", wasm::sample("ledger"));
    place.write("taken.wasm", "something of somebody's");
    place.write("ledger.signed.wasm", "something of somebody's");
    place.write("ledger.stripped.wasm", "something of somebody's");
    fs::create_dir(place.path("folder")).unwrap();
    place.keys_at_hand(Role::Module, &["ledger"]);
    place.issue(["key", "create", "ledger", "--role", "module", "--realm", "acme"]).exits(0);
    place.write("seed.nk", published("module").0);
    let before = everything(&place);
    let sign = ["module", "sign", "ledger.wasm", "--account", "payments", "--module", "ledger", "--realm", "acme"];
    for (words, exit, code) in [
        (vec!["init", "acme"], 1, "GS-REALM-EXISTS"),
        (vec!["init", "folder"], 1, "GS-REALM-EXISTS"),
        (vec!["init", "other", "--folder", "taken.wasm"], 1, "GS-REALM-EXISTS"),
        (vec!["init", "other", "--folder", "taken.wasm/other"], 1, "GS-"),
        (vec!["init", "other", "--folder", "nowhere/other"], 1, "GS-IO"),
        (vec!["operator", "create", "--realm", "acme"], 1, "GS-REALM-EXISTS"),
        (vec!["account", "create", "payments", "--realm", "acme"], 1, "GS-REALM-EXISTS"),
        (vec!["key", "create", "ledger", "--role", "module", "--realm", "acme"], 1, "GS-NAME-TAKEN"),
        (vec!["key", "create", "payments", "--role", "module", "--realm", "acme"], 1, "GS-NAME-TAKEN"),
        (vec!["account", "create", "ledger", "--realm", "acme"], 1, "GS-NAME-TAKEN"),
        (vec!["key", "import", "ledger", "seed.nk", "--realm", "acme"], 1, "GS-CUSTODY-EXISTS"),
        (sign.to_vec(), 1, "GS-REALM-EXISTS"),
        ([&sign[..], &["--out", "taken.wasm"]].concat(), 1, "GS-REALM-EXISTS"),
        ([&sign[..], &["--out", "ledger.wasm"]].concat(), 1, "GS-REALM-EXISTS"),
        ([&sign[..], &["--out", "folder"]].concat(), 1, "GS-REALM-EXISTS"),
        ([&sign[..], &["--out", "new.wasm", "--new-key"]].concat(), 1, "GS-NAME-TAKEN"),
    ] {
        let run = match words[0] {
            "init" => place.run([&words[..], &["--output", "json"]].concat()),
            _ => place.issue(words.clone()),
        };
        let run = run.exits(exit);
        assert!(run.code().unwrap().starts_with(code), "{run}");
        assert_eq!(everything(&place), before, "{words:?}");
    }
    for out in [&[][..], &["--out", "taken.wasm"], &["--out", "ledger.wasm"]] {
        let words = [&["module", "strip", "ledger.wasm", "--output", "json"], out].concat();
        place.run(words).exits(1).says("GS-REALM-EXISTS");
        assert_eq!(everything(&place), before);
    }
}

#[test]
fn names_that_could_not_be_files_everywhere_are_refused() {
    let place = Place::new();
    place.realm();
    let before = everything(&place);
    let long = "a".repeat(65);
    for name in ["", "A", "a b", "a_b", "-a", "a-", "a.b", "..", "a/b/c", "other/a", "acme/", "ä", "a\n", &long] {
        for words in [
            vec!["account", "create", "--realm", "acme", "--", name],
            vec!["key", "create", "--role", "module", "--realm", "acme", "--", name],
            vec!["key", "show", "--realm", "acme", "--output", "json", "--", name],
        ] {
            let run = if words[1] == "show" {
                place.run(words)
            } else {
                let passphrase = ["--passphrase-file", "passphrase", "--output", "json"];
                place.run([&words[..2], &passphrase, &words[2..]].concat())
            };
            run.exits(2).says("GS-NAME-INVALID");
        }
        if !name.contains("acme") {
            place.run(["init", "--output", "json", "--", name]).exits(2).says("GS-NAME-INVALID");
        }
        assert_eq!(everything(&place), before, "{name}");
    }
}

#[test]
fn published_seeds_are_brought_in_once() {
    let place = Place::new();
    place.realm();
    // Stretching takes its time, so one key only.
    let (seed, public) = published("account");
    place.write("payments.nk", format!("{seed}\n"));
    let run = place.issue(["key", "import", "payments", "payments.nk", "--realm", "acme"]).exits(0);
    assert_eq!(run.json()["keys"][0]["public"], public);
    assert!(run.err().contains("payments.nk"), "whoever imports is told where the seed still lies: {run}");
    assert!(!contains(&run.all(), seed.as_bytes()));
    assert_custody_is_private(&place);

    let before = everything(&place);
    place.write("junk", "not a seed");
    place.write("two", format!("{seed}\n{seed}\n"));
    place.write("cut", &seed[..57]);
    place.write("public", &public);
    let again = |name: &str, file: &str| place.issue(["key", "import", name, file, "--realm", "acme"]);
    again("payments", "payments.nk").exits(1).says("GS-CUSTODY-EXISTS");
    again("other", "payments.nk").exits(1).says("GS-CUSTODY-EXISTS");
    for file in ["junk", "two", "cut", "public", "passphrase"] {
        let run = again("other", file).exits(1).says("GS-SEED-MALFORMED");
        assert!(!contains(&run.all(), &seed.as_bytes()[..50]) && !contains(&run.all(), PASSPHRASE.as_bytes()));
    }
    again("other", "nowhere").exits(1).says("GS-IO");
    for file in ["junk", "two", "cut", "public"] {
        fs::remove_file(place.path(file)).unwrap();
    }
    assert_eq!(everything(&place), before);
    // What was brought in is used by its name.
    place.keys_at_hand(Role::Account, &["payments-signing-1"]);
    let made = place.issue(["account", "create", "payments", "--realm", "acme"]).exits(0).json();
    assert_eq!(made["account"], public);
}

/// The realm does not know the key yet: its import was interrupted between the two writes.
#[test]
fn an_import_that_was_interrupted_goes_on() {
    let place = Place::new();
    place.realm();
    let (seed, public) = published("module");
    place.write("ledger.nk", seed);
    let realm = place.read("acme/greatseal.toml");
    place.issue(["key", "import", "ledger", "ledger.nk", "--realm", "acme"]).exits(0);
    // As it would have been: the journal knows nothing of it either.
    let whole = everything(&place);
    let journal = fs::read_dir(place.path("acme/history")).unwrap().map(|entry| entry.unwrap().path());
    fs::remove_dir_all(journal.filter(|path| path.is_dir()).max().unwrap()).unwrap();
    place.write("acme/greatseal.toml", realm);
    let again = place.issue(["key", "import", "ledger", "ledger.nk", "--realm", "acme"]).exits(0);
    assert_eq!(again.json()["keys"][0]["public"], public);
    let files = |all: BTreeMap<String, Vec<u8>>| -> BTreeMap<String, Vec<u8>> {
        all.into_iter().filter(|(name, _)| !name.starts_with("acme/history/0002")).collect()
    };
    assert!(files(everything(&place)) == files(whole));
}

#[test]
fn the_realm_is_found_from_below_and_missed_outside() {
    let place = Place::new();
    let root = place.realm();
    place.account("payments");
    for folder in ["acme", "acme/tokens", "acme/history"] {
        let listed = place.run_in(folder, ["account", "list", "--output", "json"]).exits(0).json();
        assert_eq!(listed["accounts"].as_array().unwrap().len(), 1, "{folder}");
    }
    // Made in the realm, wherever one stands in it.
    place.keys_at_hand(Role::Account, &["partners", "partners-signing-1"]);
    let words = ["account", "create", "partners", "--passphrase-file", "../../passphrase"];
    place.run_in("acme/tokens", words).exits(0);
    assert!(place.path("acme/tokens/account-partners.jwt").is_file());
    // A person reads names there, and JSON the keys.
    let words = ["verify", "account-partners.jwt", "--trust", &root, "--with", "."];
    place.run_in("acme/tokens", words).exits(0);

    place.write("ledger.wasm", wasm::sample("ledger"));
    for words in [
        vec!["operator", "create"],
        vec!["account", "create", "x"],
        vec!["account", "list"],
        vec!["account", "show", "payments"],
        vec!["key", "create", "x", "--role", "module"],
        vec!["key", "import", "x", "ledger.wasm"],
        vec!["key", "show", "x"],
        vec!["key", "pin", "x", &root],
        vec!["module", "sign", "ledger.wasm", "--account", "payments", "--module", "x"],
    ] {
        place.run([&words[..], &["--output", "json"]].concat()).exits(2).says("GS-REALM-MISSING");
    }
    for words in [vec!["account", "show", "nobody"], vec!["key", "show", "nobody"]] {
        let words = [&words[..], &["--realm", "acme", "--output", "json"]].concat();
        place.run(words).exits(2).says("GS-NAME-UNKNOWN");
    }
}

#[test]
fn damage_to_the_realms_file_is_told_with_its_place() {
    let place = Place::new();
    place.realm();
    let good = String::from_utf8(place.read("acme/greatseal.toml")).unwrap();
    let line = 1 + good.lines().position(|line| line.starts_with("policy")).unwrap();
    for (damaged, says) in [
        (good.replace("policy = \"strict\"", "policy = strict"), format!("line {line}, column 10")),
        (good.replace("policy = \"strict\"", "policy = \"lax\""), format!("line {line}, column 10")),
        (good.replace("policy = \"strict\"", "police = \"strict\""), format!("line {line}, column 1")),
        (good[..good.len() - 9].to_owned(), format!("line {}, column", good.lines().count())),
        (String::new(), "greatseal.toml".into()),
        ("\0\0\0\0".into(), "line 1, column 5".into()),
    ] {
        assert_ne!(damaged, good);
        place.write("acme/greatseal.toml", &damaged);
        for words in
            [vec!["account", "list"], vec!["key", "create", "x", "--role", "module"], vec!["account", "create", "x"]]
        {
            let run = place.run([&words[..], &["--realm", "acme", "--output", "json"]].concat());
            let run = run.exits(1).says("GS-REALM-MALFORMED");
            assert!(run.json()["error"]["message"].as_str().unwrap().contains(&says), "{says}: {run}");
        }
        assert_eq!(place.read("acme/greatseal.toml"), damaged.as_bytes());
    }
}

#[test]
fn an_operator_without_signing_keys_is_made_by_name_only() {
    let place = Place::new();
    place.run(["init", "acme"]).exits(0);
    place.keys_at_hand(Role::Operator, &["identity"]);
    for words in [vec!["--signing-keys", "0"], vec!["--signing-keys", "1", "--without-signing-keys"]] {
        let words = [&["operator", "create", "--realm", "acme"], &words[..]].concat();
        place.issue(words).exits(2).says("GS-USAGE");
    }
    let run = place.issue(["operator", "create", "--without-signing-keys", "--realm", "acme"]).exits(0);
    assert!(run.err().contains("warning"), "{run}");
    let operator = run.json();
    let root = operator["operator"].as_str().unwrap();
    let words = ["verify", "acme/tokens/operator.jwt", "--trust", root, "--output", "json"];
    place.run(words).exits(3).says("GS-OPERATOR-NO-SIGNERS");
    place.run([&words[..], &["--policy", "relaxed"]].concat()).exits(0);

    // Accounts that strict verifiers would refuse are not made in a strict realm.
    let before = everything(&place);
    let run = place.issue(["account", "create", "payments", "--realm", "acme"]).exits(3);
    assert!(["GS-OPERATOR-NO-SIGNERS", "GS-ACCOUNT-BY-IDENTITY"].contains(&&*run.code().unwrap()), "{run}");
    assert_eq!(everything(&place), before);
}

#[test]
fn what_keys_that_are_elsewhere_have_to_sign_waits() {
    let place = Place::new();
    place.realm();
    fs::rename(place.keys(), place.path("elsewhere")).unwrap();
    let before = place.files("acme");
    place.keys_at_hand(Role::Account, &["payments"]);
    let words = ["account", "create", "payments", "--signing-keys", "0", "--realm", "acme"];
    let left = place.issue(words).exits(0).json();
    assert!(left["pending"].as_str().unwrap().ends_with("acme/requests/account-payments.json"), "{left}");
    // One request for one account, whoever is to sign it; and nothing else has changed.
    for by in ["signing-1", "signing-2"] {
        place.issue([&words[..], &["--by", by]].concat()).exits(1).says("GS-REALM-EXISTS");
    }
    let mut now = place.files("acme");
    assert!(now.remove("requests/account-payments.json").is_some());
    now.retain(|path, _| before.contains_key(path) || !path.starts_with("history/"));
    assert_eq!(now, before);
    // What no verifier would accept is not asked for.
    let words = ["account", "create", "partners", "--signing-keys", "0", "--by", "identity", "--realm", "acme"];
    place.keys_at_hand(Role::Account, &["partners"]);
    place.issue(words).exits(3).says("GS-ACCOUNT-ISSUER");
    let listed = place.run(["key", "list", "--realm", "acme", "--output", "json"]).exits(0).json();
    assert!(listed["keys"].as_array().unwrap().iter().all(|key| key["custody"].is_null()), "{listed}");

    // Named by an option, and by the environment.
    let listed = |run: Run| run.exits(0).json()["keys"][0]["custody"].is_string();
    let words = ["key", "list", "--realm", "acme", "--output", "json"];
    assert!(listed(place.run([&words[..], &["--keys", "elsewhere"]].concat())));
    assert!(listed(Run::of(place.command(words).env("GREATSEAL_KEYS", "elsewhere"))));
}

#[test]
#[cfg(unix)]
fn custody_that_others_can_read_is_not_used() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    place.realm();
    let before = everything(&place);
    fs::set_permissions(place.keys(), fs::Permissions::from_mode(0o750)).unwrap();
    for words in [vec!["account", "create", "payments"], vec!["key", "create", "x", "--role", "module"]] {
        let words = [&words[..], &["--realm", "acme"]].concat();
        place.issue(words).exits(4).says("GS-CUSTODY-PERMISSIONS");
    }
    fs::set_permissions(place.keys(), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(everything(&place), before);
}

#[test]
fn a_module_is_signed_again_as_a_new_revision() {
    let place = Place::new();
    let root = place.realm();
    place.account("payments");
    place.write("ledger.wasm", wasm::sample("ledger"));
    place.keys_at_hand(Role::Module, &["ledger"]);
    let sign = |file: &str, more: &[&str]| {
        let words = ["module", "sign", file, "--account", "payments", "--realm", "acme", "--module"];
        place.issue([&words[..], more].concat())
    };
    sign("ledger.wasm", &["ledger"]).exits(2).says("GS-NAME-UNKNOWN");
    let first = sign("ledger.wasm", &["ledger", "--new-key", "--rev", "1", "--out", "1.wasm"]).exits(0).json();
    let more = ["--rev", "2", "--ver", "0.2.0", "--tag", "a", "--tag", "b", "--title", "The ledger", "--out", "2.wasm"];
    // A token that is there already is replaced.
    let second = sign("1.wasm", &[&["ledger"], &more[..]].concat()).exits(0).json();
    assert_eq!((&first["module"], &first["hash"]), (&second["module"], &second["hash"]));
    let shown = place.run(["inspect", "2.wasm", "--output", "json"]).exits(0).json();
    let claims = &shown["token"]["wascap"];
    assert_eq!((&claims["rev"], &claims["ver"], &claims["name"]), (&2.into(), &"0.2.0".into(), &"The ledger".into()));
    assert_eq!(claims["tags"], serde_json::json!(["a", "b"]));
    for file in ["1.wasm", "2.wasm"] {
        place.run(["verify", file, "--trust", &root, "--with", "acme"]).exits(0);
    }
    // By a public key alone: the module's own private half is never needed.
    let public = first["module"].as_str().unwrap();
    sign("ledger.wasm", &[public, "--out", "3.wasm"]).exits(0);
    sign("ledger.wasm", &[public, "--new-key", "--out", "4.wasm"]).exits(2).says("GS-USAGE");
    sign("ledger.wasm", &[&root, "--out", "4.wasm"]).exits(3).says("GS-KEY-ROLE");
    sign("ledger.wasm", &["payments", "--out", "4.wasm"]).exits(3).says("GS-KEY-ROLE");
    place.write("words", "no module, and no token");
    for (file, code) in [("acme/tokens/operator.jwt", "GS-MODULE-MALFORMED"), ("words", "GS-TOKEN-UNKNOWN")] {
        sign(file, &["ledger", "--out", "4.wasm"]).exits(3).says(code);
    }
    sign("nowhere.wasm", &["ledger", "--out", "4.wasm"]).exits(1).says("GS-IO");
    assert!(!place.path("4.wasm").exists());
    // One that a stranger holds cannot vouch.
    let words = ["module", "sign", "ledger.wasm", "--account", "nobody", "--module", "ledger", "--realm", "acme"];
    place.issue(words).exits(2).says("GS-NAME-UNKNOWN");
}
