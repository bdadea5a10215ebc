//! Strict DAG-CBOR, read in place.
//!
//! [`validate`] walks over bytes once and checks every rule; what comes out of it is a cursor over
//! those same bytes, never a tree. Everything that is read later rests on that walk, so the
//! cursors check nothing a second time, and a [`Value`] has no other maker.
//!
//! The rules (DAG-CBOR of IPLD, with the bounds of UCAN): definite lengths; minimal integers and
//! lengths; 64-bit floats, no NaN or infinity; text keys, unique, sorted by length then bytes;
//! tag 42 alone, around a byte string of 0x00 and a CID; UTF-8; integers within ±(2^53−1); nothing
//! left over; at most [`CBOR_DEPTH`](greatseal_core::limits::CBOR_DEPTH) levels.

mod cursor;
mod head;
mod json;
mod link;
mod owned;
mod validate;
mod write;

pub use cursor::{Items, List, Map, Pairs, Value};
pub use json::{from_json, to_json};
pub use owned::MapBuf;
pub use validate::validate;
pub use write::{Entries, Writer};
