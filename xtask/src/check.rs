//! `check`: what CI runs after the tests. To add a step, give it a row in [`STEPS`].

use crate::docs;
use crate::failure::Failure;
use crate::fuzz;
use crate::house::House;
use crate::step::{self, Outcome, Step};
use crate::tool;

const STEPS: &[Step] = &[
    Step { name: "format", run: format },
    Step { name: "clippy", run: clippy },
    Step { name: "docs-errors", run: docs_errors },
    Step { name: "deny", run: deny },
    Step { name: "advisories", run: advisories },
    Step { name: "fuzz-smoke", run: fuzz_smoke },
];

const FUZZ_MANIFEST: &str = "fuzz/Cargo.toml";

pub(crate) fn run(house: &House, _arguments: &[String]) -> Result<(), Failure> {
    step::run_all(house, "check", STEPS)
}

fn format(house: &House) -> Result<Outcome, Failure> {
    house.cargo(["fmt", "--all", "--check"]).run()?;
    // Outside the workspace, and so not among `--all`.
    if house.root.join(FUZZ_MANIFEST).is_file() {
        house.cargo(["fmt", "--manifest-path", FUZZ_MANIFEST, "--check"]).run()?;
    }
    Ok(Outcome::Done)
}

fn clippy(house: &House) -> Result<Outcome, Failure> {
    let all =
        ["clippy", "--workspace", "--all-targets", "--features", "greatseal/every-custody", "--", "-D", "warnings"];
    house.cargo(all).run()?;
    // The build that most people use: what no feature needs is needed by none.
    house.cargo(["clippy", "--package", "greatseal", "--", "-D", "warnings"]).run()?;
    Ok(Outcome::Done)
}

/// The page of codes says what the command says.
fn docs_errors(house: &House) -> Result<Outcome, Failure> {
    docs::check(house)?;
    Ok(Outcome::Done)
}

/// What may be in the dependency tree, by `deny.toml`.
fn deny(house: &House) -> Result<Outcome, Failure> {
    house
        .program(&tool::DENY.path(house)?)
        .shown_as("cargo deny")
        .args(["check", "--hide-inclusion-graph", "bans", "licenses", "sources"])
        .run()?;
    Ok(Outcome::Done)
}

/// Best effort: the advisories come from the internet, and a new one is not the fault of the change at hand.
fn advisories(house: &House) -> Result<Outcome, Failure> {
    let deny = tool::DENY.path(house)?;
    let fetch = house
        .program(&deny)
        .shown_as("cargo deny")
        .args(["fetch", "db"])
        // Ask nobody for a password.
        .env("GIT_TERMINAL_PROMPT", "0");
    if fetch.output().is_err() {
        return Ok(Outcome::Warned("not checked: the advisory database could not be fetched".into()));
    }
    let check = house.program(&deny).shown_as("cargo deny").args(["check", "--disable-fetch", "advisories"]);
    match check.run() {
        Ok(()) => Ok(Outcome::Done),
        Err(_) => Ok(Outcome::Warned("see the advisories above".into())),
    }
}

fn fuzz_smoke(house: &House) -> Result<Outcome, Failure> {
    fuzz::run_smoke(house, &[])?;
    Ok(Outcome::Done)
}
