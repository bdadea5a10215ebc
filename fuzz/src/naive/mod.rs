//! Readers of the formats, written a second time: slow, plain, and nothing shared with the first.

pub mod deed;
pub mod json;
pub mod key;
pub mod succession;
pub mod tar;
pub mod token;
pub mod wasm;
