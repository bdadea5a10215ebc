//! Holds the real verifier against the reference on random histories with thieves:
//! `random-histories [FIRST] COUNT`.
//!
//! Every token and deed is made and signed for real. Prints the first history on which the two
//! differ, as a file for the `history` program, and exits with 1.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its answers go to stdout")]
#![allow(clippy::disallowed_methods, reason = "measures how long it takes")]

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use greatseal_testkit::reenact::Stage;
use greatseal_testkit::succession::{History, answer, random};

/// Histories that a worker takes at once.
const SHARE: u64 = 256;

fn main() -> ExitCode {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let (first, count) = match numbers.as_slice() {
        [count] => (0, *count),
        [first, count] => (*first, *count),
        _ => {
            eprintln!("usage: random-histories [FIRST] COUNT");
            return ExitCode::from(2);
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicU64::new(first);
    let queries = AtomicU64::new(0);
    let failed = AtomicBool::new(false);
    let began = Instant::now();
    let last = first.saturating_add(count);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while !failed.load(Ordering::Relaxed) {
                    let from = next.fetch_add(SHARE, Ordering::Relaxed);
                    if from >= last {
                        return;
                    }
                    if (from - first) % (SHARE * 400) == 0 && from > first {
                        eprintln!("{} of {count}, {} s", from - first, began.elapsed().as_secs());
                    }
                    for seed in from..(from + SHARE).min(last) {
                        let (asked, different) = compare(&random::history(seed));
                        queries.fetch_add(asked, Ordering::Relaxed);
                        if let Some(history) = different {
                            failed.store(true, Ordering::Relaxed);
                            println!("{}", serde_json::to_string(&history).unwrap_or_default());
                            return;
                        }
                    }
                }
            });
        }
    });
    let queries = queries.load(Ordering::Relaxed);
    let seconds = began.elapsed().as_secs_f64();
    if failed.load(Ordering::Relaxed) {
        eprintln!("verifier and reference differ");
        return ExitCode::FAILURE;
    }
    eprintln!("{count} histories from seed {first}, {queries} queries, no difference, {seconds:.0} s");
    ExitCode::SUCCESS
}

/// Asks both about every statement, and returns the history if they differ.
fn compare(history: &History) -> (u64, Option<History>) {
    let stage = Stage::set(history);
    let questions = random::questions(history);
    let differs = |id: &String| stage.ask(id).expect != answer(history, id).expect();
    let different = questions.iter().any(differs).then(|| random::labelled(history.clone()));
    (questions.len() as u64, different)
}
