//! Chains of UCANs: who was given what by whom, and who took it back.
//!
//! The order of `docs/formats/ucan.md`, cheap checks first: whom it is addressed to, its own times,
//! its proofs, the walk from the root, the anchor and its separation, everybody's times; then
//! revocations and signatures, which have been verified in one batch; then policies.

use super::index::{Index, Names};
use super::{Graph, Member};
use crate::anchor::Anchor;
use crate::cid::Cid;
use crate::decide::{Allow, Capability, Failure, Foundation, Link};
use crate::deed::Target;
use crate::error::{ChainFault, DelegationFault, Fault};
use crate::key::{PublicKey, RawKey, Spelled};
use crate::limits::CHAIN_LINKS;
use crate::route::{Wanted, route, upstream};
use crate::statement::{Aliases, Delegating, Grant, Invoking, Statement};
use crate::steps::Steps;
use crate::view::{Audience, Separation, View};

/// A chain whose structure is sound: positions of members, root first, the one asked about last.
struct Path {
    members: Vec<usize>,
    /// Whose capability it is.
    subject: PublicKey,
}

/// What is wrong, and with which member.
type Broken = (usize, Fault);

/// Lists the members that a decision about a UCAN can turn on; none where no signature can help.
pub(super) fn relevant<T: Statement>(view: &View, index: &Index, members: &[Member<T>], target: usize) -> Vec<usize> {
    let Some(member) = members.get(target) else { return Vec::new() };
    let grant = member.content().grant();
    let mut chain = match (grant.invocation(), grant.delegation()) {
        (Some(it), _) => match walk(view, index, members, target, &it) {
            Ok(path) => path.members,
            Err(_) => return Vec::new(),
        },
        (None, Some(it)) => {
            let mut all = upstream(&delegations(members, target, |_| true), it.issuer);
            all.push(target);
            all
        }
        (None, None) => return Vec::new(),
    };
    // A stranger's revocation is never verified, however many come.
    let issuers: Vec<PublicKey> =
        chain.iter().filter_map(|at| members.get(*at)).map(|member| member.content().signer()).collect();
    let by_issuer = |at: &usize| members.get(*at).is_some_and(|it| issuers.contains(&it.content().signer()));
    let taken_back: Vec<usize> = chain
        .iter()
        .filter_map(|at| named(members.get(*at)?.content().grant()))
        .flat_map(|(aliases, _)| revocations(index, &aliases))
        .filter(by_issuer)
        .collect();
    chain.extend(taken_back);
    chain
}

/// Finds the members that take back a statement under any of its names.
fn revocations<'i>(index: &'i Index, aliases: &Aliases) -> impl Iterator<Item = usize> + use<'i> {
    let find = move |cid: Cid| index.find(Names::Revokes, &RawKey::new(*cid.digest()));
    find(aliases.cid).chain(aliases.twin.into_iter().flat_map(find))
}

/// Returns the names of a UCAN, and to whom it is.
fn named(grant: Grant<'_>) -> Option<(Aliases, PublicKey)> {
    let delegation = || grant.delegation().and_then(|it| Some((it.aliases?, it.audience)));
    grant.invocation().and_then(|it| Some((it.aliases?, it.audience))).or_else(delegation)
}

/// Lists the delegations among members, but for one.
fn delegations<T: Statement>(
    members: &[Member<T>],
    except: usize,
    keep: impl Fn(usize) -> bool,
) -> Vec<(usize, Delegating<'_>)> {
    let all = members.iter().enumerate().filter(|(at, _)| *at != except);
    let some = all.filter_map(|(at, member)| Some((at, member.content().grant().delegation()?)));
    some.filter(|(at, _)| keep(*at)).collect()
}

/// Walks an invocation's proofs from the root, believing nobody's signature yet.
fn walk<T: Statement>(
    view: &View,
    index: &Index,
    members: &[Member<T>],
    target: usize,
    invocation: &Invoking<'_>,
) -> Result<Path, Broken> {
    let here = |fault: DelegationFault| (target, Fault::from(fault));
    addressed(view, invocation.audience).map_err(here)?;
    timely(view, members, target)?;
    let found = invocation.proofs.len();
    if found > CHAIN_LINKS {
        return Err(here(DelegationFault::TooLong { found, limit: CHAIN_LINKS }));
    }
    let mut path = Vec::with_capacity(found + 1);
    for cid in invocation.proofs {
        let proof = index.find(Names::Cid, &RawKey::new(*cid.digest())).next();
        path.push(proof.ok_or_else(|| here(DelegationFault::ProofMissing { cid: *cid }))?);
    }
    descend(members, &path, target, invocation)?;
    path.push(target);
    let path = Path { members: path, subject: invocation.subject };
    judge(view, members, &path)?;
    Ok(path)
}

