//! The answer to `greatseal verify`, for programs and for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use greatseal_core::decide::{Allow, Candidate, Failure, Link};
use greatseal_core::{Code, Decision, Policy, StatementId, Timestamp};
use greatseal_token::wascap::Claims;
use serde::Serialize;

use crate::clock;
use crate::input::Ignored;
use crate::realm::Realm;
use crate::text;

/// The answer about one file; its names are stable.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    pub(super) decision: &'static str,
    code: Option<&'static str>,
    message: String,
    subject: Option<String>,
    chain: Vec<ChainLink>,
    policy: &'static str,
    anchored: Option<&'static str>,
    assurance: &'static str,
    audience_checked: bool,
    module_checked: bool,
    archive_checked: bool,
    file: String,
    failures: Vec<FailureLine>,
    notices: Vec<String>,
    pub(super) ignored: Vec<Ignored>,
}

/// What was held against the token beside its chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checked {
    /// Nothing: it is a token alone, or was not believed.
    Nothing,
    /// The module that carries it.
    Module,
    /// Every file of the provider archive that carries it.
    Archive,
}

#[derive(Debug, Serialize)]
struct ChainLink {
    id: String,
    family: &'static str,
    issuer: String,
    subject: String,
    expires: Option<u64>,
    #[serde(skip)]
    line: String,
}

#[derive(Debug, Serialize)]
struct FailureLine {
    code: &'static str,
    message: String,
    token: Option<String>,
    subject: Option<String>,
}

impl Answer {
    /// Composes the answer to one decision.
    pub(super) fn of(
        decision: &Decision,
        policy: Policy,
        showing: &Showing,
        subject: Option<String>,
        checked: Checked,
        ignored: Vec<Ignored>,
    ) -> Self {
        let policy = policy.word();
        let blank = Self {
            decision: "deny",
            code: None,
            message: String::new(),
            subject,
            chain: Vec::new(),
            policy,
            anchored: None,
            assurance: "signatures",
            audience_checked: false,
            module_checked: checked == Checked::Module,
            archive_checked: checked == Checked::Archive,
            file: showing.target.clone(),
            failures: Vec::new(),
            notices: Vec::new(),
            ignored,
        };
        match decision {
            Decision::Allow(allow) => Self {
                decision: "allow",
                message: showing.sentence(allow),
                chain: allow.chain().iter().map(|link| showing.link(link)).collect(),
                anchored: Some(allow.anchored().word()),
                notices: allow.notices().iter().map(ToString::to_string).collect(),
                ..blank
            },
            Decision::Deny(deny) => Self {
                code: Some(deny.closest().fault.code().text()),
                message: text::sentence(&deny.closest().fault),
                failures: deny.failures().map(|failure| showing.failure(failure)).collect(),
                ..blank
            },
        }
    }

    /// Tells it to a person, with the realm's names in the place of keys.
    pub(super) fn people(&self, now: Timestamp, names: &[(String, String)]) -> String {
        let named = |text: &str| names.iter().fold(text.to_owned(), |text, (key, name)| text.replace(key, name));
        let mut lines = String::new();
        // Writing to a string cannot fail.
        let mut line = |text: String| {
            let _ = writeln!(lines, "{text}");
        };
        if self.decision == "allow" {
            line(format!("allow  {}", self.file));
            line(format!("  {}", self.message));
            for (depth, link) in self.chain.iter().enumerate() {
                let branch = if depth == 0 { String::new() } else { format!("{}└─ ", "   ".repeat(depth - 1)) };
                line(format!("  {branch}{}", link.line));
            }
            for notice in &self.notices {
                line(format!("  notice: {}", named(notice)));
            }
        } else {
            line(format!("deny   {}  {}", self.file, self.code.unwrap_or_default()));
            line(format!("  {}", named(&text::capital(&self.message))));
            for failure in &self.failures {
                if failure.token.as_ref() != Some(&self.file) {
                    line(format!("  in {}", failure.token.as_deref().unwrap_or_default()));
                }
                if Some(failure.code) != self.code || failure.message != self.message {
                    line(format!("  also: {} [{}]", named(&failure.message), failure.code));
                }
            }
            if let Some(code) = self.code.and_then(Code::parse) {
                line(format!("  {}", code.advice()));
            }
        }
        let checked = match (self.module_checked, self.archive_checked) {
            (true, _) => " · module checked",
            (_, true) => " · archive checked",
            (false, false) => "",
        };
        let anchored = self.anchored.map(|word| format!(" · anchored by {word}")).unwrap_or_default();
        line(format!(
            "  policy {}{anchored} · assurance {}{checked} · at {}",
            self.policy,
            self.assurance,
            clock::show(now)
        ));
        lines
    }
}

/// Where tokens came from and what they call their subjects, for messages only.
pub(super) struct Showing {
    pub(super) labels: BTreeMap<StatementId, String>,
    pub(super) names: BTreeMap<StatementId, String>,
    pub(super) target: String,
}

impl Showing {
    pub(super) fn add(&mut self, target: &Candidate<Claims>, path: &Path) {
        self.labels.insert(target.id(), text::path(path));
        if let Some(name) = target.content().entity.name() {
            self.names.insert(target.id(), text::name(name));
        }
    }

    fn link(&self, link: &Link) -> ChainLink {
        let name = self.names.get(&link.id).map_or("", String::as_str);
        ChainLink {
            id: link.id.to_string(),
            family: link.family.word(),
            issuer: link.issuer.to_string(),
            subject: link.subject.to_string(),
            expires: link.expires.map(|at| at.as_secs()),
            line: format!(
                "{} {name}  {}  {}",
                link.subject.role(),
                link.subject.short(),
                clock::show_expiry(link.expires)
            ),
        }
    }

    fn sentence(&self, allow: &Allow) -> String {
        let mut links = allow.chain().iter();
        let named = |link: Option<&Link>| {
            link.map_or_else(String::new, |link| {
                let name = self.names.get(&link.id).map(|name| format!(" {name}")).unwrap_or_default();
                format!("{}{name}", link.subject.role())
            })
        };
        match (links.next(), links.next_back()) {
            (root, Some(leaf)) => format!("{} speaks, under {}", named(Some(leaf)), named(root)),
            (only, None) => format!("{} is trusted", named(only)),
        }
    }

    fn failure(&self, failure: &Failure) -> FailureLine {
        FailureLine {
            code: failure.fault.code().text(),
            message: text::sentence(&failure.fault),
            token: Some(
                failure.statement.and_then(|id| self.labels.get(&id).cloned()).unwrap_or_else(|| self.target.clone()),
            ),
            subject: failure.subject.map(|key| key.to_string()),
        }
    }
}

pub(super) fn names(candidates: &[Candidate<Claims>]) -> BTreeMap<StatementId, String> {
    candidates
        .iter()
        .filter_map(|candidate| Some((candidate.id(), text::name(candidate.content().entity.name()?))))
        .collect()
}

/// Keys that the realm around the working folder has names for; none outside of one.
pub(super) fn realm_names() -> Vec<(String, String)> {
    Realm::open(Path::new(".")).map_or_else(
        |_| Vec::new(),
        |realm| {
            let keys = &realm.file().keys;
            keys.iter().map(|(name, key)| (key.to_string(), format!("{name} ({})", key.short()))).collect()
        },
    )
}
