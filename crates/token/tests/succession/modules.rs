//! Cases 11 and 14: whose an account or a module is, and what sets a floor.

use crate::play::{Play, edge, labelled, statement};

/// Two accounts, `A1` with `a1` under `S1`, and a stranger's, `A2` with `a2` under `S2`.
fn two_accounts() -> Play {
    let mut play = Play::with_account();
    play.list("L2", "S2", "A2", &["a2"]);
    play
}

#[test]
fn case_11_a_module_key_seen_early_and_published_by_a_stranger() {
    labelled(&["C11-1", "C11-3"]);
    let mut play = two_accounts();
    play.module("n", "a2", "M1", 9).module("m", "a1", "M1", 1).countersign("m", &["M1"]);
    play.in_log(&["m"], &["n"]);
    // A second publication does not take it, countersigned or not, nor any revision.
    play.at(5.0).module("n2", "a2", "M1", i64::from(i32::MAX)).countersign("n2", &["M1"]);
    play.in_log(&["m"], &["n", "n2"]);
    // Not even after the first one died.
    play.revoke("a1", statement("m")).in_log(&[], &["m", "n", "n2"]);
    play.module("m2", "a1", "M1", 2).in_log(&["m2"], &["m", "n", "n2"]);
}

#[test]
fn case_11_a_module_without_a_countersignature_has_no_owner() {
    let mut play = two_accounts();
    play.module("m", "a1", "M1", 1).module("n", "a2", "M1", 1);
    play.both(&["m", "n"], &[]);
}

#[test]
fn case_11_an_account_key_seen_early_and_listed_by_a_stolen_signing_key() {
    labelled(&["C11-2"]);
    let mut play = Play::founded(3);
    play.listing("X", "S1", "A1", &["ax"]).countersign("X", &["ax"]);
    play.both(&["T0"], &["X"]);
    play.at(1.0).list("L1", "S2", "A1", &["a1"]).module("m", "a1", "M1", 1).module("n", "ax", "M1", 1);
    play.both(&["L1", "m"], &["X", "n"]);
    // Nor later, with the newest `iat`.
    play.at(9.0).listing("Y", "S1", "A1", &["ax"]).countersign("Y", &["ax"]);
    play.both(&["L1", "m"], &["X", "Y", "n"]);
}

#[test]
fn case_14_revision_of_all_ones_then_revoked() {
    labelled(&["C14-1", "C14-2"]);
    let most = i64::from(i32::MAX);
    for target in [statement("n"), edge("a1", "M1")] {
        let mut play = Play::with_account();
        play.list("L3", "S1", "A1", &["a1", "a3"]);
        play.module("m", "a3", "M1", 3).module("n", "a1", "M1", most).in_log(&["n"], &["m"]);
        // Dead, it sets no floor: the one before speaks again, and the next one need not be greater.
        play.revoke("a1", target).in_log(&["m"], &["n"]);
        play.module("m4", "a3", "M1", 4).in_log(&["m4"], &["m", "n"]);
    }
    // Alive, it is the floor.
    let mut play = Play::with_account();
    play.module("n", "a1", "M1", most).at(3.0).module("m", "a1", "M1", 4).in_log(&["n"], &["m"]);
}

#[test]
fn case_14_a_revoked_key_sets_no_floor() {
    let mut play = Play::founded(3);
    play.list("L1", "S1", "A1", &["a1", "a3"]);
    play.module("m", "a3", "M1", 3).module("n", "a1", "M1", i64::from(i32::MAX)).revoke_all(&["a1"]);
    play.in_log(&["m"], &["n"]);
}

#[test]
fn case_14_an_older_iat_replaces_nothing_in_a_log() {
    let mut play = Play::with_account();
    play.at(5.0).module("m", "a1", "M1", 1).at(4.0).module("n", "a1", "M1", 2);
    play.now(10.0).in_log(&["m"], &["n"]).stateless(&["m", "n"], &[]);
}
