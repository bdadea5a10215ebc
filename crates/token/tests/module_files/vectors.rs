//! The files of the vectors: what they vouch for, and what happens to damaged ones.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::{BASE64URL_NOPAD, HEXUPPER};
use greatseal_core::error::ModuleFault;
use greatseal_token::wascap::module::{Kind, ModuleFile, is_wasm, strip};
use serde_json::Value;

use crate::build::cut;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/wascap")
}

/// Every WebAssembly file of the vectors, by its name.
pub(crate) fn files() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for folder in [folder(), folder().join("published")] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "wasm") {
                files.insert(path.file_name().unwrap().to_str().unwrap().into(), fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// What a token says its file hashes to.
fn vouched(token: &[u8]) -> String {
    let claims = token.split(|byte| *byte == b'.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(claims).unwrap()).unwrap();
    claims["wascap"]["hash"].as_str().unwrap().into()
}

#[test]
fn every_case_hashes_as_the_manifest_expects() {
    let manifest: Value = serde_json::from_slice(&fs::read(folder().join("manifest.json")).unwrap()).unwrap();
    let mut files = files();
    let mut tampered = 0;
    for case in manifest["cases"].as_array().unwrap() {
        let Some(name) = case["module_file"].as_str() else { continue };
        let bytes = files.remove(name).unwrap();
        let file = ModuleFile::read(&bytes).unwrap();
        let is_whole = case["reason"] != "MODULE_HASH_MISMATCH";
        assert_eq!(vouched(file.token().unwrap()) == HEXUPPER.encode(&file.hash()), is_whole, "{name}");
        tampered += usize::from(!is_whole);
    }
    assert_eq!(tampered, 3);

    let old = files.remove("guest.component.wasm").unwrap();
    assert!(is_wasm(&old));
    assert_eq!(ModuleFile::read(&old).unwrap_err(), ModuleFault::Encoding { version: 0x0c, layer: 1 });
    assert_eq!(strip(&old).unwrap_err(), ModuleFault::Encoding { version: 0x0c, layer: 1 });

    // Signed by others, with versions from 0.1 to 0.9, and not in the manifest.
    for (name, bytes) in files {
        let file = ModuleFile::read(&bytes).unwrap();
        assert_eq!(vouched(file.token().unwrap()), HEXUPPER.encode(&file.hash()), "{name}");
    }
}

#[test]
fn what_is_shown_of_a_file_is_what_it_holds() {
    let files = files();
    let component = ModuleFile::read(&files["v25.wasm"]).unwrap();
    assert_eq!(component.kind(), Kind::Component);
    assert_eq!(component.len(), 663);
    let appended = ModuleFile::read(&files["v22.wasm"]).unwrap();
    assert_eq!(appended.kind(), Kind::Module);
    let names: Vec<_> = appended.custom_sections().map(|(name, _)| name).collect();
    assert_eq!(names, ["wasmcloud_jwt", "note"]);
    assert_eq!(appended.custom_sections().next(), Some(("wasmcloud_jwt", 593)));
    assert_eq!(format!("{appended:?}"), format!("ModuleFile {{ kind: Module, len: 667, token: {:?}, .. }}", Some(593)));
}

#[test]
fn only_the_token_section_is_outside_the_hash() {
    for (name, bytes) in files() {
        let Ok(file) = ModuleFile::read(&bytes) else { continue };
        let rest = cut(&bytes);
        let unsigned = ModuleFile::read(&rest).unwrap();
        assert_eq!((unsigned.token(), unsigned.hash()), (None, file.hash()), "{name}");
    }
}

#[test]
fn no_beginning_of_a_file_passes_for_it() {
    for name in ["v01.wasm", "v25.wasm"] {
        let bytes = &files()[name];
        for end in 0..bytes.len() {
            // A cut between two sections leaves a good file that nobody signed.
            let token = ModuleFile::read(&bytes[..end]).map(|file| file.token());
            assert!(matches!(token, Ok(None) | Err(ModuleFault::Malformed { .. })), "{name} up to {end}: {token:?}");
            assert_eq!(strip(&bytes[..end]).is_err(), token.is_err());
        }
    }
}

#[test]
fn no_changed_byte_passes_unseen() {
    for name in ["v01.wasm", "v25.wasm"] {
        let mut bytes = files()[name].clone();
        let good = ModuleFile::read(&bytes).unwrap();
        let (token, hash) = (good.token().unwrap().to_vec(), good.hash());
        for at in 0..bytes.len() {
            let original = bytes[at];
            for byte in (0..=u8::MAX).filter(|byte| *byte != original) {
                bytes[at] = byte;
                if let Ok(file) = ModuleFile::read(&bytes) {
                    assert!(file.token() != Some(&token) || file.hash() != hash, "{name} with {byte} at {at}");
                }
            }
            bytes[at] = original;
        }
    }
}
