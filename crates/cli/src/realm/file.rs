//! `greatseal.toml`: everything about a realm that is public.

use std::collections::BTreeMap;

use greatseal_core::Code;
use greatseal_core::key::Nkey;
use greatseal_custody::KeyName;
use serde::{Deserialize, Serialize};

use super::name::{Name, own};
use crate::problem::Problem;

/// The version of the file's form that this program writes and reads.
const SCHEMA: u32 = 1;

/// Rules for changing: a new field has a default; a changed meaning raises [`SCHEMA`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    schema: u32,
    name: String,
    policy: WrittenPolicy,
    lifetimes: Lifetimes,
    #[serde(default)]
    keys: BTreeMap<String, WrittenKey>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenPolicy {
    Strict,
    Relaxed,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKey {
    public: String,
}

/// For how many days new tokens speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lifetimes {
    pub(crate) operator: u32,
    pub(crate) account: u32,
    pub(crate) module: u32,
}

impl Default for Lifetimes {
    /// 200 days for operators, as the succession rules have it; a year for what they issue.
    fn default() -> Self {
        Self { operator: 200, account: 365, module: 365 }
    }
}

/// The content of `greatseal.toml`.
#[derive(Clone, Debug)]
pub(crate) struct RealmFile {
    pub(crate) name: Name,
    pub(crate) policy: greatseal_core::Policy,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) keys: BTreeMap<KeyName, Nkey>,
}

impl RealmFile {
    pub(crate) fn new(name: Name) -> Self {
        Self { name, policy: greatseal_core::Policy::Strict, lifetimes: Lifetimes::default(), keys: BTreeMap::new() }
    }

    /// Reads the file's text; `place` names it in messages.
    ///
    /// # Errors
    /// `GS-REALM-MALFORMED` with line and column.
    pub(crate) fn parse(text: &str, place: &str) -> Result<Self, Problem> {
        let malformed = |why: String| Problem::new(Code::RealmMalformed, format!("{place}: {why}"));
        // The version first: a file of another version is told as such, not as malformed.
        let version = toml::from_str::<toml::Table>(text)
            .map_err(|error| malformed(error.to_string()))?
            .get("schema")
            .and_then(toml::Value::as_integer);
        if version != Some(i64::from(SCHEMA)) {
            let found = version.map_or_else(|| "no schema version".into(), |found| format!("schema version {found}"));
            return Err(malformed(format!("{found}, and this greatseal knows version {SCHEMA}"))
                .hint("Use the version of greatseal that the realm was made with, or a newer one."));
        }
        let written: Written = toml::from_str(text).map_err(|error| malformed(error.to_string()))?;
        let name = Name::parse(&written.name)?;
        let mut keys = BTreeMap::new();
        for (key, value) in written.keys {
            let public = Nkey::parse(&value.public).map_err(|fault| malformed(format!("key {key}: {fault}")))?;
            keys.insert(name.complete(&key)?, public);
        }
        let policy = match written.policy {
            WrittenPolicy::Strict => greatseal_core::Policy::Strict,
            WrittenPolicy::Relaxed => greatseal_core::Policy::Relaxed,
        };
        Ok(Self { name, policy, lifetimes: written.lifetimes, keys })
    }

    /// Writes the file's text.
    pub(crate) fn text(&self) -> Result<String, Problem> {
        let written = Written {
            schema: SCHEMA,
            name: self.name.as_str().into(),
            policy: match self.policy {
                greatseal_core::Policy::Strict => WrittenPolicy::Strict,
                greatseal_core::Policy::Relaxed => WrittenPolicy::Relaxed,
            },
            lifetimes: self.lifetimes,
            keys: self
                .keys
                .iter()
                .map(|(name, key)| (own(name).into(), WrittenKey { public: key.to_string() }))
                .collect(),
        };
        let body = toml::to_string(&written)
            .map_err(|error| Problem::new(Code::RealmMalformed, format!("cannot write the realm's file: {error}")))?;
        Ok(format!(
            "# A greatseal realm. Everything here is public; private keys live in your own configuration.\n\
             # Keys are the names and public keys that this realm knows; tokens/ says what they may do.\n{body}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_goes_both_ways() {
        let mut file = RealmFile::new(Name::parse("acme").unwrap());
        let key = Nkey::parse("OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT").unwrap();
        file.keys.insert(file.name.complete("signing-1").unwrap(), key);
        let back = RealmFile::parse(&file.text().unwrap(), "greatseal.toml").unwrap();
        assert_eq!(back.keys, file.keys);
        assert_eq!(back.lifetimes, file.lifetimes);
    }

    #[test]
    fn damage_is_told_with_its_place() {
        let text = RealmFile::new(Name::parse("acme").unwrap()).text().unwrap();
        for (damaged, says) in [
            (text.replace("schema = 1", "schema = 9"), "schema version 9"),
            (text.replace("strict", "lax"), "line"),
            (text.replace("[lifetimes]", "[lifetime]"), "lifetime"),
            (String::new(), "no schema version"),
            (format!("{text}\n[keys.a]\npublic = \"x\""), "key a"),
        ] {
            let problem = RealmFile::parse(&damaged, "greatseal.toml").unwrap_err();
            assert_eq!(problem.code(), Code::RealmMalformed);
            assert!(problem.message().contains(says), "{}", problem.message());
        }
    }
}
