//! A history as the input tells it: how it is heard, then one act of four bytes after the other.

use greatseal_testkit::succession::script::Script;
use greatseal_testkit::succession::{Anchor, Claim, History, Key, Mode, Statement, Survivors, Target, Terms, Time};

use crate::input::Input;

/// Most statements of one history: each is signed for real.
const LONGEST: usize = 28;

const IDENTITIES: [&str; 4] = ["I1", "I2", "I3", "I4"];
const SIGNERS: [&str; 7] = ["S1", "S2", "S3", "S4", "S5", "S6", "S7"];
const ACCOUNTS: [&str; 3] = ["A1", "A2", "A3"];
const ACCOUNT_SIGNERS: [&str; 4] = ["a1", "a2", "a3", "a4"];
const MODULES: [&str; 2] = ["M1", "M2"];

/// Seconds by which instants lie apart, where rules change and between.
const STEPS: [i64; 16] = [
    0,
    1,
    -1,
    60,
    299,
    300,
    301,
    3600,
    86_400,
    10 * 86_400,
    100 * 86_400,
    199 * 86_400,
    200 * 86_400,
    400 * 86_400,
    600 * 86_400,
    -86_400,
];

/// What an act is: its first byte.
pub mod act {
    /// An operator token that continues another: which, the keys it lists, its terms.
    pub const OPERATOR: u8 = 0;
    /// A listing: by whom, about whom, the keys it lists.
    pub const ACCOUNT: u8 = 1;
    /// A module: by whom, which, its revision.
    pub const MODULE: u8 = 2;
    /// An endorsement: by whom, of which operator token.
    pub const ENDORSE: u8 = 3;
    /// A countersignature: by whom, of which listing or module.
    pub const COUNTERSIGN: u8 = 4;
    /// A revocation: by whom, of what, and what survives.
    pub const REVOKE: u8 = 5;
    /// Changes the times of the last statement.
    pub const TIMES: u8 = 6;
    /// Lets time pass.
    pub const CLOCK: u8 = 7;
}

/// How a history begins and how it is heard; [`Told::write`] is what [`history`] reads.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told {
    /// Bit 0: a log; bit 1: a bare key; bit 2: everything is proven; bit 3: not all is handed over.
    pub heard: u8,
    /// How many signing keys the first token lists.
    pub signers: u8,
    /// The terms of the first token: [`terms`](Told::terms) of an act.
    pub terms: u8,
    /// Which token is pinned, or whose key.
    pub anchor: u8,
    /// The instant of the questions, from the last one that was told.
    pub now: u8,
    /// What is left out, and in which order the rest comes.
    pub order: u8,
}

impl Told {
    /// Writes an input.
    #[must_use]
    pub fn write(self, acts: &[[u8; 4]]) -> Vec<u8> {
        let head = [self.heard, self.signers, self.terms, self.anchor, self.now, self.order];
        head.into_iter().chain(acts.iter().flatten().copied()).collect()
    }

    fn read(input: &mut Input<'_>) -> Self {
        let [heard, signers, terms, anchor, now, order] = input.array();
        Self { heard, signers, terms, anchor, now, order }
    }
}

/// Tells the history of an input.
pub(super) fn history(input: &mut Input<'_>) -> History {
    let told = Told::read(input);
    let mut teller = Teller::default();
    let listed: Vec<String> = owned(SIGNERS.iter().take(1 + usize::from(told.signers % 5)).copied());
    let terms = terms(told.terms, 0, None, listed.len(), told.terms >> 4);
    teller.operator("I1", &listed, terms);
    while !input.is_empty() && teller.script.statements().len() < LONGEST {
        teller.act(input.array());
    }
    teller.heard(told)
}

/// Writes terms: bit 0, no claim at all; bit 1, plain accounts; bit 2, no pair; bit 3, an odd threshold or place.
fn terms(flags: u8, seq: i64, prev: Option<&str>, signers: usize, next: u8) -> Option<Terms> {
    let odd = flags & 8 != 0;
    let least = (signers / 2 + 1) as i64;
    let next = (next & 7 != 7).then(|| Key::from(pick(&IDENTITIES, (next & 7).wrapping_add(1))));
    (flags & 1 == 0).then(|| Terms {
        seq: seq + i64::from(odd && flags & 2 != 0),
        prev: prev.map(str::to_owned),
        threshold: least + i64::from(odd && flags & 2 == 0),
        next,
        pair: flags & 4 == 0,
        accounts: Some(if flags & 2 == 0 { "countersigned" } else { "plain" }.to_owned()),
    })
}

