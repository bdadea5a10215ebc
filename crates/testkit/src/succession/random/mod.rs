//! Random histories: an owner who lives on, a thief with some of the keys, and a careless courier.
//!
//! Told by a seed alone. Names say who is who: the owner's keys are a letter and a number (`S3`), a thief's own
//! have a mark between (`St1`); the owner's statements are `T` (operator tokens), `L` (listings) and `m` (modules),
//! a thief's `X`, `Y` and `n`. Times are whole seconds, no key serves in two roles but in tokens that are refused
//! for it, and a statement names only statements before it, so real tokens can be made from every history.

mod courier;
mod dice;
mod owner;
mod thief;

pub use dice::Dice;

use super::script::Script;
use super::{Anchor, Expect, History, Key, Query, Role, Statement, Target, Time, Verdict, answer};
use owner::Owner;
use thief::Thief;

/// About where histories stop.
const LENGTHS: (usize, usize) = (12, 52);
/// About where small ones stop.
const SMALL: (usize, usize) = (4, 16);

/// Tells the history of a seed. It has no queries yet: see [`questions`] and [`labelled`].
#[must_use]
pub fn history(seed: u64) -> History {
    told(seed, LENGTHS)
}

/// Tells a small history, in which the thief comes early: many of these reach further than few large ones.
#[must_use]
pub fn small(seed: u64) -> History {
    told(seed, SMALL)
}

fn told(seed: u64, (shortest, longest): (usize, usize)) -> History {
    let dice = &mut Dice::new(seed);
    let mut script = Script::default();
    let mut owner = Owner::create(dice, &mut script);
    let mut thief = None;
    let mut stolen = Vec::new();
    let theft = if dice.percent(80) { Some(dice.below(14.min(longest / 3))) } else { None };
    let longest = shortest + dice.below(longest - shortest);
    for step in 0..40 {
        if script.statements().len() >= longest {
            break;
        }
        if !dice.percent(20) {
            let later = script.clock().plus(dice.between(1, 12 * Time::DAY / Time::SECOND) * Time::SECOND);
            script.at(later);
        }
        if Some(step) == theft {
            let chance = [10, 30, 60].get(dice.below(3)).copied().unwrap_or(30);
            let keys: Vec<String> = script.keys().map(|(key, _)| key.to_owned()).collect();
            stolen = dice.some(&keys, chance);
            thief = Some(Thief::new("t", stolen.clone(), dice.percent(30)));
        }
        match &thief {
            Some(thief) if dice.percent(45) => thief.act(dice, &mut script),
            Some(_) | None => owner.act(dice, &mut script),
        }
    }
    let mut history = courier::deliver(dice, script, owner.token());
    history.id = format!("R{seed}");
    history.title = format!("random history of seed {seed}");
    history.stolen = stolen.iter().map(|key| Key::from(key.as_str())).collect();
    history
}

/// Adds a stranger to a history, who says anything at all with keys that he alone has, and steals none.
///
/// What he says comes last, so that everything else keeps its place in the log.
#[must_use]
pub fn with_stranger(history: &History, seed: u64) -> History {
    let dice = &mut Dice::new(seed);
    let mut script = Script::resumed(history);
    let before = script.statements().len();
    let stranger = Thief::new("u", Vec::new(), false);
    script.at(Time(dice.between(0, history.now.0 / Time::SECOND) * Time::SECOND));
    for _ in 0..6 {
        stranger.act(dice, &mut script);
    }
    let mut told = history.clone();
    told.keys = script.keys().map(|(key, role)| (key.to_owned(), role)).collect();
    told.statements = script.statements().to_vec();
    for statement in told.statements.iter().skip(before) {
        let logged = !told.log.is_empty() && dice.percent(50);
        if logged { &mut told.log } else { &mut told.supplied }.push(statement.id().to_owned());
    }
    told
}

/// Returns what can be asked of a history: each token once, one statement that nobody relies on, and one unknown id.
#[must_use]
pub fn questions(history: &History) -> Vec<String> {
    let tokens = history.statements.iter().filter(|it| it.is_token());
    let other = history.statements.iter().find(|it| !it.is_token());
    tokens.chain(other).map(|it| it.id().to_owned()).chain(["nothing".to_owned()]).collect()
}

/// Writes the reference's answers into a history, which makes it a case like those of the vectors.
#[must_use]
pub fn labelled(mut history: History) -> History {
    let label = |id: String| match answer(&history, &id) {
        Verdict::Allow => Query { id, expect: Expect::Allow, reason: None },
        Verdict::Deny(reason) => Query { id, expect: Expect::Deny, reason: Some(reason) },
    };
    history.queries = questions(&history).into_iter().map(label).collect();
    history
}

/// Says whether a key is one that a thief or a stranger made.
#[must_use]
pub fn made_by_a_thief(key: &str) -> bool {
    !key.chars().nth(1).is_some_and(|mark| mark.is_ascii_digit())
}

/// Who said a statement, and what it is to revocations.
struct Said {
    id: String,
    by: Key,
    edge: Option<Target>,
}

fn said(statement: &Statement) -> Said {
    let edge = |issuer: &Key, subject: &Key| Target::Edge { issuer: issuer.clone(), subject: subject.clone() };
    let (by, edge) = match statement {
        Statement::Operator(it) => (&it.issuer, it.signers.first().map(|signer| edge(&it.issuer, signer))),
        Statement::Account(it) => (&it.issuer, Some(edge(&it.issuer, &it.subject))),
        Statement::Module(it) => (&it.issuer, Some(edge(&it.issuer, &it.subject))),
        Statement::Endorsement(it) | Statement::Countersignature(it) => (&it.by, None),
        Statement::Revocation(it) => (&it.by, None),
    };
    Said { id: statement.id().to_owned(), by: by.clone(), edge }
}

/// Returns the ids of all operator tokens.
fn tokens(script: &Script) -> Vec<String> {
    script.statements().iter().filter(|it| matches!(it, Statement::Operator(_))).map(|it| it.id().to_owned()).collect()
}

/// Returns the known keys of a role.
fn keys_of(script: &Script, role: Role) -> Vec<String> {
    script.keys().filter(|(_, its)| *its == role).map(|(key, _)| key.to_owned()).collect()
}

/// Returns the anchor that pins a token.
fn pin(token: &str) -> Anchor {
    Anchor::Token(token.to_owned())
}
