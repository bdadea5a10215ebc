//! The way from a root to whoever holds a capability, through delegations in any order.
//!
//! One search for everybody who looks for proofs: verifiers of a delegation, wallets of services.

use std::collections::{BTreeMap, BTreeSet};

use crate::command::Command;
use crate::key::PublicKey;
use crate::limits::CHAIN_LINKS;
use crate::statement::Delegating;

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Who is to hold the capability.
    pub holder: PublicKey,
    /// Whose capability it is.
    pub subject: PublicKey,
    /// The command that it has to cover.
    pub command: &'a Command,
}

/// Finds the shortest chain of delegations, root first, that gives the holder what is wanted.
///
/// Returns positions among `delegations`; none when the holder is the subject itself. Each
/// delegation narrows the one before it; times, revocations and signatures are the caller's to
/// have looked at. Of chains of one length the one of the earlier positions is taken.
#[must_use]
pub fn route(delegations: &[(usize, Delegating<'_>)], wanted: &Wanted<'_>) -> Option<Vec<usize>> {
    if wanted.holder == wanted.subject {
        return Some(Vec::new());
    }
    let mut to: BTreeMap<PublicKey, Vec<usize>> = BTreeMap::new();
    for (at, (_, it)) in delegations.iter().enumerate() {
        to.entry(it.audience).or_default().push(at);
    }
    // Upwards from the holder, all of one length before any longer one.
    let mut below: BTreeMap<usize, Option<usize>> = BTreeMap::new();
    let mut front: Vec<(PublicKey, &Command, Option<usize>)> = vec![(wanted.holder, wanted.command, None)];
    for _ in 0..CHAIN_LINKS {
        let mut next = Vec::new();
        for (holder, command, child) in front {
            for at in to.get(&holder).into_iter().flatten() {
                let Some((_, it)) = delegations.get(*at) else { continue };
                let fits = it.command.covers(command) && it.subject.is_none_or(|subject| subject == wanted.subject);
                if !fits || below.contains_key(at) {
                    continue;
                }
                below.insert(*at, child);
                if it.issuer == wanted.subject && it.subject.is_some() {
                    return Some(descend(delegations, &below, *at));
                }
                next.push((it.issuer, it.command, Some(*at)));
            }
        }
        front = next;
    }
    None
}

/// Lists the way down from a root delegation.
fn descend(delegations: &[(usize, Delegating<'_>)], below: &BTreeMap<usize, Option<usize>>, root: usize) -> Vec<usize> {
    let mut way = Vec::new();
    let mut at = Some(root);
    while let Some(here) = at {
        way.extend(delegations.get(here).map(|(position, _)| *position));
        at = below.get(&here).copied().flatten();
    }
    way
}

/// Lists the delegations from which any chain to the holder could be made, whatever its subject.
#[must_use]
pub fn upstream(delegations: &[(usize, Delegating<'_>)], holder: PublicKey) -> Vec<usize> {
    let mut to: BTreeMap<PublicKey, Vec<usize>> = BTreeMap::new();
    for (at, (_, it)) in delegations.iter().enumerate() {
        to.entry(it.audience).or_default().push(at);
    }
    let mut seen = BTreeSet::new();
    let mut pending = vec![holder];
    let mut all = Vec::new();
    while let Some(holder) = pending.pop() {
        if !seen.insert(holder) {
            continue;
        }
        for at in to.get(&holder).into_iter().flatten() {
            if let Some((position, it)) = delegations.get(*at) {
                all.push(*position);
                pending.push(it.issuer);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::RawKey;

    fn key(byte: u8) -> PublicKey {
        PublicKey::Ed25519(RawKey::new([byte; 32]))
    }

    fn command(text: &str) -> Command {
        Command::parse(text).unwrap()
    }

    /// Delegations `(issuer, audience, subject, command)`, as positions 0, 1, 2, …
    fn find(all: &[(u8, u8, Option<u8>, &str)], holder: u8, wanted: &str) -> Option<Vec<usize>> {
        let commands: Vec<Command> = all.iter().map(|(.., text)| command(text)).collect();
        let delegations: Vec<(usize, Delegating<'_>)> = all
            .iter()
            .zip(&commands)
            .enumerate()
            .map(|(at, ((issuer, audience, subject, _), command))| {
                let (issuer, audience, subject) = (key(*issuer), key(*audience), subject.map(key));
                (at, Delegating { aliases: None, issuer, audience, subject, command })
            })
            .collect();
        let command = command(wanted);
        route(&delegations, &Wanted { holder: key(holder), subject: key(1), command: &command })
    }

    #[test]
    fn the_shortest_way_down_is_found() {
        let all = [(1, 2, Some(1), "/a"), (2, 3, None, "/a/b"), (3, 4, Some(1), "/a/b"), (2, 4, Some(1), "/a/b")];
        assert_eq!(find(&all, 4, "/a/b/c"), Some(vec![0, 3]));
        assert_eq!(find(&all[..3], 4, "/a/b/c"), Some(vec![0, 1, 2]));
        assert_eq!(find(&all, 1, "/anything"), Some(vec![]));
    }

    #[test]
    fn what_widens_is_no_way() {
        let all = [(1, 2, Some(1), "/a"), (2, 3, Some(1), "/")];
        assert_eq!(find(&all, 3, "/a"), None);
        assert_eq!(find(&all, 2, "/ab"), None);
    }

    #[test]
    fn others_capabilities_and_powerlines_are_no_roots() {
        assert_eq!(find(&[(1, 2, None, "/")], 2, "/a"), None);
        assert_eq!(find(&[(9, 2, Some(9), "/")], 2, "/a"), None);
        assert_eq!(find(&[(1, 2, Some(9), "/")], 2, "/a"), None);
    }

    #[test]
    fn circles_and_long_ways_end() {
        assert_eq!(find(&[(2, 3, None, "/"), (3, 2, None, "/")], 3, "/a"), None);
        let long: Vec<(u8, u8, Option<u8>, &str)> = (1..100).map(|at| (at, at + 1, Some(1), "/")).collect();
        assert_eq!(find(&long, CHAIN_LINKS as u8 + 1, "/a").map(|way| way.len()), Some(CHAIN_LINKS));
        assert_eq!(find(&long, CHAIN_LINKS as u8 + 2, "/a"), None);
    }
}