fn pick<'a>(from: &[&'a str], which: u8) -> &'a str {
    from[usize::from(which) % from.len()]
}

fn owned<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    names.map(str::to_owned).collect()
}

fn masked(from: &[&str], mask: u8) -> Vec<String> {
    owned(from.iter().enumerate().filter(|(at, _)| mask >> at & 1 == 1).map(|(_, name)| *name))
}

#[derive(Default)]
struct Teller {
    script: Script,
    operators: Vec<String>,
    /// Listings and modules.
    others: Vec<String>,
}

impl Teller {
    fn operator(&mut self, issuer: &str, signers: &[String], terms: Option<Terms>) {
        let id = self.script.operator("T", issuer, signers, terms);
        self.operators.push(id);
    }

    fn nth(ids: &[String], which: u8) -> Option<String> {
        // The latest first: what is told goes on from there.
        ids.iter().rev().nth(usize::from(which).checked_rem(ids.len())?).cloned()
    }

    fn act(&mut self, [what, a, b, c]: [u8; 4]) {
        match what % 8 {
            act::OPERATOR => self.successor(a, b, c),
            act::ACCOUNT => {
                let signers = masked(&ACCOUNT_SIGNERS, c & 15);
                let id = self.script.account("L", pick(&SIGNERS, a), pick(&ACCOUNTS, b), &signers);
                self.others.push(id);
            }
            act::MODULE => {
                let by = if a & 0x80 == 0 { pick(&ACCOUNT_SIGNERS, a) } else { pick(&ACCOUNTS, a & 0x7f) };
                let id = self.script.module("m", by, pick(&MODULES, b), i64::from(c % 4));
                self.others.push(id);
            }
            act::ENDORSE => {
                let by = if a & 0x80 == 0 { pick(&SIGNERS, a) } else { pick(&IDENTITIES, a & 0x7f) };
                if let Some(of) = Self::nth(&self.operators, b) {
                    self.script.endorse(by, &of);
                }
            }
            act::COUNTERSIGN => {
                let by = match a >> 6 {
                    0 => pick(&ACCOUNT_SIGNERS, a),
                    1 => pick(&MODULES, a & 0x3f),
                    _ => pick(&ACCOUNTS, a & 0x3f),
                };
                if let Some(of) = Self::nth(&self.others, b) {
                    self.script.countersign(by, &of);
                }
            }
            act::REVOKE => self.revoke(a, b, c),
            act::TIMES => {
                let now = self.script.clock();
                let from = |step: u8| now.plus(STEPS[usize::from(step & 15)] * Time::SECOND);
                self.script.timed(|times| match a & 3 {
                    0 => times.nbf = Some(from(b)),
                    1 => times.exp = Some(from(b)),
                    2 => times.iat = Some(from(b)),
                    _ => (times.nbf, times.exp) = (Some(from(b)), Some(from(c))),
                });
            }
            _ => {
                let later = self.script.clock().plus(STEPS[usize::from(a & 15)].max(0) * Time::SECOND);
                self.script.at(later);
            }
        }
    }

    /// Continues an operator token: by its identity, by the next one, or by anybody.
    fn successor(&mut self, a: u8, b: u8, c: u8) {
        let Some(before) = Self::nth(&self.operators, a & 15).and_then(|id| self.script.token(&id)).cloned() else {
            return;
        };
        let claim = match &before.claim {
            Some(Claim::Once(terms)) => Some(terms.clone()),
            Some(Claim::Repeated(_)) | None => None,
        };
        let next = claim.as_ref().and_then(|terms| terms.next.clone());
        let issuer = match a >> 6 {
            0 => before.issuer.raw().to_owned(),
            1 => next.as_ref().map_or("I4", Key::raw).to_owned(),
            _ => pick(&IDENTITIES, a >> 4).to_owned(),
        };
        let mut signers = masked(&SIGNERS, b & 0x7f);
        if b & 0x80 != 0 {
            // One that may not be there.
            signers.push(next.as_ref().map_or(issuer.as_str(), Key::raw).to_owned());
        }
        let seq = claim.map_or(0, |terms| terms.seq);
        let terms = terms(c, seq + 1, Some(&before.id), signers.len(), c >> 4);
        self.operator(&issuer, &signers, terms);
    }

