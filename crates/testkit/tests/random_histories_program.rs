//! The `random-histories` program: what it says, and how it exits.
#![allow(clippy::disallowed_methods, reason = "runs the program")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_random-histories")).args(arguments).output().unwrap()
}

#[test]
fn it_tells_how_many_histories_agreed() {
    for (arguments, signatures) in [(["1000", "300"].as_slice(), "model"), (&["--real", "1000", "30"], "real")] {
        let output = run(arguments);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{told}");
        assert!(told.contains(&format!("from seed 1000 with {signatures} signatures")), "{told}");
        assert!(told.contains("no difference"), "{told}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn it_exits_with_2_on_arguments_that_it_does_not_know() {
    for arguments in [[].as_slice(), &["many"], &["--questions"], &["1", "2", "3"], &["--unreal", "5"]] {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}
