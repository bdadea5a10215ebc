//! The claim `greatseal` on the wire: the terms of an operator's succession.
//!
//! Top-level, beside what wascap writes, whose tools read over it. A member that is not known is
//! refused: passing over one could soften the rules that an operator chose.

use core::fmt;

use greatseal_core::succession::{AccountRule, Commitment, Terms};
use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use crate::json::{self, Faults, Text};

/// Reads the claim.
pub(super) struct TermsSeed<'f>(pub(super) &'f Faults);

impl<'de> DeserializeSeed<'de> for TermsSeed<'_> {
    type Value = Terms;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Terms, D::Error> {
        deserializer.deserialize_map(self)
    }
}

#[derive(Default)]
struct Members<'de> {
    seq: Option<u64>,
    prev: Option<Option<Text<'de>>>,
    threshold: Option<u64>,
    next: Option<Option<Text<'de>>>,
    pair: Option<bool>,
    accounts: Option<Text<'de>>,
}

impl<'de> Visitor<'de> for TermsSeed<'_> {
    type Value = Terms;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object under `greatseal`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Terms, A::Error> {
        let faults = self.0;
        let mut members = Members::default();
        while let Some(Text(name)) = map.next_key()? {
            match name.as_ref() {
                "seq" => faults.once(&mut members.seq, &mut map, "greatseal.seq")?,
                "prev" => faults.once(&mut members.prev, &mut map, "greatseal.prev")?,
                "threshold" => faults.once(&mut members.threshold, &mut map, "greatseal.threshold")?,
                "next" => faults.once(&mut members.next, &mut map, "greatseal.next")?,
                "pair" => faults.once(&mut members.pair, &mut map, "greatseal.pair")?,
                "accounts" => faults.once(&mut members.accounts, &mut map, "greatseal.accounts")?,
                other => return Err(faults.raise(json::unknown(other))),
            }
        }
        members.into_terms().map_err(|fault| faults.raise(fault))
    }
}

impl Members<'_> {
    fn into_terms(self) -> Result<Terms, greatseal_core::error::DecodeFault> {
        let missing = |name: &'static str| move || json::field(name, "is missing");
        let prev = match self.prev.ok_or_else(missing("greatseal.prev"))? {
            Some(text) => Some(json::statement_id("greatseal.prev", &text.0)?),
            None => None,
        };
        let next = match self.next.ok_or_else(missing("greatseal.next"))? {
            Some(text) => Some(Commitment::from_digest(json::digest("greatseal.next", &text.0)?)),
            None => None,
        };
        let accounts = self.accounts.ok_or_else(missing("greatseal.accounts"))?;
        Ok(Terms {
            seq: self.seq.ok_or_else(missing("greatseal.seq"))?,
            prev,
            threshold: self.threshold.ok_or_else(missing("greatseal.threshold"))?,
            next,
            pair: self.pair.ok_or_else(missing("greatseal.pair"))?,
            accounts: AccountRule::parse(&accounts.0)
                .ok_or_else(|| json::field("greatseal.accounts", "has to be `countersigned` or `plain`"))?,
        })
    }
}

/// The claim as it is written: every member, in this order.
#[derive(Serialize)]
pub(super) struct Written {
    seq: u64,
    prev: Option<String>,
    threshold: u64,
    next: Option<String>,
    pair: bool,
    accounts: &'static str,
}

impl Written {
    pub(super) fn of(terms: &Terms) -> Self {
        Self {
            seq: terms.seq,
            prev: terms.prev.map(|id| id.to_string()),
            threshold: terms.threshold,
            next: terms.next.map(|next| next.to_string()),
            pair: terms.pair,
            accounts: terms.accounts.word(),
        }
    }
}
