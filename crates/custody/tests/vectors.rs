//! Seeds against the vectors of other implementations.

use std::fs;
use std::path::Path;

use greatseal_core::Code;
use greatseal_core::key::Role;
use greatseal_custody::{CustodyFault, Seed, SeedFault};
use secrecy::ExposeSecret;

fn vectors(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/nkeys").join(file)).unwrap()
}

#[test]
fn every_vector_goes_both_ways() {
    let vectors: serde_json::Value = serde_json::from_str(&vectors("vectors.json")).unwrap();
    let mut roles = Vec::new();
    for vector in vectors.as_array().unwrap() {
        let text = vector["seed"].as_str().unwrap();
        let role = Role::from_prefix(u8::try_from(vector["pub_prefix_byte"].as_u64().unwrap()).unwrap()).unwrap();
        roles.push(role);
        if role == Role::Curve {
            // A seed of another implementation that cannot sign: known, and refused as that.
            assert_eq!(Seed::parse(text.as_bytes()).unwrap_err(), SeedFault::Curve);
            continue;
        }
        let seed = Seed::parse(text.as_bytes()).unwrap();
        assert_eq!(seed.nkey().to_string(), vector["pub"].as_str().unwrap());
        assert_eq!(seed.nkey().role(), role);
        assert_eq!(seed.to_nkey_text().expose_secret(), text);
    }
    assert!(Role::ALL.iter().all(|role| roles.contains(role)), "{roles:?}");
}

/// Some of these the reference implementation lets through.
#[test]
fn every_malformed_seed_is_refused_without_being_repeated() {
    let mut seen = 0;
    for line in vectors("malformed.txt").lines() {
        // What stands after the arrow is the reference's answer.
        let given = line.split("->").next().unwrap_or_default();
        for text in given.split_whitespace().filter(|word| word.len() == 58 && word.starts_with('S')) {
            seen += 1;
            let fault = CustodyFault::from(Seed::parse(text.as_bytes()).unwrap_err());
            assert_eq!(fault.code(), Code::SeedMalformed, "{line}");
            assert!(!format!("{fault} {fault:?}").contains(&text[4..20]), "{line}");
            let expected = if line.contains("low3") {
                fault == SeedFault::PrefixBits.into()
            } else {
                matches!(fault, CustodyFault::Seed(SeedFault::Role { .. }))
            };
            assert!(expected, "{line}: {fault}");
        }
    }
    assert!(seen >= 5, "{seen}");
}

/// The kinds that `malformed.txt` names without giving their text.
#[test]
fn the_other_kinds_of_malformed_seeds_are_refused() {
    let public = "OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT";
    let seed = "SOAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H2AJA";
    for (text, fault) in [
        (public.to_owned(), SeedFault::Length { found: 56 }),
        (String::new(), SeedFault::Length { found: 0 }),
        ("==".into(), SeedFault::Length { found: 2 }),
        (format!("{seed}="), SeedFault::Length { found: 59 }),
        (format!("{}=", &seed[..57]), SeedFault::Alphabet),
        (seed.to_lowercase(), SeedFault::Alphabet),
        (format!("{}é", &seed[..56]), SeedFault::Alphabet),
        (format!("{}B", &seed[..57]), SeedFault::TrailingBits),
        (format!("{}E", &seed[..57]), SeedFault::Checksum),
        (seed.replace('2', "3"), SeedFault::Checksum),
        ("A".repeat(58), SeedFault::Prefix),
    ] {
        assert_eq!(Seed::parse(text.as_bytes()).unwrap_err(), fault, "{text}");
    }
}
