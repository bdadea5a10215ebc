//! One history with everything in it made for real, and the verifier that is asked.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use data_encoding::BASE64URL_NOPAD;
use greatseal_core::decide::Outcome;
use greatseal_core::log::LogRoot;
use greatseal_core::statement::{Kind, StatementId};
use greatseal_core::supply::{Heard, Proof, Supply};
use greatseal_core::{Anchor as RealAnchor, Code, Decision, Policy, Timestamp, View};
use greatseal_token::wascap::{Claims, Verifier};

use super::log::{Log, foreign};
use super::text::{Names, claims, real, seconds};
use crate::succession::{Anchor, Expect, History, Key, Mode, Statement};

/// The instant that a history calls zero, in seconds of the epoch; late enough for times before it.
pub const BEGINNING: u64 = 1_000_000_000;

/// A statement as it was made.
struct Made {
    kind: Kind,
    received: Vec<u8>,
    id: StatementId,
}

/// A history with its statements made.
pub struct Stage<'h> {
    history: &'h History,
    made: BTreeMap<&'h str, Made>,
    log: RefCell<Log>,
    verifier: RefCell<Verifier>,
}

/// What is known while statements are being made.
struct Known<'s, 'h>(&'s BTreeMap<&'h str, Made>, &'s RefCell<Log>);

impl Names for Known<'_, '_> {
    fn id(&self, name: &str) -> StatementId {
        let unknown = || StatementId::of(format!("never written: {name}").as_bytes());
        self.0.get(name).map_or_else(unknown, |made| made.id)
    }

    fn root(&self, size: u64, word: Option<&str>) -> LogRoot {
        match word {
            None | Some("log") => self.1.borrow_mut().name(size),
            Some(word) => foreign(word),
        }
    }
}

impl<'h> Stage<'h> {
    /// Makes every statement of a history: what others name first.
    #[must_use]
    pub fn set(history: &'h History) -> Self {
        let mut stage = Self {
            history,
            made: BTreeMap::new(),
            log: RefCell::new(Log::new(history.log.len())),
            verifier: RefCell::new(Verifier::new(NonZeroUsize::MIN)),
        };
        let mut known = BTreeSet::new();
        // Of two with one id the first counts.
        let mut left: Vec<&Statement> = history.statements.iter().filter(|it| known.insert(it.id())).collect();
        while !left.is_empty() {
            let waits = |it: &&Statement| names(it).is_some_and(|of| left.iter().any(|other| other.id() == of));
            let (mut waiting, mut ready): (Vec<&Statement>, Vec<&Statement>) = left.iter().copied().partition(waits);
            // Roots of the log are named last, when as much of it as can be is written.
            let names_log = |it: &&Statement| matches!(it, Statement::Revocation(it) if it.log.is_some());
            if !ready.iter().all(names_log) {
                let (later, now) = ready.into_iter().partition(names_log);
                ready = now;
                waiting.extend::<Vec<&Statement>>(later);
            } else if ready.is_empty() {
                // A circle, which no real hashes have: somebody names what is never written.
                ready = waiting.split_off(waiting.len() - 1);
            } else {
                ready.sort_by_key(|it| history.log.iter().position(|id| id == it.id()));
                waiting.extend(ready.split_off(1));
            }
            for statement in ready {
                stage.make(statement);
            }
            left = waiting;
        }
        stage
    }

    fn make(&mut self, statement: &'h Statement) {
        let (kind, claims) = claims(self.history, statement, &Known(&self.made, &self.log));
        let mut signed = kind.prefix().to_vec();
        signed.extend_from_slice(BASE64URL_NOPAD.encode(claims.as_bytes()).as_bytes());
        let signature = real(self.history, signer(statement)).sign(&signed);
        let id = StatementId::of(&signed);
        let received = [&signed, b".".as_slice(), BASE64URL_NOPAD.encode(signature.as_bytes()).as_bytes()].concat();
        for (place, _) in self.history.log.iter().enumerate().filter(|(_, id)| *id == statement.id()) {
            self.log.borrow_mut().write(place, kind, &received);
        }
        self.made.insert(statement.id(), Made { kind, received, id });
    }

    /// Returns the exact text of a statement.
    #[must_use]
    pub fn text(&self, id: &str) -> Option<&[u8]> {
        self.made.get(id).map(|made| made.received.as_slice())
    }

    /// Asks the real verifier about one statement.
    #[must_use]
    pub fn ask(&self, query: &str) -> Answer {
        match self.judge(query).map(Outcome::into_decision) {
            Ok(Decision::Allow(_)) => Answer { expect: Expect::Allow, code: None },
            Ok(Decision::Deny(deny)) => Answer { expect: Expect::Deny, code: Some(deny.closest().fault.code()) },
            Err(code) => Answer { expect: Expect::Deny, code: Some(code) },
        }
    }

    /// Asks the same, and tells what a verifier that keeps a state has to remember of it.
    #[must_use]
    pub fn learn(&self, query: &str) -> Lesson {
        let mut lesson = Lesson::default();
        let named = |bytes: &[u8]| {
            let found = self.made.iter().find(|(_, made)| made.received == bytes);
            found.map(|(id, _)| (*id).to_owned())
        };
        for learned in self.judge(query).map(|outcome| outcome.learned).unwrap_or_default() {
            for step in &learned.steps {
                lesson.path.extend(named(&step.token));
                lesson.remembered.extend(named(&step.token));
                lesson.remembered.extend(step.endorsements.iter().filter_map(|(_, deed)| named(deed)));
            }
            lesson.remembered.extend(learned.revocations.iter().filter_map(|it| named(&it.deed)));
        }
        lesson
    }

    fn judge(&self, query: &str) -> Result<Outcome, Code> {
        let made = self.made.get(query).filter(|made| made.kind == Kind::WascapToken).ok_or(Code::NoRule)?;
        let target = self.verifier.borrow_mut().read(&made.received).map_err(|fault| fault.code())?;
        let anchors = self.anchor().into_iter().collect();
        let view = View::new(Policy::Strict, anchors, Timestamp::from_secs(seconds(self.history.now)));
        let mut supply = self.supply();
        let place = supply.ask(target, self.proofs(query));
        Ok(self.verifier.borrow_mut().decide_within(&[place], supply, &view))
    }

    fn anchor(&self) -> Option<RealAnchor> {
        match &self.history.anchor {
            Anchor::Key(key) => Some(RealAnchor::Operator(real(self.history, key).typed())),
            Anchor::Token(id) => {
                let Some(Statement::Operator(token)) = self.history.statement(id) else { return None };
                let subject = real(self.history, &token.subject).typed();
                Some(RealAnchor::OperatorToken { id: self.made.get(id.as_str())?.id, subject })
            }
        }
    }

    /// Hands over what the verifier of this history is handed.
    fn supply(&self) -> Supply<Claims> {
        let history = self.history;
        let log = self.log.borrow();
        let mut supply = match history.mode {
            Mode::Stateless => Supply::default(),
            Mode::Snapshot => Supply::log(history.log.iter().map(|id| self.heard(id)).collect(), log.roots()),
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

    /// Proves that a statement is in the log, where the history says that this is proven.
    fn proofs(&self, id: &str) -> Vec<Proof> {
        let history = self.history;
        let proven = history.mode == Mode::Stateless && history.proofs.iter().any(|proven| proven == id);
        let place = history.log.iter().position(|entry| entry == id).filter(|_| proven);
        let proofs = place.map(|place| self.log.borrow().proofs(place)).unwrap_or_default();
        proofs.into_iter().map(|(leaf, inclusion)| Proof { leaf, inclusion }).collect()
    }

    /// Reads a statement; nothing when a reader refuses it, which is as if it were absent.
    fn heard(&self, id: &str) -> Option<Heard<Claims>> {
        let made = self.made.get(id)?;
        let mut verifier = self.verifier.borrow_mut();
        match made.kind {
            Kind::WascapToken => verifier.read(&made.received).ok().map(Heard::Token),
            Kind::Endorsement | Kind::Countersignature | Kind::Revocation => {
                verifier.read_deed(&made.received).ok().map(Heard::Deed)
            }
            Kind::UcanDelegation | Kind::UcanInvocation => None,
        }
    }
}

/// What the real verifier said.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// The verdict.
    pub expect: Expect,
    /// The code of a denial.
    pub code: Option<Code>,
}

/// What is to be remembered of one question, by the names in the history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lesson {
    /// The tokens that were followed, in order.
    pub path: Vec<String>,
    /// These, their endorsements, and revocations that counted.
    pub remembered: Vec<String>,
}

/// Returns the statement that another one names, and that has to be written before it.
fn names(statement: &Statement) -> Option<&str> {
    use crate::succession::{Claim, Target};
    match statement {
        Statement::Operator(it) => match &it.claim {
            Some(Claim::Once(terms)) => terms.prev.as_deref(),
            Some(Claim::Repeated(terms)) => terms.first().and_then(|terms| terms.prev.as_deref()),
            None => None,
        },
        Statement::Endorsement(it) | Statement::Countersignature(it) => Some(&it.of),
        Statement::Revocation(it) => match &it.target {
            Target::Statement(id) => Some(id),
            Target::Edge { .. } | Target::All(_) => None,
        },
        Statement::Account(_) | Statement::Module(_) => None,
    }
}

fn signer(statement: &Statement) -> &Key {
    match statement {
        Statement::Operator(it) => &it.issuer,
        Statement::Account(it) => &it.issuer,
        Statement::Module(it) => &it.issuer,
        Statement::Endorsement(it) | Statement::Countersignature(it) => &it.by,
        Statement::Revocation(it) => &it.by,
    }
}