/// Checks that a UCAN is addressed to whom it has to be.
fn addressed(view: &View, found: PublicKey) -> Result<(), DelegationFault> {
    match view.audience() {
        Audience::Unset => Err(DelegationFault::AudienceUnset),
        Audience::Unchecked => Ok(()),
        Audience::Key(wanted) if wanted == found => Ok(()),
        Audience::Key(wanted) => Err(DelegationFault::Audience { found, wanted }),
    }
}

/// Checks that each token of a chain follows from the one before.
fn descend<T: Statement>(
    members: &[Member<T>],
    proofs: &[usize],
    target: usize,
    invocation: &Invoking<'_>,
) -> Result<(), Broken> {
    let mut above: Option<Delegating<'_>> = None;
    for (cid, at) in invocation.proofs.iter().zip(proofs) {
        let Some(it) = members.get(*at).and_then(|member| member.content().grant().delegation()) else {
            return Err((*at, DelegationFault::ProofKind { cid: *cid }.into()));
        };
        follows(above.as_ref(), &it, invocation.subject).map_err(|fault| (*at, fault.into()))?;
        above = Some(it);
    }
    let broken = |fault: DelegationFault| (target, Fault::from(fault));
    match above {
        None if invocation.issuer == invocation.subject => Ok(()),
        None => {
            let Invoking { issuer, subject, .. } = *invocation;
            Err(broken(DelegationFault::NoProof { issuer, subject }))
        }
        Some(last) if last.audience != invocation.issuer => {
            Err(broken(DelegationFault::Alignment { found: invocation.issuer, wanted: last.audience }))
        }
        Some(last) if !last.command.covers(invocation.command) => {
            Err(broken(DelegationFault::Command { found: invocation.command.clone(), above: last.command.clone() }))
        }
        Some(_) => Ok(()),
    }
}

/// Checks one delegation against the one above it, or as the first.
fn follows(above: Option<&Delegating<'_>>, it: &Delegating<'_>, subject: PublicKey) -> Result<(), DelegationFault> {
    match above {
        None => match it.subject {
            None => return Err(DelegationFault::PowerlineRoot),
            Some(own) if own != it.issuer => {
                return Err(DelegationFault::Root { issuer: it.issuer, subject: own });
            }
            Some(_) => {}
        },
        Some(above) if above.audience != it.issuer => {
            return Err(DelegationFault::Alignment { found: it.issuer, wanted: above.audience });
        }
        Some(above) if !above.command.covers(it.command) => {
            return Err(DelegationFault::Command { found: it.command.clone(), above: above.command.clone() });
        }
        Some(_) => {}
    }
    match it.subject {
        Some(found) if found != subject => Err(DelegationFault::Subject { found, wanted: subject }),
        Some(_) | None => Ok(()),
    }
}

/// Checks the root, its separation, and everybody's times.
fn judge<T: Statement>(view: &View, members: &[Member<T>], path: &Path) -> Result<(), Broken> {
    let root = path.subject;
    let first = path.members.first().copied().unwrap_or_default();
    anchored(view, root).map_err(|fault| (first, fault.into()))?;
    for separation in view.separations(root) {
        for (depth, at) in path.members.iter().enumerate() {
            let Some(content) = members.get(*at).map(Member::content) else { continue };
            let grant = content.grant();
            let lasts = content.validity().expires.is_none();
            let delegated = grant.delegation().and_then(|it| divided(&it, depth, lasts, separation));
            // What takes something back needs no delegation.
            let alone = grant.invocation().filter(|it| depth == 0 && it.revokes.is_none());
            let fault = delegated.or(alone.map(|_| DelegationFault::SeparationRoot { root }));
            if let Some(fault) = fault {
                return Err((*at, fault.into()));
            }
        }
    }
    path.members.iter().try_for_each(|at| timely(view, members, *at))
}

/// Says how a delegation breaks the separation of its root.
fn divided(it: &Delegating<'_>, depth: usize, lasts: bool, separation: &Separation) -> Option<DelegationFault> {
    let Delegating { issuer, audience, .. } = *it;
    if it.subject.is_none() {
        return Some(DelegationFault::SeparationSubject { issuer, audience });
    }
    if depth == 0 {
        let listed = separation.signing.contains(&audience);
        return (!listed).then_some(DelegationFault::SeparationAudience { found: audience });
    }
    lasts.then_some(DelegationFault::SeparationExpiry { issuer, audience })
}

