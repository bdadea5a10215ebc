//! Times, and what is made of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// How long one measurement goes on.
    pub(crate) time: Duration,
    /// Samples of one measurement, at most; a tenth of it at least, however long that takes.
    pub(crate) samples: usize,
    /// How often a place is opened anew.
    pub(crate) opened: usize,
    /// How long a call may take.
    pub(crate) timeout: Duration,
}

impl Effort {
    /// Says whether another round is due.
    pub(crate) fn goes_on(&self, done: usize, since: Instant) -> bool {
        done < self.samples && (done < self.samples / 10 || since.elapsed() < self.time)
    }
}

/// Clients that are tried at the same time.
pub(crate) const CLIENTS: [usize; 3] = [1, 4, 16];

/// How long each of several calls took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// Does something, and notes how long it took.
    pub(crate) fn time<T>(&mut self, what: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = what();
        self.0.push(start.elapsed());
        result
    }

    pub(crate) fn push(&mut self, took: Duration) {
        self.0.push(took);
    }

    pub(crate) const fn count(&self) -> usize {
        self.0.len()
    }

    /// Returns the time in microseconds that this percentage of the calls stayed within: the nearest rank.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        micros(sorted.get(rank).copied().unwrap_or_default())
    }

    /// Returns the time in microseconds that half of the calls stayed within.
    pub(crate) fn p50(&self) -> f64 {
        self.percentile(50)
    }

    pub(crate) fn p99(&self) -> f64 {
        self.percentile(99)
    }
}

/// Returns microseconds, to a tenth.
pub(crate) fn micros(time: Duration) -> f64 {
    tenth(time.as_secs_f64() * 1e6)
}

/// Rounds to a tenth.
pub(crate) fn tenth(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

/// Counts how often something is done in a second by so many clients; one that fails is not counted.
pub(crate) fn rate(clients: usize, time: Duration, what: impl Fn() -> bool + Sync) -> f64 {
    let done = AtomicU64::new(0);
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                while start.elapsed() < time {
                    if what() {
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    // Those that were begun within the time have ended by now, so all of the time counts.
    tenth(done.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64().max(f64::MIN_POSITIVE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let times = Times((1..=200).rev().map(Duration::from_micros).collect());
        assert_eq!((times.p50(), times.p99(), times.percentile(100)), (100.0, 198.0, 200.0));
        assert_eq!(Times::default().p99(), 0.0);
    }

    #[test]
    fn only_what_succeeds_is_counted() {
        assert_eq!(rate(2, Duration::from_millis(5), || false), 0.0);
        assert!(rate(2, Duration::from_millis(5), || true) > 0.0);
    }
}
