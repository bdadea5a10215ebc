//! Delegations as they are shown: one form for every command, for people and for programs.

use greatseal_core::Timestamp;
use greatseal_core::key::PublicKey;
use serde_json::{Value, json};

use super::{Book, Entry, State, Who, is_running, policy};
use crate::clock;
use crate::text;

impl Who<'_> {
    /// Returns a key for programs: its name, where it has one, and its DID.
    pub(crate) fn object(&self, key: &PublicKey) -> Value {
        json!({ "name": self.name(key), "did": key.to_string() })
    }
}

/// Returns a delegation for programs.
pub(crate) fn object(book: &Book, who: &Who<'_>, entry: &Entry) -> Value {
    let (state, why) = book.state(entry);
    let seconds = |at: Option<Timestamp>| at.map(Timestamp::as_secs);
    let last = if state.lives() { book.last(entry) } else { None };
    json!({
        "name": entry.name.as_str(),
        "file": entry.path.display().to_string(),
        "cid": entry.cid.to_string(),
        "from": who.object(&entry.issuer),
        "to": who.object(&entry.audience),
        "subject": entry.subject.map(|key| who.object(&key)),
        "command": entry.command.as_str(),
        "policy": policy(entry.content()).to_json(),
        "running_key": is_running(entry.content()),
        "starts": seconds(entry.validity().not_before),
        "expires": seconds(entry.expires()),
        "state": state.word(),
        "code": why.as_ref().map(|fault| fault.code().text()),
        "holds_until": seconds(last),
    })
}

/// Returns a delegation as a row of a table: from, to, command, subject, from when, until, state,
/// name.
pub(crate) fn row(book: &Book, who: &Who<'_>, entry: &Entry) -> [String; 8] {
    let at = |at: Option<Timestamp>, none: &str| at.map_or_else(|| none.to_owned(), clock::minute);
    [
        who.brief(&entry.issuer),
        who.brief(&entry.audience),
        entry.command.to_string(),
        entry.subject.map_or_else(|| "whatever it was given".into(), |key| who.brief(&key)),
        at(entry.validity().not_before, "at once"),
        at(entry.expires(), "never ends"),
        book.state(entry).0.word().into(),
        entry.name.to_string(),
    ]
}

/// The headings of [`row`].
pub(crate) const HEADINGS: [&str; 8] = ["from", "to", "command", "subject", "starts", "until", "state", "name"];

/// Says when a delegation ends, and that something above it ends first where that is so.
pub(crate) fn ends(book: &Book, entry: &Entry) -> String {
    let (state, why) = book.state(entry);
    match state {
        State::Current | State::Future => {}
        State::Expired | State::Revoked | State::Unheld | State::Invalid => {
            let why = why.map(|fault| format!(": {}", text::sentence(&fault))).unwrap_or_default();
            return format!("{}{why}", state.word());
        }
    }
    let (own, last) = (entry.expires(), book.last(entry));
    match last.filter(|last| own != Some(*last)) {
        Some(last) => format!("{}, but what it rests on ends at {}", entry.until(), clock::show(last)),
        None => entry.until(),
    }
}

/// Lists delegations line by line, a few words each.
pub(crate) fn lines(book: &Book, who: &Who<'_>, entries: &[&Entry], indent: &str) -> String {
    let line = |entry: &&Entry| {
        let (from, to) = (who.brief(&entry.issuer), who.brief(&entry.audience));
        format!("{indent}{from} → {to}  {}  {} [{}]\n", entry.command, ends(book, entry), entry.name)
    };
    entries.iter().map(line).collect()
}
