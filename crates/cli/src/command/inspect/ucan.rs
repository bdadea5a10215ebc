//! What UCANs say, alone or in a container.

use greatseal_core::Decoded;
use greatseal_core::error::{DecodeFault, Fault};
use greatseal_core::issue::Signable as _;
use greatseal_core::{Timestamp, signature};
use greatseal_token::ucan::{self, REVOKE, Ucan, UcanEnvelope};
use serde_json::{Value, json};

use super::Shown;
use crate::clock;
use crate::input::Ucans;
use crate::text;

/// Shows one UCAN, or each of a container's.
pub(super) fn look_at_ucans(ucans: &Ucans, shown: &mut Shown) -> Result<(), Fault> {
    let mut objects = Vec::with_capacity(ucans.tokens.len());
    if ucans.contained {
        shown.kind = "container";
        shown.lines.push(("file".into(), format!("container of {}", text::count(ucans.tokens.len(), "token"))));
    }
    for (number, token) in ucans.tokens.iter().enumerate() {
        let decoded = match ucan::decode(token) {
            Ok(decoded) => decoded,
            // In a container the place tells which one.
            Err(fault) if ucans.contained => {
                shown.lines.push((format!("token {}", number + 1), format!("BAD: {fault}")));
                return Err(fault.into());
            }
            Err(fault) => return Err(fault.into()),
        };
        if ucans.contained {
            shown.lines.push((format!("token {}", number + 1), word(decoded.content()).into()));
        } else {
            shown.kind = word(decoded.content());
        }
        shown.lines.extend(lines(&decoded));
        objects.push(object(&decoded));
    }
    if ucans.contained {
        shown.container = Some(json!({ "tokens": objects }));
    } else {
        shown.token = objects.pop();
    }
    if ucans.tokens.is_empty() { Err(DecodeFault::Empty.into()) } else { Ok(()) }
}

fn word(content: &Ucan) -> &'static str {
    match content {
        Ucan::Delegation(_) => "delegation",
        Ucan::Invocation(it) if it.command().as_str() == REVOKE => "revocation",
        Ucan::Invocation(_) => "invocation",
    }
}

fn is_good(decoded: &Decoded<Ucan>) -> bool {
    signature::verify(&decoded.content().issuer(), decoded.signed(), decoded.signature()).is_ok()
}

/// The lines that a signer is shown, with instants as people read them.
fn lines(decoded: &Decoded<Ucan>) -> Vec<(String, String)> {
    let content = decoded.content();
    let instant = |name: &str, value: &str| match name {
        "expires" => Some(clock::show_last(content.expires())),
        "not before" => content.begins().map(clock::show),
        // JSON spells out what steers a terminal itself, and may be long.
        "policy" | "arguments" | "meta" => Some(text::fit(value)),
        _ => Some(text::name(value)),
    };
    let summary = UcanEnvelope::summary(content);
    let mut lines: Vec<(String, String)> =
        summary.into_iter().filter_map(|(name, value)| Some((name.into(), instant(name, &value)?))).collect();
    lines.extend(content.aliases().map(|aliases| ("CID".into(), aliases.cid.to_string())));
    lines.push(("statement".into(), decoded.id().to_string()));
    let good = if is_good(decoded) { "good, by the issuer named" } else { "BAD" };
    lines.push(("signature".into(), good.into()));
    lines
}

fn object(decoded: &Decoded<Ucan>) -> Value {
    let content = decoded.content();
    let mut object = json!({
        "id": decoded.id().to_string(),
        "cid": content.aliases().map(|aliases| aliases.cid.to_string()),
        "family": "ucan",
        "type": word(content),
        "algorithm": content.issuer().algorithm(),
        "signature_good": is_good(decoded),
        "issuer": content.issuer().to_string(),
        "audience": content.audience().to_string(),
        "subject": content.subject().map(|subject| subject.to_string()),
        "command": content.command().as_str(),
        "not_before": content.begins().map(Timestamp::as_secs),
        "expires": content.expires().map(Timestamp::as_secs),
    });
    let own = match content {
        Ucan::Delegation(it) => json!({ "policy": it.policy().to_json(), "meta": it.meta().map(Value::from) }),
        Ucan::Invocation(it) => json!({
            "args": Value::from(it.args()),
            "proofs": it.proofs().iter().map(ToString::to_string).collect::<Vec<_>>(),
            "issued_at": it.issued_at().map(Timestamp::as_secs),
            "cause": it.cause().map(|cause| cause.to_string()),
            "task": it.task().to_string(),
            "revokes": it.revokes().map(|revokes| revokes.token.to_string()),
            "meta": it.meta().map(Value::from),
        }),
    };
    if let (Some(object), Value::Object(own)) = (object.as_object_mut(), own) {
        object.extend(own);
    }
    object
}
