//! What lapses when among delegations, and what does not fit together.

use std::collections::BTreeMap;

use greatseal_core::error::DelegationFault;
use greatseal_core::key::PublicKey;
use greatseal_core::{Fault, Timestamp};

use crate::capability::{Book, Entry, State, Who, is_running, made_at};
use crate::clock::{self, DAY};
use crate::desk::running;
use crate::findings::{Finding, Kind};
use crate::problem::Problem;
use crate::realm::{Name, Realm};

/// What part of its life is the last, in which a delegation is told.
const LAST: u64 = 5;

/// Looks through a realm's delegations.
///
/// # Errors
/// When one cannot be read.
pub(crate) fn look(realm: &Realm, now: Timestamp) -> Result<Vec<Finding>, Problem> {
    let book = Book::read(realm, now)?;
    let who = Who::of(realm, &book);
    let look = Look { book: &book, who: &who, realm, now };
    let mut findings = Vec::new();
    let mut lines: BTreeMap<_, Vec<&Entry>> = BTreeMap::new();
    for entry in book.entries() {
        let (state, why) = book.state(entry);
        match state {
            State::Current | State::Future => {
                let running = is_running(entry.content());
                let line = (entry.issuer, entry.audience, entry.subject, entry.command.as_str(), running);
                lines.entry(line).or_default().push(entry);
            }
            State::Revoked => findings.push(look.revoked(entry)),
            State::Unheld | State::Invalid => findings.push(look.unheld(entry, why)),
            State::Expired => {}
        }
    }
    for line in lines.into_values() {
        findings.extend(look.line(line));
    }
    findings.extend(look.expired());
    findings.extend(look.services());
    Ok(findings)
}

/// Lists delegations that are over, but for running keys, with nothing in their place and nobody retired.
pub(crate) fn ended<'b>(realm: &Realm, book: &'b Book) -> Vec<&'b Entry> {
    let over = |entry: &&Entry| book.state(entry).0 == State::Expired && !is_running(entry.content());
    let replaced = |entry: &Entry| {
        book.entries().iter().any(|other| {
            other.name != entry.name
                && (other.issuer, other.audience, other.subject) == (entry.issuer, entry.audience, entry.subject)
                && other.command.covers(&entry.command)
                && (book.state(other).0.lives() || other.expires() > entry.expires())
        })
    };
    let retired = |key: &PublicKey| realm.service_of(key).is_some_and(|(_, service)| service.retired.is_some());
    let all = book.entries().iter().filter(over);
    all.filter(|entry| !replaced(entry) && !retired(&entry.issuer) && !retired(&entry.audience)).collect()
}

struct Look<'b> {
    book: &'b Book,
    who: &'b Who<'b>,
    realm: &'b Realm,
    now: Timestamp,
}

fn finding(kind: Kind, what: String, when: Option<Timestamp>, next: String) -> Finding {
    Finding { kind, what, when, within_days: None, next }
}

impl<'b> Look<'b> {
    fn revoked(&self, entry: &Entry) -> Finding {
        let what = format!("the delegation {} was revoked, and lies among the others", entry.name);
        finding(Kind::Revoked, what, None, "greatseal delegation tidy".into())
    }

    fn unheld(&self, entry: &Entry, why: Option<Fault>) -> Finding {
        let separation = matches!(
            why,
            Some(Fault::Delegation(
                DelegationFault::SeparationAudience { .. }
                    | DelegationFault::SeparationExpiry { .. }
                    | DelegationFault::SeparationSubject { .. }
                    | DelegationFault::SeparationRoot { .. }
            ))
        );
        let kind = if separation { Kind::Separation } else { Kind::Unheld };
        let why = why
            .map(|fault| format!(": {}", crate::text::short_dids(&crate::text::sentence(&fault))))
            .unwrap_or_default();
        let what = format!("verifiers refuse what rests on {}{why}", entry.name);
        finding(kind, what, None, format!("greatseal delegation show {}", entry.name))
    }

