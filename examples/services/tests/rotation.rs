//! A running key is replaced under load, and a stolen one contained.
#![allow(clippy::print_stdout, reason = "the numbers are for whoever reads the log")]

use std::path::Path;

use greatseal_example_services::scenario;

#[cfg(target_os = "linux")]
#[test]
fn no_valid_call_is_refused_one_token_is_made_and_the_thief_is_stopped() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let report = runtime.block_on(scenario::run(Path::new(env!("CARGO_BIN_EXE_service")))).unwrap();
    println!("{report}");
    assert!(report.tally.refused.is_empty() && report.refused_by_services.is_empty(), "{report}");
    assert_eq!(report.tokens_of_rotation, 1, "{report}");
    assert!(report.same_services, "{report}");
    assert!(report.holds(), "{report}");
}
