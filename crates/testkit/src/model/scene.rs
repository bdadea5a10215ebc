//! One history before the real graph.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use greatseal_core::decide::{Candidate, Memory};
use greatseal_core::deed::Deed;
use greatseal_core::key::{Account, Key, KeyRole, Nkey, Operator, RawKey, Role};
use greatseal_core::log::LogRoot;
use greatseal_core::succession::{AccountRule, Commitment, Succession, Terms};
use greatseal_core::supply::{Heard, Proof, Supply};
use greatseal_core::time::{Timestamp, Validity};
use greatseal_core::{Anchor as RealAnchor, Decision, Examination, Policy, StatementId, Verified, View};

use super::deeds::{Deeds, Hand, Says, Wording};
use super::log::StandIns;
use super::slot::{self, Content, Row, Slot, Slots};
use crate::reenact::{Answer, foreign, seconds};
use crate::succession::{self as told, Anchor, Claim, Expect, History, Mode, Statement, Survivors, Target, Times};

/// When a deed that is neither of the future nor nearly so was made.
const LONG_AGO: u64 = 0;
/// When a deed of the far future was made.
const FAR_AHEAD: u64 = 1 << 40;
/// How near to five minutes ahead an instant is kept as it is, so that the graph decides on it.
const NEAR: std::ops::RangeInclusive<u64> = 299..=302;

/// What is kept from history to history.
pub struct Model {
    slots: Slots,
    deeds: Deeds,
    log: StandIns,
    memory: Memory<Slot>,
}

impl Default for Model {
    fn default() -> Self {
        Self { slots: Slots::new(), deeds: Deeds::default(), log: StandIns::default(), memory: Memory::default() }
    }
}

/// A statement as it was made.
enum Made {
    /// The slot of a token.
    Token(usize),
    /// A token that a reader refuses, which is as if it were absent.
    Refused(usize),
    Deed(Verified<Deed>),
}

/// A history whose statements are made.
pub struct Scene<'m, 'h> {
    model: &'m mut Model,
    history: &'h History,
    /// The first statement of every id.
    places: BTreeMap<&'h str, usize>,
    made: Vec<Option<Made>>,
    keys: BTreeMap<&'h str, usize>,
    /// How often a wording was used.
    copies: BTreeMap<Wording, usize>,
    /// Deeds whose making has begun.
    begun: BTreeSet<usize>,
    /// Sizes of this log that revocations name.
    sizes: BTreeSet<u64>,
    proven: BTreeMap<&'h str, usize>,
}

impl Model {
    /// Makes every statement of a history.
    pub fn play<'m, 'h>(&'m mut self, history: &'h History) -> Scene<'m, 'h> {
        self.slots.next_turn();
        let mut scene = Scene {
            model: self,
            history,
            places: BTreeMap::new(),
            made: history.statements.iter().map(|_| None).collect(),
            keys: BTreeMap::new(),
            copies: BTreeMap::new(),
            begun: BTreeSet::new(),
            sizes: BTreeSet::new(),
            proven: BTreeMap::new(),
        };
        for (place, statement) in history.statements.iter().enumerate() {
            scene.places.entry(statement.id()).or_insert(place);
        }
        if history.mode == Mode::Stateless {
            let proofs: BTreeSet<&str> = history.proofs.iter().map(String::as_str).collect();
            for (place, id) in history.log.iter().enumerate().filter(|(_, id)| proofs.contains(id.as_str())) {
                scene.proven.entry(id).or_insert(place);
            }
        }
        // Tokens first: their ids are known from the outset, those of deeds once they are made.
        let mut slots = 0..;
        for (place, statement) in history.statements.iter().enumerate() {
            let row = match statement {
                Statement::Operator(it) => scene.operator(it),
                Statement::Account(it) => Some(scene.account(it)),
                Statement::Module(it) => scene.module(it),
                Statement::Endorsement(_) | Statement::Countersignature(_) | Statement::Revocation(_) => continue,
            };
            let slot = slots.next().unwrap_or_default();
            let made = match row {
                Some(row) => {
                    scene.model.slots.say(slot, row);
                    Made::Token(slot)
                }
                None => Made::Refused(slot),
            };
            scene.put(place, made);
        }
        for place in 0..history.statements.len() {
            scene.make_deed(place);
        }
        scene
    }
}

