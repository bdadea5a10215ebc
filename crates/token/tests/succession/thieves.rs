//! Cases 2 and 3: a thief of the identity, alone and with all sealed revocations.

use crate::play::{Play, labelled, signers, terms};

#[test]
fn case_02_a_lone_identity_thief_has_the_newest_iat() {
    labelled(&["C02-1"]);
    let mut play = Play::with_account();
    play.at(150.0).succeed(("X", "T0"), "I1", &["Sx"], "I9", &["I1", "Sx"]).list("LX", "Sx", "A9", &[]);
    play.both(&["T0", "L1"], &["X", "LX"]);
}

#[test]
fn case_02_the_thiefs_token_is_among_what_is_supplied() {
    // Also as the only token that is handed over: the pinned one is at hand all the same.
    let mut play = Play::with_account();
    play.token("X", "I1", &["Sx", "S1"], terms(0, None, 2, Some("I2"))).list("LX", "Sx", "A9", &[]);
    play.withhold(&["T0"]);
    play.both(&["T0", "L1"], &["X", "LX"]);
}

#[test]
fn case_02_the_thief_changes_next() {
    labelled(&["C02-2"]);
    let mut play = Play::with_account();
    play.succeed(("X", "T0"), "I1", &signers(3), "I9", &["I1"]);
    // With a next of his own he has a pair, but it is not the pair of the pinned token.
    play.endorse("X", &["I9"]).succeed(("Y", "X"), "I9", &["Sx"], "I8", &["I1", "Sx"]);
    play.list("LX", "Sx", "A9", &[]);
    play.both(&["T0", "L1"], &["X", "Y", "LX"]);
}

#[test]
fn case_02_a_huge_seq_follows_nothing() {
    labelled(&["C02-3"]);
    for seq in [0, 2, i64::from(u32::MAX), 9_007_199_254_740_991, i64::MAX] {
        let mut play = Play::with_account();
        play.token("X", "I1", &["Sx"], terms(seq, Some("T0"), 1, Some("I9"))).endorse("X", &["S1", "S2", "S3", "I2"]);
        play.list("LX", "Sx", "A9", &[]);
        play.both(&["T0", "L1"], &["X", "LX"]);
    }
}

#[test]
fn case_02_another_tokens_place_is_not_taken() {
    labelled(&["C02-4", "C02-5"]);
    let mut play = Play::with_account();
    play.token("X", "I1", &["Sx"], terms(1, Some("nothing"), 1, Some("I9"))).endorse("X", &["S1", "S2", "S3", "I2"]);
    play.token("Y", "I1", &["Sx"], terms(1, None, 1, Some("I9"))).endorse("Y", &["S1", "S2", "S3", "I2"]);
    play.both(&["T0", "L1"], &["X", "Y"]);
}

#[test]
fn case_02_two_drafts_that_the_owner_endorsed_fork_everyone_who_is_shown_both() {
    labelled(&["C02-6"]);
    let mut play = Play::with_account();
    play.succeed(("D1", "T0"), "I1", &signers(3), "I2", &["S1", "S2"]);
    play.succeed(("D2", "T0"), "I1", &["S1", "S2"], "I2", &["S1", "S2"]);
    play.stateless(&[], &["T0", "D1", "D2", "L1"]);
    play.in_log(&["D1", "L1"], &["T0", "D2"]);
    play.clone().withhold(&["D1"]).stateless(&["D2", "L1"], &["T0"]);
}

#[test]
fn case_03_all_sealed_revocations_with_an_identity_and_one_signing_key_capture_nothing() {
    labelled(&["C03-1"]);
    for signing_keys in [3, 4, 5] {
        for identity in ["I1", "I2"] {
            let mut play = Play::founded(signing_keys);
            play.list("L1", "S1", "A1", &["a1"]);
            play.succeed(("X", "T0"), identity, &["Sx"], "I9", &[identity, "S1", "Sx"]).list("LX", "Sx", "A9", &[]);
            play.revoke_all(&signers(signing_keys)).revoke_all(&["I1", "I2", "A1", "a1"]);
            // What hangs on the revoked keys is denied; the operator stays the owner's.
            play.both(&["T0"], &["X", "LX", "L1"]);
        }
    }
}

#[test]
fn case_03_after_a_succession_they_deny_at_most() {
    let mut play = Play::with_account();
    play.succeed(("T1", "T0"), "I1", &signers(3), "I2", &["S1", "S2"]);
    play.succeed(("X", "T0"), "I1", &["Sx"], "I9", &["I1", "S1", "Sx"]).list("LX", "Sx", "A9", &[]);
    play.revoke_all(&["S1", "S2", "S3"]);
    play.stateless(&[], &["T0", "T1", "X", "LX", "L1"]);
    // A log accepted the succession before, and never goes back.
    play.in_log(&["T1"], &["T0", "X", "LX", "L1"]);
}

#[test]
fn case_03_revoked_signing_keys_never_lower_the_threshold() {
    labelled(&["C03-2"]);
    let mut play = Play::founded(5);
    play.revoke_all(&["S3", "S4", "S5"]).succeed(("X", "T0"), "I1", &["Sx"], "I9", &["S1", "S2", "S3", "S4", "S5"]);
    play.in_log(&["T0"], &["X"]).stateless(&[], &["T0", "X"]);
    play.endorse("X", &["I2"]).both(&["X"], &["T0"]);
}
