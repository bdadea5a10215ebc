//! Where statements came from and what they call their subjects, for messages only.

use std::collections::BTreeMap;
use std::path::Path;

use greatseal_core::decide::{Allow, Candidate, Failure, Link, Notice};
use greatseal_core::{Fault, StatementId};
use greatseal_token::wascap::Claims;

use super::answer::{ChainLink, FailureLine};
use crate::clock;
use crate::text;

/// Characters of a statement id that tell it apart well enough, beside a file's name.
const ID_SHOWN: usize = 16;
/// Characters of a whole statement id.
const ID: usize = 64;

/// Files and names by statement.
pub(super) struct Showing {
    labels: BTreeMap<String, String>,
    names: BTreeMap<StatementId, String>,
    pub(super) target: String,
}

impl Showing {
    pub(super) fn new(labels: BTreeMap<StatementId, String>, supplied: &[Candidate<Claims>], target: String) -> Self {
        let named =
            |candidate: &Candidate<Claims>| Some((candidate.id(), text::name(candidate.content().entity.name()?)));
        let names = supplied.iter().filter_map(named).collect();
        Self { labels: labels.into_iter().map(|(id, label)| (id.to_string(), label)).collect(), names, target }
    }

    pub(super) fn add(&mut self, target: &Candidate<Claims>, path: &Path) {
        self.labels.insert(target.id().to_string(), text::path(path));
        if let Some(name) = target.content().entity.name() {
            self.names.insert(target.id(), text::name(name));
        }
    }

    pub(super) fn link(&self, link: &Link) -> ChainLink {
        let name = self.names.get(&link.id).map_or("", String::as_str);
        ChainLink {
            id: link.id.to_string(),
            family: link.family.word(),
            issuer: link.issuer.to_string(),
            subject: link.subject.to_string(),
            expires: link.expires.map(|at| at.as_secs()),
            line: self.line(link, name),
        }
    }

    fn line(&self, link: &Link, name: &str) -> String {
        let until = clock::show_expiry(link.expires);
        match &link.capability {
            None => format!("{} {name}  {}  {until}", word(link), link.subject.short()),
            Some(it) => {
                let (from, to) = (link.issuer.short(), it.audience.short());
                format!("{from} → {to}  {}  {until}", text::name(it.command.as_str()))
            }
        }
    }

    pub(super) fn sentence(&self, allow: &Allow) -> String {
        let mut links = allow.chain().iter();
        let named = |link: Option<&Link>| {
            link.map_or_else(String::new, |link| {
                let name = self.names.get(&link.id).map(|name| format!(" {name}")).unwrap_or_default();
                format!("{}{name}", word(link))
            })
        };
        if let Some(said) = allow.chain().last().and_then(capability) {
            return said;
        }
        match (links.next(), links.next_back()) {
            (root, Some(leaf)) => format!("{} speaks, under {}", named(Some(leaf)), named(root)),
            (only, None) => format!("{} is trusted", named(only)),
        }
    }

    pub(super) fn notice(&self, notice: &Notice) -> String {
        match notice {
            Notice::Followed { current, steps } => {
                let name = self.names.get(current).map(|name| format!(" of {name}")).unwrap_or_default();
                let steps = if *steps == 1 { "one step".into() } else { format!("{steps} steps") };
                self.files(&format!("the token{name} that is trusted was followed, {steps}, to {current}"))
            }
            Notice::OperatorWithoutSigners { .. }
            | Notice::OperatorListsIdentity { .. }
            | Notice::AccountByIdentity { .. }
            | Notice::KeyReused { .. }
            | Notice::AccountWithoutSigners { .. } => notice.to_string(),
        }
    }

    pub(super) fn failure(&self, failure: &Failure) -> FailureLine {
        let label = failure.statement.and_then(|id| self.labels.get(&id.to_string()).cloned());
        let mut message = self.files(&text::sentence(&failure.fault));
        // Several files may be about the same account or operator: only the name tells which is meant.
        if let (Fault::Succession(_), Some(label)) = (&failure.fault, &label)
            && *label != self.target
        {
            message = format!("in {label}: {message}");
        }
        FailureLine {
            code: failure.fault.code().text(),
            message,
            token: Some(label.unwrap_or_else(|| self.target.clone())),
            subject: failure.subject.map(|key| key.to_string()),
        }
    }

    /// Puts the names of files in the place of their statements' ids.
    fn files(&self, text: &str) -> String {
        let mut told = String::with_capacity(text.len());
        for piece in text.split_inclusive(|c: char| !c.is_ascii_hexdigit()) {
            let run = piece.trim_end_matches(|c: char| !c.is_ascii_hexdigit());
            match (self.labels.get(run), run.get(..ID_SHOWN)) {
                (Some(label), Some(start)) => told += &format!("{label} (statement {start}…)"),
                (None, Some(_)) if run.len() == ID => told += &format!("statement {run}"),
                (_, _) => told += run,
            }
            told += piece.strip_prefix(run).unwrap_or_default();
        }
        told
    }
}

/// Says what a UCAN allows, or asks for.
fn capability(link: &Link) -> Option<String> {
    let it = link.capability.as_ref()?;
    let (by, of, to) = (link.issuer.short(), link.subject.short(), it.audience.short());
    let command = text::name(it.command.as_str());
    Some(if it.invoked {
        format!("{by} may have {to} execute {command} of {of}")
    } else {
        format!("{to} may use {command} of {of}, by {by}")
    })
}

/// Names the kind of principal, or of UCAN, that a link is about.
fn word(link: &Link) -> &'static str {
    match (&link.capability, link.subject.nkey()) {
        (Some(_), _) => "capability",
        (None, Some(nkey)) => nkey.role().word(),
        (None, None) => "key",
    }
}
