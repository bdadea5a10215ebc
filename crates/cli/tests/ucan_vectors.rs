//! Every UCAN vector through the command, as a script of somebody else's would run it (DESIGN section 8).
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
    reason = "helpers of tests: a failure is a panic"
)]

mod support;

use std::fs;
use std::path::PathBuf;

use greatseal_core::Code;
use greatseal_testkit::ucan::vectors::{Case, FOLDER, bytes, manifests};
use greatseal_testkit::vectors::{Codes, Expected, Folder};
use serde_json::Value;
use support::{Place, Run};

fn all() -> impl Iterator<Item = Case> {
    manifests(&Folder::open(FOLDER)).into_values().flatten()
}

/// Writes a case's files and asks about it, as `contract/run.py` does; what ours have beside becomes the option of its
/// name.
fn ask(case: &Case, place: &Place) -> Run {
    let id = &case.id;
    let with = place.path(&format!("{id}/proofs"));
    fs::create_dir_all(&with).unwrap();
    let token = case.target().expect("a case has a token");
    let target = place.write(&format!("{id}/token.ucan"), token);
    for (number, proof) in case.proofs.iter().enumerate() {
        place.write(&format!("{id}/proofs/{number:02}.ucan"), bytes(proof));
    }
    let trust = case.trust.clone().unwrap_or_else(|| "subject".to_owned());
    let mut arguments: Vec<PathBuf> = vec!["verify".into(), target, "--with".into(), with];
    arguments.extend(["--trust", &trust, "--output", "json"].map(PathBuf::from));
    if let Some(now) = case.now {
        arguments.extend(["--at", &now.to_string()].map(PathBuf::from));
    }
    if let Some(audience) = &case.audience {
        arguments.extend(["--audience", audience].map(PathBuf::from));
    }
    for principal in &case.signing_principals {
        arguments.extend(["--signing-principal", principal].map(PathBuf::from));
    }
    for (number, revocation) in case.revocations.iter().enumerate() {
        let file = place.write(&format!("{id}/revocation-{number:02}.ucan"), bytes(revocation));
        arguments.extend(["--revocation".into(), file]);
    }
    place.run_in(id, arguments)
}

#[test]
fn every_vector_is_judged_for_its_reason() {
    let codes = Codes::load();
    let place = Place::new();
    let mut seen = 0;
    for case in all().filter(|case| case.kind != "container") {
        let run = ask(&case, &place);
        let (id, answer) = (&case.id, run.json());
        match case.expect {
            Expected::Accept => {
                assert_eq!((run.exit, &answer["decision"]), (Some(0), &"allow".into()), "{id}: {run}");
                assert!(answer["code"].is_null(), "{id}: {run}");
            }
            Expected::Reject | Expected::Inspect => {
                assert_eq!((run.exit, &answer["decision"]), (Some(3), &"deny".into()), "{id}: {run}");
                let code = Code::parse(answer["code"].as_str().unwrap()).unwrap();
                assert!(codes.gives(&case.reason, code), "{id}: {} is not {code}", case.reason);
            }
        }
        assert_documented(&case, &answer);
        seen += 1;
    }
    assert!(seen >= 546, "{seen}");
}

/// Holds what scripts rely on: these fields, always there and of these types.
fn assert_documented(case: &Case, answer: &Value) {
    let (id, allowed) = (&case.id, case.expect == Expected::Accept);
    let anchored = if case.trust.is_some() { "key" } else { "subject" };
    for (field, right) in [
        ("message", answer["message"].as_str().is_some_and(|message| !message.is_empty())),
        ("subject", answer["subject"].is_string() || !allowed || case.kind == "token"),
        ("policy", answer["policy"] == "strict"),
        ("anchored", if allowed { answer["anchored"] == anchored } else { answer["anchored"].is_null() }),
        ("assurance", answer["assurance"] == "signatures"),
        ("audience_checked", answer["audience_checked"] == (allowed && case.audience.is_some())),
        ("module_checked", answer["module_checked"] == false),
        ("chain", answer["chain"].as_array().is_some_and(|chain| chain.is_empty() != allowed)),
        ("failures", answer["failures"].as_array().is_some_and(|failures| failures.is_empty() == allowed)),
        ("ignored", answer["ignored"].is_array()),
    ] {
        assert!(answer.as_object().unwrap().contains_key(field) && right, "{id}: {field} in {answer}");
    }
    let chain = answer["chain"].as_array().unwrap();
    for link in chain {
        let text = |name: &str| link[name].as_str().unwrap_or_else(|| panic!("{id}: {name} in {link}"));
        assert_eq!((text("id").len(), text("family")), (64, "ucan"), "{id}");
        assert!(text("issuer").starts_with("did:key:z") && text("subject").starts_with("did:key:z"), "{id}: {link}");
        assert!(link["expires"].is_u64() || link["expires"].is_null(), "{id}: {link}");
    }
    // Root first, what was asked about last.
    if let (Some(root), Some(last)) = (chain.first(), chain.last()) {
        assert_eq!(root["issuer"], root["subject"], "{id}");
        assert!(case.statement.as_ref().is_none_or(|statement| last["id"] == **statement), "{id}");
    }
    let ignored = answer["ignored"].as_array().unwrap();
    for line in ignored {
        let known = line["code"].as_str().is_some_and(|code| Code::parse(code).is_some());
        assert!(known && line["file"].is_string() && line["reason"].is_string(), "{id}: {line}");
    }
    // A revocation that somebody supplied does not vanish silently: it has an effect, or it is listed. On a delegation it
    // may have one although another way leads to it.
    if allowed && case.kind != "token" {
        let revocations = ignored.iter().filter(|line| line["file"].as_str().unwrap().contains("revocation-"));
        assert_eq!(revocations.count(), case.revocations.len(), "{id}: {answer}");
    }
}

#[test]
fn containers_are_inspected_or_refused() {
    let place = Place::new();
    let mut seen = 0;
    for case in all().filter(|case| case.kind == "container") {
        let file = place.write(&format!("{}.container", case.id), bytes(case.container.as_ref().unwrap()));
        let run = place.run(["inspect".into(), file, "--output".into(), "json".into()]);
        assert_eq!(run.exit, Some(if case.expect == Expected::Accept { 0 } else { 3 }), "{}: {run}", case.id);
        seen += 1;
    }
    assert!(seen >= 14, "{seen}");
}
