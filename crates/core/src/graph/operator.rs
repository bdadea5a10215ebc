//! Operators: which token of a trusted one speaks, and whom it lists.
//!
//! Rules 5, 6 and 8 of succession, and rules 3 and 7 of plain chains.

use super::follow::Path;
use super::index::Names;
use super::{Graph, Line, common, listed};
use crate::anchor::{Anchor, Anchored};
use crate::decide::{Allow, Failure, Foundation, Notice};
use crate::error::{ChainFault, Fault, TimeFault};
use crate::key::{Account, Key, Nkey, Operator, RawKey, Role};
use crate::statement::{Grant, Statement, StatementId};
use crate::succession::{AccountRule, SuccessionFault};
use crate::time::Timestamp;
use crate::view::Standing;

/// How near to an allow a failure was, nearest last: which of several is told first.
pub(super) mod closeness {
    /// Nothing that leads anywhere is at hand.
    pub(in crate::graph) const STRANGER: u8 = 1;
    /// A trusted operator is at hand and does not name the issuer.
    pub(in crate::graph) const TRUSTED: u8 = 2;
    /// An operator at hand names the issuer.
    pub(in crate::graph) const NAMED: u8 = 3;
}

/// A trusted operator, as its current tokens speak.
#[derive(Debug)]
pub(super) struct OperatorSide {
    identity: Key<Operator>,
    /// The current tokens: several only when they are of the same second.
    tokens: Vec<usize>,
    /// The tokens on the way from the pinned one, superseded by now.
    behind: Vec<usize>,
    /// Every identity on the way, the current one included.
    identities: Vec<RawKey>,
    /// Sorted, so that listings of hundreds are searched quickly.
    signers: Vec<RawKey>,
    anchored: Anchored,
    /// What others may strike by, where the current token says so.
    line: Option<Line>,
    rule: AccountRule,
    notices: Vec<Notice>,
    /// Why it speaks for nobody now, though it is the current one.
    silent: Option<Failure>,
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

    /// Returns what the accounts' own sides have to say.
    pub(super) const fn rule(&self) -> AccountRule {
        self.rule
    }

    /// Returns the current token as what signing keys strike under, where it has a threshold.
    pub(super) const fn line(&self) -> Option<&Line> {
        self.line.as_ref()
    }

    /// Says whether the rules of succession decide here, rather than those of plain chains.
    pub(super) const fn follows_succession(&self) -> bool {
        matches!(self.anchored, Anchored::Token) || self.line.is_some()
    }

    /// Returns every token on the way from what is trusted to what speaks.
    pub(super) fn way(&self) -> impl Iterator<Item = usize> {
        self.behind.iter().chain(&self.tokens).copied()
    }

    /// Returns the tokens after the pinned one, the current one last.
    pub(super) fn steps(&self) -> impl Iterator<Item = usize> {
        self.way().skip(1).filter(|_| matches!(self.anchored, Anchored::Token))
    }

    /// Says whether the two are one operator, as trusted in two ways.
    pub(super) fn is_also(&self, other: &Self) -> bool {
        self.identities.iter().any(|identity| other.identities.contains(identity))
    }

    /// Returns the side if it speaks now.
    fn speaking(&self) -> Result<&Self, Failure> {
        self.silent.clone().map_or(Ok(self), Err)
    }

    fn lists(&self, key: &RawKey) -> bool {
        self.signers.binary_search(key).is_ok()
    }

    /// Returns how the operator itself uses this raw key, if it does.
    pub(super) fn use_of(&self, key: &RawKey) -> Option<Nkey> {
        (self.identity.raw() == key || self.lists(key)).then(|| Nkey::new(Role::Operator, *key))
    }
}

