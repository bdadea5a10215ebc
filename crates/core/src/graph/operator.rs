//! Operators: which token of a trusted one speaks, and whom it lists.

use super::index::Names;
use super::{Graph, Voice, common, listed};
use crate::anchor::{Anchor, Anchored};
use crate::decide::{Allow, Failure, Foundation, Notice};
use crate::error::{ChainFault, Fault};
use crate::key::{Account, Key, Nkey, Operator, RawKey, Role};
use crate::statement::{Grant, Statement};
use crate::view::Standing;

/// How near to an allow a failure was, nearest last: which of several is told first.
mod closeness {
    /// Nothing that leads anywhere is at hand.
    pub(super) const STRANGER: u8 = 1;
    /// A trusted operator is at hand and does not name the issuer.
    pub(super) const TRUSTED: u8 = 2;
    /// An operator at hand names the issuer.
    pub(super) const NAMED: u8 = 3;
}

/// A trusted operator, as its current tokens speak.
#[derive(Debug)]
pub(super) struct OperatorSide {
    identity: Key<Operator>,
    /// The current tokens: several only when they are of the same second.
    tokens: Vec<usize>,
    /// Sorted, so that listings of hundreds are searched quickly.
    signers: Vec<RawKey>,
    anchored: Anchored,
    notices: Vec<Notice>,
}

impl OperatorSide {
    pub(super) fn token(&self) -> Option<usize> {
        self.tokens.first().copied()
    }

    pub(super) fn anchored(&self) -> Anchored {
        self.anchored
    }

    pub(super) fn notices(&self) -> &[Notice] {
        &self.notices
    }

    pub(super) fn identity(&self) -> &Key<Operator> {
        &self.identity
    }

    fn lists(&self, key: &RawKey) -> bool {
        self.signers.binary_search(key).is_ok()
    }

    /// Returns how the operator itself uses this raw key, if it does.
    pub(super) fn use_of(&self, key: &RawKey) -> Option<Nkey> {
        (self.identity.raw() == key || self.lists(key)).then(|| Nkey::new(Role::Operator, *key))
    }
}

impl<'a, T: Statement> Graph<'a, T> {
    /// Finds out how each trusted operator speaks.
    pub(super) fn operator_sides(&self) -> Vec<Result<OperatorSide, Failure>> {
        let mut sides: Vec<Result<OperatorSide, Failure>> = Vec::new();
        for anchor in self.view.anchors() {
            let (identity, pinned) = match anchor {
                Anchor::Operator(key) => (*key, None),
                Anchor::OperatorToken { id, subject } => (*subject, Some(*id)),
                Anchor::Account(_) | Anchor::AccountToken { .. } => continue,
            };
            let candidates = self.index.find(Names::OperatorSubject, identity.raw()).filter(|candidate| {
                pinned.is_none_or(|id| self.members.get(*candidate).is_some_and(|member| member.id() == id))
            });
            sides.push(self.operator_side(identity, anchor.anchored(), candidates));
        }
        sides
    }

