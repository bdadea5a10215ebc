//! Asking many places at once, so that one that hangs delays no other.
//!
//! Every place gets a thread of its own, a bounded number at a time. Key files go one after another:
//! unlocking one takes 256 MiB, and a person at the terminal is asked one thing at a time. A place has
//! to keep its deadline; one that does not, as a module of somebody else's may, is left behind after
//! twice that: its thread ends with the process, and the place counts as hanging.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use greatseal_core::issue::SigningRequest;
use greatseal_core::limits::CUSTODY_ASKED_AT_ONCE;
use greatseal_custody::{Custodian, CustodyFault};

use super::ask::{Answer, ask};

/// Opens a custodian, in the thread that asks it.
pub(crate) type Open = Box<dyn FnOnce() -> Result<Box<dyn Custodian>, CustodyFault> + Send>;

/// One place to ask.
pub(crate) struct Job {
    /// The key's name, to say what is waited for.
    pub(crate) name: String,
    pub(crate) open: Open,
    pub(crate) probe: SigningRequest,
    /// How long each call may take.
    pub(crate) time: Duration,
    /// Asked one after another with others of this kind.
    pub(crate) in_turn: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// It answered, perhaps with faults.
    Answered(Box<Answer>),
    /// It could not be opened or described.
    Refused(CustodyFault),
    /// It did not keep its deadline, and was left behind.
    LeftBehind,
}

/// How often somebody who waits is told for whom.
const TOLD_EVERY: Duration = Duration::from_secs(1);
/// What a thread gets beyond the time of its calls, to start and to open.
const GRACE: Duration = Duration::from_secs(1);

/// One that was asked and has not answered.
struct Pending {
    index: usize,
    name: String,
    in_turn: bool,
    until: Instant,
}

/// Asks all of them; the outcomes stand in the order of the jobs.
///
/// `told` is called about once a second with the names that are waited for, and how many are done.
pub(crate) fn ask_all(jobs: Vec<Job>, mut told: impl FnMut(&[&str], usize)) -> Vec<Outcome> {
    let count = jobs.len();
    let mut outcomes: Vec<Option<Outcome>> = (0..count).map(|_| None).collect();
    let mut waiting: Vec<Option<Job>> = jobs.into_iter().map(Some).collect();
    let mut pending: Vec<Pending> = Vec::new();
    let (sender, receiver) = mpsc::channel();
    let mut tell_at = Instant::now() + TOLD_EVERY;
    while outcomes.iter().any(Option::is_none) {
        start(&mut waiting, &mut pending, &sender);
        let now = Instant::now();
        let next = pending.iter().map(|it| it.until).chain([tell_at]).min().unwrap_or(now);
        match receiver.recv_timeout(next.saturating_duration_since(now)) {
            Ok((index, outcome)) => {
                pending.retain(|it| it.index != index);
                settle(&mut outcomes, index, outcome);
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                let now = Instant::now();
                for late in pending.extract_if(.., |it| it.until <= now) {
                    settle(&mut outcomes, late.index, Outcome::LeftBehind);
                }
                if tell_at <= now {
                    let names: Vec<&str> = pending.iter().map(|it| it.name.as_str()).collect();
                    told(&names, outcomes.iter().flatten().count());
                    tell_at = now + TOLD_EVERY;
                }
            }
        }
    }
    outcomes.into_iter().map(|outcome| outcome.unwrap_or(Outcome::LeftBehind)).collect()
}

/// Notes an outcome, unless the place was left behind already.
fn settle(outcomes: &mut [Option<Outcome>], index: usize, outcome: Outcome) {
    if let Some(slot) = outcomes.get_mut(index) {
        slot.get_or_insert(outcome);
    }
}

/// Starts what may be asked now.
fn start(waiting: &mut [Option<Job>], pending: &mut Vec<Pending>, sender: &Sender<(usize, Outcome)>) {
    for (index, slot) in waiting.iter_mut().enumerate() {
        if pending.len() >= CUSTODY_ASKED_AT_ONCE {
            return;
        }
        let free = |job: &mut Job| !(job.in_turn && pending.iter().any(|it| it.in_turn));
        let Some(job) = slot.take_if(free) else { continue };
        let Job { name, open, probe, time, in_turn } = job;
        // Signing and examining, each within its time.
        let until = Instant::now() + time.saturating_mul(2) + GRACE;
        pending.push(Pending { index, name, in_turn, until });
        let sender = sender.clone();
        thread::spawn(move || {
            let outcome = match open().and_then(|custodian| ask(&*custodian, &probe, time)) {
                Ok(answer) => Outcome::Answered(Box::new(answer)),
                Err(fault) => Outcome::Refused(fault),
            };
            // Nobody listens any more to one that was left behind.
            let _ = sender.send((index, outcome));
        });
    }
}
