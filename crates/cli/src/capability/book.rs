//! Every delegation of a realm, and how each stands.
//!
//! Nothing is judged here: each answer is a decision of core, from a view of the instant asked about.

use core::num::NonZeroUsize;
use std::collections::BTreeSet;
use std::path::PathBuf;

use greatseal_core::decide::{Allow, Candidate, Failure, Memory};
use greatseal_core::deed::{Act, Deed, Target};
use greatseal_core::error::{DelegationFault, TimeFault};
use greatseal_core::key::PublicKey;
use greatseal_core::statement::{Aliases, Delegating, Statement};
use greatseal_core::supply::Supply;
use greatseal_core::time::Validity;
use greatseal_core::verify::verify;
use greatseal_core::view::{Audience, Separation};
use greatseal_core::{
    Anchor, Cid, Code, Command, Decision, Decoded, Examination, Fault, Policy, Timestamp, Verified, View,
};

use super::codec::{self, Ucan};
use crate::clock;
use crate::problem::Problem;
use crate::realm::{Name, Realm};
use crate::text;

/// One delegation in a realm's folder.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: Name,
    pub(crate) path: PathBuf,
    pub(crate) cid: Cid,
    pub(crate) issuer: PublicKey,
    pub(crate) audience: PublicKey,
    /// Whose capability it is; whatever its issuer was given, if absent.
    pub(crate) subject: Option<PublicKey>,
    pub(crate) command: Command,
    candidate: Candidate<Ucan>,
}

/// How a delegation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// It holds now.
    Current,
    /// It will hold.
    Future,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
    /// Whoever issued it does not hold what it passes on, or separation is not kept.
    Unheld,
    /// Its signature is not good.
    Invalid,
}

impl State {
    /// Returns the word that programs see, too.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Future => "future",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Unheld => "unheld",
            Self::Invalid => "invalid",
        }
    }

    /// Says whether it holds, or will.
    pub(crate) const fn lives(self) -> bool {
        match self {
            Self::Current | Self::Future => true,
            Self::Expired | Self::Revoked | Self::Unheld | Self::Invalid => false,
        }
    }
}

impl Entry {
    fn new(name: Name, path: PathBuf, candidate: Candidate<Ucan>) -> Result<Self, Problem> {
        let kind = || {
            let fault = format!("{} holds no delegation", text::path(&path));
            Problem::new(Code::RealmMalformed, fault).hint("Take the last good file from version control.")
        };
        let Delegating { aliases, issuer, audience, subject, command } =
            candidate.content().grant().delegation().ok_or_else(kind)?;
        let (cid, command) = (aliases.ok_or_else(kind)?.cid, command.clone());
        Ok(Self { name, path, cid, issuer, audience, subject, command, candidate })
    }

    pub(crate) fn content(&self) -> &Ucan {
        self.candidate.content()
    }

    /// Returns when it speaks by its own words.
    pub(crate) fn validity(&self) -> Validity {
        self.content().validity()
    }

    /// Returns its last second, as it is written in it.
    pub(crate) fn expires(&self) -> Option<Timestamp> {
        self.content().expires()
    }

    /// Returns the first instant from now on at which it could speak.
    pub(crate) fn first(&self, now: Timestamp) -> Timestamp {
        self.validity().not_before.map_or(now, |from| from.max(now))
    }

    /// Says its times in a few words.
    pub(crate) fn until(&self) -> String {
        self.expires().map_or_else(|| "never ends".into(), |at| format!("until {}", clock::show(at)))
    }

    fn delegating(&self) -> Delegating<'_> {
        let Self { issuer, audience, subject, command, .. } = self;
        Delegating { aliases: None, issuer: *issuer, audience: *audience, subject: *subject, command }
    }
}

/// All delegations of a realm, their revocations, and what its root mandates.
#[derive(Debug)]
pub(crate) struct Book {
    entries: Vec<Entry>,
    revocations: Vec<Candidate<Ucan>>,
    deeds: Vec<Candidate<Deed>>,
    policy: Policy,
    separation: Option<Separation>,
    pub(crate) now: Timestamp,
}

