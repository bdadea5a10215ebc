//! A play: statements written one by one, told to a verifier, and asked about.

use greatseal_testkit::reenact::Stage;
use greatseal_testkit::succession::script::Script;
use greatseal_testkit::succession::{
    Anchor, Expect, History, Key, Mode, Survivors, Target, Terms, Time, Times, answer,
};
use greatseal_testkit::vectors::Folder;

/// The token that every play begins with: by `I1`, with next identity `I2`, alive for 200 days.
pub(crate) const PIN: &str = "T0";

/// A history in the making, and the verifier that will be told it.
#[derive(Clone)]
pub(crate) struct Play {
    pub(crate) script: Script,
    anchor: Anchor,
    now: Option<Time>,
    withheld: Vec<String>,
    proven: Vec<String>,
}

impl Play {
    /// Begins with nothing.
    pub(crate) fn empty() -> Self {
        Self {
            script: Script::default(),
            anchor: Anchor::Token(PIN.to_owned()),
            now: None,
            withheld: Vec::new(),
            proven: Vec::new(),
        }
    }

    /// Begins with a pinned token that lists `S1` and so on, as `operator create` makes it.
    pub(crate) fn founded(signing_keys: usize) -> Self {
        let mut play = Self::empty();
        play.token(PIN, "I1", &signers(signing_keys), terms(0, None, signing_keys, Some("I2")));
        play
    }

    /// Begins with three signing keys, and account `A1` with `a1` under `S1`.
    pub(crate) fn with_account() -> Self {
        let mut play = Self::founded(3);
        play.list("L1", "S1", "A1", &["a1"]);
        play
    }

    /// Lets the clock stand at a day.
    pub(crate) fn at(&mut self, days: f64) -> &mut Self {
        self.script.at(Time::from(days));
        self
    }

    /// Writes an operator token.
    pub(crate) fn token(&mut self, id: &str, issuer: &str, signers: &[&str], terms: Terms) -> &mut Self {
        self.script.operator(id, issuer, &owned(signers), Some(terms));
        self
    }

    /// Writes a token that continues another by one, with a least threshold, and endorsements.
    pub(crate) fn succeed(
        &mut self,
        (id, prev): (&str, &str),
        issuer: &str,
        signers: &[&str],
        next: &str,
        endorsers: &[&str],
    ) -> &mut Self {
        let seq = match self.script.token(prev).and_then(|token| token.claim.clone()) {
            Some(greatseal_testkit::succession::Claim::Once(terms)) => terms.seq + 1,
            _ => 1,
        };
        self.token(id, issuer, signers, terms(seq, Some(prev), signers.len(), Some(next)));
        self.endorse(id, endorsers)
    }

    /// Lets keys endorse an operator token.
    pub(crate) fn endorse(&mut self, of: &str, by: &[&str]) -> &mut Self {
        by.iter().for_each(|by| drop(self.script.endorse(by, of)));
        self
    }

    /// Lets keys countersign a listing or a module.
    pub(crate) fn countersign(&mut self, of: &str, by: &[&str]) -> &mut Self {
        by.iter().for_each(|by| drop(self.script.countersign(by, of)));
        self
    }

    /// Writes a listing, countersigned by its identity and every key that it lists.
    pub(crate) fn list(&mut self, id: &str, issuer: &str, account: &str, signers: &[&str]) -> &mut Self {
        self.listing(id, issuer, account, signers).countersign(id, &[account]).countersign(id, signers)
    }

    /// Writes a listing that nobody countersigned yet.
    pub(crate) fn listing(&mut self, id: &str, issuer: &str, account: &str, signers: &[&str]) -> &mut Self {
        self.script.account(id, issuer, account, &owned(signers));
        self
    }

    /// Writes a module.
    pub(crate) fn module(&mut self, id: &str, issuer: &str, module: &str, revision: i64) -> &mut Self {
        self.script.module(id, issuer, module, revision);
        self
    }

    /// Changes the times of the token, listing or module written last.
    pub(crate) fn timed(&mut self, change: impl FnOnce(&mut Times)) -> &mut Self {
        self.script.timed(change);
        self
    }

    /// Takes back all that keys signed, each by itself.
    pub(crate) fn revoke_all(&mut self, keys: &[&str]) -> &mut Self {
        keys.iter().for_each(|key| drop(self.script.revoke_all(key)));
        self
    }

    /// Takes something back.
    pub(crate) fn revoke(&mut self, by: &str, target: Target) -> &mut Self {
        self.script.revoke(by, target, None);
        self
    }

    /// Takes something back, but for what is in the log at a size under a root.
    pub(crate) fn revoke_but(&mut self, by: &str, target: Target, size: usize, root: Option<&str>) -> &mut Self {
        let size = i64::try_from(size).unwrap();
        self.script.revoke(by, target, Some(Survivors { size, root: root.map(str::to_owned) }));
        self
    }

