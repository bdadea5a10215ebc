//! Every published edge case of Ed25519 in `vectors/ed25519`: the verdict the criterion asks for,
//! alone and in any company.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests read their vectors from disk and fail by panicking"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use data_encoding::HEXLOWER;
use greatseal_core::ed25519;
use greatseal_core::key::RawKey;
use greatseal_core::signature::Signature;
use serde_json::Value;
use support::{Case, Draw, Verdict, assert_as_alone, honest};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/ed25519");

/// Both sides of the piece that a failed batch is searched in, and of twice that piece.
const BATCHES: [usize; 7] = [2, 3, 4, 31, 33, 64, 65];

/// What a published file says about one signature.
struct Vector {
    /// What is handed to the verifier; nothing when the bytes cannot even be a key and a signature.
    case: Option<Case>,
    /// Whether its authors, read with our criterion, call it good.
    good: Option<bool>,
    flags: BTreeSet<String>,
}

impl Vector {
    fn accepted(&self) -> bool {
        self.case.as_ref().is_some_and(|case| case.verdict().is_ok())
    }
}

static SUITES: LazyLock<BTreeMap<String, Vec<Vector>>> = LazyLock::new(|| {
    let mut suites = BTreeMap::new();
    for entry in fs::read_dir(FOLDER).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let read: fn(&Value) -> Vec<Vector> = match name.as_str() {
            "README.md" => continue,
            "cctv.json" => cctv,
            "speccheck.json" => speccheck,
            "wycheproof.json" => wycheproof,
            _ => panic!("no test uses vectors/ed25519/{name}"),
        };
        suites.insert(name, read(&json(&path)));
    }
    suites
});

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn hex(value: &Value) -> Vec<u8> {
    HEXLOWER.decode(text(value).as_bytes()).unwrap()
}

fn flags(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().map(|flag| text(flag).to_owned()).collect()
}

/// Returns nothing when the lengths are off: such bytes are refused where the types begin.
fn case(name: String, key: Vec<u8>, message: Vec<u8>, signature: Vec<u8>) -> Option<Case> {
    let key = RawKey::new(key.try_into().ok()?);
    let signature = Signature::new(signature.try_into().ok()?);
    Some(Case { name, key, message, signature })
}

fn cctv(file: &Value) -> Vec<Vector> {
    let vectors = file.as_array().unwrap().iter().map(|vector| {
        let flags = flags(&vector["flags"]);
        let name = format!("cctv {}", vector["number"]);
        let message = text(&vector["msg"]).as_bytes().to_vec();
        Vector {
            case: case(name, hex(&vector["key"]), message, hex(&vector["sig"])),
            // All of these satisfy some equation; what we refuse is how A and R are chosen or written.
            good: Some(
                !["low_order_A", "low_order_R", "non_canonical_A", "non_canonical_R"]
                    .iter()
                    .any(|refused| flags.contains(*refused)),
            ),
            flags,
        }
    });
    vectors.collect()
}

fn speccheck(file: &Value) -> Vec<Vector> {
    let vectors = file.as_array().unwrap().iter().enumerate().map(|(index, vector)| {
        let name = format!("speccheck {index}");
        Vector {
            case: case(name, hex(&vector["pub_key"]), hex(&vector["message"]), hex(&vector["signature"])),
            good: None,
            flags: BTreeSet::new(),
        }
    });
    vectors.collect()
}

fn wycheproof(file: &Value) -> Vec<Vector> {
    let mut vectors = Vec::new();
    for group in file["testGroups"].as_array().unwrap() {
        let key = hex(&group["publicKey"]["pk"]);
        for vector in group["tests"].as_array().unwrap() {
            let name = format!("wycheproof {}", vector["tcId"]);
            vectors.push(Vector {
                case: case(name, key.clone(), hex(&vector["msg"]), hex(&vector["sig"])),
                good: Some(match text(&vector["result"]) {
                    "valid" => true,
                    "invalid" => false,
                    other => panic!("wycheproof has the new result {other}"),
                }),
                flags: flags(&vector["flags"]),
            });
        }
    }
    assert_eq!(file["numberOfTests"], vectors.len());
    vectors
}

/// Every vector that has the right lengths, with its verdict alone.
fn judged() -> Vec<(&'static Case, Verdict)> {
    let cases = SUITES.values().flatten().filter_map(|vector| vector.case.as_ref());
    cases.map(|case| (case, case.verdict())).collect()
}

