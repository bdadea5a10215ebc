//! The rules of succession, before the real verifier with real keys, tokens and deeds: the cases that the rules name,
//! one test for each point, and what the rules promise, in figures.
//!
//! The number after `case_` is that of the case. Every labelled history of `vectors/succession` belongs to a point,
//! and most points are asked in more ways than those. Case 18, that the published wascap crates read and verify
//! tokens with the claim, is asked of the crates of every line under `interop/`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "promises are told in figures")]

mod ages;
mod bare_keys;
mod contract;
mod forks;
mod listings;
mod logs;
mod malformed;
mod modules;
mod play;
mod promises;
mod revocations;
mod rotations;
mod tables;
mod thieves;
mod tools;
