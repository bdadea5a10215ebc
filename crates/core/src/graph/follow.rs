//! Following a pinned operator token to its successor, and through several (rules 2 to 6).

use std::collections::BTreeMap;

use super::death::Mortal;
use super::deeds::Support;
use super::index::Names;
use super::{Graph, Line, Place, listed};
use crate::decide::Failure;
use crate::key::{Key, Operator, RawKey};
use crate::limits::FOLLOWED_SECONDS;
use crate::statement::{Grant, Statement, StatementId};
use crate::succession::{Succession, SuccessionFault, Terms, is_quorum};
use crate::view::Standing;

/// Endorsements by one key that are worth remembering: a second, should the first be revoked.
const ENDORSEMENTS_OF_A_KEY: usize = 2;

/// The way from a pinned token to the one that speaks now.
#[derive(Debug)]
pub(super) struct Path {
    /// Superseded tokens, the pinned one first.
    pub(super) behind: Vec<usize>,
    /// The current one.
    pub(super) head: usize,
}

/// How well a successor is supported (rule 4), the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Pair,
    Quorum,
    QuorumAndPair,
}

impl Rank {
    fn of(quorum: bool, pair: bool) -> Option<Self> {
        match (quorum, pair) {
            (true, true) => Some(Self::QuorumAndPair),
            (true, false) => Some(Self::Quorum),
            (false, true) => Some(Self::Pair),
            (false, false) => None,
        }
    }
}

/// The support of one candidate, over time.
struct Backing {
    threshold: u64,
    /// When each of the predecessor's signing keys began to endorse it, and stopped.
    lives: BTreeMap<RawKey, Vec<(Place, Option<Place>)>>,
    /// Since when the other identity endorses it, where the predecessor allows the pair.
    paired: Option<Place>,
    /// When the candidate itself was heard.
    heard: Place,
}

impl Backing {
    /// Ranks by the signing keys for which `counts` says so of one of their endorsements.
    fn rank(&self, counts: impl Fn(&(Place, Option<Place>)) -> bool) -> Option<Rank> {
        let keys = self.lives.values().filter(|lives| lives.iter().any(&counts)).count() as u64;
        Rank::of(is_quorum(self.threshold, keys), self.paired.is_some())
    }

    /// Returns its rank with all that is known now.
    fn now(&self) -> Option<Rank> {
        self.rank(|(_, end)| end.is_none())
    }

    /// Returns its rank if nothing had ever been revoked.
    fn unrevoked(&self) -> Option<Rank> {
        self.rank(|_| true)
    }

    /// Returns the best rank that it had at any time, and when it first had that.
    fn best(&self) -> Option<(Rank, Place)> {
        // What happens at a place: how many more keys endorse from there on.
        let mut changes: BTreeMap<Place, i64> = BTreeMap::new();
        for lives in self.lives.values() {
            for (from, until) in merged(lives, self.heard) {
                *changes.entry(from).or_default() += 1;
                if let Some(until) = until {
                    *changes.entry(until).or_default() -= 1;
                }
            }
        }
        let paired = self.paired.map(|place| place.max(self.heard));
        if let Some(place) = paired {
            changes.entry(place).or_default();
        }
        let mut keys: i64 = 0;
        let mut best: Option<(Rank, Place)> = None;
        for (place, change) in changes {
            keys += change;
            let quorum = u64::try_from(keys).is_ok_and(|keys| is_quorum(self.threshold, keys));
            let rank = Rank::of(quorum, paired.is_some_and(|since| since <= place));
            if let Some(rank) = rank.filter(|rank| best.is_none_or(|(best, _)| *rank > best)) {
                best = Some((rank, place));
            }
        }
        best
    }
}

/// Joins the lives of one key's endorsements, none before the candidate was heard.
fn merged(lives: &[(Place, Option<Place>)], heard: Place) -> Vec<(Place, Option<Place>)> {
    let mut lives: Vec<_> = lives
        .iter()
        .map(|(from, until)| ((*from).max(heard), *until))
        .filter(|(from, until)| until.is_none_or(|until| until > *from))
        .collect();
    lives.sort_by_key(|(from, _)| *from);
    let mut joined: Vec<(Place, Option<Place>)> = Vec::new();
    for (from, until) in lives {
        match joined.last_mut() {
            Some((_, end)) if end.is_none_or(|end| end >= from) => {
                *end = end.and_then(|end| until.map(|until| until.max(end)));
            }
            Some(_) | None => joined.push((from, until)),
        }
    }
    joined
}

