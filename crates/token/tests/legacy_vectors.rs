//! Every file that wascap 0.4 to 0.16 wrote in `vectors/legacy`: the verdict, for the manifest's reason.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::num::NonZeroUsize;

use greatseal_core::Code;
use greatseal_core::issue::Signable;
use greatseal_core::verify::verify;
use greatseal_testkit::codes::{denied, outcome};
use greatseal_testkit::vectors::{Case, Codes, Expected, Folder, legacy_cases};
use greatseal_token::wascap::{Claims, Verifier, decode, encode};

fn all_cases() -> Vec<Case> {
    let cases = legacy_cases(&Folder::open("legacy"));
    assert_eq!(cases.len(), 168);
    cases
}

#[test]
fn verdicts_and_reasons() {
    let codes = Codes::load();
    let mut verifier = Verifier::new(NonZeroUsize::MIN);
    for case in all_cases() {
        let decision = case.question.decide();
        match case.expected {
            Expected::Accept => assert!(outcome(&decision).is_ok(), "{}: {:?}", case.id, outcome(&decision)),
            Expected::Reject => {
                let code = denied(&decision);
                assert!(codes.states(&case, code), "{}: {code} does not state {}", case.id, case.reason);
            }
            Expected::Inspect => {
                assert_eq!(denied(&decision), Code::NoRule, "{}", case.id);
                let decoded = decode(&case.target).unwrap();
                assert!(verify(vec![decoded], NonZeroUsize::MIN).iter().all(Result::is_ok), "{}", case.id);
            }
        }
        for _ in 0..2 {
            assert_eq!(outcome(&case.question.decide_by(&mut verifier)), outcome(&decision), "{}", case.id);
        }
    }
}

#[test]
fn every_file_is_used() {
    let folder = Folder::open("legacy");
    assert!(!legacy_cases(&folder).is_empty());
    folder.assert_all_used();
}

#[test]
fn what_is_read_can_be_written_again() {
    let mut exact = 0;
    for case in all_cases() {
        // Modules are read by the tests of modules.
        let Ok(decoded) = decode(&case.target) else { continue };
        let again = encode(decoded.content()).unwrap().request();
        let read = Claims::from_signing_bytes(again.message()).unwrap();
        assert_eq!(&read, decoded.content(), "{}", case.id);
        if again.message() == decoded.signed() {
            exact += 1;
        } else {
            // Older versions wrote some fields in another order or form; 0.16 is written byte for byte.
            assert!(!case.id.starts_with("0.16.2"), "{}", case.id);
        }
    }
    assert!(exact > 0);
}
