//! Which candidates a decision can turn on: the others are never verified, however many come.

use super::Member;
use super::index::{Index, Names};
use crate::anchor::Anchor;
use crate::key::RawKey;
use crate::statement::{Grant, Statement};
use crate::view::View;

/// Marks the candidates, targets included, that decisions about `targets` can turn on.
pub(crate) fn relevant<T: Statement>(
    view: &View,
    index: &Index,
    members: &[Member<T>],
    targets: impl IntoIterator<Item = usize>,
) -> Vec<bool> {
    let mut marks = Marks { index, marks: vec![false; members.len()] };
    let grant = |index: usize| members.get(index).map(|member| member.content().grant());
    // The first of an account's tokens brings all of them; another mark is never an account's.
    let account = |marks: &mut Marks<'_>, token: usize| {
        if let Some(Grant::Account { subject, .. }) = grant(token)
            && !marks.has(token)
        {
            marks.all(Names::AccountSubject, subject.raw());
        }
    };
    for target in targets {
        match grant(target) {
            Some(Grant::Operator { subject, .. }) => marks.all(Names::OperatorSubject, subject.raw()),
            Some(Grant::Account { .. }) => account(&mut marks, target),
            Some(Grant::Code { issuer, subject }) => {
                // Rivals of the same subject, and every account that names the issuer.
                marks.all(Names::CodeSubject, subject.raw());
                for names in [Names::AccountSubject, Names::AccountSigner] {
                    index.find(names, issuer.raw()).for_each(|token| account(&mut marks, token));
                }
            }
            Some(Grant::Nothing { .. }) | None => marks.one(target),
        }
    }
    // Of operators only the trusted ones: whatever else names a key explains a denial, no more.
    for anchor in view.anchors() {
        match anchor {
            Anchor::Operator(key) | Anchor::OperatorToken { subject: key, .. } => {
                marks.all(Names::OperatorSubject, key.raw());
            }
            Anchor::AccountToken { subject, .. } => marks.all(Names::AccountSubject, subject.raw()),
            Anchor::Account(_) => {}
        }
    }
    marks.marks
}

struct Marks<'i> {
    index: &'i Index,
    marks: Vec<bool>,
}

impl Marks<'_> {
    fn one(&mut self, candidate: usize) {
        if let Some(mark) = self.marks.get_mut(candidate) {
            *mark = true;
        }
    }

    fn all(&mut self, names: Names, key: &RawKey) {
        let index = self.index;
        index.find(names, key).for_each(|candidate| self.one(candidate));
    }

    fn has(&self, candidate: usize) -> bool {
        self.marks.get(candidate).copied().unwrap_or(false)
    }
}
