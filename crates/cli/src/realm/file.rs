//! `greatseal.toml`: everything about a realm that is public.

use std::collections::BTreeMap;

use greatseal_core::Code;
use greatseal_core::key::Spelled;
use greatseal_custody::KeyName;
use serde::{Deserialize, Serialize};

use super::authority::{Root, Service, WrittenRoot, WrittenService};
use super::name::{Name, own};
use crate::problem::Problem;

/// The newest version of the file's form that this program writes and reads.
///
/// 1: the first. 2: `[warnings]`. 3: `[root]` and `[services]`. 4: keys that are DIDs. The oldest that
/// can say it is written, so that programs before this one read what they can.
const SCHEMA: u32 = 4;
/// The version of a file in which every key is an nkey.
const WITHOUT_DIDS: u32 = 3;
/// The version of a file without root and services.
const WITHOUT_SERVICES: u32 = 2;
/// Warnings that one realm may ask for, and days of the earliest.
const WARNINGS: (usize, u32) = (16, 36_500);

/// Rules for changing: unknown fields are refused, so every new field raises [`SCHEMA`], and
/// [`migrate`] brings the form before it to the new one.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    schema: u32,
    name: String,
    policy: WrittenPolicy,
    lifetimes: Lifetimes,
    warnings: Warnings,
    #[serde(default)]
    keys: BTreeMap<String, WrittenKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    root: Option<WrittenRoot>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    services: BTreeMap<String, WrittenService>,
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

/// How many days before something expires it is told, the last first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Warnings {
    pub(crate) days: Vec<u32>,
}

impl Default for Warnings {
    /// A week, a month, and a quarter: time to bring the keepers of an offline key together.
    fn default() -> Self {
        Self { days: vec![7, 30, 90] }
    }
}

/// Brings a file's table from an older form to the current one, step by step.
fn migrate(mut table: toml::Table, from: u32) -> toml::Table {
    if from < 2 {
        let days = Warnings::default().days.into_iter().map(|days| toml::Value::from(i64::from(days))).collect();
        table.insert("warnings".into(), toml::Table::from_iter([("days".into(), toml::Value::Array(days))]).into());
    }
    table.insert("schema".into(), i64::from(SCHEMA).into());
    table
}

/// The content of `greatseal.toml`.
#[derive(Clone, Debug)]
pub(crate) struct RealmFile {
    pub(crate) name: Name,
    pub(crate) policy: greatseal_core::Policy,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) warnings: Warnings,
    pub(crate) keys: BTreeMap<KeyName, Spelled>,
    pub(crate) root: Option<Root>,
    pub(crate) services: BTreeMap<Name, Service>,
}

impl RealmFile {
    pub(crate) fn new(name: Name) -> Self {
        Self {
            name,
            policy: greatseal_core::Policy::Strict,
            lifetimes: Lifetimes::default(),
            warnings: Warnings::default(),
            keys: BTreeMap::new(),
            root: None,
            services: BTreeMap::new(),
        }
    }

    /// Reads the file's text; `place` names it in messages.
    ///
    /// # Errors
    /// `GS-REALM-MALFORMED` with line and column.
    pub(crate) fn parse(text: &str, place: &str) -> Result<Self, Problem> {
        let malformed = |why: String| Problem::new(Code::RealmMalformed, format!("{place}: {why}"));
        // The version first: a file of another version is told as such, not as malformed.
        let table = toml::from_str::<toml::Table>(text).map_err(|error| malformed(error.to_string()))?;
        let found = table.get("schema").and_then(toml::Value::as_integer);
        let known = found.and_then(|found| u32::try_from(found).ok()).filter(|found| (1..=SCHEMA).contains(found));
        let written: Written = match (known, found) {
            // From the text, whose lines the message can name.
            (Some(WITHOUT_SERVICES..=SCHEMA), _) => {
                toml::from_str(text).map_err(|error| malformed(error.to_string()))?
            }
            (Some(older), _) => migrate(table, older).try_into().map_err(|error| malformed(error.to_string()))?,
            (None, Some(found)) => {
                let fault = format!("{place}: schema version {found}, and this greatseal knows 1 to {SCHEMA}");
                return Err(Problem::new(Code::RealmSchema, fault));
            }
            (None, None) => return Err(malformed("no schema version".into())),
        };
        let days = &written.warnings.days;
        if days.len() > WARNINGS.0 || days.iter().any(|days| !(1..=WARNINGS.1).contains(days)) {
            let (most, earliest) = WARNINGS;
            return Err(malformed(format!("warnings: at most {most} numbers of days from 1 to {earliest}")));
        }
        let name = Name::parse(&written.name)?;
        let mut keys = BTreeMap::new();
        for (key, value) in written.keys {
            let public = Spelled::parse(&value.public).map_err(|fault| malformed(format!("key {key}: {fault}")))?;
            keys.insert(name.complete(&key)?, public);
        }
        let policy = match written.policy {
            WrittenPolicy::Strict => greatseal_core::Policy::Strict,
            WrittenPolicy::Relaxed => greatseal_core::Policy::Relaxed,
        };
        let root = written.root.map(|root| Root::read(root, &name)).transpose()?;
        let mut services = BTreeMap::new();
        for (service, written) in written.services {
            services.insert(Name::parse(&service)?, Service::read(&written, &name)?);
        }
        let file =
            Self { name, policy, lifetimes: written.lifetimes, warnings: written.warnings, keys, root, services };
        match file.named_in_vain() {
            Some(key) => Err(malformed(format!("it names {key} as a root's or service's key and does not have it"))),
            None => Ok(file),
        }
    }

