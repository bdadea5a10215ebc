//! The calls that have to go through, before and after.

use std::num::NonZeroUsize;
use std::rc::Rc;

use greatseal_core::key::PublicKey;
use greatseal_core::route::Wanted;
use greatseal_core::{Cid, Code, Decision, View};
use greatseal_token::ucan::Verifier;

use super::Judged;
use super::graph::Graph;
use super::issue::{Asked, Token, args};
use super::world::World;

/// One call: the invocation, and what it rests on.
#[derive(Clone)]
pub(super) struct Call {
    caller: usize,
    callee: usize,
    invocation: Rc<[u8]>,
    proofs: Vec<(Cid, Rc<[u8]>)>,
}

/// Whoever is called: each with a verifier of its own, which remembers what it has verified.
pub(super) struct Callees {
    verifiers: Vec<Verifier>,
    /// How many decisions were taken.
    pub(super) decisions: u64,
}

impl Callees {
    pub(super) fn new(services: usize) -> Self {
        Self { verifiers: (0..services).map(|_| Verifier::new(NonZeroUsize::MIN)).collect(), decisions: 0 }
    }

    /// Judges a call as the service does that gets it.
    pub(super) fn judge<'a>(
        &mut self,
        service: usize,
        view: &View,
        invocation: &[u8],
        proofs: impl IntoIterator<Item = &'a [u8]>,
        revocations: &'a [Rc<[u8]>],
    ) -> Result<(), Code> {
        self.decisions += 1;
        let verifier = &mut self.verifiers[service];
        let proofs = proofs.into_iter().chain(revocations.iter().map(|it| &**it));
        let with: Vec<_> = proofs.map(|bytes| verifier.read(bytes).expect("it is a UCAN")).collect();
        let target = verifier.read(invocation).expect("it is a UCAN");
        match verifier.judge(vec![target], with, view).into_decision() {
            Decision::Allow(_) => Ok(()),
            Decision::Deny(deny) => Err(deny.closest().fault.code()),
        }
    }
}

/// Makes the call that a service makes with what it has been told.
pub(super) fn make(world: &World, caller: usize, callee: usize) -> Call {
    let service = &world.services[caller];
    let known = service.book.get(&callee).copied().unwrap_or(world.services[callee].identity.public);
    let subject = subject(world, known);
    let command = world.command(callee);
    let wanted = Wanted { holder: service.production.public, subject, command: &command };
    let proofs: Vec<&Token> = world.proofs(&world.near(wanted.holder, false), &wanted).unwrap_or_default();
    let asked = Asked { subject, audience: known, command, args: args(callee) };
    let invocation = service.production.invoke(asked, &proofs);
    let proofs = proofs.into_iter().map(|token| (token.cid(), Rc::clone(&token.bytes))).collect();
    Call { caller, callee, invocation, proofs }
}

/// Returns whose capability it is to be called by that name.
pub(super) fn subject(world: &World, callee: PublicKey) -> PublicKey {
    match world.arrangement {
        super::Arrangement::Direct => callee,
        super::Arrangement::Stable | super::Arrangement::StablePerCallee => world.root.public,
    }
}

impl Call {
    /// Says whether the caller or anything it rests on has changed.
    fn is_stale(&self, before: &World, after: &World) -> bool {
        let changed = |service: usize| after.services[service].differs(&before.services[service]);
        changed(self.caller) || changed(self.callee) || self.proofs.iter().any(|(cid, _)| after.revoked.contains(cid))
    }

    pub(super) fn judged(&self, world: &World, callees: &mut Callees) -> Result<(), Code> {
        let proofs = self.proofs.iter().map(|(_, bytes)| &**bytes);
        callees.judge(self.callee, &world.view(self.callee), &self.invocation, proofs, &world.revocations)
    }
}

/// Makes every call of the graph, and has it judged.
///
/// # Panics
/// When one is refused, or when a service may call another that it has no business with.
pub(super) fn all(world: &World, graph: &Graph, callees: &mut Callees) -> Vec<Call> {
    let calls: Vec<Call> = graph.calls().map(|(caller, callee)| make(world, caller, callee)).collect();
    for call in &calls {
        assert_eq!(call.judged(world, callees), Ok(()), "service {} calls {}", call.caller, call.callee);
    }
    for caller in 0..graph.services() {
        if let Some(stranger) = graph.stranger(caller) {
            let call = make(world, caller, stranger);
            assert!(call.judged(world, callees).is_err(), "service {caller} calls {stranger}, which it may not");
        }
    }
    calls
}

/// Has calls judged in another world; those that something has changed for are made anew, and the
/// others are judged where `judged` says so.
///
/// # Panics
/// When one is refused.
pub(super) fn again(calls: &[Call], before: &World, after: &World, judged: Judged, callees: &mut Callees) {
    for call in calls {
        let made = call.is_stale(before, after).then(|| make(after, call.caller, call.callee));
        if made.is_none() && judged == Judged::Changed {
            continue;
        }
        let call = made.as_ref().unwrap_or(call);
        assert_eq!(call.judged(after, callees), Ok(()), "service {} calls {}", call.caller, call.callee);
    }
}
