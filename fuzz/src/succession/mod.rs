//! Succession: the real verifier and a slow reference give the same answers about any history.
//!
//! The input is a small program (`told.rs`) that tells a history over abstract keys: operator
//! tokens with and without the claim, listings, modules, and deeds about them, by anybody. Every
//! statement is then made and signed for real, and each token asked about. The reference
//! (`greatseal-testkit`) knows neither tokens nor signatures and shares nothing with the verifier.

mod told;

use greatseal_testkit::reenact::Stage;
use greatseal_testkit::succession::{History, answer, random};

pub use told::{Told, act};

use crate::input::Input;

/// Takes a program that tells a history.
pub fn check(data: &[u8]) {
    let history = told::history(&mut Input::new(data));
    let stage = Stage::set(&history);
    for question in random::questions(&history) {
        let (real, reference) = (stage.ask(&question), answer(&history, &question));
        assert_eq!(
            real.expect,
            reference.expect(),
            "asked about {question}: {:?}, and the reference says {reference:?}\n{}",
            real.code,
            case(&history),
        );
    }
}

/// Writes the history as a file for testkit's program `history`.
fn case(history: &History) -> String {
    serde_json::to_string(&random::labelled(history.clone())).unwrap_or_default()
}