    fn operator_side(
        &self,
        identity: Key<Operator>,
        anchored: Anchored,
        candidates: impl Iterator<Item = usize>,
    ) -> Result<OperatorSide, Failure> {
        let mut current: Vec<(usize, Voice<'a, T>)> = Vec::new();
        let mut failure = None;
        for candidate in candidates {
            match self.operator_voice(candidate) {
                Ok(voice) => {
                    let newest = current.first().map(|(_, voice)| voice.verified.content().issued_at());
                    let issued_at = voice.verified.content().issued_at();
                    if newest.is_some_and(|newest| issued_at < newest) {
                        continue;
                    }
                    if newest.is_some_and(|newest| issued_at > newest) {
                        current.clear();
                    }
                    current.push((candidate, voice));
                }
                Err(fault) => {
                    failure.get_or_insert_with(|| self.failure(candidate, fault, closeness::TRUSTED));
                }
            }
        }
        if current.is_empty() {
            return Err(failure.unwrap_or(Failure {
                fault: ChainFault::Incomplete { role: Role::Operator, key: identity.nkey() }.into(),
                statement: None,
                subject: Some(identity.nkey()),
                closeness: 0,
            }));
        }
        let mut side =
            OperatorSide { identity, tokens: Vec::new(), signers: Vec::new(), anchored, notices: Vec::new() };
        for (candidate, voice) in current {
            if let Standing::Expired(fault) = voice.standing {
                return Err(self.failure(candidate, fault, closeness::TRUSTED));
            }
            let listed = listed(voice.verified.content());
            side.signers = if side.tokens.is_empty() { listed } else { common(&side.signers, &listed) };
            side.tokens.push(candidate);
        }
        // Each lists some; all of them may still list none in common.
        if let Some(token) = side.token().filter(|_| side.signers.is_empty())
            && self.view.policy().requires_separation()
        {
            let fault = ChainFault::NoSigners { operator: identity.nkey() };
            return Err(self.failure(token, fault, closeness::TRUSTED));
        }
        if side.signers.is_empty() {
            side.notices.push(Notice::OperatorWithoutSigners { operator: identity.nkey() });
        } else if side.lists(identity.raw()) {
            side.notices.push(Notice::OperatorListsIdentity { operator: identity.nkey() });
        }
        Ok(side)
    }

    /// Checks what an operator token has to be in order to be there at all.
    fn operator_voice(&self, candidate: usize) -> Result<Voice<'a, T>, Fault> {
        let Some(Grant::Operator { issuer, subject, .. }) = self.grant(candidate) else {
            return Err(ChainFault::NoRule { what: "other" }.into());
        };
        let operator = subject.nkey();
        // Under every policy: else anybody could make a token that speaks for this operator.
        if issuer != operator {
            return Err(ChainFault::NotSelfIssued { operator, issuer }.into());
        }
        let voice = self.voice(candidate)?;
        self.separated(candidate)?;
        Ok(voice)
    }

    /// Checks that an operator token keeps identity and signing keys apart, where the policy asks for it.
    fn separated(&self, candidate: usize) -> Result<(), ChainFault> {
        if let Some(Grant::Operator { subject, signers, .. }) = self.grant(candidate)
            && self.view.policy().requires_separation()
        {
            let operator = subject.nkey();
            if signers.is_empty() {
                return Err(ChainFault::NoSigners { operator });
            }
            if signers.iter().any(|key| key.raw() == subject.raw()) {
                return Err(ChainFault::ListsIdentity { operator });
            }
        }
        Ok(())
    }

    /// Finds the one trusted operator under which `issuer` may issue this account.
    pub(super) fn parent(
        &self,
        account_token: usize,
        issuer: Nkey,
        account: Key<Account>,
    ) -> Result<&OperatorSide, Failure> {
        let account = account.nkey();
        if issuer.role() != Role::Operator {
            let fault = ChainFault::AccountIssuerRole { account, issuer };
            return Err(self.failure(account_token, fault, closeness::NAMED));
        }
        let mut parent: Option<&OperatorSide> = None;
        let mut closest: Option<Failure> = None;
        let mut consider = |failure: Failure| {
            if closest.as_ref().is_none_or(|closest| closest.closeness < failure.closeness) {
                closest = Some(failure);
            }
        };
        for side in &self.sides {
            match side {
                Ok(side) if self.may_issue_accounts(side, issuer) => match parent {
                    Some(other) if other.identity.raw() != side.identity.raw() => {
                        let fault = ChainFault::Ambiguous {
                            key: issuer,
                            first: other.identity.nkey(),
                            second: side.identity.nkey(),
                        };
                        return Err(self.failure(account_token, fault, closeness::NAMED));
                    }
                    Some(_) => {}
                    None => parent = Some(side),
                },
                Ok(side) => {
                    let operator = side.identity.nkey();
                    let (fault, near) = if side.identity.raw() == issuer.raw() {
                        (ChainFault::ByIdentity { account, operator }, closeness::NAMED)
                    } else {
                        (ChainFault::AccountIssuer { account, issuer, operator }, closeness::TRUSTED)
                    };
                    consider(self.failure(account_token, fault, near));
                }
                // A listing of the identity is told as what it was for, where it was used.
                Err(failure) => {
                    if let Fault::Chain(ChainFault::ListsIdentity { operator }) = failure.fault
                        && operator.raw() == issuer.raw()
                    {
                        let fault = ChainFault::ByIdentity { account, operator };
                        consider(self.failure(account_token, fault, closeness::NAMED));
                    } else {
                        consider(failure.clone());
                    }
                }
            }
        }
        if let Some(parent) = parent {
            return Ok(parent);
        }
        if let Some(stranger) = self.stranger(&issuer) {
            consider(stranger);
        }
        Err(closest.unwrap_or_else(|| {
            // Without a trusted operator nothing that could be supplied would help.
            let fault = if self.sides.is_empty() {
                ChainFault::Untrusted { operator: issuer }
            } else {
                ChainFault::Incomplete { role: Role::Operator, key: issuer }
            };
            self.failure(account_token, fault, 0)
        }))
    }

