//! The user's private configuration: where custody and trust are kept.

use std::path::PathBuf;

use crate::problem::Problem;

/// Finds a private folder: as it was named, else by its variable, else in the user's configuration.
///
/// # Errors
/// `GS-USAGE` when there is no configuration to look in.
pub(crate) fn folder(named: Option<&PathBuf>, variable: &str, option: &str, own: &str) -> Result<PathBuf, Problem> {
    if let Some(folder) = named.cloned().or_else(|| set(variable)) {
        return Ok(folder);
    }
    // A relative path would lead into whatever folder one works in, and that may be anybody's
    // realm. The XDG base directory specification 0.8 has it ignored.
    let absolute = |name: &str| set(name).filter(|path| path.is_absolute());
    let configuration = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")));
    configuration.map(|folder| folder.join("greatseal").join(own)).ok_or_else(|| {
        Problem::usage(format!(
            "there is no place for {own}: neither HOME nor XDG_CONFIG_HOME is set to an absolute path"
        ))
        .hint(format!("Name a private folder: `{option} FOLDER`."))
    })
}

fn set(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
