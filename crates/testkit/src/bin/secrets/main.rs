//! Catches what tests leave behind, and searches it for secrets: `cargo xtask secrets` runs it.
//!
//! | call | does |
//! |---|---|
//! | `secrets run PROGRAM ARGUMENT…` | runs a test under `strace`, and keeps a trace of it in `$GREATSEAL_TEST_TRACE` |
//! | `secrets search FOLDER` | plants keys, searches all traces, tells what it found; exits with 1 when that is too much or too little |
//! | `secrets plant SPELLING FOLDER` | leaves a key in every place, in one spelling: what the search has to find |
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "runs programs and reads what they left")]
#![allow(clippy::expect_used, reason = "a test fails by panicking, and this is one")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its report goes to stdout")]

mod plant;
mod report;
mod run;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["run", program, rest @ ..] => run::run(program, rest),
        ["search", folder] => report::search(Path::new(folder)),
        ["plant", spelling, folder] => plant::plant(spelling, Path::new(folder)),
        _ => {
            eprintln!("usage: secrets run PROGRAM ARGUMENT… | secrets search FOLDER | secrets plant SPELLING FOLDER");
            return ExitCode::from(2);
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}