#[test]
fn every_file_is_used() {
    let names: Vec<&str> = SUITES.keys().map(String::as_str).collect();
    assert_eq!(names, ["cctv.json", "speccheck.json", "wycheproof.json"]);
    assert_eq!(judged().len(), 914 + 12 + 139);
}

#[test]
fn verdicts_are_the_published_ones() {
    for vector in SUITES.values().flatten() {
        let (Some(case), Some(good)) = (&vector.case, vector.good) else { continue };
        assert_eq!(case.verdict().is_ok(), good, "{}", case.name);
    }
}

#[test]
fn cctv_is_accepted_as_the_criterion_says() {
    let vectors = &SUITES["cctv.json"];
    assert_eq!(vectors.len(), 914);
    let accepted: Vec<&Vector> = vectors.iter().filter(|vector| vector.accepted()).collect();
    assert_eq!(accepted.len(), 106);
    let with = |flag: &str| accepted.iter().filter(|vector| vector.flags.contains(flag)).count();
    for flag in ["low_order_A", "low_order_R", "non_canonical_A", "non_canonical_R"] {
        assert_eq!(with(flag), 0, "{flag}");
    }
    // What tells cofactored from cofactorless: these fail without the factor 8.
    assert_eq!(with("low_order_residue"), 63);
    let all: BTreeSet<&str> = vectors.iter().flat_map(|vector| &vector.flags).map(String::as_str).collect();
    let known = [
        "low_order_A",
        "low_order_R",
        "low_order_component_A",
        "low_order_component_R",
        "low_order_residue",
        "non_canonical_A",
        "non_canonical_R",
        "reencoded_k",
    ];
    assert_eq!(all, BTreeSet::from(known));
}

#[test]
fn speccheck_is_accepted_as_the_criterion_says() {
    let vectors = &SUITES["speccheck.json"];
    assert_eq!(vectors.len(), 12);
    let accepted: Vec<usize> = (0..vectors.len()).filter(|index| vectors[*index].accepted()).collect();
    assert_eq!(accepted, [3, 4, 5]);
}

#[test]
fn wycheproof_has_no_mismatch() {
    let vectors = &SUITES["wycheproof.json"];
    assert_eq!(vectors.len(), 151);
    let mismatches = vectors.iter().filter(|vector| Some(vector.accepted()) != vector.good).count();
    assert_eq!(mismatches, 0);
    assert_eq!(vectors.iter().filter(|vector| vector.accepted()).count(), 88);
    // Signatures of other lengths than 64 bytes.
    assert_eq!(vectors.iter().filter(|vector| vector.case.is_none()).count(), 12);
}

#[test]
fn a_batch_of_none_or_one_is_no_exception() {
    assert_eq!(ed25519::verify_all(&[]), []);
    for judged in judged() {
        assert_as_alone(&[judged]);
    }
}

#[test]
fn verdicts_hold_among_good_ones() {
    let mut draw = Draw::new(1);
    // Good ones of every sort: plain ones, and those that only a cofactored verifier accepts.
    let good = honest(&mut draw, 100);
    let mut good: Vec<(&Case, Verdict)> = good.iter().map(|case| (case, Ok(()))).collect();
    let judged = judged();
    good.extend(judged.iter().filter(|(_, verdict)| verdict.is_ok()));
    for (case, verdict) in judged {
        for size in BATCHES {
            let mut batch: Vec<(&Case, Verdict)> = (1..size).map(|_| good[draw.below(good.len())]).collect();
            batch.insert(draw.below(size), (case, verdict));
            assert_as_alone(&batch);
        }
    }
    for size in BATCHES.into_iter().chain([good.len()]) {
        draw.shuffle(&mut good);
        good.chunks(size).for_each(assert_as_alone);
    }
}

#[test]
fn verdicts_hold_among_all_the_others() {
    let mut draw = Draw::new(2);
    let honest = honest(&mut draw, 100);
    let mut all = judged();
    for _ in 0..3 {
        for size in BATCHES.into_iter().chain([all.len()]) {
            draw.shuffle(&mut all);
            all.chunks(size).for_each(assert_as_alone);
        }
    }
    all.extend(honest.iter().map(|case| (case, Ok(()))));
    for size in BATCHES.into_iter().chain([all.len()]) {
        draw.shuffle(&mut all);
        all.chunks(size).for_each(assert_as_alone);
    }
}
