//! Case 5: forks at each rank, and successors that are voided while a rival is present.

use crate::play::{Play, labelled, signers, terms};

/// Endorsers for each rank of a successor by `I1`, the best first.
const RANKS: [&[&str]; 3] = [&["S1", "S2", "I2"], &["S2", "S3"], &["I2"]];

/// Two successors of the pinned token, `T1` with `S1` for the account and `X` without.
fn rivals(first: &[&str], second: &[&str]) -> Play {
    let mut play = Play::with_account();
    play.succeed(("T1", "T0"), "I1", &signers(3), "I3", first);
    play.succeed(("X", "T0"), "I1", &["S8", "S9"], "I4", second);
    play
}

#[test]
fn case_05_forks_at_each_rank() {
    labelled(&["C05-1", "C05-2", "C05-3"]);
    for rank in RANKS {
        let play = rivals(rank, rank);
        play.stateless(&[], &["T0", "T1", "X", "L1"]);
        // A log keeps the one that had it first.
        play.in_log(&["T1", "L1"], &["T0", "X"]);
    }
}

#[test]
fn case_05_a_better_rank_wins_whichever_came_first() {
    labelled(&["C05-4", "C05-5"]);
    for (place, better) in RANKS.iter().enumerate() {
        for worse in &RANKS[place + 1..] {
            rivals(better, worse).both(&["T1", "L1"], &["T0", "X"]);
            rivals(worse, better).both(&["X"], &["T0", "T1", "L1"]);
        }
    }
}

#[test]
fn case_05_more_endorsements_of_one_rank_are_no_better() {
    rivals(&["S1", "S2", "S3"], &["S1", "S2"]).stateless(&[], &["T1", "X"]).in_log(&["T1"], &["X"]);
    rivals(&["S1", "S2"], &["S1", "S2", "S3"]).stateless(&[], &["T1", "X"]).in_log(&["T1"], &["X"]);
}

#[test]
fn case_05_a_log_keeps_the_first_of_equals_and_rises_to_a_better_rank() {
    labelled(&["C05-8", "C05-9"]);
    // First is who first had the rank, not who was first.
    let mut play = Play::with_account();
    play.succeed(("T1", "T0"), "I1", &signers(3), "I3", &["S1"]);
    play.succeed(("X", "T0"), "I1", &["S8"], "I4", &["S1", "S2"]).endorse("T1", &["S2"]);
    play.in_log(&["X"], &["T1", "T0", "L1"]);
    play.endorse("T1", &["I2"]).in_log(&["T1", "L1"], &["X", "T0"]);
}

#[test]
fn case_05_a_legitimate_successor_is_voided_while_a_rival_is_present() {
    labelled(&["C05-6", "C05-7"]);
    let mut play = rivals(&["S1", "S2"], &["I2"]);
    play.both(&["T1", "L1"], &["X"]);
    play.revoke_all(&["S2"]);
    play.stateless(&["X"], &["T0", "T1", "L1"]).in_log(&["T1", "L1"], &["T0", "X"]);
    // A rival without rank is none.
    let mut play = rivals(&["S1", "S2"], &["S3"]);
    play.revoke_all(&["S2"]).stateless(&[], &["T0", "T1", "X", "L1"]).in_log(&["T1", "L1"], &["T0", "X"]);
    // The void one lives again with enough endorsements.
    play.endorse("T1", &["S3"]).both(&["T1", "L1"], &["T0", "X"]);
}

#[test]
fn case_05_the_pair_counts_only_where_the_pinned_token_allows_it() {
    labelled(&["C05-10"]);
    let mut play = Play::empty();
    let alone = greatseal_testkit::succession::Terms { pair: false, ..terms(0, None, 3, Some("I2")) };
    play.token("T0", "I1", &signers(3), alone);
    play.succeed(("T1", "T0"), "I1", &signers(3), "I3", &["I2"]).both(&["T0"], &["T1"]);
    // With a quorum it adds nothing, so equals stay equal.
    play.endorse("T1", &["S1", "S2"]).succeed(("X", "T0"), "I1", &["S9"], "I4", &["S2", "S3"]);
    play.stateless(&[], &["T0", "T1", "X"]).in_log(&["T1"], &["T0", "X"]);
}

#[test]
fn case_05_a_quorum_that_only_the_thief_has_is_healed_by_the_pair_but_not_in_a_log() {
    labelled(&["C05-11", "C05-12"]);
    let mut play = Play::with_account();
    play.succeed(("X", "T0"), "I1", &["Sx"], "I9", &["S1", "S2"]).revoke_all(&["S1", "S2"]);
    play.succeed(("T1", "T0"), "I1", &["S3", "S4"], "I3", &["I2"]);
    play.stateless(&["T1"], &["X", "T0", "L1"]).in_log(&["X"], &["T1", "T0", "L1"]);
}

#[test]
fn case_05_stolen_sealed_revocations_do_not_recapture_a_healed_log() {
    labelled(&["C05-13", "C05-14"]);
    let mut play = Play::with_account();
    play.succeed(("X", "T0"), "I1", &["Sx"], "I9", &["I2"]).both(&["X"], &["T0"]);
    play.succeed(("T1", "T0"), "I1", &signers(3), "I3", &["S1", "S2"]).both(&["T1", "L1"], &["X"]);
    play.revoke_all(&["S2", "S3"]);
    play.stateless(&["X"], &["T1", "L1"]).in_log(&["T1", "L1"], &["X"]);
}
