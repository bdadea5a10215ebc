//! The journal: one folder in `history/` for each change of the realm, public like everything here.
//!
//! ```text
//! history/0007-account-create-3f9a2c/
//!   change.json   which command, when, and what each file was and is, by its hash
//!   was/…         the files that it replaced or removed, as they were
//!   published     set once others may rely on what it made; from then on it cannot be undone
//! ```
//!
//! Rules for changing the form of `change.json`: a new field has a default; a changed meaning raises
//! [`SCHEMA`], and a newer one is refused.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use greatseal_core::Code;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::place::{Place, must_be_folder};
use crate::files;
use crate::problem::Problem;
use crate::text;

/// The version of the form that this program writes and reads.
const SCHEMA: u32 = 1;
/// The folder of superseded things.
pub(super) const HISTORY: &str = "history";
/// What a change says about itself.
pub(super) const RECORD: &str = "change.json";
/// Files as they were before it.
pub(super) const WAS: &str = "was";
/// Says that others may rely on what a change made.
const PUBLISHED: &str = "published";
/// Bytes of the largest record.
const RECORD_BYTES: u64 = greatseal_core::limits::TEXT_FILE_BYTES;
/// Digits of its hash that a change's name ends with, so that two branches do not share a name.
const NAME_DIGITS: usize = 6;

/// What one command changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    schema: u32,
    /// Counts the changes of the realm, from 1.
    pub(crate) number: u32,
    /// The command's words without its arguments: `account create`.
    pub(crate) command: String,
    /// Seconds since 1970.
    pub(crate) at: u64,
    /// The change that this one took back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) undoes: Option<u32>,
    pub(crate) files: Vec<Changed>,
}

/// What became of one file; at least one of both is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Changed {
    pub(crate) path: Place,
    /// SHA-256 of what it was; none when it was not there.
    pub(crate) was: Option<String>,
    /// SHA-256 of what it is; none when it was removed.
    pub(crate) is: Option<String>,
}

impl Record {
    pub(super) fn new(number: u32, command: &str, at: u64, undoes: Option<u32>, files: Vec<Changed>) -> Self {
        Self { schema: SCHEMA, number, command: command.into(), at, undoes, files }
    }

    /// Reads a record; `path` names it in messages.
    ///
    /// # Errors
    /// `GS-REALM-SCHEMA` for a newer form, `GS-REALM-MALFORMED` for anything else.
    pub(super) fn parse(bytes: &[u8], path: &Path) -> Result<Self, Problem> {
        let malformed = |why: String| {
            Problem::new(Code::RealmMalformed, format!("{}: {why}", text::path(path)))
                .hint("Take the last good file from version control.")
        };
        let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
        match value.get("schema").and_then(serde_json::Value::as_u64) {
            Some(schema) if schema == u64::from(SCHEMA) => {}
            Some(schema) => {
                let fault = format!("{}: schema version {schema}, and this greatseal knows {SCHEMA}", text::path(path));
                return Err(Problem::new(Code::RealmSchema, fault));
            }
            None => return Err(malformed("no schema version".into())),
        }
        serde_json::from_value(value).map_err(|error| malformed(error.to_string()))
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        // Our own type: texts, numbers, lists.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Names its folder: `0007-account-create-3f9a2c`.
    pub(super) fn folder_name(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let words: String = self.command.chars().take(64).map(plain).collect();
        let digest = sha256(&self.bytes());
        format!("{:04}-{words}-{}", self.number, digest.get(..NAME_DIGITS).unwrap_or_default())
    }
}

/// A change in the history.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(super) folder: PathBuf,
    pub(crate) record: Record,
    pub(crate) published: bool,
}

