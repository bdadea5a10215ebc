//! Which candidates a decision can turn on: the others are never verified, however many come.

use std::collections::BTreeSet;

use super::index::{Index, Names};
use crate::anchor::Anchor;
use crate::key::RawKey;
use crate::statement::{Grant, Statement};
use crate::view::View;

/// Returns the candidates, targets included, that decisions about `targets` can turn on.
pub(crate) fn relevant<'a, T: Statement + 'a>(
    view: &View,
    index: &Index,
    content: impl Fn(usize) -> Option<&'a T>,
    targets: impl IntoIterator<Item = usize>,
) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut accounts = BTreeSet::new();
    for target in targets {
        found.insert(target);
        match content(target).map(Statement::grant) {
            Some(Grant::Operator { subject, .. }) => {
                found.extend(index.find(Names::OperatorSubject, subject.raw()));
            }
            Some(Grant::Account { subject, .. }) => {
                accounts.insert(*subject.raw());
            }
            Some(Grant::Code { issuer, subject }) => {
                // Rivals of the same subject, and every account that names the issuer.
                found.extend(index.find(Names::CodeSubject, subject.raw()));
                let named = index
                    .find(Names::AccountSubject, issuer.raw())
                    .chain(index.find(Names::AccountSigner, issuer.raw()));
                accounts.extend(named.filter_map(|named| account_of(content(named))));
            }
            Some(Grant::Nothing { .. }) | None => {}
        }
    }
    for account in &accounts {
        found.extend(index.find(Names::AccountSubject, account));
    }
    // Of operators only the trusted ones: whatever else names a key explains a denial, no more.
    for anchor in view.anchors() {
        match anchor {
            Anchor::Operator(key) | Anchor::OperatorToken { subject: key, .. } => {
                found.extend(index.find(Names::OperatorSubject, key.raw()));
            }
            Anchor::AccountToken { subject, .. } => {
                found.extend(index.find(Names::AccountSubject, subject.raw()));
            }
            Anchor::Account(_) => {}
        }
    }
    found
}

fn account_of<T: Statement>(content: Option<&T>) -> Option<RawKey> {
    match content?.grant() {
        Grant::Account { subject, .. } => Some(*subject.raw()),
        Grant::Operator { .. } | Grant::Code { .. } | Grant::Nothing { .. } => None,
    }
}
