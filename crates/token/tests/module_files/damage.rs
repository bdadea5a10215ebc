//! Random files and random damage: nothing panics, and every answer fits the others.

use greatseal_core::error::ModuleFault;
use greatseal_token::wascap::module::{ModuleFile, strip};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::build::*;
use crate::reference::{assert_same, signed};
use crate::vectors::files;

/// Any custom section, now and then a token, with any padding.
fn customs() -> impl Strategy<Value = Vec<u8>> {
    let names = prop_oneof![Just("jwt"), Just("wasmcloud_jwt"), Just("name"), Just(""), Just("jwtx")];
    (names, vec(any::<u8>(), 0..200), 0..5usize, 0..5usize)
        .prop_map(|(name, data, inner, outer)| padded_section(0, &named(name, &data, inner), outer))
}

/// A module with custom sections anywhere between its sections.
fn modules() -> impl Strategy<Value = Vec<u8>> {
    let sections = [1, 2, 3, 4, 5, 13, 6, 7, 9, 10, 11];
    vec((vec(customs(), 0..2), any::<bool>(), 0..5usize), sections.len()).prop_map(move |chosen| {
        let mut file = MODULE.to_vec();
        for (id, (customs, is_present, padding)) in sections.into_iter().zip(chosen) {
            file.extend(customs.concat());
            if is_present {
                file.extend(padded_section(id, &[0], padding));
            }
        }
        file
    })
}

/// A module, or a component of modules and components.
fn trees() -> impl Strategy<Value = Vec<u8>> {
    modules().prop_recursive(4, 24, 6, |inner| {
        let nested = (inner, 0..5usize).prop_map(|(file, padding)| {
            padded_section(if file.starts_with(MODULE) { CORE_MODULE } else { NESTED_COMPONENT }, &file, padding)
        });
        let plain = (prop::sample::select(vec![2, 3, 5, 6, 7, 8, 10, 11]), 0..5usize)
            .prop_map(|(id, padding)| padded_section(id, &[0], padding));
        vec(prop_oneof![nested, plain, customs()], 0..6).prop_map(|sections| [COMPONENT, &sections.concat()].concat())
    })
}

/// Damage: bytes overwritten, put in, taken out.
fn damage() -> impl Strategy<Value = Vec<(u8, prop::sample::Index, u8)>> {
    vec((0..3u8, any::<prop::sample::Index>(), any::<u8>()), 1..6)
}

fn damaged(mut file: Vec<u8>, damage: &[(u8, prop::sample::Index, u8)]) -> Vec<u8> {
    for (how, place, byte) in damage {
        if file.is_empty() {
            break;
        }
        let at = place.index(file.len());
        match how {
            0 => file[at] = *byte,
            1 => file.insert(at, *byte),
            _ => drop(file.remove(at)),
        }
    }
    file
}

/// Checks everything that holds of any bytes.
fn assert_sound(bytes: &[u8]) {
    let stripped = strip(bytes);
    if let Ok(file) = ModuleFile::read(bytes) {
        assert_eq!(file.token().is_some(), cut(bytes) != bytes);
        let rest = cut(bytes);
        let unsigned = ModuleFile::read(&rest).unwrap();
        assert_eq!((unsigned.token(), unsigned.hash()), (None, file.hash()));
        assert!(stripped.is_ok());
        let tokens = file.custom_sections().filter(|(name, _)| ["jwt", "wasmcloud_jwt"].contains(name));
        assert!(tokens.map(|(_, bytes)| bytes).eq(file.token().map(<[u8]>::len)));
    }
    match stripped {
        Ok(stripped) => {
            let unsigned = ModuleFile::read(&stripped).unwrap();
            assert_eq!((unsigned.token(), unsigned.hash()), (None, stripped.hash()));
            assert_eq!(strip(&stripped).unwrap(), stripped);
            assert!(stripped.len() <= bytes.len());
            assert_same(bytes);
        }
        // What the published crate signs all the same, it does not sign as it is: see `reference`.
        Err(fault) => assert!(signed(bytes).is_none() || matches!(fault, ModuleFault::Malformed { .. })),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn any_tree_is_stripped_as_the_reference_crate_does(file in trees()) {
        prop_assert!(strip(&file).is_ok());
        assert_sound(&file);
    }

    #[test]
    fn damaged_trees_are_refused_or_sound(file in trees(), damage in damage()) {
        assert_sound(&damaged(file, &damage));
    }

    #[test]
    fn damaged_vectors_are_refused_or_sound(name in prop::sample::select(vec!["v01.wasm", "v22.wasm", "v25.wasm", "signed_loop.wasm"]), damage in damage()) {
        assert_sound(&damaged(files()[name].clone(), &damage));
    }

    #[test]
    fn any_bytes_are_refused_or_sound(component in any::<bool>(), bytes in vec(any::<u8>(), 0..300)) {
        assert_sound(&bytes);
        assert_sound(&[if component { COMPONENT } else { MODULE }, &bytes].concat());
    }
}
