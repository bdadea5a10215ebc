//! Threads that may be left behind.
//!
//! Calls into a module block, and a device that hangs blocks them for as long as it likes. So they
//! are made on threads of their own, each with its session, and whoever waits gives up at the
//! deadline. A thread that is left behind in a call is replaced, up to a bound.

use std::collections::VecDeque;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::custodian::Deadline;
use crate::fault::CustodyFault;

/// Threads that are left behind in calls before no further one is started.
const LEFT_BEHIND: usize = 4;
/// How long a pool that is dropped waits for its threads to close their sessions.
const FAREWELL: Duration = Duration::from_secs(1);

/// Threads, each with a tool of its own that only it uses.
pub(super) struct Pool<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    make: Box<dyn Fn() -> T + Send + Sync>,
    /// How many are to work at once.
    crew: Arc<AtomicUsize>,
    state: Mutex<State<T>>,
    /// Something to do, or nothing any more.
    work: Condvar,
    /// A thread ended.
    ended: Condvar,
}

struct State<T> {
    queue: VecDeque<Job<T>>,
    threads: usize,
    idle: usize,
    left_behind: usize,
    closed: bool,
}

struct Job<T> {
    run: Box<dyn FnOnce(&mut T) + Send>,
    stage: Arc<Mutex<Stage>>,
}

/// How far a job has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    Running,
    /// Nobody waits for it any more, and it still runs.
    Forsaken,
    Done,
}

impl<T: 'static> Pool<T> {
    /// Starts no thread yet. `crew` says how many are to work at once, and may change.
    pub(super) fn new(crew: Arc<AtomicUsize>, make: impl Fn() -> T + Send + Sync + 'static) -> Self {
        let state = State { queue: VecDeque::new(), threads: 0, idle: 0, left_behind: 0, closed: false };
        let shared = Shared {
            make: Box::new(make),
            crew,
            state: Mutex::new(state),
            work: Condvar::new(),
            ended: Condvar::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Has one thread do something, and waits for it until the deadline.
    ///
    /// # Errors
    /// [`CustodyFault::Deadline`]; then it may still be done.
    pub(super) fn run<R: Send + 'static>(
        &self,
        deadline: Deadline,
        job: impl FnOnce(&mut T) -> R + Send + 'static,
    ) -> Result<R, CustodyFault> {
        let left = deadline.remaining()?;
        let (reply, answer): (SyncSender<R>, _) = sync_channel(1);
        let stage = Arc::new(Mutex::new(Stage::Waiting));
        let run = Box::new(move |tool: &mut T| {
            // Nobody may be waiting any more.
            let _ = reply.send(job(tool));
        });
        Shared::submit(&self.shared, Job { run, stage: Arc::clone(&stage) })?;
        match answer.recv_timeout(left) {
            Ok(answer) => Ok(answer),
            Err(RecvTimeoutError::Timeout) => {
                self.shared.forsake(&stage);
                Err(CustodyFault::Deadline)
            }
            Err(RecvTimeoutError::Disconnected) => Err(CustodyFault::Unreachable {
                place: "the PKCS#11 module".into(),
                message: "the call into it panicked".into(),
            }),
        }
    }
}

