//! The claim `greatseal`, member by member.

use greatseal_core::succession::Succession;
use sha2::{Digest, Sha256};

use super::json::Json;
use super::key;

/// The members, all of them and in their order.
pub const CLAIM: &[&str] = &["seq", "prev", "threshold", "next", "pair", "accounts"];

/// What it says.
#[derive(Debug, PartialEq, Eq)]
pub struct Claim {
    seq: u64,
    prev: Option<String>,
    threshold: u64,
    next: Option<String>,
    pair: bool,
    accounts: String,
}

impl Claim {
    /// Takes what the reader under test has read.
    pub fn of(succession: &Succession) -> Self {
        let terms = succession.terms();
        Self {
            seq: terms.seq,
            prev: terms.prev.map(|id| id.to_string()),
            threshold: terms.threshold,
            next: terms.next.map(|next| next.to_string()),
            pair: terms.pair,
            accounts: terms.accounts.word().to_owned(),
        }
    }
}

/// Reads the claim of a token: nothing when the token is refused for it, and nothing within when it has none.
#[allow(clippy::option_option, reason = "refused, absent and present are three things")]
pub fn read(token: &Json) -> Option<Option<Claim>> {
    let Some(claim) = token.get("greatseal") else { return Some(None) };
    let names = claim.members();
    // Each once: a double one was refused before.
    if !matches!(claim, Json::Object(_))
        || names.len() != CLAIM.len()
        || !names.iter().all(|(name, _)| CLAIM.contains(&name.as_str()))
    {
        return None;
    }
    let digest = |name: &str| match claim.get(name)? {
        Json::Null => Some(None),
        other => other.digest().map(Some),
    };
    let spelled = |digest: [u8; 32]| data_encoding::HEXLOWER.encode(&digest);
    let (prev, next) = (digest("prev")?, digest("next")?);
    let read = Claim {
        seq: claim.get("seq")?.whole()?,
        prev: prev.map(spelled),
        threshold: claim.get("threshold")?.whole()?,
        next: next.map(spelled),
        pair: match claim.get("pair")? {
            Json::Bool(pair) => *pair,
            _ => return None,
        },
        accounts: claim.get("accounts")?.text().filter(|word| ["countersigned", "plain"].contains(word))?.to_owned(),
    };
    stands(token, read.threshold, next).then_some(Some(read))
}

/// Only operators have one, and keys and threshold have to go together.
fn stands(token: &Json, threshold: u64, next: Option<[u8; 32]>) -> bool {
    let raw = |text: Option<&Json>| text.and_then(Json::text).and_then(|text| key::nkey(text.as_bytes()));
    let fields = token.get("wascap").unwrap_or(&Json::Null);
    let Some(('O', identity)) = raw(token.get("sub")) else { return false };
    if !matches!(fields, Json::Object(_)) || fields.get("target_url").is_some() || fields.get("origin_url").is_some() {
        return false;
    }
    let listed = match fields.get("valid_signers") {
        Some(Json::Array(listed)) => listed.as_slice(),
        _ => &[],
    };
    let mut keys = vec![identity];
    for listed in listed {
        match raw(Some(listed)) {
            Some((_, key)) if !keys.contains(&key) => keys.push(key),
            _ => return false,
        }
    }
    let signers = keys.len() as u64 - 1;
    // 128 bits, because a threshold may be as great as a number can be.
    let fits = 2 * u128::from(threshold) > u128::from(signers) && threshold <= signers;
    fits && keys.iter().all(|key| next != Some(Sha256::digest(key).into()))
}
