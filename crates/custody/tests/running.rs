//! A running key keeps to the terms of custody, and cannot be found once it is dropped.

use std::fs;

use greatseal_core::Code;
use greatseal_core::ed25519::{Signed, verify};
use greatseal_core::key::{Nkey, PublicKey, RawKey, Role};
use greatseal_custody::{RunningKey, Seed};
use greatseal_testkit::secrets::Search;

use crate::memory::Talk;
use crate::support::{child, given_folder, request, request_of_size};

fn nkey(key: &RunningKey) -> Nkey {
    Nkey::new(Role::Account, *key.public_key().ed25519().unwrap())
}

#[test]
fn it_signs_what_is_asked_and_nothing_else() {
    let key = RunningKey::generate().unwrap();
    let asked = request(&nkey(&key), "words");
    let signature = key.sign(&asked).unwrap();
    let raw = *key.public_key().ed25519().unwrap();
    let signed = Signed { key: &raw, message: asked.message(), signature: &signature };
    assert_eq!(verify(&signed), Ok(()));
    let other = Seed::generate(Role::Account).unwrap().nkey();
    assert_eq!(key.sign(&request(&other, "words")).unwrap_err().code(), Code::SignSigner);
    let large = request_of_size(&nkey(&key), 1024 * 1024 + 1);
    assert_eq!(key.sign(&large).unwrap_err().code(), Code::CustodyTooLarge);
}

#[test]
fn what_was_dropped_is_gone_from_memory() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = child("running::draws_and_drops_a_key", folder.path()).spawn().unwrap();
    let mut talk = Talk::with(&mut process);
    talk.wait_for("drawn");
    let public: [u8; 32] = fs::read(folder.path().join("public")).unwrap().try_into().unwrap();
    // Nothing gives the secret away, so it is found by trying whatever lies there.
    let search = Search::of(PublicKey::Ed25519(RawKey::new(public)));
    assert_ne!(search.over_process(process.id()).unwrap(), [], "the search has to find what is there");
    talk.go_on_until("dropped");
    assert_eq!(search.over_process(process.id()).unwrap(), []);
    talk.go_on_until("test result");
    assert!(process.wait().unwrap().success());
}

/// Does nothing unless the test above has started it.
#[test]
fn draws_and_drops_a_key() {
    let Some(folder) = given_folder() else { return };
    let pause = |stage: &str| {
        println!("{stage}");
        std::io::stdin().read_line(&mut String::new()).unwrap();
    };
    let key = RunningKey::generate().unwrap();
    key.sign(&request(&nkey(&key), "words")).unwrap();
    fs::write(folder.join("public"), key.public_key().as_bytes()).unwrap();
    pause("drawn");
    drop(key);
    pause("dropped");
}
