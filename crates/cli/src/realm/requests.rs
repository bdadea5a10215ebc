//! The requests of a realm: those that wait in `requests/`, and what was filed or replaced in
//! `history/`.

use std::fs;
use std::path::{Path, PathBuf};

use greatseal_core::Code;

use super::{Realm, settle, write_new};
use crate::files;
use crate::order::Answer;
use crate::problem::Problem;

const WAITING: &str = "requests";
const FILED: &str = "history";
const ENDING: &str = ".json";
/// Hexadecimal digits of a request's digest in the name of its record.
const DIGITS: usize = 12;

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
    /// What the system says; then the request is still where it was.
    pub(crate) fn archive_request(&self, path: &Path, digest: &str) -> Result<(), Problem> {
        let folder = self.folder.join(FILED);
        fs::create_dir_all(&folder).map_err(|error| Problem::io("cannot make", &folder, &error))?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let record = folder.join(format!("{stem}-{}{ENDING}", short(digest)));
        fs::rename(path, &record).map_err(|error| Problem::io("cannot move", path, &error))?;
        settle(&record)?;
        settle(path)
    }

    /// Keeps a token that is about to be replaced, in `history/`, under its name and statement id.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn keep_superseded(&self, path: &Path, id: &str, bytes: &[u8]) -> Result<(), Problem> {
        let folder = self.folder.join(FILED);
        fs::create_dir_all(&folder).map_err(|error| Problem::io("cannot make", &folder, &error))?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        let kept = folder.join(format!("{stem}-{}.{ending}", short(id)));
        // An interrupted command may have come this far: the id says that it is the same.
        if kept.exists() { Ok(()) } else { write_new(&kept, bytes) }
    }

    /// Removes a request that nobody waits for any more.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn remove_request(&self, path: &Path) -> Result<(), Problem> {
        fs::remove_file(path).map_err(|error| Problem::io("cannot remove", path, &error))?;
        settle(path)
    }

    /// Says whether a request of that digest was filed before.
    pub(crate) fn is_archived(&self, digest: &str) -> bool {
        let ending = format!("-{}{ENDING}", short(digest));
        let entries = fs::read_dir(self.folder.join(FILED)).into_iter().flatten().flatten();
        entries.into_iter().any(|entry| entry.file_name().to_string_lossy().ends_with(&ending))
    }
}

fn short(digest: &str) -> &str {
    digest.get(..DIGITS).unwrap_or(digest)
}