impl<T: 'static> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn submit(this: &Arc<Self>, job: Job<T>) -> Result<(), CustodyFault> {
        let mut state = this.lock();
        state.queue.push_back(job);
        if state.idle >= state.queue.len() {
            this.work.notify_one();
            return Ok(());
        }
        let working = state.threads - state.left_behind;
        if working >= this.crew.load(Ordering::Relaxed).max(1) || state.left_behind >= LEFT_BEHIND {
            return Ok(());
        }
        let serving = Arc::clone(this);
        match thread::Builder::new().name("pkcs11".into()).spawn(move || Self::serve(&serving)) {
            Ok(_) => state.threads += 1,
            // Others are there to do it.
            Err(_) if working > 0 => {}
            Err(error) => {
                state.queue.pop_back();
                return Err(CustodyFault::Setup { problem: format!("the system gives no thread: {error}") });
            }
        }
        Ok(())
    }

    fn forsake(&self, job: &Arc<Mutex<Stage>>) {
        // This lock first, as whoever takes a job does.
        let mut state = self.lock();
        let mut stage = job.lock().unwrap_or_else(PoisonError::into_inner);
        match *stage {
            // Threads that hang may never come to it, and what it holds would stay with it.
            Stage::Waiting => state.queue.retain(|waiting| !Arc::ptr_eq(&waiting.stage, job)),
            Stage::Running => {
                state.left_behind += 1;
                *stage = Stage::Forsaken;
            }
            // At the last moment: its thread is back, and nobody has to replace it.
            Stage::Forsaken | Stage::Done => {}
        }
    }

    /// What a thread does until there is nothing to do any more.
    fn serve(this: &Arc<Self>) {
        let _leaving = Leaving(this);
        let mut tool = (this.make)();
        while let Some(Job { run, stage }) = this.next() {
            let sound = panic::catch_unwind(AssertUnwindSafe(|| run(&mut tool))).is_ok();
            let superfluous = this.done(&stage);
            if !sound {
                // Whoever waited was told by the answer that did not come.
                tool = (this.make)();
            }
            if superfluous {
                return;
            }
        }
    }

    /// Notes that a job is done, and says whether its thread was replaced and is one too many.
    fn done(&self, stage: &Mutex<Stage>) -> bool {
        let mut state = self.lock();
        let before = mem::replace(&mut *stage.lock().unwrap_or_else(PoisonError::into_inner), Stage::Done);
        if before == Stage::Forsaken {
            state.left_behind -= 1;
        }
        state.threads - state.left_behind > self.crew.load(Ordering::Relaxed).max(1)
    }

    /// Waits for a job. Somebody waits for each that is in the queue.
    fn next(&self) -> Option<Job<T>> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            let Some(job) = state.queue.pop_front() else {
                state.idle += 1;
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
                continue;
            };
            *job.stage.lock().unwrap_or_else(PoisonError::into_inner) = Stage::Running;
            return Some(job);
        }
    }
}

