//! Cases 8 and 9: what an identity's revocation does, and who else may take back what.

use crate::play::{Play, all, edge, labelled, signers, statement};

#[test]
fn case_08_pinned_anchors_are_unaffected() {
    labelled(&["C08-1", "C08-2", "C08-3"]);
    let mut play = Play::with_account();
    play.succeed(("T1", "T0"), "I1", &signers(3), "I3", &["I2"]);
    // Its own token, its half of the pair, everything that it signed: no effect.
    play.revoke_all(&["I1", "I2"]).revoke("I1", statement("T0")).revoke("I1", statement("T1"));
    play.revoke("I2", statement("e.T1.I2")).revoke("I1", edge("I1", "S1"));
    play.both(&["T1", "L1"], &["T0"]);
}

#[test]
fn case_08_bare_keys_are_dead() {
    labelled(&["C08-4"]);
    let mut play = Play::with_account();
    play.bare("I1").both(&["T0", "L1"], &[]);
    // Nobody else can end it, and nothing but its own word does.
    let mut others = play.clone();
    others.revoke("I2", all("I1")).revoke("S1", all("I1")).revoke("I1", statement("T0")).revoke("I1", all("I2"));
    others.both(&["T0", "L1"], &[]);
    play.revoke_all(&["I1"]).both(&[], &["T0", "L1"]);
    // Naming a log spares nothing here.
    let mut named = Play::with_account();
    named.bare("I1");
    let size = named.len();
    named.revoke_but("I1", all("I1"), size, None).both(&[], &["T0", "L1"]);
}

#[test]
fn case_09_nobody_revokes_upwards() {
    labelled(&["C09-1", "C09-7"]);
    let mut play = Play::with_account();
    play.module("m", "a1", "M1", 1).countersign("m", &["M1"]);
    for by in ["A1", "a1", "M1", "Sx"] {
        play.revoke(by, statement("L1")).revoke(by, edge("S1", "A1")).revoke(by, all("S1")).revoke(by, all("I1"));
    }
    for by in ["A1", "M1"] {
        play.revoke(by, statement("m")).revoke(by, edge("a1", "M1")).revoke(by, all("a1"));
    }
    play.both(&["T0", "L1", "m"], &[]);
}

#[test]
fn case_09_a_sibling_alone_revokes_nothing() {
    labelled(&["C09-2", "C09-8"]);
    let mut play = Play::with_account();
    play.revoke("S2", statement("L1")).revoke("S2", edge("S1", "A1")).revoke("S2", all("S1"));
    play.revoke("S2", edge("I1", "S1")).both(&["T0", "L1"], &[]);
    // However often, and a key striking itself is not one of the others, but its own revocation counts.
    play.revoke("S2", all("S1")).both(&["T0", "L1"], &[]);
    let mut itself = play.clone();
    itself.revoke("S1", edge("I1", "S1")).both(&["T0", "L1"], &[]);
    play.revoke_all(&["S1"]).both(&["T0"], &["L1"]);
}

#[test]
fn case_09_siblings_strike_together() {
    labelled(&["C09-3", "C09-9"]);
    for target in [statement("L1"), edge("S1", "A1"), all("S1"), edge("I1", "S1")] {
        let mut play = Play::with_account();
        play.list("L2", "S2", "A2", &[]).revoke("S2", target.clone()).both(&["L1", "L2"], &[]);
        play.revoke("S3", target).both(&["T0", "L2"], &["L1"]);
    }
    // They need not say the same, and a voter who is revoked later has voted.
    let mut play = Play::with_account();
    play.revoke("S2", statement("L1")).revoke("S3", all("S1")).revoke_all(&["S2", "S3"]);
    play.both(&["T0"], &["L1"]);
}

#[test]
fn case_09_there_are_never_enough_siblings_of_one_or_two() {
    for signing_keys in [1, 2] {
        let mut play = Play::founded(signing_keys);
        play.list("L1", "S1", "A1", &[]);
        for by in signers(signing_keys).into_iter().skip(1) {
            play.revoke(by, all("S1")).revoke(by, statement("L1"));
        }
        play.both(&["T0", "L1"], &[]);
    }
}

#[test]
fn case_09_the_issuer_kills_one_account_or_all() {
    labelled(&["C09-4", "C09-5"]);
    let mut play = Play::with_account();
    play.list("L2", "S1", "A2", &[]).list("L3", "S2", "A3", &[]);
    play.clone().revoke("S1", edge("S1", "A1")).both(&["L2", "L3"], &["L1"]);
    play.clone().revoke("S1", statement("L2")).both(&["L1", "L3"], &["L2"]);
    play.revoke_all(&["S1"]).both(&["T0", "L3"], &["L1", "L2"]);
}

#[test]
fn case_09_the_operator_identity_strikes_nobody() {
    labelled(&["C09-6"]);
    let mut play = Play::with_account();
    for by in ["I1", "I2"] {
        play.revoke(by, edge("I1", "S1")).revoke(by, all("S1")).revoke(by, statement("L1")).revoke(by, all("A1"));
    }
    play.both(&["T0", "L1"], &[]);
    // Its way is succession.
    play.succeed(("T1", "T0"), "I1", &["S2", "S3"], "I2", &["S2", "S3"]).both(&["T1"], &["T0", "L1"]);
}

#[test]
fn case_09_an_accounts_identity_ends_a_listing_by_its_countersignature() {
    let mut play = Play::with_account();
    play.module("m", "a1", "M1", 1).both(&["L1", "m"], &[]);
    play.revoke("A1", statement("c.L1.A1")).both(&["T0"], &["L1", "m"]);
}

#[test]
fn case_09_endorsements_are_struck_under_the_token_before() {
    // S4 is a signing key of T1 alone: its vote does not count for endorsements of T1.
    let mut play = Play::with_account();
    play.succeed(("T1", "T0"), "I1", &["S3", "S4", "S5"], "I2", &["S1", "S2"]);
    let struck = |by: &[&str]| {
        let mut play = play.clone();
        by.iter().for_each(|by| _ = play.revoke(by, all("S1")));
        play
    };
    struck(&["S4", "S5"]).both(&["T1"], &["T0"]);
    struck(&["S3", "S4", "S5"]).both(&["T1"], &["T0"]);
    struck(&["S2", "S3"]).stateless(&[], &["T0", "T1"]).in_log(&["T1"], &["T0"]);
}

#[test]
fn case_09_operator_tokens_and_revocations_are_never_revoked() {
    let mut play = Play::with_account();
    play.succeed(("T1", "T0"), "I1", &signers(3), "I2", &["S1", "S2", "S3"]);
    play.revoke("S1", statement("L1")).revoke("S1", statement("r.S1")).revoke_all(&["I1"]);
    for by in ["S1", "S2", "S3"] {
        play.revoke(by, statement("T1")).revoke(by, edge("I1", "I1"));
    }
    play.both(&["T1"], &["T0", "L1"]);
}
