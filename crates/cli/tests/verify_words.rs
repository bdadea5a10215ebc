//! The words of `verify`: what each means, which exit code it leads to, and what reaches the terminal.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests write files and start the command"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests: a failure is a panic"
)]

mod support;

use std::fs::{self, File};
use std::path::Path;

use greatseal_core::key::did;
use greatseal_testkit::chain::{AT, TestKey, account, account_token, module, module_token, operator, operator_token};
use greatseal_testkit::wasm;
use serde_json::Value;
use support::{Place, Run, contains};

/// A published seed, for tests only: the first of `vectors/nkeys/vectors.json`.
const SEED: &str = "SOAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H2AJA";

/// A chain of three tokens, in files.
struct Chain {
    place: Place,
    acme: TestKey,
    daily: TestKey,
    shop: TestKey,
    ledger: TestKey,
}

impl Chain {
    /// `tokens/operator.jwt`, `tokens/account.jwt`, `ledger.jwt` and `ledger.wasm`.
    fn new() -> Self {
        let (acme, daily) = (operator("acme"), operator("acme daily"));
        let (shop, ledger) = (account("shop"), module("ledger"));
        let place = Place::new();
        place.write("tokens/operator.jwt", operator_token(&acme).lists([&daily]).sign().bytes());
        place.write("tokens/account.jwt", account_token(&shop, &daily).sign().bytes());
        place.write("ledger.jwt", module_token(&ledger, &shop).sign().bytes());
        place.write("ledger.wasm", wasm::signed(&wasm::sample("ledger"), &ledger, &shop));
        Self { place, acme, daily, shop, ledger }
    }

    /// Runs `verify WORDS --at AT --output json`.
    #[track_caller]
    fn verify(&self, words: &[&str]) -> Run {
        self.people(&[words, &["--output", "json"]].concat())
    }

    /// Runs `verify WORDS --at AT`.
    #[track_caller]
    fn people(&self, words: &[&str]) -> Run {
        let at = AT.to_string();
        self.place.run([&["verify"], words, &["--at", &at]].concat())
    }

    /// The operator's key.
    fn root(&self) -> String {
        self.acme.to_string()
    }
}

