//! The verifier and the reference over the same random histories, and what a thief was promised not to get.

use crate::succession::random::{self, Dice};
use crate::succession::theft::promises::Theft;
use crate::succession::{Expect, History, Statement, answer};

/// Something that a verifier answered, and should not have.
#[derive(Clone, Debug)]
pub struct Difference {
    /// What was asked about.
    pub query: String,
    /// What is wrong with the answer.
    pub why: String,
}

/// Tells the history of a seed: ordinary ones and small ones in turn.
#[must_use]
pub fn history(seed: u64) -> History {
    if seed.is_multiple_of(2) { random::history(seed) } else { random::small(seed) }
}

/// Returns at most so many questions about a history, chosen by its seed.
///
/// Of some, none is about what nobody relies on: those are asked where all are.
#[must_use]
pub fn questions(history: &History, seed: u64, most: usize) -> Vec<String> {
    let mut questions = random::questions(history);
    if questions.len() > most {
        let relied = |id: &String| history.statement(id).is_some_and(Statement::is_token);
        questions.retain(relied);
        Dice::new(!seed).shuffle(&mut questions);
        questions.truncate(most);
    }
    questions
}

/// Asks a verifier and the reference, and holds the verifier to what the thief was promised not to get.
///
/// Returns the first difference.
pub fn differ(
    history: &History,
    questions: &[String],
    theft: &Theft<'_>,
    mut verifier: impl FnMut(&str) -> Expect,
) -> Option<Difference> {
    questions.iter().find_map(|query| {
        let (real, reference) = (verifier(query), answer(history, query));
        let why = if real == reference.expect() {
            theft.broken(history, query, real)?
        } else {
            format!("the verifier says {real:?}, the reference {reference:?}")
        };
        Some(Difference { query: query.clone(), why })
    })
}

/// Leaves out statements, and what is at hand of them, for as long as a difference stays.
#[must_use]
pub fn shrunk(history: &History, differs: impl Fn(&History) -> bool) -> History {
    let mut least = history.clone();
    loop {
        let ids: Vec<String> = least.statements.iter().rev().map(|it| it.id().to_owned()).collect();
        let written = ids.iter().map(|id| without(&least, id, true));
        let at_hand = ids.iter().map(|id| without(&least, id, false));
        let smaller = |it: &History| size(it) < size(&least) && differs(it);
        match written.chain(at_hand).find(smaller) {
            Some(smaller) => least = smaller,
            None => return least,
        }
    }
}

fn size(history: &History) -> usize {
    history.statements.len() + history.supplied.len() + history.log.len() + history.proofs.len()
}

/// Leaves a statement out of what is at hand, or also out of the world.
fn without(history: &History, id: &str, altogether: bool) -> History {
    let mut less = history.clone();
    for ids in [&mut less.supplied, &mut less.log, &mut less.proofs] {
        ids.retain(|other| other != id);
    }
    if altogether {
        less.statements.retain(|it| it.id() != id);
    }
    less
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;

    /// A verifier that forgets every revocation.
    fn forgetful(told: &History, query: &str) -> Expect {
        let mut told = told.clone();
        told.statements.retain(|it| !matches!(it, Statement::Revocation(_)));
        Model::default().play(&told).ask(query).expect
    }

    #[test]
    fn a_difference_is_found_and_told_with_little() {
        let differs = |told: &History| {
            let questions = random::questions(told);
            differ(told, &questions, &Theft::of(told), |query| forgetful(told, query))
        };
        let told = (0..).map(history).find(|told| differs(told).is_some()).unwrap();
        let least = shrunk(&told, |smaller| differs(smaller).is_some());
        assert!(differs(&least).is_some());
        assert!(least.statements.len() < told.statements.len());
        let revocations = least.statements.iter().filter(|it| matches!(it, Statement::Revocation(_))).count();
        assert!(revocations > 0 && revocations <= 2, "{least:?}");
        // Nothing of it can be spared.
        for statement in &least.statements {
            assert!(differs(&without(&least, statement.id(), true)).is_none(), "{}", statement.id());
        }
    }

    #[test]
    fn a_broken_promise_is_a_difference() {
        // Whoever allows everything gives thieves what they have no keys for.
        let broken = (0..200).map(history).any(|told| {
            let theft = Theft::of(&told);
            let broken = |id: &String| theft.broken(&told, id, Expect::Allow).is_some();
            !theft.captures() && random::questions(&told).iter().any(broken)
        });
        assert!(broken);
    }

    #[test]
    fn some_questions_are_about_tokens() {
        for seed in 0..200 {
            let told = history(seed);
            let some = questions(&told, seed, 3);
            assert!(some.len() <= 3 && !some.is_empty());
            assert!(some.len() == random::questions(&told).len() || some.iter().all(|id| told.statement(id).is_some()));
            assert_eq!(questions(&told, seed, usize::MAX), random::questions(&told));
        }
    }
}
