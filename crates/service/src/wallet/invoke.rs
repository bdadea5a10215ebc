//! From what a service wants done to a call that whoever executes it accepts.

use core::cmp::Reverse;

use greatseal_core::decide::{Candidate, Decision};
use greatseal_core::key::PublicKey;
use greatseal_core::route::{Wanted, route};
use greatseal_core::statement::Delegating;
use greatseal_core::view::Audience;
use greatseal_core::{Anchor, Cid, Command, Fault, Policy, Statement, StatementId, Timestamp, Verified, View};
use greatseal_custody::RunningKey;
use greatseal_token::ucan::cbor::MapBuf;
use greatseal_token::ucan::container::{self, Encoding};
use greatseal_token::ucan::{Invocation, Ucan, encode};

use super::{State, Wallet, finish, nonce};
use crate::fault::ServiceFault;
use crate::revocations::Found;

/// What a service wants done.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is invoked.
    pub command: Command,
    /// Whose capability it is: in a realm, its root.
    pub subject: PublicKey,
    /// Who is to execute it: the identity of a service.
    pub audience: PublicKey,
    /// The arguments.
    pub args: MapBuf,
    /// Seconds for which the invocation speaks; it has to be remembered for as long.
    pub lifetime_seconds: u64,
}

/// An invocation with its proofs, ready to be sent.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The bytes of the invocation.
    pub invocation: Vec<u8>,
    /// The bytes of its proofs, root first.
    pub proofs: Vec<Vec<u8>>,
    /// All of it as one container in base64url, for `Authorization: Bearer`.
    pub container: String,
    /// The running key that signed.
    pub key: PublicKey,
    /// The last second in which it speaks.
    pub expires: Timestamp,
}

/// A way from the subject down to a running key, root first.
struct Way<'a> {
    chain: Vec<&'a Verified<Ucan>>,
    expires: Timestamp,
}

impl Wallet {
    /// Finds the proofs, makes the invocation, and signs it with a running key, the newest that can.
    ///
    /// Of chains that fit, one that lasts for the whole lifetime is taken; where none does, the
    /// invocation ends with its chain. What comes back was judged with the function that whoever
    /// executes it uses, policies and revocations included.
    ///
    /// # Errors
    /// [`ServiceFault::Waiting`] and [`ServiceFault::NoRoute`], which say what is missing and what
    /// to type; [`ServiceFault::Refused`] when it would not be accepted.
    pub fn invoke(&self, call: &Call, now: Timestamp) -> Result<Envelope, ServiceFault> {
        let mut state = self.state();
        let tended = self.tend_within(&mut state, now);
        let State { verifier, delegations, ring, .. } = &mut *state;
        let until = now.plus(call.lifetime_seconds);
        let mut left: Vec<&Verified<Ucan>> = delegations.iter().collect();
        // Of equal lengths the first is taken: what lasts longest.
        left.sort_by_key(|it| Reverse(Ucan::expires(it.content()).map_or(u64::MAX, Timestamp::as_secs)));
        let mut closest = None;
        // Each round leaves out what was refused.
        for _ in 0..=delegations.len() {
            let Some((key, way)) = find(&left, ring.usable(), call, until, now) else { break };
            let (invocation, candidate) = sign(call, key, &way, now)?;
            let proofs = way.chain.iter().map(|it| Candidate::Verified((*it).clone())).collect();
            match self.judge(verifier, candidate, proofs, call.audience, now) {
                Ok(()) => return pack(invocation, &way, key),
                Err((fault, statement)) => {
                    let before = left.len();
                    left.retain(|it| Some(it.id()) != statement);
                    closest = Some(fault);
                    if left.len() == before {
                        break;
                    }
                }
            }
        }
        if let Some(fault) = closest {
            return Err(ServiceFault::Refused(fault));
        }
        // Why nothing is there may be that nothing could be read.
        tended?;
        Err(self.missing(call, ring.usable().next().is_some(), until))
    }

