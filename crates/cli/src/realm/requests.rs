//! The requests of a realm: those that wait in `requests/`, and what was filed or replaced in
//! `history/`.

use std::fs;
use std::path::{Path, PathBuf};

use greatseal_core::Code;
use greatseal_core::limits::REQUEST_BYTES;

use super::{Realm, Write};
use crate::files;
use crate::order::Answer;
use crate::problem::Problem;
use crate::text::short_digest;

const WAITING: &str = "requests";
const FILED: &str = "history";
const ENDING: &str = ".json";

impl Realm {
    /// Names the file of a request.
    pub(crate) fn request_path(&self, name: &str) -> PathBuf {
        self.folder.join(WAITING).join(format!("{name}{ENDING}"))
    }

    /// Lists the requests that wait, with their names, in the order of these.
    ///
    /// # Errors
    /// What keeps the folder from being listed.
    pub(crate) fn requests(&self) -> Result<Vec<(String, PathBuf)>, Problem> {
        let folder = self.folder.join(WAITING);
        // Version control keeps no empty folders.
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let named = |path: PathBuf| {
            let file = path.file_name()?.to_str()?;
            // Answers may be brought there too, and what a killed command left begins with a dot.
            let name = file.strip_suffix(ENDING).filter(|_| !Answer::is_name(file) && !file.starts_with('.'))?;
            Some((name.to_owned(), path.clone()))
        };
        Ok(files::list(&folder)?.into_iter().filter_map(named).collect())
    }

    /// Finds a request by its name.
    ///
    /// # Errors
    /// `GS-REQUEST-UNKNOWN` when none of that name waits.
    pub(crate) fn request(&self, name: &str) -> Result<PathBuf, Problem> {
        let found = self.requests()?.into_iter().find(|(known, _)| known == name);
        found.map(|(_, path)| path).ok_or_else(|| {
            Problem::new(Code::RequestUnknown, format!("no request {} waits here", crate::text::name(name)))
        })
    }

    /// Moves a request that was filed to the records.
    ///
    /// # Errors
    /// As for [`Realm::write`].
    pub(crate) fn archive_request(&mut self, path: &Path, digest: &str) -> Result<(), Problem> {
        let bytes = files::read(path, REQUEST_BYTES)?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let record = self.folder.join(FILED).join(format!("{stem}-{}{ENDING}", short_digest(digest)));
        self.write(&record, Write::Replace(bytes))?;
        self.write(path, Write::Remove)
    }

    /// Keeps a token that is about to be replaced, in `history/`, under its name and statement id.
    ///
    /// # Errors
    /// As for [`Realm::write`].
    pub(crate) fn keep_superseded(&mut self, path: &Path, id: &str, bytes: &[u8]) -> Result<(), Problem> {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        let kept = self.folder.join(FILED).join(format!("{stem}-{}.{ending}", short_digest(id)));
        // The id says that it is the same.
        if kept.exists() { Ok(()) } else { self.write(&kept, Write::New(bytes.to_vec())) }
    }

    /// Removes a request that nobody waits for any more.
    ///
    /// # Errors
    /// As for [`Realm::write`].
    pub(crate) fn remove_request(&mut self, path: &Path) -> Result<(), Problem> {
        self.write(path, Write::Remove)
    }

    /// Says whether a request of that digest was filed before.
    pub(crate) fn is_archived(&self, digest: &str) -> bool {
        let ending = format!("-{}{ENDING}", short_digest(digest));
        let entries = fs::read_dir(self.folder.join(FILED)).into_iter().flatten().flatten();
        entries.into_iter().any(|entry| entry.file_name().to_string_lossy().ends_with(&ending))
    }
}
