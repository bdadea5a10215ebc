//! The peer reads what we write; and what it lets through is what we refuse.

use std::collections::BTreeMap;
use std::panic;

use archives::{issuer, realm, subject};
use greatseal_testkit::chain::{Token, provider_token, verify_archive};
use greatseal_token::wascap::archive::{Parts, Target};
use provider_archive::ProviderArchive;

fn parts() -> Parts {
    let program = |target: &str| (Target::parse(target).unwrap(), target.as_bytes().repeat(1000));
    Parts {
        world: Some(b"a world".to_vec()),
        targets: ["x86_64-linux", "aarch64-linux", "x86_64-macos"].map(program).into(),
    }
}

fn signed(hashes: BTreeMap<String, String>) -> Token {
    provider_token(&subject(), &issuer()).targets(hashes).sign()
}

fn read(bytes: &[u8]) -> Option<ProviderArchive> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(ProviderArchive::try_load(bytes)).ok()
}

fn code(archive: &[u8]) -> String {
    let realm = realm();
    verify_archive(archive).with([&realm.root, &realm.tenant]).trust(&realm.operator).denied().text().to_owned()
}

/// Ends the tar of `parts` later: the entries of another one follow, its token included.
fn joined(first: &[u8], second: &[u8]) -> Vec<u8> {
    [&first[..first.len() - 1024], second].concat()
}

#[test]
fn the_peer_reads_what_we_write() {
    let parts = parts();
    let token = signed(parts.hashes());
    for compress in [false, true] {
        let read = read(&parts.pack(token.bytes(), compress).unwrap()).unwrap();
        assert_eq!(read.claims_token().unwrap().jwt, token.text());
        assert_eq!(read.wit_world(), parts.world.as_deref());
        assert_eq!(read.targets().len(), parts.targets.len());
        for (target, program) in &parts.targets {
            assert_eq!(read.target_bytes(target.as_str()).as_ref(), Some(program));
        }
    }
}

#[test]
fn the_peer_checks_no_signature() {
    let parts = parts();
    let token = signed(parts.hashes());
    let (head, signature) = token.text().rsplit_once('.').unwrap();
    let flipped: String = signature.chars().rev().collect::<String>().replace('A', "B");
    let forged = parts.pack(format!("{head}.{}A", &flipped[1..]).as_bytes(), false).unwrap();
    assert!(read(&forged).is_some());
}

#[test]
fn the_peer_lets_a_missing_program_pass() {
    let all = parts();
    let token = signed(all.hashes());
    let mut fewer = all;
    fewer.targets.pop_first();
    let archive = fewer.pack(token.bytes(), false).unwrap();
    assert!(read(&archive).is_some());
    assert_eq!(code(&archive), "GS-ARCHIVE-MISSING");
}

#[test]
fn the_peer_panics_at_a_file_without_a_hash() {
    let all = parts();
    let mut hashes = all.hashes();
    hashes.remove("x86_64-macos");
    let archive = all.pack(signed(hashes).bytes(), false).unwrap();
    assert!(panic::catch_unwind(|| read(&archive).is_some()).is_err());
    assert_eq!(code(&archive), "GS-ARCHIVE-UNLISTED");
}

#[test]
fn the_peer_takes_the_last_of_two_tokens_and_two_programs() {
    let (mine, mut theirs) = (parts(), parts());
    theirs.targets.values_mut().for_each(|program| program.reverse());
    let token = signed(theirs.hashes());
    let (first, second) = (mine.pack(signed(mine.hashes()).bytes(), false), theirs.pack(token.bytes(), false));
    let both = joined(&first.unwrap(), &second.unwrap());
    assert_eq!(read(&both).unwrap().claims_token().unwrap().jwt, token.text());
    assert_eq!(code(&both), "GS-ARCHIVE-DUPLICATE");
}

#[test]
fn the_peer_reads_over_what_follows_the_end() {
    let parts = parts();
    let token = signed(parts.hashes());
    for compress in [false, true] {
        let archive = parts.pack(token.bytes(), compress).unwrap();
        let twice = [archive.clone(), archive].concat();
        assert!(read(&twice).is_some());
        assert_eq!(code(&twice), "GS-ARCHIVE-TRAILING");
    }
}
