//! Histories before the real graph with model signatures: fast enough for millions of them.
//!
//! Signing and verifying take nearly all the time when histories are played with real keys. Here
//! the same [`greatseal_core::Examination`] decides, over members that core itself has verified;
//! what is saved is doing that anew for each history:
//!
//! - Tokens are slots: claims that say something else in every history. The signature of a slot
//!   is verified for real, by the slot's own key, when it says nothing yet.
//! - Deeds are real ones, signed and verified for real and kept: endorsements of the third
//!   token by the second key are the same bytes in every history.
//! - The log is a tree of stand-ins, in which an entry's hash follows from its place alone.
//!
//! So a key is the signer of what a history says it signed, as `FORMAT.md` has it. Reading, the
//! verification of signatures, and the choice of what is verified are tested with real ones.

mod deeds;
mod log;
mod scene;
mod slot;

pub use scene::{Model, Scene};
