//! The keys at hand: custody, and who unlocks it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use greatseal_core::issue::SigningRequest;
use greatseal_core::key::PublicKey;
use greatseal_core::limits::{CUSTODY_SECONDS, UNLOCK_SECONDS};
use greatseal_core::signature::Signature;
use greatseal_custody::{
    Custodian, CustodyFault, Deadline, Entry as CustodyEntry, KeyName, KeyUri, Keystore, Surroundings,
};

use crate::problem::Problem;

/// Custody, each key of which a person unlocks once.
pub(crate) struct Keyring {
    pub(crate) store: Keystore,
    /// Custody on other media, brought for this once.
    others: Vec<Keystore>,
    around: Surroundings,
    /// How long each place gets, if it was said.
    seconds: Option<u64>,
    /// Custodians that have been asked before.
    unlocked: RefCell<BTreeMap<KeyName, Box<dyn Custodian>>>,
}

impl Keyring {
    pub(crate) fn new(store: Keystore, around: Surroundings) -> Self {
        Self { store, others: Vec::new(), around, seconds: None, unlocked: RefCell::default() }
    }

    /// Adds custody on other media.
    #[must_use]
    pub(crate) fn with(mut self, others: Vec<Keystore>) -> Self {
        self.others = others;
        self
    }

    /// Sets how long each place gets to answer.
    #[must_use]
    pub(crate) fn within(mut self, seconds: Option<u64>) -> Self {
        self.seconds = seconds;
        self
    }

    fn stores(&self) -> impl Iterator<Item = &Keystore> {
        core::iter::once(&self.store).chain(&self.others)
    }

    /// Says whether custody here can sign with a key.
    pub(crate) fn has(&self, key: &PublicKey) -> Result<bool, Problem> {
        for store in self.stores() {
            if store.at_hand(key)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Has custody sign a request.
    ///
    /// # Errors
    /// `GS-CUSTODY-MISSING` when it does not have the key; else what custody says.
    pub(crate) fn sign(&self, request: &SigningRequest) -> Result<Signature, Problem> {
        let one = self.sign_all(request.signer(), core::slice::from_ref(request))?;
        one.into_iter().next().ok_or_else(|| Problem::from(CustodyFault::Deadline))
    }

    /// Has custody sign requests of one signer, in as few calls as its place takes: all or none.
    ///
    /// # Errors
    /// As for [`Self::sign`]; of several faults the first.
    pub(crate) fn sign_all(&self, signer: &PublicKey, requests: &[SigningRequest]) -> Result<Vec<Signature>, Problem> {
        let mut found = None;
        for store in self.stores() {
            // Where it can sign rather than where it is only known to be elsewhere.
            found = store.at_hand(signer)?.map(|entry| (store, entry)).or(found);
        }
        if found.is_none() {
            found = self.store.find_by_key(signer)?.map(|entry| (&self.store, entry));
        }
        let Some((store, entry)) = found else {
            return Err(Problem::new(
                greatseal_core::Code::CustodyMissing,
                format!("custody here does not have the key {signer}"),
            ));
        };
        let mut unlocked = self.unlocked.borrow_mut();
        let custodian = match unlocked.entry(entry.name.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(store.custodian(&entry.name, &self.around)?),
        };
        let many = requests.len() > 1;
        let mut signatures = Vec::with_capacity(requests.len());
        // Piece by piece, so that every piece has its time, and that somebody waiting sees it move.
        for piece in requests.chunks(PIECE) {
            let deadline = self.patience(&entry.uri);
            let answers = while_telling(&entry, || greatseal_custody::sign_batch(&**custodian, piece, deadline));
            for answer in answers.map_err(|fault| named(&entry.name, fault))? {
                signatures.push(answer.map_err(|fault| named(&entry.name, fault))?);
            }
            if many {
                progress(signatures.len(), requests.len(), &entry.name);
            }
        }
        Ok(signatures)
    }

    /// How long custody gets: where a person unlocks something, as long as that takes.
    fn patience(&self, uri: &KeyUri) -> Deadline {
        Deadline::after(Duration::from_secs(match (uri, self.seconds) {
            (_, Some(seconds)) => seconds,
            (KeyUri::File(_) | KeyUri::SshAgent(_) | KeyUri::Pkcs11(_) | KeyUri::Offline, None) => UNLOCK_SECONDS,
            (KeyUri::Vault(_) | KeyUri::AwsKms(_), None) => CUSTODY_SECONDS,
        }))
    }

    /// Names a key as custody does.
    ///
    /// # Errors
    /// What keeps the table of keys from being read.
    pub(crate) fn name_of(&self, key: &PublicKey) -> Result<Option<KeyName>, CustodyFault> {
        Ok(self.store.find_by_key(key)?.map(|entry| entry.name))
    }
}

/// Requests that are sent on with one deadline: what a service takes at once.
const PIECE: usize = 100;

/// After how long somebody is told what is being waited for.
const SILENCE: Duration = Duration::from_secs(1);

/// Does something that may take long, and says so if it does. Key files say themselves what they need.
fn while_telling<T: Send>(entry: &CustodyEntry, work: impl FnOnce() -> T + Send) -> T {
    if matches!(entry.uri, KeyUri::File(_)) {
        return work();
    }
    std::thread::scope(|scope| {
        let (done, waiting) = std::sync::mpsc::channel::<()>();
        scope.spawn(move || {
            if waiting.recv_timeout(SILENCE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                crate::output::remark(&format!("waiting for {} in {} …", entry.name, entry.uri));
            }
        });
        let result = work();
        drop(done);
        result
    })
}

/// Says which key could not sign, by the name that people know.
fn named(name: &KeyName, fault: CustodyFault) -> Problem {
    Problem::new(fault.code(), format!("{name}: {fault}"))
}

fn progress(done: usize, of: usize, name: &KeyName) {
    if done.is_multiple_of(PIECE) && done < of {
        crate::output::remark(&format!("{name} signed {done} of {of} …"));
    }
}
