//! Starts the services, replaces a running key under load, contains a stolen one, and says what it took.
#![allow(clippy::disallowed_methods, reason = "the edge knows where it lies")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is for people to read")]

use std::process::ExitCode;

use greatseal_example_services::{Fault, by_command, scenario};

fn main() -> ExitCode {
    // The realm's keys are in this process.
    let hardening = greatseal_custody::harden_process();
    if hardening.was_refused() {
        eprintln!("warning: {hardening}");
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Fault> {
    let service = std::env::current_exe()?.with_file_name(format!("service{}", std::env::consts::EXE_SUFFIX));
    if !service.exists() {
        return Err("build the services first: cargo build -p greatseal-example-services".into());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let report = runtime.block_on(scenario::run(&service))?;
    println!("{report}");
    if !report.holds() {
        return Err("something did not hold".into());
    }
    let command = service.with_file_name(format!("greatseal{}", std::env::consts::EXE_SUFFIX));
    if !command.exists() {
        println!("the command is not built, so the rotation with it is left out: cargo build -p greatseal");
        return Ok(());
    }
    let report = runtime.block_on(by_command::run(&service, &command))?;
    println!("the same with `greatseal service rotate` and `greatseal delegation revoke`: {report:?}");
    if report.holds() { Ok(()) } else { Err("something did not hold".into()) }
}
