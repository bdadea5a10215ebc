//! `secrets`: whatever the tests leave behind is searched for private keys and passphrases.
//!
//! Every test runs in the sight of `strace`, which sees each byte that it and the programs it starts write to files
//! and to their output, and with which arguments and environments they are started. The traces, in
//! `target/secrets`, are then searched by the program `secrets` of the test kit, which also plants what it has to find.
//! Where there is no `strace`, or it may trace nothing, only what the tests keep by themselves is searched.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::Command;
use crate::failure::Failure;
use crate::house::House;
use crate::step::{self, Outcome, Step};
use crate::test;

/// The package and its program that catches and searches.
const PACKAGE: &str = "greatseal-testkit";
const PROGRAM: &str = "secrets";
/// Names the folder of the traces to whatever is run.
const FOLDER: &str = "GREATSEAL_TEST_TRACE";

const STEPS: &[Step] = &[Step { name: "tests", run: test::tests }, Step { name: "secrets", run: search }];

pub(crate) fn run(house: &House, _arguments: &[String]) -> Result<(), Failure> {
    step::run_all(house, "secrets", STEPS)
}

/// How tests are run so that what they leave is seen.
pub(crate) struct Sight {
    folder: PathBuf,
    /// What cargo is to run each test with; none where nothing can be traced.
    runner: Option<String>,
}

impl Sight {
    /// Empties the folder of traces, and finds out whether there is a tracer.
    pub(crate) fn of_tests(house: &House) -> Result<Self, Failure> {
        let folder = folder(house);
        let emptied = if folder.exists() { fs::remove_dir_all(&folder) } else { Ok(()) };
        emptied.and_then(|()| fs::create_dir_all(&folder)).map_err(|source| fault(&folder, source))?;
        house.cargo(["build", "--package", PACKAGE, "--bin", PROGRAM]).run()?;
        let runner = can_trace(house).then(|| {
            let program = program(house);
            format!("target.'cfg(all())'.runner = ['{}', 'run']", program.display())
        });
        if runner.is_none() {
            println!("there is no strace here that may trace: only what the tests keep by themselves is searched");
        }
        Ok(Self { folder, runner })
    }

    /// Has a call of cargo run its tests in sight.
    pub(crate) fn over(&self, cargo: Command) -> Command {
        let cargo = cargo.env(FOLDER, &self.folder);
        match &self.runner {
            Some(runner) => cargo.args(["--config", runner]),
            None => cargo,
        }
    }
}

/// Searches what the tests left, and clears it away when that is in order.
pub(crate) fn search(house: &House) -> Result<Outcome, Failure> {
    let folder = folder(house);
    if !can_trace(house) {
        return Ok(Outcome::Skipped("there is no strace here that may trace: see docs/custody/README.md".into()));
    }
    house.program(&program(house)).arg("search").arg(&folder).run()?;
    fs::remove_dir_all(&folder).map_err(|source| fault(&folder, source))?;
    Ok(Outcome::Done)
}

fn can_trace(house: &House) -> bool {
    let strace = house.program(Path::new("strace"));
    strace.args(["-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "true"]).output().is_ok()
}

fn folder(house: &House) -> PathBuf {
    house.target.join("secrets")
}

fn program(house: &House) -> PathBuf {
    house.target.join("debug").join(format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX))
}

fn fault(path: &Path, source: std::io::Error) -> Failure {
    Failure::File { path: path.into(), source }
}
