//! The table "what a thief gets" of `SUCCESSION.md`, and the games behind it, against the real verifier.
//!
//! With real signatures every subset of the keys, and every fate of them, for one to three signing keys, and a
//! sample for four and five; with model signatures all of them for one to five.
#![allow(clippy::print_stdout, reason = "says how much was played")]

use std::cell::{Cell, RefCell};

use greatseal_testkit::model::Model;
use greatseal_testkit::reenact::Stage;
use greatseal_testkit::succession::readings;
use greatseal_testkit::succession::theft::games::{captures, fates, heals, subsets, takes_listing};
use greatseal_testkit::succession::theft::{IDENTITY, NEXT, Realm, rows};
use greatseal_testkit::succession::{Expect, History, Mode};

const MODES: [Mode; 2] = [Mode::Stateless, Mode::Snapshot];

/// Asks the real verifier, about real tokens and deeds.
fn real(history: &History, id: &str) -> bool {
    Stage::set(history).ask(id).expect == Expect::Allow
}

/// Plays games before the real graph with model signatures, and tells how many questions were asked.
fn with_model(games: impl FnOnce(&dyn Fn(&History, &str) -> bool)) {
    let (model, asked) = (RefCell::new(Model::default()), Cell::new(0_usize));
    games(&|history, id| {
        asked.set(asked.get() + 1);
        model.borrow_mut().play(history).ask(id).expect == Expect::Allow
    });
    println!("{} questions", asked.get());
}

// The games: exactly what the table says, for every subset and every fate.

/// Every `one_in`-th subset of a realm's keys captures if and only if the table says so.
fn captures_as_told(signing_keys: usize, one_in: usize, allows: &dyn Fn(&History, &str) -> bool) {
    let realm = Realm { signing_keys };
    for stolen in subsets(&realm.keys()).iter().step_by(one_in) {
        let identities = stolen.iter().filter(|key| [IDENTITY, NEXT].contains(&key.as_str())).count();
        let quorum = stolen.len() - identities >= realm.threshold();
        for mode in MODES {
            let captured = captures(realm, stolen, mode, allows);
            assert_eq!(captured, identities == 2 || identities == 1 && quorum, "{stolen:?} {mode:?}");
        }
    }
}

/// Every `one_in`-th fate of a realm's keys leaves the owner stuck if and only if the table says so.
fn stuck_as_told(signing_keys: usize, one_in: usize, allows: &dyn Fn(&History, &str) -> bool) {
    let realm = Realm { signing_keys };
    for fates in fates(realm).iter().step_by(one_in) {
        let (identities, signers) = fates.split_at(2);
        let lost = identities.iter().filter(|fate| fate.lost()).count();
        let stolen = identities.iter().filter(|fate| fate.stolen()).count();
        let gone = signers.iter().filter(|fate| fate.lost() || fate.stolen()).count();
        let stuck = lost == 2 || (lost == 1 || stolen == 2) && gone > signing_keys - realm.threshold();
        assert_eq!(heals(realm, fates, allows), !stuck, "{fates:?}");
    }
}

/// A listing of three keys is taken by a signing key together with the account's own side, and by nothing less.
fn listing_taken_as_told(one_in: usize, allows: &dyn Fn(&History, &str) -> bool) {
    let realm = Realm { signing_keys: 3 };
    let keys = ["S1", "S2", "A1", "a1", "a2", "a3", IDENTITY].map(str::to_owned);
    for stolen in subsets(&keys).iter().step_by(one_in) {
        let count = |letter: char| stolen.iter().filter(|key| key.starts_with(letter)).count();
        let taken = count('S') > 0 && (count('A') > 0 || count('a') >= 2);
        for mode in MODES {
            assert_eq!(takes_listing(realm, stolen, mode, allows), taken, "{stolen:?} {mode:?}");
        }
    }
}

#[test]
fn every_subset_captures_as_told() {
    with_model(|allows| (1..=5).for_each(|signing_keys| captures_as_told(signing_keys, 1, allows)));
}

#[test]
fn every_fate_of_one_to_four_signing_keys_leaves_the_owner_stuck_as_told() {
    with_model(|allows| (1..=4).for_each(|signing_keys| stuck_as_told(signing_keys, 1, allows)));
}

#[test]
fn every_fate_of_five_signing_keys_leaves_the_owner_stuck_as_told() {
    with_model(|allows| stuck_as_told(5, 1, allows));
}

#[test]
fn every_subset_takes_a_listing_as_told() {
    with_model(|allows| listing_taken_as_told(1, allows));
}

// The same with real signatures.

#[test]
fn every_subset_of_one_to_three_signing_keys_captures_as_told_for_real() {
    (1..=3).for_each(|signing_keys| captures_as_told(signing_keys, 1, &real));
}

#[test]
fn subsets_of_four_and_five_signing_keys_capture_as_told_for_real() {
    captures_as_told(4, 5, &real);
    captures_as_told(5, 23, &real);
}

#[test]
fn every_fate_of_one_signing_key_leaves_the_owner_stuck_as_told_for_real() {
    stuck_as_told(1, 1, &real);
}

#[test]
fn every_fate_of_two_signing_keys_leaves_the_owner_stuck_as_told_for_real() {
    stuck_as_told(2, 1, &real);
}

#[test]
fn every_fate_of_three_signing_keys_leaves_the_owner_stuck_as_told_for_real() {
    stuck_as_told(3, 1, &real);
}

#[test]
fn fates_of_four_and_five_signing_keys_leave_the_owner_stuck_as_told_for_real() {
    stuck_as_told(4, 37, &real);
    stuck_as_told(5, 97, &real);
}

#[test]
fn subsets_take_a_listing_as_told_for_real() {
    listing_taken_as_told(3, &real);
}

// The rows, each as histories with the verdicts that it promises.

/// Holds the histories of a row for one to five signing keys, both kinds of verifier, with real signatures.
#[track_caller]
fn row_holds(row: impl Fn(Realm, Mode) -> Vec<History>) {
    for signing_keys in 1..=5 {
        for history in MODES.into_iter().flat_map(|mode| row(Realm { signing_keys }, mode)) {
            let stage = Stage::set(&history);
            for query in &history.queries {
                let answer = stage.ask(&query.id);
                assert_eq!(answer.expect, query.expect, "{signing_keys}, {}: {} {answer:?}", history.id, query.id);
            }
        }
    }
}

#[test]
fn rows_of_one_identity_hold() {
    row_holds(rows::one_identity);
    row_holds(rows::identity_under_a_bare_key);
}

#[test]
fn rows_of_signing_keys_hold() {
    row_holds(rows::one_signing_key);
    row_holds(rows::a_quorum_of_signing_keys);
}

#[test]
fn rows_of_identities_and_a_quorum_hold() {
    row_holds(rows::an_identity_and_a_quorum);
    row_holds(rows::both_identities);
    row_holds(rows::both_identities_and_a_quorum);
}

#[test]
fn rows_of_accounts_hold() {
    row_holds(rows::an_accounts_only_signing_key);
    row_holds(rows::a_listing);
}

#[test]
fn the_row_of_destroyed_keys_holds() {
    row_holds(rows::destroyed);
}

// Readings of the rules that no labelled history distinguishes.

#[test]
fn the_rules_are_read_as_the_reference_reads_them() {
    for history in readings::stated().into_iter().chain(readings::chosen()) {
        let stage = Stage::set(&history);
        for query in &history.queries {
            assert_eq!(stage.ask(&query.id).expect, query.expect, "{}: {}", history.id, query.id);
        }
    }
}