impl<T: Statement> Graph<'_, T> {
    /// Walks from a pinned token to the current one.
    pub(super) fn follow(&self, pin: usize) -> Result<Path, Failure> {
        let mut path = Path { behind: Vec::new(), head: pin };
        loop {
            // Every token of the path by itself, the head too (rule 6).
            self.fresh(path.head)?;
            // `seq` grows with every step, so the walk ends.
            match self.successor(path.head)? {
                Some(next) => path.behind.push(core::mem::replace(&mut path.head, next)),
                None => return Ok(path),
            }
        }
    }

    /// Refuses a token that expired too long ago.
    fn fresh(&self, token: usize) -> Result<(), Failure> {
        let Some(member) = self.members.get(token) else { return Ok(()) };
        match (member.content().validity().expires, member.content().grant()) {
            (Some(expired), Grant::Operator { subject, .. }) if self.view.now() >= expired.plus(FOLLOWED_SECONDS) => {
                let fault = SuccessionFault::Stale { operator: subject.nkey(), expired };
                Err(self.failure(token, fault, super::operator::closeness::TRUSTED))
            }
            _ => Ok(()),
        }
    }

    /// Picks the one successor of a token (rules 4 and 5), or none if it has none.
    fn successor(&self, token: usize) -> Result<Option<usize>, Failure> {
        let Some(line) = self.line_of(token) else { return Ok(None) };
        let backed: Vec<(usize, Backing)> =
            self.candidates(token).map(|candidate| (candidate, self.backing(candidate, token, &line))).collect();
        let operator = Key::<Operator>::new(line.identity).nkey();
        let id = |index: usize| self.id(index);
        if self.in_log() {
            // A log never goes back: an accepted successor stays, and what never had a rank never
            // superseded anything. Of equals the one that had it first.
            let best = backed.iter().filter_map(|(it, backing)| backing.best().map(|(rank, since)| (it, rank, since)));
            let best = best.min_by_key(|(_, rank, since)| (core::cmp::Reverse(*rank), *since));
            return Ok(best.map(|(it, _, _)| *it));
        }
        let Some(top) = backed.iter().filter_map(|(_, backing)| backing.now()).max() else {
            return match backed.iter().find(|(_, backing)| backing.unrevoked().is_some()) {
                Some((it, _)) => {
                    let fault = SuccessionFault::Void { operator, successor: id(*it) };
                    Err(self.failure(token, fault, super::operator::closeness::TRUSTED))
                }
                None => Ok(None),
            };
        };
        let mut best = backed.iter().filter(|(_, backing)| backing.now() == Some(top)).map(|(it, _)| *it);
        match (best.next(), best.next()) {
            (Some(first), Some(second)) => {
                let fault = SuccessionFault::Fork { operator, first: id(first), second: id(second) };
                Err(self.failure(token, fault, super::operator::closeness::TRUSTED))
            }
            (only, _) => Ok(only),
        }
    }

    /// Finds the tokens that continue another, endorsed or not (rule 2).
    fn candidates(&self, token: usize) -> impl Iterator<Item = usize> {
        let old = self.claim(token);
        let previous = self.members.get(token).map(super::Member::id);
        let named = previous.map(|id| RawKey::new(*id.as_bytes()));
        let found = named.map(|name| self.index.find(Names::OperatorPrevious, &name)).into_iter().flatten();
        found.filter(move |candidate| {
            let Some((identity, old)) = old else { return false };
            let Some((issuer, new)) = self.claim(*candidate) else { return false };
            let (old, new) = (old.terms(), new.terms());
            (issuer == identity || old.next.is_some_and(|next| next.opens(issuer.raw())))
                && new.prev == previous
                && old.seq.checked_add(1) == Some(new.seq)
                && self.stands(*candidate)
        })
    }

    /// Says whether a token is there by rule 1, verified, and not early.
    fn stands(&self, token: usize) -> bool {
        let standing = self.voice(token).map(|voice| voice.standing);
        matches!(standing, Ok(Standing::Current | Standing::Expired(_))) && self.is_first(token)
    }

    /// Returns the identity and the claim of a self-issued operator token.
    pub(super) fn claim(&self, token: usize) -> Option<(Key<Operator>, &Succession)> {
        match self.members.get(token)?.content().grant() {
            Grant::Operator { issuer, subject, succession: Some(claim), .. } if issuer == subject.nkey() => {
                Some((subject, claim))
            }
            Grant::Operator { .. }
            | Grant::Account { .. }
            | Grant::Code { .. }
            | Grant::Delegation(_)
            | Grant::Invocation(_)
            | Grant::Nothing { .. } => None,
        }
    }

    /// Returns what others are judged by under an operator token.
    pub(super) fn line_of(&self, token: usize) -> Option<Line> {
        let (identity, claim) = self.claim(token)?;
        let signers = listed(self.members.get(token)?.content());
        Some(Line { identity: *identity.raw(), signers, threshold: claim.terms().threshold })
    }

    /// Collects who supports a candidate: only keys of the token before it count.
    fn backing(&self, candidate: usize, token: usize, line: &Line) -> Backing {
        let mut backing =
            Backing { threshold: line.threshold, lives: BTreeMap::new(), paired: None, heard: self.place(candidate) };
        let (Some(member), Some((_, old)), Some((issuer, _))) =
            (self.members.get(candidate), self.claim(token), self.claim(candidate))
        else {
            return backing;
        };
        let id: StatementId = member.id();
        let old = old.terms();
        for support in self.deeds.endorsements(&id) {
            // The identities' endorsements are never revoked (rule 13); no signing key is one (rule 1).
            if old.pair && is_other_identity(old, line, issuer, &support.by) {
                backing.paired = Some(backing.paired.map_or(support.place, |place| place.min(support.place)));
            } else if line.lists(&support.by) {
                let until = self.death_of(support, line);
                backing.lives.entry(support.by).or_default().push((support.place, until));
            }
        }
        backing
    }

    /// Finds when an endorsement by a signing key died.
    fn death_of(&self, support: &Support, line: &Line) -> Option<Place> {
        let mortal = Mortal { id: support.id, signer: support.by, subject: None, place: support.place };
        let coroner = self.coroner();
        let deaths = [coroner.by_signer(&mortal), coroner.by_strike(&mortal, line)];
        deaths.into_iter().flatten().map(|death| death.since).min()
    }

    /// Lists the living endorsements by which a token succeeds the one before it: signer and position.
    ///
    /// A few of each key: one is enough, and whoever stole a key can make any number.
    pub(super) fn living_endorsements(&self, candidate: usize, token: usize) -> Vec<(RawKey, usize)> {
        let (Some(line), Some((_, old)), Some((issuer, _))) =
            (self.line_of(token), self.claim(token), self.claim(candidate))
        else {
            return Vec::new();
        };
        let mut of_key: BTreeMap<RawKey, usize> = BTreeMap::new();
        let supports = self.deeds.endorsements(&self.id(candidate)).iter();
        supports
            .filter(|support| {
                let by_identity = is_other_identity(old.terms(), &line, issuer, &support.by);
                by_identity || (line.lists(&support.by) && self.death_of(support, &line).is_none())
            })
            .filter(|support| {
                let count = of_key.entry(support.by).or_default();
                *count += 1;
                *count <= ENDORSEMENTS_OF_A_KEY
            })
            .map(|support| (support.by, support.at))
            .collect()
    }
}

