//! One of the three services: `service CONFIG.json [--open-memory]`.
//!
//! With the option it does not protect its memory, so that a thief without root's rights can play one who has them.
#![allow(clippy::disallowed_methods, reason = "the edge reads its arguments")]
#![allow(clippy::print_stderr, reason = "it says why it could not start")]

use std::path::PathBuf;
use std::process::ExitCode;

use greatseal_custody::harden_process;
use greatseal_example_services::config::Config;
use greatseal_example_services::thief::OPEN_MEMORY;
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
    let mut arguments = std::env::args_os().skip(1);
    let path = arguments.next().map(PathBuf::from).ok_or("usage: service CONFIG.json [--open-memory]")?;
    if arguments.next().is_none_or(|option| option != OPEN_MEMORY) {
        // Before there is any key. What this system does not have is the host's own affair; what it refuses is told.
        let hardening = harden_process();
        if hardening.was_refused() {
            eprintln!("warning: {hardening}");
        }
    }
    let config = Config::read(&path)?;
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(roles::serve(config))
}
