//! `keys.toml`: which keys there are, where each is, and which public key is pinned for it.
//!
//! Rules for changing it: a new optional field needs nothing; a field that older versions must
//! not pass over, or another meaning of an old one, needs a new `schema` number. Unknown fields
//! are refused, so that a misspelt one is not silently without effect.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use greatseal_core::Timestamp;
use greatseal_core::error::Quoted;
use greatseal_core::key::{PublicKey, Spelled};
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::{Deserialize as Derived, Serialize};
use toml::Spanned;

use crate::fault::CustodyFault;
use crate::name::KeyName;
use crate::uri::KeyUri;

const SCHEMA: u64 = 1;

const HEADING: &str = "\
# Keys in custody: where each private half is, and which public key is pinned for it.
# Written by greatseal, which never overwrites a key. It holds no secret, but whoever can change
# it decides which keys are used: keep it private.
";

/// One key in custody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: KeyName,
    /// Where its private half is.
    pub uri: KeyUri,
    /// Its pinned public key.
    pub public: Spelled,
    /// When it came into custody.
    pub created: Option<Timestamp>,
}

/// Every key in custody, by name; no two of them with the same raw key.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Table(BTreeMap<KeyName, Entry>);

impl Table {
    /// Reads the bytes of the file at `path`, which is only named in faults.
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, CustodyFault> {
        let not_text = CustodyFault::Malformed { path: path.into(), problem: "it is no UTF-8 text" };
        let text = std::str::from_utf8(bytes).map_err(|_| not_text)?;
        let fault = |span: Option<Range<usize>>, problem: &str| {
            let (line, column) = position(text, span.map_or(0, |span| span.start));
            CustodyFault::Table { path: path.into(), line, column, problem: Quoted::sentence(problem) }
        };
        let toml_fault = |error: toml::de::Error| fault(error.span(), error.message());

        // The version first: a later one may have fields that this one would call unknown.
        let Version { schema } = toml::from_str(text).map_err(toml_fault)?;
        if *schema.get_ref() != SCHEMA {
            let problem = format!("schema {} is not the one that this version reads, {SCHEMA}", schema.get_ref());
            return Err(fault(Some(schema.span()), &problem));
        }
        let Document { schema: _, keys } = toml::from_str(text).map_err(toml_fault)?;
        let mut table = Self::default();
        for (name, row) in keys {
            let (span, Name(name), Row { uri, public, created }) = (name.span(), name.into_inner(), row);
            if let Some(other) = table.by_key(&public.public_key()) {
                let problem = format!("{name} has the same key as {}", other.name);
                return Err(fault(Some(span), &problem));
            }
            table.insert(Entry { name, uri, public, created: created.map(Timestamp::from_secs) });
        }
        Ok(table)
    }

    /// Writes the file's text.
    pub(crate) fn to_text(&self) -> Result<String, toml::ser::Error> {
        let row = |entry: &Entry| WrittenRow {
            uri: entry.uri.to_string(),
            public: entry.public.to_string(),
            // TOML has no integers beyond these; such a time is nobody's clock.
            created: entry.created.and_then(|at| i64::try_from(at.as_secs()).ok()),
        };
        let keys = self.0.values().map(|entry| (entry.name.as_str(), row(entry))).collect();
        Ok(format!("{HEADING}{}", toml::to_string(&WrittenDocument { schema: SCHEMA, keys })?))
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.0.values()
    }

    pub(crate) fn get(&self, name: &KeyName) -> Option<&Entry> {
        self.0.get(name)
    }

    /// Finds a key by its raw bytes, whatever its role.
    pub(crate) fn by_key(&self, key: &PublicKey) -> Option<&Entry> {
        self.entries().find(|entry| entry.public.public_key() == *key)
    }

    /// Refuses a name that is taken, and a key that has another name already.
    pub(crate) fn admit(&self, name: &KeyName, public: &Spelled) -> Result<(), CustodyFault> {
        if self.0.contains_key(name) {
            return Err(CustodyFault::Exists { name: name.clone() });
        }
        match self.by_key(&public.public_key()) {
            Some(other) => Err(CustodyFault::SameKey { key: *public, name: other.name.clone() }),
            None => Ok(()),
        }
    }

    pub(crate) fn insert(&mut self, entry: Entry) {
        self.0.insert(entry.name.clone(), entry);
    }
}

#[derive(Derived)]
struct Version {
    schema: Spanned<u64>,
}

#[derive(Derived)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "schema")]
    #[expect(dead_code, reason = "it has been read before, and may stand here")]
    schema: u64,
    #[serde(default)]
    keys: BTreeMap<Spanned<Name>, Row>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Name(KeyName);

#[derive(Derived)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(deserialize_with = "uri")]
    uri: KeyUri,
    #[serde(deserialize_with = "public")]
    public: Spelled,
    created: Option<u64>,
}

#[derive(Serialize)]
struct WrittenDocument<'a> {
    schema: u64,
    keys: BTreeMap<&'a str, WrittenRow>,
}

