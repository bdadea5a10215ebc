//! The provenance rules 1 to 7 of wascap (strict), and what `relaxed` lets through, read naively.
//!
//! Everything is looked up by going through everything. Numbers in comments are those of the rules.

use std::collections::BTreeSet;

use greatseal_core::key::Role;

use super::realm::{Kind, NOW, Realm, Statement, Trust};

/// Seconds that an `iat` may lie ahead.
const AHEAD: u64 = 5 * 60;

/// What the rules say about one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Allowed,
    Denied,
    /// Allowed by one of several ways to read the chain, and not by all: the rules name no winner.
    Open,
}

pub(super) struct Rules<'r> {
    realm: &'r Realm,
    operators: Vec<Side>,
}

/// A principal as its current tokens speak.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Side {
    identity: usize,
    tokens: Vec<usize>,
    signers: BTreeSet<usize>,
    /// The keys of the operator above, where there is one.
    above: BTreeSet<usize>,
    /// One of its tokens has expired, or they list nobody in common: together they say nothing, though
    /// each is judged by itself when it is asked about.
    silent: bool,
    /// It stands on an operator's token that is pinned, where only a log tells which module is the newest.
    pinned: bool,
}

impl<'r> Rules<'r> {
    pub(super) fn new(realm: &'r Realm) -> Self {
        let mut rules = Self { realm, operators: Vec::new() };
        rules.operators = realm.trusted.iter().filter_map(|trust| rules.operator(*trust)).collect();
        rules
    }

    fn all(&self) -> impl Iterator<Item = (usize, &'r Statement)> + use<'r> {
        self.realm.statements.iter().enumerate()
    }

    fn get(&self, index: usize) -> &'r Statement {
        &self.realm.statements[index]
    }

    /// Rules 1, 2 and 7: signed, of now.
    pub(super) fn speaks(&self, index: usize) -> bool {
        self.counts(index) && self.get(index).expires.is_none_or(|expires| NOW < expires)
    }

    /// It speaks, or would but for its expiry: it supersedes.
    fn counts(&self, index: usize) -> bool {
        let statement = self.get(index);
        statement.genuine && statement.issued_at <= NOW + AHEAD && statement.not_before.is_none_or(|from| from <= NOW)
    }

    /// Rule 3: an operator that is trusted, and its token that speaks.
    fn operator(&self, trust: Trust) -> Option<Side> {
        let separated = |statement: &Statement| {
            !statement.signers.is_empty() && !statement.signers.contains(&statement.subject.key)
        };
        let wanted = |index: usize, statement: &Statement| {
            statement.kind == Kind::Operator
                && match trust {
                    Trust::Operator(key) => statement.subject.key == key,
                    Trust::OperatorToken(id) => statement.id == id,
                    Trust::Account(_) | Trust::AccountToken(_) => false,
                }
                && statement.issuer == statement.subject
                && self.counts(index)
                // What strict refuses is not there: it replaces nothing either.
                && (self.realm.relaxed || separated(statement))
        };
        let tokens =
            self.all().filter(|(index, statement)| wanted(*index, statement)).map(|(index, _)| index).collect();
        let side = self.side(tokens)?;
        // Of several of one second, what all of them list has to be something too.
        let silent = side.silent || !self.realm.relaxed && side.signers.is_empty();
        Some(Side { silent, pinned: matches!(trust, Trust::OperatorToken(_)), ..side })
    }

    /// The operators that list anybody now.
    fn speaking(&self) -> impl Iterator<Item = &Side> {
        self.operators.iter().filter(|operator| !operator.silent)
    }

    /// Rule 7: of tokens of one subject by one side the newest speaks, and of equals what all of them say.
    fn side(&self, mut tokens: Vec<usize>) -> Option<Side> {
        let newest = tokens.iter().map(|index| self.get(*index).issued_at).max()?;
        tokens.retain(|index| self.get(*index).issued_at == newest);
        let named = |key: &usize| tokens.iter().all(|index| self.get(*index).signers.contains(key));
        let first = self.get(*tokens.first()?);
        let signers = first.signers.iter().copied().filter(named).collect();
        let identity = first.subject.key;
        let silent = !tokens.iter().all(|index| self.speaks(*index));
        Some(Side { identity, tokens, signers, above: BTreeSet::new(), silent, pinned: false })
    }

    /// Rule 4: by an operator's signing key, and never by its identity unless the policy is relaxed.
    fn issues_accounts(&self, operator: &Side, issuer: usize) -> bool {
        let (listed, identity) = (operator.signers.contains(&issuer), operator.identity == issuer);
        if self.realm.relaxed { listed || identity } else { listed && !identity }
    }

