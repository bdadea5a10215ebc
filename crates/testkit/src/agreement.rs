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