/// A thread that is counted out when it ends, after its tool is dropped.
struct Leaving<'a, T: 'static>(&'a Arc<Shared<T>>);

impl<T: 'static> Drop for Leaving<'_, T> {
    fn drop(&mut self) {
        self.0.lock().threads -= 1;
        self.0.ended.notify_all();
    }
}

impl<T> Drop for Pool<T> {
    /// Waits a little, so that sessions are closed and the token is logged out; not for a thread
    /// that hangs.
    fn drop(&mut self) {
        let shared = &self.shared;
        let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.closed = true;
        state.queue.clear();
        shared.work.notify_all();
        let began = Instant::now();
        while state.threads > state.left_behind {
            let Some(left) = FAREWELL.checked_sub(began.elapsed()) else { return };
            state = shared.ended.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(crew: usize) -> (Pool<usize>, Arc<AtomicUsize>) {
        let made = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&made);
        (Pool::new(Arc::new(AtomicUsize::new(crew)), move || counter.fetch_add(1, Ordering::SeqCst)), made)
    }

    fn after(milliseconds: u64) -> Deadline {
        Deadline::after(Duration::from_millis(milliseconds))
    }

    #[test]
    fn one_caller_needs_one_thread() {
        let (pool, made) = pool(4);
        assert_eq!(made.load(Ordering::SeqCst), 0);
        for _ in 0..20 {
            assert_eq!(pool.run(after(5_000), |tool| *tool), Ok(0));
            // The thread goes back to waiting after it has answered.
            thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(made.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn several_work_at_once_and_no_more_than_the_crew() {
        let (pool, made) = pool(3);
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        thread::scope(|scope| {
            for _ in 0..12 {
                scope.spawn(|| {
                    let (now, most) = (Arc::clone(&now), Arc::clone(&most));
                    let work = move |_: &mut usize| {
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        thread::sleep(Duration::from_millis(10));
                        now.fetch_sub(1, Ordering::SeqCst);
                    };
                    pool.run(after(10_000), work).unwrap();
                });
            }
        });
        assert_eq!(most.load(Ordering::SeqCst), 3);
        assert_eq!(made.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn threads_that_hang_are_replaced_up_to_a_bound_and_come_back() {
        let (pool, made) = pool(1);
        let gate = Arc::new((Mutex::new(false), Condvar::new()));
        let hang = || {
            let gate = Arc::clone(&gate);
            move |_: &mut usize| {
                let open = gate.0.lock().unwrap();
                drop(gate.1.wait_while(open, |open| !*open).unwrap());
            }
        };
        for _ in 0..LEFT_BEHIND + 3 {
            assert_eq!(pool.run(after(20), hang()), Err(CustodyFault::Deadline));
        }
        assert_eq!(made.load(Ordering::SeqCst), LEFT_BEHIND);
        *gate.0.lock().unwrap() = true;
        gate.1.notify_all();
        assert!(pool.run(after(10_000), |tool| *tool).is_ok());
        thread::sleep(Duration::from_millis(50));
        let state = pool.shared.lock();
        assert_eq!((state.threads, state.left_behind, state.queue.len()), (1, 0, 0));
    }

    #[test]
    fn what_nobody_waits_for_is_not_begun() {
        let (pool, _) = pool(1);
        let done = Arc::new(AtomicUsize::new(0));
        thread::scope(|scope| {
            scope.spawn(|| pool.run(after(5_000), |_| thread::sleep(Duration::from_millis(100))).unwrap());
            thread::sleep(Duration::from_millis(30));
            let counter = Arc::clone(&done);
            let answer = pool.run(after(10), move |_| counter.fetch_add(1, Ordering::SeqCst));
            assert_eq!(answer, Err(CustodyFault::Deadline));
        });
        assert!(pool.run(after(5_000), |_| ()).is_ok());
        assert_eq!(done.load(Ordering::SeqCst), 0);
        assert_eq!(pool.run(after(0), |_| ()), Err(CustodyFault::Deadline));
    }

    #[test]
    fn what_nobody_waits_for_leaves_the_queue() {
        let (pool, _) = pool(1);
        let held = Arc::new(());
        thread::scope(|scope| {
            scope.spawn(|| pool.run(after(5_000), |_| thread::sleep(Duration::from_millis(300))).unwrap());
            thread::sleep(Duration::from_millis(50));
            let secret = Arc::clone(&held);
            assert_eq!(pool.run(after(10), move |_| drop(secret)), Err(CustodyFault::Deadline));
            assert!(pool.shared.lock().queue.is_empty());
            assert_eq!(Arc::strong_count(&held), 1);
        });
    }

    #[test]
    fn a_job_that_ends_as_its_time_does_leaves_no_thread_behind() {
        let (pool, _) = pool(1);
        let stage = Arc::new(Mutex::new(Stage::Running));
        assert!(!pool.shared.done(&stage));
        pool.shared.forsake(&stage);
        assert_eq!(pool.shared.lock().left_behind, 0);
    }

    #[test]
    fn a_panic_takes_the_tool_and_nothing_else() {
        let (pool, made) = pool(1);
        let answer = pool.run(after(5_000), |_| -> () { panic!("as a module's wrapper might") });
        assert!(matches!(answer, Err(CustodyFault::Unreachable { .. })));
        assert_eq!(pool.run(after(5_000), |_| 7), Ok(7));
        assert_eq!(made.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn dropping_waits_for_the_tools_to_be_put_away() {
        struct Tool(Arc<AtomicUsize>);
        impl Drop for Tool {
            fn drop(&mut self) {
                thread::sleep(Duration::from_millis(50));
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let away = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&away);
        let pool = Pool::new(Arc::new(AtomicUsize::new(1)), move || Tool(Arc::clone(&counter)));
        pool.run(after(5_000), |_| ()).unwrap();
        drop(pool);
        assert_eq!(away.load(Ordering::SeqCst), 1);
    }
}
