//! Judging UCANs: the token asked about, its proofs, and what takes something back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use greatseal_core::decide::{Candidate, Outcome};
use greatseal_core::error::{DecodeFault, Fault, UcanFault};
use greatseal_core::statement::Statement;
use greatseal_core::supply::{Subject, Supply};
use greatseal_core::{Cid, Decision, StatementId};
use greatseal_token::ucan::Ucan;

use super::answer::{Answer, Checked};
use super::session::{Session, about_whom, deny};
use super::showing::Showing;
use crate::input::{Ignored, Ucans};
use crate::text;

/// UCANs at hand, and where each came from.
#[derive(Default)]
struct Hand {
    candidates: Vec<Candidate<Ucan>>,
    paths: Vec<PathBuf>,
    labels: BTreeMap<StatementId, String>,
    malformed: Vec<(Cid, DecodeFault)>,
}

impl Hand {
    fn take(&mut self, candidate: Candidate<Ucan>, path: &Path) {
        self.labels.entry(candidate.id()).or_insert_with(|| text::path(path));
        self.candidates.push(candidate);
        self.paths.push(path.into());
    }
}

impl Session {
    /// Answers about a UCAN, or the one in question of a container.
    pub(super) fn answer_ucans(&mut self, path: &Path, ucans: &Ucans) -> Answer {
        let mut ignored = Vec::new();
        let mut hand = Hand::default();
        let mut subject = None;
        let decision = match self.target(path, ucans, &mut hand) {
            Ok(target) => {
                subject = target.content().grant().invocation().map(|it| it.subject);
                subject = subject.or_else(|| target.content().grant().delegation().and_then(|it| it.subject));
                self.supply(&mut hand, &mut ignored);
                hand.labels.insert(target.id(), text::path(path));
                let (outcome, deeds) = self.judge(target, &hand, &mut ignored);
                for it in outcome.ignored {
                    let path = match it.position {
                        Subject::Token(at) => hand.paths.get(at),
                        Subject::Deed(at) => deeds.get(at),
                    };
                    if let Some(path) = path {
                        ignored.push(Ignored::new(path, it.why.code(), text::ineffective(&it.why)));
                    }
                }
                let decision = outcome.decisions.into_iter().next();
                decision.unwrap_or_else(|| deny(DecodeFault::Empty.into()))
            }
            Err(fault) => deny(fault),
        };
        ignored.extend(self.supplied.ignored.iter().cloned());
        let decision = about_whom(decision, self.terms.subject, subject);
        let showing = Showing::new(hand.labels, &[], text::path(path));
        let audience_checked = self.terms.audience.is_some() && matches!(decision, Decision::Allow(_));
        let subject = subject.map(|subject| subject.to_string());
        let mut answer = Answer::of(&decision, self.view.policy(), &showing, subject, Checked::Nothing, ignored);
        answer.audience_checked = audience_checked;
        answer
    }

    /// Reads the file's own tokens, and returns the one that is asked about.
    fn target(&mut self, path: &Path, ucans: &Ucans, hand: &mut Hand) -> Result<Candidate<Ucan>, Fault> {
        let mut read = Vec::with_capacity(ucans.tokens.len());
        for token in &ucans.tokens {
            read.push(self.ucans.read(token)?);
        }
        let target = read.remove(asked_about(&read)?);
        read.into_iter().for_each(|candidate| hand.take(candidate, path));
        Ok(target)
    }

    /// Adds what was supplied beside.
    fn supply(&mut self, hand: &mut Hand, ignored: &mut Vec<Ignored>) {
        for (path, token) in &self.supplied.ucans {
            match self.ucans.read(token) {
                Ok(candidate) => hand.take(candidate, path),
                Err(fault) => {
                    ignored.push(Ignored::fault(path, &fault.clone().into()));
                    hand.malformed.push((Cid::of(token), fault));
                }
            }
        }
    }

    /// Judges the token, and returns where each deed came from.
    fn judge(&mut self, target: Candidate<Ucan>, hand: &Hand, ignored: &mut Vec<Ignored>) -> (Outcome, Vec<PathBuf>) {
        let (mut deeds, mut paths) = (Vec::new(), Vec::new());
        for (path, text) in &self.supplied.deeds {
            match self.ucans.read_deed(text) {
                Ok(deed) => {
                    deeds.push(deed);
                    paths.push(path.clone());
                }
                Err(fault) => ignored.push(Ignored::fault(path, &fault.into())),
            }
        }
        let supply = Supply::heap(hand.candidates.clone()).with_deeds(deeds);
        let supply = supply.with_malformed(hand.malformed.iter().cloned());
        (self.ucans.judge(vec![target], supply, &self.view), paths)
    }
}

/// Chooses the token that is asked about, by its position: the one invocation, or among delegations
/// the one that no other of them rests on.
///
/// # Errors
/// When there are several, or none.
fn asked_about(read: &[Candidate<Ucan>]) -> Result<usize, Fault> {
    let container = |rule| Fault::from(DecodeFault::from(UcanFault::Container { rule }));
    let invocations: Vec<usize> = positions(read, |candidate| candidate.content().grant().invocation().is_some());
    match invocations.as_slice() {
        [only] => return Ok(*only),
        [] => {}
        [..] => return Err(container("holds several invocations; unpack it to verify each by itself")),
    }
    let issuers: Vec<_> = read.iter().map(|candidate| candidate.content().signer()).collect();
    let last = |candidate: &Candidate<Ucan>| {
        candidate.content().grant().delegation().is_some_and(|it| !issuers.contains(&it.audience))
    };
    match positions(read, last).as_slice() {
        [only] => Ok(*only),
        [] => Err(container("holds no token to ask about")),
        [..] => Err(container("holds delegations to several; unpack it to verify each by itself")),
    }
}

fn positions(read: &[Candidate<Ucan>], is: impl Fn(&Candidate<Ucan>) -> bool) -> Vec<usize> {
    read.iter().enumerate().filter(|(_, candidate)| is(candidate)).map(|(at, _)| at).collect()
}
