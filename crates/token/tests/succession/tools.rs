//! Case 17: what a tool that knows no claim makes of a token that has it.
//!
//! Case 18, that such tools read and verify these tokens, is asked here of one published crate, and of those of every
//! line under `interop/`.

use core::num::NonZeroUsize;

use greatseal_core::{Anchor, Decision, Policy, Timestamp, View};
use greatseal_testkit::chain::{Token, operator};
use greatseal_testkit::reenact::{BEGINNING, Stage};
use greatseal_testkit::succession::Mode;
use greatseal_token::wascap::Verifier;
use nkeys::{KeyPair, KeyPairType};
use wascap::jwt::{Claims, Operator, validate_token};

use crate::play::{Play, labelled, signers};

/// Reads a token with the published wascap 0.16.2 and signs what it read again, by the same key.
fn reencoded(stage: &Stage<'_>, id: &str, signer: &str) -> Token {
    let text = String::from_utf8(stage.text(id).unwrap().to_vec()).unwrap();
    assert!(validate_token::<Operator>(&text).unwrap().signature_valid);
    let claims = Claims::<Operator>::decode(&text).unwrap();
    let key = KeyPair::new_from_raw(KeyPairType::Operator, operator(signer).seed()).unwrap();
    let token = Token::new(claims.encode(&key).unwrap());
    assert_ne!(token.text(), text, "it drops the claim");
    assert!(!token.claims().contains("greatseal"));
    token
}

/// Says whether a token is allowed among others, and deeds.
fn allowed(target: &Token, with: &[&[u8]], anchor: Anchor) -> bool {
    let mut verifier = Verifier::new(NonZeroUsize::MIN);
    let view = View::new(Policy::Strict, vec![anchor], Timestamp::from_secs(BEGINNING + 86_400));
    let mut supply = greatseal_core::supply::Supply::default();
    for text in with {
        if greatseal_token::deed::is_deed(text) {
            let deed = verifier.read_deed(text).unwrap();
            supply.add(greatseal_core::supply::Heard::Deed(deed), []);
        } else {
            let token = verifier.read(text).unwrap();
            supply.add(greatseal_core::supply::Heard::Token(token), []);
        }
    }
    let target = verifier.read(target.bytes()).unwrap();
    let place = supply.ask(target, []);
    matches!(verifier.decide_within(&[place], supply, &view).into_decision(), Decision::Allow(_))
}

#[test]
fn case_17_a_stock_tool_drops_the_claim_and_the_token_is_no_successor() {
    labelled(&["C17-1", "C17-2", "C17-3"]);
    let mut play = Play::founded(3);
    play.succeed(("T1", "T0"), "I1", &signers(3), "I2", &["S1", "S2", "S3", "I2"]);
    let told = play.told(Mode::Stateless);
    let stage = Stage::set(&told);
    let pinned = Token::new(stage.text("T0").unwrap());
    let genuine = Token::new(stage.text("T1").unwrap());
    let stripped = reencoded(&stage, "T1", "I1");
    let texts: Vec<&[u8]> = told.statements.iter().filter_map(|it| stage.text(it.id())).collect();

    assert!(allowed(&genuine, &texts, pinned.pin()));
    assert!(!allowed(&pinned, &texts, pinned.pin()));
    // No successor, with or without the genuine one, and it makes no fork.
    let without: Vec<&[u8]> = texts.iter().copied().filter(|text| *text != genuine.bytes()).collect();
    assert!(!allowed(&stripped, &texts, pinned.pin()));
    assert!(!allowed(&stripped, &without, pinned.pin()));
    let beside: Vec<&[u8]> = texts.iter().copied().chain([stripped.bytes()]).collect();
    assert!(allowed(&genuine, &beside, pinned.pin()));
}

#[test]
fn case_17_a_pinned_token_without_its_claim_is_another_token() {
    let play = Play::founded(3);
    let told = play.told(Mode::Stateless);
    let stage = Stage::set(&told);
    let pinned = Token::new(stage.text("T0").unwrap());
    let stripped = reencoded(&stage, "T0", "I1");
    assert_ne!(pinned.id(), stripped.id());
    assert!(!allowed(&stripped, &[pinned.bytes()], pinned.pin()));
    assert!(allowed(&pinned, &[stripped.bytes()], pinned.pin()));
    // Under the bare key it counts for nothing beside the one with the claim.
    let bare = Anchor::Operator(operator("I1").typed());
    assert!(!allowed(&stripped, &[pinned.bytes()], bare));
    assert!(allowed(&pinned, &[stripped.bytes()], bare));
    assert!(allowed(&stripped, &[], bare));
}

#[test]
fn case_18_a_reader_that_knows_no_claim() {
    labelled(&["C18-1"]);
    let mut play = Play::with_account();
    play.succeed(("T1", "T0"), "I1", &signers(3), "I2", &["S1", "S2"]);
    let told = play.told(Mode::Stateless);
    let stage = Stage::set(&told);
    for id in ["T0", "T1"] {
        let text = String::from_utf8(stage.text(id).unwrap().to_vec()).unwrap();
        let read = validate_token::<Operator>(&text).unwrap();
        assert!(read.signature_valid, "{id}");
        let listed = Claims::<Operator>::decode(&text).unwrap().metadata.unwrap().valid_signers.unwrap();
        assert_eq!(listed, ["S1", "S2", "S3"].map(|name| operator(name).to_string()), "{id}");
    }
}
