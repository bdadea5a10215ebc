//! Both ways with the published iso-ucan: what it makes is judged here, and what is made here it judges.
//!
//! `cargo xtask test` installs it; where it is missing these tests fail with the command to run.
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "the peer is a program, and speaks by files")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use greatseal_core::Decision;
use greatseal_core::key::did;
use greatseal_core::view::Audience;
use greatseal_testkit::ucan::{NOW, Principal, Question, Token, ask, delegation, ed25519, invocation, p256};
use greatseal_testkit::vectors::{Codes, Expected};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Where the peer is.
fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../interop/iso-ucan")
}

/// Runs a script of the peer's.
#[track_caller]
fn node(script: &str, argument: &Path) -> Output {
    assert!(
        home().join("node_modules/iso-ucan").is_dir(),
        "the peer is not installed: run `npm ci --prefix interop/iso-ucan --ignore-scripts`, or `cargo xtask test`"
    );
    let output = Command::new("node").arg(home().join(script)).arg(argument).output();
    output.unwrap_or_else(|error| panic!("node could not be started, which interop/iso-ucan needs: {error}"))
}

/// A row of `cases.json`.
#[derive(Serialize, Deserialize)]
struct Row {
    name: String,
    expect: Expected,
    reason: String,
    at: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<Expected>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

fn rows(folder: &Path) -> Vec<Row> {
    serde_json::from_slice(&fs::read(folder.join("cases.json")).unwrap()).unwrap()
}

/// Reads the tokens of a folder in the order of their names; none where there is no folder.
fn tokens(folder: &Path) -> Vec<Token> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let files: BTreeSet<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.iter().map(|file| Token::new(fs::read(file).unwrap())).collect()
}

fn question(folder: &Path, row: &Row) -> Question {
    let home = folder.join(&row.name);
    let target = Token::new(fs::read(home.join("token.ucan")).unwrap());
    let question = ask(&target).with(&tokens(&home.join("proofs"))).with(&tokens(&home.join("revocations"))).at(row.at);
    match &row.audience {
        Some(audience) => question.audience(Audience::Key(did::parse(audience).unwrap())),
        None => question,
    }
}

#[test]
fn what_the_peer_makes_is_judged_here() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("theirs");
    let made = node("make.mjs", &folder);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let codes = Codes::load();
    let mut agreed = 0;
    for row in rows(&folder) {
        match (row.expect, question(&folder, &row).outcome().into_decision()) {
            (Expected::Accept, Decision::Allow(_)) => {}
            (Expected::Reject, Decision::Deny(deny)) => {
                let code = deny.closest().fault.code();
                assert!(codes.gives(&row.reason, code), "{}: {} is not {code}", row.name, row.reason);
            }
            (_, decision) => panic!("{}: {decision:?}", row.name),
        }
        // Where the peer says something else, it is on purpose.
        assert_eq!(row.peer.is_some(), row.why.is_some(), "{}", row.name);
        agreed += usize::from(row.peer.is_none());
    }
    assert!(agreed >= 40, "{agreed}");
}

/// Cases of ours, in the peer's layout.
#[derive(Default)]
struct Ours {
    rows: Vec<Row>,
    questions: Vec<Question>,
}

impl Ours {
    fn add(&mut self, name: String, reason: Option<&str>, audience: &Principal, target: &Token, proofs: &[Token]) {
        let expect = if reason.is_some() { Expected::Reject } else { Expected::Accept };
        let reason = reason.unwrap_or_default().to_owned();
        self.questions.push(ask(target).with(proofs).addressed_to(audience));
        self.rows.push(Row { name, expect, reason, at: NOW, audience: Some(audience.did()), peer: None, why: None });
    }

    fn write(&self, folder: &Path) {
        for (row, question) in self.rows.iter().zip(&self.questions) {
            let home = folder.join(&row.name);
            fs::create_dir_all(home.join("proofs")).unwrap();
            fs::write(home.join("token.ucan"), question.target().bytes()).unwrap();
            for (at, proof) in question.supplied().iter().enumerate() {
                fs::write(home.join(format!("proofs/{:02}.ucan", at + 1)), proof.bytes()).unwrap();
            }
        }
        fs::write(folder.join("cases.json"), serde_json::to_vec(&self.rows).unwrap()).unwrap();
    }
}