impl Book {
    /// Reads a realm's delegations, and verifies their signatures.
    ///
    /// # Errors
    /// When a file that is named as one holds none: a realm's folder does not hold such by chance.
    pub(crate) fn read(realm: &Realm, now: Timestamp) -> Result<Self, Problem> {
        let mut named = Vec::new();
        for (name, path) in realm.delegation_files()? {
            named.push((Name::parse(&name).map_err(|problem| problem.within(&text::path(&path)))?, path));
        }
        let tokens = named.iter().map(|(_, path)| codec::read_file(path)).collect::<Result<Vec<_>, _>>()?;
        let entries = named.into_iter().zip(verified(&tokens));
        let entries = entries.map(|((name, path), candidate)| Entry::new(name, path, candidate));
        let entries = entries.collect::<Result<_, _>>()?;
        let revocations = realm.ucan_revocation_files()?;
        let revocations = revocations.iter().map(|path| codec::read_file(path)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            entries,
            revocations: verified(&revocations),
            deeds: verified(&realm.deeds()?.into_iter().map(|(_, deed)| deed).collect::<Vec<_>>()),
            policy: realm.file().policy,
            separation: realm.separation(),
            now,
        })
    }

    /// Adds what was just signed, and holds the root to a separation that is about to be mandated.
    ///
    /// # Errors
    /// When a delegation is none.
    pub(crate) fn with(
        mut self,
        signed: impl IntoIterator<Item = (PathBuf, Verified<Ucan>)>,
        separation: Option<Separation>,
    ) -> Result<Self, Problem> {
        for (path, verified) in signed {
            let candidate = Candidate::Verified(verified);
            if candidate.content().delegation().is_none() {
                self.revocations.push(candidate);
                continue;
            }
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            // One that was written by a command that was interrupted is there already.
            self.entries.retain(|entry| entry.name.as_str() != stem);
            self.entries.push(Entry::new(Name::parse(&stem)?, path, candidate)?);
        }
        self.separation = separation;
        Ok(self)
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Finds a delegation by its name, or by its CID, whole or its beginning or end.
    ///
    /// # Errors
    /// `GS-DELEGATION-UNKNOWN` when there is none, or more than one.
    pub(crate) fn find(&self, text: &str) -> Result<&Entry, Problem> {
        if let Some(entry) = self.entries.iter().find(|entry| entry.name.as_str() == text) {
            return Ok(entry);
        }
        let meant = |entry: &&Entry| {
            let cid = entry.cid.to_string();
            cid == text || text.len() >= SHORT_CID && cid.ends_with(text)
        };
        let mut found = self.entries.iter().filter(meant);
        match (found.next(), found.next()) {
            (Some(entry), None) => Ok(entry),
            (Some(_) | None, _) => {
                let fault = format!("this realm has no delegation {}", text::name(text));
                Err(Problem::new(Code::DelegationUnknown, fault))
            }
        }
    }

    /// Lists the delegations that a decision about some can turn on: these, and all above them.
    fn bearing_on(&self, of: &[&Entry]) -> Vec<&Entry> {
        let mut known: BTreeSet<&Name> = of.iter().map(|entry| &entry.name).collect();
        let mut found: Vec<&Entry> = self.entries.iter().filter(|entry| known.contains(&entry.name)).collect();
        let (mut seen, mut pending) = (BTreeSet::new(), found.iter().map(|entry| entry.issuer).collect::<Vec<_>>());
        while let Some(holder) = pending.pop() {
            if !seen.insert(holder) {
                continue;
            }
            for entry in self.entries.iter().filter(|entry| entry.audience == holder) {
                if known.insert(&entry.name) {
                    found.push(entry);
                }
                pending.push(entry.issuer);
            }
        }
        found
    }

    /// Decides about delegations at an instant, as if some were not there.
    fn decide(&self, of: &[&Entry], when: Timestamp, without: &[&Entry]) -> Vec<Decision> {
        let left_out: BTreeSet<&Name> = without.iter().map(|entry| &entry.name).collect();
        let kept = self.bearing_on(of).into_iter().filter(|entry| !left_out.contains(&entry.name));
        let kept: Vec<&Entry> = kept.collect();
        let subjects: BTreeSet<PublicKey> = kept.iter().filter_map(|entry| entry.subject).collect();
        let anchors = subjects.into_iter().map(Anchor::Root).collect();
        let mut view = View::new(self.policy, anchors, when).addressed_to(Audience::Unchecked);
        if let Some(separation) = &self.separation {
            view = view.mandating(separation.clone());
        }
        let names: Vec<Aliases> = kept.iter().filter_map(|entry| entry.content().aliases()).collect();
        let about = |token: Cid| names.iter().any(|names| names.has(&token));
        let revocations = self.revocations.iter().filter(|it| revoked(it).is_some_and(about));
        let tokens = kept.iter().map(|entry| entry.candidate.clone()).chain(revocations.cloned());
        let supply = Supply::heap(tokens.collect()).with_deeds(self.deeds.iter().cloned());
        // One that was left out is nowhere, and decided about as such.
        let place = |entry: &&Entry| kept.iter().position(|other| other.name == entry.name).unwrap_or(usize::MAX);
        let targets: Vec<usize> = of.iter().map(place).collect();
        Examination::new(&view, supply, NonZeroUsize::MIN).decide(&targets, &mut Memory::default()).decisions
    }

    /// Says whether a delegation holds at an instant, as if some were not there.
    pub(crate) fn holds(&self, entry: &Entry, when: Timestamp, without: &[&Entry]) -> Result<Allow, Failure> {
        match self.decide(&[entry], when, without).pop() {
            Some(Decision::Allow(allow)) => Ok(allow),
            Some(Decision::Deny(deny)) => Err(deny.closest().clone()),
            None => Err(greatseal_core::decide::Deny::because(no_decision()).closest().clone()),
        }
    }

    /// Says how a delegation stands, and why it does not hold.
    pub(crate) fn state(&self, entry: &Entry) -> (State, Option<Fault>) {
        let first = entry.first(self.now);
        match self.holds(entry, first, &[]) {
            Ok(_) if first > self.now => (State::Future, None),
            Ok(_) => (State::Current, None),
            Err(failure) => {
                let own = failure.statement == Some(entry.candidate.id());
                let state = match &failure.fault {
                    Fault::Time(TimeFault::Expired { .. }) if own => State::Expired,
                    Fault::Signature(_) if own => State::Invalid,
                    Fault::Delegation(DelegationFault::Revoked { .. }) if own => State::Revoked,
                    // Whatever became of what it rests on.
                    _ if self.taken_back(entry) => State::Revoked,
                    Fault::Time(_)
                    | Fault::Signature(_)
                    | Fault::Delegation(_)
                    | Fault::Key(_)
                    | Fault::Decode(_)
                    | Fault::Module(_)
                    | Fault::Archive(_)
                    | Fault::Chain(_)
                    | Fault::Succession(_) => State::Unheld,
                };
                (state, Some(failure.fault))
            }
        }
    }

    /// Says whether its own issuer took a delegation back.
    fn taken_back(&self, entry: &Entry) -> bool {
        let names = entry.content().aliases();
        let meant = |token: Cid| names.is_some_and(|names| names.has(&token));
        self.revocations.iter().any(|candidate| {
            let is_signed = matches!(candidate, Candidate::Verified(_));
            is_signed && candidate.content().issuer() == entry.issuer && revoked(candidate).is_some_and(meant)
        })
    }

    /// Lists the chain that a delegation rests on as long as it lives, root first, without itself.
    pub(crate) fn above(&self, entry: &Entry) -> Vec<&Entry> {
        let Ok(allow) = self.holds(entry, entry.first(self.now), &[]) else { return Vec::new() };
        let cids = allow.chain().iter().filter_map(|link| Some(link.capability.as_ref()?.cid));
        let of = |cid: Cid| self.entries.iter().find(move |other| other.cid == cid);
        cids.filter(|cid| *cid != entry.cid).filter_map(of).collect()
    }

    /// Lists the delegations that live and would not without some.
    pub(crate) fn hanging_on(&self, gone: &[&Entry]) -> Vec<&Entry> {
        let lives = |entry: &&Entry| {
            let first = entry.first(self.now);
            self.holds(entry, first, &[]).is_ok() && self.holds(entry, first, gone).is_err()
        };
        let is_gone = |entry: &&Entry| gone.iter().any(|gone| gone.name == entry.name);
        self.entries.iter().filter(|entry| !is_gone(entry)).filter(lives).collect()
    }

    /// Lists the live delegations that a key issued, and what was passed on from these.
    pub(crate) fn passed_on(&self, by: &PublicKey) -> Vec<&Entry> {
        let mut known: BTreeSet<&Name> = BTreeSet::new();
        let (mut issuers, mut found) = (vec![*by], Vec::new());
        while let Some(issuer) = issuers.pop() {
            for entry in self.entries.iter().filter(|entry| entry.issuer == issuer) {
                if known.insert(&entry.name) {
                    issuers.push(entry.audience);
                    found.push(entry);
                }
            }
        }
        found.retain(|entry| self.state(entry).0.lives());
        found
    }

    /// Returns the last second at which a delegation holds, as things stand: its own end or that of
    /// what it rests on, whichever comes first; none when nothing of it ends.
    pub(crate) fn last(&self, entry: &Entry) -> Option<Timestamp> {
        let first = entry.first(self.now);
        let above = self.bearing_on(&[entry]);
        let mut ends: Vec<Timestamp> = above.into_iter().filter_map(Entry::expires).filter(|at| *at >= first).collect();
        ends.sort_unstable();
        ends.dedup();
        // What lapses lapses at somebody's end.
        ends.into_iter().find(|at| self.holds(entry, at.plus(1), &[]).is_err())
    }

    /// Lists the delegations that hold at an instant, in the words of the rules.
    pub(crate) fn holding(&self, when: Timestamp) -> Vec<(usize, Delegating<'_>)> {
        let all: Vec<&Entry> = self.entries.iter().collect();
        let decisions = self.decide(&all, when, &[]);
        let held = all.iter().zip(decisions).enumerate();
        let held = held.filter(|(_, (_, decision))| matches!(decision, Decision::Allow(_)));
        held.map(|(at, (entry, _))| (at, entry.delegating())).collect()
    }

    /// Returns the separation that is mandated for a root.
    pub(crate) fn separation(&self, root: &PublicKey) -> Option<&Separation> {
        self.separation.as_ref().filter(|separation| separation.root == *root)
    }

    /// Says whether a key was declared dead by its own revocation, or lost what it was given.
    pub(crate) fn was_revoked(&self, key: &PublicKey) -> bool {
        let own = |deed: &Deed| match &deed.act {
            Act::Revoke(revocation) => {
                matches!(&revocation.target, Target::Key(named) if named.public_key() == *key) && deed.signer() == *key
            }
            Act::Endorse(_) | Act::Countersign(_) => false,
        };
        let mut about = self.entries.iter().filter(|entry| entry.audience == *key);
        self.deeds.iter().any(|deed| own(deed.content())) || about.any(|entry| self.state(entry).0 == State::Revoked)
    }
}

/// Characters of the end of a CID that are enough to name a delegation.
const SHORT_CID: usize = 8;

impl Entry {
    /// Returns the end of its CID: the beginning is the same for all.
    pub(crate) fn short_cid(&self) -> String {
        let cid = self.cid.to_string();
        cid.get(cid.len().saturating_sub(SHORT_CID)..).unwrap_or_default().to_owned()
    }
}

fn no_decision() -> Fault {
    greatseal_core::error::ChainFault::NoRule { what: "missing" }.into()
}

/// Returns what a UCAN takes back, if it is a revocation.
fn revoked(candidate: &Candidate<Ucan>) -> Option<Cid> {
    candidate.content().invocation()?.revokes().map(|revokes| revokes.token)
}

/// Verifies signatures once, so that further looks cost none.
fn verified<T: Statement + Send + Sync>(tokens: &[Decoded<T>]) -> Vec<Candidate<T>> {
    let verdicts = verify(tokens.to_vec(), NonZeroUsize::MIN).into_iter().zip(tokens);
    verdicts
        .map(|(verdict, token)| match verdict {
            Ok(verified) => Candidate::Verified(verified),
            // Refused again by whoever comes to it.
            Err(_) => Candidate::Decoded(token.clone()),
        })
        .collect()
}
