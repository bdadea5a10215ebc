//! Provenance rules 1 to 7 of `docs/formats/wascap.md`, read literally: slow, short, and written
//! without a look at the graph it is compared with.

use std::collections::{BTreeMap, BTreeSet};

use greatseal_core::key::{Key, KeyRole, RawKey, Role};
use greatseal_core::{Anchor, StatementId};
use greatseal_testkit::chain::AT;
use greatseal_token::wascap::{Claims, Entity, Listing};

use crate::world::{Made, Scene};

/// What a principal's current tokens say.
#[derive(Clone, Default)]
struct Current {
    /// Positions of the tokens that speak.
    tokens: BTreeSet<usize>,
    signers: BTreeSet<RawKey>,
}

/// The rules applied to one scene.
pub(crate) struct Literal<'s> {
    scene: &'s Scene,
    strict: bool,
    operators: BTreeMap<RawKey, Current>,
}

/// An account as it speaks, and its operator's keys.
struct Speaker {
    identity: RawKey,
    current: Current,
    above: BTreeSet<RawKey>,
}

impl Speaker {
    fn speaks_by(&self, key: &RawKey) -> bool {
        &self.identity == key || self.current.signers.contains(key)
    }

    /// One raw key, one place: its own keys, those above it, and the code.
    fn mixes(&self, code: Option<&RawKey>) -> bool {
        let mut own = self.current.signers.clone();
        own.insert(self.identity);
        own.iter().any(|key| self.above.contains(key))
            || code.is_some_and(|code| own.contains(code) || self.above.contains(code))
    }
}

fn keys<R: KeyRole>(listing: &Listing<R>) -> BTreeSet<RawKey> {
    listing.signers.iter().flatten().map(Key::raw).copied().collect()
}

/// Rule 2 but for `exp`, and the future of rule 7.
fn begun(claims: &Claims) -> bool {
    let terms = &claims.terms;
    terms.issued_at.as_secs() <= AT + 300 && terms.validity.not_before.is_none_or(|at| at.as_secs() <= AT)
}

fn expired(claims: &Claims) -> bool {
    claims.terms.validity.expires.is_some_and(|at| at.as_secs() <= AT)
}

/// Rules 1 and 2: authentic and begun; whether it has expired counts only for the newest.
fn counts(made: &Made) -> bool {
    made.authentic && begun(&made.claims)
}

/// Rule 7: the newest ones, all of which have to be alive, and what all of them list.
fn newest<'m>(tokens: impl Iterator<Item = (usize, &'m Claims, BTreeSet<RawKey>)> + Clone) -> Option<Current> {
    let newest = tokens.clone().map(|(_, claims, _)| claims.terms.issued_at).max()?;
    let mut current: Option<Current> = None;
    for (position, _, listed) in tokens.clone().filter(|(_, claims, _)| claims.terms.issued_at == newest) {
        let current = current.get_or_insert_with(|| Current { tokens: BTreeSet::new(), signers: listed.clone() });
        current.tokens.insert(position);
        current.signers.retain(|key| listed.contains(key));
    }
    let alive = tokens.filter(|(_, claims, _)| claims.terms.issued_at == newest).all(|(_, claims, _)| !expired(claims));
    current.filter(|_| alive)
}

impl<'s> Literal<'s> {
    pub(crate) fn new(scene: &'s Scene) -> Self {
        let strict = scene.policy.requires_separation();
        let mut literal = Self { scene, strict, operators: BTreeMap::new() };
        for anchor in &scene.anchors {
            let (identity, pinned) = match anchor {
                Anchor::Operator(identity) => (identity, None),
                Anchor::OperatorToken { id, subject } => (subject, Some(*id)),
                Anchor::Account(_) | Anchor::AccountToken { .. } | Anchor::Root(_) | Anchor::Subject => continue,
            };
            if let Some(current) = literal.operator(identity.raw(), pinned) {
                literal.operators.insert(*identity.raw(), current);
            }
        }
        literal
    }

    fn made(&self) -> impl Iterator<Item = (usize, &'s Made)> + Clone {
        self.scene.made.iter().enumerate()
    }

    /// Rule 3, for a trusted operator; of a pinned one only the pinned token is looked at.
    fn operator(&self, identity: &RawKey, pinned: Option<StatementId>) -> Option<Current> {
        let looked_at = self.made().filter(move |(_, made)| pinned.is_none_or(|id| made.token.id() == id));
        let own = looked_at.filter_map(|(position, made)| {
            let Entity::Operator(listing) = &made.claims.entity else { return None };
            let own = listing.subject.raw() == identity && made.claims.issuer == listing.subject.nkey();
            let listed = keys(listing);
            // Rule 3: one that is not separated is not there at all where separation is required.
            let separated = !self.strict || !listed.is_empty() && !listed.contains(identity);
            (own && separated && counts(made)).then_some((position, &made.claims, listed))
        });
        let current = newest(own)?;
        (!self.strict || !current.signers.is_empty()).then_some(current)
    }

    /// Rules 4 and 6: the one trusted operator whose key issued an account's token.
    fn parent(&self, claims: &Claims) -> Option<RawKey> {
        if claims.issuer.role() != Role::Operator {
            return None;
        }
        let key = claims.issuer.raw();
        let mut parents = self.operators.iter().filter(|(identity, current)| {
            if self.strict {
                current.signers.contains(key) && *identity != key
            } else {
                current.signers.contains(key) || *identity == key
            }
        });
        let parent = parents.next()?;
        parents.next().is_none().then_some(*parent.0)
    }

