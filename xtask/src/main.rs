//! Checks and measurements that cargo cannot express, run as `cargo xtask VERB`.
//!
//! One file per verb. To add one: a module with `run(&House, &[String])` and a row in [`VERBS`].
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a build tool talks to the terminal: printing is its job"
)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a build tool reads files and clock and starts programs; nothing here is linked into a product"
)]

mod arrows;
mod bench;
mod check;
mod command;
mod docs;
mod failure;
mod fuzz;
mod house;
mod node;
mod openbao;
mod secrets;
mod step;
mod test;
mod tool;

use std::process::ExitCode;

use failure::Failure;
use house::House;

struct Verb {
    name: &'static str,
    arguments: &'static str,
    about: &'static str,
    run: fn(&House, &[String]) -> Result<(), Failure>,
}

const VERBS: &[Verb] = &[
    Verb { name: "test", arguments: "", about: "install what the tests need and run them all", run: test::run },
    Verb {
        name: "check",
        arguments: "",
        about: "format, lints, licences and sources, a short fuzz run: what CI runs after the tests",
        run: check::run,
    },
    Verb {
        name: "arrows",
        arguments: "",
        about: "fail on any dependency between our packages that the design does not allow",
        run: arrows::run,
    },
    Verb {
        name: "secrets",
        arguments: "",
        about: "run all tests in the sight of strace, and search what they left behind for keys and passphrases",
        run: secrets::run,
    },
    Verb {
        name: "docs-errors",
        arguments: "[--check]",
        about: "write docs/errors.md from the table of codes, or fail if it is out of date",
        run: docs::run,
    },
    Verb {
        name: "fuzz",
        arguments: "[TARGET...] [--seconds N]",
        about: "fuzz the named targets, or all, for N seconds each (60)",
        run: fuzz::run,
    },
    Verb { name: "fuzz-smoke", arguments: "", about: "fuzz every target for 20 seconds", run: fuzz::run_smoke },
    Verb {
        name: "bench",
        arguments: "[--output human|json] [--quick]",
        about: "measure speed against the bars, beside peers; --quick judges nothing",
        run: bench::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            if let Failure::Usage(_) = failure {
                eprint!("\n{}", usage());
            }
            ExitCode::from(failure.exit_code())
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<(), Failure> {
    let Some((name, rest)) = arguments.split_first() else {
        return Err(Failure::Usage("no verb given".into()));
    };
    if ["help", "-h", "--help"].contains(&name.as_str()) {
        print!("{}", usage());
        return Ok(());
    }
    let verb = VERBS
        .iter()
        .find(|verb| verb.name == name)
        .ok_or_else(|| Failure::Usage(format!("there is no verb `{name}`")))?;
    if rest.iter().any(|argument| argument == "-h" || argument == "--help") {
        println!("usage: cargo xtask {}\n\n{}", synopsis(verb), verb.about);
        return Ok(());
    }
    if verb.arguments.is_empty() && !rest.is_empty() {
        return Err(Failure::Usage(format!("`{name}` takes no arguments, found `{}`", rest.join(" "))));
    }
    (verb.run)(&House::find()?, rest)
}

fn synopsis(verb: &Verb) -> String {
    format!("{} {}", verb.name, verb.arguments).trim_end().to_owned()
}

fn usage() -> String {
    let width = VERBS.iter().map(|verb| synopsis(verb).len()).max().unwrap_or(0);
    let mut text = String::from("usage: cargo xtask VERB\n\n");
    for verb in VERBS {
        text.push_str(&format!("  {:width$}  {}\n", synopsis(verb), verb.about));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(arguments: &[&str]) -> bool {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        matches!(dispatch(&arguments), Err(Failure::Usage(_)))
    }

    #[test]
    fn every_verb_is_in_the_usage_once() {
        let text = usage();
        for verb in VERBS {
            assert_eq!(text.matches(&format!("\n  {} ", verb.name)).count(), 1, "{}", verb.name);
        }
    }

    #[test]
    fn wrong_calls_are_usage_errors() {
        assert!(refused(&[]));
        assert!(refused(&["no-such-verb"]));
        assert!(refused(&["arrows", "surplus"]));
        assert!(!refused(&["--help"]));
        assert!(!refused(&["fuzz", "--help"]));
    }
}
