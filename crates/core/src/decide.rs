//! From candidates to a decision that explains itself.

use core::num::NonZeroUsize;

use crate::anchor::Anchored;
use crate::decoded::Decoded;
use crate::error::{ChainFault, Fault};
use crate::graph::{Graph, Index, Member, relevant};
use crate::key::Nkey;
use crate::limits::{CHAIN_BYTES, FAILURES_TOLD};
use crate::remembered::Remembered;
use crate::statement::{Family, Statement, StatementId};
use crate::time::Timestamp;
use crate::verify::{Verified, verify, verify_one};
use crate::view::View;

/// What a chain stands on, beside its tokens.
#[derive(Clone, Debug)]
pub(crate) struct Foundation {
    pub(crate) anchored: Anchored,
    pub(crate) notices: Vec<Notice>,
}

/// One statement of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The digest of its signed bytes.
    pub id: StatementId,
    /// Its family.
    pub family: Family,
    /// The key that signed it.
    pub issuer: Nkey,
    /// Whom or what it is about.
    pub subject: Nkey,
    /// First second at which it no longer speaks; never, if absent.
    pub expires: Option<Timestamp>,
}

/// Something that an allow wants to be known by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Notice {
    /// Accepted under the relaxed policy.
    #[error("operator {operator} lists no signing keys: its identity key has to be online to issue anything")]
    OperatorWithoutSigners {
        /// The operator.
        operator: Nkey,
    },
    /// Accepted under the relaxed policy.
    #[error("operator {operator} lists its own identity key among its signing keys")]
    OperatorListsIdentity {
        /// The operator.
        operator: Nkey,
    },
    /// Accepted under the relaxed policy.
    #[error("account {account} was issued by the identity key of operator {operator}, which has to be online for that")]
    AccountByIdentity {
        /// The account.
        account: Nkey,
        /// The operator.
        operator: Nkey,
    },
    /// Accepted under the relaxed policy.
    #[error("{first} and {second} are the same key in two places")]
    KeyReused {
        /// One spelling.
        first: Nkey,
        /// The other.
        second: Nkey,
    },
    /// Accepted under every policy.
    #[error("account {account} has no signing keys of its own: its identity key signs modules")]
    AccountWithoutSigners {
        /// The account.
        account: Nkey,
    },
}

/// The answer to whether a token is to be believed.
#[derive(Clone, Debug)]
#[must_use]
pub enum Decision {
    /// Yes, for this chain.
    Allow(Allow),
    /// No, for these reasons.
    Deny(Deny),
}

/// A chain from something trusted down to the token asked about.
#[derive(Clone, Debug)]
pub struct Allow {
    chain: Vec<Link>,
    anchored: Anchored,
    notices: Vec<Notice>,
}

impl Allow {
    pub(crate) fn new(chain: Vec<Link>, foundation: &Foundation) -> Self {
        Self { chain, anchored: foundation.anchored, notices: foundation.notices.clone() }
    }

    /// Returns the chain, root first, the token asked about last; never empty.
    #[must_use]
    pub fn chain(&self) -> &[Link] {
        &self.chain
    }

    /// Says whether trust rests on a bare key or on a pinned token.
    #[must_use]
    pub const fn anchored(&self) -> Anchored {
        self.anchored
    }

    /// Returns what should be known beside the answer.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }
}

/// Why a token is not to be believed, the closest failure first.
#[derive(Clone, Debug)]
pub struct Deny {
    first: Failure,
    others: Vec<Failure>,
}

impl Deny {
    /// Denies for one reason.
    #[must_use]
    pub const fn because(fault: Fault) -> Self {
        Self { first: Failure { fault, statement: None, subject: None, closeness: 0 }, others: Vec::new() }
    }

    pub(crate) fn new(mut failures: Vec<Failure>) -> Self {
        // The greatest closeness first, and of equals the one found first.
        failures.sort_by_key(|failure| core::cmp::Reverse(failure.closeness));
        failures.truncate(FAILURES_TOLD);
        let mut failures = failures.into_iter();
        match failures.next() {
            Some(first) => Self { first, others: failures.collect() },
            None => Self::because(ChainFault::NoRule { what: "these" }.into()),
        }
    }

    /// Returns the closest failure.
    #[must_use]
    pub const fn closest(&self) -> &Failure {
        &self.first
    }

    /// Returns every failure, the closest first.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> {
        core::iter::once(&self.first).chain(&self.others)
    }
}

