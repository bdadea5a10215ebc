//! What all files of one call share: the view, what is supplied, and what is remembered.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;

use greatseal_core::decide::{Candidate, Deny, Outcome};
use greatseal_core::deed::Deed;
use greatseal_core::error::{ChainFault, DecodeFault};
use greatseal_core::graph::Learned;
use greatseal_core::key::{Nkey, PublicKey};
use greatseal_core::supply::{Subject, Supply};
use greatseal_core::view::{Audience, Separation};
use greatseal_core::{Anchor, Decision, Fault, Policy, Timestamp, View};
use greatseal_token::deed;
use greatseal_token::ucan;
use greatseal_token::wascap::archive::ArchiveFile;
use greatseal_token::wascap::module::ModuleFile;
use greatseal_token::wascap::{Claims, Verifier};

use super::answer::{Answer, Checked};
use super::showing::Showing;
use crate::anchors::Trust;
use crate::input::{Ignored, Input, Kind, Supplied};
use crate::output;
use crate::text;
use crate::trust::{Lesson, Revoked, TrustStore};

/// What is held against every file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) policy: Policy,
    pub(super) now: Timestamp,
    /// Whom the file has to be about.
    pub(super) subject: Option<PublicKey>,
    /// Whom a UCAN has to be addressed to.
    pub(super) audience: Option<PublicKey>,
}

/// What all files of one call share.
pub(super) struct Session {
    pub(super) terms: Terms,
    pub(super) view: View,
    verifier: Verifier,
    pub(super) ucans: ucan::Verifier,
    trust: Trust,
    pub(super) supplied: Supplied,
    /// Where to write down what is learned; nowhere when trust or the instant was named.
    store: Option<TrustStore>,
}

/// Everything at hand for one answer.
struct Gathered {
    supply: Supply<Claims>,
    /// Where each deed came from; none for what is remembered.
    deeds: Vec<Option<PathBuf>>,
    showing: Showing,
    ignored: Vec<Ignored>,
}

impl Session {
    pub(super) fn new(
        terms: Terms,
        signing: &[PublicKey],
        trust: Trust,
        supplied: Supplied,
        store: Option<TrustStore>,
    ) -> Self {
        // Not to say whom it is for is a choice that every answer shows.
        let audience = terms.audience.map_or(Audience::Unchecked, Audience::Key);
        let mut view = View::new(terms.policy, trust.anchors.clone(), terms.now).addressed_to(audience);
        if !signing.is_empty() {
            for root in trust.anchors.iter().filter_map(Anchor::root) {
                view = view.mandating(Separation { root, signing: signing.to_vec() });
            }
        }
        let workers = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let (verifier, ucans) = (Verifier::new(workers), ucan::Verifier::new(workers));
        Self { terms, view, verifier, ucans, trust, supplied, store }
    }

    pub(super) fn answer(&mut self, input: Input) -> Answer {
        if let Kind::Ucans(ucans) = &input.kind {
            return self.answer_ucans(&input.path, ucans);
        }
        // Read anew for each file: from the second on, what was verified is remembered.
        let Gathered { supply, deeds, mut showing, mut ignored } = self.gather(input.label());
        let Input { path, kind } = input;
        let mut about = None;
        let mut verifier = |verifier: &mut Verifier, token: &[u8]| {
            let target = verifier.read(token)?;
            showing.add(&target, &path);
            about = Some(About::of(&target));
            Ok::<_, DecodeFault>(target)
        };
        let (outcome, checked) = match kind {
            Kind::Neither(fault) => (Outcome::because(fault), Checked::Nothing),
            // Answered above.
            Kind::Ucans(_) => (Outcome::because(DecodeFault::Empty.into()), Checked::Nothing),
            Kind::Deed(text) => (Outcome::because(no_token(&text)), Checked::Nothing),
            Kind::Token(token) => match verifier(&mut self.verifier, &token) {
                Ok(target) => (self.verifier.judge(vec![target], supply, &self.view), Checked::Nothing),
                Err(fault) => (Outcome::because(fault.into()), Checked::Nothing),
            },
            Kind::Module(bytes) => match ModuleFile::read(&bytes) {
                Ok(file) => {
                    // What is wrong with its token is told by the judgement.
                    let _ = file.token().map(|token| verifier(&mut self.verifier, token));
                    (self.verifier.judge_module(&file, supply, &self.view), Checked::Module)
                }
                Err(fault) => (Outcome::because(fault.into()), Checked::Module),
            },
            Kind::Archive(archive) => match ArchiveFile::open(archive) {
                Ok(file) => {
                    let _ = verifier(&mut self.verifier, file.token());
                    (self.verifier.judge_archive(file, supply, &self.view), Checked::Archive)
                }
                Err(fault) => (Outcome::because(fault.into()), Checked::Archive),
            },
        };
        let Outcome { decisions, ignored: without_effect, learned } = outcome;
        for it in without_effect {
            if let Subject::Deed(at) = it.position
                && let Some(Some(path)) = deeds.get(at)
            {
                ignored.push(Ignored::new(path, it.why.code(), text::ineffective(&it.why)));
            }
        }
        ignored.extend(self.supplied.ignored.iter().cloned());
        self.remember(&learned);
        let decision = decisions.into_iter().next().unwrap_or_else(|| deny(DecodeFault::Empty.into()));
        let checked = if matches!(decision, Decision::Allow(_)) { checked } else { Checked::Nothing };
        let found = about.as_ref().and_then(|about| about.nkey).map(|key| key.public_key());
        let decision = about_whom(decision, self.terms.subject, found);
        let subject = about.map(|about| about.subject);
        Answer::of(&decision, self.view.policy(), &showing, subject, checked, ignored)
    }

