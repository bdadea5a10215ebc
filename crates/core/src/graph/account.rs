//! Accounts: which token of one speaks under which operator, and who issues by it.

use std::collections::BTreeMap;

use super::index::Names;
use super::listing::Standing as ListingStanding;
use super::operator::OperatorSide;
use super::{Graph, Voice, common, listed};
use crate::anchor::{Anchor, Anchored};
use crate::decide::{Allow, Failure, Foundation, Notice};
use crate::error::{ChainFault, Fault};
use crate::key::{Account, Key, Nkey, RawKey, Role};
use crate::statement::{Grant, Statement, StatementId};
use crate::succession::{AccountRule, SuccessionFault};
use crate::view::Standing;

/// An account, as its current tokens speak under one operator or as trusted itself.
#[derive(Debug)]
pub(super) struct AccountSide<'g> {
    identity: Key<Account>,
    /// The current tokens, the one that is shown first; none under a bare account key without a listing.
    tokens: Vec<Current<'g>>,
    /// The keys that all of them list.
    signers: Vec<RawKey>,
    /// The keys that may issue by every one of them.
    issuers: Vec<RawKey>,
    /// Why it issues nothing now, though its tokens are the current ones.
    silent: Option<Failure>,
}

/// A current token of an account.
#[derive(Clone, Copy, Debug)]
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

impl Above<'_> {
    fn rule(&self) -> AccountRule {
        match self {
            Self::Operator(side) => side.rule(),
            Self::Nothing(_) => AccountRule::Plain,
        }
    }
}

/// One of an account's tokens that speak, old ones included, and what it stands on.
struct Spoken<'g, 'a, T> {
    token: usize,
    voice: Voice<'a, T>,
    above: Above<'g>,
}

/// How the listings of one account stand under each operator, by its current token.
type Standings = BTreeMap<Option<usize>, BTreeMap<usize, ListingStanding>>;

impl<'g> AccountSide<'g> {
    pub(super) fn identity(&self) -> &Key<Account> {
        &self.identity
    }

    /// Says whether a key may issue modules here.
    pub(super) fn speaks_by(&self, key: &RawKey) -> bool {
        self.issuers.binary_search(key).is_ok()
    }

    /// Says whether a key is listed, whether it may issue or not.
    pub(super) fn names(&self, key: &RawKey) -> bool {
        self.signers.binary_search(key).is_ok()
    }

    /// Returns why it issues nothing now, if so.
    pub(super) fn silent(&self) -> Option<&Failure> {
        self.silent.as_ref()
    }

    pub(super) fn speaks_in(&self, token: usize) -> bool {
        self.tokens.iter().any(|current| current.token == token)
    }

    pub(super) fn token(&self) -> Option<usize> {
        self.tokens.first().map(|current| current.token)
    }

    /// Returns every current token.
    pub(super) fn tokens(&self) -> impl Iterator<Item = usize> {
        self.tokens.iter().map(|current| current.token)
    }

    /// Shows this one of the current tokens: each may stand on another token of the operator.
    fn show(&mut self, token: usize) {
        if let Some(at) = self.tokens.iter().position(|current| current.token == token) {
            self.tokens.swap(0, at);
        }
    }

