//! Holds the real verifier against the reference on random histories with thieves:
//! `random-histories [--real] [--questions N] [FIRST] COUNT`.
//!
//! With model signatures, unless `--real` asks for tokens and deeds that are made and signed for real.
//! Some questions are asked about each history (3, of a real one all). Prints the first history on
//! which the two differ, or that gives a thief what his keys do not reach, with whatever is not needed
//! for it left out, as a file for the `history` program; and exits with 1.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its answers go to stdout")]
#![allow(clippy::disallowed_methods, reason = "measures how long it takes")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use greatseal_testkit::agreement::{Difference, differ, history, questions, shrunk};
use greatseal_testkit::model::Model;
use greatseal_testkit::reenact::{Answer, Stage};
use greatseal_testkit::succession::theft::promises::Theft;
use greatseal_testkit::succession::{Expect, History, random};

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

/// What was done.
#[derive(Default)]
struct Tally {
    histories: u64,
    queries: u64,
    captures: u64,
    /// How often the verifier allowed, or denied for a reason, by its code.
    answers: BTreeMap<&'static str, u64>,
}

fn main() -> ExitCode {
    let Some(wanted) = wanted() else {
        eprintln!("usage: random-histories [--real] [--questions N] [FIRST] COUNT");
        return ExitCode::from(2);
    };
    let next = AtomicU64::new(wanted.first);
    let done = Mutex::new(Tally::default());
    let found: Mutex<Option<(History, Difference)>> = Mutex::new(None);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let mut model = Model::default();
                while let Some(mut seeds) = share(&next, &wanted) {
                    let mut tally = Tally::default();
                    let different = seeds.find_map(|seed| {
                        let told = history(seed);
                        let asked = questions(&told, seed, wanted.questions);
                        let difference = compare(&told, &asked, wanted.real, &mut model, &mut tally)?;
                        Some((told, difference))
                    });
                    if let Some(different) = different {
                        // The others stop after their shares.
                        next.store(u64::MAX, Ordering::Relaxed);
                        lock(&found).get_or_insert(different);
                    }
                    lock(&done).add(tally, &wanted, began);
                }
            });
        }
    });
    let done = lock(&done);
    done.report(&wanted, began);
    done.answers.iter().for_each(|(answer, count)| eprintln!("{count:>12} {answer}"));
    let Some((told, Difference { query, why })) = lock(&found).take() else {
        eprintln!("no difference, and no thief got what his keys do not reach");
        return ExitCode::SUCCESS;
    };
    eprintln!("{}, {query}: {why}", told.id);
    let least = shrunk(&told, |smaller| {
        let asked = std::slice::from_ref(&query);
        compare(smaller, asked, wanted.real, &mut Model::default(), &mut Tally::default()).is_some()
    });
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

/// Asks about one history, and counts what was answered.
fn compare(told: &History, asked: &[String], real: bool, model: &mut Model, tally: &mut Tally) -> Option<Difference> {
    let theft = Theft::of(told);
    tally.histories += 1;
    tally.captures += u64::from(theft.captures());
    let mut counted = |answer: Answer| {
        tally.queries += 1;
        let code = answer.code.map_or("not read", |code| code.text());
        let told = if answer.expect == Expect::Allow { "allowed" } else { code };
        *tally.answers.entry(told).or_default() += 1;
        answer.expect
    };
    if real {
        let stage = Stage::set(told);
        differ(told, asked, &theft, |query| counted(stage.ask(query)))
    } else {
        let mut scene = model.play(told);
        differ(told, asked, &theft, |query| counted(scene.ask(query)))
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tally {
    /// Adds what a worker did, and tells now and then how far all of them are.
    fn add(&mut self, other: Self, wanted: &Wanted, began: Instant) {
        let before = self.histories / REPORT;
        self.histories += other.histories;
        self.queries += other.queries;
        self.captures += other.captures;
        for (answer, count) in other.answers {
            *self.answers.entry(answer).or_default() += count;
        }
        if self.histories / REPORT > before {
            self.report(wanted, began);
        }
    }

    fn report(&self, wanted: &Wanted, began: Instant) {
        let Self { histories, queries, captures, .. } = self;
        let (count, first) = (wanted.count, wanted.first);
        let signatures = if wanted.real { "real" } else { "model" };
        let seconds = began.elapsed().as_secs_f64();
        let rate = *histories as f64 / seconds;
        eprintln!(
            "{histories} of {count} histories from seed {first} with {signatures} signatures, {queries} queries, \
             {captures} thieves who could capture, {seconds:.0} s, {rate:.0} histories/s"
        );
    }
}
