//! From a call to what may be executed, or a refusal.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use greatseal_core::decide::{Candidate, Decision, Link};
use greatseal_core::error::{ChainFault, DelegationFault, Quoted};
use greatseal_core::key::PublicKey;
use greatseal_core::limits::{CALL_TOKENS, CHAIN_BYTES};
use greatseal_core::statement::Aliases;
use greatseal_core::view::{Audience, Separation};
use greatseal_core::{Anchor, Command, Policy, StatementId, Timestamp, View};
use greatseal_token::ucan::container;
use greatseal_token::ucan::{Invocation, Ucan, Verifier, is_ucan};

use crate::record::{DecisionRecord, Recorder};
use crate::refusal::Refusal;
use crate::replay::ReplayStore;
use crate::revocations::{Found, Revocations};

/// What a service accepts: one anchor at least, one audience, and a way to know what was taken
/// back, what was executed before, and where decisions are taken down. Nothing of it has a default.
pub struct Gate {
    verifier: Mutex<Verifier>,
    view: View,
    revocations: Arc<dyn Revocations>,
    replay: Arc<dyn ReplayStore>,
    recorder: Arc<dyn Recorder>,
}

/// An invocation that may be executed, once.
#[derive(Clone, Debug)]
pub struct Allowed {
    invocation: Invocation,
    id: StatementId,
    chain: Vec<Link>,
}

impl Allowed {
    /// Returns what was invoked, with its arguments.
    #[must_use]
    pub const fn invocation(&self) -> &Invocation {
        &self.invocation
    }

    /// Returns the digest of its signed bytes.
    #[must_use]
    pub const fn id(&self) -> StatementId {
        self.id
    }

    /// Returns the chain that justifies it, root first, the invocation last.
    #[must_use]
    pub fn chain(&self) -> &[Link] {
        &self.chain
    }
}

impl Gate {
    /// Joins what decisions rest on. `identity` is whom invocations have to be addressed to: the
    /// service's stable DID, not its running key.
    #[must_use]
    pub fn new(
        roots: &[PublicKey],
        identity: PublicKey,
        revocations: Arc<dyn Revocations>,
        replay: Arc<dyn ReplayStore>,
        recorder: Arc<dyn Recorder>,
    ) -> Self {
        let anchors = roots.iter().copied().map(Anchor::Root).collect();
        let view = View::new(Policy::Strict, anchors, Timestamp::from_secs(0)).addressed_to(Audience::Key(identity));
        let verifier = Mutex::new(Verifier::new(NonZeroUsize::MIN));
        Self { verifier, view, revocations, replay, recorder }
    }

    /// Holds the chains of a root to its separation.
    #[must_use]
    pub fn mandating(mut self, separation: Separation) -> Self {
        self.view = self.view.mandating(separation);
        self
    }

    /// Decides about a call: a container with one invocation and its proofs, or an invocation
    /// alone. With a `command`, an invocation of any other is refused.
    ///
    /// What is allowed was entered among what was executed, and is on record, when this returns.
    ///
    /// # Errors
    /// [`Refusal`], and then nothing may be executed.
    pub fn admit(&self, call: &[u8], command: Option<&Command>, now: Timestamp) -> Result<Allowed, Refusal> {
        let tokens = if is_ucan(call) { vec![call.to_vec()] } else { container::read(call)? };
        self.admit_tokens(&tokens, command, now)
    }

