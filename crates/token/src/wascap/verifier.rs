//! From tokens and modules to decisions: what the command, and any library user, calls.

use core::num::NonZeroUsize;
use std::io::Read;

use data_encoding::HEXUPPER;
use greatseal_core::decide::{Candidate, Deny, Examination, Memory, Outcome};
use greatseal_core::deed::Deed;
use greatseal_core::error::{ChainFault, DecodeFault, Fault, ModuleFault};
use greatseal_core::key::RawKey;
use greatseal_core::supply::Supply;
use greatseal_core::workers::share;
use greatseal_core::{Anchor, Decision, Decoded, View};

use super::archive::ArchiveFile;
use super::claims::{Claims, Entity};
use super::module::ModuleFile;
use super::read;
use crate::deed;

/// Fewest tokens that are worth another thread to decode.
const WORTH_A_THREAD: NonZeroUsize = NonZeroUsize::MIN.saturating_add(63);

/// Reads and judges tokens, and remembers the signatures it has verified.
#[derive(Debug)]
pub struct Verifier {
    memory: Memory<Claims>,
    workers: NonZeroUsize,
}

impl Verifier {
    /// Makes a verifier with an empty memory that uses so many threads for large sets.
    #[must_use]
    pub fn new(workers: NonZeroUsize) -> Self {
        Self { memory: Memory::default(), workers }
    }

    /// Reads one token, or recalls it.
    ///
    /// # Errors
    /// [`DecodeFault`] when it is none.
    pub fn read(&mut self, token: &[u8]) -> Result<Candidate<Claims>, DecodeFault> {
        match self.memory.tokens.recall(token) {
            Some(verified) => Ok(Candidate::Verified(verified)),
            None => read::decode(token).map(Candidate::Decoded),
        }
    }

