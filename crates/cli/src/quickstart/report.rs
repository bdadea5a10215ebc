//! What the tour tells at its end.

use std::fmt::Write as _;
use std::path::Path;

use greatseal_core::decide::Allow;
use greatseal_core::key::{Key, Operator};
use greatseal_core::{Code, Decision};
use serde::Serialize;

use super::Signed;
use super::timing::Timing;
use crate::clock;
use crate::desk::Desk;
use crate::problem::Problem;
use crate::text;

/// The tour's results.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    folder: String,
    operator: String,
    verified: Vec<Verified>,
    attacks: Vec<Attack>,
    tree: Vec<String>,
    pub(super) timing: Option<Timing>,
}

#[derive(Debug, Serialize)]
struct Verified {
    file: String,
    decision: &'static str,
    chain: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Attack {
    what: &'static str,
    decision: &'static str,
    code: &'static str,
    sentence: &'static str,
    message: String,
}

impl Report {
    pub(super) fn new(folder: &Path, operator: Key<Operator>) -> Self {
        Self {
            folder: folder.display().to_string(),
            operator: operator.to_string(),
            verified: Vec::new(),
            attacks: Vec::new(),
            tree: Vec::new(),
            timing: None,
        }
    }

    pub(super) fn verified(&mut self, path: &Path, allow: &Allow) {
        self.verified.push(Verified {
            file: path.display().to_string(),
            decision: "allow",
            chain: allow.chain().iter().map(|link| link.subject.to_string()).collect(),
        });
    }

    /// Notes an attack; one that was allowed, or refused for another reason, ends the tour.
    pub(super) fn attack(&mut self, what: &'static str, expected: Code, decision: &Decision) -> Result<(), Problem> {
        match decision {
            Decision::Deny(deny) if deny.closest().fault.code() == expected => {
                self.attacks.push(Attack {
                    what,
                    decision: "deny",
                    code: expected.text(),
                    sentence: expected.title(),
                    message: deny.closest().fault.to_string(),
                });
                Ok(())
            }
            Decision::Deny(deny) => Err(Problem::new(
                deny.closest().fault.code(),
                format!("{what}: refused, but not with {expected}: {}", deny.closest().fault),
            )),
            Decision::Allow(_) => Err(Problem::new(expected, format!("{what}: this was ALLOWED"))
                .hint("That must never happen: do not use this build.")),
        }
    }

    /// Draws who stands under whom.
    pub(super) fn tree(&mut self, desk: &Desk, signed: &[Signed]) -> Result<(), Problem> {
        let current = desk.realm.tokens()?;
        let Some((_, operator)) = &current.operator else { return Ok(()) };
        let claims = operator.content();
        let line = |what: &str, title: &str, key: String, until: String| format!("{what} {title}  {key}  {until}");
        self.tree.push(line(
            "operator",
            &text::name(claims.entity.name().unwrap_or_default()),
            claims.entity.subject().map(|key| key.short()).unwrap_or_default(),
            clock::show_expiry(claims.terms.validity.expires),
        ));
        for key in claims.entity.signers() {
            self.tree.push(format!("├─ signing key {}", desk.realm.show(&key)));
        }
        let last = current.accounts.len().saturating_sub(1);
        for (place, (name, _, token)) in current.accounts.iter().enumerate() {
            let (branch, below) = if place == last { ("└─", "   ") } else { ("├─", "│  ") };
            let claims = token.content();
            let key = claims.entity.subject().map(|key| key.short()).unwrap_or_default();
            let until = clock::show_expiry(claims.terms.validity.expires);
            self.tree.push(format!("{branch} {}", line("account", name.as_str(), key, until)));
            for key in claims.entity.signers() {
                self.tree.push(format!("{below}├─ signing key {}", desk.realm.show(&key)));
            }
            for file in signed.iter().filter(|file| claims.entity.signers().contains(&file.module.signed_by)) {
                self.tree.push(format!(
                    "{below}└─ module {}  {}  {}",
                    file.name,
                    file.module.subject.short(),
                    file.path.display()
                ));
            }
        }
        Ok(())
    }

    /// Tells it to a person.
    pub(crate) fn people(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let mut line = |text: &str| {
            let _ = writeln!(out, "{text}");
        };
        line("who stands under whom");
        for one in &self.tree {
            line(&format!("  {one}"));
        }
        line("\nverified with public keys alone, trusting the operator's token");
        for file in &self.verified {
            line(&format!("  allow    {}", file.file));
        }
        line("\nattacks");
        let width = self.attacks.iter().map(|attack| attack.code.len()).max().unwrap_or(0);
        for attack in &self.attacks {
            line(&format!("  refused  {:width$}  {}: {}", attack.code, attack.what, attack.sentence));
        }
        if let Some(timing) = &self.timing {
            line(&format!(
                "\nspeed here: a chain of three tokens with its countersignatures took {:.0} µs, {:.1} µs when remembered; one bare signature check {:.0} µs",
                timing.chain_cold_us, timing.chain_warm_us, timing.signature_us
            ));
        }
        line(&format!(
            "\nnext\n  greatseal verify {0}/echo.wasm --with {0}/acme --trust {0}/acme/tokens/operator.jwt\n  greatseal inspect {0}/echo.wasm\n  greatseal explain GS-ACCOUNT-BY-IDENTITY\n  greatseal init NAME      a realm of your own; docs/start.md goes on from there\n  The private keys of this tour are in {0}/private; delete the folder when you are done.",
            self.folder
        ));
        out
    }
}
