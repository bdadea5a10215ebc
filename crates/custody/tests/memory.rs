//! Searches the memory of a process that makes and uses a key for what should have been wiped.
//!
//! The search is run on a second process, so that the needle is not in the haystack; and while
//! the key is unlocked it must find it, so that finding nothing later means something.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin};

use greatseal_core::key::Role;
use greatseal_custody::{Passphrase, Protection, Recipients, Seed, Surroundings, sign};
use greatseal_testkit::secrets::memory::{Region, regions};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha512};

use crate::support::{
    NOW, Source, around, child, given_folder, keystore, name, new_keystore, request, soon, spellings,
};

#[test]
fn what_was_wiped_is_gone_from_memory() {
    let (_outer, path, store) = new_keystore();
    // Drawn here: a constant would be found in the program itself.
    let passphrase = Seed::generate(Role::Account).unwrap().nkey().to_string();
    let holder = tempfile::NamedTempFile::new().unwrap();
    fs::write(holder.path(), format!("{passphrase}\n")).unwrap();

    let mut command = child("memory::makes_and_uses_a_key", &path);
    let mut process = command.env(HOLDER, holder.path()).spawn().unwrap();
    let mut talk = Talk::with(&mut process);

    talk.wait_for("made");
    let identity = age::scrypt::Identity::new(passphrase.as_str().into());
    let text = age::decrypt(&identity, &fs::read(path.join("a.age")).unwrap()).unwrap();
    let needles = needles(&text, &passphrase);
    assert_eq!(store.list().unwrap().entries.len(), 1);
    assert_eq!(found(&process, &needles), Vec::<&str>::new(), "after a key was made");

    talk.go_on_until("unlocked");
    assert_eq!(found(&process, &needles), ["seed"]);

    talk.go_on_until("dropped");
    assert_eq!(found(&process, &needles), Vec::<&str>::new(), "after its custodian was dropped");
    talk.go_on_until("test result");
    assert!(process.wait().unwrap().success());
}

/// The same for a file to a recipient: neither the seed nor the identity that opens it stays.
#[test]
fn what_an_identity_opened_is_gone_from_memory_too() {
    let (outer, path, _store) = new_keystore();
    let identity = age::x25519::Identity::generate();
    let text = identity.to_string();
    let holder = outer.path().join("identity");
    fs::write(&holder, text.expose_secret()).unwrap();
    fs::set_permissions(&holder, fs::Permissions::from_mode(0o600)).unwrap();
    let secret = age_core::primitives::bech32_decode(
        text.expose_secret(),
        |_| (),
        |_| Ok(()),
        |_, bytes| Ok(bytes.collect::<Vec<_>>()),
    );

    let mut command = child("memory::makes_and_uses_a_key_to_a_recipient", &path);
    let recipient = identity.to_public().to_string();
    let mut process = command.env(HOLDER, &holder).env(RECIPIENT, recipient).spawn().unwrap();
    let mut talk = Talk::with(&mut process);

    talk.wait_for("made");
    let seed = age::decrypt(&identity, &fs::read(path.join("a.age")).unwrap()).unwrap();
    let mut needles = needles(&seed, "no passphrase at all");
    let whole = [("identity", secret.unwrap()), ("identity's text", text.expose_secret()[20..68].into())];
    needles.extend(whole.iter().flat_map(|(what, whole)| whole.chunks_exact(8).map(|piece| (*what, piece.to_vec()))));
    assert_eq!(found(&process, &needles), Vec::<&str>::new(), "after a key was made");

    talk.go_on_until("unlocked");
    assert_eq!(found(&process, &needles), ["seed"]);

    talk.go_on_until("dropped");
    assert_eq!(found(&process, &needles), Vec::<&str>::new(), "after its custodian was dropped");
    talk.go_on_until("test result");
    assert!(process.wait().unwrap().success());
}

const RECIPIENT: &str = "GREATSEAL_TEST_RECIPIENT";

/// Does nothing unless the test above has started it.
#[test]
fn makes_and_uses_a_key_to_a_recipient() {
    let (Some(folder), Ok(recipient)) = (given_folder(), std::env::var(RECIPIENT)) else { return };
    let store = keystore(&folder);
    let recipients = Recipients::parse([recipient.as_str()]).unwrap();
    let seed = Seed::generate(Role::Account).unwrap();
    let entry = store.keep_for(&name("a"), &seed, Protection::Recipients(&recipients), NOW).unwrap();
    drop(seed);
    pause("made");
    let identities = vec![PathBuf::from(std::env::var_os(HOLDER).unwrap())];
    let around = Surroundings { identities, ..around(Source::new(None)) };
    let custodian = store.custodian(&entry.name, &around).unwrap();
    sign(&*custodian, &request(&entry.public, "words"), soon()).unwrap();
    pause("unlocked");
    drop(custodian);
    pause("dropped");
}

