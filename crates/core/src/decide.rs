//! From candidates to a decision that explains itself.

use core::num::NonZeroUsize;
use std::collections::BTreeMap;

use crate::anchor::Anchored;
use crate::cid::Cid;
use crate::command::Command;
use crate::decoded::Decoded;
use crate::deed::Deed;
use crate::error::{ChainFault, DecodeFault, Fault};
use crate::graph::{Graph, Ignored, Index, Learned, Material, Member, Scope, relevant, relevant_deeds};
use crate::key::{Nkey, PublicKey, RawKey, Spelled};
use crate::limits::{CHAIN_BYTES, FAILURES_TOLD};
use crate::remembered::Remembered;
use crate::statement::{Family, Statement, StatementId};
use crate::supply::{LogOrder, Proof, Subject, Supply};
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
    pub issuer: Spelled,
    /// Whom or what it is about; of a UCAN, whose capability it is.
    pub subject: Spelled,
    /// The instant it names as its end: wascap speaks until just before it, a UCAN still at it.
    /// Never, if absent.
    pub expires: Option<Timestamp>,
    /// What a UCAN says beside.
    pub capability: Option<Capability>,
}

/// What a UCAN of a chain is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capability {
    /// Its CID.
    pub cid: Cid,
    /// Who may use it, or is to execute it.
    pub audience: PublicKey,
    /// What is delegated or invoked.
    pub command: Command,
    /// Whether it is invoked rather than delegated.
    pub invoked: bool,
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
    /// Followed from the pinned token.
    #[error("the token that is trusted was followed to its successor, {steps} further on: {current}")]
    Followed {
        /// The operator token that speaks now.
        current: StatementId,
        /// How many steps.
        steps: usize,
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
    pub subject: Option<Spelled>,
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

/// What one or more decisions are taken over.
#[derive(Debug)]
pub struct Examination<'v, T> {
    view: &'v View,
    members: Vec<Member<T>>,
    index: Index,
    deeds: Vec<Member<Deed>>,
    proofs: Vec<(Subject, Proof)>,
    log: Option<LogOrder>,
    malformed: BTreeMap<Cid, DecodeFault>,
    workers: NonZeroUsize,
}

/// What a verifier remembers between decisions.
#[derive(Debug)]
pub struct Memory<T> {
    /// Tokens of the family.
    pub tokens: Remembered<T>,
    /// Deeds.
    pub deeds: Remembered<Deed>,
}

impl<T> Default for Memory<T> {
    fn default() -> Self {
        Self { tokens: Remembered::default(), deeds: Remembered::default() }
    }
}

/// The answers to some questions, and what had no effect on them.
#[derive(Debug)]
pub struct Outcome {
    /// One answer for each target, in order.
    pub decisions: Vec<Decision>,
    /// Deeds without effect.
    pub ignored: Vec<Ignored>,
    /// What a verifier should remember, so that nobody can hide it from a later decision.
    pub learned: Vec<Learned>,
}

impl Outcome {
    /// Denies the only question for one reason.
    #[must_use]
    pub fn because(fault: Fault) -> Self {
        let decisions = vec![Decision::Deny(Deny::because(fault))];
        Self { decisions, ignored: Vec::new(), learned: Vec::new() }
    }

    /// Returns the only answer; a denial, if there is none.
    pub fn into_decision(self) -> Decision {
        let none = || Decision::Deny(Deny::because(ChainFault::NoRule { what: "missing" }.into()));
        self.decisions.into_iter().next().unwrap_or_else(none)
    }
}

impl<'v, T: Statement + Send + Sync> Examination<'v, T> {
    /// Takes what is at hand, targets included.
    ///
    /// `workers` threads share the signatures of large sets.
    #[must_use]
    pub fn new(view: &'v View, supply: Supply<T>, workers: NonZeroUsize) -> Self {
        let Supply { tokens, deeds, proofs, log, malformed } = supply;
        let members: Vec<Member<T>> = tokens.into_iter().map(Member::from).collect();
        let index = Index::of(&members);
        let deeds = deeds.into_iter().map(Member::from).collect();
        Self { view, members, index, deeds, proofs, log, malformed, workers }
    }

