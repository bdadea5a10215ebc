//! Case 16: revocations that name a log.

use crate::play::{Play, all, labelled};

/// The pinned token, `L1` and its countersignatures, then `L2` and its own: seven entries.
fn logged() -> Play {
    let mut play = Play::with_account();
    play.list("L2", "S1", "A2", &["a2"]);
    play
}

/// Everything of both listings, as a stateless verifier may be shown it.
const PROVEN: &[&str] = &["L1", "c.L1.A1", "c.L1.a1", "L2", "c.L2.A2", "c.L2.a2"];

#[test]
fn case_16_what_is_inside_survives() {
    labelled(&["C16-1"]);
    assert_eq!(logged().len(), 7);
    for (size, first, second) in [(0, false, false), (1, false, false), (2, true, false), (5, true, true)] {
        let mut play = logged();
        play.revoke_but("S1", all("S1"), size, None).prove(PROVEN);
        for (id, lives) in [("L1", first), ("L2", second)] {
            if lives {
                play.both(&[id], &[])
            } else {
                play.both(&[], &[id])
            };
        }
    }
}

#[test]
fn case_16_two_revocations_spare_what_is_inside_both() {
    labelled(&["C16-2"]);
    let mut play = logged();
    play.revoke_but("S1", all("S1"), 7, None).prove(PROVEN).both(&["L1", "L2"], &[]);
    play.revoke_but("S1", all("S1"), 3, None).both(&["L1"], &["L2"]);
    play.revoke_but("S1", all("S1"), 0, None).both(&[], &["L1", "L2"]);
}

#[test]
fn case_16_two_revocations_naming_different_roots() {
    labelled(&["C16-3"]);
    let mut play = logged();
    play.revoke_but("S1", all("S1"), 7, None).prove(PROVEN).both(&["L1", "L2"], &[]);
    play.revoke_but("S1", all("S1"), 7, Some("another")).both(&[], &["L1", "L2"]);
    // Alone, another log's root spares nothing either.
    let mut play = logged();
    play.revoke_but("S1", all("S1"), 7, Some("another")).prove(PROVEN).both(&[], &["L1", "L2"]);
}

#[test]
fn case_16_without_a_proof_it_is_dead() {
    labelled(&["C16-4", "C16-5"]);
    let mut play = logged();
    play.revoke_but("S1", all("S1"), 7, None).stateless(&[], &["L1", "L2"]);
    play.prove(&["L2"]).stateless(&["L2"], &["L1"]);
    // A blunt one beside it spares nothing.
    play.revoke_all(&["S1"]).prove(PROVEN).both(&[], &["L1", "L2"]);
}

#[test]
fn case_16_strike_voters_are_counted_for_each_statement() {
    let mut play = logged();
    play.revoke_but("S2", all("S1"), 3, None).revoke("S3", all("S1")).prove(PROVEN);
    // S2 votes against L2 alone, S3 against both: only L2 has two against it.
    play.both(&["L1"], &["L2"]);
}

#[test]
fn case_16_endorsements_inside_survive_their_signers() {
    let mut play = Play::with_account();
    play.succeed(("T1", "T0"), "I1", &["S3", "S4"], "I2", &["S1", "S2"]);
    let size = play.len();
    play.revoke_but("S1", all("S1"), size, None).revoke_but("S2", all("S2"), size, None);
    play.in_log(&["T1"], &["T0"]).stateless(&[], &["T0", "T1"]);
    play.prove(&["e.T1.S1", "e.T1.S2"]).stateless(&["T1"], &["T0"]);
}

#[test]
fn case_16_the_accounts_own_side_after_deaths() {
    labelled(&["C16-6", "C16-7"]);
    let mut play = Play::founded(3);
    play.list("L1", "S1", "A1", &["a1", "a2"]).revoke_all(&["S1"]);
    play.at(2.0).listing("L2", "S2", "A1", &["a3"]).countersign("L2", &["a1", "a2"]);
    play.both(&["L2"], &["L1"]);
}
