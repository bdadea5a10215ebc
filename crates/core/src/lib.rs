//! The rules of authority, and nothing else.
//!
//! This room holds no secret and reads no clock, file, environment or randomness: policy, anchors
//! and `now` arrive as one [`View`], tokens arrive as [`Decoded`] claims, and the answer is a
//! [`Decision`] that names the chain behind it or the failures closest to one.
//!
//! ```text
//! verify  bytes ─decode─► Decoded<T> ─verify─► Verified<T> ─grant─► Graph ─decide─► Decision
//! issue   Intent ─encode─► Unsigned<T> ─► SigningRequest ─custody─► Signature ─finish─► token bytes
//! ```

pub mod anchor;
pub mod cid;
pub mod code;
pub mod command;
pub mod decide;
pub mod decoded;
pub mod deed;
pub mod ecdsa;
pub mod ed25519;
pub mod error;
pub mod graph;
pub mod issue;
pub mod key;
pub mod limits;
pub mod log;
pub mod policy;
pub mod remembered;
pub mod route;
pub mod signature;
pub mod statement;
pub mod steps;
pub mod succession;
pub mod supply;
pub mod time;
pub mod verify;
pub mod view;
pub mod workers;

pub use anchor::Anchor;
pub use cid::Cid;
pub use code::Code;
pub use command::Command;
pub use decide::{Decision, Examination};
pub use decoded::Decoded;
pub use error::Fault;
pub use policy::Policy;
pub use signature::Signature;
pub use statement::{Statement, StatementId};
pub use time::Timestamp;
pub use verify::Verified;
pub use view::View;
