//! UCAN 1.0: delegations and invocations in signed DAG-CBOR envelopes.
//!
//! Bytes become a [`Ucan`] by [`decode`], and what is to be signed comes from [`encode`]; several
//! tokens travel in one [`container`], and [`file`] takes either out of a file. The rules, and where
//! we depart from peers, are in `docs/formats/ucan.md`.

pub mod cbor;
pub mod container;
mod content;
mod delegation;
mod dids;
mod envelope;
mod field;
pub mod file;
mod invocation;
pub mod policy;
mod revokes;
mod verifier;
mod write;

pub use content::{Ucan, decode, is_ucan};
pub use delegation::Delegation;
pub use envelope::Version;
pub use invocation::Invocation;
pub use policy::Policy;
pub use revokes::{REVOKE, Revokes};
pub use verifier::Verifier;
pub use write::{UcanEnvelope, encode};
