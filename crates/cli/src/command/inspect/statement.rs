//! What deeds say, and what an operator token says about its successors.

use greatseal_core::deed::{Act, Deed, Survivors, Target};
use greatseal_core::error::Fault;
use greatseal_core::succession::Terms;
use greatseal_core::{Statement, signature};
use greatseal_token::deed;
use greatseal_token::wascap::Claims;
use serde_json::{Value, json};

use super::Shown;
use crate::clock;
use crate::text;

/// Shows a deed: who says what about which statement or key.
pub(super) fn look_at_deed(received: &[u8], shown: &mut Shown) -> Result<(), Fault> {
    let decoded = deed::decode(received)?;
    let deed = decoded.content();
    shown.kind = deed.act.word();
    let good = signature::verify(&deed.signer(), decoded.signed(), decoded.signature()).is_ok();
    shown.lines.push(("kind".into(), deed.act.word().into()));
    shown.lines.extend(lines(deed));
    shown.lines.push(("statement".into(), decoded.id().to_string()));
    shown.lines.push(("signature".into(), if good { "good, by the signer named".into() } else { "BAD".into() }));
    shown.deed = Some(json!({
        "id": decoded.id().to_string(),
        "family": "greatseal",
        "kind": deed.act.word(),
        "signature_good": good,
        "jti": deed.id,
        "issued_at": deed.issued_at.as_secs(),
        "signer": deed.signer.to_string(),
        "target": target(&deed.act),
        "log": survivors(&deed.act).map(|log| json!({ "size": log.size, "root": log.root.to_string() })),
    }));
    Ok(())
}

fn survivors(act: &Act) -> Option<Survivors> {
    match act {
        Act::Revoke(revocation) => revocation.survivors,
        Act::Endorse(_) | Act::Countersign(_) => None,
    }
}

fn target(act: &Act) -> Value {
    match act {
        Act::Endorse(of) | Act::Countersign(of) => json!({ "statement": of.to_string() }),
        Act::Revoke(revocation) => match &revocation.target {
            Target::Statement(id) => json!({ "statement": id.to_string() }),
            Target::Edge { issuer, subject } => {
                json!({ "edge": { "issuer": issuer.to_string(), "subject": subject.to_string() } })
            }
            Target::Key(key) => json!({ "key": key.to_string() }),
        },
    }
}

fn lines(deed: &Deed) -> Vec<(String, String)> {
    let mut lines = vec![("signer".to_owned(), deed.signer.to_string())];
    let mut line = |name: &str, value: String| lines.push((name.into(), value));
    match &deed.act {
        Act::Endorse(of) => line("endorses", format!("the operator token {of}")),
        Act::Countersign(of) => line("countersigns", format!("the token {of}")),
        Act::Revoke(revocation) => {
            match &revocation.target {
                Target::Statement(id) => line("revokes", format!("the statement {id}")),
                Target::Edge { issuer, subject } => {
                    line("revokes", format!("what {issuer} said about {subject}"));
                }
                Target::Key(key) => line("revokes", format!("everything that {key} signed")),
            }
            line(
                "spares",
                revocation.survivors.map_or_else(
                    || "nothing".into(),
                    |log| format!("what is proven to be in the log of {} entries with root {}", log.size, log.root),
                ),
            );
        }
    }
    line("deed id", text::name(&deed.id));
    line("issued", clock::show(deed.issued_at));
    lines
}

/// Returns the claim `greatseal` of an operator token for programs; null where there is none.
pub(super) fn succession(claims: &Claims) -> Value {
    claims.succession.as_ref().map_or(Value::Null, |claim| {
        let terms = claim.terms();
        json!({
            "seq": terms.seq,
            "prev": terms.prev.map(|id| id.to_string()),
            "threshold": terms.threshold,
            "next": terms.next.map(|next| next.to_string()),
            "pair": terms.pair,
            "accounts": terms.accounts.word(),
        })
    })
}

/// Returns the same for people.
pub(super) fn succession_lines(claims: &Claims) -> Vec<(String, String)> {
    let Some(claim) = &claims.succession else { return Vec::new() };
    let Terms { seq, prev, threshold, next, pair, accounts } = claim.terms();
    let follows = prev.map_or_else(|| "nothing: it is the first".into(), |id| format!("the token {id}"));
    let next = next.map_or_else(|| "none: only this identity issues".into(), |next| format!("SHA-256 {next}"));
    let signers = claims.entity.signers().len();
    let pair = if *pair { "both identities together may do without a quorum" } else { "no" };
    [
        ("place in line", seq.to_string()),
        ("follows", follows),
        ("threshold", format!("{threshold} of {signers} signing keys endorse a successor")),
        ("next identity", next),
        ("pair", pair.into()),
        ("accounts", accounts.word().into()),
    ]
    .map(|(name, value)| (name.into(), value))
    .into()
}
