//! What the realm knows of UCANs: who was given what by whom, and how it stands.
//!
//! | file | says |
//! |---|---|
//! | `codec.rs` | how a token lies in a file, and what stands in it for people |
//! | `book.rs` | every delegation of the realm, and how each stands at an instant |
//! | `shown.rs` | delegations for people and programs |
//! | `who.rs` | names for keys, and keys for names |
//! | `span.rs` | how long, and from when to when |

mod book;
mod codec;
pub(crate) mod shown;
mod span;
mod who;

pub(crate) use book::{Book, Entry, State};
pub(crate) use codec::{Grant, Purpose, container, is_running, made_at, policy, read_policy, revocation};
pub(crate) use span::{Series, Span, Window, must_be_open};
pub(crate) use who::{Who, of_command, slug};
