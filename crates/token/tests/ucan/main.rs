//! UCANs as bytes, before everything that peers and the specification have written: what decodes, what is refused and
//! with which code, and under which names. Who may say what is asked elsewhere.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod fixtures;
mod manifest;
mod peers;
mod tokens;
mod twins;