#[derive(Serialize)]
struct WrittenRow {
    uri: String,
    public: String,
    created: Option<i64>,
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        KeyName::parse(&String::deserialize(deserializer)?).map(Self).map_err(D::Error::custom)
    }
}

fn uri<'de, D: Deserializer<'de>>(deserializer: D) -> Result<KeyUri, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

fn public<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Spelled, D::Error> {
    Spelled::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Returns line and column, from 1, of a byte of the text.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.chars().rev().take_while(|character| *character != '\n').count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATOR: &str = "OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT";
    /// The same raw key in another role.
    const ACCOUNT: &str = "AAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QPZV";
    const SEED: &str = "SOAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H2AJA";

    fn parse(text: &str) -> Result<Table, CustodyFault> {
        Table::parse(Path::new("keys.toml"), text.as_bytes())
    }

    #[test]
    fn text_goes_both_ways() {
        let mut table = Table::default();
        assert_eq!(parse(&table.to_text().unwrap()).unwrap(), table);
        for (name, uri, created, key) in
            [("acme/root", "offline:", None, 1), ("b", "file:b.age", Some(1_700_000_000), 2)]
        {
            table.insert(Entry {
                name: KeyName::parse(name).unwrap(),
                uri: uri.parse().unwrap(),
                public: Spelled::Nkey(greatseal_core::key::Nkey::new(
                    greatseal_core::key::Role::Account,
                    greatseal_core::key::RawKey::new([key; 32]),
                )),
                created: created.map(Timestamp::from_secs),
            });
        }
        let text = table.to_text().unwrap();
        assert!(text.contains("[keys.\"acme/root\"]\nuri = \"offline:\"\npublic = \"A"), "{text}");
        assert_eq!(parse(&text).unwrap(), table);
    }

    #[test]
    fn what_is_wrong_is_named_with_line_and_column() {
        let row = |uri: &str, public: &str| format!("[keys.a]\nuri = \"{uri}\"\npublic = \"{public}\"\n");
        let good = row("file:a.age", OPERATOR);
        assert!(parse(&format!("schema = 1\n{good}")).is_ok());
        for (text, at, words) in [
            (String::new(), (1, 1), "schema"),
            ("schema = 1\n[keys\n".into(), (2, 6), ""),
            (format!("schema = 2\nnew = 1\n{good}"), (1, 10), "schema 2"),
            (format!("schema = \"1\"\n{good}"), (1, 10), "string"),
            (format!("schema = 1\nextra = 1\n{good}"), (2, 1), "extra"),
            (format!("schema = 1\n{good}extra = 1\n"), (5, 1), "extra"),
            (format!("schema = 1\n{good}created = -1\n"), (5, 11), "-1"),
            (format!("schema = 1\n{good}{good}"), (5, 7), "duplicate"),
            (format!("schema = 1\n{}", row("file:../a.age", OPERATOR)), (3, 7), "private folder"),
            (format!("schema = 1\n{}", row("hsm:x", OPERATOR)), (3, 7), "file:, ssh-agent:"),
            (format!("schema = 1\n{}", row("offline:", &OPERATOR.replace('2', "3"))), (4, 10), "checksum"),
            (format!("schema = 1\n[keys.\"../x\"]\nuri = \"offline:\"\npublic = \"{OPERATOR}\"\n"), (2, 7), "name"),
            (format!("schema = 1\n{good}[keys.b]\nuri = \"offline:\"\npublic = \"{ACCOUNT}\"\n"), (5, 7), "same key"),
            ("schema = 1\n[keys.a]\nuri = \"offline:\"\n".into(), (2, 1), "public"),
        ] {
            match parse(&text) {
                Err(CustodyFault::Table { line, column, problem, .. }) => {
                    assert_eq!((line, column), at, "{text}\n{problem}");
                    assert!(problem.to_string().contains(words), "{problem}");
                }
                other => panic!("{text}\n{other:?}"),
            }
        }
    }

    #[test]
    fn a_seed_in_it_is_not_repeated() {
        for text in [
            format!("schema = 1\n[keys.a]\nuri = \"offline:\"\npublic = \"{SEED}\"\n"),
            format!("schema = 1\n[keys.a]\nuri = \"{SEED}\"\npublic = \"{OPERATOR}\"\n"),
            format!("schema = 1\n[keys.a]\n{SEED} = 1\n"),
            format!("schema = 1\n[keys.{SEED}]\n"),
            format!("schema = 1\n{SEED}"),
            format!("schema = \"{SEED}\"\n"),
        ] {
            let fault = parse(&text).unwrap_err();
            assert!(!format!("{fault} {fault:?}").contains(&SEED[8..50]), "{fault}");
        }
    }

    #[test]
    fn binary_is_refused() {
        let fault = Table::parse(Path::new("keys.toml"), b"schema = 1\xff").unwrap_err();
        assert!(matches!(fault, CustodyFault::Malformed { .. }));
    }
}
