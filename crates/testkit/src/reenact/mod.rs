//! Histories over abstract keys, played with real keys, tokens and deeds before the real verifier.
//!
//! Keys follow from their names. An instant in days becomes whole seconds after [`BEGINNING`]. In
//! wascap tokens a key is always spelled as an nkey, because they know no other spelling; deeds
//! spell `did:K` as a `did:key`.

mod log;
mod stage;
mod text;

pub(crate) use log::foreign;
pub use stage::{Answer, BEGINNING, Lesson, Stage};
pub(crate) use text::seconds;