    /// Rules 4 and 7: an account under each operator that made it, and by itself where it is trusted.
    fn speakers(&self, account: &RawKey) -> Vec<Speaker> {
        let mut speakers = Vec::new();
        for (operator, above) in &self.operators {
            let own = self.made().filter_map(|(position, made)| {
                let Entity::Account(listing) = &made.claims.entity else { return None };
                let own = listing.subject.raw() == account && self.parent(&made.claims) == Some(*operator);
                (own && counts(made)).then(|| (position, &made.claims, keys(listing)))
            });
            if let Some(current) = newest(own) {
                let mut above = above.signers.clone();
                above.insert(*operator);
                speakers.push(Speaker { identity: *account, current, above });
            }
        }
        for anchor in &self.scene.anchors {
            let current = match anchor {
                Anchor::Account(key) if key.raw() == account => Some(Current::default()),
                Anchor::AccountToken { id, .. } => newest(self.made().filter_map(|(position, made)| {
                    let Entity::Account(listing) = &made.claims.entity else { return None };
                    let pinned = made.token.id() == *id && listing.subject.raw() == account && counts(made);
                    pinned.then(|| (position, &made.claims, keys(listing)))
                })),
                Anchor::Account(_)
                | Anchor::Operator(_)
                | Anchor::OperatorToken { .. }
                | Anchor::Root(_)
                | Anchor::Subject => None,
            };
            let above = BTreeSet::new();
            speakers.extend(current.map(|current| Speaker { identity: *account, current, above }));
        }
        speakers
    }

    /// Says whether a token is to be believed; nothing where the rules leave it open, because an
    /// account speaks under several parents that disagree.
    pub(crate) fn allows(&self, position: usize) -> Option<bool> {
        let made = &self.scene.made[position];
        match &made.claims.entity {
            // Of several of one second each is judged by itself, though together they say only what all say.
            Entity::Operator(_) | Entity::Account(_) if self.has_twin(position) => None,
            Entity::Operator(listing) => Some(
                self.operators.get(listing.subject.raw()).is_some_and(|current| current.tokens.contains(&position)),
            ),
            Entity::Account(listing) => {
                let speakers = self.speakers(listing.subject.raw());
                let speaking = speakers.iter().filter(|speaker| speaker.current.tokens.contains(&position));
                let verdicts: BTreeSet<bool> = speaking.map(|speaker| !self.strict || !speaker.mixes(None)).collect();
                if verdicts.len() > 1 { None } else { Some(verdicts.contains(&true)) }
            }
            Entity::Module(module) => self.allows_code(made, module.subject.raw()),
            Entity::Cluster(_)
            | Entity::Provider(_)
            | Entity::Host(_)
            | Entity::Invocation(_)
            | Entity::Untyped { .. } => Some(false),
        }
    }

    /// Says whether another token about the same subject is of the same second.
    fn has_twin(&self, position: usize) -> bool {
        let of = |made: &Made| (made.claims.entity.subject(), made.claims.terms.issued_at);
        let own = of(&self.scene.made[position]);
        self.made().any(|(other, made)| other != position && of(made) == own)
    }

    /// Rules 5 to 7.
    fn allows_code(&self, made: &Made, subject: &RawKey) -> Option<bool> {
        let issuer = made.claims.issuer;
        if issuer.role() != Role::Account || issuer.raw() == subject || !counts(made) || expired(&made.claims) {
            return Some(false);
        }
        let subjects = self.made().filter_map(|(_, made)| made.claims.entity.subject());
        let accounts: BTreeSet<RawKey> = subjects.map(|subject| *subject.raw()).chain([*issuer.raw()]).collect();
        let speakers = accounts.iter().flat_map(|account| self.speakers(account));
        let mut speakers: Vec<Speaker> = speakers.filter(|speaker| speaker.speaks_by(issuer.raw())).collect();
        if speakers.iter().any(|speaker| &speaker.identity == issuer.raw()) {
            speakers.retain(|speaker| &speaker.identity == issuer.raw());
        }
        let identities: BTreeSet<RawKey> = speakers.iter().map(|speaker| speaker.identity).collect();
        if identities.len() != 1 {
            return Some(false);
        }
        // Under a pinned token only a log tells which of a module's tokens is the current one.
        let pinned = self.scene.anchors.iter().any(|anchor| matches!(anchor, Anchor::OperatorToken { .. }));
        if pinned && speakers.iter().any(|speaker| self.superseded(made, subject, speaker)) {
            return None;
        }
        let verdicts: BTreeSet<bool> = speakers
            .iter()
            .map(|speaker| !(self.superseded(made, subject, speaker) || self.strict && speaker.mixes(Some(subject))))
            .collect();
        if verdicts.len() == 1 { verdicts.first().copied() } else { None }
    }

    fn superseded(&self, made: &Made, subject: &RawKey, speaker: &Speaker) -> bool {
        self.made().any(|(_, other)| {
            matches!(&other.claims.entity, Entity::Module(module) if module.subject.raw() == subject)
                && other.claims.issuer.role() == Role::Account
                && speaker.speaks_by(other.claims.issuer.raw())
                && counts(other)
                && other.claims.terms.issued_at > made.claims.terms.issued_at
        })
    }
}
