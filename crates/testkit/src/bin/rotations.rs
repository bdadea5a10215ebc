//! Counts what rotations and thefts cost: `rotations [--output human|json] [--plot FILE]`.
//!
//! What is compared, and what is not, stands in `docs/rotations.md`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its answers go to stdout")]
#![allow(clippy::disallowed_methods, reason = "it reads its arguments and writes a file")]

use std::path::PathBuf;
use std::process::ExitCode;

use greatseal_testkit::rotations::{CALLS, Report, plot};

/// What is asked for.
#[derive(Default)]
struct Wanted {
    json: bool,
    plot: Option<PathBuf>,
}

fn main() -> ExitCode {
    let Some(wanted) = wanted() else {
        eprintln!("usage: rotations [--output human|json] [--plot FILE]");
        return ExitCode::from(2);
    };
    let report = Report::whole();
    if wanted.json {
        println!("{}", report.json());
    } else {
        println!("Each service calls {CALLS} others; real tokens, {} decisions by the verifier.\n", report.decisions);
        print!("{}", report.table());
    }
    if let Some(path) = wanted.plot
        && let Err(why) = std::fs::write(&path, plot(&report))
    {
        eprintln!("error: {}: {why}", path.display());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn wanted() -> Option<Wanted> {
    let mut wanted = Wanted::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--output" => match arguments.next()?.as_str() {
                "json" => wanted.json = true,
                "human" => wanted.json = false,
                _ => return None,
            },
            "--plot" => wanted.plot = Some(arguments.next()?.into()),
            _ => return None,
        }
    }
    Some(wanted)
}
