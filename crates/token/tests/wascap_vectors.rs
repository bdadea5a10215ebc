//! Every case of every folder of the form of `vectors/wascap`: the verdict, for the manifest's reason.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::num::NonZeroUsize;

use greatseal_core::{Code, Decision};
use greatseal_testkit::chain::{Token, verify_module};
use greatseal_testkit::codes::{allowed, denied, outcome};
use greatseal_testkit::vectors::{Case, Codes, Expected, Folder, wascap_cases, wascap_folders};
use greatseal_token::wascap::Verifier;

/// Files of others in `vectors/wascap/published`, and what is said of them when nobody is trusted.
const PUBLISHED: [(&str, Code); 4] = [
    ("published/echo_messaging_v0.9.0.wasm", Code::ChainIncomplete),
    // In the encoding of before 2023.
    ("published/guest.component.wasm", Code::ModuleEncoding),
    ("published/logger.wasm", Code::ChainIncomplete),
    ("published/signed_loop.wasm", Code::ChainIncomplete),
];

fn all_cases() -> Vec<Case> {
    let cases: Vec<Case> = wascap_folders().iter().flat_map(|folder| wascap_cases(&Folder::open(folder))).collect();
    assert!(cases.len() >= 29, "{} cases", cases.len());
    cases
}

/// Fails unless the decision is the expected one, for the reason given.
#[track_caller]
fn judge(codes: &Codes, case: &Case, decision: &Decision) {
    match case.expected {
        Expected::Accept => {
            let allow = match decision {
                Decision::Allow(_) => allowed(decision),
                Decision::Deny(deny) => panic!("{}: denied, {}", case.id, deny.closest().fault),
            };
            // The chain ends at what was asked about, and begins at what is trusted.
            assert!(allow.chain().first().is_some_and(|root| root.issuer == root.subject), "{}", case.id);
        }
        Expected::Reject => {
            let code = denied(decision);
            assert!(codes.states(case, code), "{}: {code} does not state {}", case.id, case.reason);
        }
        Expected::Inspect => panic!("{}: these folders expect accept or reject", case.id),
    }
}

#[test]
fn verdicts_and_reasons() {
    let codes = Codes::load();
    for case in all_cases() {
        judge(&codes, &case, &case.question.decide());
    }
}

#[test]
fn every_case_has_a_full_chain_when_allowed() {
    for case in all_cases().iter().filter(|case| case.expected == Expected::Accept) {
        let allow = case.question.allowed();
        for (above, below) in allow.chain().iter().zip(allow.chain().iter().skip(1)) {
            assert_ne!(above.subject, below.subject, "{}", case.id);
            assert_ne!(above.id, below.id, "{}", case.id);
        }
    }
}

#[test]
fn no_order_of_the_tokens_matters() {
    for case in all_cases() {
        let expected = outcome(&case.question.decide());
        for order in 0..24 {
            let question = case.question.clone().reordered(|tokens| permute(tokens, order));
            assert_eq!(outcome(&question.decide()), expected, "{} in order {order}", case.id);
        }
        // Nor does it to be supplied twice.
        let twice = case.question.clone().reordered(|tokens| tokens.reverse());
        let twice = twice.with(&case.question.supplied().to_vec());
        assert_eq!(outcome(&twice.decide()), expected, "{} twice", case.id);
    }
}

/// The permutation of that number, in the factorial system; those of four tokens are 24.
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
            for case in all_cases() {
                let decision = case.question.decide_by(&mut verifier);
                judge(&codes, &case, &decision);
                assert_eq!(outcome(&decision), outcome(&case.question.decide()), "{} in round {round}", case.id);
            }
        }
    }
}

#[test]
fn no_case_is_allowed_under_nobody() {
    for case in all_cases() {
        assert!(matches!(case.question.clone().untrusted().decide(), Decision::Deny(_)), "{}", case.id);
    }
}

#[test]
fn every_file_is_used() {
    for name in wascap_folders() {
        let folder = Folder::open(&name);
        assert!(!wascap_cases(&folder).is_empty());
        if name == "wascap" {
            for (file, code) in PUBLISHED {
                assert_eq!(verify_module(folder.read(file)).denied(), code, "{file}");
            }
        }
        folder.assert_all_used();
    }
}

#[test]
fn every_reason_has_its_codes() {
    let codes = Codes::load();
    let cases = all_cases();
    for case in &cases {
        assert_eq!(case.reason.is_empty(), case.expected == Expected::Accept, "{}", case.id);
        assert!(case.reason.is_empty() || codes.knows(&case.reason), "no codes for {}", case.reason);
    }
    for exception in codes.exceptions() {
        assert!(cases.iter().any(|case| case.id == exception), "{exception} is no case");
    }
}
