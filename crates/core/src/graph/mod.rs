//! The authority graph of one decision: who names whom, and which of them speak.
//!
//! Rules: those of plain chains in `docs/chains.md`, and of succession in `docs/succession.md`.
//! The graph is built over candidates whose signatures may not have been looked at yet; only
//! [`Member::Verified`] ever grants anything.

mod account;
mod code;
mod death;
mod deeds;
mod delegation;
mod follow;
mod ignored;
mod index;
mod learned;
mod listing;
mod operator;
mod owner;
mod relevant;

use core::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::cid::Cid;
use crate::decide::{Allow, Decision, Deny, Failure, Foundation, Link};
use crate::decoded::Decoded;
use crate::deed::Deed;
use crate::error::{ChainFault, DecodeFault, Fault, TimeFault};
use crate::key::{RawKey, Spelled};
use crate::statement::{Grant, Statement, StatementId};
use crate::supply::{LogOrder, Proof, Subject};
use crate::time::Timestamp;
use crate::verify::{Refused, Verified};
use crate::view::{Standing, View};

use death::Coroner;
use deeds::{Deeds, Proven};
use operator::OperatorSide;

pub use ignored::{Ignored, Ineffective};
pub(crate) use index::Index;
pub use learned::{Heeded, Learned, Step};
pub(crate) use relevant::{Scope, relevant, relevant_deeds};

/// A token that a decision may turn on, as far as it is known.
#[derive(Debug)]
pub enum Member<T> {
    /// Its signature has not been looked at.
    Pending(Decoded<T>),
    /// Its signature is good.
    Verified(Verified<T>),
    /// Its signature is bad.
    Refused(Refused<T>),
}

impl<T> Member<T> {
    /// Returns the claims, for showing and for finding one's way; they grant nothing by themselves.
    #[must_use]
    pub fn content(&self) -> &T {
        match self {
            Self::Pending(decoded) => decoded.content(),
            Self::Verified(verified) => verified.content(),
            Self::Refused(refused) => refused.content(),
        }
    }

    /// Returns the whole token as it arrived.
    #[must_use]
    pub fn received(&self) -> &[u8] {
        match self {
            Self::Pending(decoded) => decoded.received(),
            Self::Verified(verified) => verified.received(),
            Self::Refused(refused) => refused.received(),
        }
    }

    /// Returns the digest of the signed bytes.
    #[must_use]
    pub fn id(&self) -> StatementId {
        match self {
            Self::Pending(decoded) => decoded.id(),
            Self::Verified(verified) => verified.id(),
            Self::Refused(refused) => refused.id(),
        }
    }
}

/// A place in the order of hearing; without a log all is heard at once, at 0.
type Place = usize;

/// What strikes under an operator token are judged by: its identity and signing keys, sorted, and
/// how many of them are enough.
#[derive(Debug)]
pub(crate) struct Line {
    identity: RawKey,
    signers: Vec<RawKey>,
    threshold: u64,
}

impl Line {
    fn lists(&self, key: &RawKey) -> bool {
        self.signers.binary_search(key).is_ok()
    }
}

/// All that a decision is taken over, signatures looked at where it matters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Material<'a, T> {
    pub(crate) members: &'a [Member<T>],
    pub(crate) index: &'a Index,
    pub(crate) deeds: &'a [Member<Deed>],
    pub(crate) proofs: &'a [(Subject, Proof)],
    pub(crate) log: Option<&'a LogOrder>,
    pub(crate) malformed: &'a BTreeMap<Cid, DecodeFault>,
}

/// Members, what they name, and the view they are judged from.
#[derive(Debug)]
pub(crate) struct Graph<'a, T> {
    view: &'a View,
    members: &'a [Member<T>],
    index: &'a Index,
    log: Option<&'a LogOrder>,
    malformed: &'a BTreeMap<Cid, DecodeFault>,
    deeds: Deeds<'a>,
    proven: Proven,
    /// For each verified member that is a copy, the first one of the same statement.
    copies: BTreeMap<usize, usize>,
    sides: Vec<Result<OperatorSide, Failure>>,
    /// The UCANs that took something back from a chain.
    effective: RefCell<BTreeSet<usize>>,
}

/// A member that speaks, or would but for its expiry.
struct Voice<'a, T> {
    verified: &'a Verified<T>,
    standing: Standing,
}

