//! Calls without pause, counted by what came back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use greatseal_core::key::PublicKey;
use greatseal_custody::RunningKey;
use tokio::task::JoinSet;

use crate::Fault;
use crate::client::Client;
use crate::realm::{finish, invocation, pack};
use crate::roles::PUT;

/// Callers at the same time.
const CALLERS: usize = 4;

/// What came back so far.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Calls that were executed, by all three services.
    pub executed: u64,
    /// Calls that were not, by code.
    pub refused: BTreeMap<String, u64>,
}

/// Who calls.
#[derive(Debug)]
pub struct Caller {
    /// What signs.
    pub key: RunningKey,
    /// The chain to it, root first.
    pub proofs: Vec<Vec<u8>>,
    /// Whose capability it is.
    pub root: PublicKey,
    /// Who is called.
    pub upload: PublicKey,
}

/// A load that runs.
#[derive(Debug)]
pub struct Load {
    tally: Arc<Mutex<Tally>>,
    stop: Arc<AtomicBool>,
    callers: JoinSet<Result<(), Fault>>,
}

impl Load {
    /// Starts calling `upload`.
    #[must_use]
    pub fn start(caller: Arc<Caller>, port: u16) -> Self {
        let (tally, stop) = (Arc::<Mutex<Tally>>::default(), Arc::<AtomicBool>::default());
        let client = Arc::new(Client::new(port));
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let caller = Arc::clone(&caller);
            let (tally, stop, client) = (Arc::clone(&tally), Arc::clone(&stop), Arc::clone(&client));
            callers.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let Caller { key, proofs, root, upload } = &*caller;
                    let unsigned = invocation(key.public_key(), *root, *upload, PUT, proofs)?;
                    let call = pack(&finish(unsigned, key)?, proofs)?;
                    let refusal = match client.post("/put", &call).await {
                        Ok(answer) => answer.refusal(),
                        Err(fault) => Some(format!("connection: {fault}")),
                    };
                    let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
                    match refusal {
                        None => tally.executed += 1,
                        Some(code) => *tally.refused.entry(code).or_default() += 1,
                    }
                }
                Ok(())
            });
        }
        Self { tally, stop, callers }
    }

    /// Returns what came back so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stops, and waits for what is under way.
    ///
    /// # Errors
    /// When a caller could not make its call.
    pub async fn stop(mut self) -> Result<Tally, Fault> {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.callers.join_next().await {
            ended??;
        }
        Ok(self.tally())
    }
}
