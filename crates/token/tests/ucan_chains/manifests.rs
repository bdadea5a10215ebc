//! Every manifest under `vectors/ucan`, through the library.

use std::num::NonZeroUsize;

use greatseal_core::{Code, Decision};
use greatseal_testkit::codes::{all, outcome};
use greatseal_testkit::ucan::vectors::{Case, FOLDER, OURS, bytes, manifests};
use greatseal_testkit::ucan::{Token, ask};
use greatseal_testkit::vectors::{Codes, Expected, Folder};
use greatseal_token::ucan::{Verifier, container};

/// Returns every case that asks about a token.
fn cases() -> Vec<Case> {
    manifests(&Folder::open(FOLDER)).into_values().flatten().filter(|case| case.target().is_some()).collect()
}

/// Says what is wrong with a decision, if anything is.
fn wrong(codes: &Codes, case: &Case, decision: &Decision) -> Option<String> {
    let id = &case.id;
    match (case.expect, decision) {
        (Expected::Accept, Decision::Allow(_)) => None,
        (Expected::Accept, Decision::Deny(deny)) => {
            let fault = &deny.closest().fault;
            Some(format!("{id}: denied: {}: {fault}", fault.code()))
        }
        (Expected::Reject, Decision::Deny(deny)) => {
            let code = deny.closest().fault.code();
            (!codes.gives(&case.reason, code)).then(|| format!("{id}: {} is not {code}", case.reason))
        }
        (Expected::Reject, Decision::Allow(_)) => Some(format!("{id}: allowed, not {}", case.reason)),
        (Expected::Inspect, _) => Some(format!("{id}: nothing to judge")),
    }
}

#[test]
fn every_vector_is_judged_for_its_reason() {
    let codes = Codes::load();
    let cases = cases();
    let found: Vec<String> = cases
        .iter()
        .filter_map(|case| wrong(&codes, case, &case.question().unwrap().outcome().into_decision()))
        .collect();
    assert!(found.is_empty(), "{} of {}:\n{}", found.len(), cases.len(), found.join("\n"));
    assert!(cases.len() >= 113 + 433, "{}", cases.len());
}

#[test]
fn containers_are_read_or_refused() {
    let all = manifests(&Folder::open(FOLDER)).into_values().flatten();
    let mut seen = 0;
    for case in all.filter(|case| case.kind == "container") {
        let read = container::read(&bytes(case.container.as_ref().unwrap()));
        match case.expect {
            Expected::Accept => assert_eq!(read.unwrap().len(), case.tokens.len(), "{}", case.id),
            Expected::Reject | Expected::Inspect => {
                let code = read.unwrap_err().code();
                let codes = [Code::UcanContainer, Code::UcanCbor, Code::TokenEmpty, Code::TokenTooLarge];
                assert!(codes.contains(&code), "{}: {code}", case.id);
            }
        }
        seen += 1;
    }
    assert!(seen >= 14, "{seen}");
}

#[test]
fn no_order_of_what_is_supplied_matters() {
    for case in cases() {
        let question = case.question().unwrap();
        let expected = outcome(&question.outcome().into_decision());
        for order in 0..12 {
            let other = question.clone().reordered(|tokens| permute(tokens, order));
            assert_eq!(outcome(&other.outcome().into_decision()), expected, "{} in order {order}", case.id);
        }
        let twice = question.clone().with(question.supplied()).reordered(<[Token]>::reverse);
        assert_eq!(outcome(&twice.outcome().into_decision()), expected, "{} twice", case.id);
    }
}

/// The permutation of that number, in the factorial system.
fn permute(tokens: &mut [Token], number: usize) {
    let mut rest = number;
    for last in (1..tokens.len()).rev() {
        tokens.swap(last, rest % (last + 1));
        rest /= last + 1;
    }
}

#[test]
fn what_a_verifier_remembers_changes_nothing() {
    let codes = Codes::load();
    for workers in [1, 2] {
        let mut verifier = Verifier::new(NonZeroUsize::new(workers).unwrap());
        for round in 0..2 {
            // One memory for all cases: they share tokens and disagree about them.
            for case in cases() {
                let decision = case.question().unwrap().outcome_by(&mut verifier).into_decision();
                assert_eq!(wrong(&codes, &case, &decision), None, "in round {round}");
            }
        }
    }
}

#[test]
fn an_allow_tells_its_chain() {
    for case in cases() {
        let question = case.question().unwrap();
        let Decision::Allow(allow) = question.outcome().into_decision() else { continue };
        let (first, last) = (allow.chain().first().unwrap(), allow.chain().last().unwrap());
        assert_eq!(last.id, question.target().id(), "{}", case.id);
        assert_eq!(last.capability.as_ref().unwrap().cid, question.target().cid(), "{}", case.id);
        // Root first, and each issued by the audience before.
        assert_eq!(first.issuer, first.subject, "{}", case.id);
        for pair in allow.chain().windows(2) {
            assert_eq!(pair[1].issuer.public_key(), pair[0].capability.as_ref().unwrap().audience, "{}", case.id);
        }
        if let Some(statement) = &case.statement {
            assert_eq!(&last.id.to_string(), statement, "{}", case.id);
        }
    }
}

#[test]
fn nobody_is_asked_for_who_does_not_say() {
    for case in cases().iter().filter(|case| case.kind != "token") {
        let target = Token::new(case.target().unwrap());
        let unset = ask(&target).with(case.question().unwrap().supplied()).audience(Default::default());
        let codes = all(&unset.outcome().into_decision());
        assert!(!codes.is_empty(), "{}: allowed without saying to whom", case.id);
        if case.expect == Expected::Accept {
            assert!(codes.contains("GS-UCAN-AUDIENCE"), "{}: {codes:?}", case.id);
        }
    }
}

#[test]
fn both_spellings_of_a_statement_have_one_name() {
    let cases = manifests(&Folder::open(FOLDER)).remove(OURS).unwrap();
    let statement = |id: &str| cases.iter().find(|case| case.id == id).unwrap();
    for algorithm in ["p256", "secp256k1"] {
        let (first, other) = ("invocation-first", "invocation-other");
        let [first, other] = [first, other].map(|name| statement(&format!("spelling-{algorithm}-{name}")));
        assert_ne!(first.invocation, other.invocation);
        assert_ne!(first.invocation_cid, other.invocation_cid);
        assert_eq!(first.statement, other.statement);
    }
}