#[test]
fn the_chain_is_allowed() {
    let chain = Chain::new();
    let answer = chain.verify(&["ledger.jwt", "--trust", &chain.root(), "--with", "tokens"]).exits(0).json();
    assert_eq!(answer["subject"], chain.ledger.to_string());
    assert_eq!((answer["module_checked"].as_bool(), answer["anchored"].as_str()), (Some(false), Some("key")));
    assert_eq!(answer["chain"].as_array().unwrap().len(), 3);
    let answer = chain.verify(&["ledger.wasm", "--trust", &chain.root(), "--with", "tokens"]).exits(0).json();
    assert_eq!(answer["module_checked"], true);

    let people = chain.people(&["ledger.wasm", "--trust", &chain.root(), "--with", "tokens"]).exits(0).out();
    assert!(people.starts_with("allow  ledger.wasm\n"), "{people}");
    assert!(people.contains("policy strict"), "{people}");
    assert!(people.contains("module checked"), "{people}");
    let denied = chain.people(&["ledger.wasm", "--trust", &chain.root()]).exits(3).out();
    assert!(denied.starts_with("deny   ledger.wasm  GS-CHAIN-INCOMPLETE\n"), "{denied}");
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_and_named() {
    let chain = Chain::new();
    fs::create_dir(chain.place.path("folder")).unwrap();
    let root = chain.root();
    for (file, words) in [
        ("nowhere.jwt", vec!["nowhere.jwt", "--trust", &root]),
        ("folder", vec!["folder", "--trust", &root]),
        ("nowhere", vec!["ledger.jwt", "--trust", &root, "--with", "tokens", "--with", "nowhere"]),
        ("nowhere", vec!["ledger.jwt", "--trust", &root, "--with", "tokens", "--revocation", "nowhere"]),
        ("nowhere.jwt", vec!["ledger.jwt", "nowhere.jwt", "--trust", &root, "--with", "tokens"]),
    ] {
        let run = chain.verify(&words).exits(1);
        let lines = run.json_lines();
        let error = &lines.last().unwrap()["error"];
        assert_eq!(error["code"], "GS-IO", "{run}");
        assert!(error["message"].as_str().unwrap().contains(file), "{run}");
        assert!(run.err().contains(file) && run.err().contains("[GS-IO]"), "{run}");
    }
    for word in ["inspect", "explain"] {
        chain.place.run([word, "nowhere.jwt", "--output", "json"]).exits(1).says("GS-IO");
    }
}

#[test]
fn what_is_no_good_token_is_denied_wherever_it_is_looked_at() {
    let chain = Chain::new();
    let place = &chain.place;
    place.write("empty", "");
    place.write("blank", " \n\t\n");
    place.write("oversized", "a".repeat(70 * 1024));
    place.write("oversized.padded", [b" ".repeat(70 * 1024), chain.place.read("ledger.jwt")].concat());
    place.write("junk", [0x80, 0xff, 0x00, 0x1b, 0x5b, 0x32, 0x4a]);
    place.write("words", "This is no token.\n");
    place.write("one.segment", "eyJ0eXAiOiJqd3QiLCJhbGciOiJFZDI1NTE5In0");
    place.write("broken.wasm", b"\0asm\x01\0\0\0\xff\xff");
    place.write("old.wasm", b"\0asm\x0a\0\x01\0");
    place.write("bare.wasm", wasm::sample("bare"));
    // Sparse: one byte more than any module, without the disk's being asked for it.
    let oversized = File::create(place.path("oversized.wasm")).unwrap();
    std::io::Write::write_all(&mut &oversized, &wasm::MODULE).unwrap();
    oversized.set_len(64 * 1024 * 1024 + 1).unwrap();

    for (file, code) in [
        ("empty", "GS-TOKEN-EMPTY"),
        ("blank", "GS-TOKEN-EMPTY"),
        ("oversized", "GS-TOKEN-TOO-LARGE"),
        ("oversized.padded", "GS-TOKEN-TOO-LARGE"),
        ("junk", "GS-TOKEN-UNKNOWN"),
        ("words", "GS-TOKEN-UNKNOWN"),
        ("one.segment", "GS-TOKEN-FRAME"),
        ("broken.wasm", "GS-MODULE-MALFORMED"),
        ("old.wasm", "GS-MODULE-ENCODING"),
        ("oversized.wasm", "GS-MODULE-TOO-LARGE"),
    ] {
        let answer = chain.verify(&[file, "--trust", &chain.root()]).exits(3).says(code).json();
        assert_eq!(answer["decision"], "deny", "{file}");
        place.run(["inspect", file, "--output", "json"]).exits(3).says(code);
        let explained = place.run(["explain", file, "--output", "json"]).exits(3).json();
        let codes: Vec<&Value> = explained["checks"].as_array().unwrap().iter().map(|check| &check["code"]).collect();
        assert!(codes.contains(&&Value::from(code)), "{file}: {explained}");
    }
    // A module without a token can be looked at, but not believed.
    chain.verify(&["bare.wasm", "--trust", &chain.root()]).exits(3).says("GS-MODULE-UNSIGNED");
    place.run(["inspect", "bare.wasm"]).exits(0);
    place.run(["explain", "bare.wasm"]).exits(3);
}

#[test]
fn who_trusts_nobody_is_told_whom_one_could() {
    let chain = Chain::new();
    let hint = |words: &[&str]| {
        let run = chain.verify(words).exits(2).says("GS-TRUST-MISSING");
        run.json()["error"]["advice"].as_str().unwrap().to_owned()
    };
    assert!(hint(&["ledger.wasm", "--with", "tokens"]).contains(&chain.root()));
    assert!(hint(&["tokens/operator.jwt"]).contains(&chain.root()));
    // Nothing of what was supplied: then how to name somebody at all.
    assert!(hint(&["ledger.jwt"]).contains("--trust O"));
    assert!(hint(&["nowhere.jwt"]).contains("--trust O"));
}

#[test]
fn trust_is_a_key_or_a_pinned_token() {
    let chain = Chain::new();
    let anchored = |trust: &str| {
        let answer = chain.verify(&["ledger.jwt", "--with", "tokens", "--trust", trust]).exits(0).json();
        let chain = answer["chain"].as_array().unwrap().len();
        (answer["anchored"].as_str().unwrap().to_owned(), chain)
    };
    assert_eq!(anchored(&chain.root()), ("key".into(), 3));
    assert_eq!(anchored("tokens/operator.jwt"), ("token".into(), 3));
    let tenant = chain.shop.to_string();
    assert_eq!(anchored(&tenant).0, "key");
    assert_eq!(anchored("tokens/account.jwt").0, "token");
    // A pinned token is at hand without being supplied once more.
    chain.verify(&["tokens/account.jwt", "--trust", "tokens/operator.jwt"]).exits(0);

    // A stranger is a good anchor, for another chain.
    let stranger = operator("stranger").to_string();
    chain.verify(&["ledger.jwt", "--with", "tokens", "--trust", &stranger]).exits(3).says("GS-OPERATOR-UNTRUSTED");
    // One that is trusted beside it is enough.
    chain.verify(&["ledger.jwt", "--with", "tokens", "--trust", &stranger, "--trust", &chain.root()]).exits(0);

    chain.place.write("junk", "junk that is no token");
    chain.place.write("empty", "");
    let module = chain.ledger.to_string();
    let did = did::encode(&chain.acme.nkey().public_key());
    for word in [
        module.as_str(),
        "junk",
        "empty",
        "ledger.jwt",
        "ledger.wasm",
        "nowhere.jwt",
        "",
        &did[..did.len() - 1],
        &chain.root()[..55],
        &chain.root().to_lowercase(),
    ] {
        chain.verify(&["ledger.jwt", "--with", "tokens", "--trust", word]).exits(2).says("GS-USAGE");
    }
    // Roots of UCANs, which say nothing about operators.
    for word in ["subject", &did] {
        chain.verify(&["ledger.jwt", "--with", "tokens", "--trust", word]).exits(3).says("GS-OPERATOR-UNTRUSTED");
    }
}

#[test]
fn revocations_of_no_known_kind_have_no_effect_and_are_listed() {
    let chain = Chain::new();
    chain.place.write("revocations/junk.txt", "no revocation");
    chain.place.write("revocations/token.jwt", chain.place.read("ledger.jwt"));
    let words = ["ledger.jwt", "--with", "tokens", "--trust", &chain.root(), "--revocation", "revocations"];
    let run = chain.verify(&words).exits(0);
    assert_eq!(ignored(&run), ["revocations/junk.txt", "revocations/token.jwt"]);
    assert!(run.err().contains("junk.txt") && run.err().contains("token.jwt"), "{run}");
}

/// The files that an answer lists as ignored, in order.
fn ignored(run: &Run) -> Vec<String> {
    let mut files: Vec<String> = run.json()["ignored"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ignored| {
            assert!(ignored["code"].as_str().unwrap().starts_with("GS-") && ignored["reason"].is_string());
            ignored["file"].as_str().unwrap().to_owned()
        })
        .collect();
    files.sort();
    files
}

#[test]
fn with_takes_files_and_folders_and_names_what_it_passes_over() {
    let chain = Chain::new();
    let place = &chain.place;
    fs::create_dir_all(place.path("mixed/deep/er")).unwrap();
    fs::rename(place.path("tokens/account.jwt"), place.path("mixed/deep/er/account.jwt")).unwrap();
    place.write("mixed/README.md", "Tokens of the shop.\n");
    place.write("mixed/empty.jwt", "");
    place.write("mixed/.gitkeep", "");
    place.write("mixed/ledger.wasm", place.read("ledger.wasm"));
    place.write("mixed/cut.jwt", &place.read("ledger.jwt")[..100]);
    place.write("mixed/picture.png", [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a]);
    place.write("mixed/large.bin", vec![b'x'; 70 * 1024]);
    place.write("tokens/crlf.jwt", [place.read("tokens/operator.jwt"), b"\r\n".to_vec()].concat());

    let words = ["ledger.jwt", "--trust", &chain.root(), "--with", "tokens/operator.jwt", "--with", "mixed"];
    let run = chain.verify(&words).exits(0);
    let passed_over = ["README.md", "cut.jwt", "empty.jwt", "large.bin", "picture.png"];
    assert_eq!(ignored(&run), passed_over.map(|name| format!("mixed/{name}")));
    for name in passed_over {
        assert!(run.err().contains(name), "{name}: {run}");
    }
    assert!(!run.err().contains(".gitkeep"), "a folder that version control keeps is nothing to tell: {run}");
    // A line break at the end of a token is as good as none.
    chain.verify(&["ledger.jwt", "--trust", &chain.root(), "--with", "tokens/crlf.jwt", "--with", "mixed"]).exits(0);
    // Every answer tells it; a person reads it once.
    let run = chain.verify(&[&words[..], &["ledger.jwt"]].concat()).exits(0);
    assert_eq!(run.json_lines().len(), 2);
    assert!(run.json_lines().iter().all(|answer| answer["ignored"].as_array().unwrap().len() == 5), "{run}");
    assert_eq!(run.err().matches("README.md").count(), 1, "{run}");
}

#[test]
fn subject_holds_the_token_to_whom_it_is_about() {
    let chain = Chain::new();
    let asked = |subject: &str| {
        chain.verify(&["ledger.wasm", "--trust", &chain.root(), "--with", "tokens", "--subject", subject])
    };
    let ledger = chain.ledger.to_string();
    asked(&ledger).exits(0);
    asked(&did::encode(&chain.ledger.nkey().public_key())).exits(0);
    let denied = asked(&chain.shop.to_string()).exits(3).says("GS-SUBJECT-OTHER").json();
    assert_eq!(denied["subject"], ledger);
    // It never makes a bad token a good one.
    chain.verify(&["ledger.wasm", "--trust", &chain.root(), "--subject", &ledger]).exits(3).says("GS-CHAIN-INCOMPLETE");
    for subject in ["", "somebody", "did:key:z6Mk", "did:web:example.com"] {
        asked(subject).exits(2).says("GS-USAGE");
    }
}

#[test]
fn nobody_is_the_audience_of_a_token_of_this_family() {
    let chain = Chain::new();
    let did = did::encode(&chain.acme.nkey().public_key());
    chain
        .verify(&["ledger.jwt", "--trust", &chain.root(), "--with", "tokens", "--audience", &did])
        .exits(2)
        .says("GS-USAGE");
}

#[test]
fn at_is_an_instant_in_either_spelling() {
    let chain = Chain::new();
    chain.place.write("short.jwt", module_token(&chain.ledger, &chain.shop).exp(AT).sign().bytes());
    let at = |file: &str, at: &str| {
        let root = chain.root();
        chain.place.run(["verify", file, "--trust", &root, "--with", "tokens", "--at", at, "--output", "json"])
    };
    // AT is 2027-01-15T08:00:00Z, and the first second at which the token no longer speaks.
    for last in ["1799999999", "2027-01-15T07:59:59Z", "2027-01-15T08:59:59+01:00", "2027-01-15T07:59:59.999Z"] {
        at("short.jwt", last).exits(0);
    }
    for expired in ["1800000000", "2027-01-15T08:00:00Z", "2027-01-15T08:00:00.5Z"] {
        at("short.jwt", expired).exits(3).says("GS-TIME-EXPIRED");
    }
    at("ledger.jwt", "2027-01-15T07:00:00Z").exits(3).says("GS-TIME-FUTURE");
    for wrong in ["", "now", "-1", "1e9", "2027-01-15", "2027-01-15T08:00:00", "99999999999999999999"] {
        at("ledger.jwt", wrong).exits(2).says("GS-USAGE");
    }
}

#[test]
fn relaxed_is_a_named_choice_that_shows() {
    let chain = Chain::new();
    chain.place.write("by-identity.jwt", account_token(&chain.shop, &chain.acme).sign().bytes());
    let words = ["by-identity.jwt", "--trust", &chain.root(), "--with", "tokens/operator.jwt"];
    let denied = chain.verify(&words).exits(3).says("GS-ACCOUNT-BY-IDENTITY").json();
    assert_eq!(denied["policy"], "strict");
    let relaxed = [&words[..], &["--policy", "relaxed"]].concat();
    let allowed = chain.verify(&relaxed).exits(0).json();
    assert_eq!(allowed["policy"], "relaxed");
    assert!(!allowed["notices"].as_array().unwrap().is_empty(), "{allowed}");
    let people = chain.people(&relaxed).exits(0).out();
    assert!(people.contains("policy relaxed") && people.contains("notice"), "{people}");
    chain.verify(&[&words[..], &["--policy", "lax"]].concat()).exits(2).says("GS-USAGE");
}

#[test]
fn a_hyphen_is_standard_input() {
    let chain = Chain::new();
    let at = AT.to_string();
    let root = chain.root();
    let words = ["verify", "-", "--trust", &root, "--with", "tokens", "--at", &at, "--output", "json"];
    for file in ["ledger.jwt", "ledger.wasm"] {
        let answer = chain.place.run_with_input(words, &chain.place.read(file)).exits(0).json();
        assert_eq!(answer["file"], "-");
    }
    chain.place.run_with_input(words, b"").exits(3).says("GS-TOKEN-EMPTY");
    chain.place.run_with_input(["inspect", "-", "--output", "json"], &chain.place.read("ledger.jwt")).exits(0);
}

#[test]
fn each_of_several_files_gets_its_answer() {
    let chain = Chain::new();
    let root = chain.root();
    chain
        .place
        .write("forged.jwt", module_token(&chain.ledger, &chain.daily.spelled(chain.shop.role())).sign().bytes());
    let files = ["ledger.jwt", "forged.jwt", "tokens/account.jwt", "ledger.wasm"];
    let run = chain.verify(&[&files[..], &["--trust", &root, "--with", "tokens"]].concat()).exits(3);
    let answers = run.json_lines();
    let told: Vec<(&str, &str)> =
        answers.iter().map(|answer| (answer["file"].as_str().unwrap(), answer["decision"].as_str().unwrap())).collect();
    assert_eq!(
        told,
        [("ledger.jwt", "allow"), ("forged.jwt", "deny"), ("tokens/account.jwt", "allow"), ("ledger.wasm", "allow")]
    );
    let good = ["ledger.jwt", "ledger.wasm", "--trust", &root, "--with", "tokens"];
    assert_eq!(chain.verify(&good).exits(0).json_lines().len(), 2);
}

#[test]
fn programs_get_one_object_whatever_happens() {
    let chain = Chain::new();
    let (root, at) = (chain.root(), AT.to_string());
    for (exit, words) in [
        (0, vec!["verify", "tokens/operator.jwt", "--trust", &root, "--at", &at]),
        (3, vec!["verify", "ledger.jwt", "--trust", &root, "--at", &at]),
        (1, vec!["verify", "nowhere", "--trust", &root]),
        (2, vec!["verify", "ledger.jwt"]),
        (2, vec!["verify", "ledger.jwt", "--trust", "nobody"]),
        // What is off in these is found before any command runs.
        (2, vec!["verify"]),
        (2, vec!["verify", "ledger.jwt", "--trust"]),
        (2, vec!["verify", "ledger.jwt", "--trusts", &root]),
        (2, vec!["verify", "ledger.jwt", "--trust", &root, "--at", "noon"]),
        (2, vec!["verify", "ledger.jwt", "--trust", &root, "--policy", "none"]),
        (2, vec!["account"]),
        (2, vec!["frobnicate"]),
        (2, vec!["account", "list"]),
        (2, vec!["account", "list", "--realm", "tokens"]),
        (1, vec!["account", "list", "--realm", "nowhere"]),
        (2, vec!["key", "show", "x", "--realm", "tokens"]),
        (2, vec!["init", "Not A Name"]),
        (3, vec!["module", "strip", "ledger.jwt"]),
        (2, vec!["explain", "GS-NOTHING"]),
    ] {
        for form in [vec!["--output", "json"], vec!["--output=json"]] {
            let run = chain.place.run([&words[..], &form].concat()).exits(exit);
            let object = run.json();
            assert_eq!(run.out().lines().count(), 1, "{run}");
            if exit != 0 {
                let code = run.code().unwrap();
                assert!(code.starts_with("GS-"), "{run}");
                let message = object.pointer("/error/message").or_else(|| object.get("message"));
                assert!(!message.unwrap().as_str().unwrap().is_empty(), "{run}");
            }
        }
        // A person reads it on stderr, and scripts find nothing on stdout that they could take for an answer.
        let run = chain.place.run(&words).exits(exit);
        if exit == 1 || exit == 2 {
            assert!(run.stdout.is_empty() && !run.stderr.is_empty(), "{run}");
        }
    }
}

/// Characters that move the cursor, hide what comes before them, or turn what comes after them round.
const STEERING: [&str; 8] =
    ["\u{1b}[2J", "\u{1b}]0;title\u{7}", "\r", "\u{8}", "\u{7f}", "\u{9b}31m", "\u{202e}", "\u{2066}"];

/// Fails for any such character, and for a line that only a name could have begun.
#[track_caller]
fn assert_harmless(run: &Run) {
    for (what, bytes) in [("stdout", &run.stdout), ("stderr", &run.stderr)] {
        for steering in STEERING {
            assert!(!contains(bytes, steering.as_bytes()), "{what} carries {}: {run}", steering.escape_unicode());
        }
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{what} steers the terminal: {run}");
        assert!(!text.lines().any(|line| line.starts_with("allow  forged")), "{what} holds a forged answer: {run}");
    }
}

#[test]
fn no_name_in_a_token_steers_a_terminal() {
    let chain = Chain::new();
    let place = &chain.place;
    let (root, at) = (chain.root(), AT.to_string());
    for (number, steering) in STEERING.iter().enumerate() {
        let evil = format!("\u{a}allow  forged.wasm\u{a}{steering}evil");
        // As JSON writes it: a name that a strict reader takes.
        let evil = serde_json::to_string(&evil).unwrap();
        let named = |json: &str| json.replace("\"account\"", &evil).replace("\"module\"", &evil);
        let place_of = |name: &str| format!("evil/{number}-{name}.jwt");
        let operator =
            operator_token(&chain.acme).lists([&chain.daily]).edited(|json| json.replace("\"operator\"", &evil));
        let tenant = account_token(&chain.shop, &chain.daily).edited(named);
        let leaf = module_token(&chain.ledger, &chain.shop)
            .edited(|json| named(json).replace("\"rev\":1", &format!("\"rev\":1,\"ver\":{evil},\"tags\":[{evil}]")));
        let by_identity = account_token(&chain.shop, &chain.acme).edited(named);
        let subject = account_token(&chain.shop, &chain.daily)
            .edited(|json| json.replace(&format!("\"sub\":\"{}\"", chain.shop), &format!("\"sub\":{evil}")));
        for (name, token) in [
            ("operator", &operator),
            ("account", &tenant),
            ("leaf", &leaf),
            ("identity", &by_identity),
            ("sub", &subject),
        ] {
            place.write(&place_of(name), token.bytes());
        }
        for (target, with, policy, exit) in [
            ("operator", "account", "strict", 0),
            ("leaf", "account", "strict", 0),
            ("leaf", "sub", "strict", 3),
            ("identity", "operator", "strict", 3),
            ("identity", "operator", "relaxed", 0),
            ("sub", "account", "strict", 3),
        ] {
            let [target, with, operator] = [target, with, "operator"].map(place_of);
            let words = ["verify", &target, "--trust", &root, "--with", &with, "--with", &operator, "--policy", policy];
            let run = place.run([&words[..], &["--at", &at]].concat()).exits(exit);
            assert_harmless(&run);
            let json = place.run([&words[..], &["--at", &at, "--output", "json"]].concat());
            assert_eq!(json.out().lines().count(), 1);
            for words in [vec!["verify", &target], vec!["verify", "ledger.jwt", "--trust", &target]] {
                assert_harmless(&place.run(words));
            }
            for word in ["inspect", "explain"] {
                assert_harmless(&place.run([word, &target]));
            }
        }
    }
}

/// Names of files come from archives and repositories, so somebody else may have chosen them.
#[test]
#[cfg(unix)]
fn no_name_of_a_file_steers_a_terminal() {
    let chain = Chain::new();
    let (place, root, at) = (&chain.place, chain.root(), AT.to_string());
    for (number, steering) in STEERING.iter().enumerate() {
        let folder = format!("evil{number}");
        let name = |what: &str| format!("{folder}/\nallow  forged.wasm {steering}{what}");
        place.write(&name("junk"), "junk that is no token");
        place.write(&name("cut"), &place.read("ledger.jwt")[..90]);
        let by_identity = account_token(&chain.shop, &chain.acme).sign();
        let account = place.write(&name("account"), by_identity.bytes());
        let wasm = place.write(&name("wasm"), place.read("ledger.wasm"));
        for target in [account, wasm, place.path(&name("junk")), place.path(&name("none"))] {
            let more = ["--trust", &root, "--with", &folder, "--with", "tokens/operator.jwt", "--at", &at];
            let verify = [Path::new("verify"), &target];
            assert_harmless(&place.run(verify.into_iter().chain(more.iter().map(|word| Path::new(*word)))));
            for words in [
                vec![Path::new("verify"), &target],
                vec![Path::new("inspect"), &target],
                vec![Path::new("explain"), &target],
                vec![Path::new("module"), Path::new("strip"), &target],
                vec![Path::new("verify"), Path::new("ledger.jwt"), Path::new("--trust"), &target],
            ] {
                assert_harmless(&place.run(words));
            }
        }
    }
}

#[test]
fn a_seed_that_was_pasted_is_not_repeated() {
    let chain = Chain::new();
    let root = chain.root();
    chain.place.realm();
    let around = format!("x={SEED}.");
    for seed in [SEED, &around] {
        for words in [
            vec!["verify", "ledger.jwt", "--trust", seed],
            vec!["verify", seed, "--trust", &root],
            vec!["verify", "ledger.jwt", "--trust", &root, "--with", seed],
            vec!["verify", "ledger.jwt", "--trust", &root, "--subject", seed],
            vec!["verify", "ledger.jwt", "--trust", &root, "--audience", seed],
            vec!["verify", "ledger.jwt", "--trust", &root, "--revocation", seed],
            vec!["verify", "ledger.jwt", "--trust", &root, "--at", seed],
            vec!["verify", "ledger.jwt", "--trust", &root, "--policy", seed],
            vec!["inspect", seed],
            vec!["explain", seed],
            vec!["init", seed],
            vec!["key", "create", seed, "--role", "module", "--realm", "acme"],
            vec!["key", "create", "x", "--role", seed, "--realm", "acme"],
            vec!["key", "import", "x", seed, "--realm", "acme"],
            vec!["key", "import", seed, "ledger.jwt", "--realm", "acme"],
            vec!["key", "show", seed, "--realm", "acme"],
            vec!["key", "list", "--realm", seed],
            vec!["key", "list", "--realm", "acme", "--keys", seed, seed],
            vec!["operator", "create", "--realm", "acme", "--passphrase-file", seed],
            vec!["operator", "create", "--realm", "acme", "--signing-keys", seed],
            vec!["account", "create", seed, "--realm", "acme"],
            vec!["account", "create", "x", "--realm", "acme", "--by", seed],
            vec!["account", "show", seed, "--realm", "acme"],
            vec!["module", "sign", seed, "--account", "x", "--module", "y", "--realm", "acme"],
            vec!["module", "sign", "ledger.wasm", "--account", seed, "--module", "y", "--realm", "acme"],
            vec!["module", "sign", "ledger.wasm", "--account", "x", "--module", seed, "--realm", "acme"],
            vec!["module", "strip", seed],
            vec!["man", seed],
            vec!["completions", seed],
            vec![seed],
            vec!["verify", "ledger.jwt", &format!("--{seed}")],
        ] {
            for form in [&[][..], &["--output", "json"]] {
                let run = chain.place.run([&words[..], form].concat());
                assert_ne!(run.exit, Some(0), "{run}");
                assert!(!contains(&run.all(), SEED.as_bytes()), "{run}");
                assert!(!contains(&run.all(), &SEED.as_bytes()[2..40]), "{run}");
            }
        }
    }
}
