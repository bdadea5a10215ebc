//! Private keys that other programs made, brought into custody.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "these tests write files and start programs")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests: a failure is a panic"
)]

mod support;

use support::{Place, Run};

#[test]
fn keys_of_openssh_and_openssl_get_the_role_that_is_said() {
    let place = Place::new();
    place.run(["init", "acme"]).exits(0);
    let make = |program: &str, words: &[&str]| assert_eq!(Run::of(place.program(program).args(words)).exit, Some(0));
    make("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "id_ed25519"]);
    make("ssh-keygen", &["-q", "-t", "ed25519", "-N", "secret words", "-C", "", "-f", "id_locked"]);
    make("ssh-keygen", &["-q", "-t", "ecdsa", "-N", "", "-C", "", "-f", "id_ecdsa"]);
    make("openssl", &["genpkey", "-algorithm", "ed25519", "-out", "key.pem"]);

    place.seal(&["key", "import", "deploy", "id_ed25519"]).exits(1).says("GS-SEED-MALFORMED");
    for (name, file, role) in [("deploy", "id_ed25519", "account"), ("root", "key.pem", "user")] {
        let made = place.seal(&["key", "import", name, file, "--role", role]).exits(0).json();
        assert_eq!(made["keys"][0]["role"], role, "{made}");
    }
    // The public half is the one that OpenSSH wrote beside it.
    let public = String::from_utf8(place.read("id_ed25519.pub")).unwrap();
    let blob = data_encoding::BASE64.decode(public.split(' ').nth(1).unwrap().trim().as_bytes()).unwrap();
    let shown = place.look(&["key", "show", "deploy"]);
    let raw = greatseal_core::key::Nkey::parse(shown["public"].as_str().unwrap()).unwrap();
    assert!(blob.ends_with(raw.raw().as_bytes()));

    // Its own passphrase is asked for at the terminal, and there is none.
    place.seal(&["key", "import", "locked", "id_locked", "--role", "account"]).exits(2).says("GS-CUSTODY-PASSPHRASE");
    place.seal(&["key", "import", "ecdsa", "id_ecdsa", "--role", "account"]).exits(1).says("GS-SEED-MALFORMED");
    // One key has one name.
    place.seal(&["key", "import", "again", "id_ed25519", "--role", "account"]).says("GS-CUSTODY-EXISTS");
}
