//! Cases 14 and 15: instants of the future, and tokens that have expired.

use greatseal_testkit::succession::Time;

use crate::play::{Play, labelled, signers};

const SECOND: f64 = 1.0 / 86_400.0;

#[test]
fn case_14_an_iat_ahead_of_the_clock() {
    labelled(&["C14-3"]);
    let mut play = Play::with_account();
    play.at(5.0).list("L2", "S1", "A1", &["a2"]).succeed(("T1", "T0"), "I1", &signers(3), "I2", &["S1", "S2"]);
    play.revoke_all(&["S3"]).list("L3", "S3", "A3", &[]);
    // To the second: five minutes pass, one more does not, for tokens and deeds of every kind.
    play.now(5.0 - 300.0 * SECOND).both(&["T1", "L2"], &["T0", "L1", "L3"]);
    play.now(5.0 - 301.0 * SECOND).both(&["T0", "L1"], &["T1", "L2", "L3"]);
}

#[test]
fn case_14_a_revocation_of_the_future_is_not_there_yet() {
    let mut play = Play::with_account();
    play.at(5.0).revoke_all(&["S1"]);
    play.now(5.0 - 301.0 * SECOND).both(&["L1"], &[]);
    play.now(5.0 - 300.0 * SECOND).both(&[], &["L1"]);
}

/// The pinned token and two successors, each alive for 200 days from day 0, 90 and 280.
fn reissued() -> Play {
    let mut play = Play::with_account();
    play.at(90.0).succeed(("T1", "T0"), "I1", &signers(3), "I2", &["S1", "S2"]);
    play.at(280.0).succeed(("T2", "T1"), "I1", &signers(3), "I2", &["S1", "S2"]);
    play
}

#[test]
fn case_15_an_expired_anchor() {
    labelled(&["C15-1", "C15-2"]);
    let mut play = Play::with_account();
    play.now(200.0 - SECOND).both(&["T0", "L1"], &[]);
    play.now(200.0).both(&[], &["T0", "L1"]);
    reissued().withhold(&["T2"]).now(289.0).both(&["T1", "L1"], &["T0"]);
}

#[test]
fn case_15_an_expired_middle() {
    labelled(&["C15-3"]);
    reissued().now(300.0).both(&["T2", "L1"], &["T0", "T1"]);
    reissued().now(480.0 - SECOND).both(&["T2", "L1"], &["T0", "T1"]);
    reissued().now(480.0).both(&[], &["T0", "T1", "T2", "L1"]);
    // Withheld, the verifier stands at the expired anchor.
    reissued().withhold(&["T1"]).now(300.0).both(&[], &["T0", "T1", "T2", "L1"]);
}

#[test]
fn case_15_past_400_days() {
    labelled(&["C15-4", "C15-5"]);
    let mut play = Play::with_account();
    play.at(590.0).succeed(("T1", "T0"), "I1", &signers(3), "I2", &["S1", "S2"]);
    play.now(600.0 - SECOND).both(&["T1", "L1"], &["T0"]);
    play.now(600.0).both(&[], &["T0", "T1", "L1"]);
    // Each token of the path by itself: a verifier that moved on is not held to the first.
    play.pin("T1").both(&["T1", "L1"], &["T0"]);
}

#[test]
fn case_15_the_middle_past_400_days() {
    // T1 ends early, so that T0 and T2 are near enough while it is not.
    let mut play = Play::with_account();
    play.at(1.0).token("T1", "I1", &signers(3), crate::play::terms(1, Some("T0"), 3, Some("I2")));
    play.timed(|times| times.exp = Some(Time::days(50))).endorse("T1", &["S1", "S2"]);
    play.at(440.0).succeed(("T2", "T1"), "I1", &signers(3), "I2", &["S1", "S2"]);
    play.now(450.0 - SECOND).both(&["T2", "L1"], &["T0", "T1"]);
    play.now(450.0).both(&[], &["T0", "T1", "T2", "L1"]);
}

#[test]
fn case_15_a_successor_before_its_time() {
    labelled(&["C15-6"]);
    let mut play = Play::with_account();
    play.token("T1", "I1", &signers(3), crate::play::terms(1, Some("T0"), 3, Some("I2")));
    play.timed(|times| times.nbf = Some(Time::days(30))).endorse("T1", &["S1", "S2"]);
    play.now(30.0 - SECOND).both(&["T0", "L1"], &["T1"]);
    play.now(30.0).both(&["T1", "L1"], &["T0"]);
}
