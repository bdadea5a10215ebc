//! Names for keys, and keys for names.

use std::collections::BTreeMap;

use greatseal_core::Command;
use greatseal_core::key::{Nkey, PublicKey, Spelled};
use greatseal_custody::KeyName;

use super::{Book, is_running};
use crate::problem::Problem;
use crate::realm::{Name, Realm, own};

/// Who is who in a realm.
#[derive(Debug)]
pub(crate) struct Who<'r> {
    realm: &'r Realm,
    /// Running keys, and the service that each runs.
    running: BTreeMap<PublicKey, Name>,
    /// Keys that the realm is about to name.
    new: BTreeMap<PublicKey, String>,
}

impl<'r> Who<'r> {
    /// Reads names from a realm, and running keys from its delegations.
    pub(crate) fn of(realm: &'r Realm, book: &Book) -> Self {
        let mut running = BTreeMap::new();
        for entry in book.entries().iter().filter(|entry| is_running(entry.content())) {
            if let Some((service, _)) = realm.service_of(&entry.issuer) {
                running.insert(entry.audience, service.clone());
            }
        }
        Self { realm, running, new: BTreeMap::new() }
    }

    /// Adds keys that the realm is about to name.
    pub(crate) fn learn(&mut self, keys: &[(KeyName, Spelled)]) {
        self.new.extend(keys.iter().map(|(name, key)| (key.public_key(), own(name).to_owned())));
    }

    /// Returns the name that the realm has for a key, or is about to have.
    pub(crate) fn named(&self, key: &PublicKey) -> Option<String> {
        let known = self.realm.name_of(key);
        known.map(|name| own(name).to_owned()).or_else(|| self.new.get(key).cloned())
    }

    /// Returns the name of a key, where it has one.
    pub(crate) fn name(&self, key: &PublicKey) -> Option<String> {
        let running = || self.running.get(key).map(|service| format!("{service}'s running key"));
        self.named(key).or_else(running)
    }

    /// Shows a key by its name, its DID short beside it.
    pub(crate) fn show(&self, key: &PublicKey) -> String {
        self.name(key).map_or_else(|| key.to_string(), |name| format!("{name} ({})", key.short()))
    }

    /// Shows a key by its name alone, or by its DID.
    pub(crate) fn brief(&self, key: &PublicKey) -> String {
        self.name(key).unwrap_or_else(|| key.short())
    }

    /// Returns the service that a key runs, if it is a running key.
    pub(crate) fn runs(&self, key: &PublicKey) -> Option<&Name> {
        self.running.get(key)
    }

    /// Finds a key by its name in this realm, or as it is spelled: a `did:key` or an nkey.
    ///
    /// # Errors
    /// `GS-NAME-UNKNOWN` for a name that the realm does not have; what is wrong with a DID.
    pub(crate) fn find(&self, text: &str) -> Result<PublicKey, Problem> {
        if text.starts_with("did:") {
            let parsed = Spelled::parse(text).map_err(|fault| Problem::new(fault.code(), fault.to_string()))?;
            return Ok(parsed.public_key());
        }
        if let Ok(key) = Nkey::parse(text) {
            return Ok(key.public_key());
        }
        let name = self.realm.name(text)?;
        let key = self.realm.key(&name).map_err(|unknown| {
            unknown.hint("Name a service, the root, one of its signing principals, or a DID: `greatseal service list`, `greatseal root show`.")
        })?;
        Ok(key.public_key())
    }
}

/// Characters of the longest name that is derived, so that a number fits behind it.
const SLUG: usize = 58;

/// Makes a name of words: lower-case letters, digits and hyphens.
pub(crate) fn slug(words: &[&str]) -> String {
    let plain = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' };
    let joined: String = words.join("-").to_ascii_lowercase().chars().map(plain).collect();
    let parts: Vec<&str> = joined.split('-').filter(|part| !part.is_empty()).collect();
    let short: String = parts.join("-").chars().take(SLUG).collect();
    short.trim_matches('-').to_owned()
}

/// Says a command in a name: `/files/read` is `files-read`, and `/` is `all`.
pub(crate) fn of_command(command: &Command) -> &str {
    match command.as_str() {
        "/" => "all",
        text => text.trim_start_matches('/'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_of_anything() {
        assert_eq!(slug(&["upload", "access", "files/read"]), "upload-access-files-read");
        assert_eq!(slug(&["a", "", "--é--b C"]), "a-b-c");
        let long = slug(&[&"a".repeat(57), "b"]);
        assert_eq!(long, "a".repeat(57));
        for words in [&["upload", "z6Mk…x", "all"][..], &[&long, "c"]] {
            assert!(Name::parse(&slug(words)).is_ok());
        }
    }
}
