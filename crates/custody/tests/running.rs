//! A running key keeps to the terms of custody, and cannot be found once it is dropped.

use std::fs;

use greatseal_core::Code;
use greatseal_core::ed25519::{Signed, verify};
use greatseal_core::key::{Nkey, PublicKey, RawKey, Role};
use greatseal_custody::{RunningKey, Seed};
use greatseal_testkit::secrets::Search;
use greatseal_testkit::secrets::memory::{Region, overwrite, regions};

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

/// As memory that fails, or an attacker who makes it fail by hammering rows beside it.
#[test]
fn a_bit_that_flips_in_memory_is_noticed_before_a_signature_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = child("running::signs_three_times", folder.path()).spawn().unwrap();
    let mut talk = Talk::with(&mut process);
    talk.wait_for("drawn");
    let public: [u8; 32] = fs::read(folder.path().join("public")).unwrap().try_into().unwrap();
    talk.go_on_until("signed");
    let search = Search::of(PublicKey::Ed25519(RawKey::new(public)));
    let places: Vec<(u64, u8)> = regions(process.id())
        .unwrap()
        .flat_map(|Region { start, bytes }| {
            let finds = search.over(&bytes);
            finds.into_iter().map(move |find| (start + find.at as u64, bytes[find.at])).collect::<Vec<_>>()
        })
        .collect();
    assert_ne!(places, [], "the search has to find what is there");
    for (address, byte) in &places {
        overwrite(process.id(), *address, byte ^ 4).unwrap();
    }
    talk.go_on_until("GS-CUSTODY-MEMORY");
    for (address, byte) in &places {
        overwrite(process.id(), *address, *byte).unwrap();
    }
    talk.go_on_until("signed");
    talk.wait_for("test result");
    assert!(process.wait().unwrap().success());
}

/// Does nothing unless the test above has started it.
#[test]
fn signs_three_times() {
    let Some(folder) = given_folder() else { return };
    let key = RunningKey::generate().unwrap();
    fs::write(folder.join("public"), key.public_key().as_bytes()).unwrap();
    println!("drawn");
    for _ in 0..3 {
        std::io::stdin().read_line(&mut String::new()).unwrap();
        match key.sign(&request(&nkey(&key), "words")) {
            Ok(_) => println!("signed"),
            Err(fault) => println!("{}", fault.code()),
        }
    }
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
