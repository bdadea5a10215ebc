//! `greatseal custody`: the places where keys live.

mod bench;
mod doctor;
mod keys;

use clap::Subcommand;
use greatseal_core::code::Exit;

use crate::output::Format;
use crate::problem::Problem;

/// Looks after the places where private keys live, and compares them.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Doctor(Box<doctor::Doctor>),
    Bench(Box<bench::Bench>),
}

pub(crate) fn run(command: &Command, format: Format) -> Result<Exit, Problem> {
    match command {
        Command::Doctor(doctor) => doctor::run(doctor, format),
        Command::Bench(bench) => bench::run(bench, format),
    }
}
