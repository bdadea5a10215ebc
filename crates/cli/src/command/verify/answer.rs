//! The answer to `greatseal verify`, for programs and for people.

use std::fmt::Write as _;
use std::path::Path;

use greatseal_core::key::Spelled;
use greatseal_core::statement::Family;
use greatseal_core::{Code, Decision, Policy, Timestamp};
use serde::Serialize;

use super::showing::Showing;
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
    pub(super) audience_checked: bool,
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

/// One token of the chain.
#[derive(Debug, Serialize)]
pub(super) struct ChainLink {
    pub(super) id: String,
    pub(super) family: &'static str,
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) expires: Option<u64>,
    #[serde(skip)]
    pub(super) line: String,
}

/// One way in which it failed.
#[derive(Debug, Serialize)]
pub(super) struct FailureLine {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) token: Option<String>,
    pub(super) subject: Option<String>,
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
                notices: allow.notices().iter().map(|notice| showing.notice(notice)).collect(),
                ..blank
            },
            Decision::Deny(deny) => Self {
                code: Some(deny.closest().fault.code().text()),
                message: showing.failure(deny.closest()).message,
                failures: deny.failures().map(|failure| showing.failure(failure)).collect(),
                ..blank
            },
        }
    }

    /// Says whether it was found to be a UCAN that speaks.
    fn is_ucan(&self) -> bool {
        self.chain.iter().any(|link| link.family == Family::Ucan.word())
    }

    /// Tells it to a person, with the realm's names in the place of keys.
    pub(super) fn people(&self, now: Timestamp, names: &[(String, String)]) -> String {
        let named = |text: &str| {
            text::short_dids(&names.iter().fold(text.to_owned(), |text, (key, name)| text.replace(key, name)))
        };
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
                let token = failure.token.as_deref().unwrap_or_default();
                if token != self.file && !failure.message.starts_with(&format!("in {token}: ")) {
                    line(format!("  in {token}"));
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
        let audience = match (self.audience_checked, self.is_ucan()) {
            (true, _) => " · audience checked",
            (false, true) => " · audience not checked",
            (false, false) => "",
        };
        let anchored = self.anchored.map(|word| format!(" · anchored by {word}")).unwrap_or_default();
        line(format!(
            "  policy {}{anchored} · assurance {}{checked}{audience} · at {}",
            self.policy,
            self.assurance,
            clock::show(now)
        ));
        lines
    }
}

/// Keys that the realm around the working folder has names for; none outside of one.
pub(super) fn realm_names() -> Vec<(String, String)> {
    Realm::open(Path::new(".")).map_or_else(
        |_| Vec::new(),
        |realm| {
            let keys = &realm.file().keys;
            let spelled = |(name, key): (&_, &Spelled)| {
                let did = key.public_key();
                [
                    (key.to_string(), format!("{name} ({})", key.short())),
                    (did.to_string(), format!("{name} ({})", did.short())),
                ]
            };
            keys.iter().flat_map(spelled).collect()
        },
    )
}
