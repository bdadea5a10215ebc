//! Whoever chooses what a verifier with a memory is shown next cannot lead it back: random
//! histories with thieves, asked once with everything, and again with parts of it.

use greatseal_core::Code;
use greatseal_testkit::reenact::Stage;
use greatseal_testkit::succession::random::{history, questions};
use greatseal_testkit::succession::{Anchor, Expect, History, Mode};
use greatseal_testkit::vectors::Folder;

/// Asks about everything, and again with what was remembered and only parts of what was supplied.
///
/// Returns how many paths and how many revocations were held.
fn hold(history: &History) -> (usize, usize) {
    // Proofs are not remembered: what they spared is dead without them, which denies.
    if history.mode != Mode::Stateless || !matches!(history.anchor, Anchor::Token(_)) || !history.proofs.is_empty() {
        return (0, 0);
    }
    let (mut paths, mut revocations) = (0, 0);
    let stage = Stage::set(history);
    for query in questions(history) {
        let lesson = stage.learn(&query);
        if lesson.remembered.is_empty() {
            continue;
        }
        let revoked = stage.ask(&query).code == Some(Code::Revoked);
        let halves =
            [|_: usize| false, |place: usize| place.is_multiple_of(2), |place: usize| !place.is_multiple_of(2)];
        for kept in halves {
            let supplied = history.supplied.iter().enumerate().filter(|(place, _)| kept(*place));
            let supplied = supplied.map(|(_, id)| id).chain(&lesson.remembered).cloned().collect();
            let later = History { supplied, ..history.clone() };
            let stage = Stage::set(&later);
            if !lesson.path.is_empty() {
                assert_eq!(stage.learn(&query).path, lesson.path, "{query} in {}", history.id);
                paths += 1;
            }
            if revoked {
                assert_eq!(stage.ask(&query).expect, Expect::Deny, "{query} in {}", history.id);
                revocations += 1;
            }
        }
    }
    (paths, revocations)
}

#[test]
fn what_was_followed_or_revoked_in_a_case_stays_so() {
    let cases: Vec<History> = Folder::open("succession").json("cases.json");
    let held: Vec<(usize, usize)> = cases.iter().map(hold).collect();
    let (paths, revocations) = held.iter().fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
    assert!(paths > 100 && revocations > 10, "{paths} {revocations}");
}

#[test]
fn what_was_followed_or_revoked_in_a_random_history_stays_so() {
    let held: Vec<(usize, usize)> = (0..1500).map(|seed| hold(&history(seed))).collect();
    let (paths, revocations) = held.iter().fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
    assert!(paths > 1000 && revocations > 30, "{paths} {revocations}");
}
