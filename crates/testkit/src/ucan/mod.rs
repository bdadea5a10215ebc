//! A small language for writing chains of UCANs: a chain in a few lines, the same bytes on every run.
//!
//! ```
//! use greatseal_testkit::ucan::{ask, delegation, ed25519, invocation, p256};
//!
//! let (root, service, worker) = (ed25519("root"), p256("service"), ed25519("worker"));
//! let first = delegation(&root, &service).command("/blob").sign();
//! let second = delegation(&service, &worker).about(&root).command("/blob/add").sign();
//! let call = invocation(&worker, &root).command("/blob/add").proofs([&first, &second]).sign();
//! ask(&call).with([&second, &first]).trust(&root).addressed_to(&root).allowed();
//! ```

mod draft;
mod key;
mod question;
mod revocation;
mod token;
#[allow(clippy::indexing_slicing, reason = "cases are made from lists of known length")]
pub mod vectors;

pub use draft::{Draft, chain, delegation, invocation};
pub use key::{Principal, ed25519, p256, secp256k1};
pub use question::{Question, ask};
pub use revocation::{DIALECTS, Dialect, deed_against, deed_against_edge, deed_against_key, revocation};
pub use token::Token;

/// The instant that questions are asked at, unless they say otherwise: that of the shared vectors.
pub const NOW: u64 = 1_795_000_000;

/// Seconds that tokens speak from `NOW` on, unless they say otherwise.
pub const HOUR: u64 = 3600;
