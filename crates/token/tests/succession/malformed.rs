//! Case 6: tokens that are refused, which is as if they had never been said.

use greatseal_testkit::reenact::Stage;
use greatseal_testkit::succession::{Claim, Expect, History, Key, Mode, Operator, Statement, Terms, answer};

use crate::play::{Play, labelled, signers, terms};

/// Breaks the pinned token, then its only successor, in one way.
#[track_caller]
fn refused(break_it: impl Fn(&mut Operator)) {
    // A pinned one denies, whatever else is there.
    let mut play = Play::with_account();
    play.succeed(("T1", "T0"), "I1", &signers(3), "I3", &["S1", "S2"]).list("L2", "S2", "A2", &[]);
    asked(&play, "T0", &break_it, &[], &["T0", "T1", "L1", "L2"]);
    // A successor is as if absent.
    let mut play = Play::with_account();
    play.succeed(("T1", "T0"), "I1", &signers(3), "I3", &["S1", "S2", "S3", "I2"]);
    asked(&play, "T1", &break_it, &["T0", "L1"], &["T1"]);
    // Beside a good one it makes no fork.
    play.succeed(("T2", "T0"), "I1", &signers(3), "I4", &["S1", "S2", "S3", "I2"]);
    asked(&play, "T1", &break_it, &["T2", "L1"], &["T0", "T1"]);
}

#[track_caller]
fn asked(play: &Play, id: &str, break_it: &impl Fn(&mut Operator), allowed: &[&str], denied: &[&str]) {
    for mode in [Mode::Stateless, Mode::Snapshot] {
        let mut told = play.told(mode);
        let broken = told.statements.iter_mut().find(|it| it.id() == id);
        let Some(Statement::Operator(token)) = broken else { panic!("{id} is an operator token") };
        break_it(token);
        expect(&told, allowed, Expect::Allow);
        expect(&told, denied, Expect::Deny);
    }
}

#[track_caller]
fn expect(told: &History, ids: &[&str], expect: Expect) {
    let stage = Stage::set(told);
    for id in ids {
        assert_eq!(stage.ask(id).expect, expect, "{id} {:?}", told.mode);
        assert_eq!(answer(told, id).expect(), expect, "{id} {:?}, the reference", told.mode);
    }
}

fn claimed(token: &mut Operator) -> &mut Terms {
    match &mut token.claim {
        Some(Claim::Once(terms)) => terms,
        Some(Claim::Repeated(_)) | None => panic!("the claim once"),
    }
}

#[test]
fn case_06_the_claim_twice() {
    labelled(&["C06-1", "C06-10"]);
    refused(|token| {
        let terms = claimed(token).clone();
        token.claim = Some(Claim::Repeated(vec![terms.clone(), terms]));
    });
    refused(|token| {
        let terms = claimed(token).clone();
        let other = Terms { threshold: 3, ..terms.clone() };
        token.claim = Some(Claim::Repeated(vec![terms, other]));
    });
}

#[test]
fn case_06_a_signing_key_listed_twice() {
    labelled(&["C06-2"]);
    refused(|token| token.signers.push(token.signers[0].clone()));
}

#[test]
fn case_06_a_signing_key_listed_twice_in_two_spellings() {
    labelled(&["C06-3"]);
    refused(|token| token.signers.push(Key(format!("did:{}", token.signers[2].raw()))));
}

#[test]
fn case_06_the_next_identity_among_the_signing_keys() {
    labelled(&["C06-4"]);
    refused(|token| {
        let next = claimed(token).next.clone().unwrap();
        token.signers[2] = next;
    });
    refused(|token| claimed(token).next = Some(Key::from("did:S3")));
}

#[test]
fn case_06_the_identity_among_the_signing_keys() {
    labelled(&["C06-5"]);
    refused(|token| token.signers[0] = token.issuer.clone());
    // Without the claim too: no policy is strict that lets it.
    let mut play = Play::empty();
    play.script.operator("T0", "I1", &["I1".to_owned(), "S1".to_owned()], None);
    play.list("L1", "S1", "A1", &[]);
    play.both(&[], &["T0", "L1"]);
}

#[test]
fn case_06_next_is_the_own_identity() {
    labelled(&["C06-6"]);
    refused(|token| claimed(token).next = Some(token_identity("I1")));
    refused(|token| claimed(token).next = Some(token_identity("did:I1")));
}

fn token_identity(spelled: &str) -> Key {
    Key::from(spelled)
}

#[test]
fn case_06_a_low_threshold() {
    labelled(&["C06-7", "C06-8"]);
    for (signing_keys, threshold, fits) in [
        (1, 0, false),
        (1, 1, true),
        (2, 1, false),
        (2, 2, true),
        (3, 1, false),
        (3, 2, true),
        (3, 4, false),
        (4, 2, false),
        (4, 3, true),
        (5, 2, false),
        (5, 3, true),
        (5, 5, true),
        (5, 6, false),
        (5, i64::MAX, false),
    ] {
        let mut play = Play::empty();
        let terms = Terms { threshold, ..terms(0, None, signing_keys, Some("I2")) };
        play.token("T0", "I1", &signers(signing_keys), terms);
        if fits {
            play.both(&["T0"], &[])
        } else {
            play.both(&[], &["T0"])
        };
    }
}

#[test]
fn case_06_no_next_identity() {
    labelled(&["C06-9"]);
    let mut play = Play::empty();
    play.token("T0", "I1", &signers(3), terms(0, None, 3, None)).list("L1", "S1", "A1", &[]);
    // No pair, and only the identity issues.
    play.succeed(("X", "T0"), "I2", &["Sx"], "I9", &["S1", "S2", "S3", "I1"]);
    play.succeed(("Y", "T0"), "I1", &["Sx"], "I9", &["I1", "I2", "I9"]);
    play.both(&["T0", "L1"], &["X", "Y"]);
    play.succeed(("T1", "T0"), "I1", &signers(3), "I2", &["S1", "S2"]).both(&["T1", "L1"], &["T0", "X", "Y"]);
}

#[test]
fn case_06_issued_by_another_or_about_another() {
    refused(|token| token.issuer = Key::from("I5"));
    refused(|token| token.subject = Key::from("I5"));
    refused(|token| token.signers.clear());
}

#[test]
fn case_06_added_keys_do_not_vote() {
    labelled(&["C06-11"]);
    let mut play = Play::with_account();
    play.succeed(("X", "T0"), "I1", &["S1", "Sx", "Sy"], "I3", &["S1", "Sx", "Sy"]);
    play.both(&["T0", "L1"], &["X"]);
}

#[test]
fn case_06_spellings_are_one_key() {
    labelled(&["C06-12", "C06-13"]);
    let mut play = Play::with_account();
    play.succeed(("T1", "T0"), "I1", &signers(3), "I3", &["did:S1"]);
    play.endorse("T1", &["S1"]).both(&["T0"], &["T1"]);
    play.endorse("T1", &["did:S3"]).both(&["T1", "L1"], &["T0"]);
    // Revoked in one spelling, it is revoked in all.
    play.revoke("did:S3", crate::play::all("S3")).stateless(&[], &["T0", "T1"]).in_log(&["T1"], &["T0"]);
}