/// Says whether a key is the one identity of the two that did not issue the successor.
fn is_other_identity(old: &Terms, line: &Line, issuer: Key<Operator>, key: &RawKey) -> bool {
    if issuer.raw() == &line.identity { old.next.is_some_and(|next| next.opens(key)) } else { *key == line.identity }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> RawKey {
        RawKey::new([byte; 32])
    }

    fn backing(threshold: u64, heard: Place, lives: &[(u8, Place, Option<Place>)], paired: Option<Place>) -> Backing {
        let mut backing = Backing { threshold, lives: BTreeMap::new(), paired, heard };
        for (by, from, until) in lives {
            backing.lives.entry(key(*by)).or_default().push((*from, *until));
        }
        backing
    }

    #[test]
    fn a_quorum_has_to_live_at_one_time() {
        let overlapping = backing(2, 0, &[(1, 1, Some(5)), (2, 4, None)], None);
        assert_eq!(overlapping.best(), Some((Rank::Quorum, 4)));
        assert_eq!(overlapping.now(), None);
        assert_eq!(overlapping.unrevoked(), Some(Rank::Quorum));
        let apart = backing(2, 0, &[(1, 1, Some(4)), (2, 4, None)], None);
        assert_eq!(apart.best(), None);
    }

    #[test]
    fn one_key_counts_once_however_often_it_endorses() {
        let often = backing(2, 0, &[(1, 1, None), (1, 2, None), (1, 3, Some(4))], None);
        assert_eq!((often.best(), often.now()), (None, None));
        let again = backing(1, 0, &[(1, 1, Some(3)), (1, 5, None)], None);
        assert_eq!((again.best(), again.now()), (Some((Rank::Quorum, 1)), Some(Rank::Quorum)));
    }

    #[test]
    fn support_counts_from_when_the_token_is_heard() {
        assert_eq!(backing(1, 9, &[(1, 1, Some(5))], None).best(), None);
        assert_eq!(backing(1, 9, &[(1, 1, None)], Some(3)).best(), Some((Rank::QuorumAndPair, 9)));
        assert_eq!(backing(1, 0, &[(1, 7, None)], Some(3)).best(), Some((Rank::QuorumAndPair, 7)));
    }
}
