//! Measures the public functions against the bars of `docs/performance.md`, beside peers.
//!
//! `cargo xtask bench` runs this. Every figure is a ratio within one run; how it is had is told in
//! [`measure`], what has to be reached in [`row`].
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a report is printed")]
#![allow(
    clippy::disallowed_methods,
    reason = "a measurement reads the clock, its arguments and a file; nothing here is linked into a product"
)]

mod failure;
mod line;
mod material;
mod measure;
mod node;
mod ours;
mod peers;
mod report;
mod row;
mod succession;
mod ucan;

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use failure::Failure;
use report::{Figure, Report};
use row::Machine;

/// Rounds of a run that is judged.
const ROUNDS: usize = 300;
/// Rounds of a smoke run.
const QUICK_ROUNDS: usize = 3;
/// How often the peer in node has its turn in a run.
const NODE_TURNS: usize = 10;

fn main() -> ExitCode {
    match Call::parse(std::env::args().skip(1)).and_then(|call| call.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

struct Call {
    json: bool,
    quick: bool,
    /// How the names of the rows begin that are wanted; all, if absent.
    only: Option<String>,
}

impl Call {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mut call = Self { json: false, quick: false, only: None };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => call.quick = true,
                "--only" => match arguments.next() {
                    Some(begin) => call.only = Some(begin),
                    None => return Err(Failure::Usage("`--only` takes how names of rows begin".into())),
                },
                "--output" => match arguments.next().as_deref() {
                    Some("json") => call.json = true,
                    Some("human") => call.json = false,
                    _ => return Err(Failure::Usage("`--output` takes `human` or `json`".into())),
                },
                other => return Err(Failure::Usage(format!("unknown argument `{other}`"))),
            }
        }
        Ok(call)
    }

    fn run(&self) -> Result<(), Failure> {
        let machine = Machine::detect();
        eprintln!("bars: {}", machine.word());
        let mut subjects = ours::chains()?;
        subjects.extend(ours::bulk()?);
        subjects.push(ours::module()?);
        subjects.extend(succession::rows()?);
        subjects.extend(ucan::rows()?);
        subjects.extend(peers::all()?);
        subjects.retain(|subject| self.only.as_ref().is_none_or(|begin| subject.name.starts_with(begin)));
        let rounds = if self.quick { QUICK_ROUNDS } else { ROUNDS };
        let mut iso_ucan = node::IsoUcan::new()?;
        let tick = |round: usize| {
            if self.only.is_none() && round.is_multiple_of(rounds.div_ceil(NODE_TURNS)) {
                iso_ucan.turn();
            }
            if io::stderr().is_terminal() && round.is_multiple_of(10) {
                eprint!("\rround {round} of {rounds}");
            }
        };
        let measured = measure::interleave(subjects, rounds, tick);
        if io::stderr().is_terminal() {
            eprintln!();
        }
        let speed_up = two_cores(&measured);
        let (in_node, left_out) = match iso_ucan.figures(&measured) {
            Ok(figures) => (figures, Vec::new()),
            Err(why) => {
                eprintln!("iso-ucan left out: {why}");
                (Vec::new(), node::ROWS.map(|(name, ..)| name).to_vec())
            }
        };
        let figures = measured.into_iter().map(Figure::from).chain(speed_up).chain(in_node).collect();
        let report = Report::new(machine, !self.quick, figures, &|name| {
            left_out.contains(&name) || self.only.as_ref().is_some_and(|begin| !name.starts_with(begin))
        });
        print!("{}", if self.json { report.json() } else { report.table() });
        match report.problems() {
            problems if problems.is_empty() => Ok(()),
            problems => Err(Failure::Report(problems)),
        }
    }
}

/// Compares the largest set on two cores with the same on one.
fn two_cores(measured: &[measure::Measured]) -> Option<Figure> {
    let speed_up = |one: &str, two: &str| {
        let seconds = |name| measured.iter().find(|measured| measured.name == name).map(|found| found.seconds);
        Some(seconds(one)? / seconds(two)?)
    };
    let of = |set: &str| speed_up(set, &format!("{set}-two-cores"));
    let small = of("bulk-64-distinct")?;
    let issuers = of("bulk-256-16-issuers")?;
    Some(Figure {
        name: "bulk-two-cores",
        ratio: of("bulk-512-distinct")?,
        detail: format!("512 distinct; {issuers:.2} for 256 of 16 issuers, {small:.2} for 64 distinct"),
    })
}
