//! Chains of UCANs before the real verifier: every vector for its reason, a test for each sentence of the rules, and
//! random chains before a slow checker that was written apart.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "tests of floods and globs watch the time")]

mod checker;
mod flood;
mod manifests;
mod peers;
mod random;
mod revocations;
mod validating;