    fn schema(&self) -> u32 {
        if self.keys.values().any(|key| key.nkey().is_none()) {
            SCHEMA
        } else if self.root.is_some() || !self.services.is_empty() {
            WITHOUT_DIDS
        } else {
            WITHOUT_SERVICES
        }
    }

    /// Finds a key that the root or a service has and the file does not.
    fn named_in_vain(&self) -> Option<&KeyName> {
        let root = self.root.iter().flat_map(|root| core::iter::once(&root.key).chain(&root.signing));
        let services = self.services.values().map(|service| &service.identity);
        root.chain(services).find(|name| !self.keys.contains_key(name))
    }

    /// Writes the file's text.
    pub(crate) fn text(&self) -> Result<String, Problem> {
        let written = Written {
            schema: self.schema(),
            name: self.name.as_str().into(),
            policy: match self.policy {
                greatseal_core::Policy::Strict => WrittenPolicy::Strict,
                greatseal_core::Policy::Relaxed => WrittenPolicy::Relaxed,
            },
            lifetimes: self.lifetimes,
            warnings: self.warnings.clone(),
            keys: self
                .keys
                .iter()
                .map(|(name, key)| (own(name).into(), WrittenKey { public: key.to_string() }))
                .collect(),
            root: self.root.as_ref().map(Root::write),
            services: self.services.iter().map(|(name, service)| (name.to_string(), service.write())).collect(),
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
    use greatseal_core::key::{Nkey, RawKey, Role};

    use super::super::authority::Mandate;
    use super::*;

    #[test]
    fn the_file_goes_both_ways() {
        let mut file = RealmFile::new(Name::parse("acme").unwrap());
        let key = Spelled::parse("OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT").unwrap();
        file.keys.insert(file.name.complete("signing-1").unwrap(), key);
        let back = RealmFile::parse(&file.text().unwrap(), "greatseal.toml").unwrap();
        assert_eq!(back.keys, file.keys);
        assert_eq!(back.lifetimes, file.lifetimes);
        assert_eq!(back.warnings, file.warnings);
    }

    /// As version 0.1 of the program wrote it.
    const FIRST: &str = "schema = 1\nname = \"acme\"\npolicy = \"strict\"\n\n[lifetimes]\noperator = 100\naccount = 365\n\
        module = 365\n\n[keys.signing-1]\npublic = \"OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT\"\n";

    #[test]
    fn the_first_form_is_brought_to_the_current_one() {
        let file = RealmFile::parse(FIRST, "greatseal.toml").unwrap();
        assert_eq!(file.lifetimes.operator, 100);
        assert_eq!(file.warnings, Warnings::default());
        assert_eq!(file.keys.len(), 1);
        let text = file.text().unwrap();
        assert!(text.contains("schema = 2\n"), "{text}");
        assert_eq!(RealmFile::parse(&text, "greatseal.toml").unwrap().keys, file.keys);
        let damaged = FIRST.replace("[keys", "[key");
        assert_eq!(RealmFile::parse(&damaged, "greatseal.toml").unwrap_err().code(), Code::RealmMalformed);
        let early = FIRST.replace("[lifetimes]", "[warnings]\ndays = [3]\n\n[lifetimes]");
        assert!(RealmFile::parse(&early, "greatseal.toml").is_ok());
    }

    #[test]
    fn a_root_and_services_go_both_ways() {
        let mut file = RealmFile::new(Name::parse("acme").unwrap());
        let name = |own: &str| file.name.complete(own).unwrap();
        let (root, signing) = (name("root"), name("root-signing-1"));
        file.root = Some(Root {
            title: "Acme".into(),
            key: root.clone(),
            signing: vec![signing.clone()],
            separation: Mandate::Mandated,
        });
        let service = Service { identity: signing.clone(), retired: None };
        file.services.insert(Name::parse("upload").unwrap(), service);
        let text = file.text().unwrap();
        assert!(text.contains("schema = 3\n") && text.contains("separation = \"mandated\""), "{text}");
        assert_eq!(RealmFile::parse(&text, "greatseal.toml").unwrap_err().code(), Code::RealmMalformed);
        for (byte, name) in [(1, root), (2, signing)] {
            file.keys.insert(name, Nkey::new(Role::User, RawKey::new([byte; 32])).into());
        }
        let back = RealmFile::parse(&file.text().unwrap(), "greatseal.toml").unwrap();
        assert_eq!((back.root, back.services), (file.root, file.services));
    }

    #[test]
    fn a_key_that_is_a_did_needs_the_newest_form() {
        let mut file = RealmFile::new(Name::parse("acme").unwrap());
        let did = "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169";
        file.keys.insert(KeyName::parse("acme/root").unwrap(), Spelled::parse(did).unwrap());
        let text = file.text().unwrap();
        assert!(text.contains("schema = 4\n") && text.contains(did), "{text}");
        assert_eq!(RealmFile::parse(&text, "greatseal.toml").unwrap().keys, file.keys);
    }

    #[test]
    fn another_form_is_refused_as_such() {
        let text = RealmFile::new(Name::parse("acme").unwrap()).text().unwrap();
        for other in ["5", "9", "0", "-1"] {
            let text = text.replace("schema = 2", &format!("schema = {other}"));
            let problem = RealmFile::parse(&text, "greatseal.toml").unwrap_err();
            assert_eq!(problem.code(), Code::RealmSchema);
            assert!(problem.message().contains(&format!("schema version {other},")), "{}", problem.message());
        }
    }

    #[test]
    fn damage_is_told_with_its_place() {
        let text = RealmFile::new(Name::parse("acme").unwrap()).text().unwrap();
        for (damaged, says) in [
            (text.replace("schema = 2", "schema = \"2\""), "no schema version"),
            (text.replace("90]", "0]"), "warnings"),
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