impl<'a, T: Statement> Graph<'a, T> {
    pub(crate) fn new(view: &'a View, material: Material<'a, T>) -> Self {
        let Material { members, index, deeds, proofs, log, malformed } = material;
        let id = |subject: Subject| match subject {
            Subject::Token(at) => members.get(at).map(Member::id),
            Subject::Deed(at) => deeds.get(at).map(Member::id),
        };
        let place = |deed: usize| log.and_then(|log| log.deeds.get(deed).copied()).unwrap_or(0);
        let mut graph = Self {
            view,
            members,
            index,
            log,
            malformed,
            deeds: Deeds::of(deeds, view, place),
            proven: Proven::of(proofs, log, id),
            copies: copies(members, log),
            sides: Vec::new(),
            effective: RefCell::default(),
        };
        graph.sides = graph.operator_sides();
        graph
    }

    /// Decides about one member.
    pub(crate) fn decide(&self, target: usize) -> Decision {
        let Some(member) = self.members.get(target) else {
            return Decision::Deny(Deny::because(ChainFault::NoRule { what: "missing" }.into()));
        };
        let outcome = match member.content().grant() {
            Grant::Operator { subject, .. } => self.decide_operator(target, subject),
            Grant::Account { subject, .. } => self.decide_account(target, subject),
            Grant::Code { issuer, subject, .. } => self.decide_code(target, issuer, subject),
            Grant::Delegation(it) => self.decide_delegation(target, &it),
            Grant::Invocation(it) => self.decide_invocation(target, &it),
            Grant::Nothing { what } => Err(vec![self.failure(target, ChainFault::NoRule { what }, 0)]),
        };
        match outcome {
            Ok(allow) => Decision::Allow(allow),
            Err(failures) => Decision::Deny(Deny::new(failures)),
        }
    }

    /// Returns the member if its signature is good, and how it stands in time.
    fn verified(&self, index: usize) -> Result<(&'a Verified<T>, Standing), Fault> {
        match self.members.get(index) {
            Some(Member::Verified(verified)) => Ok((verified, self.view.standing(verified.content()))),
            Some(Member::Refused(refused)) => Err(refused.fault().into()),
            // Only what no chain leads to is left unverified; if one did, this refuses it.
            Some(Member::Pending(_)) => Err(crate::error::SignatureFault::Invalid.into()),
            None => Err(ChainFault::NoRule { what: "missing" }.into()),
        }
    }

    /// Returns the member as a voice: it has to stand in time and to be verified.
    fn voice(&self, index: usize) -> Result<Voice<'a, T>, Fault> {
        if let Some(member) = self.members.get(index)
            && let Standing::Absent(fault) = self.view.standing(member.content())
        {
            return Err(fault.into());
        }
        self.verified(index).map(|(verified, standing)| Voice { verified, standing })
    }

    /// Checks that a member is verified and speaks now.
    fn current(&self, index: usize) -> Result<(), Fault> {
        let voice = self.voice(index)?;
        voice.standing.fault().map_or(Ok(()), |fault| Err(fault.into()))
    }

    /// Says whether a member is verified and does not claim to come from the future.
    fn verified_now_or_later(&self, index: usize) -> bool {
        let standing = self.verified(index).map(|(_, standing)| standing);
        standing.is_ok_and(|standing| !matches!(standing, Standing::Absent(TimeFault::IssuedAhead { .. })))
    }

    /// Says whether a member is the first of its statement: what is heard twice counts once.
    fn is_first(&self, index: usize) -> bool {
        !self.copies.contains_key(&index)
    }

    /// Returns the first verified member of the same statement.
    fn first_of(&self, index: usize) -> usize {
        self.copies.get(&index).copied().unwrap_or(index)
    }

    /// Says whether a log tells what came first.
    const fn in_log(&self) -> bool {
        self.log.is_some()
    }

    /// Returns when a member's statement was heard first.
    fn place(&self, index: usize) -> Place {
        self.log.and_then(|log| log.tokens.get(self.first_of(index)).copied()).unwrap_or(0)
    }

    fn id(&self, index: usize) -> StatementId {
        // Indices come from the index over the members, so there is one.
        self.members.get(index).map_or_else(|| StatementId::of(&[]), Member::id)
    }

    fn issued_at(&self, index: usize) -> Timestamp {
        self.members.get(index).map_or(Timestamp::from_secs(0), |member| member.content().issued_at())
    }

    fn coroner(&self) -> Coroner<'_, 'a> {
        Coroner { deeds: &self.deeds, proven: &self.proven }
    }

    fn grant(&self, index: usize) -> Option<Grant<'a>> {
        self.members.get(index).map(|member| member.content().grant())
    }

    fn failure_of_none(&self, fault: impl Into<Fault>, closeness: u8) -> Failure {
        Failure { fault: fault.into(), statement: None, subject: None, closeness }
    }

    fn failure(&self, index: usize, fault: impl Into<Fault>, closeness: u8) -> Failure {
        let member = self.members.get(index);
        Failure {
            fault: fault.into(),
            statement: member.map(Member::id),
            subject: member.and_then(|member| subject(&member.content().grant())),
            closeness,
        }
    }

    fn link(&self, index: usize) -> Option<Link> {
        let member = self.members.get(index)?;
        let content = member.content();
        let (issuer, subject) = match content.grant() {
            Grant::Operator { issuer, subject, .. } => (issuer, subject.nkey()),
            Grant::Account { issuer, subject, .. } => (issuer, subject.nkey()),
            Grant::Code { issuer, subject, .. } => (issuer, subject),
            Grant::Delegation(_) | Grant::Invocation(_) | Grant::Nothing { .. } => return None,
        };
        Some(Link {
            id: member.id(),
            family: content.family(),
            issuer: issuer.into(),
            subject: subject.into(),
            expires: content.expires(),
            capability: None,
        })
    }

    fn allow(&self, path: impl IntoIterator<Item = usize>, foundation: &Foundation) -> Allow {
        let chain = path.into_iter().filter_map(|index| self.link(index)).collect();
        Allow::new(chain, foundation)
    }
}