    /// Decides about the tokens at these positions, one answer each.
    ///
    /// Only what the decisions can turn on is verified, in one batch, and then kept in `memory`.
    pub fn decide(&mut self, targets: &[usize], memory: &mut Memory<T>) -> Outcome {
        if let Err(fault) = self.verify_relevant(targets, memory) {
            let deny = Deny::because(fault.into());
            let decisions = targets.iter().map(|_| Decision::Deny(deny.clone())).collect();
            return Outcome { decisions, ignored: Vec::new(), learned: Vec::new() };
        }
        let graph = Graph::new(self.view, self.material());
        let decisions = targets.iter().map(|target| graph.decide(*target)).collect();
        // Last: what counted is known only when everything is decided.
        Outcome { decisions, ignored: graph.ignored(&self.deeds, targets), learned: graph.learned(&self.deeds) }
    }

    /// Returns the keys that countersigned a token, as decisions count them: with good signatures that
    /// nobody took back (rule 9 of succession); sorted, each once.
    ///
    /// # Errors
    /// [`ChainFault`] when there is more to verify than for any one decision.
    pub fn countersigners(&mut self, of: usize, memory: &mut Memory<T>) -> Result<Vec<RawKey>, ChainFault> {
        self.verify_relevant(&[of], memory)?;
        let graph = Graph::new(self.view, self.material());
        Ok(self.members.get(of).map(|member| graph.countersigners(&member.id())).unwrap_or_default())
    }

    fn material(&self) -> Material<'_, T> {
        Material {
            members: &self.members,
            index: &self.index,
            deeds: &self.deeds,
            proofs: &self.proofs,
            log: self.log.as_ref(),
            malformed: &self.malformed,
        }
    }

    fn verify_relevant(&mut self, targets: &[usize], memory: &mut Memory<T>) -> Result<(), ChainFault> {
        let known = |members: &[Member<T>]| members.iter().all(|member| matches!(member, Member::Verified(_)));
        if known(&self.members) && self.deeds.iter().all(|member| matches!(member, Member::Verified(_))) {
            return Ok(());
        }
        let scope = Scope { deeds: !self.deeds.is_empty(), in_log: self.log.is_some() };
        let marks = relevant(self.view, &self.index, &self.members, scope, targets.iter().copied());
        let wanted = relevant_deeds(self.view, &self.members, &marks, &self.deeds);
        let found = weight(&self.members, &marks) + weight(&self.deeds, &wanted);
        let limit = CHAIN_BYTES.saturating_mul(targets.len().max(1));
        if found > limit {
            return Err(ChainFault::TooLarge { found, limit });
        }
        settle(&mut self.members, &marks, self.workers, &mut memory.tokens);
        settle(&mut self.deeds, &wanted, self.workers, &mut memory.deeds);
        Ok(())
    }
}

impl<T> From<Candidate<T>> for Member<T> {
    fn from(candidate: Candidate<T>) -> Self {
        match candidate {
            Candidate::Decoded(decoded) => Self::Pending(decoded),
            Candidate::Verified(verified) => Self::Verified(verified),
        }
    }
}

/// Counts the bytes of the marked members that are not verified yet.
fn weight<T>(members: &[Member<T>], marks: &[bool]) -> usize {
    let pending = members.iter().zip(marks).filter(|(_, marked)| **marked);
    pending
        .map(|(member, _)| match member {
            Member::Pending(decoded) => decoded.received().len(),
            Member::Verified(_) | Member::Refused(_) => 0,
        })
        .sum()
}

/// Verifies the marked members, in one batch.
fn settle<T: Statement + Send + Sync>(
    members: &mut [Member<T>],
    marks: &[bool],
    workers: NonZeroUsize,
    remembered: &mut Remembered<T>,
) {
    let (places, pending): (Vec<&mut Member<T>>, Vec<Decoded<T>>) = members
        .iter_mut()
        .zip(marks)
        .filter_map(|(member, marked)| match member {
            Member::Pending(decoded) if *marked => Some(decoded.clone()).map(|decoded| (member, decoded)),
            Member::Pending(_) | Member::Verified(_) | Member::Refused(_) => None,
        })
        .unzip();
    let verdicts = match <[Decoded<T>; 1]>::try_from(pending) {
        Ok([one]) => vec![verify_one(one, remembered.points())],
        Err(several) => verify(several, workers),
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
}
