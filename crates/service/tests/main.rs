//! A service before its callers: one test binary, so that the realm is made once.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests keep files and start processes")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests: a failure is a panic, and a process that a test starts reports on stdout"
)]

mod gate;
mod http;
mod kill;
mod realm;
mod wallet;
