//! Which candidate names which key: one sorted list, built once per decision.

use super::Member;
use crate::key::RawKey;
use crate::statement::{Delegating, Grant, Invoking, Statement};

/// How a candidate names a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Names {
    /// It is an operator token about this key.
    OperatorSubject,
    /// It is an operator token that lists this key.
    OperatorSigner,
    /// It is an operator token that continues the one of this statement id.
    OperatorPrevious,
    /// It is an account token about this key.
    AccountSubject,
    /// It is an account token that lists this key.
    AccountSigner,
    /// It is a module or provider token about this key.
    CodeSubject,
    /// It is the UCAN of this CID.
    Cid,
    /// It is a UCAN that takes back the one of this CID.
    Revokes,
}

/// Candidates by the keys they name.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// Sorted by what is named, then by the candidate's statement id and only then by its
    /// position, so that no answer depends on the order in which tokens were supplied.
    entries: Vec<((Names, RawKey), usize)>,
}

impl Index {
    pub(crate) fn of<T: Statement>(members: &[Member<T>]) -> Self {
        let mut entries = Vec::with_capacity(members.len().saturating_mul(4));
        for (index, member) in members.iter().enumerate() {
            let mut name = |names, key: &RawKey| entries.push(((names, *key), index));
            match member.content().grant() {
                Grant::Operator { subject, signers, succession, .. } => {
                    name(Names::OperatorSubject, subject.raw());
                    if let Some(previous) = succession.and_then(|claim| claim.terms().prev) {
                        // Both are 32 bytes, and `Names` keeps them apart.
                        name(Names::OperatorPrevious, &RawKey::new(*previous.as_bytes()));
                    }
                    signers.iter().for_each(|key| name(Names::OperatorSigner, key.raw()));
                }
                Grant::Account { subject, signers, .. } => {
                    name(Names::AccountSubject, subject.raw());
                    signers.iter().for_each(|key| name(Names::AccountSigner, key.raw()));
                }
                Grant::Code { subject, .. } => name(Names::CodeSubject, subject.raw()),
                Grant::Delegation(Delegating { aliases, .. }) => {
                    // A digest has 32 bytes too, and `Names` keeps them apart.
                    aliases.iter().for_each(|it| name(Names::Cid, &RawKey::new(*it.cid.digest())));
                }
                Grant::Invocation(Invoking { aliases, revokes, .. }) => {
                    aliases.iter().for_each(|it| name(Names::Cid, &RawKey::new(*it.cid.digest())));
                    revokes.iter().for_each(|cid| name(Names::Revokes, &RawKey::new(*cid.digest())));
                }
                Grant::Nothing { .. } => {}
            }
        }
        let place = |index: usize| (members.get(index).map(Member::id), index);
        entries.sort_unstable_by(|(a, at), (b, bt)| a.cmp(b).then_with(|| place(*at).cmp(&place(*bt))));
        Self { entries }
    }

    /// Returns the candidates that name `key` in this way, by their statement ids.
    pub(crate) fn find(&self, names: Names, key: &RawKey) -> impl Iterator<Item = usize> + use<'_> {
        let wanted = (names, *key);
        let start = self.entries.partition_point(|(named, _)| *named < wanted);
        self.from(start).take_while(move |(named, _)| *named == wanted).map(|(_, index)| *index)
    }

    /// Returns all candidates of a kind, by key and statement id.
    pub(crate) fn all(&self, names: Names) -> impl Iterator<Item = usize> + use<'_> {
        let start = self.entries.partition_point(|((how, _), _)| *how < names);
        self.from(start).take_while(move |((how, _), _)| *how == names).map(|(_, index)| *index)
    }

    fn from(&self, start: usize) -> impl Iterator<Item = &((Names, RawKey), usize)> {
        self.entries.get(start..).unwrap_or_default().iter()
    }
}
