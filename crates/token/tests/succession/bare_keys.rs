//! Case 10: what a bare key protects from, and what it does not.

use crate::play::{Play, labelled, signers, terms};

#[test]
fn case_10_an_invented_endorsed_history_beside_the_genuine_one() {
    labelled(&["C10-1"]);
    let mut play = Play::with_account();
    play.succeed(("T1", "T0"), "I1", &signers(3), "I2", &["S1", "S2"]);
    play.bare("I1").both(&["T1", "L1"], &["T0"]);
    // With a beginning and a continuation of its own, and every endorsement that the thief can make.
    play.token("X", "I1", &["Sx"], terms(0, None, 1, Some("I9")));
    play.succeed(("X1", "X"), "I1", &["Sx"], "I9", &["Sx", "I9"]).list("LX", "Sx", "A9", &[]);
    play.both(&[], &["T0", "T1", "X", "X1", "L1", "LX"]);
    // The same history takes nothing from a pinned token.
    play.pin("T0").both(&["T1", "L1"], &["X", "X1", "LX"]);
}

#[test]
fn case_10_alone_the_invented_history_wins() {
    labelled(&["C10-2"]);
    let mut play = Play::empty();
    play.token("X", "I1", &["Sx"], terms(7, None, 1, Some("I9"))).list("LX", "Sx", "A9", &[]);
    play.bare("I1").both(&["X", "LX"], &[]);
}

#[test]
fn case_10_one_line_of_descent_without_endorsements() {
    labelled(&["C10-3"]);
    let mut play = Play::with_account();
    play.succeed(("T1", "T0"), "I1", &signers(3), "I2", &[]).succeed(("T2", "T1"), "I1", &["S1"], "I2", &[]);
    play.bare("I1").both(&["T2", "L1"], &["T0", "T1"]);
    // A gap is a fork.
    play.withhold(&["T1"]).both(&[], &["T0", "T2", "L1"]);
}

#[test]
fn case_10_tokens_of_other_identities_do_not_count() {
    labelled(&["C10-4"]);
    let mut play = Play::with_account();
    play.succeed(("T1", "T0"), "I2", &["S9"], "I3", &["S1", "S2", "S3", "I1"]);
    play.bare("I1").both(&["T0", "L1"], &["T1"]);
}

#[test]
fn case_10_plain_tokens_follow_the_plain_rules() {
    labelled(&["C10-5", "C10-6"]);
    let mut play = Play::empty();
    let keys = |keys: &[&str]| keys.iter().map(|&key| key.to_owned()).collect::<Vec<_>>();
    play.script.operator("P0", "I1", &keys(&["S1", "S2"]), None);
    play.at(1.0).script.operator("P1", "I1", &keys(&["S2", "S3"]), None);
    play.script.operator("P2", "I1", &keys(&["S2", "S4"]), None);
    play.listing("L2", "S2", "A2", &[]).listing("L3", "S3", "A3", &[]).listing("L1", "S1", "A1", &[]);
    // The newest; of two of one second only what both say.
    play.bare("I1").both(&["P1", "P2", "L2"], &["P0", "L1", "L3"]);
    // A pinned plain token has no successor.
    play.pin("P0").both(&["P0", "L1", "L2"], &["P1", "P2", "L3"]);
}
