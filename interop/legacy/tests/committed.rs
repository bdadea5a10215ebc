//! The committed vectors are what they are said to be; nothing is generated here.

use legacy_cases::{Kind, Manifest, check, keys};
use std::path::Path;
use wascap_16::jwt::{Claims, validate_token};
use wascap_16::prelude::{Account, KeyPair};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/legacy");

#[test]
fn manifest_and_files_agree() {
    check::folder(Path::new(FOLDER)).unwrap();
}

#[test]
fn the_newest_version_finds_every_signature_good() {
    let root = Path::new(FOLDER);
    for case in Manifest::read(root).unwrap().cases {
        let token = check::token(&case, &std::fs::read(root.join(&case.file)).unwrap()).unwrap();
        // Every field of `Account` is optional, so any claims can be read as an account's.
        let verdict = validate_token::<Account>(&token).unwrap();
        assert!(verdict.signature_valid, "{}", case.id);
        let claims = Claims::<Account>::decode(&token).unwrap();
        assert!(case.kind != Kind::Module || claims.subject.starts_with('M'), "{}", case.id);
    }
}

#[test]
fn every_seed_belongs_to_its_public_key() {
    for key in keys::ALL {
        assert_eq!(KeyPair::from_seed(key.seed_test_only).unwrap().public_key(), key.public);
    }
}