    /// Reads many tokens, or recalls them; each by itself, in order.
    pub fn read_all(&mut self, tokens: &[&[u8]]) -> Vec<Result<Candidate<Claims>, DecodeFault>> {
        let mut read: Vec<Option<Result<_, DecodeFault>>> =
            tokens.iter().map(|token| self.memory.tokens.recall(token).map(Candidate::Verified).map(Ok)).collect();
        // Only what is not remembered goes to the workers.
        let unknown: Vec<&[u8]> =
            tokens.iter().zip(&read).filter(|(_, read)| read.is_none()).map(|(token, _)| *token).collect();
        let decode = |tokens: &[&[u8]]| tokens.iter().map(|token| read::decode(token)).collect();
        let lost = || Err(DecodeFault::Frame { rule: "reading was interrupted" });
        let mut decoded = share(&unknown, self.workers, WORTH_A_THREAD, decode, lost).into_iter();
        for place in &mut read {
            if place.is_none() {
                *place = decoded.next().map(|decoded| decoded.map(Candidate::Decoded));
            }
        }
        read.into_iter().flatten().collect()
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

    /// Decides about each target, with further tokens to build chains from.
    ///
    /// The targets count as supplied too: a newer one supersedes an older one.
    pub fn decide(
        &mut self,
        targets: Vec<Candidate<Claims>>,
        with: impl Into<Supply<Claims>>,
        view: &View,
    ) -> Vec<Decision> {
        self.judge(targets, with, view).decisions
    }

    /// Returns the keys that countersigned a listing or a module, as decisions about it count them.
    ///
    /// # Errors
    /// [`ChainFault`] when there is more to verify than for any one decision.
    pub fn countersigners(
        &mut self,
        of: Candidate<Claims>,
        with: impl Into<Supply<Claims>>,
        view: &View,
    ) -> Result<Vec<RawKey>, ChainFault> {
        let mut supply = with.into();
        let place = supply.ask(of, []);
        Examination::new(view, supply, self.workers).countersigners(place, &mut self.memory)
    }

    /// Decides about each target, and tells what had no effect.
    pub fn judge(&mut self, targets: Vec<Candidate<Claims>>, with: impl Into<Supply<Claims>>, view: &View) -> Outcome {
        let mut supply = with.into();
        let places: Vec<usize> = targets.into_iter().map(|target| supply.ask(target, [])).collect();
        self.decide_within(&places, supply, view)
    }

    /// Decides about tokens that are in the supply already, by their positions among its tokens.
    pub fn decide_within(&mut self, targets: &[usize], supply: Supply<Claims>, view: &View) -> Outcome {
        Examination::new(view, supply, self.workers).decide(targets, &mut self.memory)
    }

    /// Decides about a signed module: its token's chain, then its bytes.
    ///
    /// Whatever is wrong with the token or the file is a denial.
    pub fn decide_module(&mut self, file: &ModuleFile<'_>, with: impl Into<Supply<Claims>>, view: &View) -> Decision {
        self.judge_module(file, with, view).into_decision()
    }

    /// Decides about a signed module, one decision, and tells what had no effect.
    pub fn judge_module(&mut self, file: &ModuleFile<'_>, with: impl Into<Supply<Claims>>, view: &View) -> Outcome {
        let target = match self.module_target(file) {
            Ok(target) => target,
            Err(fault) => return Outcome::because(fault),
        };
        let Entity::Module(module) = &target.content().entity else {
            return Outcome::because(ModuleFault::Unsigned.into());
        };
        let expected = module.hash.clone();
        let mut outcome = self.judge(vec![target], with, view);
        // Last, so that nothing is hashed for words nobody signed.
        if let Some(Decision::Allow(_)) = outcome.decisions.first()
            && let Err(fault) = check_hash(&expected, file)
        {
            outcome.decisions = vec![Decision::Deny(Deny::because(fault.into()))];
        }
        outcome
    }

    /// Takes the token out of a module, which has to be one for a module.
    fn module_target(&mut self, file: &ModuleFile<'_>) -> Result<Candidate<Claims>, Fault> {
        let target = self.read(file.token().ok_or(ModuleFault::Unsigned)?)?;
        let entity = &target.content().entity;
        if matches!(entity, Entity::Module(_)) {
            return Ok(target);
        }
        let problem = "has to vouch for a module";
        Err(DecodeFault::Entity { subject: entity.word(), field: "hash", problem }.into())
    }

    /// Decides about a provider archive: its token's chain, then every file in it.
    ///
    /// Without a chain nothing behind the token is read. Whatever is wrong with the token or the
    /// archive is a denial.
    pub fn decide_archive<R: Read>(
        &mut self,
        file: ArchiveFile<R>,
        with: impl Into<Supply<Claims>>,
        view: &View,
    ) -> Decision {
        self.judge_archive(file, with, view).into_decision()
    }

    /// Decides about a provider archive, one decision, and tells what had no effect.
    pub fn judge_archive<R: Read>(
        &mut self,
        file: ArchiveFile<R>,
        with: impl Into<Supply<Claims>>,
        view: &View,
    ) -> Outcome {
        let target = match self.read(file.token()) {
            Ok(target) => target,
            Err(fault) => return Outcome::because(fault.into()),
        };
        let entity = &target.content().entity;
        let Entity::Provider(provider) = entity else {
            let problem = "has to vouch for a provider";
            let subject = entity.word();
            return Outcome::because(DecodeFault::Entity { subject, field: "target_hashes", problem }.into());
        };
        let expected = provider.target_hashes.clone();
        let mut outcome = self.judge(vec![target], with, view);
        if let Some(Decision::Allow(_)) = outcome.decisions.first()
            && let Err(fault) = file.contents().and_then(|contents| contents.check(&expected))
        {
            outcome.decisions = vec![Decision::Deny(Deny::because(fault.into()))];
        }
        outcome
    }
}

/// Compares the hash in a token with the file's bytes.
fn check_hash(expected: &str, file: &ModuleFile<'_>) -> Result<(), ModuleFault> {
    let found = HEXUPPER.encode(&file.hash());
    if expected == found {
        Ok(())
    } else {
        let expected = expected.chars().take(found.len()).collect();
        Err(ModuleFault::Hash { expected, found })
    }
}

/// Makes an anchor that pins exactly this token; only operators and accounts can be pinned.
#[must_use]
pub fn pin(token: &Decoded<Claims>) -> Option<Anchor> {
    let id = token.id();
    match &token.content().entity {
        Entity::Operator(listing) => Some(Anchor::OperatorToken { id, subject: listing.subject }),
        Entity::Account(listing) => Some(Anchor::AccountToken { id, subject: listing.subject }),
        Entity::Cluster(_)
        | Entity::Module(_)
        | Entity::Provider(_)
        | Entity::Host(_)
        | Entity::Invocation(_)
        | Entity::Untyped { .. } => None,
    }
}
