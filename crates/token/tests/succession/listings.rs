//! Cases 12 and 13: listings that die, come back or are hostile.

use crate::play::{Play, all, labelled, statement};

#[test]
fn case_12_a_second_signing_key_reissues_an_identical_listing_and_dies() {
    labelled(&["C12-1"]);
    let mut play = Play::with_account();
    play.module("m", "a1", "M1", 1).at(2.0).list("L2", "S2", "A1", &["a1"]);
    play.both(&["L2", "m"], &["L1"]);
    // Either may die; the account lives.
    play.clone().revoke_all(&["S2"]).both(&["L1", "m"], &["L2"]);
    play.clone().revoke_all(&["S1"]).both(&["L2", "m"], &["L1"]);
    play.revoke_all(&["S1", "S2"]).both(&["T0"], &["L1", "L2", "m"]);
}

#[test]
fn case_12_a_dead_listing_and_the_one_before_it() {
    labelled(&["C12-2", "C12-3", "C12-4"]);
    let mut play = Play::with_account();
    play.module("m", "a1", "M1", 1).at(2.0).list("L2", "S2", "A1", &["a2"]).module("m2", "a2", "M2", 1);
    play.both(&["L2", "m2"], &["L1", "m"]);
    // It speaks again, with the key that was removed; unless that one was revoked.
    let mut dead = play.clone();
    dead.revoke("S2", statement("L2")).both(&["L1", "m"], &["L2", "m2"]);
    dead.revoke_all(&["a1"]).both(&["L1"], &["m", "L2", "m2"]);
    // Expired is not dead.
    let mut expired = Play::with_account();
    expired.module("m", "a1", "M1", 1).at(2.0).listing("L2", "S2", "A1", &["a2"]);
    expired.timed(|times| times.exp = Some(greatseal_testkit::succession::Time::days(4)));
    expired.countersign("L2", &["A1", "a2"]).now(3.0).both(&["L2"], &["L1", "m"]);
    expired.now(4.0).both(&["T0"], &["L1", "L2", "m"]);
}

#[test]
fn case_12_the_accounts_own_side_stands_behind_a_replacement() {
    labelled(&["C12-5", "C12-6"]);
    let relisted = |hands: &[&str]| {
        let mut play = Play::founded(3);
        play.list("L1", "S1", "A1", &["a1", "a2", "a3"]);
        play.at(2.0).listing("L2", "S2", "A1", &["a9"]).countersign("L2", hands).countersign("L2", &["a9"]);
        play
    };
    relisted(&["A1"]).both(&["L2"], &["L1"]);
    relisted(&["a1", "a3"]).both(&["L2"], &["L1"]);
    relisted(&["did:a2", "a3", "a3"]).both(&["L2"], &["L1"]);
    relisted(&["a1"]).both(&["L1"], &["L2"]);
    relisted(&["a1", "a1", "did:a1"]).both(&["L1"], &["L2"]);
    relisted(&[]).both(&["L1"], &["L2"]);
    // A majority of a listing that was replaced meanwhile is none.
    let mut play = relisted(&["A1"]);
    play.at(3.0).listing("L3", "S1", "A1", &["a1"]).countersign("L3", &["a1", "a2", "a3"]);
    play.both(&["L2"], &["L1", "L3"]);
    play.countersign("L3", &["a9"]).both(&["L3"], &["L1", "L2"]);
}

#[test]
fn case_12_a_countersignature_dies_with_its_key() {
    let mut play = Play::founded(3);
    play.listing("L1", "S1", "A1", &["a1"]).countersign("L1", &["A1", "a1"]).module("m", "a1", "M1", 1);
    play.both(&["L1", "m"], &[]);
    let mut own = play.clone();
    own.revoke_all(&["A1"]).both(&["T0"], &["L1", "m"]);
    play.revoke("a1", statement("c.L1.a1")).both(&["L1"], &["m"]);
}

#[test]
fn case_13_a_hostile_listing_of_another_accounts_signing_key() {
    labelled(&["C13-1"]);
    let mut play = Play::with_account();
    play.module("m", "a1", "M1", 1);
    play.at(2.0).listing("Y", "S2", "A9", &["a1", "a9"]).countersign("Y", &["A9", "a9"]);
    play.both(&["L1", "m", "Y"], &[]);
}

#[test]
fn case_13_a_key_that_countersigned_two_listings_speaks_for_neither() {
    labelled(&["C13-2"]);
    let mut play = Play::with_account();
    play.module("m", "a1", "M1", 1).at(2.0).list("L2", "S2", "A2", &["a1"]);
    play.both(&["L1", "L2"], &["m"]);
    // One of the two countersignatures taken back, it speaks for the other.
    play.revoke("a1", statement("c.L2.a1")).both(&["L1", "L2", "m"], &[]);
}

#[test]
fn case_13_a_listed_key_speaks_only_for_what_it_countersigned() {
    labelled(&["C13-3", "C13-4"]);
    let mut play = Play::founded(3);
    play.listing("L1", "S1", "A1", &["a1", "a2"]).countersign("L1", &["A1", "a1"]);
    play.module("m", "a1", "M1", 1).module("m2", "a2", "M2", 1).module("mA", "A1", "M3", 1);
    play.both(&["L1", "m"], &["m2", "mA"]);
    // An account without signing keys issues by its identity.
    let mut play = Play::founded(3);
    play.list("L1", "S1", "A1", &[]).module("mA", "A1", "M3", 1).both(&["L1", "mA"], &[]);
}

#[test]
fn case_13_plain_chains_ask_nobody() {
    labelled(&["C13-5", "C13-6"]);
    let mut play = Play::empty();
    play.script.operator("T0", "I1", &["S1".to_owned()], None);
    play.listing("L1", "S1", "A1", &["a1"]).module("m", "a1", "M1", 1).module("mA", "A1", "M2", 1);
    play.both(&["L1", "m", "mA"], &[]);
    // Revocation by the signer holds there too; strikes need a threshold, which plain tokens have not.
    play.revoke("S1", all("S1")).both(&["T0"], &["L1", "m", "mA"]);
}
