//! Everything that is refused here and let through elsewhere, one named test each: the flaw with
//! its code, and next to it the same thing without the flaw, which is allowed.
//!
//! `docs/formats/wascap.md` lists what the published wascap 0.16.2 accepts; where it does, the
//! test says so by asking it. Provider archives have theirs in `tests/archives`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a flood is measured by the clock")]

mod anchors;
mod authority;
mod encoding;
mod flood;
mod freshness;
mod issuers;
mod modules;
mod peer;
mod relaxed;
mod reuse;
mod signatures;
