//! The published crate writes the same bytes, and where it signs something else, nothing is signed.

use greatseal_token::wascap::module::{ModuleFile, embed, strip};
use wascap::jwt::{Claims, Component};
use wascap::prelude::KeyPair;
use wascap::wasm::embed_claims;

use crate::build::*;
use crate::vectors::files;

/// Signs with wascap 0.16.2.
pub(crate) fn signed(file: &[u8]) -> Option<Vec<u8>> {
    let key = KeyPair::new_account();
    let claims =
        Claims::<Component>::new("reference".into(), key.public_key(), String::new(), None, false, None, None, None);
    embed_claims(file, &claims, &key).ok()
}

/// Checks that we would have written what the published crate wrote.
pub(crate) fn assert_same(file: &[u8]) {
    let theirs = signed(file).unwrap();
    let read = ModuleFile::read(&theirs).unwrap();
    let token = str::from_utf8(read.token().unwrap()).unwrap();
    let stripped = strip(file).unwrap();
    assert_eq!(stripped.hash(), read.hash());
    assert_eq!(wascap::wasm::extract_claims(&theirs).unwrap().unwrap().jwt, token);
    assert!(embed(stripped, token).unwrap() == theirs, "other bytes than the published crate");
}

#[test]
fn every_vector_is_written_alike() {
    for (name, bytes) in files() {
        assert_eq!(strip(&bytes).is_ok(), signed(&bytes).is_some(), "{name}");
        if strip(&bytes).is_ok() {
            assert_same(&bytes);
        }
    }
}

#[test]
fn odd_files_are_written_alike() {
    let module = [answer(), custom("jwt", b"inner")].concat();
    let padded = [MODULE, &padded_section(1, &[0], 3), &padded_section(0, &named("note", b"", 4), 2)].concat();
    let component = [
        COMPONENT,
        &custom("first", b""),
        &padded_section(CORE_MODULE, &module, 1),
        &token("one"),
        &section(7, &[0]),
        &section(NESTED_COMPONENT, &[COMPONENT, &section(CORE_MODULE, &padded), &token("two")].concat()),
        &section(7, &[0]),
        &custom("last", &[0; 200]),
    ]
    .concat();
    for file in [&answer()[..], &module, &padded, &component, MODULE, COMPONENT] {
        assert_same(file);
        assert_same(&[file, &token("token"), &custom("behind", b"")].concat());
    }
}

#[test]
fn long_sections_and_long_tokens_are_written_alike() {
    for size in [0x70, 0x7f, 0x80, 0x3ff0, 0x4000, 0x20_0000] {
        assert_same(&[answer(), custom("note", &vec![0; size])].concat());
        let component =
            [COMPONENT, &section(CORE_MODULE, &[answer(), custom("note", &vec![0; size])].concat())].concat();
        assert_same(&[component, custom("jwt", &vec![b'e'; size])].concat());
    }
}

#[test]
fn what_the_reference_crate_signs_as_something_else_is_refused() {
    let rest = |file: &[u8]| signed(file).map(|signed| cut(&signed));
    // A component where a module belongs comes out as a component section.
    let file = [COMPONENT, &section(CORE_MODULE, COMPONENT)].concat();
    assert_eq!(rest(&file).unwrap(), [COMPONENT, &section(NESTED_COMPONENT, COMPONENT)].concat());
    assert!(strip(&file).is_err());
    // A nested module that was cut off comes out whole.
    let file = [COMPONENT, &[CORE_MODULE, 100], MODULE].concat();
    assert_eq!(rest(&file).unwrap(), [COMPONENT, &section(CORE_MODULE, MODULE)].concat());
    assert!(strip(&file).is_err());
    // A section that no published format has is signed without being understood.
    let file = [MODULE, &section(99, b"?")].concat();
    assert_eq!(rest(&file).unwrap(), file);
    assert!(strip(&file).is_err());
}
