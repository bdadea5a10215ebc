//! The keys that a command is about, each with its place in custody.

use std::collections::BTreeMap;

use greatseal_core::Code;
use greatseal_core::key::Spelled;
use greatseal_custody::{Entry, KeyName, KeyUri, Keystore};

use crate::problem::Problem;
use crate::realm::Realm;
use crate::secrets::{Custody, InRealm};

/// One key, and where custody has it.
pub(super) struct Known {
    pub(super) name: KeyName,
    pub(super) public: Spelled,
    /// What custody has under the same key, or failing that under the same name.
    pub(super) at: Option<(Keystore, Entry)>,
}

impl Known {
    /// Returns where custody here could make it sign.
    pub(super) fn here(&self) -> Option<&(Keystore, Entry)> {
        let same = |entry: &Entry| entry.public.public_key() == self.public.public_key();
        self.at.as_ref().filter(|(_, entry)| same(entry) && entry.uri != KeyUri::Offline)
    }
}

/// Opens the realm; on a machine that only keeps keys there is none.
///
/// # Errors
/// When it cannot be read, or was asked for by name and is not there.
pub(super) fn realm(of: &InRealm) -> Result<Option<Realm>, Problem> {
    match Realm::open(of.start()) {
        Ok(realm) => Ok(Some(realm)),
        Err(problem) if problem.code() == Code::RealmMissing && !of.is_named() => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// Lists keys by their names, all if none is named: those of the realm, else those of custody.
///
/// # Errors
/// `GS-NAME-UNKNOWN` for a name that there is not.
pub(super) fn known(custody: &Custody, realm: Option<&Realm>, names: &[String]) -> Result<Vec<Known>, Problem> {
    let stores = custody.stores()?;
    let mut keys: BTreeMap<KeyName, Spelled> = match realm {
        Some(realm) => realm.file().keys.clone(),
        None => {
            let mut all = BTreeMap::new();
            for store in &stores {
                all.extend(store.list()?.entries.into_iter().map(|entry| (entry.name, entry.public)));
            }
            all
        }
    };
    if !names.is_empty() {
        let mut wanted = BTreeMap::new();
        for text in names {
            let name = match realm {
                Some(realm) => realm.name(text)?,
                None => KeyName::parse(text)?,
            };
            let unknown = || Problem::new(Code::NameUnknown, format!("there is no key {name}"));
            let public = keys.get(&name).copied().ok_or_else(unknown)?;
            wanted.insert(name, public);
        }
        keys = wanted;
    }
    keys.into_iter().map(|(name, public)| Ok(Known { at: place(&stores, &name, &public)?, name, public })).collect()
}

/// Finds a key in custody: where it can sign, else where it is only known, else whatever has its name.
fn place(stores: &[Keystore], name: &KeyName, public: &Spelled) -> Result<Option<(Keystore, Entry)>, Problem> {
    for store in stores {
        if let Some(entry) = store.at_hand(&public.public_key())? {
            return Ok(Some((store.clone(), entry)));
        }
    }
    let mut found: Option<(Keystore, Entry)> = None;
    for store in stores {
        if let Some(entry) = store.find_by_key(&public.public_key())?
            && found.as_ref().is_none_or(|(_, known)| known.uri == KeyUri::Offline)
        {
            found = Some((store.clone(), entry));
        }
    }
    if found.is_some() {
        return Ok(found);
    }
    Ok(stores.iter().find_map(|store| Some((store.clone(), store.find(name).ok()?))))
}
