//! What becomes of statements on their way: lost, doubled, out of order, respelled, malformed, too early or too late.

use super::{Dice, keys_of, pin, tokens};
use crate::succession::script::Script;
use crate::succession::{Anchor, Claim, History, Key, Mode, Operator, Role, Statement, Target, Time, Times};

/// Brings a script to a verifier.
pub(super) fn deliver(dice: &mut Dice, script: Script, newest: &str) -> History {
    let anchor = anchor(dice, &script, newest);
    let mode = if dice.percent(45) { Mode::Snapshot } else { Mode::Stateless };
    let later = script.clock().plus(dice.between(0, 25) * Time::DAY);
    let mut history = script.told(mode, anchor, later);
    if dice.percent(12) {
        malform(dice, &mut history);
    }
    if dice.percent(20) {
        history.now = boundary(dice, &history);
    }
    match mode {
        Mode::Stateless => hand_over(dice, &mut history),
        Mode::Snapshot => keep_log(dice, &mut history),
    }
    if dice.percent(30) {
        respell(dice, &mut history);
    }
    history
}

/// Most verifiers pin the first token, some a later one, some a bare key, and a few what they should not.
fn anchor(dice: &mut Dice, script: &Script, newest: &str) -> Anchor {
    let bare = |keys: &[String], dice: &mut Dice| Anchor::Key(Key::from(dice.pick(keys).map_or("I1", String::as_str)));
    match dice.below(20) {
        0..=12 => pin("T"),
        13..=14 => pin(newest),
        15 => pin(dice.pick(&tokens(script)).map_or("T", String::as_str)),
        16 => bare(&keys_of(script, Role::OperatorIdentity), dice),
        17..=18 => bare(&["I1".to_owned()], dice),
        _ => pin(if dice.percent(50) { "nothing" } else { "L" }),
    }
}

/// A stateless verifier gets a heap.
fn hand_over(dice: &mut Dice, history: &mut History) {
    let ids = history.supplied.clone();
    let delivered = [100, 100, 93, 80].get(dice.below(4)).copied().unwrap_or(100);
    history.supplied = dice.some(&ids, delivered);
    history.supplied.extend(dice.some(&ids, 4));
    if dice.percent(10) {
        history.supplied.push("nothing".to_owned());
    }
    dice.shuffle(&mut history.supplied);
    if dice.percent(60) {
        history.log = ids.clone();
        history.proofs = dice.some(&ids, 50);
    }
}

/// A log keeps what it was shown in about the order of making; some comes beside it.
fn keep_log(dice: &mut Dice, history: &mut History) {
    let ids = std::mem::take(&mut history.log);
    let kept = [100, 100, 90, 75].get(dice.below(4)).copied().unwrap_or(100);
    for id in ids {
        if dice.percent(kept) {
            history.log.push(id);
        } else if dice.percent(60) {
            history.supplied.push(id);
        }
    }
    for _ in 0..dice.below(6) {
        let place = dice.below(history.log.len());
        if place + 1 < history.log.len() {
            history.log.swap(place, place + 1);
        }
    }
    if dice.percent(10) {
        dice.shuffle(&mut history.log);
    }
    if dice.percent(15) {
        let again = dice.some(&history.log, 10);
        history.log.extend(again);
    }
    dice.shuffle(&mut history.supplied);
}

/// Breaks one operator token in one way (rule 1).
fn malform(dice: &mut Dice, history: &mut History) {
    let mut tokens: Vec<&mut Operator> = history
        .statements
        .iter_mut()
        .filter_map(|it| if let Statement::Operator(token) = it { Some(token) } else { None })
        .collect();
    let place = dice.below(tokens.len());
    let Some(token) = tokens.get_mut(place) else { return };
    let first = token.signers.first().cloned();
    let terms = match &mut token.claim {
        Some(Claim::Once(terms)) => Some(terms),
        Some(Claim::Repeated(_)) | None => None,
    };
    match (dice.below(9), terms) {
        (0, _) => token.signers.clear(),
        (1, _) => token.signers.push(token.issuer.clone()),
        (2, _) => token.subject = Key::from("I0"),
        (3, _) => token.signers.extend(first.map(|key| Key(format!("did:{}", key.raw())))),
        (4, Some(terms)) => token.signers.extend(terms.next.clone()),
        (5, Some(terms)) => terms.next = Some(token.issuer.clone()),
        (6, Some(terms)) => terms.threshold = dice.between(0, 1),
        (7, Some(terms)) => terms.threshold += 1,
        (_, Some(terms)) => {
            let terms = terms.clone();
            token.claim = Some(Claim::Repeated(vec![terms.clone(), terms]));
        }
        (_, None) => token.signers.clear(),
    }
}

/// Picks an instant on the edge of some statement's life.
fn boundary(dice: &mut Dice, history: &History) -> Time {
    let statement = dice.pick(&history.statements);
    let times = statement.and_then(lives).unwrap_or_default();
    let edges: Vec<Time> = [
        statement.and_then(Statement::iat).map(|iat| iat.plus(-5 * 60 * Time::SECOND)),
        times.nbf,
        times.exp,
        times.exp.map(|exp| exp.plus(400 * Time::DAY)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let edge = dice.pick(&edges).copied().unwrap_or(history.now);
    Time(edge.plus(dice.between(-1, 1) * Time::SECOND).0.max(0))
}

fn lives(statement: &Statement) -> Option<Times> {
    match statement {
        Statement::Operator(it) => Some(it.times),
        Statement::Account(it) => Some(it.times),
        Statement::Module(it) => Some(it.times),
        Statement::Endorsement(_) | Statement::Countersignature(_) | Statement::Revocation(_) => None,
    }
}

/// Spells some keys as `did:`, which changes nothing.
fn respell(dice: &mut Dice, history: &mut History) {
    let mut spell = |key: &mut Key| {
        if dice.percent(10) {
            *key = Key(format!("did:{}", key.raw()));
        }
    };
    if let Anchor::Key(key) = &mut history.anchor {
        spell(key);
    }
    for statement in &mut history.statements {
        match statement {
            Statement::Operator(it) => {
                spell(&mut it.issuer);
                spell(&mut it.subject);
                it.signers.iter_mut().for_each(&mut spell);
                if let Some(Claim::Once(terms)) = &mut it.claim {
                    terms.next.iter_mut().for_each(&mut spell);
                }
            }
            Statement::Account(it) => {
                spell(&mut it.issuer);
                spell(&mut it.subject);
                it.signers.iter_mut().for_each(&mut spell);
            }
            Statement::Module(it) => {
                spell(&mut it.issuer);
                spell(&mut it.subject);
            }
            Statement::Endorsement(it) | Statement::Countersignature(it) => spell(&mut it.by),
            Statement::Revocation(it) => {
                spell(&mut it.by);
                match &mut it.target {
                    Target::All(key) => spell(key),
                    Target::Edge { issuer, subject } => {
                        spell(issuer);
                        spell(subject);
                    }
                    Target::Statement(_) => {}
                }
            }
        }
    }
}
