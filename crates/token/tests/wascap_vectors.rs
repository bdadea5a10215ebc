//! Every case of every folder of the form of `vectors/wascap`: the verdict, for the manifest's reason.
#![allow(clippy::panic, reason = "a test fails by panicking")]

use greatseal_testkit::codes::outcome;
use greatseal_testkit::vectors::{Case, Folder, wascap_cases, wascap_folders};

fn all_cases() -> Vec<Case> {
    wascap_folders().iter().flat_map(|folder| wascap_cases(&Folder::open(folder))).collect()
}
#[test]
fn show() {
    for case in all_cases() {
        let d = case.question.decide();
        println!("{} {:?} {} -> {:?} {:?}", case.id, case.expected, case.reason, outcome(&d).map(|c| c.len()), greatseal_testkit::codes::all(&d));
    }
}