/// Lists what is left to look for another way in, after one that broke at a member; the last is to be tried first.
fn others<'a>(hand: &[(usize, Delegating<'a>)], at: usize, fault: &Fault) -> Vec<Vec<(usize, Delegating<'a>)>> {
    let without = |leave: &dyn Fn(&(usize, Delegating<'a>)) -> bool| {
        let left: Vec<_> = hand.iter().filter(|it| !leave(it)).copied().collect();
        (left.len() < hand.len()).then_some(left)
    };
    // Who took it back may do so in the chains that lead through him, and in no others.
    let past_revoker = if let Fault::Delegation(DelegationFault::Revoked { by, .. }) = fault {
        without(&|(_, it)| it.issuer == *by)
    } else {
        None
    };
    past_revoker.into_iter().chain(without(&|(position, _)| *position == at)).collect()
}

fn anchored(view: &View, root: PublicKey) -> Result<Anchor, DelegationFault> {
    // A root that is named is better than whoever it is.
    let is_root = |anchor: &&Anchor| anchor.root() == Some(root);
    let anchors = view.anchors();
    let found = anchors.iter().find(is_root).or_else(|| anchors.iter().find(|anchor| **anchor == Anchor::Subject));
    found.copied().ok_or(DelegationFault::Untrusted { root })
}

fn timely<T: Statement>(view: &View, members: &[Member<T>], at: usize) -> Result<(), Broken> {
    let fault = members.get(at).and_then(|member| view.standing(member.content()).fault());
    fault.map_or(Ok(()), |fault| Err((at, fault.into())))
}

impl<T: Statement> Graph<'_, T> {
    /// Decides about an invocation.
    pub(super) fn decide_invocation(&self, target: usize, invocation: &Invoking<'_>) -> Result<Allow, Vec<Failure>> {
        let allow = || {
            let path = walk(self.view, self.index, self.members, target, invocation)?;
            self.living(&path)?;
            self.permitted(&path, target)?;
            self.conclude(&path)
        };
        allow().map_err(|(at, fault)| vec![self.failure(at, self.explained(fault), 1)])
    }

    /// Says of a proof that is missing why, where its bytes were at hand.
    fn explained(&self, fault: Fault) -> Fault {
        if let Fault::Delegation(DelegationFault::ProofMissing { cid }) = &fault
            && let Some(malformed) = self.malformed.get(cid)
        {
            return DelegationFault::ProofMalformed { cid: *cid, fault: Box::new(malformed.clone()) }.into();
        }
        fault
    }

    /// Decides about a delegation: whether whoever issued it holds what it passes on.
    pub(super) fn decide_delegation(&self, target: usize, it: &Delegating<'_>) -> Result<Allow, Vec<Failure>> {
        let allow = || {
            addressed(self.view, it.audience).map_err(|fault| (target, fault.into()))?;
            timely(self.view, self.members, target)?;
            self.current(target).map_err(|fault| (target, fault))?;
            let subjects: Vec<PublicKey> = match it.subject {
                Some(subject) => vec![subject],
                None => self.view.anchors().iter().filter_map(Anchor::root).collect(),
            };
            let speaks = |at: usize| self.current(at).is_ok();
            let held = delegations(self.members, target, speaks);
            let mut closest: Option<Broken> = None;
            for subject in &subjects {
                let wanted = Wanted { holder: it.issuer, subject: *subject, command: it.command };
                let mut hands = vec![held.clone()];
                for _ in 0..CHAIN_LINKS {
                    let Some(hand) = hands.pop() else { break };
                    match self.lead(&hand, target, &wanted) {
                        None => {}
                        Some(Ok(allow)) => return Ok(allow),
                        Some(Err((at, fault))) => {
                            hands.extend(others(&hand, at, &fault));
                            closest = Some((at, fault));
                        }
                    }
                }
            }
            // What does not speak leads nowhere, and tells better than nothing why.
            if closest.is_none() {
                let silent = delegations(self.members, target, |_| true);
                let wanted = |subject| Wanted { holder: it.issuer, subject, command: it.command };
                closest = subjects.iter().find_map(|subject| self.lead(&silent, target, &wanted(*subject))?.err());
            }
            Err(closest.unwrap_or_else(|| (target, self.unheld(it))))
        };
        allow().map_err(|(at, fault)| vec![self.failure(at, fault, 1)])
    }

    /// Judges the shortest way from a root to a delegation, if these lead to it.
    fn lead(
        &self,
        hand: &[(usize, Delegating<'_>)],
        target: usize,
        wanted: &Wanted<'_>,
    ) -> Option<Result<Allow, Broken>> {
        let mut members = route(hand, wanted)?;
        members.push(target);
        let path = Path { members, subject: wanted.subject };
        let sound = judge(self.view, self.members, &path).and_then(|()| self.living(&path));
        Some(sound.and_then(|()| self.conclude(&path)))
    }

    /// Says why nothing at hand gives the issuer of a delegation what it passes on.
    fn unheld(&self, it: &Delegating<'_>) -> Fault {
        match it.subject {
            None => DelegationFault::PowerlineRoot.into(),
            Some(subject) => match anchored(self.view, subject) {
                Err(fault) => fault.into(),
                Ok(_) => DelegationFault::NoProof { issuer: it.issuer, subject }.into(),
            },
        }
    }

    /// Checks that every token of a chain is signed, and that nobody who may took one back.
    fn living(&self, path: &Path) -> Result<(), Broken> {
        let mut above: Vec<PublicKey> = Vec::with_capacity(path.members.len());
        for at in &path.members {
            self.current(*at).map_err(|fault| (*at, fault))?;
            let Some(member) = self.members.get(*at) else { continue };
            let issuer = member.content().signer();
            above.push(issuer);
            let Some((names, audience)) = named(member.content().grant()) else { continue };
            let revoked = |by| (*at, DelegationFault::Revoked { issuer, audience, by }.into());
            if let Some(by) = self.revoked(&names, &above) {
                return Err(revoked(by));
            }
            if let Some(by) = self.undone(*at, issuer, audience, &above) {
                return Err(revoked(by));
            }
        }
        Ok(())
    }

    /// Finds who took a statement back by an invocation of `/ucan/revoke`: the issuer of a token at
    /// or above it. It counts whatever the hour: what was taken back once stays so.
    fn revoked(&self, names: &Aliases, above: &[PublicKey]) -> Option<PublicKey> {
        revocations(self.index, names).find_map(|at| {
            let (verified, _) = self.verified(at).ok()?;
            let by = verified.content().signer();
            let counts = above.contains(&by);
            if counts {
                self.effective.borrow_mut().insert(at);
            }
            counts.then_some(by)
        })
    }

    /// Says whether a UCAN took something back from a chain that was looked at.
    pub(super) fn took_effect(&self, at: usize) -> bool {
        self.effective.borrow().contains(&at)
    }

    /// Finds who took a statement back by a deed: a key's own revocation of all that it signed, or
    /// one by the issuer of a token at or above it.
    fn undone(&self, at: usize, issuer: PublicKey, audience: PublicKey, above: &[PublicKey]) -> Option<PublicKey> {
        let (id, place) = (self.id(at), self.place(at));
        let hits = |target: &Target| match target {
            Target::Statement(named) => *named == id,
            Target::Edge { issuer: by, subject: to } => *by == issuer && *to == audience,
            Target::Key(key) => *key == issuer,
        };
        above.iter().copied().find(|by| {
            let revocations = by.ed25519().map(|raw| self.deeds.revocations(raw)).unwrap_or_default();
            let first = revocations
                .iter()
                .find(|it| hits(&it.revocation.target) && !self.proven.spares(it.revocation, id, place));
            if let (Some(first), Some(raw)) = (first, by.ed25519()) {
                self.deeds.heed(raw, first);
            }
            first.is_some()
        })
    }

    /// Checks what an invocation asks for by the policies of every delegation above it.
    fn permitted(&self, path: &Path, target: usize) -> Result<(), Broken> {
        let Some(asked) = self.members.get(target).map(Member::content) else { return Ok(()) };
        let mut steps = Steps::default();
        for at in path.members.iter().filter(|at| **at != target) {
            let Some(member) = self.members.get(*at) else { continue };
            let permitted = member.content().permits(asked, &mut steps);
            permitted.map_err(|fault| (*at, DelegationFault::from(fault).into()))?;
        }
        Ok(())
    }

    fn conclude(&self, path: &Path) -> Result<Allow, Broken> {
        let last = path.members.last().copied().unwrap_or_default();
        let anchor = anchored(self.view, path.subject).map_err(|fault| (last, fault.into()))?;
        let chain: Vec<Link> = path.members.iter().filter_map(|at| self.capability(*at, path.subject)).collect();
        if chain.is_empty() {
            return Err((last, ChainFault::NoRule { what: "missing" }.into()));
        }
        Ok(Allow::new(chain, &Foundation { anchored: anchor.anchored(), notices: Vec::new() }))
    }

    /// Describes a token of a chain about a subject.
    fn capability(&self, at: usize, subject: PublicKey) -> Option<Link> {
        let member = self.members.get(at)?;
        let content = member.content();
        let grant = content.grant();
        let (aliases, audience) = named(grant)?;
        let command = grant.delegation().map(|it| it.command).or(grant.invocation().map(|it| it.command))?;
        Some(Link {
            id: member.id(),
            family: content.family(),
            issuer: Spelled::Did(content.signer()),
            subject: Spelled::Did(subject),
            expires: content.expires(),
            capability: Some(Capability {
                cid: aliases.cid,
                audience,
                command: command.clone(),
                invoked: grant.invocation().is_some(),
            }),
        })
    }
}
