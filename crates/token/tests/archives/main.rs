//! Provider archives: what the peer wrote, what comes back, and everything that is refused.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod attacks;
mod bounds;
mod build;
mod vectors;