    /// Takes something back: what a key signed, a statement, or what one key said about another.
    fn revoke(&mut self, a: u8, b: u8, c: u8) {
        let keys: Vec<&str> = [&SIGNERS[..], &IDENTITIES, &ACCOUNTS, &ACCOUNT_SIGNERS, &MODULES].concat();
        let by = pick(&keys, a);
        let target = match b >> 6 {
            0 => Target::All(Key::from(by)),
            1 => Target::All(Key::from(pick(&keys, b & 0x3f))),
            2 => {
                let ids: Vec<String> = self.script.statements().iter().map(|it| it.id().to_owned()).collect();
                Target::Statement(Self::nth(&ids, b & 0x3f).unwrap_or_default())
            }
            _ => match self.script.statements().iter().rev().nth(usize::from(b & 0x3f)) {
                Some(Statement::Account(it)) => edge(&it.issuer, &it.subject),
                Some(Statement::Module(it)) => edge(&it.issuer, &it.subject),
                Some(Statement::Operator(it)) => {
                    let Some(signer) = it.signers.get(usize::from(c >> 4) % it.signers.len().max(1)) else { return };
                    edge(&it.issuer, signer)
                }
                _ => edge(&Key::from(by), &Key::from(pick(&keys, c))),
            },
        };
        // What is inside at some size survives, in this log or in another.
        let log = (c & 1 == 1).then(|| Survivors {
            size: (self.script.statements().len() as i64 - i64::from(c >> 1 & 7)).max(0),
            root: (c & 0x10 != 0).then(|| if c & 0x20 == 0 { "x" } else { "y" }.to_owned()),
        });
        self.script.revoke(by, target, log);
    }

    /// Hands the statements over.
    fn heard(self, told: Told) -> History {
        let anchor = if told.heard & 2 == 0 {
            // The first token, or another; rarely one that is none.
            let which = usize::from(told.anchor & 15);
            Anchor::Token(self.operators.get(which).map_or("nothing", String::as_str).to_owned())
        } else {
            Anchor::Key(Key::from(pick(&IDENTITIES, told.anchor)))
        };
        let mode = if told.heard & 1 == 0 { Mode::Stateless } else { Mode::Snapshot };
        let now = self.script.clock().plus(STEPS[usize::from(told.now & 15)] * Time::SECOND);
        let mut history = self.script.told(mode, anchor, Time(now.0.max(0)));
        let ids: Vec<String> = history.statements.iter().map(|it| it.id().to_owned()).collect();
        // Some get lost; in a log they come beside it instead, heard after it.
        let lost = |at: usize| told.heard & 8 != 0 && ((at + 1) * (usize::from(told.order) | 1)).is_multiple_of(5);
        let (kept, beside): (Vec<(usize, &String)>, Vec<_>) = ids.iter().enumerate().partition(|(at, _)| !lost(*at));
        let kept: Vec<String> = kept.into_iter().map(|(_, id)| id.clone()).collect();
        match mode {
            Mode::Stateless => {
                history.supplied = kept;
                if told.order & 1 == 1 {
                    history.supplied.reverse();
                }
                if told.heard & 4 != 0 {
                    history.log = ids.clone();
                    history.proofs =
                        ids.iter().enumerate().filter(|(at, _)| !lost(at + 2)).map(|(_, id)| id.clone()).collect();
                }
            }
            Mode::Snapshot => {
                history.log = kept;
                if told.order >> 4 > 0 && !history.log.is_empty() {
                    let last = history.log.len() - 1;
                    let place = usize::from(told.order >> 4) % history.log.len();
                    history.log.swap(place, last.min(place + 1));
                }
                history.supplied = beside.into_iter().map(|(_, id)| id.clone()).collect();
            }
        }
        history
    }
}

fn edge(issuer: &Key, subject: &Key) -> Target {
    Target::Edge { issuer: issuer.clone(), subject: subject.clone() }
}
