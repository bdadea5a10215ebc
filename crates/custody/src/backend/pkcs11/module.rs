//! PKCS#11 modules: loaded once in a process, and entered only while they are initialised.
//!
//! A module is one thing for the whole process: its initialisation, and the login to each of its
//! tokens, are shared by all custodians. So they are kept here, by the module's path.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::slot::Slot;

use super::login::Refusals;
use super::trouble::{Trouble, describe};
use crate::fault::CustodyFault;

/// How often a new start looks whether nobody is inside, ten milliseconds apart.
const LOOKS: u32 = 20;

/// The least time between two new starts: a key that always fails must not keep others from working.
pub(super) const BETWEEN: Duration = Duration::from_millis(500);

/// A module that is loaded, or will be when it is first entered.
pub(super) struct Module {
    path: PathBuf,
    state: RwLock<State>,
    /// Held during a login, so that a wrong PIN is tried once and not by every thread.
    refusals: Mutex<Refusals>,
}

#[derive(Default)]
struct State {
    /// Never unloaded: modules have threads and handlers of their own.
    library: Option<Pkcs11>,
    ready: bool,
    /// Whether it was initialised here and may be finalised here.
    ours: bool,
    generation: u64,
    /// When it was finalised last.
    stopped: Option<Instant>,
    /// Sessions that are open, by slot.
    sessions: Mutex<BTreeMap<u64, usize>>,
}

/// An initialised module, which stays so while this is held.
pub(super) struct Inside<'a>(RwLockReadGuard<'a, State>);

static MODULES: Mutex<BTreeMap<PathBuf, Arc<Module>>> = Mutex::new(BTreeMap::new());

impl Module {
    /// Returns the module of a path; links are followed, because a module is initialised once
    /// whatever its name.
    ///
    /// # Errors
    /// [`CustodyFault::Setup`] when there is no such file.
    pub(super) fn of(path: &Path) -> Result<Arc<Self>, CustodyFault> {
        let path = fs::canonicalize(path).map_err(|error| CustodyFault::Setup {
            problem: format!("there is no PKCS#11 module {}: {error}", path.display()),
        })?;
        let mut modules = MODULES.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            Arc::new(Self { path: path.clone(), state: RwLock::default(), refusals: Mutex::new(Refusals::default()) })
        };
        Ok(Arc::clone(modules.entry(path.clone()).or_insert_with(new)))
    }

    /// Enters the module, initialising it if need be.
    ///
    /// # Errors
    /// [`CustodyFault::Setup`] for what is no module, or a module that does not start for lack of
    /// its device.
    pub(super) fn enter(&self) -> Result<Inside<'_>, Trouble> {
        loop {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            if state.ready {
                return Ok(Inside(state));
            }
            drop(state);
            self.state.write().unwrap_or_else(PoisonError::into_inner).start(&self.path)?;
        }
    }

    /// Starts the module anew, which is what helps after its device was gone; unless somebody has
    /// done so since `seen` or within the time `between`, is inside, or has sessions in another slot than this one.
    pub(super) fn restart(&self, seen: u64, slot: Option<u64>, between: Duration) {
        for _ in 0..LOOKS {
            match self.state.try_write() {
                Ok(mut state) => return state.stop(seen, slot, between),
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner().stop(seen, slot, between),
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    /// Enters the module if it is initialised, to put something away.
    pub(super) fn enter_if_ready(&self) -> Option<Inside<'_>> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.ready.then_some(Inside(state))
    }

    /// Waits for whoever is logging in, and returns which PINs were refused.
    pub(super) fn logins(&self) -> MutexGuard<'_, Refusals> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn start(&mut self, path: &Path) -> Result<(), Trouble> {
        if self.ready {
            return Ok(());
        }
        let setup = |error: &Error| {
            let problem = format!("the PKCS#11 module {} does not start: {}", path.display(), describe(error));
            Trouble::Final(CustodyFault::Setup { problem })
        };
        let library = match &self.library {
            Some(library) => library.clone(),
            None => Pkcs11::new(path).map_err(|error| setup(&error))?,
        };
        self.library = Some(library.clone());
        self.ours = match library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) => true,
            Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => false,
            // A device that does not answer may answer later.
            Err(error @ Error::Pkcs11(RvError::GeneralError | RvError::DeviceError | RvError::FunctionFailed, _)) => {
                return Err(Trouble::Lost { message: describe(&error), vague: false });
            }
            Err(error) => return Err(setup(&error)),
        };
        self.ready = true;
        self.generation += 1;
        self.sessions = Mutex::default();
        Ok(())
    }

    fn stop(&mut self, seen: u64, slot: Option<u64>, between: Duration) {
        let sessions = self.sessions.get_mut().unwrap_or_else(PoisonError::into_inner);
        let others = sessions.iter().any(|(at, count)| *count > 0 && Some(*at) != slot);
        let Some(library) = &self.library else { return };
        if !self.ready || self.generation != seen {
            return;
        }
        // Somebody else in this process may have finalised it.
        let info = library.get_library_info();
        if matches!(info, Err(Error::Pkcs11(RvError::CryptokiNotInitialized, _))) {
            self.ready = false;
        } else if self.ours && !others && self.stopped.is_none_or(|at| at.elapsed() > between) {
            self.stopped = Some(Instant::now());
            // Whatever it answers: the next to enter initialises it, or is told that it is initialised.
            let _ = library.clone().finalize();
            self.ready = false;
        }
    }
}

impl Inside<'_> {
    /// Counts the initialisations: sessions of another one than this are gone.
    pub(super) fn generation(&self) -> u64 {
        self.0.generation
    }

    /// Returns the module's functions.
    pub(super) fn library(&self) -> Result<&Pkcs11, Trouble> {
        let gone = || Trouble::Lost { message: "the module is not loaded".into(), vague: false };
        self.0.library.as_ref().ok_or_else(gone)
    }

    /// Notes that a session was opened.
    pub(super) fn opened(&self, slot: Slot) {
        *self.sessions().entry(slot.id()).or_default() += 1;
    }

    /// Notes that a session was closed.
    pub(super) fn closed(&self, slot: Slot) {
        if let Some(count) = self.sessions().get_mut(&slot.id()) {
            *count = count.saturating_sub(1);
        }
    }

    fn sessions(&self) -> MutexGuard<'_, BTreeMap<u64, usize>> {
        self.0.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
