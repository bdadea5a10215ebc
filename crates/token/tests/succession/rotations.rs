//! Cases 4 and 7: rotations, endorsers that are revoked afterwards, and what `next` may become.

use crate::play::{Play, all, labelled, signers, statement};

/// Two ordinary rotations by a quorum, each replacing one signing key.
fn rotated_twice() -> Play {
    let mut play = Play::founded(3);
    play.list("L3", "S3", "A1", &["a1"]);
    play.at(90.0).succeed(("T1", "T0"), "I1", &["S2", "S3", "S4"], "I2", &["S1", "S2", "S3"]);
    play.at(180.0).succeed(("T2", "T1"), "I1", &["S3", "S4", "S5"], "I2", &["S2", "S3", "S4"]);
    play
}

#[test]
fn case_04_an_endorser_revokes_itself_after_the_succession() {
    labelled(&["C04-1", "C04-2", "C04-3", "C04-4", "C04-5"]);
    let mut play = Play::with_account();
    play.at(2.0).succeed(("T1", "T0"), "I1", &["S2", "S3", "S4"], "I2", &["S1", "S2"]).list("L4", "S4", "A4", &[]);
    play.both(&["T1", "L4"], &["T0", "L1"]);
    // Denied, and never back to the old token; in a log the successor stays.
    let mut revoked = play.clone();
    revoked.revoke_all(&["S1"]);
    revoked.stateless(&[], &["T0", "T1", "L1", "L4"]).in_log(&["T1", "L4"], &["T0", "L1"]);
    // By name it is the same.
    let mut named = play.clone();
    named.revoke("S1", statement("e.T1.S1"));
    named.stateless(&[], &["T0", "T1", "L4"]).in_log(&["T1", "L4"], &["T0"]);
    // A verifier that moved its anchor does not mind.
    revoked.pin("T1").both(&["T1", "L4"], &["T0", "L1"]);
}

#[test]
fn case_04_an_endorsement_too_many_does_no_harm() {
    let mut play = Play::with_account();
    play.succeed(("T1", "T0"), "I1", &["S2", "S3", "S4"], "I2", &["S1", "S2", "S3"]).revoke_all(&["S1"]);
    play.both(&["T1"], &["T0"]);
    // Twice by one key is once.
    let mut play = Play::with_account();
    play.succeed(("T1", "T0"), "I1", &["S2", "S3", "S4"], "I2", &["S1", "S1"]);
    play.both(&["T0"], &["T1"]);
}

#[test]
fn case_04_two_ordinary_rotations_and_a_verifier_still_at_the_first_token() {
    labelled(&["C04-6"]);
    let play = rotated_twice();
    play.both(&["T2", "L3"], &["T0", "T1"]);
    // Without the middle nobody gets further than the first.
    play.clone().withhold(&["T1"]).both(&["T0", "L3"], &["T1", "T2"]);
}

#[test]
fn case_04_removed_keys_that_are_revoked_plainly_strand_it() {
    labelled(&["C04-7"]);
    // Each token was endorsed by all three keys, so one revoked key leaves a quorum; two do not.
    let mut play = rotated_twice();
    play.revoke_all(&["S1"]).both(&["T2", "L3"], &["T0", "T1"]);
    play.revoke_all(&["S2"]).stateless(&[], &["T0", "T1", "T2", "L3"]).in_log(&["T2", "L3"], &["T0", "T1"]);
}

#[test]
fn case_04_one_later_endorsement_by_the_other_identity_revives_it() {
    labelled(&["C04-8"]);
    let mut play = rotated_twice();
    play.revoke_all(&["S1", "S2"]).endorse("T1", &["I2"]);
    play.both(&["T2", "L3"], &["T0", "T1"]);
}

#[test]
fn case_04_a_revocation_that_names_the_log_never_hurts() {
    labelled(&["C04-9"]);
    let mut play = rotated_twice();
    let size = play.len();
    play.revoke_but("S1", all("S1"), size, None).revoke_but("S2", all("S2"), size, None);
    play.in_log(&["T2", "L3"], &["T0", "T1"]).stateless(&[], &["T2", "L3"]);
    play.prove(&["e.T1.S1", "e.T1.S2", "e.T2.S2"]).stateless(&["T2", "L3"], &["T0", "T1"]);
}

#[test]
fn case_07_a_reissue_with_next_constant_and_then_again() {
    labelled(&["C07-1"]);
    let mut play = Play::with_account();
    for (at, id, prev) in [(90.0, "T1", "T0"), (180.0, "T2", "T1"), (270.0, "T3", "T2")] {
        play.at(at).succeed((id, prev), "I1", &signers(3), "I2", &["S1", "S3"]);
        play.both(&[id, "L1"], &[prev]);
    }
}

#[test]
fn case_07_a_reissue_with_next_changed() {
    labelled(&["C07-2", "C07-3"]);
    let mut play = Play::with_account();
    play.succeed(("T1", "T0"), "I1", &signers(3), "I4", &["S1", "S2"]);
    play.both(&["T1", "L1"], &["T0"]);
    let mut old = play.clone();
    old.succeed(("T2", "T1"), "I2", &signers(3), "I5", &["S1", "S2", "S3", "I1"]).both(&["T1"], &["T2"]);
    play.succeed(("T2", "T1"), "I4", &signers(3), "I5", &["S1", "S2"]).both(&["T2", "L1"], &["T1", "T0"]);
    // The identity that stepped back has no say any more, but as the other half of one step.
    play.succeed(("T3", "T2"), "I1", &signers(3), "I6", &["S1", "S2", "S3", "I4"]).both(&["T2"], &["T3"]);
}

#[test]
fn case_07_each_step_asks_the_keys_of_the_token_before_it() {
    labelled(&["C07-4", "C07-6"]);
    let mut play = Play::founded(3);
    play.succeed(("T1", "T0"), "I1", &["S4", "S5"], "I2", &["S1", "S2"]);
    play.succeed(("T2", "T1"), "I1", &["S6"], "I2", &["S1", "S2", "S3"]);
    play.both(&["T1"], &["T0", "T2"]);
    play.endorse("T2", &["S4"]).both(&["T1"], &["T2"]);
    play.endorse("T2", &["S5"]).both(&["T2"], &["T1"]);
}

#[test]
fn case_07_next_lost() {
    labelled(&["C07-5"]);
    let mut play = Play::with_account();
    // The identity goes on alone with another next, carried by a quorum.
    play.succeed(("T1", "T0"), "I1", &signers(3), "I3", &["S2", "S3"]).both(&["T1", "L1"], &["T0"]);
    play.succeed(("T2", "T1"), "I3", &signers(3), "I4", &["I1"]).both(&["T2", "L1"], &["T1"]);
}

#[test]
fn case_07_next_stolen() {
    let mut play = Play::with_account();
    play.succeed(("X", "T0"), "I2", &["Sx"], "I9", &["I2", "Sx"]).both(&["T0", "L1"], &["X"]);
    play.succeed(("T1", "T0"), "I1", &signers(3), "I3", &["S1", "S2"]).both(&["T1", "L1"], &["X", "T0"]);
    // From then on the stolen one is nobody.
    play.succeed(("X2", "T1"), "I2", &["Sx"], "I9", &["I2", "S1", "S2", "S3"]).both(&["T1", "L1"], &["X2"]);
}

#[test]
fn case_07_verifiers_do_not_ask_that_old_keys_stay() {
    labelled(&["C07-7"]);
    let mut play = Play::with_account();
    play.succeed(("T1", "T0"), "I1", &["S7", "S8", "S9"], "I2", &["S1", "S2"]).both(&["T1"], &["T0", "L1"]);
}
