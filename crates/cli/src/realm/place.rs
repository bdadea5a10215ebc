//! Places within a realm: one of its files and folders, and nothing else.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use greatseal_core::Code;
use greatseal_core::error::Quoted;
use serde::{Deserialize, Serialize};

use super::{FILE, FOLDERS};
use crate::problem::Problem;
use crate::text;

/// Parts of the longest path: a folder of the history and a file that it keeps.
const PARTS: usize = 6;
/// Bytes of a file's name on common file systems.
const PART_BYTES: usize = 255;

/// A file's path within a realm, with slashes: `tokens/operator.jwt`.
///
/// It never leads out of the realm: its first part is the realm's file or one of its folders, and
/// no part is hidden, empty or `..`. What is read from a disk is no exception.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Place(String);

impl Place {
    /// Reads a path.
    ///
    /// # Errors
    /// `GS-REALM-LINK` for one that leads anywhere else.
    pub(crate) fn parse(path: &str) -> Result<Self, Problem> {
        let parts: Vec<&str> = path.split('/').collect();
        let inside = match parts.as_slice() {
            [file] => *file == FILE,
            [folder, ..] => FOLDERS.contains(folder) && parts.len() <= PARTS,
            [] => false,
        };
        if inside && parts.iter().all(|part| is_plain(part)) {
            Ok(Self(path.into()))
        } else {
            Err(Problem::new(Code::RealmLink, format!("{} is no place within a realm", Quoted::new(path))))
        }
    }

    /// Finds the place of a file below the realm's folder.
    ///
    /// # Errors
    /// As for [`Self::parse`].
    pub(super) fn of(realm: &Path, path: &Path) -> Result<Self, Problem> {
        let within = path.strip_prefix(realm).unwrap_or(path);
        let parts: Vec<_> = within.iter().map(|part| part.to_string_lossy()).collect();
        Self::parse(&parts.join("/"))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns where it is, once every folder above it in the realm is a folder and no link.
    ///
    /// # Errors
    /// `GS-REALM-LINK` for a link, which a pull request could point anywhere.
    pub(super) fn within(&self, realm: &Path) -> Result<PathBuf, Problem> {
        let path = realm.join(&self.0);
        for folder in path.ancestors().skip(1).take_while(|folder| *folder != realm) {
            must_be_folder(folder)?;
        }
        match fs::symlink_metadata(&path) {
            Ok(metadata) if !metadata.is_file() => {
                Err(Problem::new(Code::RealmLink, format!("{} is no regular file", text::path(&path))))
            }
            Ok(_) => Ok(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(path),
            Err(error) => Err(Problem::io("cannot read", &path, &error)),
        }
    }
}

/// Insists that what is there, if anything, is a folder itself.
pub(super) fn must_be_folder(path: &Path) -> Result<(), Problem> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(Problem::new(Code::RealmLink, format!("{} is no folder of its own", text::path(path)))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Problem::io("cannot read", path, &error)),
    }
}

fn is_plain(part: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (1..=PART_BYTES).contains(&part.len()) && part.bytes().all(plain) && !part.starts_with('.')
}

impl TryFrom<String> for Place {
    type Error = String;

    fn try_from(path: String) -> Result<Self, String> {
        Self::parse(&path).map_err(|problem| problem.message().into())
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.0
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_out_of_the_realm() {
        for path in ["greatseal.toml", "tokens/operator.jwt", "history/0001-init-abc/was/tokens/a.jwt"] {
            assert_eq!(Place::parse(path).unwrap().as_str(), path);
        }
        for path in [
            "",
            "tokens",
            "tokens/",
            "/tokens/a",
            "../tokens/a",
            "tokens/../../a",
            "tokens//a",
            "tokens/.a",
            ".lock",
            ".git/config",
            "keys.toml",
            "greatseal.toml/a",
            "tokens/a b",
            "tokens\\a",
            "tokens/a/b/c/d/e/f",
            "trust/a",
            "tokens/\0",
        ] {
            assert_eq!(Place::parse(path).unwrap_err().code(), Code::RealmLink, "{path}");
            assert!(serde_json::from_value::<Place>(path.into()).is_err());
        }
    }
}
