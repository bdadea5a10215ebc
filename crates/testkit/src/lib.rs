//! What the tests of every room share: vectors found by folder, a small language for writing
//! chains, and assertions on codes.
//!
//! Unpublished. Every key in here is derived from its name and protects nothing.
#![allow(clippy::disallowed_methods, reason = "tests read vectors from disk")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

pub mod agreement;
pub mod attacks;
pub mod chain;
pub mod codes;
pub mod model;
pub mod reenact;
pub mod rotations;
pub mod secrets;
pub mod succession;
pub mod ucan;
pub mod vectors;
pub mod wasm;