    pub(super) fn above(&self) -> Above<'g> {
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
        // Operators in the order of the anchors, so that the order of the candidates does not matter.
        let mut groups: Vec<(&OperatorSide, Vec<Spoken<'_, 'a, T>>)> = Vec::new();
        let mut failures = Vec::new();
        let mut standings = Standings::new();
        for candidate in self.index.find(Names::AccountSubject, account.raw()) {
            match self.account_voice(candidate, account, &mut standings) {
                Ok((voice, parent)) => {
                    if !self.is_first(candidate) {
                        continue;
                    }
                    let spoken = Spoken { token: candidate, voice, above: Above::Operator(parent) };
                    match groups.iter_mut().find(|(other, _)| other.is_also(parent)) {
                        Some((_, group)) => group.push(spoken),
                        None => groups.push((parent, vec![spoken])),
                    }
                }
                Err(failure) => failures.push(Err(failure)),
            }
        }
        let mut sides: Vec<_> =
            groups.into_iter().filter_map(|(_, spoken)| self.current_side(account, spoken)).map(Ok).collect();
        sides.append(&mut failures);
        sides.extend(self.anchored_sides(account));
        sides
    }

    /// Narrows an account to its current tokens; nothing when there are none.
    ///
    /// An operator that is trusted by its key and by a pinned token has two sides, and each token
    /// stands on the one that lists its issuer.
    fn current_side<'g>(&self, account: Key<Account>, mut spoken: Vec<Spoken<'g, 'a, T>>) -> Option<AccountSide<'g>> {
        let issued_at = |spoken: &Spoken<'g, 'a, T>| spoken.voice.verified.content().issued_at();
        let countersigned = spoken.iter().any(|spoken| spoken.above.rule() == AccountRule::Countersigned);
        if self.in_log() && countersigned {
            // Each replaces the one before, unless it is older (rule 10).
            spoken.sort_by_key(|spoken| self.place(spoken.token));
            let current = spoken
                .into_iter()
                .reduce(|current, next| if issued_at(&next) < issued_at(&current) { current } else { next });
            spoken = current.into_iter().collect();
        } else {
            let newest = spoken.iter().map(issued_at).max();
            spoken.retain(|spoken| Some(issued_at(spoken)) == newest);
            spoken.sort_by_key(|spoken| spoken.voice.verified.id());
        }
        let mut side: Option<AccountSide<'g>> = None;
        for Spoken { token, voice, above } in spoken {
            let side = side.get_or_insert_with(|| AccountSide {
                identity: account,
                tokens: Vec::new(),
                signers: listed(voice.verified.content()),
                issuers: self.issuers_by(token, above.rule()),
                silent: None,
            });
            if let Standing::Expired(fault) = voice.standing {
                side.silent.get_or_insert_with(|| self.failure(token, fault, 5));
            }
            if !side.tokens.is_empty() {
                side.signers = common(&side.signers, &listed(voice.verified.content()));
                side.issuers = common(&side.issuers, &self.issuers_by(token, above.rule()));
            }
            side.tokens.push(Current { token, above, by_identity: self.by_identity(token, above) });
        }
        side
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
    fn account_voice(
        &self,
        candidate: usize,
        account: Key<Account>,
        standings: &mut Standings,
    ) -> Result<(Voice<'a, T>, &OperatorSide), Failure> {
        let Some(Grant::Account { issuer, .. }) = self.grant(candidate) else {
            return Err(self.failure(candidate, ChainFault::NoRule { what: "other" }, 0));
        };
        let voice = self.voice(candidate).map_err(|fault| self.failure(candidate, fault, 4))?;
        let parent = self.parent(candidate, issuer, account)?;
        // Without a deed nobody is dead, and in plain chains nobody has to countersign.
        if parent.rule() == AccountRule::Plain && self.deeds.is_empty() {
            return Ok((voice, parent));
        }
        let known = standings.entry(parent.token()).or_insert_with(|| self.standings(parent, account));
        // A listing of which nothing is known has nobody behind it.
        let (death, owned) =
            known.get(&self.first_of(candidate)).map_or((None, false), |standing| (standing.death, standing.owned));
        if let Some(death) = death {
            let fault = SuccessionFault::Revoked { subject: account.nkey(), by: death.by };
            return Err(self.failure(candidate, fault, 5));
        }
        if !owned {
            let fault = SuccessionFault::NotCountersigned { account: account.nkey() };
            return Err(self.failure(candidate, fault, 4));
        }
        Ok((voice, parent))
    }

    /// Finds how the account speaks because it is itself trusted.
    fn anchored_sides(&self, account: Key<Account>) -> impl Iterator<Item = Result<AccountSide<'_>, Failure>> {
        self.view.anchors().iter().filter_map(move |anchor| match anchor {
            Anchor::Account(key) if key == &account => Some(Ok(self.bare_side(account))),
            Anchor::AccountToken { id, subject } if subject == &account => self.pinned_side(*id, account),
            Anchor::Account(_)
            | Anchor::AccountToken { .. }
            | Anchor::Operator(_)
            | Anchor::OperatorToken { .. }
            | Anchor::Root(_)
            | Anchor::Subject => None,
        })
    }

    /// Lets a trusted account key speak, and the keys of its newest listing that both countersigned.
    ///
    /// Who issued that listing does not matter here: operators play no part.
    fn bare_side(&self, account: Key<Account>) -> AccountSide<'_> {
        let own = self.index.find(Names::AccountSubject, account.raw()).filter_map(|candidate| {
            let voice = self.voice(candidate).ok().filter(|_| self.is_first(candidate))?;
            let hands = self.countersigners(&voice.verified.id());
            let above = Above::Nothing(Anchored::Key);
            hands.binary_search(account.raw()).is_ok().then_some(Spoken { token: candidate, voice, above })
        });
        let side = self.current_side(account, own.collect());
        let mut side = side.filter(|side| side.silent.is_none()).unwrap_or(AccountSide {
            identity: account,
            tokens: Vec::new(),
            signers: Vec::new(),
            issuers: Vec::new(),
            silent: None,
        });
        for Current { token, .. } in &side.tokens {
            side.issuers = common(&side.issuers, &self.issuers_by(*token, AccountRule::Countersigned));
        }
        side.issuers.push(*account.raw());
        side.issuers.sort_unstable();
        side.issuers.dedup();
        side
    }

    /// Lets a pinned token speak, if it is at hand: a copy under a bad signature takes nothing from a good one.
    fn pinned_side(&self, id: StatementId, account: Key<Account>) -> Option<Result<AccountSide<'_>, Failure>> {
        let mut spoken = Vec::new();
        let mut failure = None;
        for candidate in self.index.find(Names::AccountSubject, account.raw()) {
            if self.id(candidate) != id {
                continue;
            }
            let death = self.mortal(candidate).and_then(|mortal| self.coroner().by_signer(&mortal));
            match (self.voice(candidate), death) {
                (Ok(_), Some(death)) => {
                    let fault = SuccessionFault::Revoked { subject: account.nkey(), by: death.by };
                    failure = Some(self.failure(candidate, fault, 5));
                }
                (Ok(voice), None) if self.is_first(candidate) => {
                    spoken.push(Spoken { token: candidate, voice, above: Above::Nothing(Anchored::Token) });
                }
                (Ok(_), None) => {}
                (Err(fault), _) => failure = Some(self.failure(candidate, fault, 5)),
            }
        }
        self.current_side(account, spoken).map(Ok).or(failure.map(Err))
    }

    /// Decides about an account token: it has to be the one that speaks.
    pub(super) fn decide_account(&self, target: usize, subject: Key<Account>) -> Result<Allow, Vec<Failure>> {
        let mut sides = self.account_sides(subject);
        let first = self.first_of(target);
        // A copy under a bad signature is not the token that speaks.
        let now = self.current(target);
        if now.is_ok()
            && let Some(side) = sides.iter_mut().flatten().find(|side| side.speaks_in(first))
        {
            side.show(first);
            let mut foundation = side.foundation();
            if let Err(fault) = self.unmixed(side, None, &mut foundation) {
                return Err(vec![self.failure(target, fault, 6)]);
            }
            return Ok(self.allow(side.path(), &foundation));
        }
        let mut failures = Vec::new();
        // What is wrong with the target itself comes before what other tokens of the account do to it.
        let alone = self.account_voice(target, subject, &mut Standings::new()).err();
        let id = self.id(target);
        let is_pinned = |anchor: &Anchor| matches!(anchor, Anchor::AccountToken { id: pinned, .. } if *pinned == id);
        let pinned = self.view.anchors().iter().any(is_pinned);
        for side in sides {
            match side {
                Ok(side) => {
                    if let Some(silent) = side.silent().filter(|_| side.speaks_in(first)).cloned() {
                        failures.push(if pinned { silent.closer(10) } else { silent });
                    }
                    // A bare account key says nothing about who may issue its token, and has none itself.
                    let newer = side.token().filter(|_| alone.is_none());
                    failures.extend(newer.and_then(|newer| self.superseded(target, newer, subject.nkey(), 5)));
                }
                // Pinned, it needs nobody above it, so what is told is why it does not speak by itself.
                Err(failure) if pinned && failure.statement == Some(id) => failures.push(failure.closer(10)),
                Err(failure) => failures.push(failure),
            }
        }
        failures.extend(alone.map(|failure| failure.closer(6)));
        if failures.is_empty() {
            failures.push(match (now, self.grant(target)) {
                (Err(fault), _) => self.failure(target, fault, 5),
                (Ok(()), Some(Grant::Account { issuer, .. })) => {
                    self.failure(target, ChainFault::Untrusted { operator: issuer }, 0)
                }
                (Ok(()), _) => self.failure(target, ChainFault::Untrusted { operator: subject.nkey() }, 0),
            });
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
