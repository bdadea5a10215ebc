//! The keys at hand: custody, and who unlocks it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use greatseal_core::issue::SigningRequest;
use greatseal_core::key::PublicKey;
use greatseal_core::signature::Signature;
use greatseal_custody::{Custodian, CustodyFault, Deadline, KeyName, Keystore, Surroundings};

use crate::problem::Problem;

/// How long a person may take to unlock a key.
const PATIENCE: Duration = Duration::from_secs(600);

/// Custody, each key of which a person unlocks once.
pub(crate) struct Keyring {
    pub(crate) store: Keystore,
    /// Custody on other media, brought for this once.
    others: Vec<Keystore>,
    around: Surroundings,
    /// Custodians that have been asked before.
    unlocked: RefCell<BTreeMap<KeyName, Box<dyn Custodian>>>,
}

impl Keyring {
    pub(crate) fn new(store: Keystore, around: Surroundings) -> Self {
        Self { store, others: Vec::new(), around, unlocked: RefCell::default() }
    }

    /// Adds custody on other media.
    #[must_use]
    pub(crate) fn with(mut self, others: Vec<Keystore>) -> Self {
        self.others = others;
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
        let mut found = None;
        for store in self.stores() {
            // Where it can sign rather than where it is only known to be elsewhere.
            found = store.at_hand(request.signer())?.map(|entry| (store, entry)).or(found);
        }
        if found.is_none() {
            found = self.store.find_by_key(request.signer())?.map(|entry| (&self.store, entry));
        }
        let Some((store, entry)) = found else {
            return Err(Problem::new(
                greatseal_core::Code::CustodyMissing,
                format!("custody here does not have the key {}", request.signer()),
            ));
        };
        let mut unlocked = self.unlocked.borrow_mut();
        let custodian = match unlocked.entry(entry.name.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(store.custodian(&entry.name, &self.around)?),
        };
        Ok(greatseal_custody::sign(&**custodian, request, Deadline::after(PATIENCE))?)
    }

    /// Names a key as custody does.
    ///
    /// # Errors
    /// What keeps the table of keys from being read.
    pub(crate) fn name_of(&self, key: &PublicKey) -> Result<Option<KeyName>, CustodyFault> {
        Ok(self.store.find_by_key(key)?.map(|entry| entry.name))
    }
}
