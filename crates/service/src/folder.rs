//! A folder of tokens that is read again when it has changed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use greatseal_core::Timestamp;
use greatseal_core::error::DecodeFault;
use greatseal_core::limits::{WATCHED_BYTES, WATCHED_FILES};
use thiserror::Error;

use crate::fault::ServiceFault;

/// A file that could not be made use of.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// The system did not give it out.
    #[error("it could not be read: {message}")]
    Io {
        /// What the system said.
        message: String,
    },
    /// It holds something else than tokens.
    #[error("{0}")]
    Content(#[from] DecodeFault),
    /// A token whose signature does not verify.
    #[error("the signature of a token in it does not verify")]
    Signature,
    /// A token that has no place in this folder.
    #[error("{0}")]
    Kind(&'static str),
}

/// Told about every file that could not be made use of, each time the folder is read.
pub type Report = Arc<dyn Fn(&Path, &Unreadable) + Send + Sync>;

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
    /// Inode and time of change, where there are such: they also tell what keeps size and time.
    unix: (u64, i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let unix = {
            use std::os::unix::fs::MetadataExt;
            (metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
        };
        #[cfg(not(unix))]
        let unix = (0, 0, 0);
        Self { bytes: metadata.len(), modified: metadata.modified().ok(), unix }
    }
}

/// The folder as it was last seen.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// A name that is ours and is passed over, beside those that begin with a dot.
    except: Option<&'static str>,
    seen: Option<BTreeMap<OsString, Stamp>>,
    looked: Option<Timestamp>,
}

/// A file, or what the system said about it.
pub(crate) type Read1 = (PathBuf, Result<Vec<u8>, io::Error>);

impl Folder {
    pub(crate) const fn new(path: PathBuf, except: Option<&'static str>) -> Self {
        Self { path, except, seen: None, looked: None }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads every file if the folder has changed since it was last read; nothing if it has not, or
    /// was looked at within this second.
    ///
    /// # Errors
    /// [`ServiceFault`] when the folder cannot be listed or has too much in it; it is looked at
    /// again next time.
    pub(crate) fn changes(&mut self, now: Timestamp) -> Result<Option<Vec<Read1>>, ServiceFault> {
        if self.looked == Some(now) && self.seen.is_some() {
            return Ok(None);
        }
        self.looked = Some(now);
        let stamps = match self.stamps() {
            Ok(stamps) => stamps,
            Err(fault) => {
                self.seen = None;
                return Err(fault);
            }
        };
        if self.seen.as_ref() == Some(&stamps) {
            return Ok(None);
        }
        let mut read = Vec::with_capacity(stamps.len());
        for (name, stamp) in &stamps {
            let path = self.path.join(name);
            match contents(&path, stamp.bytes) {
                // Gone since it was listed: the next look will not list it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                result => read.push((path, result)),
            }
        }
        self.seen = Some(stamps);
        Ok(Some(read))
    }

    /// Forgets what was seen, so that everything is read again.
    pub(crate) fn forget(&mut self) {
        self.seen = None;
    }

    fn stamps(&self) -> Result<BTreeMap<OsString, Stamp>, ServiceFault> {
        let fault = |error: io::Error| ServiceFault::io("look into", &self.path, &error);
        let mut stamps = BTreeMap::new();
        let mut bytes = 0_u64;
        for entry in fs::read_dir(&self.path).map_err(fault)? {
            let entry = entry.map_err(fault)?;
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(b".") || self.except.is_some_and(|except| name == except) {
                continue;
            }
            // Followed, because mounted volumes are often made of links.
            let metadata = match fs::metadata(entry.path()) {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(fault(error)),
            };
            if !metadata.is_file() {
                continue;
            }
            bytes = bytes.saturating_add(metadata.len());
            stamps.insert(name, Stamp::of(&metadata));
            if stamps.len() > WATCHED_FILES {
                return Err(self.too_much("files", WATCHED_FILES as u64));
            }
            if bytes > WATCHED_BYTES {
                return Err(self.too_much("bytes", WATCHED_BYTES));
            }
        }
        Ok(stamps)
    }

    fn too_much(&self, what: &'static str, limit: u64) -> ServiceFault {
        ServiceFault::TooMuch { path: self.path.clone(), what, limit }
    }
}

/// Reads a file, and no more of it than it had when it was listed.
fn contents(path: &Path, bytes: u64) -> io::Result<Vec<u8>> {
    let mut contents = Vec::new();
    File::open(path)?.take(bytes).read_to_end(&mut contents)?;
    Ok(contents)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    fn names(read: Option<Vec<Read1>>) -> Option<Vec<String>> {
        Some(read?.into_iter().map(|(path, _)| path.file_name().unwrap().to_str().unwrap().to_owned()).collect())
    }

    #[test]
    fn it_is_read_when_it_has_changed() {
        let outer = tempfile::tempdir().unwrap();
        let mut folder = Folder::new(outer.path().into(), Some("ours"));
        for name in ["a", ".hidden", "ours"] {
            fs::write(outer.path().join(name), "1").unwrap();
        }
        fs::create_dir(outer.path().join("folder")).unwrap();
        assert_eq!(names(folder.changes(at(1)).unwrap()), Some(vec!["a".into()]));
        fs::write(outer.path().join("b"), "1").unwrap();
        assert_eq!(names(folder.changes(at(1)).unwrap()), None, "looked at within this second");
        assert_eq!(names(folder.changes(at(2)).unwrap()), Some(vec!["a".into(), "b".into()]));
        assert_eq!(names(folder.changes(at(3)).unwrap()), None);
        // Of the same size, in the same moment, by another file.
        fs::write(outer.path().join(".new"), "2").unwrap();
        fs::rename(outer.path().join(".new"), outer.path().join("a")).unwrap();
        assert_eq!(names(folder.changes(at(4)).unwrap()), Some(vec!["a".into(), "b".into()]));
        fs::remove_file(outer.path().join("a")).unwrap();
        assert_eq!(names(folder.changes(at(5)).unwrap()), Some(vec!["b".into()]));
        fs::remove_dir_all(outer.path()).unwrap();
        assert!(folder.changes(at(6)).is_err());
        assert!(folder.changes(at(6)).is_err(), "and does not count as seen");
    }

    #[test]
    fn what_it_may_hold_is_bounded() {
        let outer = tempfile::tempdir().unwrap();
        let large = File::create(outer.path().join("a")).unwrap();
        large.set_len(WATCHED_BYTES + 1).unwrap();
        let fault = Folder::new(outer.path().into(), None).changes(at(1)).unwrap_err();
        assert!(matches!(fault, ServiceFault::TooMuch { what: "bytes", .. }), "{fault}");
    }
}
