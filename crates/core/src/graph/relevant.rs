//! Which candidates a decision can turn on: the others are never verified, however many come.

use std::collections::BTreeSet;

use super::index::{Index, Names};
use super::{Member, delegation};
use crate::anchor::Anchor;
use crate::deed::{Act, Deed};
use crate::key::RawKey;
use crate::statement::{Grant, Statement, StatementId};
use crate::view::View;

/// What there is beside tokens that makes more of them matter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope {
    /// There are deeds.
    pub(crate) deeds: bool,
    /// A log tells who came first.
    pub(crate) in_log: bool,
}

/// Marks the candidates, targets included, that decisions about `targets` can turn on.
///
pub(crate) fn relevant<T: Statement>(
    view: &View,
    index: &Index,
    members: &[Member<T>],
    scope: Scope,
    targets: impl IntoIterator<Item = usize>,
) -> Vec<bool> {
    let Scope { deeds, in_log } = scope;
    let mut marks = Marks { index, members, marks: vec![false; members.len()] };
    for target in targets {
        match marks.grant(target) {
            Some(Grant::Operator { subject, .. }) => marks.all(Names::OperatorSubject, subject.raw()),
            Some(Grant::Account { .. }) => marks.account(target),
            Some(Grant::Code { subject, .. }) => {
                // Rivals of the same subject, and every account that names the issuer; where a log
                // tells who came first, also of each rival.
                marks.all(Names::CodeSubject, subject.raw());
                marks.issuer(target);
                for rival in index.find(Names::CodeSubject, subject.raw()).filter(|_| in_log) {
                    marks.issuer(rival);
                }
            }
            Some(Grant::Delegation(_) | Grant::Invocation(_)) => {
                delegation::relevant(view, index, members, target).into_iter().for_each(|it| marks.one(it));
            }
            Some(Grant::Nothing { .. }) | None => marks.one(target),
        }
    }
    // Of operators only the trusted ones and what continues them: whatever else names a key
    // explains a denial, no more.
    for anchor in view.anchors() {
        match anchor {
            Anchor::Operator(key) => marks.all(Names::OperatorSubject, key.raw()),
            Anchor::OperatorToken { subject, .. } => {
                marks.all(Names::OperatorSubject, subject.raw());
                index.find(Names::OperatorSubject, subject.raw()).for_each(|token| marks.descendants(token));
            }
            Anchor::AccountToken { subject, .. } => marks.all(Names::AccountSubject, subject.raw()),
            // Without a countersignature its listings say nothing.
            Anchor::Account(key) if deeds => marks.all(Names::AccountSubject, key.raw()),
            Anchor::Account(_) | Anchor::Root(_) | Anchor::Subject => {}
        }
    }
    marks.marks
}

/// Marks the deeds that bear on the marked candidates.
///
/// Endorsements and countersignatures of them, and what anybody revoked who signed any of these,
/// is listed as an operator's signing key, or is an anchor.
pub(crate) fn relevant_deeds<T: Statement>(
    view: &View,
    members: &[Member<T>],
    marks: &[bool],
    deeds: &[Member<Deed>],
) -> Vec<bool> {
    if deeds.is_empty() {
        return Vec::new();
    }
    let mut statements: BTreeSet<StatementId> = BTreeSet::new();
    let mut keys: BTreeSet<RawKey> = view.anchors().iter().filter_map(Anchor::raw).collect();
    for (member, _) in members.iter().zip(marks).filter(|(_, marked)| **marked) {
        keys.extend(member.content().signer().ed25519());
        statements.insert(member.id());
        if let Grant::Operator { signers, .. } = member.content().grant() {
            keys.extend(signers.iter().map(|key| *key.raw()));
        }
    }
    let supports = |deed: &Deed| match &deed.act {
        Act::Endorse(of) | Act::Countersign(of) => statements.contains(of),
        Act::Revoke(_) => false,
    };
    for member in deeds.iter().filter(|member| supports(member.content())) {
        keys.extend(member.content().signer().ed25519());
    }
    let revokes = |deed: &Deed| {
        matches!(deed.act, Act::Revoke(_)) && deed.signer().ed25519().is_some_and(|signer| keys.contains(signer))
    };
    deeds.iter().map(|member| supports(member.content()) || revokes(member.content())).collect()
}

struct Marks<'i, T> {
    index: &'i Index,
    members: &'i [Member<T>],
    marks: Vec<bool>,
}

impl<'i, T: Statement> Marks<'i, T> {
    fn grant(&self, index: usize) -> Option<Grant<'i>> {
        self.members.get(index).map(|member| member.content().grant())
    }

    /// Marks every token of an account: the first brings all of them.
    fn account(&mut self, token: usize) {
        if let Some(Grant::Account { subject, .. }) = self.grant(token)
            && !self.has(token)
        {
            self.all(Names::AccountSubject, subject.raw());
        }
    }

    /// Marks every account that names the issuer of a module.
    fn issuer(&mut self, code: usize) {
        let Some(Grant::Code { issuer, .. }) = self.grant(code) else { return };
        for names in [Names::AccountSubject, Names::AccountSigner] {
            let index = self.index;
            index.find(names, issuer.raw()).for_each(|token| self.account(token));
        }
    }

    /// Marks the tokens that continue an operator token, and so on.
    fn descendants(&mut self, token: usize) {
        // Ids may lead in a circle where nobody has checked anything yet.
        let mut visited = BTreeSet::new();
        let mut pending = vec![token];
        while let Some(token) = pending.pop() {
            let Some(member) = self.members.get(token) else { continue };
            if visited.insert(token) {
                self.one(token);
                let id = RawKey::new(*member.id().as_bytes());
                pending.extend(self.index.find(Names::OperatorPrevious, &id));
            }
        }
    }

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
