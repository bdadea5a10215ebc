//! Custody from outside: one contract for every custodian, the keystore as a whole, and searches
//! for secrets in everything that comes out of it.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests make folders, processes and threads"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests: a failure is a panic, and a process that a test starts reports on stdout"
)]

#[cfg(all(feature = "age-plugin", unix))]
mod age_plugin;
#[cfg(feature = "awskms")]
mod aws_kms;
mod contract;
mod crash;
mod file;
#[cfg(unix)]
mod foreign;
#[cfg(target_os = "linux")]
mod hardening;
mod keystore;
mod lies;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(all(feature = "pkcs11", target_os = "linux"))]
mod pkcs11;
mod race;
#[cfg(unix)]
mod recipients;
#[cfg(target_os = "linux")]
mod running;
mod secrecy;
#[cfg(feature = "ssh-agent")]
mod ssh_agent;
mod support;
#[cfg(all(feature = "vault", unix))]
mod vault;
mod vectors;
