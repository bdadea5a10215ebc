//! Accounts: which token of one speaks under which operator, and whom it lists.

use std::collections::BTreeMap;

use super::index::Names;
use super::operator::OperatorSide;
use super::{Graph, Voice, common, listed};
use crate::anchor::{Anchor, Anchored};
use crate::decide::{Allow, Failure, Foundation, Notice};
use crate::error::{ChainFault, Fault};
use crate::key::{Account, Key, Nkey, Operator, RawKey, Role};
use crate::statement::{Grant, Statement, StatementId};
use crate::view::Standing;

/// An account, as its current tokens speak under one operator or as pinned.
#[derive(Debug)]
pub(super) struct AccountSide<'g> {
    identity: Key<Account>,
    /// The current tokens, the one that is shown first; none under a bare account key.
    tokens: Vec<Current<'g>>,
    signers: Vec<RawKey>,
}

/// A current token of an account.
#[derive(Debug)]
struct Current<'g> {
    token: usize,
    above: Above<'g>,
    by_identity: bool,
}

/// What an account stands on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Above<'g> {
    /// A trusted operator.
    Operator(&'g OperatorSide),
    /// Nothing: the account itself is trusted.
    Nothing(Anchored),
}

/// One of an account's tokens that speak, old ones included, and what it stands on.
struct Spoken<'g, 'a, T> {
    token: usize,
    voice: Voice<'a, T>,
    above: Above<'g>,
}

impl<'g> AccountSide<'g> {
    /// Makes the side of an account whose bare key is trusted.
    fn bare(identity: Key<Account>) -> Self {
        Self { identity, tokens: Vec::new(), signers: Vec::new() }
    }

    pub(super) fn identity(&self) -> &Key<Account> {
        &self.identity
    }

    pub(super) fn speaks_by(&self, key: &RawKey) -> bool {
        self.identity.raw() == key || self.signers.binary_search(key).is_ok()
    }

    pub(super) fn speaks_in(&self, token: usize) -> bool {
        self.tokens.iter().any(|current| current.token == token)
    }

    pub(super) fn token(&self) -> Option<usize> {
        self.tokens.first().map(|current| current.token)
    }

    /// Shows this one of the current tokens: each may stand on another token of the operator.
    fn show(&mut self, token: usize) {
        if let Some(at) = self.tokens.iter().position(|current| current.token == token) {
            self.tokens.swap(0, at);
        }
    }

    fn above(&self) -> Above<'g> {
        self.tokens.first().map_or(Above::Nothing(Anchored::Key), |current| current.above)
    }

    /// Returns the tokens from the root down to the account's.
    pub(super) fn path(&self) -> impl Iterator<Item = usize> {
        let operator = match self.above() {
            Above::Operator(side) => side.token(),
            Above::Nothing(_) => None,
        };
        operator.into_iter().chain(self.token())
    }

    pub(super) fn foundation(&self) -> Foundation {
        let (anchored, mut notices) = match self.above() {
            Above::Operator(side) => (side.anchored(), side.notices().to_vec()),
            Above::Nothing(anchored) => (anchored, Vec::new()),
        };
        if self.signers.is_empty() && !self.tokens.is_empty() {
            notices.push(Notice::AccountWithoutSigners { account: self.identity.nkey() });
        }
        if let Some(Current { above: Above::Operator(side), by_identity: true, .. }) = self.tokens.first() {
            let (account, operator) = (self.identity.nkey(), side.identity().nkey());
            notices.push(Notice::AccountByIdentity { account, operator });
        }
        Foundation { anchored, notices }
    }

    /// Finds a raw key of the chain that stands in two places, code included.
    ///
    /// An account that lists its own identity does no harm: it is one key of one principal.
    pub(super) fn reused(&self, code: Option<Nkey>) -> Option<(Nkey, Nkey)> {
        let own = core::iter::once(self.identity.raw()).chain(&self.signers);
        let above = |key: &RawKey| match self.above() {
            Above::Operator(side) => side.use_of(key),
            Above::Nothing(_) => None,
        };
        for key in own {
            let here = Nkey::new(Role::Account, *key);
            if let Some(there) = above(key) {
                return Some((there, here));
            }
            if let Some(code) = code.filter(|code| code.raw() == key) {
                return Some((here, code));
            }
        }
        let code = code?;
        above(code.raw()).map(|there| (there, code))
    }
}

