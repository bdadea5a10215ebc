//! What a pin remembers, as a verification takes it up, and what of something learned is new to it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use greatseal_core::StatementId;
use greatseal_core::decide::Candidate;
use greatseal_core::deed::Act;
use greatseal_core::key::PublicKey;
use greatseal_core::statement::Statement as _;
use greatseal_token::deed;
use greatseal_token::wascap::{self, Claims};

use super::{Pin, TrustStore, folder};
use crate::problem::Problem;
use crate::realm::Name;

/// Statements that were remembered under one pin.
#[derive(Debug)]
pub(crate) struct Memory {
    name: Name,
    /// The tokens that were followed, and where each lies.
    pub(crate) tokens: Vec<(PathBuf, Candidate<Claims>)>,
    /// The text of every endorsement and revocation, and where each lies.
    pub(crate) deeds: Vec<(PathBuf, Vec<u8>)>,
    steps: BTreeSet<StatementId>,
    endorsed: BTreeSet<(StatementId, PublicKey)>,
    revocations: BTreeSet<StatementId>,
}

impl Memory {
    /// Takes up what a pin remembers.
    ///
    /// # Errors
    /// `GS-TRUST-MALFORMED` for what is no statement: a memory with holes would lead back.
    pub(crate) fn of(store: &TrustStore, pin: &Pin) -> Result<Self, Problem> {
        let mut memory = Self {
            name: pin.name().clone(),
            tokens: Vec::new(),
            deeds: Vec::new(),
            steps: BTreeSet::new(),
            endorsed: BTreeSet::new(),
            revocations: BTreeSet::new(),
        };
        for (place, text) in pin.remembered() {
            let path = store.folder().join(pin.name().as_str()).join(place);
            let malformed = |fault: &dyn core::fmt::Display| folder::malformed(&path, &fault.to_string());
            if deed::is_deed(text) {
                let decoded = deed::decode(text).map_err(|fault| malformed(&fault))?;
                memory.know_deed(decoded.id(), &decoded.content().act, decoded.content().signer());
                memory.deeds.push((path, text.to_vec()));
            } else {
                let decoded = wascap::decode(text).map_err(|fault| malformed(&fault))?;
                memory.steps.insert(decoded.id());
                memory.tokens.push((path, Candidate::Decoded(decoded)));
            }
        }
        Ok(memory)
    }

    /// Names the pin.
    pub(crate) fn name(&self) -> &Name {
        &self.name
    }

    /// Says whether a step adds anything: its token, or an endorsement by a key that had none.
    pub(crate) fn lacks_step(&self, token: StatementId, endorsers: impl IntoIterator<Item = PublicKey>) -> bool {
        !self.steps.contains(&token) || endorsers.into_iter().any(|by| !self.endorsed.contains(&(token, by)))
    }

    /// Says whether a revocation is not remembered yet.
    pub(crate) fn lacks_revocation(&self, id: &StatementId) -> bool {
        !self.revocations.contains(id)
    }

    /// Notes a step that was just learned, so that the next file of a call does not bring it again.
    pub(crate) fn know_step(&mut self, token: StatementId, endorsers: impl IntoIterator<Item = PublicKey>) {
        self.steps.insert(token);
        self.endorsed.extend(endorsers.into_iter().map(|by| (token, by)));
    }

    /// Notes a revocation that was just learned.
    pub(crate) fn know_revocation(&mut self, id: StatementId) {
        self.revocations.insert(id);
    }

    fn know_deed(&mut self, id: StatementId, act: &Act, by: PublicKey) {
        match act {
            Act::Endorse(of) => _ = self.endorsed.insert((*of, by)),
            Act::Revoke(_) => _ = self.revocations.insert(id),
            Act::Countersign(_) => {}
        }
    }
}