    fn judge(
        &self,
        verifier: &mut greatseal_token::ucan::Verifier,
        target: Candidate<Ucan>,
        with: Vec<Candidate<Ucan>>,
        audience: PublicKey,
        now: Timestamp,
    ) -> Result<(), (Fault, Option<StatementId>)> {
        let all = core::iter::once(&target).chain(&with).map(Candidate::content);
        let found = Found::about(&*self.revocations, all, now).map_err(|fault| (fault.into(), None))?;
        let supply = found.beside(with, verifier).map_err(|fault| (fault.into(), None))?;
        let view = View::new(Policy::Strict, vec![Anchor::Subject], now).addressed_to(Audience::Key(audience));
        match verifier.judge(vec![target], supply, &view).into_decision() {
            Decision::Allow(_) => Ok(()),
            Decision::Deny(deny) => Err((deny.closest().fault.clone(), deny.closest().statement)),
        }
    }

    fn missing(&self, call: &Call, has_key: bool, until: Timestamp) -> ServiceFault {
        let (service, identity) = (self.service.clone(), self.identity);
        let (folder, request) = (self.path.clone(), self.request_path());
        if has_key {
            let (command, subject) = (call.command.clone(), call.subject);
            ServiceFault::NoRoute { service, identity, command, subject, until, folder, request }
        } else {
            ServiceFault::Waiting { service, identity, request, folder }
        }
    }
}

/// Finds a way that lasts, of any key, and failing that the one that lasts longest.
fn find<'a, 'k>(
    delegations: &[&'a Verified<Ucan>],
    keys: impl Iterator<Item = &'k RunningKey>,
    call: &Call,
    until: Timestamp,
    now: Timestamp,
) -> Option<(&'k RunningKey, Way<'a>)> {
    let mut best: Option<(&RunningKey, Way<'a>)> = None;
    for key in keys {
        for least in [until, now] {
            let Some(way) = way(delegations, key.public_key(), call, least, until, now) else { continue };
            if way.expires == until {
                return Some((key, way));
            }
            if best.as_ref().is_none_or(|(_, other)| other.expires < way.expires) {
                best = Some((key, way));
            }
        }
    }
    best
}

/// Finds the way to one key over delegations that all speak now and still do at `least`.
fn way<'a>(
    delegations: &[&'a Verified<Ucan>],
    holder: PublicKey,
    call: &Call,
    least: Timestamp,
    until: Timestamp,
    now: Timestamp,
) -> Option<Way<'a>> {
    let view = View::new(Policy::Strict, Vec::new(), now);
    let lasts = |content: &Ucan| Ucan::expires(content).is_none_or(|expires| expires >= least);
    let usable: Vec<(usize, Delegating<'_>)> = delegations
        .iter()
        .enumerate()
        .filter(|(_, it)| view.standing(it.content()).fault().is_none() && lasts(it.content()))
        .filter_map(|(at, it)| Some((at, it.content().grant().delegation()?)))
        .collect();
    let wanted = Wanted { holder, subject: call.subject, command: &call.command };
    let chain: Vec<&'a Verified<Ucan>> =
        route(&usable, &wanted)?.into_iter().filter_map(|at| delegations.get(at).copied()).collect();
    let ends = chain.iter().filter_map(|it| Ucan::expires(it.content())).min();
    Some(Way { chain, expires: ends.map_or(until, |end| end.min(until)) })
}

fn sign(
    call: &Call,
    key: &RunningKey,
    way: &Way<'_>,
    now: Timestamp,
) -> Result<(Vec<u8>, Candidate<Ucan>), ServiceFault> {
    let proofs: Vec<Cid> = way.chain.iter().filter_map(|it| it.content().aliases()).map(|it| it.cid).collect();
    let invocation = Invocation::new(
        key.public_key(),
        call.subject,
        call.command.clone(),
        call.args.clone(),
        &proofs,
        &nonce()?,
        Some(way.expires),
    );
    let invocation = invocation.to(call.audience).made_at(now);
    finish(encode(&Ucan::from(invocation))?, key, now)
}

fn pack(invocation: Vec<u8>, way: &Way<'_>, key: &RunningKey) -> Result<Envelope, ServiceFault> {
    let proofs: Vec<Vec<u8>> = way.chain.iter().map(|it| it.received().to_vec()).collect();
    let tokens: Vec<&[u8]> = proofs.iter().chain([&invocation]).map(Vec::as_slice).collect();
    let container = container::write(&tokens, Encoding::Base64Url)?;
    // Base64url and its letter are ASCII.
    let container = String::from_utf8_lossy(&container).into_owned();
    Ok(Envelope { invocation, proofs, container, key: key.public_key(), expires: way.expires })
}
