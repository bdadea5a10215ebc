//! The labelled histories as a whole. What the `history` program makes of them: `history_program.rs` of the testkit.

use greatseal_testkit::reenact::Stage;
use greatseal_testkit::succession::History;
use greatseal_testkit::vectors::Folder;

/// The files that hold the named points of the cases.
const POINTS: &[&str] = &[
    include_str!("ages.rs"),
    include_str!("bare_keys.rs"),
    include_str!("forks.rs"),
    include_str!("listings.rs"),
    include_str!("logs.rs"),
    include_str!("malformed.rs"),
    include_str!("modules.rs"),
    include_str!("revocations.rs"),
    include_str!("rotations.rs"),
    include_str!("tables.rs"),
    include_str!("thieves.rs"),
    include_str!("tools.rs"),
];

fn cases() -> Vec<History> {
    Folder::open("succession").json("cases.json")
}

#[test]
fn every_labelled_history_has_its_verdicts_with_real_keys() {
    let cases = cases();
    assert_eq!(cases.len(), 160);
    let mut wrong = Vec::new();
    for case in &cases {
        let stage = Stage::set(case);
        for query in &case.queries {
            let answer = stage.ask(&query.id);
            if answer.expect != query.expect {
                wrong.push(format!("{} {}: {answer:?}", case.id, query.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_labelled_history_belongs_to_a_named_point() {
    let named = |id: &str| POINTS.iter().any(|text| text.contains(&format!("\"{id}\"")));
    let unnamed: Vec<String> = cases().into_iter().map(|case| case.id).filter(|id| !named(id)).collect();
    assert!(unnamed.is_empty(), "{unnamed:?}");
}

#[test]
fn every_case_has_a_named_point() {
    for case in 1..=18 {
        let function = format!("fn case_{case:02}_");
        assert!(POINTS.iter().any(|text| text.contains(&function)), "case {case}");
    }
}
