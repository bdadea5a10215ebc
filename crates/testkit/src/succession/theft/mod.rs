//! "What a thief gets": the table of `SUCCESSION.md`, as histories and as games that can be asked of any verifier.

pub mod games;
pub mod promises;
pub mod rows;

use super::script::Script;
use super::{Anchor, Expect, History, Key, Mode, Query, Terms, Time};

/// The identity in office.
pub const IDENTITY: &str = "I1";
/// The next identity, to which the pinned token commits.
pub const NEXT: &str = "I2";
/// The pinned token.
pub const PIN: &str = "T0";
/// The signing key that a thief's operator token lists.
const THIEFS: &str = "Sx";
/// The signing key that the owner adds when healing.
const HEALERS: &str = "Sn";

/// A realm as `operator create` makes it, but for the number of its signing keys.
#[derive(Clone, Copy, Debug)]
pub struct Realm {
    /// How many signing keys: one to five in the table's tests.
    pub signing_keys: usize,
}

impl Realm {
    /// Returns the signing keys.
    #[must_use]
    pub fn signers(self) -> Vec<String> {
        (1..=self.signing_keys).map(|number| format!("S{number}")).collect()
    }

    /// Returns as many signing keys as are a quorum.
    #[must_use]
    pub fn quorum(self) -> Vec<String> {
        self.signers().into_iter().take(self.threshold()).collect()
    }

    /// Returns how many signing keys are a quorum: just more than half.
    #[must_use]
    pub const fn threshold(self) -> usize {
        self.signing_keys / 2 + 1
    }

    /// Returns every key that can be stolen: both identities, then the signing keys.
    #[must_use]
    pub fn keys(self) -> Vec<String> {
        joined(&[IDENTITY, NEXT], &self.signers())
    }

    /// Writes the pinned token.
    pub(super) fn founded(self) -> Script {
        let mut script = Script::default();
        script.operator(PIN, IDENTITY, &self.signers(), Some(terms(0, None, self.signing_keys, NEXT)));
        script
    }
}

/// Returns names and names.
pub(super) fn joined(some: &[&str], others: &[String]) -> Vec<String> {
    some.iter().map(|&name| name.to_owned()).chain(others.iter().cloned()).collect()
}

/// Returns the terms with which operators are created.
pub(super) fn terms(seq: i64, prev: Option<&str>, signers: usize, next: &str) -> Terms {
    Terms {
        seq,
        prev: prev.map(str::to_owned),
        threshold: i64::try_from(signers / 2 + 1).unwrap_or(i64::MAX),
        next: Some(Key::from(next)),
        pair: true,
        accounts: Some("countersigned".to_owned()),
    }
}

/// Writes a successor of the pinned token and its endorsements.
pub(super) fn succeed(
    script: &mut Script,
    id: &str,
    issuer: &str,
    signers: &[String],
    next: &str,
    endorsers: &[String],
) {
    let token = script.operator(id, issuer, signers, Some(terms(1, Some(PIN), signers.len(), next)));
    for endorser in endorsers {
        script.endorse(endorser, &token);
    }
}

/// Writes the thief's operator token, and an account under it, `LX`.
fn seize(script: &mut Script, issuer: &str, endorsers: &[String]) {
    succeed(script, "X", issuer, &joined(&[THIEFS], &[]), "I9", endorsers);
    list(script, "LX", THIEFS, "A9", &[]);
}

/// Writes a listing, countersigned by its identity and by every key that it lists.
pub(super) fn list(script: &mut Script, id: &str, issuer: &str, account: &str, signers: &[&str]) {
    let listing = script.account(id, issuer, account, &joined(signers, &[]));
    for hand in [account].iter().chain(signers) {
        script.countersign(hand, &listing);
    }
}

/// Tells everything written to a verifier that pins the first token, and asks.
pub(super) fn asked(script: &Script, mode: Mode, title: &str, queries: &[(&str, Expect)]) -> History {
    let pin = Anchor::Token(PIN.to_owned());
    let mut history = script.clone().told(mode, pin, script.clock().plus(Time::DAY));
    history.id = format!("{title} ({mode:?})");
    history.title = title.to_owned();
    history.queries =
        queries.iter().map(|(id, expect)| Query { id: (*id).to_owned(), expect: *expect, reason: None }).collect();
    history
}