    /// Collects what is supplied, pinned and remembered.
    fn gather(&mut self, target: String) -> Gathered {
        let mut labels = BTreeMap::new();
        let mut ignored = Vec::new();
        let texts: Vec<&[u8]> = self.supplied.tokens.iter().map(|(_, token)| token.as_slice()).collect();
        let mut with = Vec::with_capacity(texts.len());
        for (read, (path, _)) in self.verifier.read_all(&texts).into_iter().zip(&self.supplied.tokens) {
            match read {
                Ok(candidate) => {
                    labels.insert(candidate.id(), text::path(path));
                    with.push(candidate);
                }
                Err(fault) => ignored.push(Ignored::fault(path, &fault.into())),
            }
        }
        let remembered = self.trust.memories.iter().flat_map(|memory| &memory.tokens);
        for (path, candidate) in self.trust.pinned.iter().chain(remembered) {
            labels.entry(candidate.id()).or_insert_with(|| text::path(path));
            with.push(candidate.clone());
        }
        let mut deeds = Vec::new();
        let mut heard: Vec<Candidate<Deed>> = Vec::new();
        for (path, text) in &self.supplied.deeds {
            match self.verifier.read_deed(text) {
                Ok(candidate) => {
                    labels.insert(candidate.id(), text::path(path));
                    heard.push(candidate);
                    deeds.push(Some(path.clone()));
                }
                Err(fault) => ignored.push(Ignored::fault(path, &fault.into())),
            }
        }
        for (path, text) in self.trust.memories.iter().flat_map(|memory| &memory.deeds) {
            // It was read when the store was.
            let Ok(candidate) = self.verifier.read_deed(text) else { continue };
            labels.entry(candidate.id()).or_insert_with(|| text::path(path));
            heard.push(candidate);
            deeds.push(None);
        }
        let showing = Showing::new(labels, &with, target);
        Gathered { supply: Supply::heap(with).with_deeds(heard), deeds, showing, ignored }
    }

    /// Writes down what nobody may hide from a later decision, whatever the answer was to this one.
    ///
    /// A store that cannot be written is told, and changes no answer.
    fn remember(&mut self, learned: &[Learned]) {
        let Some(store) = &self.store else { return };
        for of_one in learned {
            let Some(memory) = self.trust.memories.get_mut(of_one.anchor) else { continue };
            let mut lesson = Lesson::default();
            for step in &of_one.steps {
                let by = || step.endorsements.iter().map(|(by, _)| *by);
                if memory.lacks_step(step.id, by()) {
                    let endorsements = step.endorsements.iter().map(|(_, text)| text.clone());
                    lesson.steps.push(core::iter::once(step.token.clone()).chain(endorsements).collect());
                    memory.know_step(step.id, by());
                }
            }
            for it in of_one.revocations.iter().filter(|it| memory.lacks_revocation(&it.id)) {
                lesson.revocations.push(Revoked { own: it.own, id: it.id.to_string(), text: it.deed.clone() });
            }
            of_one.revocations.iter().for_each(|it| memory.know_revocation(it.id));
            if lesson.steps.is_empty() && lesson.revocations.is_empty() {
                continue;
            }
            if let Err(problem) = store.learn(memory.name(), &lesson) {
                output::remark(&format!(
                    "the trust store could not remember what led on from {}: {} [{}]",
                    memory.name(),
                    problem.message(),
                    problem.code()
                ));
            }
        }
    }
}

/// Whom a token is about, as it says itself.
struct About {
    subject: String,
    nkey: Option<Nkey>,
}

impl About {
    fn of(target: &Candidate<Claims>) -> Self {
        let entity = &target.content().entity;
        Self { subject: text::name(&entity.subject_text()), nkey: entity.subject() }
    }
}

/// Holds `--subject`.
pub(super) fn about_whom(decision: Decision, wanted: Option<PublicKey>, found: Option<PublicKey>) -> Decision {
    match (&decision, wanted) {
        (Decision::Allow(_), Some(wanted)) if found != Some(wanted) => {
            deny(ChainFault::OtherSubject { found, wanted }.into())
        }
        (Decision::Allow(_) | Decision::Deny(_), _) => decision,
    }
}

pub(super) fn deny(fault: Fault) -> Decision {
    Decision::Deny(Deny::because(fault))
}

/// Says why a deed is not judged by itself.
fn no_token(text: &[u8]) -> Fault {
    match deed::decode(text) {
        Ok(decoded) => ChainFault::NoRule { what: decoded.content().act.word() }.into(),
        Err(fault) => fault.into(),
    }
}
