//! The rules of succession as a slow and obvious reference over abstract keys.
//!
//! It follows `SUCCESSION.md` and `vectors/succession/FORMAT.md` and shares nothing with the verifier, so
//! that the two can be held against each other. Numbers in the code are those of the rules. Everything is
//! computed again for every question. Where the texts leave a choice, the code says which reading it takes,
//! and [`readings`] holds histories that show it.

mod account;
mod hearing;
mod history;
mod key;
mod module;
mod operator;
pub mod random;
pub mod readings;
mod revocation;
pub mod script;
pub mod theft;
mod time;
mod verdict;

pub use history::{
    Account, Anchor, Claim, Expect, History, Mode, Module, Operator, Query, Revocation, Statement, Support, Survivors,
    Target, Terms,
};
pub use key::{Key, Role};
pub use time::{Time, Times};
pub use verdict::{Reason, Verdict};

use hearing::{Hearing, future};

/// Answers whether the statement of an id may be relied on.
///
/// Total: whatever is in the history, it answers, and what it does not know it denies.
#[must_use]
pub fn answer(history: &History, query: &str) -> Verdict {
    match judge(history, query) {
        Ok(()) => Verdict::Allow,
        Err(reason) => Verdict::Deny(reason),
    }
}

fn judge(history: &History, query: &str) -> Result<(), Reason> {
    let statement = history.statement(query).ok_or(Reason::Unlisted)?;
    // Rule 11.
    if future(statement, history.now) {
        return Err(Reason::Future);
    }
    let hearing = Hearing::new(history, query);
    match statement {
        Statement::Operator(token) => operator::judge(&hearing, token),
        Statement::Account(listing) => account::judge(&hearing, listing),
        Statement::Module(module) => module::judge(&hearing, module),
        // These support or take back; nobody relies on one by itself.
        Statement::Endorsement(_) | Statement::Countersignature(_) | Statement::Revocation(_) => Err(Reason::Unlisted),
    }
}
