//! WebAssembly files with tokens: the vectors, the rules, the reference crate, and random damage.
#![allow(clippy::disallowed_methods, reason = "tests read the vectors from disk")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may stop where it stands")]

mod build;
mod damage;
mod reference;
mod rules;
mod vectors;
