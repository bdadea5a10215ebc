//! From tokens and modules to decisions: what the command, and any library user, calls.

use core::num::NonZeroUsize;
use std::io::Read;

use data_encoding::HEXUPPER;
use greatseal_core::decide::{Candidate, Deny, Examination};
use greatseal_core::error::{ArchiveFault, DecodeFault, Fault, ModuleFault};
use greatseal_core::remembered::Remembered;
use greatseal_core::workers::share;
use greatseal_core::{Anchor, Decision, Decoded, View};

use super::archive::ArchiveFile;
use super::claims::{Claims, Entity};
use super::module::ModuleFile;
use super::read;

/// Fewest tokens that are worth another thread to decode.
const WORTH_A_THREAD: NonZeroUsize = NonZeroUsize::MIN.saturating_add(63);

/// Reads and judges tokens, and remembers the signatures it has verified.
#[derive(Debug)]
pub struct Verifier {
    remembered: Remembered<Claims>,
    workers: NonZeroUsize,
}

impl Verifier {
    /// Makes a verifier with an empty memory that uses so many threads for large sets.
    #[must_use]
    pub fn new(workers: NonZeroUsize) -> Self {
        Self { remembered: Remembered::default(), workers }
    }

    /// Reads one token, or recalls it.
    ///
    /// # Errors
    /// [`DecodeFault`] when it is none.
    pub fn read(&mut self, token: &[u8]) -> Result<Candidate<Claims>, DecodeFault> {
        match self.remembered.recall(token) {
            Some(verified) => Ok(Candidate::Verified(verified)),
            None => read::decode(token).map(Candidate::Decoded),
        }
    }

    /// Reads many tokens, or recalls them; each by itself, in order.
    pub fn read_all(&mut self, tokens: &[&[u8]]) -> Vec<Result<Candidate<Claims>, DecodeFault>> {
        let mut read: Vec<Option<Result<_, DecodeFault>>> =
            tokens.iter().map(|token| self.remembered.recall(token).map(Candidate::Verified).map(Ok)).collect();
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

    /// Decides about each target, with further tokens to build chains from.
    ///
    /// The targets count as supplied too: a newer one supersedes an older one.
    pub fn decide(
        &mut self,
        targets: Vec<Candidate<Claims>>,
        with: Vec<Candidate<Claims>>,
        view: &View,
    ) -> Vec<Decision> {
        let places: Vec<usize> = (0..targets.len()).collect();
        let mut candidates = targets;
        candidates.extend(with);
        Examination::new(view, candidates, self.workers).decide(&places, &mut self.remembered)
    }

    /// Decides about a signed module: its token's chain, then its bytes.
    ///
    /// # Errors
    /// None; whatever is wrong with the token or the file is a denial.
    pub fn decide_module(&mut self, file: &ModuleFile<'_>, with: Vec<Candidate<Claims>>, view: &View) -> Decision {
        let deny = |fault: Fault| Decision::Deny(Deny::because(fault));
        let Some(token) = file.token() else {
            return deny(ModuleFault::Unsigned.into());
        };
        let target = match self.read(token) {
            Ok(target) => target,
            Err(fault) => return deny(fault.into()),
        };
        let entity = &target.content().entity;
        let Entity::Module(module) = entity else {
            let problem = "has to vouch for a module";
            return deny(DecodeFault::Entity { subject: entity.word(), field: "hash", problem }.into());
        };
        let expected = module.hash.clone();
        let Some(decision) = self.decide(vec![target], with, view).pop() else {
            return deny(ModuleFault::Unsigned.into());
        };
        match decision {
            // Last, so that nothing is hashed for words nobody signed.
            Decision::Allow(_) => match check_hash(&expected, file) {
                Ok(()) => decision,
                Err(fault) => deny(fault.into()),
            },
            Decision::Deny(_) => decision,
        }
    }

    /// Decides about a provider archive: its token's chain, then every file in it.
    ///
    /// Without a chain nothing behind the token is read.
    ///
    /// # Errors
    /// None; whatever is wrong with the token or the archive is a denial.
    pub fn decide_archive<R: Read>(
        &mut self,
        file: ArchiveFile<R>,
        with: Vec<Candidate<Claims>>,
        view: &View,
    ) -> Decision {
        let deny = |fault: Fault| Decision::Deny(Deny::because(fault));
        let target = match self.read(file.token()) {
            Ok(target) => target,
            Err(fault) => return deny(fault.into()),
        };
        let entity = &target.content().entity;
        let Entity::Provider(provider) = entity else {
            let problem = "has to vouch for a provider";
            return deny(DecodeFault::Entity { subject: entity.word(), field: "target_hashes", problem }.into());
        };
        let expected = provider.target_hashes.clone();
        let Some(decision) = self.decide(vec![target], with, view).pop() else {
            return deny(ArchiveFault::Empty.into());
        };
        match decision {
            Decision::Allow(_) => match file.contents().and_then(|contents| contents.check(&expected)) {
                Ok(()) => decision,
                Err(fault) => deny(fault.into()),
            },
            Decision::Deny(_) => decision,
        }
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
