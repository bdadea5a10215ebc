//! wascap: the signed claims of wasmCloud, and the WebAssembly files and archives that carry them.
//!
//! Facts and sources: `docs/formats/wascap.md`. Reads every published version from 0.4 on, writes
//! what 0.16 writes, byte for byte.

pub mod archive;
mod claims;
pub mod module;
mod read;
mod succession;
mod verifier;
mod write;

pub use claims::{Claims, Entity, Host, Invocation, Listing, Module, Provider, Terms, TokenId};
pub use read::decode;
pub use verifier::{Verifier, pin};
pub use write::encode;
