//! The realm's root of UCANs and its services, as `greatseal.toml` names them.
//!
//! Only what no delegation tells: who they are. Who may do what, by which running key and until when,
//! is read from `delegations/`, so that nothing is kept twice.

use std::collections::BTreeMap;

use greatseal_core::Timestamp;
use greatseal_core::key::{PublicKey, Spelled};
use greatseal_core::view::Separation;
use greatseal_custody::KeyName;
use serde::{Deserialize, Serialize};

use super::name::{Name, own};
use crate::problem::Problem;

/// The root of the realm's UCANs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Root {
    /// The name shown to people.
    pub(crate) title: String,
    /// The key that it is.
    pub(crate) key: KeyName,
    /// The keys that it delegates to, and that delegate on.
    pub(crate) signing: Vec<KeyName>,
    pub(crate) separation: Mandate,
}

/// Whether the root's separation is mandated (DESIGN section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mandate {
    /// The root delegates to its signing principals only, which delegate on with an expiry.
    Mandated,
    /// Anybody may delegate whatever he holds.
    Off,
}

impl Mandate {
    /// Returns the word in the realm's file.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Mandated => "mandated",
            Self::Off => "off",
        }
    }
}

/// A service: something that calls and is called with UCANs, apart from the keys it runs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Service {
    /// The key that it is: its stable identity.
    pub(crate) identity: KeyName,
    /// Since when it is no more.
    pub(crate) retired: Option<Timestamp>,
}

/// What is noted in the realm's file once an order is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// The realm has a root.
    Root(Root),
    /// It has a service.
    Service(Name, Service),
}

/// The form of a root in files.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenRoot {
    title: String,
    key: String,
    signing: Vec<String>,
    separation: Mandate,
}

/// The form of a service in files.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenService {
    identity: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retired: Option<u64>,
}

/// The form of a note in a request.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(crate) struct WrittenNote {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    root: Option<WrittenRoot>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    services: BTreeMap<String, WrittenService>,
}

impl Root {
    pub(super) fn read(written: WrittenRoot, realm: &Name) -> Result<Self, Problem> {
        let WrittenRoot { title, key, signing, separation } = written;
        let signing = signing.iter().map(|key| realm.complete(key)).collect::<Result<_, _>>()?;
        Ok(Self { title, key: realm.complete(&key)?, signing, separation })
    }

    pub(super) fn write(&self) -> WrittenRoot {
        WrittenRoot {
            title: self.title.clone(),
            key: own(&self.key).into(),
            signing: self.signing.iter().map(|key| own(key).into()).collect(),
            separation: self.separation,
        }
    }
}

impl Service {
    pub(super) fn read(written: &WrittenService, realm: &Name) -> Result<Self, Problem> {
        let identity = realm.complete(&written.identity)?;
        Ok(Self { identity, retired: written.retired.map(Timestamp::from_secs) })
    }

    pub(super) fn write(&self) -> WrittenService {
        WrittenService { identity: own(&self.identity).into(), retired: self.retired.map(Timestamp::as_secs) }
    }
}

impl Note {
    /// Returns the form of notes in a request; `realm` is whose names they are.
    pub(crate) fn write(notes: &[Self]) -> Option<WrittenNote> {
        let mut written = WrittenNote { root: None, services: BTreeMap::new() };
        for note in notes {
            match note {
                Self::Root(root) => written.root = Some(root.write()),
                Self::Service(name, service) => _ = written.services.insert(name.to_string(), service.write()),
            }
        }
        (!notes.is_empty()).then_some(written)
    }

    /// Reads notes of a request.
    ///
    /// # Errors
    /// `GS-NAME-INVALID` for names that are none.
    pub(crate) fn read(written: WrittenNote, realm: &Name) -> Result<Vec<Self>, Problem> {
        let WrittenNote { root, services } = written;
        let root = root.map(|root| Root::read(root, realm).map(Self::Root));
        let services = services
            .into_iter()
            .map(|(name, service)| Ok(Self::Service(Name::parse(&name)?, Service::read(&service, realm)?)));
        root.into_iter().chain(services).collect()
    }

    /// Says whether both are about the root, or about one service.
    pub(crate) fn same_thing(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Root(_), Self::Root(_)) => true,
            (Self::Service(name, _), Self::Service(other, _)) => name == other,
            (Self::Root(_), Self::Service(..)) | (Self::Service(..), Self::Root(_)) => false,
        }
    }

    /// Says what it is about.
    pub(crate) fn what(&self) -> String {
        match self {
            Self::Root(_) => "the root".into(),
            Self::Service(name, service) if service.retired.is_some() => format!("an end of the service {name}"),
            Self::Service(name, _) => format!("the service {name}"),
        }
    }

    /// Lists the keys that it names.
    pub(crate) fn keys(&self) -> Vec<&KeyName> {
        match self {
            Self::Root(root) => core::iter::once(&root.key).chain(&root.signing).collect(),
            Self::Service(_, service) => vec![&service.identity],
        }
    }
}

/// A root with its keys, as verifiers hold its chains to it.
pub(crate) fn separation(root: &Root, key: impl Fn(&KeyName) -> Option<Spelled>) -> Option<Separation> {
    let public = |name: &KeyName| -> Option<PublicKey> { key(name).map(|key| key.public_key()) };
    let signing = root.signing.iter().filter_map(public).collect();
    match root.separation {
        Mandate::Mandated => Some(Separation { root: public(&root.key)?, signing }),
        Mandate::Off => None,
    }
}
