//! Token formats: bytes to claims, and claims to bytes.
//!
//! This room knows how tokens are written and nothing about who may say what; that is
//! `greatseal-core`. It reads no clock, file, environment or randomness.

pub mod deed;
mod json;
mod jws;
pub mod ucan;
pub mod wascap;
