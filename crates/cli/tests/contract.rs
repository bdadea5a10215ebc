//! Every vector through the command, as a script of somebody else's would run it (DESIGN section 8).
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests write files and start the command"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "helpers of tests: a failure is a panic, and a check that is skipped says so"
)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use greatseal_testkit::vectors;
use serde_json::Value;
use support::{COMMAND, Place, Run};

/// Which codes state a manifest's reason: `vectors/codes.json`.
struct Codes {
    reasons: BTreeMap<String, Vec<Value>>,
    cases: BTreeMap<String, Vec<Value>>,
}

impl Codes {
    fn load() -> Self {
        let table = json(&vectors::root().join("codes.json"));
        let codes = |value: &Value| value.as_array().unwrap().clone();
        let reasons = table["reasons"].as_object().unwrap();
        let cases = table["cases"].as_object().unwrap();
        Self {
            reasons: reasons.iter().map(|(reason, value)| (reason.clone(), codes(value))).collect(),
            cases: cases.iter().map(|(id, value)| (id.clone(), codes(&value["codes"]))).collect(),
        }
    }

    fn of(&self, id: &str, reason: &str) -> &[Value] {
        self.cases.get(id).or_else(|| self.reasons.get(reason)).unwrap_or_else(|| panic!("{id}: no codes for {reason}"))
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Writes a case's files and asks about it, exactly as `contract/run.py` does.
fn ask(root: &Path, entry: &Value, place: &Place) -> Run {
    let case = json(&root.join(entry["file"].as_str().unwrap()));
    let id = entry["id"].as_str().unwrap();
    let with = place.path(&format!("{id}/with"));
    fs::create_dir_all(&with).unwrap();
    let mut target = None;
    let mut number = 0;
    for kind in ["operator_tokens", "account_tokens"] {
        for token in case[kind].as_array().into_iter().flatten() {
            number += 1;
            target = Some(place.write(&format!("{id}/with/{number:02}-{kind}.jwt"), token.as_str().unwrap()));
        }
    }
    if let Some(token) = case["actor_token"].as_str() {
        target = Some(place.write(&format!("{id}/actor.jwt"), token));
    }
    if let Some(module) = entry["module_file"].as_str() {
        target = Some(root.join(module));
    }
    let mut arguments: Vec<PathBuf> = ["verify"].map(PathBuf::from).to_vec();
    arguments.extend([target.expect("a case has a target"), "--with".into(), with]);
    let at = case["at"].as_u64().unwrap().to_string();
    arguments.extend(["--at", &at, "--policy", "strict", "--output", "json"].map(PathBuf::from));
    for key in case["trusted_operators"].as_array().unwrap() {
        arguments.extend(["--trust", key.as_str().unwrap()].map(PathBuf::from));
    }
    place.run_in(id, arguments)
}

#[test]
fn every_vector_is_judged_for_its_reason() {
    let codes = Codes::load();
    let mut seen = 0;
    for folder in vectors::wascap_folders() {
        let root = vectors::root().join(folder);
        let place = Place::new();
        for entry in json(&root.join("manifest.json"))["cases"].as_array().unwrap() {
            let (id, reason) = (entry["id"].as_str().unwrap(), entry["reason"].as_str().unwrap());
            let run = ask(&root, entry, &place);
            let answer = run.json();
            if entry["expected_strict"] == "accept" {
                assert_eq!((run.exit, &answer["decision"]), (Some(0), &"allow".into()), "{id}: {run}");
                assert!(answer["code"].is_null(), "{id}: {run}");
                assert!(!answer["chain"].as_array().unwrap().is_empty(), "{id}: {run}");
            } else {
                assert_eq!((run.exit, &answer["decision"]), (Some(3), &"deny".into()), "{id}: {run}");
                assert!(codes.of(id, reason).contains(&answer["code"]), "{id}: {reason} is not {}", answer["code"]);
                assert!(answer["chain"].as_array().unwrap().is_empty(), "{id}: {run}");
            }
            assert_documented(id, &answer, entry["module_file"].is_string());
            seen += 1;
        }
    }
    assert!(seen >= 29, "{seen}");
}

/// Holds what scripts rely on: these fields, always there and of these types.
fn assert_documented(id: &str, answer: &Value, module: bool) {
    let allowed = answer["decision"] == "allow";
    let fields = answer.as_object().unwrap();
    for (field, right) in [
        ("decision", answer["decision"].is_string()),
        ("code", answer["code"].is_string() != allowed),
        ("message", answer["message"].as_str().is_some_and(|message| !message.is_empty())),
        ("subject", answer["subject"].is_string() || !allowed),
        ("chain", answer["chain"].is_array()),
        ("policy", answer["policy"] == "strict"),
        ("anchored", answer["anchored"].is_string() == allowed),
        ("assurance", answer["assurance"] == "signatures"),
        ("audience_checked", answer["audience_checked"] == false),
        ("module_checked", answer["module_checked"] == (module && allowed)),
        ("ignored", answer["ignored"].is_array()),
    ] {
        assert!(fields.contains_key(field) && right, "{id}: {field} in {answer}");
    }
    let chain = answer["chain"].as_array().unwrap();
    for link in chain {
        let text = |name: &str| link[name].as_str().unwrap_or_else(|| panic!("{id}: {name} in {link}"));
        assert_eq!((text("id").len(), text("family")), (64, "wascap"), "{id}");
        assert_eq!((text("issuer").len(), text("subject").len()), (56, 56), "{id}");
        assert!(link.as_object().unwrap().contains_key("expires"), "{id}: {link}");
        assert!(link["expires"].is_u64() || link["expires"].is_null(), "{id}: {link}");
    }
    // Root first, leaf included.
    if let (Some(root), Some(leaf)) = (chain.first(), chain.last()) {
        assert!(root["subject"].as_str().unwrap().starts_with('O'), "{id}");
        assert_eq!(leaf["subject"], answer["subject"], "{id}");
    }
}

/// The same by the shared script, where it and Python are at hand.
#[test]
fn the_shared_script_agrees() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/contract/run.py");
    if !script.is_file() {
        eprintln!("skipped: the shared script is not beside this repository");
        return;
    }
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: there is no python3");
        return;
    }
    let place = Place::new();
    for folder in vectors::wascap_folders() {
        let mut python = place.program("python3");
        let run = Run::of(python.arg(&script).args([COMMAND, "wascap"]).arg(vectors::root().join(folder)));
        run.exits(0);
    }
}
