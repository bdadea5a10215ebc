//! Shows operator tokens with the claim `greatseal` to wascap 0.6.1, 0.9.2, 0.11.2 and 0.16.2: what each
//! makes of them wherever the claim stands, and what is left of it when it writes them again.
//!
//! `succession [FILE]`; without a file, `succession/readings.json` beside the manifest. Every run writes
//! the same bytes.

#![forbid(unsafe_code)]

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use legacy_cases::{Key, Result, keys};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

const HEADER: &str = r#"{"typ":"jwt","alg":"Ed25519"}"#;
const OPERATOR: &Key = &keys::OP_IDENTITY;
const SIGNERS: [&Key; 3] = [&keys::OP_SIGNER_1, &keys::OP_SIGNER_2, &keys::OP_TWO_SIGNER];
const NEXT: &Key = &keys::OP_TWO;

/// Long after anybody looks at these tokens: old versions ask the clock.
const EXPIRES: u64 = 4_102_444_800;
const ISSUED: u64 = 1_600_000_000;

/// What one version makes of a token.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Reading {
    signature_valid: bool,
    expired: bool,
    cannot_use_yet: bool,
    issuer: String,
    subject: String,
    name: Option<String>,
    valid_signers: Option<Vec<String>>,
    /// The token as this version encodes and signs it, having read it.
    written_again: String,
}

macro_rules! reading {
    ($wascap:ident, $token:expr) => {{
        use $wascap::jwt::{Claims, Operator, validate_token};
        let verdict = validate_token::<Operator>($token)?;
        let claims = Claims::<Operator>::decode($token)?;
        let written_again = claims.encode(&$wascap::prelude::KeyPair::from_seed(OPERATOR.seed_test_only)?)?;
        let listing = claims.metadata.ok_or("no `wascap` was read")?;
        Reading {
            signature_valid: verdict.signature_valid,
            expired: verdict.expired,
            cannot_use_yet: verdict.cannot_use_yet,
            issuer: claims.issuer,
            subject: claims.subject,
            name: listing.name,
            valid_signers: listing.valid_signers,
            written_again,
        }
    }};
}

fn main() -> Result<()> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/succession/readings.json");
    let file = std::env::args().nth(1).unwrap_or_else(|| default.into());

    let members = members();
    let pinned = token(&members, members.len(), &claim(0, None))?;
    let signed = pinned.rsplit_once('.').map_or("", |(signed, _)| signed);
    let claim = claim(1, Some(HEXLOWER.encode(&Sha256::digest(signed))));

    let mut tokens = Vec::new();
    let mut readings: BTreeMap<&str, Reading> = BTreeMap::new();
    for place in 0..=members.len() {
        let token = token(&members, place, &claim)?;
        let read = [
            ("0.6.1", reading!(wascap_06, &token)),
            ("0.9.2", reading!(wascap_09, &token)),
            ("0.11.2", reading!(wascap_11, &token)),
            ("0.16.2", reading!(wascap_16, &token)),
        ];
        for (version, reading) in read {
            // Where the claim stands makes no difference to any of them.
            match readings.get(version) {
                Some(known) if *known != reading => return Err(format!("{version} reads {place} otherwise").into()),
                Some(_) => {}
                None => _ = readings.insert(version, reading),
            }
        }
        let before = members.get(place).map(|(name, _)| *name);
        tokens.push(json!({ "claim_before": before, "token": token }));
    }
    let seeds = [OPERATOR, SIGNERS[0], SIGNERS[1], SIGNERS[2], NEXT].map(|key| key.seed_test_only);
    let written = json!({
        "about": "The claim `greatseal` in every place, and what published wascap versions make of each: see README.md",
        "seeds_TEST_ONLY": seeds,
        "pinned": pinned,
        "successors": tokens,
        "readings_of_each_successor": readings,
    });
    Ok(std::fs::write(file, serde_json::to_string_pretty(&written)? + "\n")?)
}

/// The members that wascap knows, in its order.
fn members() -> Vec<(&'static str, Value)> {
    let listing = json!({ "name": "Legacy Root", "valid_signers": SIGNERS.map(|key| key.public) });
    vec![
        ("exp", EXPIRES.into()),
        ("jti", "0000000000000000000001".into()),
        ("iat", ISSUED.into()),
        ("iss", OPERATOR.public.into()),
        ("sub", OPERATOR.public.into()),
        ("nbf", ISSUED.into()),
        ("wascap", listing),
        ("wascap_revision", 3.into()),
    ]
}

/// Written by hand: the members have an order.
fn claim(seq: u64, prev: Option<String>) -> String {
    let raw = data_encoding::BASE32_NOPAD.decode(NEXT.public.as_bytes()).unwrap_or_default();
    let next = HEXLOWER.encode(&Sha256::digest(raw.get(1..33).unwrap_or_default()));
    let prev = json!(prev);
    format!(
        r#""greatseal":{{"seq":{seq},"prev":{prev},"threshold":2,"next":"{next}","pair":true,"accounts":"countersigned"}}"#
    )
}

/// Signs the members with the claim in one place among them.
fn token(members: &[(&str, Value)], place: usize, claim: &str) -> Result<String> {
    let mut written: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    written.insert(place, claim.to_owned());
    let claims = format!("{{{}}}", written.join(","));
    let signed = [HEADER, &claims].map(|part| BASE64URL_NOPAD.encode(part.as_bytes())).join(".");
    let signature = wascap_16::prelude::KeyPair::from_seed(OPERATOR.seed_test_only)?.sign(signed.as_bytes())?;
    Ok(format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature)))
}
