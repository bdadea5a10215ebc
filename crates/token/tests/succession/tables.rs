//! Case 1: every row of the table "what a thief gets", for one to five signing keys.
//!
//! Every subset and every fate of the keys: `theft_games.rs` of the testkit.

use greatseal_testkit::reenact::Stage;
use greatseal_testkit::succession::theft::games::{captures, subsets};
use greatseal_testkit::succession::theft::{IDENTITY, NEXT, Realm, rows};
use greatseal_testkit::succession::{Expect, History, Mode};

use crate::play::{Play, asked, labelled, signers};

const MODES: [Mode; 2] = [Mode::Stateless, Mode::Snapshot];

/// Holds the verifier to a row, for one to five signing keys and both kinds of verifier.
#[track_caller]
fn row(histories: impl Fn(Realm, Mode) -> Vec<History>) {
    for signing_keys in 1..=5 {
        for told in MODES.into_iter().flat_map(|mode| histories(Realm { signing_keys }, mode)) {
            asked(&told, told.queries.iter().map(|query| (query.id.as_str(), query.expect)));
        }
    }
}

#[test]
fn case_01_without_a_theft_everything_verifies() {
    labelled(&["C01-1"]);
    for signing_keys in 1..=5 {
        let mut play = Play::founded(signing_keys);
        play.list("L1", "S1", "A1", &["a1"]).module("m", "a1", "M1", 1);
        play.both(&["T0", "L1", "m"], &[]);
    }
}

#[test]
fn case_01_an_identity_or_the_next_one_gets_nothing_and_a_quorum_heals() {
    labelled(&["C01-2", "C01-3"]);
    row(rows::one_identity);
}

#[test]
fn case_01_under_a_bare_key_its_identity_is_everything() {
    row(rows::identity_under_a_bare_key);
}

#[test]
fn case_01_an_identity_and_less_than_a_quorum_get_nothing() {
    labelled(&["C01-9", "C01-10", "C01-16", "C01-17", "C01-23", "C01-24", "C01-30", "C01-31"]);
}

#[test]
fn case_01_signing_keys_without_an_identity_make_no_operator_token() {
    labelled(&["C01-4", "C01-11", "C01-18", "C01-25", "C01-32"]);
    for signing_keys in 1..=5 {
        let mut play = Play::founded(signing_keys);
        play.succeed(("X", "T0"), "I9", &["Sx"], "I8", &signers(signing_keys)).list("LX", "Sx", "A9", &[]);
        play.both(&["T0"], &["X", "LX"]);
    }
}

#[test]
fn case_01_one_signing_key_makes_accounts_until_its_revocation_and_a_successor_heal() {
    labelled(&["C01-38", "C01-39", "C01-52", "C01-53", "C01-54", "C01-55"]);
    row(rows::one_signing_key);
}

#[test]
fn case_01_a_quorum_of_signing_keys_strikes_the_others_and_the_pair_heals() {
    labelled(&["C01-40", "C01-41", "C01-42"]);
    row(rows::a_quorum_of_signing_keys);
}

#[test]
fn case_01_an_identity_and_a_quorum_capture_and_quorum_with_pair_heals() {
    labelled(&["C01-5", "C01-12", "C01-19", "C01-26", "C01-33"]);
    labelled(&["C01-7", "C01-14", "C01-21", "C01-28", "C01-35"]);
    row(rows::an_identity_and_a_quorum);
}

#[test]
fn case_01_both_identities_capture_and_a_quorum_heals() {
    labelled(&["C01-6", "C01-13", "C01-20", "C01-27", "C01-34"]);
    labelled(&["C01-8", "C01-15", "C01-22", "C01-29", "C01-36"]);
    row(rows::both_identities);
}

#[test]
fn case_01_both_identities_and_a_quorum_are_the_operator() {
    labelled(&["C01-37"]);
    row(rows::both_identities_and_a_quorum);
}

#[test]
fn case_01_an_accounts_only_signing_key_has_its_modules_until_another_is_listed() {
    labelled(&["C01-43", "C01-44"]);
    row(rows::an_accounts_only_signing_key);
}

#[test]
fn case_01_a_signing_key_and_the_accounts_side_have_its_listing_until_another_relists() {
    labelled(&["C01-45", "C01-46", "C01-47", "C01-48", "C01-49"]);
    row(rows::a_listing);
}

#[test]
fn case_01_any_destroyed_key_or_all_signing_keys_heal_with_one_token() {
    labelled(&["C01-50", "C01-51"]);
    row(rows::destroyed);
}

#[test]
fn case_01_no_smaller_set_captures() {
    let allows = |told: &History, id: &str| Stage::set(told).ask(id).expect == Expect::Allow;
    for signing_keys in 1..=2 {
        let realm = Realm { signing_keys };
        for stolen in subsets(&realm.keys()) {
            let identities = stolen.iter().filter(|key| [IDENTITY, NEXT].contains(&key.as_str())).count();
            let quorum = stolen.len() - identities >= realm.threshold();
            for mode in MODES {
                let captured = captures(realm, &stolen, mode, &allows);
                assert_eq!(captured, identities == 2 || identities == 1 && quorum, "{stolen:?} {mode:?}");
            }
        }
    }
}
