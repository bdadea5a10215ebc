//! `greatseal custody doctor` on key files; other places are in the crate's own tests.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests change files and start the command"
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
use serde_json::{Value, json};
use support::{PASSPHRASE, Place, Run, contains};

/// A realm with an operator and two signing keys, whose files cost nothing to unlock.
fn realm() -> Place {
    let place = Place::new();
    place.realm();
    place
}

fn doctor(place: &Place, words: &[&str]) -> Run {
    place.issue([&["custody", "doctor", "--realm", "acme"], words].concat())
}

fn key<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let all = answer["keys"].as_array().unwrap();
    all.iter().find(|key| key["name"] == name).unwrap_or_else(|| panic!("no {name} in {answer}"))
}

/// The findings about a key, by their kinds.
fn kinds(answer: &Value, name: &str) -> Vec<String> {
    let all = answer["findings"].as_array().unwrap();
    all.iter().filter(|it| it["key"] == name).map(|it| it["kind"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn keys_as_they_should_be_have_no_findings() {
    let place = realm();
    let before = place.files("acme");
    let answer = doctor(&place, &[]).exits(0).json();
    assert_eq!((&answer["realm"], &answer["timeout_seconds"]), (&json!("acme"), &json!(5)));
    assert_eq!(answer["findings"], json!([]));
    assert_eq!(answer["keys"].as_array().unwrap().len(), 3);
    let signing = key(&answer, "acme/signing-1");
    for (field, value) in [
        ("place", json!("file:acme.signing-1.age")),
        ("state", json!("signs")),
        ("lock", json!("passphrase")),
        ("largest_message", json!(1_048_576)),
        ("batch", json!(1)),
        ("origin", json!("unknown")),
        ("extractable", json!("yes")),
        ("rights", json!("everything")),
        ("version", Value::Null),
        ("audit", json!("off")),
        ("sealed_revocation", json!("kept")),
        ("findings", json!(0)),
    ] {
        assert_eq!(signing[field], value, "{field}");
    }
    assert!(signing["answered_ms"].is_number() && signing["until"].is_u64());
    // The identity signed the operator's token, and the signing keys nothing yet.
    assert_eq!(key(&answer, "acme/identity")["largest_signed"]["file"], "tokens/operator.jwt");
    assert_eq!(signing["largest_signed"], Value::Null);
    // Whoever has a file can copy it, which is told and asks for nothing.
    assert!(signing["remarks"].to_string().contains("whoever has the file"), "{signing}");
    assert_eq!(place.files("acme"), before, "it changed the realm");

    let people = Run::of(
        place.command(["custody", "doctor", "--realm", "acme", "--passphrase-file"]).arg(place.path("passphrase")),
    )
    .exits(0);
    let told = people.out();
    assert!(told.contains("acme/signing-2") && told.contains("can be copied"), "{told}");
    assert!(told.contains("nothing was found"), "{told}");
    assert!(!contains(&people.all(), PASSPHRASE.as_bytes()));
}

#[test]
fn a_key_that_nobody_unlocks_is_no_finding() {
    let place = realm();
    for words in [&["--no-unlock"][..], &[]] {
        let all = [&["custody", "doctor", "--realm", "acme", "--output", "json"], words].concat();
        let answer = place.run(all).exits(0).json();
        let signing = key(&answer, "acme/signing-1");
        assert_eq!((&signing["state"], &signing["findings"]), (&json!("not-unlocked"), &json!(0)));
        assert!(signing["remarks"][0].as_str().unwrap().contains("give --passphrase-file"), "{signing}");
    }
    // Even with a passphrase at hand.
    let answer = doctor(&place, &["--no-unlock"]).exits(0).json();
    assert_eq!(key(&answer, "acme/identity")["state"], "not-unlocked");
}

#[test]
fn a_passphrase_that_does_not_fit_is_a_finding() {
    let place = realm();
    let wrong = place.write("wrong", "another-passphrase-than-that\n");
    let mut command = place.command(["custody", "doctor", "signing-1", "--realm", "acme", "--output", "json"]);
    let run = Run::of(command.arg("--passphrase-file").arg(wrong)).exits(7);
    let answer = run.json();
    assert_eq!(kinds(&answer, "acme/signing-1"), ["locked"]);
    assert_eq!(answer["findings"][0]["code"], "GS-CUSTODY-LOCKED");
    assert_eq!(answer["findings"][0]["severity"], "warning");
    assert!(!contains(&run.all(), b"another-passphrase"));
}

#[cfg(unix)]
#[test]
fn what_is_wrong_with_files_is_found_and_delays_nothing_else() {
    use std::os::unix::fs::PermissionsExt;

    let place = realm();
    place.account("payments");
    let file = |name: &str| place.keys().join(format!("acme.{name}.age"));
    // Another key's file, a file that is gone, one that others may read, and no sealed revocation.
    fs::copy(file("payments"), file("signing-1")).unwrap();
    fs::remove_file(file("signing-2")).unwrap();
    fs::set_permissions(file("payments-signing-1"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::remove_file(place.path(".config/greatseal/keys-sealed/acme/payments.elsewhere")).unwrap();

    let answer = doctor(&place, &[]).exits(7).json();
    assert_eq!(kinds(&answer, "acme/signing-1"), ["pin"]);
    assert_eq!(kinds(&answer, "acme/signing-2"), ["gone"]);
    assert_eq!(kinds(&answer, "acme/payments-signing-1"), ["permissions"]);
    assert_eq!(kinds(&answer, "acme/payments"), ["sealed-revocation"]);
    assert_eq!(kinds(&answer, "acme/identity"), Vec::<String>::new());
    for finding in answer["findings"].as_array().unwrap() {
        let next = finding["next"].as_str().unwrap();
        assert!(next.contains("greatseal "), "{finding}");
        let fault = finding["kind"] != "sealed-revocation";
        assert_eq!(finding["severity"], if fault { "error" } else { "warning" }, "{finding}");
        assert_eq!(finding["code"].is_string(), fault, "{finding}");
    }
    assert_eq!(key(&answer, "acme/payments")["state"], "signs");
    // What needs no passphrase is found without one.
    let locked = doctor(&place, &["--no-unlock"]).exits(7).json();
    assert_eq!(kinds(&locked, "acme/signing-2"), ["gone"]);
    assert_eq!(kinds(&locked, "acme/payments-signing-1"), ["permissions"]);
    assert_eq!(kinds(&locked, "acme/signing-1"), Vec::<String>::new());

    let people = place.run(["custody", "doctor", "--no-unlock", "--realm", "acme"]).exits(7).out();
    assert!(people.contains("error    acme/signing-2: the key file"), "{people}");
    assert!(people.contains("(gone) [GS-CUSTODY-MISSING]\n         bring it back from a backup"), "{people}");
}

#[test]
fn a_realm_that_names_another_key_than_custody_is_found() {
    let place = realm();
    let other = place.keys_at_hand(Role::Operator, &["stranger"])[0].to_string();
    let text = String::from_utf8(place.read("acme/greatseal.toml")).unwrap();
    let own = place.run(["key", "show", "signing-2", "--realm", "acme", "--output", "json"]).json();
    place.write("acme/greatseal.toml", text.replace(own["public"].as_str().unwrap(), &other));
    // The stranger's key is in custody here too, under its own name; take it away.
    let table = String::from_utf8(fs::read(place.keys().join("keys.toml")).unwrap()).unwrap();
    let kept = table.split("\n\n").filter(|part| !part.contains("acme/stranger")).collect::<Vec<_>>().join("\n\n");
    fs::write(place.keys().join("keys.toml"), kept + "\n").unwrap();
    let answer = doctor(&place, &["signing-2"]).exits(7).json();
    assert_eq!(kinds(&answer, "acme/signing-2"), ["pin"]);
    assert!(answer["findings"][0]["what"].as_str().unwrap().contains("custody here pins"), "{answer}");
}

#[test]
fn keys_on_other_machines_are_listed_and_not_asked() {
    let place = realm();
    let public = greatseal_custody::Seed::generate(Role::Account).unwrap().nkey().to_string();
    place.run(["key", "pin", "far", &public, "--realm", "acme"]).exits(0);
    let answer = doctor(&place, &["far"]).exits(0).json();
    let far = key(&answer, "acme/far");
    assert_eq!((&far["state"], &far["place"]), (&json!("elsewhere"), &json!("offline:")));
    assert_eq!((&far["findings"], &far["sealed_revocation"]), (&json!(0), &json!("not-needed")));
}

#[test]
fn outside_a_realm_every_key_of_custody_is_looked_at() {
    let place = Place::new();
    place.keys_at_hand(Role::Module, &["ledger"]);
    let answer = place.issue(["custody", "doctor"]).exits(0).json();
    assert_eq!((&answer["realm"], answer["keys"].as_array().unwrap().len()), (&Value::Null, 1));
    assert_eq!(key(&answer, "acme/ledger")["state"], "signs");
    place.issue(["custody", "doctor", "acme/ledger"]).exits(0);
    place.issue(["custody", "doctor", "acme/nothing"]).exits(2).says("GS-NAME-UNKNOWN");
    place.issue(["custody", "doctor", "--realm", "nowhere"]).exits(1);
    let people = Place::new().run(["custody", "doctor"]).exits(0).out();
    assert!(people.contains("there are no keys here"), "{people}");
}

#[test]
fn what_names_a_key_and_ends_soon_is_found() {
    let place = realm();
    let text = String::from_utf8(place.read("acme/greatseal.toml")).unwrap();
    assert!(text.contains("days = ["), "{text}");
    let begin = text.find("days = [").unwrap();
    let end = begin + text[begin..].find(']').unwrap() + 1;
    place.write("acme/greatseal.toml", format!("{}days = [365]{}", &text[..begin], &text[end..]));
    let answer = doctor(&place, &[]).exits(7).json();
    assert_eq!(kinds(&answer, "acme/signing-1"), ["expires"]);
    let finding = &answer["findings"][0];
    assert_eq!(finding["next"], "greatseal operator reissue");
    assert!(finding["what"].as_str().unwrap().starts_with("the operator's token, which"), "{finding}");
}

/// What has ended is told as long as nothing is in its place, and is no child's fault.
#[test]
fn a_delegation_that_ended_is_found_after_its_end_too() {
    let place = Place::new();
    place.rooted();
    place.service("upload", &["/files/read"]);
    let words = ["delegation", "create", "--from", "root-signing-1", "--to", "upload", "--command", "/files/list"];
    let begun = (support::services::now() - 57).to_string();
    place.seal(&[&words[..], &["--for", "1m", "--starts", &begun]].concat()).exits(0);
    std::thread::sleep(std::time::Duration::from_secs(5));
    let answer = doctor(&place, &["root-signing-1"]).exits(7).json();
    let found = answer["findings"].as_array().unwrap();
    let ended = found.iter().find(|it| it["what"].as_str().unwrap().contains("ended at")).unwrap();
    assert!(ended["next"].as_str().unwrap().starts_with("greatseal delegation renew"), "{ended}");
}
