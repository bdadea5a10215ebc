//! Which candidate names which key: one sorted list, built once per decision.

use crate::key::RawKey;
use crate::statement::{Grant, Statement, StatementId};

/// How a candidate names a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Names {
    /// It is an operator token about this key.
    OperatorSubject,
    /// It is an operator token that lists this key.
    OperatorSigner,
    /// It is an account token about this key.
    AccountSubject,
    /// It is an account token that lists this key.
    AccountSigner,
    /// It is a module or provider token about this key.
    CodeSubject,
}

/// Candidates by the keys they name.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// Sorted; the statement's id comes before its position, so that no answer depends on the
    /// order in which tokens were supplied.
    entries: Vec<(Names, RawKey, StatementId, usize)>,
}

impl Index {
    pub(crate) fn of<'a, T: Statement + 'a>(contents: impl Iterator<Item = (&'a T, StatementId)>) -> Self {
        let mut entries = Vec::with_capacity(contents.size_hint().0.saturating_mul(4));
        for (index, (content, id)) in contents.enumerate() {
            match content.grant() {
                Grant::Operator { subject, signers, .. } => {
                    entries.push((Names::OperatorSubject, *subject.raw(), id, index));
                    entries.extend(signers.iter().map(|key| (Names::OperatorSigner, *key.raw(), id, index)));
                }
                Grant::Account { subject, signers, .. } => {
                    entries.push((Names::AccountSubject, *subject.raw(), id, index));
                    entries.extend(signers.iter().map(|key| (Names::AccountSigner, *key.raw(), id, index)));
                }
                Grant::Code { subject, .. } => entries.push((Names::CodeSubject, *subject.raw(), id, index)),
                Grant::Nothing { .. } => {}
            }
        }
        entries.sort_unstable();
        Self { entries }
    }

    /// Returns the candidates that name `key` in this way, by their statement ids.
    pub(crate) fn find(&self, names: Names, key: &RawKey) -> impl Iterator<Item = usize> + use<'_> {
        let wanted = (names, *key);
        let start = self.entries.partition_point(|entry| (entry.0, entry.1) < wanted);
        self.entries
            .get(start..)
            .unwrap_or_default()
            .iter()
            .take_while(move |entry| (entry.0, entry.1) == wanted)
            .map(|entry| entry.3)
    }

    /// Returns all candidates of a kind, by key and statement id.
    pub(crate) fn all(&self, names: Names) -> impl Iterator<Item = usize> + use<'_> {
        let start = self.entries.partition_point(|entry| entry.0 < names);
        self.entries
            .get(start..)
            .unwrap_or_default()
            .iter()
            .take_while(move |entry| entry.0 == names)
            .map(|entry| entry.3)
    }
}
