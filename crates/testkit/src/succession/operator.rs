//! Succession of an operator, rules 1 to 6 and 8: which token speaks now.

use super::hearing::Hearing;
use super::revocation::{bare_key_ended, endorsement_lives};
use super::{Anchor, Claim, Key, Mode, Operator, Reason, Terms, Time};

/// How long after its end a token may still be followed to its successor (rule 6).
const FOLLOWED: i64 = 400 * Time::DAY;

/// Judges an operator token: it must be the one that speaks.
pub(super) fn judge(hearing: &Hearing<'_>, token: &Operator) -> Result<(), Reason> {
    if !well_formed(token) {
        return Err(Reason::Malformed);
    }
    if token.times.early(hearing.now()) {
        return Err(Reason::Early);
    }
    let line = Line::trace(hearing)?;
    let is_it = |other: &&Operator| other.id == token.id;
    if line.heads.iter().any(is_it) {
        return if token.times.expired(hearing.now()) { Err(Reason::Expired) } else { Ok(()) };
    }
    Err(if line.behind.iter().any(is_it) { Reason::Superseded } else { Reason::Unlisted })
}

/// The operator tokens that a verifier went through, and where it arrived.
#[derive(Debug)]
pub(super) struct Line<'h> {
    /// Superseded tokens.
    behind: Vec<&'h Operator>,
    /// The current token. More than one only where plain tokens of one instant lie under a bare key;
    /// then nothing holds that one of them would not say alone.
    heads: Vec<&'h Operator>,
}

impl<'h> Line<'h> {
    /// Follows the anchor to the current token, valid or not.
    pub(super) fn trace(hearing: &Hearing<'h>) -> Result<Self, Reason> {
        match hearing.anchor() {
            Anchor::Token(id) => from_pin(hearing, id),
            Anchor::Key(key) => under_bare_key(hearing, key),
        }
    }

    /// Fails unless the current token is valid now: others speak for nobody (rule 6).
    pub(super) fn speaks(&self, now: Time) -> Result<(), Reason> {
        if self.heads.iter().any(|head| head.times.early(now)) {
            return Err(Reason::Early);
        }
        if self.heads.iter().any(|head| head.times.expired(now)) {
            return Err(Reason::Expired);
        }
        Ok(())
    }

    pub(super) fn heads(&self) -> &[&'h Operator] {
        &self.heads
    }

    /// Says whether the rules of plain chains decide: a bare key whose tokens carry no claim.
    pub(super) fn is_plain(&self, hearing: &Hearing<'_>) -> bool {
        matches!(hearing.anchor(), Anchor::Key(_)) && self.has_no_claim()
    }

    /// Says whether the current tokens carry no claim.
    pub(super) fn has_no_claim(&self) -> bool {
        self.heads.iter().all(|head| head.claim.is_none())
    }

    /// Says whether the current token lists a signing key.
    pub(super) fn lists(&self, key: &Key) -> bool {
        self.heads.iter().all(|head| head.signers.contains(key))
    }

    /// Says whether any token on the way listed a signing key.
    pub(super) fn ever_listed(&self, key: &Key) -> bool {
        self.behind.iter().chain(&self.heads).any(|token| token.signers.contains(key))
    }

    /// Says whether accounts need their own side's word (rule 9).
    pub(super) fn countersigned(&self) -> bool {
        self.heads.iter().any(|head| terms(head).is_some_and(|it| it.accounts.as_deref() == Some("countersigned")))
    }
}

/// Returns the claim that a well-formed token carries, if it does.
fn terms(token: &Operator) -> Option<&Terms> {
    match &token.claim {
        Some(Claim::Once(terms)) => Some(terms),
        Some(Claim::Repeated(_)) | None => None,
    }
}

/// Rule 1. What is refused is as if it had never been said.
fn well_formed(token: &Operator) -> bool {
    if token.issuer != token.subject || token.signers.is_empty() || token.signers.contains(&token.issuer) {
        return false;
    }
    match &token.claim {
        None => true,
        Some(Claim::Repeated(_)) => false,
        Some(Claim::Once(terms)) => {
            let listed_twice =
                token.signers.iter().any(|key| token.signers.iter().filter(|other| *other == key).count() > 1);
            let next_taken =
                terms.next.as_ref().is_some_and(|next| *next == token.issuer || token.signers.contains(next));
            let signers = i64::try_from(token.signers.len()).unwrap_or(i64::MAX);
            let threshold_fits = terms.threshold.saturating_mul(2) > signers && terms.threshold <= signers;
            !listed_twice && !next_taken && threshold_fits
        }
    }
}

/// Walks from a pinned token to the current one.
fn from_pin<'h>(hearing: &Hearing<'h>, id: &str) -> Result<Line<'h>, Reason> {
    let pin = hearing.operators().find(|token| token.id == id && well_formed(token)).ok_or(Reason::Malformed)?;
    let mut behind = Vec::new();
    let mut current = pin;
    loop {
        // Rule 6, for every token of the path by itself, the last one included.
        if current.times.exp.is_some_and(|exp| hearing.now() >= exp.plus(FOLLOWED)) {
            return Err(Reason::Expired);
        }
        let Some(next) = successor(hearing, current)? else {
            return Ok(Line { behind, heads: vec![current] });
        };
        // `seq` grows with every step, so the walk ends.
        behind.push(current);
        current = next;
    }
}