    /// Looks at delegations that stand in for each other: gaps between, and the last end of all.
    fn line(&self, mut line: Vec<&'b Entry>) -> Vec<Finding> {
        line.sort_by_key(|entry| (entry.first(self.now), entry.expires()));
        let mut findings = Vec::new();
        let mut last: Option<&Entry> = None;
        let mut end = Some(self.now);
        for entry in line {
            let first = entry.first(self.now);
            let Some(so_far) = end else { break };
            if first > so_far.plus(1) {
                let what = match last {
                    Some(before) => format!(
                        "between {} and {} nothing holds from {} to {}",
                        before.name,
                        entry.name,
                        clock::show(so_far),
                        clock::show(first)
                    ),
                    None => {
                        format!("{} begins only at {}, and nothing holds before it", entry.name, clock::show(first))
                    }
                };
                findings.push(finding(Kind::Gap, what, Some(so_far), self.next(entry)));
            }
            match self.book.last(entry) {
                None => end = None,
                Some(its) if its >= so_far => end = Some(its),
                Some(_) => continue,
            }
            last = Some(entry);
        }
        if let (Some(entry), Some(end)) = (last, end) {
            findings.extend(self.lapses(entry, end));
        }
        findings
    }

    /// Tells of a delegation that is in the last fifth of its life, nothing following it.
    fn lapses(&self, entry: &Entry, end: Timestamp) -> Option<Finding> {
        let left = end.as_secs().saturating_sub(self.now.as_secs());
        let warned = margin(self.realm, entry, end);
        if left > warned || self.book.state(entry).0 != State::Current {
            return None;
        }
        let own = entry.expires() == Some(end);
        let what = match (is_running(entry.content()), own) {
            (true, _) => {
                let service = self.who.brief(&entry.issuer);
                format!("{service}'s running key {} runs until {}", entry.audience.short(), clock::show(end))
            }
            (false, true) => format!("the delegation {} ends at {}", entry.name, clock::show(end)),
            (false, false) => format!("what {} rests on ends at {}", entry.name, clock::show(end)),
        };
        let next = if own { self.next(entry) } else { format!("greatseal delegation show {}", entry.name) };
        Some(finding(Kind::Lapses, what, Some(end), next))
    }

    fn next(&self, entry: &Entry) -> String {
        match self.realm.service_of(&entry.issuer).filter(|_| is_running(entry.content())) {
            Some((service, _)) => format!("greatseal service rotate {service} --for FILE"),
            None => format!("greatseal delegation renew {}", entry.name),
        }
    }

    /// Finds delegations that are over, but for running keys, with nothing in their place.
    fn expired(&self) -> Vec<Finding> {
        ended(self.realm, self.book)
            .into_iter()
            .map(|entry| {
                let what = format!("the delegation {} ended, and nothing took its place", entry.name);
                let next = format!("greatseal delegation renew {0}, or greatseal delegation tidy", entry.name);
                finding(Kind::Expired, what, entry.expires(), next)
            })
            .collect()
    }

    /// Finds services that hold something and have no key to use it with.
    fn services(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (name, service) in &self.realm.file().services {
            let Ok(key) = self.realm.key(&service.identity) else { continue };
            let identity = key.public_key();
            let holds = self
                .book
                .entries()
                .iter()
                .any(|entry| entry.audience == identity && self.book.state(entry).0 == State::Current);
            let runs = running(self.book, &identity).iter().any(|entry| self.book.state(entry).0 == State::Current);
            if service.retired.is_none() && holds && !runs {
                findings.push(without_key(name));
            }
        }
        findings
    }
}

/// Returns how many seconds before its end a delegation is told: the last fifth of its life.
pub(crate) fn margin(realm: &Realm, entry: &Entry, end: Timestamp) -> u64 {
    match entry.validity().not_before.or_else(|| made_at(entry.content())) {
        Some(began) => end.as_secs().saturating_sub(began.as_secs()) / LAST,
        // What does not say since when it holds is told as tokens are.
        None => realm.file().warnings.days.iter().copied().map(u64::from).max().unwrap_or_default() * DAY,
    }
}

fn without_key(name: &Name) -> Finding {
    let what = format!("the service {name} has no running key");
    finding(Kind::RunningKey, what, None, format!("greatseal service rotate {name} --for FILE"))
}
