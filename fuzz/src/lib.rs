//! What the fuzz targets assert, apart from libFuzzer: the same checks replay the corpus as tests.
//!
//! Each `check` takes any bytes and panics when a property does not hold. What it compares the
//! code under test with is written here a second time, naively, from the formats.
#![forbid(unsafe_code)]

pub mod archive;
pub mod claims;
pub mod decisions;
pub mod deeds;
pub mod jwt_frame;
pub mod modules;
pub mod nkeys;
pub mod succession;
pub mod ucan_containers;
pub mod ucan_envelope;
pub mod ucan_payloads;
pub mod ucan_policies;
pub mod ucan_selectors;

mod input;
pub mod naive;