impl Entry {
    /// Reads a file as it was before the change.
    ///
    /// # Errors
    /// When the history does not hold what it says.
    pub(super) fn was(&self, changed: &Changed) -> Result<Option<Vec<u8>>, Problem> {
        let Some(expected) = &changed.was else { return Ok(None) };
        let path = self.folder.join(WAS).join(changed.path.as_str());
        must_be_folder(&self.folder.join(WAS))?;
        let bytes = match read_regular(&path)? {
            Some(bytes) if sha256(&bytes) == *expected => bytes,
            _ => {
                let fault = format!("{} is not the file that the change kept", text::path(&path));
                return Err(Problem::new(Code::RealmMalformed, fault).hint("Take it from version control."));
            }
        };
        Ok(Some(bytes))
    }
}

/// Reads the changes of a realm, oldest first.
///
/// # Errors
/// When one of them cannot be read.
pub(super) fn entries(realm: &Path) -> Result<Vec<Entry>, Problem> {
    let mut entries = Vec::new();
    for folder in folders(realm)? {
        let path = folder.join(RECORD);
        // What stands in the history without a record is none of this program's.
        if let Some(bytes) = read_regular(&path)? {
            let record = Record::parse(&bytes, &path)?;
            let published = fs::symlink_metadata(folder.join(PUBLISHED)).is_ok();
            entries.push(Entry { folder, record, published });
        }
    }
    entries.sort_by_key(|entry| (entry.record.number, entry.record.at));
    Ok(entries)
}

/// Returns the number that the next change gets. It reads names only.
pub(super) fn next_number(realm: &Path) -> Result<u32, Problem> {
    let number = |folder: &PathBuf| folder.file_name()?.to_str()?.split('-').next()?.parse::<u32>().ok();
    Ok(folders(realm)?.iter().filter_map(number).max().unwrap_or(0).saturating_add(1))
}

fn folders(realm: &Path) -> Result<Vec<PathBuf>, Problem> {
    let history = realm.join(HISTORY);
    must_be_folder(&history)?;
    let fault = |error: &io::Error| Problem::io("cannot read", &history, error);
    let listed = match fs::read_dir(&history) {
        Ok(listed) => listed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fault(&error)),
    };
    let mut folders = Vec::new();
    for entry in listed {
        let entry = entry.map_err(|error| fault(&error))?;
        // Its own kind: a link is not followed.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            folders.push(entry.path());
        }
    }
    folders.sort();
    Ok(folders)
}

/// Reads a file of the realm; nothing when there is none.
///
/// # Errors
/// `GS-REALM-LINK` for a link or anything else that is no file.
pub(super) fn read_regular(path: &Path) -> Result<Option<Vec<u8>>, Problem> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => files::read(path, RECORD_BYTES).map(Some),
        Ok(_) => Err(Problem::new(Code::RealmLink, format!("{} is no regular file", text::path(path)))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Problem::io("cannot read", path, &error)),
    }
}

/// Returns the SHA-256 of bytes in hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_goes_both_ways_and_newer_forms_are_refused() {
        let file = Changed { path: Place::parse("greatseal.toml").unwrap(), was: None, is: Some(sha256(b"")) };
        let record = Record::new(7, "account create", 1_700_000_000, None, vec![file]);
        let path = Path::new("change.json");
        assert_eq!(Record::parse(&record.bytes(), path).unwrap(), record);
        assert!(record.folder_name().starts_with("0007-account-create-"), "{}", record.folder_name());
        let text = String::from_utf8(record.bytes()).unwrap();
        for (damaged, code) in [
            (text.replace("\"schema\": 1", "\"schema\": 2"), Code::RealmSchema),
            (text.replace("\"schema\"", "\"scheme\""), Code::RealmMalformed),
            (text.replace("greatseal.toml", "../../x"), Code::RealmMalformed),
            (text.replace("\"at\"", "\"when\""), Code::RealmMalformed),
            (String::new(), Code::RealmMalformed),
        ] {
            assert_eq!(Record::parse(damaged.as_bytes(), path).unwrap_err().code(), code, "{damaged}");
        }
    }
}
