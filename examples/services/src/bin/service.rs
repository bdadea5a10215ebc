//! One of the three services: `service CONFIG.json`.
#![allow(clippy::disallowed_methods, reason = "the edge reads its arguments")]
#![allow(clippy::print_stderr, reason = "it says why it could not start")]

use std::path::PathBuf;
use std::process::ExitCode;

use greatseal_example_services::config::Config;
use greatseal_example_services::{Fault, roles};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Fault> {
    let path = std::env::args_os().nth(1).map(PathBuf::from).ok_or("usage: service CONFIG.json")?;
    let config = Config::read(&path)?;
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(roles::serve(config))
}
