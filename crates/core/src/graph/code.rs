//! Modules and providers: which account vouches for them, and which of several tokens counts.

use std::collections::{BTreeMap, BTreeSet};

use super::account::{Above, AccountSide};
use super::index::Names;
use super::{Graph, Voice};
use crate::anchor::Anchor;
use crate::decide::{Allow, Failure};
use crate::error::{ChainFault, Fault};
use crate::key::{Account, Key, Nkey, RawKey, Role};
use crate::statement::{Grant, Statement};
use crate::succession::{AccountRule, SuccessionFault};
use crate::view::Standing;

/// The account that each issuing key speaks for, as far as it was asked.
type Speaking = BTreeMap<RawKey, Option<Key<Account>>>;

impl<T: Statement> Graph<'_, T> {
    /// Decides about a module's or provider's token.
    pub(super) fn decide_code(&self, target: usize, issuer: Nkey, subject: Nkey) -> Result<Allow, Vec<Failure>> {
        // What is wrong with the token alone comes first: no chain can mend it.
        let alone = |fault: Fault| Err(vec![self.failure(target, fault, 9)]);
        if issuer.raw() == subject.raw() {
            return alone(ChainFault::SelfIssued { subject }.into());
        }
        let Ok(issuing) = Key::<Account>::try_from(issuer) else {
            return alone(ChainFault::CodeIssuer { subject, issuer, problem: "no account key" }.into());
        };
        match self.voice(target) {
            Ok(Voice { standing: Standing::Expired(fault), .. }) => return alone(fault.into()),
            Ok(_) => {}
            Err(fault) => return alone(fault),
        }
        if let Some(death) = self.mortal(target).and_then(|mortal| self.coroner().by_signer(&mortal)) {
            return alone(SuccessionFault::Revoked { subject, by: death.by }.into());
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
            Err(fault) => return alone(fault.into()),
        };
        if self.in_log() {
            self.first_in_log(target, side, subject)?;
        } else if let Some(newer) = self.newer(target, side, subject) {
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
                    Ok(side) => match side.silent() {
                        // It issues nothing, so neither does it take a key from another account.
                        Some(silent) => failures.push(silent.clone()),
                        None if side.speaks_by(issuing.raw()) => sides.push(side),
                        None => failures.push(self.failure(target, may_not_issue(&side, issuing, subject), 6)),
                    },
                    Err(failure) => failures.push(failure),
                }
            }
        }
        (sides, failures)
    }

    /// Picks the account a key speaks for: the only one, or of several the only one that it agreed to.
    fn one_account<'s, 'g>(
        &self,
        sides: &'s [AccountSide<'g>],
        issuing: Key<Account>,
    ) -> Result<Option<&'s AccountSide<'g>>, ChainFault> {
        let Some(first) = sides.first() else { return Ok(None) };
        let Some(second) = sides.iter().find(|side| side.identity() != first.identity()) else {
            return Ok(Some(first));
        };
        // In plain chains an account's own key stays its own, whoever else lists it.
        let plain = |side: &&AccountSide<'g>| match side.above() {
            Above::Operator(operator) => operator.line().is_none(),
            Above::Nothing(_) => true,
        };
        if let Some(own) = sides.iter().filter(plain).find(|side| side.identity() == &issuing) {
            return Ok(Some(own));
        }
        let agreed = |side: &&AccountSide<'g>| {
            let mut tokens = side.tokens().peekable();
            let hand = |token| self.countersigners(&self.id(token)).binary_search(issuing.raw()).is_ok();
            tokens.peek().is_some() && tokens.all(hand)
        };
        let mut chosen = sides.iter().filter(agreed);
        match chosen.next() {
            Some(one) if chosen.all(|other| other.identity() == one.identity()) => Ok(Some(one)),
            Some(_) | None => Err(ChainFault::Ambiguous {
                key: issuing.nkey(),
                first: first.identity().nkey(),
                second: second.identity().nkey(),
            }),
        }
    }

    /// Finds a newer token of the same subject by the same account's side (rule 7 of plain chains).
    ///
    /// Where succession decides, only a log tells which of several is the current one.
    fn newer(&self, target: usize, side: &AccountSide<'_>, subject: Nkey) -> Option<usize> {
        if let Above::Operator(operator) = side.above()
            && operator.follows_succession()
        {
            return None;
        }
        let own = self.members.get(target)?.content().issued_at();
        self.index.find(Names::CodeSubject, subject.raw()).find(|candidate| {
            let Some(Grant::Code { issuer, subject: other, .. }) = self.grant(*candidate) else {
                return false;
            };
            issuer.role() == Role::Account
                && other == subject
                && side.speaks_by(issuer.raw())
                && self.voice(*candidate).is_ok_and(|voice| voice.verified.content().issued_at() > own)
                && self.mortal(*candidate).is_some_and(|mortal| self.coroner().by_signer(&mortal).is_none())
        })
    }

    /// Checks that a log gives the module to this account, and this token the last word (rules 10 and 11).
    fn first_in_log(&self, target: usize, side: &AccountSide<'_>, subject: Nkey) -> Result<(), Vec<Failure>> {
        let account = *side.identity();
        let mut rivals: Vec<usize> = self
            .index
            .find(Names::CodeSubject, subject.raw())
            .filter(|rival| matches!(self.grant(*rival), Some(Grant::Code { subject: other, .. }) if other == subject))
            .filter(|rival| self.is_first(*rival) && self.verified_now_or_later(*rival))
            .collect();
        rivals.sort_by_key(|rival| self.place(*rival));
        if let Some(owner) = self.owner(side, &rivals, subject).filter(|owner| *owner != account) {
            let fault = SuccessionFault::Owned { subject, owner: owner.nkey() };
            return Err(vec![self.failure(target, fault, 9)]);
        }
        let mut speaking = Speaking::new();
        let mut current: Option<(usize, (crate::time::Timestamp, i32))> = None;
        for rival in rivals {
            let (Some(member), Some(Grant::Code { issuer, revision, .. })) =
                (self.members.get(rival), self.grant(rival))
            else {
                continue;
            };
            let place = (member.content().issued_at(), revision);
            let falls_back = current.is_some_and(|(_, (at, rev))| place.0 < at || place.1 < rev);
            let dead = self.mortal(rival).is_none_or(|mortal| self.coroner().by_signer(&mortal).is_some());
            if falls_back || dead || self.voice(rival).is_err() {
                continue;
            }
            let by = *speaking.entry(*issuer.raw()).or_insert_with(|| self.account_by(rival, issuer, subject));
            if by == Some(account) {
                current = Some((rival, place));
            }
        }
        match current {
            Some((current, _)) if current == self.first_of(target) => Ok(()),
            Some((current, _)) => {
                let (newer, newer_issued_at) = (self.id(current), self.issued_at(current));
                let fault = ChainFault::Superseded { subject, newer, newer_issued_at };
                Err(vec![self.failure(target, fault, 9)])
            }
            None => Err(vec![self.no_account(target, account.nkey(), subject)]),
        }
    }

    /// Finds the one account that an issuing key speaks for.
    fn account_by(&self, rival: usize, issuer: Nkey, subject: Nkey) -> Option<Key<Account>> {
        let issuing = Key::<Account>::try_from(issuer).ok()?;
        let (sides, _) = self.accounts_of(rival, issuing, subject);
        self.one_account(&sides, issuing).ok().flatten().map(|side| *side.identity())
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

/// Explains why a key issues nothing for an account that is at hand.
fn may_not_issue(side: &AccountSide<'_>, issuing: Key<Account>, subject: Nkey) -> Fault {
    let issuer = issuing.nkey();
    let account = side.identity().nkey();
    let countersigned =
        matches!(side.above(), Above::Operator(operator) if operator.rule() == AccountRule::Countersigned);
    let problem = if countersigned && side.names(issuing.raw()) {
        return SuccessionFault::KeyNotCountersigned { subject, issuer, account }.into();
    } else if countersigned && side.identity() == &issuing {
        "the identity of an account whose signing keys issue"
    } else if side.token().is_some() {
        "no current signing key of its account"
    } else {
        "not the account key that is trusted"
    };
    ChainFault::CodeIssuer { subject, issuer, problem }.into()
}
