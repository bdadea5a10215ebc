//! Keys that were looked at, for people and for programs.

use greatseal_custody::{Audit, Examination, Extractable, Origin, Rights, Versions};
use serde_json::{Value, json};

use super::judge::{Checked, State};
use crate::table::table;
use crate::text;

/// Returns a key for programs: every field always there, `null` where nothing is known.
pub(crate) fn object(checked: &Checked) -> Value {
    let Checked { subject, state, answered, description, claims, findings, remarks } = checked;
    let claims = claims.as_ref();
    json!({
        "name": subject.name.as_str(),
        "public": subject.public.to_string(),
        "place": subject.uri.as_ref().map(ToString::to_string),
        "state": state.word(),
        "answered_ms": answered.map(|took| (took.as_secs_f64() * 1e5).round() / 100.0),
        "lock": description.as_ref().map(|it| it.lock.word()),
        "largest_message": description.as_ref().map(|it| it.largest_message),
        "batch": description.as_ref().map(|it| it.batch.get()),
        "origin": claims.map(|it| origin(it.origin)),
        "extractable": claims.map(|it| extractable(it.extractable)),
        "rights": claims.map(|it| rights(&it.rights)),
        "version": claims.and_then(|it| it.version).map(|Versions { pinned, latest, least }| {
            json!({ "pinned": pinned, "latest": latest, "least": least })
        }),
        "audit": claims.map(|it| audit(it.audit)),
        "largest_signed": subject.issued.largest.as_ref().map(|(bytes, file)| json!({ "bytes": bytes, "file": file })),
        "sealed_revocation": subject.sealed.word(),
        "until": subject.issued.until.map(|at| at.as_secs()),
        "findings": findings.len(),
        "remarks": remarks,
    })
}

/// Tells all keys and findings to a person.
pub(crate) fn people(all: &[Checked]) -> String {
    let rows = all.iter().map(row).collect();
    let mut told = table(
        ["key", "place", "reachable", "claims", "version", "audit", "findings"],
        rows,
        "there are no keys here: `greatseal key create --help` says how to make one",
    );
    for (remark, names) in remarks(all) {
        told += &format!("remark   {remark}: {}\n", names.join(", "));
    }
    let findings: Vec<_> = all.iter().flat_map(|checked| &checked.findings).collect();
    if findings.is_empty() && !all.is_empty() {
        told += "nothing was found\n";
    }
    for finding in findings {
        let code = finding.code.map(|code| format!(" [{code}]")).unwrap_or_default();
        told += &format!(
            "{:<8} {}: {} ({}){code}\n         {}\n",
            finding.severity.word(),
            finding.key,
            text::short_dids(&finding.what),
            finding.kind.word(),
            finding.next
        );
    }
    told
}

/// Joins the keys of which one thing is to be remarked, so that it is read once.
fn remarks(all: &[Checked]) -> Vec<(&str, Vec<&str>)> {
    let mut joined: Vec<(&str, Vec<&str>)> = Vec::new();
    for checked in all {
        for remark in &checked.remarks {
            match joined.iter_mut().find(|(known, _)| known == remark) {
                Some((_, names)) => names.push(checked.subject.name.as_str()),
                None => joined.push((remark, vec![checked.subject.name.as_str()])),
            }
        }
    }
    joined
}

fn row(checked: &Checked) -> [String; 7] {
    let none = || "–".to_owned();
    let reachable = match (checked.state, checked.answered) {
        (State::Signs, Some(took)) => format!("signs, {}", milliseconds(took)),
        (State::NotUnlocked, _) => "not unlocked".into(),
        (state, _) => state.word().into(),
    };
    let claims = checked.claims.as_ref();
    let version = match claims.and_then(|it| it.version) {
        Some(Versions { pinned, latest, .. }) if pinned == latest => pinned.to_string(),
        Some(Versions { pinned, latest, .. }) => format!("{pinned} of {latest}"),
        None => none(),
    };
    [
        checked.subject.name.to_string(),
        checked.subject.uri.as_ref().map_or_else(|| "elsewhere".into(), |uri| place(&uri.to_string())),
        reachable,
        claims.map_or_else(none, said),
        version,
        claims.map_or_else(none, |it| audit(it.audit).into()),
        if checked.findings.is_empty() { none() } else { checked.findings.len().to_string() },
    ]
}

/// Characters of a place that a table has room for.
const PLACE: usize = 48;

/// Shortens where a key is to what tells it apart; `key list` and programs see all of it.
pub(crate) fn place(uri: &str) -> String {
    let key = uri.split('?').next().unwrap_or(uri);
    let short: String = key.chars().take(PLACE).collect();
    if short.len() < uri.len() { short + "…" } else { short }
}

/// Writes how long something took: `0.4 ms`, `1.2 s`.
fn milliseconds(took: core::time::Duration) -> String {
    let ms = took.as_secs_f64() * 1000.0;
    if ms < 1000.0 { format!("{ms:.1} ms") } else { format!("{:.1} s", ms / 1000.0) }
}

/// Says in a few words what a place claims.
fn said(claims: &Examination) -> String {
    let origin = match claims.origin {
        Origin::GeneratedInside => Some("made inside"),
        Origin::Imported => Some("brought in"),
        Origin::Unknown => None,
    };
    let leaves = match claims.extractable {
        Extractable::Never => Some("never leaves"),
        Extractable::Configurable => Some("leaves if configured"),
        Extractable::Yes => Some("can be copied"),
        Extractable::Unknown => None,
    };
    let words: Vec<&str> = origin.into_iter().chain(leaves).collect();
    if words.is_empty() { "nothing".into() } else { words.join(", ") }
}

const fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::GeneratedInside => "generated-inside",
        Origin::Imported => "imported",
        Origin::Unknown => "unknown",
    }
}

const fn extractable(extractable: Extractable) -> &'static str {
    match extractable {
        Extractable::Never => "never",
        Extractable::Configurable => "configurable",
        Extractable::Yes => "yes",
        Extractable::Unknown => "unknown",
    }
}

fn rights(rights: &Rights) -> Value {
    match rights {
        Rights::Beyond(more) => json!({ "beyond_signing": more }),
        Rights::Everything => json!("everything"),
        Rights::Unknown => json!("unknown"),
    }
}

const fn audit(audit: Audit) -> &'static str {
    match audit {
        Audit::On => "on",
        Audit::Off => "off",
        Audit::Unknown => "unknown",
    }
}