impl<T: Statement> Graph<'_, T> {
    /// Finds out how each trusted operator speaks.
    pub(super) fn operator_sides(&self) -> Vec<Result<OperatorSide, Failure>> {
        self.view
            .anchors()
            .iter()
            .filter_map(|anchor| match anchor {
                Anchor::Operator(key) => Some(self.under_bare_key(*key)),
                Anchor::OperatorToken { id, subject } => Some(self.pinned(*id, *subject)),
                Anchor::Account(_) | Anchor::AccountToken { .. } | Anchor::Root(_) | Anchor::Subject => None,
            })
            .collect()
    }

    /// Follows a pinned token to the current one.
    fn pinned(&self, id: StatementId, identity: Key<Operator>) -> Result<OperatorSide, Failure> {
        let mut failure = None;
        for candidate in self.index.find(Names::OperatorSubject, identity.raw()) {
            if self.members.get(candidate).is_none_or(|member| member.id() != id) {
                continue;
            }
            match self.operator_said(candidate) {
                Ok(()) => {
                    let Path { behind, head } = self.follow(candidate)?;
                    return self.side(Anchored::Token, behind, vec![head]);
                }
                // A copy under a bad signature takes nothing from a good one.
                Err(fault) => failure = Some(self.failure(candidate, fault, closeness::TRUSTED)),
            }
        }
        Err(failure.unwrap_or_else(|| self.no_token(identity)))
    }

    /// Finds what a bare key says about itself (rule 8): endorsements rank nothing there.
    fn under_bare_key(&self, identity: Key<Operator>) -> Result<OperatorSide, Failure> {
        if let Some(death) = self.coroner().ended(identity.raw()) {
            let fault = SuccessionFault::Revoked { subject: identity.nkey(), by: death.by };
            return Err(Failure {
                subject: Some(identity.nkey().into()),
                ..self.failure_of_none(fault, closeness::TRUSTED)
            });
        }
        let mut failure = None;
        let mut own = Vec::new();
        for candidate in self.index.find(Names::OperatorSubject, identity.raw()) {
            match self.operator_said(candidate) {
                Ok(()) if self.is_first(candidate) => own.push(candidate),
                Ok(()) => {}
                Err(fault) => {
                    failure.get_or_insert_with(|| self.failure(candidate, fault, closeness::TRUSTED));
                }
            }
        }
        let claimed: Vec<usize> = own.iter().copied().filter(|token| self.claim(*token).is_some()).collect();
        if !claimed.is_empty() {
            let mut behind = self.descent(claimed, identity)?;
            let head = behind.pop().into_iter().collect();
            return self.side(Anchored::Key, behind, head);
        }
        // Only what would speak but for its expiry replaces anything.
        let mut newest: Option<Timestamp> = None;
        let mut heads = Vec::new();
        for candidate in own.iter().copied() {
            match self.voice(candidate) {
                Ok(voice) => {
                    let issued_at = voice.verified.content().issued_at();
                    if newest.is_none_or(|newest| issued_at > newest) {
                        (newest, heads) = (Some(issued_at), vec![candidate]);
                    } else if newest == Some(issued_at) {
                        heads.push(candidate);
                    }
                }
                Err(fault) => {
                    failure.get_or_insert_with(|| self.failure(candidate, fault, closeness::TRUSTED));
                }
            }
        }
        if heads.is_empty() {
            return Err(failure.unwrap_or_else(|| self.no_token(identity)));
        }
        own.retain(|token| !heads.contains(token));
        self.side(Anchored::Key, own, heads)
    }

    /// Puts tokens of one key that carry the claim in their order: one line, without a gap.
    fn descent(&self, mut tokens: Vec<usize>, identity: Key<Operator>) -> Result<Vec<usize>, Failure> {
        let seq = |token: &usize| self.claim(*token).map(|(_, claim)| claim.terms().seq);
        tokens.sort_by_key(seq);
        for pair in tokens.windows(2) {
            let [before, after] = pair else { continue };
            let follows = seq(before).and_then(|seq| seq.checked_add(1)) == seq(after)
                && self.claim(*after).and_then(|(_, claim)| claim.terms().prev) == Some(self.id(*before));
            if !follows {
                let (first, second) = (self.id(*before), self.id(*after));
                let fault = SuccessionFault::Fork { operator: identity.nkey(), first, second };
                return Err(self.failure(*after, fault, closeness::TRUSTED));
            }
        }
        Ok(tokens)
    }

    fn no_token(&self, identity: Key<Operator>) -> Failure {
        let fault = ChainFault::Incomplete { role: Role::Operator, key: identity.nkey() };
        Failure { subject: Some(identity.nkey().into()), ..self.failure_of_none(fault, 0) }
    }

    /// Makes the side of an operator whose current tokens are known, `tokens` not being empty.
    fn side(&self, anchored: Anchored, behind: Vec<usize>, tokens: Vec<usize>) -> Result<OperatorSide, Failure> {
        let subject = |token: &usize| match self.grant(*token) {
            Some(Grant::Operator { subject, .. }) => Some(subject),
            _ => None,
        };
        let Some(identity) = tokens.first().and_then(subject) else {
            return Err(self.failure_of_none(ChainFault::NoRule { what: "other" }, 0));
        };
        let mut identities: Vec<RawKey> =
            behind.iter().chain(&tokens).filter_map(subject).map(|key| *key.raw()).collect();
        identities.dedup();
        let mut signers: Option<Vec<RawKey>> = None;
        let mut silent = None;
        for token in &tokens {
            let Some(member) = self.members.get(*token) else { continue };
            if let Some(fault) = self.view.standing(member.content()).fault() {
                silent.get_or_insert_with(|| self.failure(*token, fault, closeness::TRUSTED));
            }
            let listed = listed(member.content());
            signers = Some(signers.map_or_else(|| listed.clone(), |known| common(&known, &listed)));
        }
        let signers = signers.unwrap_or_default();
        let operator = identity.nkey();
        let mut notices = Vec::new();
        if signers.is_empty() {
            if self.view.policy().requires_separation() {
                // Each lists some, and is allowed by itself; all of them may still list none in common.
                let none = |token: &usize| self.failure(*token, ChainFault::NoSigners { operator }, closeness::TRUSTED);
                silent = silent.or_else(|| tokens.first().map(none));
            } else {
                notices.push(Notice::OperatorWithoutSigners { operator });
            }
        } else if signers.binary_search(identity.raw()).is_ok() {
            notices.push(Notice::OperatorListsIdentity { operator });
        }
        let head = tokens.first().copied();
        // Under a bare key nothing is followed: it speaks for itself.
        if let Some(head) = head.filter(|_| anchored == Anchored::Token && !behind.is_empty()) {
            notices.push(Notice::Followed { current: self.id(head), steps: behind.len() });
        }
        let rule =
            head.and_then(|head| self.claim(head)).map_or(AccountRule::Plain, |(_, claim)| claim.terms().accounts);
        let line = head.and_then(|head| self.line_of(head));
        Ok(OperatorSide { identity, tokens, behind, identities, signers, anchored, line, rule, notices, silent })
    }

    /// Checks what an operator token has to be in order to be there at all, whatever the hour.
    fn operator_said(&self, candidate: usize) -> Result<(), Fault> {
        let Some(Grant::Operator { issuer, subject, .. }) = self.grant(candidate) else {
            return Err(ChainFault::NoRule { what: "other" }.into());
        };
        let operator = subject.nkey();
        // Under every policy: else anybody could make a token that speaks for this operator.
        if issuer != operator {
            return Err(ChainFault::NotSelfIssued { operator, issuer }.into());
        }
        let (verified, standing) = self.verified(candidate)?;
        if let Standing::Absent(fault @ TimeFault::IssuedAhead { .. }) = standing {
            return Err(fault.into());
        }
        self.separated(verified.content())?;
        Ok(())
    }

    /// Checks that an operator token keeps identity and signing keys apart, where the policy asks for it.
    fn separated(&self, content: &T) -> Result<(), ChainFault> {
        if let Grant::Operator { subject, signers, .. } = content.grant()
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
            match side.as_ref().map_err(Clone::clone).and_then(|side| side.speaking()) {
                Ok(side) if self.may_issue_accounts(side, issuer) => match parent {
                    Some(other) if !other.is_also(side) => {
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
                        consider(failure);
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
            Anchor::Account(_) | Anchor::AccountToken { .. } | Anchor::Root(_) | Anchor::Subject => false,
        })
    }

    /// Decides about an operator token: it has to be the one that speaks.
    pub(super) fn decide_operator(&self, target: usize, subject: Key<Operator>) -> Result<Allow, Vec<Failure>> {
        let mut failures = Vec::new();
        if let Err(fault) = self.operator_said(target).and_then(|()| self.current(target)) {
            failures.push(self.failure(target, fault, closeness::NAMED));
        }
        let sound = failures.is_empty();
        for side in &self.sides {
            match side {
                Ok(side) if side.tokens.contains(&self.first_of(target)) => {
                    if sound {
                        let foundation = Foundation { anchored: side.anchored, notices: side.notices.clone() };
                        return Ok(self.allow([target], &foundation));
                    }
                }
                Ok(side) if self.concerns(side, target, subject) => failures.extend(self.passed_over(target, side)),
                Ok(_) => {}
                Err(failure) if failure.subject.is_some_and(|of| of == subject.nkey().public_key()) => {
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

    /// Says whether a token belongs to a side, though it is not the current one.
    fn concerns(&self, side: &OperatorSide, target: usize, subject: Key<Operator>) -> bool {
        let continues = self.claim(target).and_then(|(_, claim)| claim.terms().prev);
        side.identities.contains(subject.raw()) || side.way().any(|token| Some(self.id(token)) == continues)
    }

    /// Explains why a token of an operator is not the one that speaks.
    fn passed_over(&self, target: usize, side: &OperatorSide) -> Option<Failure> {
        let current = side.token()?;
        let operator = match self.grant(target) {
            Some(Grant::Operator { subject, .. }) => subject.nkey(),
            _ => side.identity.nkey(),
        };
        if !side.follows_succession() {
            return self.superseded(target, current, operator, closeness::TRUSTED);
        }
        if side.behind.contains(&self.first_of(target)) {
            let fault = SuccessionFault::Followed { operator, successor: self.id(current) };
            return Some(self.failure(target, fault, closeness::TRUSTED));
        }
        let fault = SuccessionFault::NotSuccessor { operator, trusted: self.id(current) };
        Some(self.failure(target, fault, closeness::TRUSTED))
    }

    /// Tells that another token of the subject replaces the target, if that one is newer indeed.
    pub(super) fn superseded(&self, target: usize, newer: usize, subject: Nkey, closeness: u8) -> Option<Failure> {
        let own = self.members.get(target)?.content().issued_at();
        let newer = self.members.get(newer)?;
        let newer_issued_at = newer.content().issued_at();
        let fault = ChainFault::Superseded { subject, newer: newer.id(), newer_issued_at };
        (newer_issued_at >= own).then(|| self.failure(target, fault, closeness))
    }
}
