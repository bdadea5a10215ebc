//! What a verifier has heard when one question is asked, and in which order.

use super::{Account, Anchor, History, Key, Mode, Module, Operator, Revocation, Role, Statement, Support, Time};

/// How far ahead of the verifier's clock a signer's may be (rule 11).
const AHEAD: i64 = 5 * 60 * Time::SECOND;

/// Says whether a statement claims to be made in the future (rule 11).
pub(super) fn future(statement: &Statement, now: Time) -> bool {
    statement.iat().is_some_and(|iat| iat > now.plus(AHEAD))
}

/// What a verifier has heard.
#[derive(Clone, Debug)]
pub(super) struct Hearing<'h> {
    history: &'h History,
    /// No statement twice and none from the future. The order is one of hearing in a snapshot only.
    heard: Vec<&'h Statement>,
}

impl<'h> Hearing<'h> {
    /// Collects what is at hand for a question.
    ///
    /// A snapshot hears its log, then what was supplied beyond it, one by one, then the statement asked
    /// about. The pinned token was there before all.
    pub(super) fn new(history: &'h History, query: &str) -> Self {
        let pin = match &history.anchor {
            Anchor::Token(id) => vec![id.as_str()],
            Anchor::Key(_) => vec![],
        };
        let log = match history.mode {
            Mode::Stateless => [].iter(),
            Mode::Snapshot => history.log.iter(),
        };
        let supplied = history.supplied.iter();
        let ids = pin.into_iter().chain(log.chain(supplied).map(String::as_str)).chain([query]);

        let mut heard: Vec<&'h Statement> = Vec::new();
        for statement in ids.filter_map(|id| history.statement(id)) {
            let known = heard.iter().any(|earlier| earlier.id() == statement.id());
            if !known && !future(statement, history.now) {
                heard.push(statement);
            }
        }
        Self { history, heard }
    }

    /// Returns what had been heard when so many statements had been.
    pub(super) fn first(&self, count: usize) -> Self {
        Self { history: self.history, heard: self.heard.iter().copied().take(count).collect() }
    }

    /// Returns the same without any revocation.
    pub(super) fn without_revocations(&self) -> Self {
        let spoken = |statement: &&&Statement| !matches!(statement, Statement::Revocation(_));
        Self { history: self.history, heard: self.heard.iter().filter(spoken).copied().collect() }
    }

    /// Returns how many statements were heard.
    pub(super) fn len(&self) -> usize {
        self.heard.len()
    }

    pub(super) fn anchor(&self) -> &'h Anchor {
        &self.history.anchor
    }

    pub(super) fn mode(&self) -> Mode {
        self.history.mode
    }

    pub(super) fn now(&self) -> Time {
        self.history.now
    }

    pub(super) fn role(&self, key: &Key) -> Option<Role> {
        self.history.role(key)
    }

    /// Says whether a statement was heard.
    pub(super) fn has(&self, id: &str) -> bool {
        self.heard.iter().any(|statement| statement.id() == id)
    }

    /// Returns where in the log a statement is proven to be (rule 14).
    ///
    /// A snapshot knows its whole log; a stateless verifier needs a proof.
    pub(super) fn proven_at(&self, id: &str) -> Option<usize> {
        let proven = match self.mode() {
            Mode::Stateless => self.history.proofs.iter().any(|proof| proof == id),
            Mode::Snapshot => true,
        };
        proven.then(|| self.history.log.iter().position(|entry| entry == id)).flatten()
    }

    pub(super) fn operators(&self) -> impl Iterator<Item = &'h Operator> {
        self.heard.iter().filter_map(|statement| if let Statement::Operator(it) = statement { Some(it) } else { None })
    }

    pub(super) fn accounts(&self) -> impl Iterator<Item = &'h Account> {
        self.heard.iter().filter_map(|statement| if let Statement::Account(it) = statement { Some(it) } else { None })
    }

    pub(super) fn modules(&self) -> impl Iterator<Item = &'h Module> {
        self.heard.iter().filter_map(|statement| if let Statement::Module(it) = statement { Some(it) } else { None })
    }

    /// Returns the endorsements of an operator token.
    pub(super) fn endorsements(&self, of: &str) -> impl Iterator<Item = &'h Support> {
        let supports = |it: &&'h Statement| if let Statement::Endorsement(it) = it { Some(it) } else { None };
        self.heard.iter().filter_map(supports).filter(move |it| it.of == of)
    }

    /// Returns the countersignatures of a listing or a module.
    pub(super) fn countersignatures(&self, of: &str) -> impl Iterator<Item = &'h Support> {
        let supports = |it: &&'h Statement| if let Statement::Countersignature(it) = it { Some(it) } else { None };
        self.heard.iter().filter_map(supports).filter(move |it| it.of == of)
    }

    pub(super) fn revocations(&self) -> impl Iterator<Item = &'h Revocation> {
        self.heard
            .iter()
            .filter_map(|statement| if let Statement::Revocation(it) = statement { Some(it) } else { None })
    }
}
