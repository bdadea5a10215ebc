//! What `custody doctor` asks, and what it makes of the answers.
//!
//! | file | does |
//! |---|---|
//! | `probe.rs` | the statement that is signed to see whether a key signs, harmless wherever it ends up |
//! | `ask.rs`, `lanes.rs` | ask one place; ask many, so that one that hangs delays no other |
//! | `issued.rs` | what the realm says of a key: its largest statement, and what ends when |
//! | `judge.rs`, `faults.rs` | from answers and faults to findings |
//! | `finding.rs`, `shown.rs` | findings, and keys as they are shown |

mod ask;
mod faults;
mod finding;
mod issued;
mod judge;
mod lanes;
pub(crate) mod probe;
mod shown;

pub(crate) use issued::AllIssued;
pub(crate) use judge::{Checked, Sealing, Subject, differs, elsewhere, judge};
pub(crate) use lanes::{Job, ask_all};
pub(crate) use shown::{object, people, place};

#[cfg(test)]
mod tests;
