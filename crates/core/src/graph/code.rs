//! Modules and providers: which account vouches for them.

use std::collections::BTreeSet;

use super::account::AccountSide;
use super::index::Names;
use super::{Graph, Voice};
use crate::anchor::Anchor;
use crate::decide::{Allow, Failure};
use crate::error::ChainFault;
use crate::key::{Account, Key, Nkey, Role};
use crate::statement::{Grant, Statement};
use crate::view::Standing;

impl<T: Statement> Graph<'_, T> {
    /// Decides about a module's or provider's token.
    pub(super) fn decide_code(&self, target: usize, issuer: Nkey, subject: Nkey) -> Result<Allow, Vec<Failure>> {
        // What is wrong with the token alone comes first: no chain can mend it.
        let alone = |fault: ChainFault| Err(vec![self.failure(target, fault, 9)]);
        if issuer.raw() == subject.raw() {
            return alone(ChainFault::SelfIssued { subject });
        }
        let Ok(issuing) = Key::<Account>::try_from(issuer) else {
            return alone(ChainFault::CodeIssuer { subject, issuer, problem: "no account key" });
        };
        match self.voice(target) {
            Ok(Voice { standing: Standing::Expired(fault), .. }) => return Err(vec![self.failure(target, fault, 9)]),
            Ok(_) => {}
            Err(fault) => return Err(vec![self.failure(target, fault, 9)]),
        }

        let (sides, mut failures) = self.accounts_of(target, issuing, subject);
        let side = match self.one_account(&sides, issuing) {
            Ok(Some(side)) => side,
            Ok(None) => {
                if failures.is_empty() {
                    failures.push(self.no_account(target, issuer, subject));
                }
                return Err(failures);
            }
            Err(fault) => return alone(fault),
        };
        if let Some(newer) = self.newer(target, side, subject) {
            return Err(self.superseded(target, newer, subject, 9).into_iter().collect());
        }
        let mut foundation = side.foundation();
        if let Err(fault) = self.unmixed(side, Some(subject), &mut foundation) {
            return Err(vec![self.failure(target, fault, 9)]);
        }
        Ok(self.allow(side.path().chain([target]), &foundation))
    }

    /// Finds the accounts for which the issuing key speaks, and why others do not count.
    fn accounts_of(&self, target: usize, issuing: Key<Account>, subject: Nkey) -> (Vec<AccountSide<'_>>, Vec<Failure>) {
        let mut accounts = BTreeSet::new();
        let named = self
            .index
            .find(Names::AccountSubject, issuing.raw())
            .chain(self.index.find(Names::AccountSigner, issuing.raw()));
        for candidate in named {
            if let Some(Grant::Account { subject, .. }) = self.grant(candidate) {
                accounts.insert(subject);
            }
        }
        // A trusted account needs no token to speak by its own key.
        let anchored = self.view.anchors().iter().any(|anchor| anchor == &Anchor::Account(issuing));
        if anchored {
            accounts.insert(issuing);
        }
        let mut sides = Vec::new();
        let mut failures = Vec::new();
        for account in accounts {
            for side in self.account_sides(account) {
                match side {
                    Ok(side) if side.speaks_by(issuing.raw()) => sides.push(side),
                    Ok(side) => {
                        let problem = match side.token() {
                            Some(_) => "no current signing key of its account",
                            None => "not the account key that is trusted",
                        };
                        let fault = ChainFault::CodeIssuer { subject, issuer: issuing.nkey(), problem };
                        failures.push(self.failure(target, fault, 6));
                    }
                    Err(failure) => failures.push(failure),
                }
            }
        }
        (sides, failures)
    }

    /// Picks the account a key speaks for: its own, or the only one that lists it.
    fn one_account<'s, 'g>(
        &self,
        sides: &'s [AccountSide<'g>],
        issuing: Key<Account>,
    ) -> Result<Option<&'s AccountSide<'g>>, ChainFault> {
        if let Some(own) = sides.iter().find(|side| side.identity() == &issuing) {
            return Ok(Some(own));
        }
        let mut sides = sides.iter();
        let Some(first) = sides.next() else {
            return Ok(None);
        };
        match sides.find(|side| side.identity() != first.identity()) {
            Some(second) => Err(ChainFault::Ambiguous {
                key: issuing.nkey(),
                first: first.identity().nkey(),
                second: second.identity().nkey(),
            }),
            None => Ok(Some(first)),
        }
    }

    /// Finds a newer token of the same subject by the same account's side.
    fn newer(&self, target: usize, side: &AccountSide<'_>, subject: Nkey) -> Option<usize> {
        let own = self.members.get(target)?.content().issued_at();
        self.index.find(Names::CodeSubject, subject.raw()).find(|candidate| {
            let Some(Grant::Code { issuer, subject: other }) = self.grant(*candidate) else {
                return false;
            };
            issuer.role() == Role::Account
                && other == subject
                && side.speaks_by(issuer.raw())
                && self.voice(*candidate).is_ok_and(|voice| voice.verified.content().issued_at() > own)
        })
    }

    fn no_account(&self, target: usize, issuer: Nkey, subject: Nkey) -> Failure {
        let fault = if self.index.all(Names::AccountSubject).next().is_none() {
            ChainFault::Incomplete { role: Role::Account, key: issuer }
        } else {
            ChainFault::CodeIssuer { subject, issuer, problem: "a key of no account at hand" }
        };
        self.failure(target, fault, 0)
    }
}
