//! From UCANs to decisions: what the command, services, and any library user call.

use core::num::NonZeroUsize;

use greatseal_core::View;
use greatseal_core::decide::{Candidate, Examination, Memory, Outcome};
use greatseal_core::deed::Deed;
use greatseal_core::error::DecodeFault;
use greatseal_core::supply::Supply;

use super::content::{self, Ucan};
use super::dids::Dids;
use crate::deed;

/// Reads and judges UCANs, and remembers the signatures it has verified.
///
/// Whom a token has to be addressed to, and which roots are trusted, are the view's to say: see
/// [`View::addressed_to`]. A view that does not say refuses.
#[derive(Debug)]
pub struct Verifier {
    memory: Memory<Ucan>,
    workers: NonZeroUsize,
    dids: Dids,
}

impl Verifier {
    /// Makes a verifier with an empty memory that uses so many threads for large sets.
    #[must_use]
    pub fn new(workers: NonZeroUsize) -> Self {
        Self { memory: Memory::default(), workers, dids: Dids::default() }
    }

    /// Reads one token, or recalls it.
    ///
    /// # Errors
    /// [`DecodeFault`] when it is none.
    pub fn read(&mut self, token: &[u8]) -> Result<Candidate<Ucan>, DecodeFault> {
        match self.memory.tokens.recall(token) {
            Some(verified) => Ok(Candidate::Verified(verified)),
            None => content::decode_among(token, &self.dids).map(Candidate::Decoded),
        }
    }

    /// Reads one deed, or recalls it.
    ///
    /// # Errors
    /// [`DecodeFault`] when it is none.
    pub fn read_deed(&mut self, text: &[u8]) -> Result<Candidate<Deed>, DecodeFault> {
        match self.memory.deeds.recall(text) {
            Some(verified) => Ok(Candidate::Verified(verified)),
            None => deed::decode(text).map(Candidate::Decoded),
        }
    }

    /// Decides about each target, with the delegations and revocations at hand, and tells what had
    /// no effect.
    pub fn judge(&mut self, targets: Vec<Candidate<Ucan>>, with: impl Into<Supply<Ucan>>, view: &View) -> Outcome {
        let mut supply = with.into();
        let places: Vec<usize> = targets.into_iter().map(|target| supply.ask(target, [])).collect();
        Examination::new(view, supply, self.workers).decide(&places, &mut self.memory)
    }
}
