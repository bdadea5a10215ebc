//! Holds the real verifier against the reference on random histories with thieves:
//! `random-histories [--real] [--questions N] [FIRST] COUNT`.
//!
//! With model signatures, unless `--real` asks for tokens and deeds that are made and signed for real.
//! Some questions are asked about each history (3, of a real one all). Prints the first history on
//! which the two differ, or that gives a thief what his keys do not reach, with whatever is not needed
//! for it left out, as a file for the `history` program; and exits with 1.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its answers go to stdout")]
#![allow(clippy::disallowed_methods, reason = "measures how long it takes")]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use greatseal_testkit::agreement::{Difference, differ, history, questions, shrunk};
use greatseal_testkit::model::Model;
use greatseal_testkit::reenact::Stage;
use greatseal_testkit::succession::theft::promises::Theft;
use greatseal_testkit::succession::{History, random};

/// Histories that a worker takes at once.
const SHARE: u64 = 256;
/// Histories between two reports.
const REPORT: u64 = SHARE * 400;

/// What is asked for.
struct Wanted {
    real: bool,
    questions: usize,
    first: u64,
    count: u64,
}

/// What was done so far.
#[derive(Default)]
struct Done {
    histories: AtomicU64,
    queries: AtomicU64,
    captures: AtomicU64,
}

fn main() -> ExitCode {
    let Some(wanted) = wanted() else {
        eprintln!("usage: random-histories [--real] [--questions N] [FIRST] COUNT");
        return ExitCode::from(2);
    };
    let next = AtomicU64::new(wanted.first);
    let done = Done::default();
    let found: Mutex<Option<(History, Difference)>> = Mutex::new(None);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let mut model = Model::default();
                while let Some(seeds) = share(&next, &wanted) {
                    for seed in seeds {
                        let told = history(seed);
                        if let Some(difference) = compare(&told, seed, &wanted, &mut model, &done) {
                            // The others stop after their shares.
                            next.store(u64::MAX, Ordering::Relaxed);
                            found.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert((told, difference));
                            return;
                        }
                        let so_far = done.histories.fetch_add(1, Ordering::Relaxed) + 1;
                        if so_far.is_multiple_of(REPORT) {
                            report(&wanted, &done, began);
                        }
                    }
                }
            });
        }
    });
    report(&wanted, &done, began);
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    let Some((told, Difference { query, why })) = found else {
        eprintln!("no difference, and no thief got what his keys do not reach");
        return ExitCode::SUCCESS;
    };
    eprintln!("{}, {query}: {why}", told.id);
    let real = wanted.real;
    let least = shrunk(&told, |smaller| difference(smaller, std::slice::from_ref(&query), real).is_some());
    println!("{}", serde_json::to_string(&random::labelled(least)).unwrap_or_default());
    ExitCode::FAILURE
}

fn wanted() -> Option<Wanted> {
    let mut wanted = Wanted { real: false, questions: 0, first: 0, count: 0 };
    let mut numbers: Vec<u64> = Vec::new();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--real" => wanted.real = true,
            "--questions" => wanted.questions = words.next()?.parse().ok()?,
            number => numbers.push(number.parse().ok()?),
        }
    }
    (wanted.first, wanted.count) = match numbers.as_slice() {
        [count] => (0, *count),
        [first, count] => (*first, *count),
        _ => return None,
    };
    if wanted.questions == 0 {
        wanted.questions = if wanted.real { usize::MAX } else { 3 };
    }
    Some(wanted)
}

/// Takes some seeds that nobody has taken.
fn share(next: &AtomicU64, wanted: &Wanted) -> Option<std::ops::Range<u64>> {
    let last = wanted.first.saturating_add(wanted.count);
    let take = |from: u64| (from < last).then(|| from.saturating_add(SHARE));
    let from = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).ok()?;
    Some(from..from.saturating_add(SHARE).min(last))
}

fn compare(told: &History, seed: u64, wanted: &Wanted, model: &mut Model, done: &Done) -> Option<Difference> {
    let questions = questions(told, seed, wanted.questions);
    let theft = Theft::of(told);
    done.queries.fetch_add(questions.len() as u64, Ordering::Relaxed);
    done.captures.fetch_add(u64::from(theft.captures()), Ordering::Relaxed);
    if wanted.real {
        let stage = Stage::set(told);
        differ(told, &questions, &theft, |query| stage.ask(query).expect)
    } else {
        let mut scene = model.play(told);
        differ(told, &questions, &theft, |query| scene.ask(query).expect)
    }
}

/// Compares once more, with nothing remembered.
fn difference(told: &History, questions: &[String], real: bool) -> Option<Difference> {
    let wanted = Wanted { real, questions: usize::MAX, first: 0, count: 0 };
    let theft = Theft::of(told);
    if wanted.real {
        let stage = Stage::set(told);
        differ(told, questions, &theft, |query| stage.ask(query).expect)
    } else {
        let mut model = Model::default();
        let mut scene = model.play(told);
        differ(told, questions, &theft, |query| scene.ask(query).expect)
    }
}

fn report(wanted: &Wanted, done: &Done, began: Instant) {
    let histories = done.histories.load(Ordering::Relaxed);
    let seconds = began.elapsed().as_secs_f64();
    eprintln!(
        "{histories} of {} histories from seed {} with {} signatures, {} queries, {} thieves who could capture, \
         {seconds:.0} s, {:.0} histories/s",
        wanted.count,
        wanted.first,
        if wanted.real { "real" } else { "model" },
        done.queries.load(Ordering::Relaxed),
        done.captures.load(Ordering::Relaxed),
        histories as f64 / seconds,
    );
}
