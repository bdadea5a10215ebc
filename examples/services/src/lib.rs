//! Three services that call each other, as separate processes: `upload`, `access`, `index`.
//!
//! Each verifies with public keys alone, and is addressed by a stable identity; what signs is a
//! running key that each draws for itself. [`scenario`] starts them, runs a load, replaces a running
//! key under it, and contains a stolen one.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "an example keeps files, starts processes and reads the clock"
)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

pub mod by_command;
pub mod client;
pub mod config;
pub mod load;
pub mod realm;
pub mod roles;
pub mod scenario;
pub mod thief;

/// Whatever goes wrong ends the example, with these words.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;