impl<'h> Scene<'_, 'h> {
    /// Asks the real graph about one statement.
    pub fn ask(&mut self, query: &str) -> Answer {
        let deny = Answer { expect: Expect::Deny, code: None };
        let Some(Heard::Token(target)) = self.heard(query) else { return deny };
        let anchors = self.anchor().into_iter().collect();
        let view = View::new(Policy::Strict, anchors, Timestamp::from_secs(seconds(self.history.now)));
        let mut supply = self.supply();
        let place = supply.ask(target, self.proofs(query));
        let mut examination = Examination::new(&view, supply, NonZeroUsize::MIN);
        match examination.decide(&[place], &mut self.model.memory).into_decision() {
            Decision::Allow(_) => Answer { expect: Expect::Allow, code: None },
            Decision::Deny(denial) => Answer { code: Some(denial.closest().fault.code()), ..deny },
        }
    }

    fn anchor(&mut self) -> Option<RealAnchor> {
        let history = self.history;
        match &history.anchor {
            Anchor::Key(key) => Some(RealAnchor::Operator(self.key(key))),
            Anchor::Token(id) => {
                let Some(Statement::Operator(token)) = history.statement(id) else { return None };
                Some(RealAnchor::OperatorToken { id: self.id(id), subject: self.key(&token.subject) })
            }
        }
    }

    /// Hands over what the verifier of this history is handed.
    fn supply(&mut self) -> Supply<Slot> {
        let history = self.history;
        let mut supply = match history.mode {
            Mode::Stateless => Supply::default(),
            Mode::Snapshot => {
                let roots = self.sizes.iter().map(|size| (*size, self.model.log.root(*size))).collect();
                Supply::log(history.log.iter().map(|id| self.heard(id)).collect(), roots)
            }
        };
        let pinned = match &history.anchor {
            Anchor::Token(id) => Some(id),
            Anchor::Key(_) => None,
        };
        for id in pinned.into_iter().chain(&history.supplied) {
            if let Some(heard) = self.heard(id) {
                supply.add(heard, self.proofs(id));
            }
        }
        supply
    }

    fn proofs(&mut self, id: &str) -> Vec<Proof> {
        let Some(place) = self.proven.get(id).copied() else { return Vec::new() };
        self.sizes.iter().filter_map(|size| self.model.log.proof(*size, place)).collect()
    }

    fn heard(&self, id: &str) -> Option<Heard<Slot>> {
        match self.made.get(*self.places.get(id)?)?.as_ref()? {
            Made::Token(slot) => self.model.slots.token(*slot).map(Candidate::Verified).map(Heard::Token),
            Made::Refused(_) => None,
            Made::Deed(deed) => Some(Heard::Deed(Candidate::Verified(deed.clone()))),
        }
    }

    /// Returns the id of a statement; of one that is not made, one that nothing has.
    fn id(&self, name: &str) -> StatementId {
        let made = self.places.get(name).and_then(|place| self.made.get(*place)).and_then(Option::as_ref);
        match made {
            Some(Made::Token(slot) | Made::Refused(slot)) => slot::id(*slot),
            Some(Made::Deed(deed)) => deed.id(),
            None => StatementId::of(format!("never written: {name}").as_bytes()),
        }
    }

    fn put(&mut self, place: usize, made: Made) {
        if let Some(free) = self.made.get_mut(place) {
            *free = Some(made);
        }
    }

    /// Numbers keys as they are met, so that the same deeds come up in many histories.
    fn number(&mut self, key: &'h told::Key) -> usize {
        let next = self.keys.len();
        *self.keys.entry(key.raw()).or_insert(next)
    }

    fn raw(&mut self, key: &'h told::Key) -> RawKey {
        let number = self.number(key);
        self.model.deeds.raw(number)
    }

    fn key<R: KeyRole>(&mut self, key: &'h told::Key) -> Key<R> {
        Key::new(self.raw(key))
    }

    fn nkey(&mut self, role: Role, key: &'h told::Key) -> Nkey {
        Nkey::new(role, self.raw(key))
    }

    fn hand(&mut self, key: &'h told::Key) -> Hand {
        Hand { key: self.number(key), did: key.0 != key.raw() }
    }

    fn operator(&mut self, it: &'h told::Operator) -> Option<Row> {
        let issuer = self.nkey(Role::Operator, &it.issuer);
        let subject: Key<Operator> = self.key(&it.subject);
        let signers: Vec<Key<Operator>> = it.signers.iter().map(|key| self.key(key)).collect();
        let succession = match &it.claim {
            None => None,
            // The claim twice: no reader takes that.
            Some(Claim::Repeated(_)) => return None,
            Some(Claim::Once(terms)) => {
                let terms = self.terms(terms)?;
                Some(Succession::new(terms, subject.raw(), signers.iter().map(Key::raw)).ok()?)
            }
        };
        Some(row(issuer, it.times, Content::Operator { subject, signers, succession }))
    }

    /// Returns the terms of a claim, unless a reader stumbles over a number.
    fn terms(&mut self, it: &'h told::Terms) -> Option<Terms> {
        let countersigned = it.accounts.as_deref() == Some("countersigned");
        Some(Terms {
            seq: u64::try_from(it.seq).ok()?,
            prev: it.prev.as_ref().map(|prev| self.token_id(prev)),
            threshold: u64::try_from(it.threshold).ok()?,
            next: it.next.as_ref().map(|next| Commitment::to(&self.raw(next))),
            pair: it.pair,
            accounts: if countersigned { AccountRule::Countersigned } else { AccountRule::Plain },
        })
    }

    /// Returns the id of a token that may come later: the number of its slot is how many tokens come before it.
    fn token_id(&self, name: &str) -> StatementId {
        let statements = &self.history.statements;
        match self.places.get(name).copied().filter(|place| statements.get(*place).is_some_and(Statement::is_token)) {
            Some(place) => slot::id(statements.iter().take(place).filter(|it| it.is_token()).count()),
            None => StatementId::of(format!("no token: {name}").as_bytes()),
        }
    }

    fn account(&mut self, it: &'h told::Account) -> Row {
        let issuer = self.nkey(Role::Operator, &it.issuer);
        let signers: Vec<Key<Account>> = it.signers.iter().map(|key| self.key(key)).collect();
        row(issuer, it.times, Content::Account { subject: self.key(&it.subject), signers })
    }

    fn module(&mut self, it: &'h told::Module) -> Option<Row> {
        let issuer = self.nkey(Role::Account, &it.issuer);
        let subject = self.nkey(Role::Module, &it.subject);
        Some(row(issuer, it.times, Content::Code { subject, revision: i32::try_from(it.rev).ok()? }))
    }

    /// Makes a deed, and first the one that it names.
    fn make_deed(&mut self, place: usize) {
        let history = self.history;
        let Some(statement) = history.statements.get(place) else { return };
        if statement.is_token() || self.made.get(place).is_none_or(Option::is_some) {
            return;
        }
        let named = match statement {
            Statement::Endorsement(it) | Statement::Countersignature(it) => Some(it.of.as_str()),
            Statement::Revocation(it) => match &it.target {
                Target::Statement(id) => Some(id.as_str()),
                Target::Edge { .. } | Target::All(_) => None,
            },
            Statement::Operator(_) | Statement::Account(_) | Statement::Module(_) => None,
        };
        self.begun.insert(place);
        // In a circle, which no real hashes have, somebody names what is never written.
        if let Some(named) = named.and_then(|id| self.places.get(id)).copied().filter(|it| !self.begun.contains(it)) {
            self.make_deed(named);
        }
        let (by, iat, says) = match statement {
            Statement::Endorsement(it) => (&it.by, it.iat, Says::Endorse(self.id(&it.of))),
            Statement::Countersignature(it) => (&it.by, it.iat, Says::Countersign(self.id(&it.of))),
            Statement::Revocation(it) => (&it.by, it.iat, self.revocation(it)),
            Statement::Operator(_) | Statement::Account(_) | Statement::Module(_) => return,
        };
        let (by, iat) = (self.hand(by), iat.map_or(LONG_AGO, |iat| self.instant(iat)));
        let mut wording = Wording { by, iat, copy: 0, says };
        let copies = self.copies.entry(wording.clone()).or_default();
        wording.copy = *copies;
        *copies += 1;
        let deed = self.model.deeds.deed(wording);
        self.put(place, Made::Deed(deed));
    }

    fn revocation(&mut self, it: &'h told::Revocation) -> Says {
        let log = it.log.as_ref().map(|survivors| self.survivors(survivors));
        match &it.target {
            Target::Statement(id) => Says::RevokeStatement(self.id(id), log),
            Target::Edge { issuer, subject } => Says::RevokeEdge(self.hand(issuer), self.hand(subject), log),
            Target::All(key) => Says::RevokeKey(self.hand(key), log),
        }
    }

    fn survivors(&mut self, it: &Survivors) -> (u64, LogRoot) {
        let size = u64::try_from(it.size).unwrap_or(0);
        match it.root.as_deref() {
            None | Some("log") => {
                self.sizes.insert(size);
                (size, self.model.log.root(size))
            }
            Some(word) => (size, foreign(word)),
        }
    }

    /// Returns when a deed was made, as far as it matters: only whether that is in the future.
    fn instant(&self, iat: told::Time) -> u64 {
        let (iat, now) = (seconds(iat), seconds(self.history.now));
        match iat.saturating_sub(now) {
            ahead if NEAR.contains(&ahead) => iat,
            ahead if ahead < *NEAR.start() => LONG_AGO,
            _ => FAR_AHEAD,
        }
    }
}

fn row(issuer: Nkey, times: Times, content: Content) -> Row {
    let at = |time: told::Time| Timestamp::from_secs(seconds(time));
    let issued_at = times.iat.map_or(Timestamp::from_secs(0), at);
    let validity = Validity { not_before: times.nbf.map(at), expires: times.exp.map(at) };
    Row { issuer, issued_at, validity, content }
}