    /// Decides about a call whose tokens came apart, in any order.
    ///
    /// # Errors
    /// As for [`Self::admit`].
    pub fn admit_tokens<T: AsRef<[u8]>>(
        &self,
        tokens: &[T],
        command: Option<&Command>,
        now: Timestamp,
    ) -> Result<Allowed, Refusal> {
        bounded(tokens)?;
        let (target, others) = self.read(tokens)?;
        let Some(invocation) = target.content().invocation().cloned() else {
            return Err(Refusal::Invocations { found: 0 });
        };
        if let Some(wanted) = command
            && invocation.command() != wanted
        {
            return Err(Refusal::Command { found: invocation.command().clone(), wanted: wanted.clone() });
        }
        let expires = invocation.expires().ok_or(DelegationFault::Unbounded)?;
        let id = target.id();
        let chain = self.judge(target, others, &invocation, now)?;
        // Last, so that nobody without authority can fill the memory.
        self.replay.enter(id, expires, now)?;
        let allowed = Allowed { invocation, id, chain };
        self.record(&allowed, now)?;
        Ok(allowed)
    }

    /// Reads the tokens: the one invocation, and the others.
    fn read<T: AsRef<[u8]>>(&self, tokens: &[T]) -> Result<(Candidate<Ucan>, Vec<Candidate<Ucan>>), Refusal> {
        let mut verifier = self.verifier.lock().unwrap_or_else(PoisonError::into_inner);
        let read = tokens.iter().map(|token| verifier.read(token.as_ref()));
        let candidates = read.collect::<Result<Vec<_>, _>>()?;
        let (mut invocations, others): (Vec<_>, Vec<_>) =
            candidates.into_iter().partition(|it| it.content().invocation().is_some());
        let found = invocations.len();
        match invocations.pop() {
            Some(target) if found == 1 => Ok((target, others)),
            Some(_) | None => Err(Refusal::Invocations { found }),
        }
    }

    fn judge(
        &self,
        target: Candidate<Ucan>,
        others: Vec<Candidate<Ucan>>,
        invocation: &Invocation,
        now: Timestamp,
    ) -> Result<Vec<Link>, Refusal> {
        // Only what the invocation names can bear on it.
        let named = |aliases: Option<Aliases>| aliases.is_some_and(|it| invocation.proofs().contains(&it.cid));
        let proofs: Vec<Candidate<Ucan>> = others.into_iter().filter(|it| named(it.content().aliases())).collect();
        let members = core::iter::once(&target).chain(&proofs).map(Candidate::content);
        let found = Found::about(&*self.revocations, members, now)?;
        let mut verifier = self.verifier.lock().unwrap_or_else(PoisonError::into_inner);
        let supply = found.beside(proofs, &mut verifier)?;
        match verifier.judge(vec![target], supply, &self.view.at(now)).into_decision() {
            Decision::Allow(allow) => Ok(allow.chain().to_vec()),
            Decision::Deny(deny) => Err(Refusal::Denied(deny.closest().fault.clone())),
        }
    }

    fn record(&self, allowed: &Allowed, now: Timestamp) -> Result<(), Refusal> {
        let invocation = &allowed.invocation;
        let unrecorded = |why: &str| Refusal::Unrecorded { why: Quoted::sentence(why) };
        let cid = invocation.aliases().ok_or_else(|| unrecorded("the invocation has no name"))?.cid;
        let record = DecisionRecord {
            decided: now,
            id: allowed.id,
            cid,
            command: invocation.command(),
            subject: invocation.subject(),
            audience: invocation.audience(),
            args: invocation.args().encoded(),
            chain: &allowed.chain,
        };
        self.recorder.record(&record).map_err(|error| unrecorded(&error.to_string()))
    }
}

/// Refuses more than any chain is, before anything of it is read: a small compressed container can
/// hold very much.
fn bounded<T: AsRef<[u8]>>(tokens: &[T]) -> Result<(), Refusal> {
    let (found, limit) = (tokens.len(), CALL_TOKENS);
    if found > limit {
        return Err(DelegationFault::TooLong { found, limit }.into());
    }
    let (found, limit) = (tokens.iter().map(|token| token.as_ref().len()).sum(), CHAIN_BYTES);
    if found > limit {
        return Err(Refusal::Denied(ChainFault::TooLarge { found, limit }.into()));
    }
    Ok(())
}