impl<'a, T: Statement> Graph<'a, T> {
    /// Finds out how an account speaks, under each trusted operator by itself.
    pub(super) fn account_sides(&self, account: Key<Account>) -> Vec<Result<AccountSide<'_>, Failure>> {
        // Sorted, so that the order of the candidates does not matter.
        let mut groups: BTreeMap<Key<Operator>, Vec<Spoken<'_, 'a, T>>> = BTreeMap::new();
        let mut failures = Vec::new();
        for candidate in self.index.find(Names::AccountSubject, account.raw()) {
            match self.account_voice(candidate, account) {
                Ok((voice, parent)) => {
                    let spoken = Spoken { token: candidate, voice, above: Above::Operator(parent) };
                    groups.entry(*parent.identity()).or_default().push(spoken);
                }
                Err(failure) => failures.push(Err(failure)),
            }
        }
        let mut sides: Vec<_> = groups.into_values().filter_map(|spoken| self.current(account, spoken)).collect();
        sides.append(&mut failures);
        sides.extend(self.anchored_sides(account));
        sides
    }

    /// Narrows an account to its newest tokens; nothing when there are none.
    ///
    /// An operator that is trusted by its key and by a pinned token has two sides, and each token
    /// stands on the one that lists its issuer.
    fn current<'g>(
        &self,
        account: Key<Account>,
        mut spoken: Vec<Spoken<'g, 'a, T>>,
    ) -> Option<Result<AccountSide<'g>, Failure>> {
        let issued_at = |spoken: &Spoken<'g, 'a, T>| spoken.voice.verified.content().issued_at();
        let newest = spoken.iter().map(issued_at).max();
        spoken.retain(|spoken| Some(issued_at(spoken)) == newest);
        spoken.sort_by_key(|spoken| spoken.voice.verified.id());
        let mut side: Option<AccountSide<'g>> = None;
        for Spoken { token, voice, above } in spoken {
            if let Standing::Expired(fault) = voice.standing {
                return Some(Err(self.failure(token, fault, 5)));
            }
            let signers = listed(voice.verified.content());
            let current = Current { token, above, by_identity: self.by_identity(token, above) };
            match &mut side {
                Some(side) => {
                    side.signers = common(&side.signers, &signers);
                    side.tokens.push(current);
                }
                None => side = Some(AccountSide { identity: account, tokens: vec![current], signers }),
            }
        }
        side.map(Ok)
    }

    /// Says whether the operator's identity key signed the token, which only the relaxed policy lets it.
    fn by_identity(&self, token: usize, above: Above<'_>) -> bool {
        match (above, self.grant(token)) {
            (Above::Operator(operator), Some(Grant::Account { issuer, .. })) => {
                operator.identity().raw() == issuer.raw()
            }
            _ => false,
        }
    }

    /// Checks what an account token has to be in order to speak under a trusted operator.
    fn account_voice(&self, candidate: usize, account: Key<Account>) -> Result<(Voice<'a, T>, &OperatorSide), Failure> {
        let Some(Grant::Account { issuer, .. }) = self.grant(candidate) else {
            return Err(self.failure(candidate, ChainFault::NoRule { what: "other" }, 0));
        };
        let voice = self.voice(candidate).map_err(|fault| self.failure(candidate, fault, 4))?;
        let parent = self.parent(candidate, issuer, account)?;
        Ok((voice, parent))
    }

    /// Finds how the account speaks because it is itself trusted.
    fn anchored_sides(&self, account: Key<Account>) -> impl Iterator<Item = Result<AccountSide<'_>, Failure>> {
        self.view.anchors().iter().filter_map(move |anchor| match anchor {
            Anchor::Account(key) if key == &account => Some(Ok(AccountSide::bare(account))),
            Anchor::AccountToken { id, subject } if subject == &account => self.pinned_side(*id, account),
            Anchor::Account(_) | Anchor::AccountToken { .. } | Anchor::Operator(_) | Anchor::OperatorToken { .. } => {
                None
            }
        })
    }

    /// Lets a pinned token speak, if it is at hand: a copy under a bad signature takes nothing from a good one.
    fn pinned_side(&self, id: StatementId, account: Key<Account>) -> Option<Result<AccountSide<'_>, Failure>> {
        let mut spoken = Vec::new();
        let mut failure = None;
        for candidate in self.index.find(Names::AccountSubject, account.raw()) {
            if self.members.get(candidate).is_none_or(|member| member.id() != id) {
                continue;
            }
            match self.voice(candidate) {
                Ok(voice) => {
                    spoken.push(Spoken { token: candidate, voice, above: Above::Nothing(Anchored::Token) });
                }
                Err(fault) => failure = Some(self.failure(candidate, fault, 5)),
            }
        }
        self.current(account, spoken).or(failure.map(Err))
    }

    /// Decides about an account token: it has to be the one that speaks.
    pub(super) fn decide_account(&self, target: usize, subject: Key<Account>) -> Result<Allow, Vec<Failure>> {
        let mut sides = self.account_sides(subject);
        if let Some(side) = sides.iter_mut().flatten().find(|side| side.speaks_in(target)) {
            side.show(target);
            let mut foundation = side.foundation();
            if let Err(fault) = self.unmixed(side, None, &mut foundation) {
                return Err(vec![self.failure(target, fault, 6)]);
            }
            return Ok(self.allow(side.path(), &foundation));
        }
        let mut failures = Vec::new();
        // What is wrong with the target itself comes before what other tokens of the account do to it.
        let alone = self.account_voice(target, subject).err();
        let id = self.members.get(target).map(super::Member::id);
        let is_pinned =
            |anchor: &Anchor| matches!(anchor, Anchor::AccountToken { id: pinned, .. } if Some(*pinned) == id);
        let pinned = self.view.anchors().iter().any(is_pinned);
        for side in sides {
            match side {
                Ok(side) => {
                    // A bare account key says nothing about who may issue its token, and has none itself.
                    let newer = side.token().filter(|_| alone.is_none());
                    failures.extend(newer.and_then(|newer| self.superseded(target, newer, subject.nkey(), 5)));
                }
                // Pinned, it needs nobody above it, so what is told is why it does not speak by itself.
                Err(failure) if pinned && failure.statement == id => failures.push(failure.closer(10)),
                Err(failure) => failures.push(failure),
            }
        }
        failures.extend(alone.map(|failure| failure.closer(6)));
        if failures.is_empty() {
            let issuer = match self.grant(target) {
                Some(Grant::Account { issuer, .. }) => issuer,
                _ => subject.nkey(),
            };
            failures.push(self.failure(target, ChainFault::Untrusted { operator: issuer }, 0));
        }
        Err(failures)
    }

    /// Holds the rule of one key, one role, one principal, as strictly as the policy says.
    pub(super) fn unmixed(
        &self,
        side: &AccountSide<'_>,
        code: Option<Nkey>,
        foundation: &mut Foundation,
    ) -> Result<(), Fault> {
        match side.reused(code) {
            None => Ok(()),
            Some((first, second)) if self.view.policy().requires_separation() => {
                Err(ChainFault::Reused { first, second }.into())
            }
            Some((first, second)) => {
                foundation.notices.push(Notice::KeyReused { first, second });
                Ok(())
            }
        }
    }
}
