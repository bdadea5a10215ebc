//! The UCANs of a realm: `delegations/`, and their revocations in `revocations/`.

use std::path::PathBuf;

use greatseal_core::Code;
use greatseal_core::key::{PublicKey, Spelled};
use greatseal_core::view::Separation;
use greatseal_custody::KeyName;

use super::tokens::own_files;
use super::{Name, Realm, Root, Service, authority};
use crate::problem::Problem;

/// Where delegations are.
const FOLDER: &str = "delegations";
/// Ending of files with a UCAN: a container in text.
const ENDING: &str = "ucan";

impl Realm {
    /// Names the file of a delegation.
    pub(crate) fn delegation_path(&self, name: &Name) -> PathBuf {
        self.folder.join(FOLDER).join(format!("{name}.{ENDING}"))
    }

    /// Names the file of a UCAN's revocation.
    pub(crate) fn ucan_revocation_path(&self, stem: &str) -> PathBuf {
        self.folder.join("revocations").join(format!("{stem}.{ENDING}"))
    }

    /// Lists the files with delegations, by their names.
    ///
    /// # Errors
    /// What keeps the folder from being listed.
    pub(crate) fn delegation_files(&self) -> Result<Vec<(String, PathBuf)>, Problem> {
        let named = |path: PathBuf| Some((path.file_stem()?.to_str()?.to_owned(), path));
        Ok(self.ucan_files(FOLDER)?.into_iter().filter_map(named).collect())
    }

    /// Lists the files with revocations of UCANs.
    ///
    /// # Errors
    /// What keeps the folder from being listed.
    pub(crate) fn ucan_revocation_files(&self) -> Result<Vec<PathBuf>, Problem> {
        self.ucan_files("revocations")
    }

    fn ucan_files(&self, folder: &str) -> Result<Vec<PathBuf>, Problem> {
        let is_ucan = |path: &PathBuf| {
            let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
            !hidden && path.extension().is_some_and(|ending| ending == ENDING)
        };
        Ok(own_files(&self.folder.join(folder))?.into_iter().filter(is_ucan).collect())
    }

    /// Returns the realm's root.
    ///
    /// # Errors
    /// `GS-ROOT-MISSING` when it has none.
    pub(crate) fn root(&self) -> Result<(&Root, Spelled), Problem> {
        let missing = || Problem::new(Code::RootMissing, "this realm has no root of UCANs yet");
        let root = self.file.root.as_ref().ok_or_else(missing)?;
        Ok((root, self.key(&root.key)?))
    }

    /// Returns the separation that the realm's root mandates, if it does.
    pub(crate) fn separation(&self) -> Option<Separation> {
        authority::separation(self.file.root.as_ref()?, |name| self.key(name).ok())
    }

    /// Finds a service by its name.
    ///
    /// # Errors
    /// `GS-NAME-UNKNOWN` when there is none.
    pub(crate) fn service(&self, name: &Name) -> Result<(&Service, Spelled), Problem> {
        let service = self.file.services.get(name).ok_or_else(|| {
            Problem::new(Code::NameUnknown, format!("this realm has no service {name}"))
                .hint("`greatseal service list` shows the services there are.")
        })?;
        Ok((service, self.key(&service.identity)?))
    }

    /// Finds the service whose identity a key is.
    pub(crate) fn service_of(&self, key: &PublicKey) -> Option<(&Name, &Service)> {
        let is = |name: &KeyName| self.key(name).is_ok_and(|known| known.public_key() == *key);
        self.file.services.iter().find(|(_, service)| is(&service.identity))
    }
}