    fn may_issue_accounts(&self, side: &OperatorSide, issuer: Nkey) -> bool {
        let by_identity = side.identity.raw() == issuer.raw();
        if self.view.policy().requires_separation() {
            // `separated` has refused a listing of the identity; this does not rely on it.
            side.lists(issuer.raw()) && !by_identity
        } else {
            side.lists(issuer.raw()) || by_identity
        }
    }

    /// Explains where a chain ends that does not end at a trusted operator.
    ///
    /// One explanation is enough: there can be any number of strangers, and of accounts that ask.
    fn stranger(&self, issuer: &Nkey) -> Option<Failure> {
        let fault_of = |candidate: usize, near: u8| match self.grant(candidate) {
            Some(Grant::Operator { issuer, subject, .. }) if !self.trusts(&subject) => {
                let operator = subject.nkey();
                let fault = if issuer == operator {
                    ChainFault::Untrusted { operator }
                } else {
                    ChainFault::NotSelfIssued { operator, issuer }
                };
                Some(self.failure(candidate, fault, near))
            }
            _ => None,
        };
        let naming = self
            .index
            .find(Names::OperatorSigner, issuer.raw())
            .chain(self.index.find(Names::OperatorSubject, issuer.raw()))
            .map(|candidate| (candidate, closeness::NAMED));
        let others = self.index.all(Names::OperatorSubject).map(|candidate| (candidate, closeness::STRANGER));
        naming.chain(others).find_map(|(candidate, near)| fault_of(candidate, near))
    }

    /// Says whether this operator, or a token of its, is trusted.
    fn trusts(&self, operator: &Key<Operator>) -> bool {
        self.view.anchors().iter().any(|anchor| match anchor {
            Anchor::Operator(key) | Anchor::OperatorToken { subject: key, .. } => key.raw() == operator.raw(),
            Anchor::Account(_) | Anchor::AccountToken { .. } => false,
        })
    }

    /// Decides about an operator token: it has to be the one that speaks.
    pub(super) fn decide_operator(&self, target: usize, subject: Key<Operator>) -> Result<Allow, Vec<Failure>> {
        let mut failures = Vec::new();
        if let Err(fault) = self.operator_voice(target) {
            failures.push(self.failure(target, fault, closeness::NAMED));
        }
        for side in &self.sides {
            match side {
                Ok(side) if side.identity.raw() == subject.raw() => {
                    if side.tokens.contains(&target) {
                        let foundation = Foundation { anchored: side.anchored, notices: side.notices.clone() };
                        return Ok(self.allow([target], &foundation));
                    }
                    let newer = side.token();
                    failures.extend(newer.and_then(|newer| self.superseded(target, newer, subject.nkey(), 2)));
                }
                Ok(_) => {}
                Err(failure) if failure.subject.is_some_and(|of| of.raw() == subject.raw()) => {
                    failures.push(failure.clone());
                }
                Err(_) => {}
            }
        }
        if failures.is_empty() {
            failures.push(self.failure(target, ChainFault::Untrusted { operator: subject.nkey() }, 0));
        }
        Err(failures)
    }

    /// Tells that another token of the subject replaces the target, if that one is newer indeed.
    pub(super) fn superseded(&self, target: usize, newer: usize, subject: Nkey, closeness: u8) -> Option<Failure> {
        let own = self.members.get(target)?.content().issued_at();
        let newer = self.members.get(newer)?;
        let newer_issued_at = newer.content().issued_at();
        let fault = ChainFault::Superseded { subject, newer: newer.id(), newer_issued_at };
        (newer_issued_at > own).then(|| self.failure(target, fault, closeness))
    }
}
