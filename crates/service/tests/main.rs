//! A service before its callers: one test binary, so that the realm is made once.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests keep files, start processes and read the clock"
)]

mod gate;
mod http;
mod kill;
mod realm;
mod wallet;
