//! The authority graph of one decision: who names whom, and which of them speak.
//!
//! Rules: provenance rules 1 to 7 of `docs/chains.md`. The graph is built over candidates whose
//! signatures may not have been looked at yet; only [`Member::Verified`] ever grants anything.

mod account;
mod code;
mod index;
mod operator;
mod relevant;

use crate::decide::{Allow, Decision, Deny, Failure, Foundation, Link};
use crate::decoded::Decoded;
use crate::error::{ChainFault, Fault};
use crate::key::{Nkey, RawKey};
use crate::statement::{Grant, Statement, StatementId};
use crate::verify::{Refused, Verified};
use crate::view::{Standing, View};

use operator::OperatorSide;

pub(crate) use index::Index;
pub(crate) use relevant::relevant;

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

/// Members, what they name, and the view they are judged from.
#[derive(Debug)]
pub(crate) struct Graph<'a, T> {
    view: &'a View,
    members: &'a [Member<T>],
    index: &'a Index,
    sides: Vec<Result<OperatorSide, Failure>>,
}

/// A member that speaks, or would but for its expiry.
struct Voice<'a, T> {
    verified: &'a Verified<T>,
    standing: Standing,
}

impl<'a, T: Statement> Graph<'a, T> {
    pub(crate) fn new(view: &'a View, members: &'a [Member<T>], index: &'a Index) -> Self {
        let mut graph = Self { view, members, index, sides: Vec::new() };
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
            Grant::Code { issuer, subject } => self.decide_code(target, issuer, subject),
            Grant::Nothing { what } => Err(vec![self.failure(target, ChainFault::NoRule { what }, 0)]),
        };
        match outcome {
            Ok(allow) => Decision::Allow(allow),
            Err(failures) => Decision::Deny(Deny::new(failures)),
        }
    }

    /// Returns the member as a voice: it has to be verified and to stand in time.
    fn voice(&self, index: usize) -> Result<Voice<'a, T>, Fault> {
        let Some(member) = self.members.get(index) else {
            return Err(ChainFault::NoRule { what: "missing" }.into());
        };
        let standing = self.view.standing(member.content());
        if let Standing::Absent(fault) = standing {
            return Err(fault.into());
        }
        match member {
            Member::Verified(verified) => Ok(Voice { verified, standing }),
            Member::Refused(refused) => Err(refused.fault().into()),
            // Only what no chain leads to is left unverified; if one did, this refuses it.
            Member::Pending(_) => Err(crate::error::SignatureFault::Invalid.into()),
        }
    }

    fn grant(&self, index: usize) -> Option<Grant<'a>> {
        self.members.get(index).map(|member| member.content().grant())
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
            Grant::Code { issuer, subject } => (issuer, subject),
            Grant::Nothing { .. } => return None,
        };
        Some(Link { id: member.id(), family: content.family(), issuer, subject, expires: content.validity().expires })
    }

    fn allow(&self, path: impl IntoIterator<Item = usize>, foundation: &Foundation) -> Allow {
        let chain = path.into_iter().filter_map(|index| self.link(index)).collect();
        Allow::new(chain, foundation)
    }
}

fn subject(grant: &Grant<'_>) -> Option<Nkey> {
    match grant {
        Grant::Operator { subject, .. } => Some(subject.nkey()),
        Grant::Account { subject, .. } => Some(subject.nkey()),
        Grant::Code { subject, .. } => Some(*subject),
        Grant::Nothing { .. } => None,
    }
}

/// Returns the signing keys that a token lists, sorted, each once.
fn listed<T: Statement>(content: &T) -> Vec<RawKey> {
    let mut keys: Vec<RawKey> = match content.grant() {
        Grant::Operator { signers, .. } => signers.iter().map(|key| *key.raw()).collect(),
        Grant::Account { signers, .. } => signers.iter().map(|key| *key.raw()).collect(),
        Grant::Code { .. } | Grant::Nothing { .. } => Vec::new(),
    };
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Keeps the keys that both sorted lists hold: of tokens of one age, only what all of them say.
fn common(a: &[RawKey], b: &[RawKey]) -> Vec<RawKey> {
    a.iter().filter(|key| b.binary_search(key).is_ok()).copied().collect()
}
