//! Small random sets of delegations, before the verifier and before the slow checker.

use std::collections::BTreeSet;

use greatseal_core::Decision;
use greatseal_testkit::ucan::{
    DIALECTS, Principal, Token, ask, delegation, ed25519, invocation, p256, revocation, secp256k1,
};
use proptest::prelude::*;
use serde_json::json;

use crate::checker::{Asked, Back, Given, Who, World};

/// So few that chains come about by chance.
const PEOPLE: usize = 4;

fn people() -> Vec<Principal> {
    vec![ed25519("random 0"), ed25519("random 1"), p256("random 2"), secp256k1("random 3")]
}

fn who() -> impl Strategy<Value = Who> {
    0..PEOPLE
}

fn command() -> impl Strategy<Value = Vec<&'static str>> {
    prop_oneof![4 => Just(vec![]), 3 => Just(vec!["a"]), 2 => Just(vec!["a", "b"]), 1 => Just(vec!["ab"])]
}

fn rarely() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.04)
}

fn begins() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![12 => Just(None), 3 => Just(Some(0)), 1 => Just(Some(1)), 1 => Just(Some(-1))]
}

fn ends() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![8 => Just(Some(9)), 4 => Just(None), 3 => Just(Some(0)), 1 => Just(Some(-1))]
}

fn given() -> impl Strategy<Value = Given> {
    let about = prop_oneof![3 => Just(None), 8 => Just(Some(0)), 1 => Just(Some(1))];
    let wants = prop_oneof![9 => Just(None), 2 => Just(Some(1)), 1 => Just(Some(2))];
    (who(), who(), about, command(), begins(), ends(), wants, rarely()).prop_map(
        |(from, to, about, command, begins, ends, wants, forged)| Given {
            from,
            to,
            about,
            command,
            begins,
            ends,
            wants,
            forged,
        },
    )
}

fn back(delegations: usize) -> impl Strategy<Value = Back> {
    (who(), 0..delegations, prop::bool::weighted(0.2)).prop_map(|(by, delegation, forged)| Back {
        by,
        delegation,
        forged,
    })
}

fn world() -> impl Strategy<Value = World> {
    prop::collection::vec(given(), 1..7).prop_flat_map(|given| {
        let count = given.len();
        let lost = prop::collection::btree_set(0..count, 0..2);
        let lost = prop_oneof![6 => Just(BTreeSet::new()), 1 => lost];
        let back = prop::collection::vec(back(count), 0..3);
        (back, lost).prop_map(move |(back, lost)| World { given: given.clone(), back, lost })
    })
}

/// An invocation that rests on a way through the delegations, mostly one that hangs together.
fn asked(world: &World) -> impl Strategy<Value = Asked> + use<> {
    let given = world.given.clone();
    let picks = prop::collection::vec(any::<prop::sample::Index>(), 0..5);
    (picks, who(), command(), ends(), 1..3_i64, rarely(), prop::bool::weighted(0.85)).prop_map(
        move |(picks, somebody, command, ends, number, forged, sensible)| {
            let mut proofs: Vec<usize> = Vec::new();
            for pick in picks {
                let fits = |at: &usize| match proofs.last() {
                    None => given[*at].about == Some(given[*at].from),
                    Some(last) => given[*last].to == given[*at].from,
                };
                let choice: Vec<usize> = (0..given.len()).filter(|at| !sensible || fits(at)).collect();
                if !choice.is_empty() {
                    proofs.push(choice[pick.index(choice.len())]);
                }
            }
            let by = proofs.last().filter(|_| sensible).map_or(somebody, |last| given[*last].to);
            Asked { by, about: 0, command, ends, proofs, number, forged }
        },
    )
}

fn path(command: &[&str]) -> String {
    format!("/{}", command.join("/"))
}

