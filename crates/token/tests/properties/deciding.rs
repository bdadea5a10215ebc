//! Deciding: as the rules read, whatever the order, and nothing gained by strangers.

use core::num::NonZeroUsize;

use greatseal_core::key::Nkey;
use greatseal_core::{Decision, Timestamp, View};
use greatseal_testkit::chain::{AT, HEADER, TestKey, Token, account, operator, unchecked};
use greatseal_testkit::codes::outcome;
use greatseal_token::wascap::{Entity, Verifier};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::literal::Literal;
use crate::world::{Made, scenes};

/// What a stranger can make of a token: the same claims without the key for them, and in his own name.
fn strange(made: &Made) -> [Token; 2] {
    let is_module = matches!(made.claims.entity, Entity::Module(_));
    let stranger: TestKey = if is_module { account("stranger") } else { operator("stranger") };
    let claims = made.token.claims();
    let issuer = |key: &Nkey| format!(r#""iss":"{key}""#);
    let renamed = claims.replace(&issuer(&made.claims.issuer), &issuer(&stranger.nkey()));
    assert_ne!(claims, renamed);
    [unchecked(HEADER, &claims, &stranger), unchecked(HEADER, &renamed, &stranger)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn verdicts_are_those_of_the_rules_read_literally(scene in scenes()) {
        let literal = Literal::new(&scene);
        for (position, made) in scene.made.iter().enumerate() {
            let decision = scene.question(&made.token).decide();
            if let Some(allows) = literal.allows(position) {
                prop_assert_eq!(matches!(decision, Decision::Allow(_)), allows, "{:#?}", outcome(&decision));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn no_decision_depends_on_the_order_of_candidates(scene in scenes(), swaps in vec(any::<(Index, Index)>(), 8)) {
        let mut shuffled = scene.clone();
        for (one, other) in swaps {
            shuffled.made.swap(one.index(scene.made.len()), other.index(scene.made.len()));
        }
        for made in &scene.made {
            let decision = scene.question(&made.token).decide();
            prop_assert_eq!(outcome(&decision), outcome(&shuffled.question(&made.token).decide()));
        }
    }

    #[test]
    fn tokens_of_strangers_change_no_verdict(scene in scenes()) {
        let strange: Vec<Token> = scene.made.iter().flat_map(strange).collect();
        for made in &scene.made {
            let question = scene.question(&made.token);
            let decided = outcome(&question.decide()).ok();
            prop_assert_eq!(outcome(&question.with(&strange).decide()).ok(), decided);
        }
    }

    #[test]
    fn many_targets_are_decided_as_each_alone(scene in scenes(), workers in 1..3usize) {
        let mut verifier = Verifier::new(NonZeroUsize::new(workers).unwrap());
        let tokens: Vec<&[u8]> = scene.made.iter().map(|made| made.token.bytes()).collect();
        let targets = verifier.read_all(&tokens).into_iter().map(Result::unwrap).collect();
        let view = View::new(scene.policy, scene.anchors.clone(), Timestamp::from_secs(AT));
        let together = verifier.decide(targets, Vec::new(), &view);
        for (made, decision) in scene.made.iter().zip(&together) {
            prop_assert_eq!(outcome(decision), outcome(&scene.question(&made.token).decide()));
        }
    }

    #[test]
    fn an_allow_names_tokens_that_were_supplied(scene in scenes()) {
        for made in &scene.made {
            let Decision::Allow(allow) = scene.question(&made.token).decide() else { continue };
            prop_assert_eq!(allow.chain().last().map(|link| link.id), Some(made.token.id()));
            for link in allow.chain() {
                prop_assert!(scene.made.iter().any(|made| made.authentic && made.token.id() == link.id));
            }
        }
    }
}
