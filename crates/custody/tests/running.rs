//! A running key keeps to the terms of custody, and cannot be found once it is dropped.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Child;

use ed25519_zebra::{SigningKey, VerificationKeyBytes};
use greatseal_core::Code;
use greatseal_core::ed25519::{Signed, verify};
use greatseal_core::key::{Nkey, RawKey, Role};
use greatseal_custody::{RunningKey, Seed};

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
    assert_eq!(seeds_of(&process, RawKey::new(public)), 1, "the search has to find what is there");
    talk.go_on_until("dropped");
    assert_eq!(seeds_of(&process, RawKey::new(public)), 0);
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

/// Counts the places in a process's writable memory that hold the seed of a public key.
///
/// Allocators hand out aligned blocks, so only every eighth byte is tried.
fn seeds_of(process: &Child, public: RawKey) -> usize {
    let folder = Path::new("/proc").join(process.id().to_string());
    let memory = File::open(folder.join("mem")).unwrap();
    let mut found = 0;
    for line in fs::read_to_string(folder.join("maps")).unwrap().lines() {
        let mut fields = line.split_whitespace();
        let (Some(range), Some(rights)) = (fields.next(), fields.next()) else { continue };
        if !rights.starts_with("rw") {
            continue;
        }
        let (from, to) = range.split_once('-').unwrap();
        let (from, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        let mut region = vec![0; usize::try_from(to - from).unwrap()];
        memory.read_exact_at(&mut region, from).unwrap();
        found += region.windows(32).step_by(8).filter(|it| looks_random(it) && seed_of(it) == public).count();
    }
    found
}

/// Random bytes hardly ever repeat one four times, and pointers are full of zeros.
fn looks_random(window: &[u8]) -> bool {
    window.iter().all(|byte| window.iter().filter(|other| *other == byte).count() < 4)
}

fn seed_of(window: &[u8]) -> RawKey {
    let key = SigningKey::from_bytes(&window.try_into().unwrap());
    RawKey::new(VerificationKeyBytes::from(&key).into())
}