/// The tokens of a world: its delegations, and what takes them back.
fn tokens(world: &World) -> (Vec<Token>, Vec<Token>) {
    let people = people();
    let spoilt = |token: Token, forged: bool| if forged { token.forged() } else { token };
    let given = |(at, it): (usize, &Given)| {
        let draft = delegation(&people[it.from], &people[it.to]).command(&path(&it.command)).nonce(&[at as u8]);
        let draft = it.about.map_or_else(|| draft.clone().powerline(), |about| draft.clone().about(&people[about]));
        let draft = it.begins.map_or_else(|| draft.clone(), |begins| draft.clone().begins(begins));
        let draft = it.ends.map_or_else(|| draft.clone().forever(), |ends| draft.clone().expires(ends));
        let draft = it.wants.map_or_else(|| draft.clone(), |wants| draft.clone().policy(json!([["==", ".n", wants]])));
        spoilt(draft.sign(), it.forged)
    };
    let delegations: Vec<Token> = world.given.iter().enumerate().map(given).collect();
    let back = |(at, it): (usize, &Back)| {
        let (dialect, _) = DIALECTS[at % DIALECTS.len()];
        spoilt(revocation(&people[it.by], dialect, &delegations[it.delegation], &[]).sign(), it.forged)
    };
    let revocations = world.back.iter().enumerate().map(back).collect();
    (delegations, revocations)
}

fn call(asked: &Asked, delegations: &[Token]) -> Token {
    let people = people();
    let draft = invocation(&people[asked.by], &people[asked.about]).command(&path(&asked.command));
    let draft = draft.args(json!({"n": asked.number})).proofs(asked.proofs.iter().map(|at| &delegations[*at]));
    let draft = asked.ends.map_or_else(|| draft.clone().forever(), |ends| draft.clone().expires(ends));
    if asked.forged { draft.sign().forged() } else { draft.sign() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn invocations_are_judged_as_by_the_slow_checker(
        (world, asked) in world().prop_flat_map(|world| { let asked = asked(&world); (Just(world), asked) }),
        reversed in any::<bool>(),
    ) {
        let (delegations, revocations) = tokens(&world);
        let at_hand: Vec<&Token> =
            delegations.iter().enumerate().filter(|(at, _)| !world.lost.contains(at)).map(|(_, token)| token).collect();
        let question = ask(&call(&asked, &delegations)).with(at_hand).with(&revocations);
        let question = if reversed { question.reordered(<[Token]>::reverse) } else { question };
        let found = match question.outcome().into_decision() {
            Decision::Allow(_) => Ok(()),
            Decision::Deny(deny) => Err(deny.closest().fault.code().text()),
        };
        prop_assert_eq!(found, world.judge(&asked));
    }

    #[test]
    fn delegations_are_held_as_by_the_slow_checker(world in world(), reversed in any::<bool>()) {
        let (delegations, revocations) = tokens(&world);
        for (target, token) in delegations.iter().enumerate() {
            let others = delegations.iter().enumerate().filter(|(at, _)| !world.lost.contains(at) && *at != target);
            let question = ask(token).with(others.map(|(_, token)| token)).with(&revocations);
            let question = if reversed { question.reordered(<[Token]>::reverse) } else { question };
            let found = matches!(question.outcome().into_decision(), Decision::Allow(_));
            prop_assert_eq!(found, world.is_held(target), "delegation {}", target);
        }
    }
}

/// The scenes are not all refused, or all for one reason: otherwise agreement would say little.
#[test]
fn random_scenes_are_of_every_kind() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut seen: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    let scenes = world().prop_flat_map(|world| {
        let asked = asked(&world);
        (Just(world), asked)
    });
    for _ in 0..3000 {
        let (world, asked) = scenes.new_tree(&mut runner).unwrap().current();
        *seen.entry(world.judge(&asked).err().unwrap_or("allow")).or_default() += 1;
    }
    for kind in [
        "allow",
        "GS-REVOKED",
        "GS-TIME-EARLY",
        "GS-TIME-EXPIRED",
        "GS-SIGNATURE-INVALID",
        "GS-UCAN-ALIGNMENT",
        "GS-UCAN-COMMAND",
        "GS-UCAN-NO-PROOF",
        "GS-UCAN-POLICY",
        "GS-UCAN-POWERLINE-ROOT",
        "GS-UCAN-PROOF-MISSING",
        "GS-UCAN-ROOT",
        "GS-UCAN-SUBJECT",
    ] {
        assert!(seen.get(kind).is_some_and(|count| *count >= 15), "{kind} in {seen:?}");
    }
}
