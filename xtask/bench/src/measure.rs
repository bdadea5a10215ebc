//! Interleaved timing, and what is left of it when the neighbours are noisy.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// One sample takes about so long: short beside the time slices of a busy machine, long beside
/// the cost of asking the clock.
const SAMPLE: Duration = Duration::from_micros(300);

/// How often a call is timed to find out how many of them make a sample.
const CALIBRATION: usize = 8;

/// Rounds take turns at so many depths of the stack, which differ by a frame of so many bytes: how
/// stack, tables and code lie to each other is chance, and worth several percent.
const DEPTHS: usize = 16;
const FRAME: usize = 272;

/// Something that is timed against something else.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    /// By how much the ratio is divided: the tokens of one call.
    pub(crate) share: f64,
    pub(crate) detail: String,
    run: Timed,
    baseline: Timed,
}

/// Runs so many times and returns the time of all, preparations left out.
type Timed = Box<dyn FnMut(u32) -> Duration>;

impl Subject {
    /// Joins a row with its baseline; both are timed by themselves.
    pub(crate) fn new(
        name: &'static str,
        detail: impl Into<String>,
        run: impl FnMut(u32) -> Duration + 'static,
        baseline: impl FnMut(u32) -> Duration + 'static,
    ) -> Self {
        Self { name, share: 1.0, detail: detail.into(), run: Box::new(run), baseline: Box::new(baseline) }
    }

    /// Gives the ratio per token of a call.
    pub(crate) fn per(mut self, tokens: usize) -> Self {
        self.share = tokens as f64;
        self
    }
}

/// Times calls that need no preparation.
pub(crate) fn together<R>(mut call: impl FnMut() -> R) -> impl FnMut(u32) -> Duration {
    move |times| {
        let began = Instant::now();
        for _ in 0..times {
            black_box(call());
        }
        began.elapsed()
    }
}

/// Times calls that each change what was prepared for them.
///
/// All is prepared before the clock starts and dropped after it has stopped: a decision is timed
/// as it comes among others, not right after its verifier was made.
pub(crate) fn apart<P, R>(
    mut prepare: impl FnMut() -> P,
    mut call: impl FnMut(&mut P) -> R,
) -> impl FnMut(u32) -> Duration {
    move |times| {
        let mut prepared: Vec<P> = (0..times).map(|_| prepare()).collect();
        let mut results = Vec::with_capacity(prepared.len());
        let began = Instant::now();
        results.extend(prepared.iter_mut().map(|prepared| black_box(call(prepared))));
        began.elapsed()
    }
}

/// What all rounds said about one subject.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    pub(crate) detail: String,
    /// Seconds for one token or chain.
    pub(crate) seconds: f64,
    /// Seconds of its baseline.
    pub(crate) baseline: f64,
    /// How far the median lay above the lower decile: what the neighbours added.
    pub(crate) noise: f64,
}

impl Measured {
    pub(crate) fn ratio(&self) -> f64 {
        self.seconds / self.baseline
    }
}

/// Times every subject and its baseline in turn, so many rounds.
///
/// The figure of each is its lower decile. Whatever else runs on the machine only ever adds time,
/// so the low end of a distribution is the subject itself; and since both sides took part in the
/// same rounds, they had the same chances.
pub(crate) fn interleave(mut subjects: Vec<Subject>, rounds: usize, mut tick: impl FnMut(usize)) -> Vec<Measured> {
    let lid = settled_heap();
    let mut sampled: Vec<Sampled> = subjects.iter_mut().map(Sampled::calibrated).collect();
    for round in 0..rounds {
        tick(round);
        for (subject, sampled) in subjects.iter_mut().zip(&mut sampled) {
            deeper(round % DEPTHS, &mut || {
                sampled.baseline.take(&mut subject.baseline);
                sampled.run.take(&mut subject.run);
            });
        }
    }
    drop(lid);
    subjects
        .into_iter()
        .zip(sampled)
        .map(|(subject, sampled)| {
            let run = sampled.run.sorted();
            let seconds = quantile(&run, 0.1);
            Measured {
                name: subject.name,
                detail: subject.detail,
                seconds: seconds / subject.share,
                baseline: quantile(&sampled.baseline.sorted(), 0.1),
                noise: quantile(&run, 0.5) / seconds,
            }
        })
        .collect()
}

/// Makes the heap that of a verifier that has run for a while.
///
/// What is freed below the block that is returned stays with the process. Otherwise each large
/// sample would give its pages back at its end, and the next one would time the kernel too.
fn settled_heap() -> Vec<u8> {
    const BLOCK: usize = 64 * 1024;
    const BLOCKS: usize = 512;
    let blocks: Vec<Vec<u8>> = (0..BLOCKS).map(|_| vec![1; BLOCK]).collect();
    let lid = vec![1; BLOCK];
    drop(black_box(blocks));
    black_box(lid)
}

/// Calls so many frames further down the stack.
fn deeper(frames: usize, call: &mut impl FnMut()) {
    let frame = black_box([0u8; FRAME]);
    match frames.checked_sub(1) {
        Some(fewer) => deeper(fewer, call),
        None => call(),
    }
    black_box(frame);
}

struct Sampled {
    run: Samples,
    baseline: Samples,
}

impl Sampled {
    fn calibrated(subject: &mut Subject) -> Self {
        Self { run: Samples::calibrated(&mut subject.run), baseline: Samples::calibrated(&mut subject.baseline) }
    }
}

struct Samples {
    times: u32,
    seconds: Vec<f64>,
}

impl Samples {
    /// Finds how many calls fill a sample; they also warm caches and branches.
    fn calibrated(timed: &mut Timed) -> Self {
        // The quickest of several, so that an interruption does not make all samples too short.
        let one = (0..CALIBRATION).map(|_| timed(8) / 8).min().unwrap_or(SAMPLE);
        let fits = SAMPLE.as_nanos() / one.as_nanos().max(1);
        Self { times: u32::try_from(fits).unwrap_or(u32::MAX).max(1), seconds: Vec::new() }
    }

    fn take(&mut self, timed: &mut Timed) {
        // What the row before left in the processor's caches is not this row's business.
        timed(1);
        self.seconds.push(timed(self.times).as_secs_f64() / f64::from(self.times));
    }

    fn sorted(mut self) -> Vec<f64> {
        self.seconds.sort_by(f64::total_cmp);
        self.seconds
    }
}

pub(crate) fn quantile(sorted: &[f64], part: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * part).round() as usize).copied().unwrap_or(f64::NAN)
}
