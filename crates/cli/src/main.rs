//! `greatseal`: authority by signed tokens, with identity keys that stay offline.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the command is where clock, files, environment and terminal belong"
)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "answers go to stdout, everything else to stderr")]

mod anchors;
mod capability;
mod checkup;
mod clock;
mod command;
mod configuration;
mod custody_bench;
mod custody_check;
mod desk;
mod files;
mod findings;
mod input;
mod lapses;
mod missing;
mod order;
mod output;
mod problem;
mod quickstart;
mod realm;
mod sealed;
mod secrets;
mod table;
mod text;
mod trust;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser};

use command::Command;
use output::Format;

/// Authority by signed tokens, with identity keys that stay offline.
#[derive(Debug, Parser)]
#[command(
    name = "greatseal",
    version,
    propagate_version = true,
    disable_help_subcommand = false,
    after_help = "Begin with:\n  greatseal quickstart                      see the whole thing work, in a new folder\n  greatseal init acme                       make a realm of your own\n  greatseal verify app.wasm --trust O…      check a signed module\n\nEvery answer has a code; `greatseal explain CODE` says what to do about it."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,

    /// How to answer: for people, or as one JSON object.
    #[arg(long, global = true, value_enum, default_value_t = Format::Human, value_name = "FORM")]
    output: Format,
}

fn main() -> ExitCode {
    // Before there is any secret.
    let hardening = greatseal_custody::harden_process();
    if hardening.was_refused() {
        eprintln!("warning: {hardening}");
    }
    let parsed = Arguments::command().try_get_matches().and_then(|matches| {
        command::note(&matches);
        Arguments::from_arg_matches(&matches)
    });
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) => return ExitCode::from(output::words(&error).number()),
    };
    let format = arguments.output;
    match command::run(&arguments.command, format) {
        Ok(exit) => ExitCode::from(exit.number()),
        Err(problem) => {
            output::problem(&problem, format);
            ExitCode::from(problem.exit().number())
        }
    }
}