/// Picks the one successor of a token (rules 4 and 5), or none if it has none.
fn successor<'h>(hearing: &Hearing<'h>, token: &Operator) -> Result<Option<&'h Operator>, Reason> {
    let candidates = || hearing.operators().filter(|candidate| may_succeed(hearing, candidate, token));
    match hearing.mode() {
        Mode::Stateless => {
            let top = candidates().map(|candidate| rank(hearing, candidate, token)).max().unwrap_or(NONE);
            if top == NONE {
                let unrevoked = hearing.without_revocations();
                let void = candidates().any(|candidate| rank(&unrevoked, candidate, token) > NONE);
                return if void { Err(Reason::Void) } else { Ok(None) };
            }
            let best: Vec<_> = candidates().filter(|candidate| rank(hearing, candidate, token) == top).collect();
            if best.len() > 1 { Err(Reason::Fork) } else { Ok(best.first().copied()) }
        }
        Mode::Snapshot => {
            // A log never goes back, so nothing in it is void: an accepted successor stays, and one that never
            // had a rank never superseded anything.
            let records: Vec<_> = candidates().filter_map(|it| Some((best_ever(hearing, it, token)?, it))).collect();
            let top = records.iter().map(|(record, _)| record.rank).max();
            let best = records.iter().filter(|(record, _)| Some(record.rank) == top);
            Ok(best.min_by_key(|(record, _)| record.since).map(|(_, candidate)| *candidate))
        }
    }
}

/// Rule 2 without the endorsements.
fn may_succeed(hearing: &Hearing<'_>, candidate: &Operator, token: &Operator) -> bool {
    let (Some(new), Some(old)) = (terms(candidate), terms(token)) else { return false };
    well_formed(candidate)
        && !candidate.times.early(hearing.now())
        && (candidate.issuer == token.issuer || Some(&candidate.issuer) == old.next.as_ref())
        && new.prev.as_ref() == Some(&token.id)
        && old.seq.checked_add(1) == Some(new.seq)
}

const NONE: u8 = 0;
const PAIR: u8 = 1;
const QUORUM: u8 = 2;
const QUORUM_AND_PAIR: u8 = 3;

/// Ranks a candidate by the support that lives (rules 2 to 4). Only keys of the token before it count.
fn rank(hearing: &Hearing<'_>, candidate: &Operator, token: &Operator) -> u8 {
    let Some(terms) = terms(token) else { return NONE };
    let endorsed = |key: &Key| {
        hearing.endorsements(&candidate.id).any(|it| it.by == *key && endorsement_lives(hearing, it, token))
    };
    let endorsers = token.signers.iter().filter(|key| endorsed(key)).count();
    let quorum = i64::try_from(endorsers).is_ok_and(|endorsers| endorsers >= terms.threshold);
    let pair = terms.pair
        && terms.next.as_ref().is_some_and(|next| {
            let other = if candidate.issuer == token.issuer { next } else { &token.issuer };
            endorsed(other)
        });
    match (quorum, pair) {
        (true, true) => QUORUM_AND_PAIR,
        (true, false) => QUORUM,
        (false, true) => PAIR,
        (false, false) => NONE,
    }
}

/// The best rank that a candidate ever had in a log, and when it first had it (rule 4).
struct Record {
    rank: u8,
    since: usize,
}

/// Looks at every prefix of what was heard, with the revocations of that prefix only (rule 4).
fn best_ever(hearing: &Hearing<'_>, candidate: &Operator, token: &Operator) -> Option<Record> {
    let mut best: Option<Record> = None;
    for since in 1..=hearing.len() {
        let then = hearing.first(since);
        let rank = if then.has(&candidate.id) { rank(&then, candidate, token) } else { NONE };
        if rank > best.as_ref().map_or(NONE, |record| record.rank) {
            best = Some(Record { rank, since });
        }
    }
    best
}

/// Rule 8. Endorsements rank nothing here, the order of a log neither.
fn under_bare_key<'h>(hearing: &Hearing<'h>, key: &Key) -> Result<Line<'h>, Reason> {
    if bare_key_ended(hearing, key) {
        return Err(Reason::Revoked);
    }
    let own: Vec<&Operator> = hearing.operators().filter(|token| well_formed(token) && token.issuer == *key).collect();
    let mut claimed: Vec<(&Operator, &Terms)> = own.iter().filter_map(|token| Some((*token, terms(token)?))).collect();
    if claimed.is_empty() {
        // Only what would speak but for its expiry replaces anything, as in plain chains everywhere.
        let begun = own.iter().filter(|token| !token.times.early(hearing.now()));
        let newest = begun.map(|token| token.times.iat).max().ok_or(Reason::Early)?;
        let is_head = |token: &&Operator| token.times.iat == newest && !token.times.early(hearing.now());
        let (heads, behind) = own.into_iter().partition(is_head);
        return Ok(Line { behind, heads });
    }
    claimed.sort_by_key(|(_, terms)| terms.seq);
    let mut behind = Vec::new();
    let mut last: Option<(&Operator, &Terms)> = None;
    for (token, terms) in claimed {
        if let Some((before, its)) = last {
            if terms.prev.as_ref() != Some(&before.id) || its.seq.checked_add(1) != Some(terms.seq) {
                return Err(Reason::Fork);
            }
            behind.push(before);
        }
        last = Some((token, terms));
    }
    Ok(Line { behind, heads: last.into_iter().map(|(token, _)| token).collect() })
}
