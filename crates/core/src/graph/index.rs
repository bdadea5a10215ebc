//! Which candidate names which key: one sorted list, built once per decision.

use core::cmp::Ordering;

use super::Member;
use crate::key::RawKey;
use crate::statement::{Grant, Statement};

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
    /// Sorted by what is named, then by the candidate's statement id and only then by its
    /// position, so that no answer depends on the order in which tokens were supplied.
    entries: Vec<(Named, usize)>,
}

/// A key and how it is named.
#[derive(Clone, Copy, Debug)]
struct Named {
    names: Names,
    /// How the key begins: nearly always enough to tell two keys apart, and quicker.
    head: u64,
    key: RawKey,
}

impl Named {
    fn new(names: Names, key: &RawKey) -> Self {
        Self { names, head: key.as_bytes().first_chunk().map_or(0, |head| u64::from_be_bytes(*head)), key: *key }
    }

    fn order(&self, other: &Self) -> Ordering {
        (self.names, self.head).cmp(&(other.names, other.head)).then_with(|| self.key.cmp(&other.key))
    }
}

impl Index {
    pub(crate) fn of<T: Statement>(members: &[Member<T>]) -> Self {
        let mut entries = Vec::with_capacity(members.len().saturating_mul(4));
        for (index, member) in members.iter().enumerate() {
            let mut name = |names, key| entries.push((Named::new(names, key), index));
            match member.content().grant() {
                Grant::Operator { subject, signers, .. } => {
                    name(Names::OperatorSubject, subject.raw());
                    signers.iter().for_each(|key| name(Names::OperatorSigner, key.raw()));
                }
                Grant::Account { subject, signers, .. } => {
                    name(Names::AccountSubject, subject.raw());
                    signers.iter().for_each(|key| name(Names::AccountSigner, key.raw()));
                }
                Grant::Code { subject, .. } => name(Names::CodeSubject, subject.raw()),
                Grant::Nothing { .. } => {}
            }
        }
        let id = |index: usize| members.get(index).map(Member::id);
        entries.sort_unstable_by(|(a, at), (b, bt)| a.order(b).then_with(|| (id(*at), at).cmp(&(id(*bt), bt))));
        Self { entries }
    }

    /// Returns the candidates that name `key` in this way, by their statement ids.
    pub(crate) fn find(&self, names: Names, key: &RawKey) -> impl Iterator<Item = usize> + use<'_> {
        let wanted = Named::new(names, key);
        let start = self.entries.partition_point(|(named, _)| named.order(&wanted).is_lt());
        self.from(start).take_while(move |(named, _)| named.order(&wanted).is_eq()).map(|(_, index)| *index)
    }

    /// Returns all candidates of a kind, by key and statement id.
    pub(crate) fn all(&self, names: Names) -> impl Iterator<Item = usize> + use<'_> {
        let start = self.entries.partition_point(|(named, _)| named.names < names);
        self.from(start).take_while(move |(named, _)| named.names == names).map(|(_, index)| *index)
    }

    fn from(&self, start: usize) -> impl Iterator<Item = &(Named, usize)> {
        self.entries.get(start..).unwrap_or_default().iter()
    }
}
