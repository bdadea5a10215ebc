//! Taking back the last change of a realm's folder.

use greatseal_core::Code;

use super::journal::{Change, Write};
use super::record::{self, Entry, Record, read_regular, sha256};
use super::{Realm, load};
use crate::problem::Problem;
use crate::text;

impl Realm {
    /// Reads the changes that there were, oldest first.
    ///
    /// # Errors
    /// When the history is damaged.
    pub(crate) fn changes(&self) -> Result<Vec<Entry>, Problem> {
        record::entries(&self.folder)
    }

    /// Takes the last change back that was not taken back before.
    ///
    /// Files that it made go, and files that it replaced are again what they were; what goes is kept
    /// in the history of the undoing. Private keys are not in this folder and stay where they are.
    ///
    /// # Errors
    /// `GS-REALM-UNDO` without a change, `GS-REALM-PUBLISHED` for one that others may rely on,
    /// `GS-REALM-CHANGED` where a file is no longer as the change left it. Then nothing is changed.
    pub(crate) fn undo(&mut self) -> Result<Record, Problem> {
        let entries = self.changes()?;
        let Some(entry) = last(&entries) else {
            return Err(Problem::new(Code::RealmUndo, "no change of this realm is left to undo"));
        };
        let of = format!("change {} (`{}`)", entry.record.number, entry.record.command);
        if entry.published {
            return Err(Problem::new(Code::RealmPublished, format!("{of} has been published")));
        }
        let mut change = Change::undoing(entry.record.number);
        // Backwards: what was named first goes last.
        for changed in entry.record.files.iter().rev() {
            let path = changed.path.within(&self.folder)?;
            if read_regular(&path)?.as_deref().map(sha256) != changed.is {
                let fault = format!("{} is no longer as {of} left it", text::path(&path));
                return Err(Problem::new(Code::RealmChanged, fault));
            }
            let write = match entry.was(changed)? {
                Some(bytes) if changed.is.is_some() => Write::Replace(bytes),
                Some(bytes) => Write::New(bytes),
                None => Write::Remove,
            };
            change.add(changed.path.clone(), write);
        }
        change.commit(&self.folder, crate::command::running(), crate::clock::now()?)?;
        self.file = load(&self.folder)?;
        Ok(entry.record.clone())
    }
}

/// Finds the last change that was not taken back and is itself no taking back.
pub(crate) fn last(entries: &[Entry]) -> Option<&Entry> {
    entries.iter().rev().find(|entry| is_open(entry, entries))
}

/// Says whether a change still stands.
pub(crate) fn is_open(entry: &Entry, entries: &[Entry]) -> bool {
    let undone = |other: &Entry| other.record.undoes == Some(entry.record.number);
    entry.record.undoes.is_none() && !entries.iter().any(undone)
}