    /// Every way in which an account speaks: under each operator by itself, and as it is trusted.
    fn account(&self, key: usize) -> Vec<Side> {
        let mut sides = Vec::new();
        let tokens: Vec<usize> = self
            .all()
            .filter(|(index, statement)| {
                statement.kind == Kind::Account
                    && statement.subject.key == key
                    && statement.issuer.role == Role::Operator
                    && self.counts(*index)
            })
            .map(|(index, _)| index)
            .collect();
        for identity in self.speaking().map(|operator| operator.identity).collect::<BTreeSet<_>>() {
            // Rule 6: what two operators list speaks for neither.
            let issued = |index: &usize| {
                let issuers =
                    || self.speaking().filter(|other| self.issues_accounts(other, self.get(*index).issuer.key));
                issuers().count() > 0 && issuers().all(|other| other.identity == identity)
            };
            let Some(side) = self.side(tokens.iter().copied().filter(issued).collect()) else { continue };
            // An operator that is trusted twice is one side, and the account stands on either that lists its issuer.
            for operator in self.speaking().filter(|operator| operator.identity == identity) {
                if side.tokens.iter().any(|index| self.issues_accounts(operator, self.get(*index).issuer.key)) {
                    let above = operator.signers.iter().copied().chain([identity]).collect();
                    sides.push(Side { above, pinned: operator.pinned, ..side.clone() });
                }
            }
        }
        for trust in &self.realm.trusted {
            match trust {
                Trust::Account(trusted) if *trusted == key => sides.push(Side {
                    identity: key,
                    tokens: Vec::new(),
                    signers: BTreeSet::new(),
                    above: BTreeSet::new(),
                    silent: false,
                    pinned: false,
                }),
                Trust::AccountToken(id) => {
                    let pinned = |(index, statement): &(usize, &Statement)| {
                        statement.id == *id && statement.subject.key == key && self.speaks(*index)
                    };
                    let tokens: Vec<usize> = self.all().filter(pinned).map(|(index, _)| index).collect();
                    sides.extend(self.side(tokens));
                }
                _ => {}
            }
        }
        sides
    }

    pub(super) fn decide(&self, target: usize) -> Verdict {
        let statement = self.get(target);
        if !self.speaks(target) {
            return Verdict::Denied;
        }
        match statement.kind {
            Kind::Operator if self.operators.iter().any(|side| side.tokens.contains(&target)) => Verdict::Allowed,
            Kind::Operator => Verdict::Denied,
            Kind::Account => {
                let sides = self.account(statement.subject.key);
                let mine = sides.iter().filter(|side| side.tokens.contains(&target));
                verdict(mine.map(|side| self.separate(side, None)))
            }
            Kind::Module | Kind::Provider => self.code(target),
        }
    }

    /// Rule 5: by its account, never by itself or another role.
    fn code(&self, target: usize) -> Verdict {
        let statement = self.get(target);
        let issuer = statement.issuer;
        if issuer.role != Role::Account || issuer.key == statement.subject.key {
            return Verdict::Denied;
        }
        let accounts = (0..super::KEYS).flat_map(|key| self.account(key));
        let mut sides: Vec<Side> = accounts
            .filter(|side| !side.silent && (side.identity == issuer.key || side.signers.contains(&issuer.key)))
            .collect();
        // An identity is nobody else's to list; else rule 6.
        if sides.iter().any(|side| side.identity == issuer.key) {
            sides.retain(|side| side.identity == issuer.key);
        }
        if sides.iter().any(|side| side.identity != sides[0].identity) {
            return Verdict::Denied;
        }
        let answer = |side: &Side| {
            (side.pinned || !self.superseded(target, side)) && self.separate(side, Some(statement.subject.key))
        };
        verdict(sides.iter().map(answer))
    }

    /// Rule 7 for modules and providers.
    fn superseded(&self, target: usize, side: &Side) -> bool {
        let statement = self.get(target);
        self.all().any(|(index, other)| {
            other.kind == statement.kind
                && other.subject == statement.subject
                && other.issuer.role == Role::Account
                && (other.issuer.key == side.identity || side.signers.contains(&other.issuer.key))
                && other.issued_at > statement.issued_at
                && self.counts(index)
        })
    }

    /// One raw key in one role and under one principal.
    fn separate(&self, side: &Side, code: Option<usize>) -> bool {
        let own: BTreeSet<usize> = side.signers.iter().copied().chain([side.identity]).collect();
        let apart =
            own.is_disjoint(&side.above) && code.is_none_or(|code| !own.contains(&code) && !side.above.contains(&code));
        self.realm.relaxed || apart
    }

    /// Says whether one link of a chain lists the issuer of the next.
    pub(super) fn may_issue(&self, parent: usize, child: usize) -> bool {
        let (parent, child) = (self.get(parent), self.get(child));
        let identity = parent.subject.key == child.issuer.key;
        let listed = parent.signers.contains(&child.issuer.key);
        match (parent.kind, child.kind) {
            (Kind::Operator, Kind::Account) => {
                child.issuer.role == Role::Operator
                    && if self.realm.relaxed { listed || identity } else { listed && !identity }
            }
            (Kind::Account, Kind::Module | Kind::Provider) => {
                child.issuer.role == Role::Account && (listed || identity)
            }
            _ => false,
        }
    }

    /// Says whether the first link of a chain, or who issued it, is trusted.
    pub(super) fn is_anchored(&self, first: usize, pinned: bool) -> bool {
        let statement = self.get(first);
        self.realm.trusted.iter().any(|trust| match trust {
            Trust::Operator(key) => !pinned && statement.kind == Kind::Operator && statement.subject.key == *key,
            Trust::Account(key) => {
                !pinned
                    && matches!(statement.kind, Kind::Module | Kind::Provider)
                    && statement.issuer.role == Role::Account
                    && statement.issuer.key == *key
            }
            Trust::OperatorToken(id) | Trust::AccountToken(id) => pinned && statement.id == *id,
        })
    }
}

fn verdict(answers: impl Iterator<Item = bool>) -> Verdict {
    let answers: Vec<bool> = answers.collect();
    match (answers.contains(&true), answers.contains(&false)) {
        (true, false) => Verdict::Allowed,
        (true, true) => Verdict::Open,
        (false, _) => Verdict::Denied,
    }
}
