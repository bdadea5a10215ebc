//! What a pin remembers, shown: the path from the pinned token, and revocations that counted.

use std::collections::BTreeSet;

use greatseal_core::Decoded;
use greatseal_core::deed::{Act, Target};
use greatseal_token::deed;
use greatseal_token::wascap::{self, Claims};
use serde_json::{Value, json};

use crate::clock;
use crate::text;
use crate::trust::Pin;

/// Tells the path for programs.
pub(super) fn path(pin: &Pin) -> Vec<Value> {
    steps(pin)
        .into_iter()
        .map(|(token, endorsers)| {
            let claims = token.content();
            json!({
                "statement": token.id().to_string(),
                "key": claims.entity.subject_text(),
                "title": claims.entity.name().map(text::name),
                "seq": claims.succession.as_ref().map(|claim| claim.terms().seq),
                "expires": claims.terms.validity.expires.map(|at| at.as_secs()),
                "endorsed_by": endorsers,
            })
        })
        .collect()
}

/// Tells the revocations for programs.
pub(super) fn revocations(pin: &Pin) -> Vec<Value> {
    let revoked = pin.revoked().iter().filter_map(|revoked| deed::decode(&revoked.text).ok());
    revoked
        .map(|decoded| {
            let deed = decoded.content();
            json!({
                "statement": decoded.id().to_string(),
                "signer": deed.signer.to_string(),
                "revokes": revokes(&deed.act),
            })
        })
        .collect()
}

/// Tells both to a person.
pub(super) fn people(pin: &Pin) -> String {
    let mut lines = String::new();
    for (token, endorsers) in steps(pin) {
        let claims = token.content();
        let seq = claims.succession.as_ref().map_or(0, |claim| claim.terms().seq);
        lines += &format!(
            "  followed   to {}, token {seq} of {}, {}, with {} endorsements\n",
            token.id(),
            text::name(&claims.entity.subject_text()),
            clock::show_expiry(claims.terms.validity.expires),
            endorsers.len()
        );
    }
    for decoded in pin.revoked().iter().filter_map(|revoked| deed::decode(&revoked.text).ok()) {
        let deed = decoded.content();
        lines += &format!("  revoked    {}, by {}\n", revokes(&deed.act), deed.signer);
    }
    lines
}

/// A token of the path, and who endorsed it.
type Step = (Decoded<Claims>, BTreeSet<String>);

/// Reads the steps, each token once. What does not read is told by `verify`.
fn steps(pin: &Pin) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for step in pin.followed() {
        let Some((token, deeds)) = step.split_first() else { continue };
        let Ok(token) = wascap::decode(token) else { continue };
        let endorsers = deeds.iter().filter_map(|text| deed::decode(text).ok());
        let endorsers: BTreeSet<String> = endorsers.map(|decoded| decoded.content().signer.to_string()).collect();
        // Endorsements that were heard later lie in a step of their own.
        match steps.iter_mut().find(|(known, _)| known.id() == token.id()) {
            Some((_, known)) => known.extend(endorsers),
            None => steps.push((token, endorsers)),
        }
    }
    steps
}

fn revokes(act: &Act) -> String {
    match act {
        Act::Revoke(revocation) => match &revocation.target {
            Target::Statement(id) => format!("statement {id}"),
            Target::Edge { issuer, subject } => format!("what {issuer} said about {subject}"),
            Target::Key(key) => format!("everything that {key} signed"),
        },
        Act::Endorse(_) | Act::Countersign(_) => "nothing".into(),
    }
}