fn pause(stage: &str) {
    println!("{stage}");
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

const HOLDER: &str = "GREATSEAL_TEST_PASSPHRASE_FILE";

/// Does nothing unless the test above has started it.
#[test]
fn makes_and_uses_a_key() {
    let (Some(folder), None) = (given_folder(), std::env::var_os(RECIPIENT)) else { return };
    let holder = PathBuf::from(std::env::var_os(HOLDER).unwrap());
    let passphrase = move || Passphrase::from_reader(File::open(&holder).unwrap());
    let store = keystore(&folder);

    let entry = store.create(&name("a"), Role::Account, &passphrase().unwrap(), NOW).unwrap();
    pause("made");
    let custodian =
        store.custodian(&entry.name, &Surroundings::of(std::sync::Arc::new(move |_: &_, _: &_| passphrase()))).unwrap();
    sign(&*custodian, &request(&entry.public, "words"), soon()).unwrap();
    pause("unlocked");
    drop(custodian);
    pause("dropped");
}

/// Everything that would let its finder sign, or open the file.
fn needles(text: &[u8], passphrase: &str) -> Vec<(&'static str, Vec<u8>)> {
    let text = text.trim_ascii_end();
    let seed = &data_encoding::BASE32_NOPAD.decode(text).unwrap()[2..34];
    let expanded = Sha512::digest(seed);
    let (low, prefix) = expanded.split_at(32);
    let mut clamped: [u8; 32] = low.try_into().unwrap();
    clamped[0] &= 248;
    clamped[31] = clamped[31] & 127 | 64;
    let wholes = [
        ("seed", seed),
        ("seed's text", text),
        ("hash of the seed", low),
        ("nonce prefix", prefix),
        ("secret scalar", &clamped),
        ("secret scalar", &modulo_order(clamped)),
        ("passphrase", passphrase.as_bytes()),
    ];
    // In pieces, because memory that was given back is often overwritten in part.
    let mut needles: Vec<_> =
        wholes.iter().flat_map(|(what, whole)| whole.chunks_exact(8).map(|piece| (*what, piece.to_vec()))).collect();
    needles.extend(spellings(seed).into_iter().skip(1).map(|spelling| ("seed in another spelling", spelling)));
    needles
}

/// Subtracts the order of the group, 2²⁵² + …, until what is left is smaller.
fn modulo_order(mut scalar: [u8; 32]) -> [u8; 32] {
    const ORDER: &[u8; 32] = b"\xed\xd3\xf5\x5c\x1a\x63\x12\x58\xd6\x9c\xf7\xa2\xde\xf9\xde\x14\
        \x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10";
    while scalar.iter().rev().ge(ORDER.iter().rev()) {
        let mut borrow = false;
        for (byte, order) in scalar.iter_mut().zip(ORDER) {
            let (once, first) = byte.overflowing_sub(*order);
            let (twice, second) = once.overflowing_sub(u8::from(borrow));
            (*byte, borrow) = (twice, first || second);
        }
    }
    scalar
}

/// Returns which needles lie anywhere in the writable memory of a process.
fn found(process: &Child, needles: &[(&'static str, Vec<u8>)]) -> Vec<&'static str> {
    let starts: Vec<[u8; 4]> = needles.iter().map(|(_, needle)| needle[..4].try_into().unwrap()).collect();
    let mut hits = vec![false; needles.len()];
    let mut searched = 0;
    for Region { bytes: region, .. } in regions(process.id()).unwrap() {
        searched += region.len();
        for (at, window) in region.windows(4).enumerate() {
            if starts.iter().any(|start| start == window) {
                for (hit, (_, needle)) in hits.iter_mut().zip(needles) {
                    *hit |= region[at..].starts_with(needle);
                }
            }
        }
    }
    assert!(searched > 100_000, "{searched} bytes are no process");
    let mut found: Vec<_> = needles.iter().zip(hits).filter(|(_, hit)| *hit).map(|((what, _), _)| *what).collect();
    found.dedup();
    found
}

/// Lets the other process go from stage to stage.
pub(crate) struct Talk {
    say: ChildStdin,
    hear: BufReader<std::process::ChildStdout>,
}

impl Talk {
    pub(crate) fn with(process: &mut Child) -> Self {
        Self { say: process.stdin.take().unwrap(), hear: BufReader::new(process.stdout.take().unwrap()) }
    }

    pub(crate) fn wait_for(&mut self, stage: &str) {
        let mut line = String::new();
        while !line.contains(stage) {
            line.clear();
            assert_ne!(self.hear.read_line(&mut line).unwrap(), 0, "it ended before it said {stage:?}");
        }
    }

    pub(crate) fn go_on_until(&mut self, stage: &str) {
        self.say.write_all(b"\n").unwrap();
        self.wait_for(stage);
    }
}
