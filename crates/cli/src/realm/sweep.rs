//! What killed commands left behind.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::FOLDERS;
use super::write::UNFINISHED;

/// How old a leftover is at least. A command that writes into the realm without its lock, as
/// `module strip --out` may, has long finished by then.
const OLD: Duration = Duration::from_secs(3600);
/// Characters that `tempfile` adds to the beginning of a name.
const RANDOM: usize = 6;

/// Removes old unfinished files. The realm's lock is held.
///
/// Nothing depends on it, so nothing is said when something cannot be looked at or removed.
pub(super) fn sweep(realm: &Path) {
    for folder in [realm.to_path_buf()].into_iter().chain(FOLDERS.map(|name| realm.join(name))) {
        // A link to elsewhere is nobody's folder to clean.
        if !fs::symlink_metadata(&folder).is_ok_and(|metadata| metadata.is_dir()) {
            continue;
        }
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            // Its own kind and time: a link is neither followed nor removed.
            let Ok(metadata) = entry.metadata() else { continue };
            let age = metadata.modified().ok().and_then(|at| SystemTime::now().duration_since(at).ok());
            if metadata.is_file()
                && is_leftover(&entry.file_name().to_string_lossy())
                && age.is_some_and(|age| age >= OLD)
            {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn is_leftover(name: &str) -> bool {
    name.strip_prefix(UNFINISHED)
        .is_some_and(|rest| rest.len() == RANDOM && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_leftovers_go_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let realm = folder.path();
        fs::create_dir(realm.join("tokens")).unwrap();
        let old = SystemTime::now() - OLD - OLD;
        let make = |name: &str, old: Option<SystemTime>| {
            let file = fs::File::create(realm.join(name)).unwrap();
            if let Some(old) = old {
                file.set_modified(old).unwrap();
            }
        };
        let kept = ["greatseal.toml", ".greatseal-", ".greatseal-notes.txt", "tokens/operator.jwt", ".lock"];
        for name in kept {
            make(name, Some(old));
        }
        make(".greatseal-fresh1", None);
        for name in [".greatseal-aB3dE6", "tokens/.greatseal-000000"] {
            make(name, Some(old));
        }
        sweep(realm);
        for name in kept.into_iter().chain([".greatseal-fresh1"]) {
            assert!(realm.join(name).exists(), "{name}");
        }
        for name in [".greatseal-aB3dE6", "tokens/.greatseal-000000"] {
            assert!(!realm.join(name).exists(), "{name}");
        }
    }
}
