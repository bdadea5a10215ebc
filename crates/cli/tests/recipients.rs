//! Key files that identities of age open instead of passphrases.
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

use age::secrecy::ExposeSecret;
use support::{MODULE, Place};

fn identity(place: &Place, file: &str) -> String {
    let identity = age::x25519::Identity::generate();
    let path = place.write(file, format!("# an identity\n{}\n", identity.to_string().expose_secret()));
    support::private(&path);
    identity.to_public().to_string()
}

#[test]
fn keys_are_made_for_recipients_and_opened_by_identities() {
    let place = Place::new();
    let (me, colleague) = (identity(&place, "me.txt"), identity(&place, "colleague.txt"));
    identity(&place, "stranger.txt");
    place.write("colleagues.txt", format!("# who helps out\n\n{colleague}\n"));
    place.realm();
    let json = ["--output", "json"];
    let in_realm = |words: &[&str]| place.run([words, &["--realm", "acme"], &json].concat());
    // Nobody is asked for a passphrase: there is no terminal, and none is given.
    let words = ["account", "create", "payments", "--recipient", &me, "--recipients-file", "colleagues.txt"];
    place.seal(&words).exits(0);
    let sign = |out: &str, more: &[&str]| {
        let words = ["module", "sign", "echo.wasm", "--account", "payments", "--module", "echo", "--out", out];
        in_realm(&[&words[..], more].concat())
    };
    place.write("echo.wasm", MODULE);
    sign("a.wasm", &["--new-key", "--identity", "me.txt", "--recipient", &me]).exits(0);
    sign("b.wasm", &["--identity", "colleague.txt"]).exits(0);
    sign("c.wasm", &["--identity", "stranger.txt"]).exits(4).says("GS-CUSTODY-LOCKED");
    let without = sign("d.wasm", &[]).exits(4).says("GS-CUSTODY-SETUP");
    assert!(without.err().contains("--identity"), "{without}");
    sign("e.wasm", &["--identity", "nowhere.txt"]).exits(4).says("GS-CUSTODY-SETUP");

    let listed = in_realm(&["key", "list"]).exits(0).json();
    let lock = |name: &str| {
        let keys = listed["keys"].as_array().unwrap();
        keys.iter().find(|key| key["name"] == name).unwrap()["lock"].as_str().unwrap().to_owned()
    };
    assert_eq!((lock("acme/payments-signing-1"), lock("acme/signing-1")), ("identity".into(), "passphrase".into()));

    // Misspelt, and told before anything is made.
    let before = place.files("acme");
    place.seal(&["account", "create", "other", "--recipient", "age1nobody"]).exits(2);
    assert_eq!(place.files("acme"), before);
}