/// One way in which a chain failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What is wrong.
    pub fault: Fault,
    /// With which token, where it is one.
    pub statement: Option<StatementId>,
    /// Whom that token is about.
    pub subject: Option<Nkey>,
    pub(crate) closeness: u8,
}

impl Failure {
    /// Tells it before others.
    pub(crate) fn closer(self, by: u8) -> Self {
        Self { closeness: self.closeness.saturating_add(by), ..self }
    }
}

/// A token on its way to a decision.
#[derive(Debug)]
pub enum Candidate<T> {
    /// Never seen before.
    Decoded(Decoded<T>),
    /// Remembered from an earlier decision.
    Verified(Verified<T>),
}

impl<T: Clone> Clone for Candidate<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Decoded(decoded) => Self::Decoded(decoded.clone()),
            Self::Verified(verified) => Self::Verified(verified.clone()),
        }
    }
}

impl<T> Candidate<T> {
    /// Returns the claims, for showing.
    #[must_use]
    pub fn content(&self) -> &T {
        match self {
            Self::Decoded(decoded) => decoded.content(),
            Self::Verified(verified) => verified.content(),
        }
    }

    /// Returns the digest of the signed bytes.
    #[must_use]
    pub fn id(&self) -> StatementId {
        match self {
            Self::Decoded(decoded) => decoded.id(),
            Self::Verified(verified) => verified.id(),
        }
    }
}

/// Candidates that one or more decisions are taken over.
#[derive(Debug)]
pub struct Examination<'v, T> {
    view: &'v View,
    members: Vec<Member<T>>,
    index: Index,
    workers: NonZeroUsize,
}

impl<'v, T: Statement + Send + Sync> Examination<'v, T> {
    /// Gathers the candidates, targets among them; their order does not matter.
    ///
    /// `workers` threads share the signatures of large sets.
    #[must_use]
    pub fn new(view: &'v View, candidates: Vec<Candidate<T>>, workers: NonZeroUsize) -> Self {
        let members: Vec<Member<T>> = candidates
            .into_iter()
            .map(|candidate| match candidate {
                Candidate::Decoded(decoded) => Member::Pending(decoded),
                Candidate::Verified(verified) => Member::Verified(verified),
            })
            .collect();
        let index = Index::of(&members);
        Self { view, members, index, workers }
    }

    /// Decides about the candidates at these positions, one answer each.
    ///
    /// Only what the decisions can turn on is verified, in one batch, and then kept in
    /// `remembered`.
    pub fn decide(&mut self, targets: &[usize], remembered: &mut Remembered<T>) -> Vec<Decision> {
        if let Err(fault) = self.verify_relevant(targets, remembered) {
            let deny = Deny::because(fault.into());
            return targets.iter().map(|_| Decision::Deny(deny.clone())).collect();
        }
        let graph = Graph::new(self.view, &self.members, &self.index);
        targets.iter().map(|target| graph.decide(*target)).collect()
    }

    fn verify_relevant(&mut self, targets: &[usize], remembered: &mut Remembered<T>) -> Result<(), ChainFault> {
        if self.members.iter().all(|member| matches!(member, Member::Verified(_))) {
            return Ok(());
        }
        let wanted = relevant(self.view, &self.index, &self.members, targets.iter().copied());
        let (places, pending): (Vec<&mut Member<T>>, Vec<Decoded<T>>) = self
            .members
            .iter_mut()
            .zip(wanted)
            .filter_map(|(member, wanted)| match member {
                Member::Pending(decoded) if wanted => Some(decoded.clone()).map(|decoded| (member, decoded)),
                Member::Pending(_) | Member::Verified(_) | Member::Refused(_) => None,
            })
            .unzip();
        let bytes: usize = pending.iter().map(|decoded| decoded.received().len()).sum();
        let limit = CHAIN_BYTES.saturating_mul(targets.len().max(1));
        if bytes > limit {
            return Err(ChainFault::TooLarge { found: bytes, limit });
        }
        let verdicts = match <[Decoded<T>; 1]>::try_from(pending) {
            Ok([one]) => vec![verify_one(one, remembered.points())],
            Err(several) => verify(several, self.workers),
        };
        for (place, verdict) in places.into_iter().zip(verdicts) {
            *place = match verdict {
                Ok(verified) => {
                    remembered.keep(&verified);
                    Member::Verified(verified)
                }
                Err(refused) => Member::Refused(refused),
            };
        }
        Ok(())
    }
}