fn subject(grant: &Grant<'_>) -> Option<Spelled> {
    match grant {
        Grant::Operator { subject, .. } => Some(subject.nkey().into()),
        Grant::Account { subject, .. } => Some(subject.nkey().into()),
        Grant::Code { subject, .. } => Some((*subject).into()),
        Grant::Delegation(it) => it.subject.map(Spelled::Did),
        Grant::Invocation(it) => Some(Spelled::Did(it.subject)),
        Grant::Nothing { .. } => None,
    }
}

/// Returns the signing keys that a token lists, sorted, each once.
fn listed<T: Statement>(content: &T) -> Vec<RawKey> {
    let mut keys: Vec<RawKey> = match content.grant() {
        Grant::Operator { signers, .. } => signers.iter().map(|key| *key.raw()).collect(),
        Grant::Account { signers, .. } => signers.iter().map(|key| *key.raw()).collect(),
        Grant::Code { .. } | Grant::Delegation(_) | Grant::Invocation(_) | Grant::Nothing { .. } => Vec::new(),
    };
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Members among which copies are looked for one by one.
const FEW: usize = 16;

/// Finds the copies among verified members, and the first of each: in a log the first heard.
fn copies<T: Statement>(members: &[Member<T>], log: Option<&LogOrder>) -> BTreeMap<usize, usize> {
    let mut copies = BTreeMap::new();
    // Most decisions are over a handful of tokens, no two alike: nothing is allocated for them.
    let alike = |(at, member): (usize, &Member<T>)| members.iter().take(at).any(|other| other.id() == member.id());
    if members.len() <= FEW && !members.iter().enumerate().any(alike) {
        return copies;
    }
    let verified = members.iter().enumerate().filter(|(_, member)| matches!(member, Member::Verified(_)));
    let place = |index: usize| log.and_then(|log| log.tokens.get(index).copied()).unwrap_or(0);
    let mut known: Vec<(StatementId, Place, usize)> =
        verified.map(|(index, member)| (member.id(), place(index), index)).collect();
    known.sort_unstable();
    let mut first: Option<(StatementId, usize)> = None;
    for (id, _, index) in known {
        match first {
            Some((known, at)) if known == id => _ = copies.insert(index, at),
            Some(_) | None => first = Some((id, index)),
        }
    }
    copies
}

/// Keeps the keys that both sorted lists hold: of tokens of one age, only what all of them say.
fn common(a: &[RawKey], b: &[RawKey]) -> Vec<RawKey> {
    a.iter().filter(|key| b.binary_search(key).is_ok()).copied().collect()
}
