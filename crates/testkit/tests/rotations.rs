//! What rotations cost: the counts that the design promises, and the page that tells them.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use greatseal_testkit::rotations::{Arrangement, Cost, Event, Judged, Report, SIZES, plot};

const PAGE: &str = include_str!("../../../docs/rotations.md");
const PLOT: &str = include_str!("../../../docs/rotations.svg");

/// Between these lines of the page stands what the program prints.
const BEGIN: &str = "<!-- written by `rotations`: begin -->\n";
const END: &str = "<!-- written by `rotations`: end -->\n";

#[test]
fn the_page_and_the_plot_are_what_the_program_makes() {
    // The program judges every call of the 200 as well, which takes a minute without optimisation.
    let judged = |services| (services, if services > 50 { Judged::Changed } else { Judged::Every });
    let report = Report::of(&SIZES.map(judged));
    let told = PAGE.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END)).map(|(told, _)| told.trim());
    assert_eq!(told, Some(report.table().trim()), "docs/rotations.md: put there what `rotations` prints");
    assert!(PLOT == plot(&report), "docs/rotations.svg: run `rotations --plot docs/rotations.svg`");
    promises(&report, &SIZES);
}

/// Every count that the design names, for every service, not only on average.
fn promises(report: &Report, sizes: &[usize]) {
    for services in sizes.iter().copied() {
        let costs = |arrangement, event| &report.row(services, arrangement, event).expect("there is a row").costs;
        for cost in costs(Arrangement::Stable, Event::Rotation) {
            let Cost { delegations, revocations, parties, root, signing, .. } = *cost;
            assert_eq!((delegations, revocations, parties, root, signing), (1, 0, 1, 0, 0));
        }
        // One delegation for each command that the service was granted.
        for cost in costs(Arrangement::StablePerCallee, Event::Rotation) {
            assert_eq!((cost.tokens(), cost.parties, cost.offline()), (5, 1, 0));
        }
        for cost in costs(Arrangement::Stable, Event::Theft) {
            assert_eq!((cost.delegations, cost.revocations, cost.parties, cost.offline()), (1, 1, 1, 0));
        }
        for cost in costs(Arrangement::Stable, Event::IdentityTheft) {
            assert_eq!((cost.tokens(), cost.root, cost.signing), (3, 0, 2));
            // Whoever calls the service has to learn its new name.
            assert!(cost.parties >= 2);
        }
        for cost in costs(Arrangement::Stable, Event::SigningTheft) {
            assert_eq!((cost.tokens(), cost.parties, cost.root, cost.signing), (services + 2, 2, 2, services));
        }
        // On both sides of every call somebody acts.
        for cost in costs(Arrangement::Direct, Event::Rotation) {
            assert!(cost.tokens() >= 5 && cost.parties >= 6 && cost.offline() == 0);
        }
    }
}
