//! Writes a history down, statement by statement.

use std::collections::BTreeMap;

use super::{
    Account, Anchor, Claim, History, Key, Mode, Module, Operator, Revocation, Role, Statement, Support, Survivors,
    Target, Terms, Time, Times,
};

/// A history in the making.
///
/// A key's role is told by the first letter of its name, and a statement names only statements written before it,
/// so that real keys and real tokens can be made in the same order.
#[derive(Clone, Debug, Default)]
pub struct Script {
    keys: BTreeMap<String, Role>,
    statements: Vec<Statement>,
    clock: Time,
}

impl Script {
    /// Goes on where a history stopped.
    #[must_use]
    pub fn resumed(history: &History) -> Self {
        Self { keys: history.keys.clone(), statements: history.statements.clone(), clock: history.now }
    }

    /// Sets the instant at which the next statements are made.
    pub fn at(&mut self, time: Time) -> &mut Self {
        self.clock = time;
        self
    }

    /// Returns that instant.
    #[must_use]
    pub fn clock(&self) -> Time {
        self.clock
    }

    /// Returns what is written so far.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Returns the keys that were named so far.
    pub fn keys(&self) -> impl Iterator<Item = (&str, Role)> {
        self.keys.iter().map(|(key, role)| (key.as_str(), *role))
    }

    /// Returns the operator token of an id.
    #[must_use]
    pub fn token(&self, id: &str) -> Option<&Operator> {
        let mut tokens = self
            .statements
            .iter()
            .filter_map(|it| if let Statement::Operator(token) = it { Some(token) } else { None });
        tokens.find(|token| token.id == id)
    }

    /// Writes an operator token that lives 200 days, and returns its id.
    pub fn operator(&mut self, id: &str, issuer: &str, signers: &[String], terms: Option<Terms>) -> String {
        if let Some(next) = terms.as_ref().and_then(|terms| terms.next.clone()) {
            self.key(next.raw());
        }
        let token = Operator {
            id: self.free(id),
            issuer: self.key(issuer),
            subject: self.key(issuer),
            signers: signers.iter().map(|key| self.key(key)).collect(),
            claim: terms.map(Claim::Once),
            times: Times { iat: Some(self.clock), nbf: None, exp: Some(self.clock.plus(200 * Time::DAY)) },
        };
        self.push(Statement::Operator(token))
    }

    /// Writes a listing without an end, and returns its id.
    pub fn account(&mut self, id: &str, issuer: &str, subject: &str, signers: &[String]) -> String {
        let listing = Account {
            id: self.free(id),
            issuer: self.key(issuer),
            subject: self.key(subject),
            signers: signers.iter().map(|key| self.key(key)).collect(),
            times: Times { iat: Some(self.clock), nbf: None, exp: None },
        };
        self.push(Statement::Account(listing))
    }

    /// Writes a module without an end, and returns its id.
    pub fn module(&mut self, id: &str, issuer: &str, subject: &str, rev: i64) -> String {
        let module = Module {
            id: self.free(id),
            issuer: self.key(issuer),
            subject: self.key(subject),
            rev,
            times: Times { iat: Some(self.clock), nbf: None, exp: None },
        };
        self.push(Statement::Module(module))
    }

    /// Changes the times of the last statement, if it has any.
    pub fn timed(&mut self, change: impl FnOnce(&mut Times)) -> &mut Self {
        match self.statements.last_mut() {
            Some(
                Statement::Operator(Operator { times, .. })
                | Statement::Account(Account { times, .. })
                | Statement::Module(Module { times, .. }),
            ) => change(times),
            Some(Statement::Endorsement(_) | Statement::Countersignature(_) | Statement::Revocation(_)) | None => {}
        }
        self
    }

    /// Writes an endorsement, and returns its id.
    pub fn endorse(&mut self, by: &str, of: &str) -> String {
        let support = self.support("e", by, of);
        self.push(Statement::Endorsement(support))
    }

    /// Writes a countersignature, and returns its id.
    pub fn countersign(&mut self, by: &str, of: &str) -> String {
        let support = self.support("c", by, of);
        self.push(Statement::Countersignature(support))
    }

    /// Writes a revocation, and returns its id.
    pub fn revoke(&mut self, by: &str, target: Target, log: Option<Survivors>) -> String {
        let id = self.free(&format!("r.{by}"));
        let revocation = Revocation { id, by: self.key(by), target, log, iat: Some(self.clock) };
        self.push(Statement::Revocation(revocation))
    }

    /// Writes the revocation that is made at a key's birth and kept sealed.
    pub fn revoke_all(&mut self, by: &str) -> String {
        self.revoke(by, Target::All(Key::from(by)), None)
    }

    /// Ends the script: a verifier that pins a token is handed everything, or reads it in a log.
    #[must_use]
    pub fn told(self, mode: Mode, anchor: Anchor, now: Time) -> History {
        let ids: Vec<String> = self.statements.iter().map(|it| it.id().to_owned()).collect();
        let (supplied, log) = match mode {
            Mode::Stateless => (ids, Vec::new()),
            Mode::Snapshot => (Vec::new(), ids),
        };
        History {
            id: String::new(),
            title: String::new(),
            case: None,
            stolen: Vec::new(),
            keys: self.keys,
            statements: self.statements,
            anchor,
            mode,
            now,
            supplied,
            log,
            proofs: Vec::new(),
            queries: Vec::new(),
        }
    }

    fn push(&mut self, statement: Statement) -> String {
        let id = statement.id().to_owned();
        self.statements.push(statement);
        id
    }

    fn support(&mut self, letter: &str, by: &str, of: &str) -> Support {
        let id = self.free(&format!("{letter}.{of}.{by}"));
        Support { id, by: self.key(by), of: of.to_owned(), iat: Some(self.clock) }
    }

    /// Notes a key and its role.
    fn key(&mut self, name: &str) -> Key {
        let role = match name.chars().next() {
            Some('I') => Role::OperatorIdentity,
            Some('S') => Role::OperatorSigner,
            Some('A') => Role::AccountIdentity,
            Some('a') => Role::AccountSigner,
            _ => Role::Module,
        };
        self.keys.entry(name.to_owned()).or_insert(role);
        Key::from(name)
    }

    /// Returns an id that nothing has yet.
    fn free(&self, wanted: &str) -> String {
        let taken = |id: &str| self.statements.iter().any(|it| it.id() == id);
        let numbered = (2..).map(|number| format!("{wanted}.{number}"));
        std::iter::once(wanted.to_owned()).chain(numbered).find(|id| !taken(id)).unwrap_or_default()
    }
}
