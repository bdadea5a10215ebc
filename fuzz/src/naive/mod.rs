//! Readers of the formats, written a second time: slow, plain, and nothing shared with the first.

pub mod cbor;
pub mod deed;
pub mod json;
pub mod key;
pub mod policy;
pub mod succession;
pub mod tar;
pub mod token;
pub mod wasm;
