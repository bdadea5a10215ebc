//! What a UCAN service needs at run time.
//!
//! ```text
//! call    Wallet: delegations in a folder ─route─► invocation, signed by the running key ─► container
//! serve   container ─► Gate: audience, chain, revocations, replay, record ─► Allowed, or a refusal
//! ```
//!
//! A service has a stable identity whose private half is not here: it delegates to a
//! [`RunningKey`](greatseal_custody::RunningKey) that lives in this process alone and is replaced
//! while the service runs. Others address, configure and delegate to the identity.
//!
//! Time is an argument everywhere; [`clock`] is the one place that reads it. Folders are looked at
//! again when they are needed and a second has passed, so nothing here starts a thread.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a running service keeps files and draws nonces; the ban is for the rooms that decide"
)]

pub mod clock;
mod fault;
mod folder;
mod gate;
#[cfg(feature = "axum")]
pub mod http;
mod material;
pub mod record;
mod refusal;
pub mod replay;
pub mod request;
pub mod revocations;
mod wallet;

pub use fault::ServiceFault;
pub use folder::{Report, Unreadable};
pub use gate::{Allowed, Gate};
pub use refusal::Refusal;
pub use wallet::{Call, Envelope, Holding, Rotation, Wallet};
