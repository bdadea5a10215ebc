//! The `history` program: what it prints, and how it exits.
#![allow(clippy::disallowed_methods, reason = "runs the program on files")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use greatseal_testkit::succession::{Expect, History};
use greatseal_testkit::vectors::{Folder, root};

fn history(file: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_history")).arg(file).output().unwrap()
}

fn written(name: &str, text: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&file, text).unwrap();
    file
}

#[test]
fn it_agrees_with_every_labelled_history() {
    let output = history(&root().join("succession/cases.json"));
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
    let cases: Vec<History> = Folder::open("succession").json("cases.json");
    assert_eq!(lines, cases.iter().map(|case| case.queries.len()).sum::<usize>());
}

#[test]
fn it_exits_with_1_on_a_wrong_expectation() {
    let cases: Vec<History> = Folder::open("succession").json("cases.json");
    let mut wrong = cases.into_iter().next().unwrap();
    let query = wrong.queries.first_mut().unwrap();
    query.expect = if query.expect == Expect::Allow { Expect::Deny } else { Expect::Allow };
    let output = history(&written("wrong.json", &serde_json::to_string(&wrong).unwrap()));
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("1 differences"), "{told}");
}

#[test]
fn it_exits_with_2_on_what_holds_no_history() {
    for (name, text) in [("empty.json", ""), ("number.json", "[7]"), ("other.json", r#"{"id":"x"}"#)] {
        assert_eq!(history(&written(name, text)).status.code(), Some(2), "{name}");
    }
    assert_eq!(history(Path::new("no such file")).status.code(), Some(2));
}