/// Writes chains under keys of one algorithm, under one tag.
fn family(ours: &mut Ours, name: &str, key: fn(&str) -> Principal, version: &str) {
    let people: Vec<Principal> = (0..=10).map(|depth| key(&format!("interop {depth}"))).collect();
    let (root, service, stranger) = (&people[0], &key("interop service"), &key("interop stranger"));
    let policies = [
        json!([["==", ".kind", "mail"], ["like", ".to", "*@example.com"]]),
        json!([["<=", ".size", 4096.5], ["not", ["==", ".kind", "draft"]]]),
        json!([["any", ".tags", ["==", ".", "b"]], ["==", ".tags[-1]", "b"]]),
    ];
    let args = json!({"kind": "mail", "to": "someone@example.com", "size": 512, "tags": ["a", "b"],
        "raw": {"/": {"bytes": "AAH+/w"}}, "nothing": null, "negative": -2.5, "nested": {"später": [true]}});
    let links = |length: usize| -> Vec<Token> {
        (0..length)
            .map(|at| {
                let command = if at == 0 { "/" } else { "/crud" };
                let draft = delegation(&people[at], &people[at + 1]).about(root).command(command).version(version);
                let draft = draft.policy(policies[at % policies.len()].clone()).begins(-60);
                if at % 3 == 2 { draft.powerline().sign() } else { draft.field("meta", json!({"depth": at})).sign() }
            })
            .collect()
    };
    let call = |length: usize, proofs: &[Token]| {
        let draft = invocation(&people[length], root).command("/crud/read").args(args.clone()).version(version);
        draft.proofs(proofs).to(service)
    };
    let id = |what: &str| format!("{name}-{what}");
    for length in [1, 3, 10] {
        let mut proofs = links(length);
        let token = call(length, &proofs).sign();
        ours.add(id(&format!("chain-{length}")), None, service, &token, &proofs);
        proofs.reverse();
        ours.add(id(&format!("chain-{length}-reversed")), None, service, &token, &proofs);
    }
    let three = links(3);
    let good = call(3, &three);
    let token = good.sign();
    ours.add(id("alone"), None, service, &call(0, &[]).sign(), &[]);
    ours.add(id("wrong-audience"), Some("Audience"), stranger, &token, &three);
    ours.add(id("missing-proof"), Some("UnavailableProof"), service, &token, &three[1..]);
    ours.add(id("forged"), Some("Signature"), service, &token.forged(), &three);
    ours.add(id("signed-by-stranger"), Some("Signature"), service, &token.signed_by(stranger), &three);
    ours.add(id("expired"), Some("Expired"), service, &good.clone().expires(-1).sign(), &three);
    ours.add(id("policy"), Some("Policy"), service, &good.clone().args(json!({"kind": "post"})).sign(), &three);
    ours.add(id("command"), Some("Command"), service, &good.clone().command("/other").sign(), &three);
    let late = [delegation(root, &people[1]).version(version).expires(-1).sign()];
    ours.add(id("expired-proof"), Some("Expired"), service, &call(1, &late).sign(), &late);
    let early = [delegation(root, &people[1]).version(version).begins(1).sign()];
    ours.add(id("early-proof"), Some("TooEarly"), service, &call(1, &early).sign(), &early);
    let forged = [links(1)[0].signed_by(stranger)];
    ours.add(id("forged-proof"), Some("Signature"), service, &call(1, &forged).sign(), &forged);
}

#[test]
fn what_is_made_here_the_peer_judges() {
    let mut ours = Ours::default();
    for (version, word) in [("1.0.0-rc.1", "rc1"), ("1.0.0", "final")] {
        family(&mut ours, &format!("ed25519-{word}"), ed25519, version);
        family(&mut ours, &format!("p256-{word}"), p256, version);
    }
    // Either signature over the same statement.
    let (root, service) = (p256("interop 0"), p256("interop service"));
    let spelled = invocation(&root, &root).rc1().to(&service).sign();
    ours.add("p256-first-spelling".into(), None, &service, &spelled, &[]);
    ours.add("p256-other-spelling".into(), None, &service, &spelled.rewritten(), &[]);

    let codes = Codes::load();
    for (row, question) in ours.rows.iter().zip(&ours.questions) {
        match (row.expect, question.outcome().into_decision()) {
            (Expected::Accept, Decision::Allow(_)) => {}
            (Expected::Reject, Decision::Deny(deny)) => {
                let code = deny.closest().fault.code();
                assert!(codes.gives(&row.reason, code), "{}: {} is not {code}", row.name, row.reason);
            }
            (_, decision) => panic!("{}: {decision:?}", row.name),
        }
    }
    let place = tempfile::tempdir().unwrap();
    ours.write(place.path());
    let checked = node("check.mjs", place.path());
    let (told, wrong) = (String::from_utf8_lossy(&checked.stdout), String::from_utf8_lossy(&checked.stderr));
    assert!(checked.status.success(), "{wrong}");
    let verdicts: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(verdicts.len(), ours.rows.len(), "{told}");
}