    /// Returns how much is written.
    pub(crate) fn len(&self) -> usize {
        self.script.statements().len()
    }

    /// Trusts a bare key.
    pub(crate) fn bare(&mut self, key: &str) -> &mut Self {
        self.anchor = Anchor::Key(Key::from(key));
        self
    }

    /// Pins another token.
    pub(crate) fn pin(&mut self, id: &str) -> &mut Self {
        self.anchor = Anchor::Token(id.to_owned());
        self
    }

    /// Asks at a day; else a day after the last statement.
    pub(crate) fn now(&mut self, days: f64) -> &mut Self {
        self.now = Some(Time::from(days));
        self
    }

    /// Keeps statements from the verifier.
    pub(crate) fn withhold(&mut self, ids: &[&str]) -> &mut Self {
        self.withheld.extend(owned(ids));
        self
    }

    /// Proves to a stateless verifier that statements are in the log, which holds everything in order.
    pub(crate) fn prove(&mut self, ids: &[&str]) -> &mut Self {
        self.proven.extend(owned(ids));
        self
    }

    /// Returns the history as a verifier of a mode is told it.
    pub(crate) fn told(&self, mode: Mode) -> History {
        let now = self.now.unwrap_or_else(|| self.script.clock().plus(Time::DAY));
        let mut told = self.script.clone().told(mode, self.anchor.clone(), now);
        if mode == Mode::Stateless {
            told.log.clone_from(&told.supplied);
            told.proofs.clone_from(&self.proven);
        }
        for ids in [&mut told.supplied, &mut told.log] {
            ids.retain(|id| !self.withheld.contains(id));
        }
        told
    }

    /// Expects a stateless verifier to allow these and to deny those.
    #[track_caller]
    pub(crate) fn stateless(&self, allowed: &[&str], denied: &[&str]) -> &Self {
        self.asked(Mode::Stateless, allowed, denied)
    }

    /// Expects a verifier with the whole log to allow these and to deny those.
    #[track_caller]
    pub(crate) fn in_log(&self, allowed: &[&str], denied: &[&str]) -> &Self {
        self.asked(Mode::Snapshot, allowed, denied)
    }

    /// Expects both kinds of verifier to allow these and to deny those.
    #[track_caller]
    pub(crate) fn both(&self, allowed: &[&str], denied: &[&str]) -> &Self {
        self.stateless(allowed, denied).in_log(allowed, denied)
    }

    #[track_caller]
    fn asked(&self, mode: Mode, allowed: &[&str], denied: &[&str]) -> &Self {
        let told = self.told(mode);
        let allowed = allowed.iter().map(|id| (*id, Expect::Allow));
        asked(&told, allowed.chain(denied.iter().map(|id| (*id, Expect::Deny))));
        self
    }
}

/// Holds the verifier, and the reference beside it, to what is expected.
#[track_caller]
pub(crate) fn asked<'q>(told: &History, expected: impl IntoIterator<Item = (&'q str, Expect)>) {
    let stage = Stage::set(told);
    for (id, expect) in expected {
        let real = stage.ask(id);
        assert_eq!(real.expect, expect, "{} {:?}: {id}, the verifier: {real:?}", told.id, told.mode);
        let reference = answer(told, id);
        assert_eq!(reference.expect(), expect, "{} {:?}: {id}, the reference: {reference:?}", told.id, told.mode);
    }
}

/// Holds the verifier to the labelled histories of those ids.
#[track_caller]
pub(crate) fn labelled(ids: &[&str]) {
    let cases: Vec<History> = Folder::open("succession").json("cases.json");
    for id in ids {
        let case = cases.iter().find(|case| case.id == *id).unwrap_or_else(|| panic!("no case {id}"));
        asked(case, case.queries.iter().map(|query| (query.id.as_str(), query.expect)));
    }
}

/// Returns the terms with which operators are created: a least threshold, the pair, countersigned accounts.
pub(crate) fn terms(seq: i64, prev: Option<&str>, signers: usize, next: Option<&str>) -> Terms {
    Terms {
        seq,
        prev: prev.map(str::to_owned),
        threshold: i64::try_from(signers / 2 + 1).unwrap(),
        next: next.map(Key::from),
        pair: true,
        accounts: Some("countersigned".to_owned()),
    }
}

/// Returns `S1` and so on.
pub(crate) fn signers(count: usize) -> Vec<&'static str> {
    ["S1", "S2", "S3", "S4", "S5"].into_iter().take(count).collect()
}

/// Targets whatever a key signed.
pub(crate) fn all(key: &str) -> Target {
    Target::All(Key::from(key))
}

/// Targets what one key said about another.
pub(crate) fn edge(issuer: &str, subject: &str) -> Target {
    Target::Edge { issuer: Key::from(issuer), subject: Key::from(subject) }
}

/// Targets one statement.
pub(crate) fn statement(id: &str) -> Target {
    Target::Statement(id.to_owned())
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}
