//! The user's private configuration: where custody and trust are kept.

use std::path::PathBuf;
use std::sync::Arc;

use greatseal_custody::{PassphraseSource, Surroundings};

use crate::problem::Problem;
use crate::{realm, text};

/// Finds a private folder: as it was named, else by its variable, else in the user's configuration.
///
/// # Errors
/// `GS-USAGE` for one that lies in a realm, where a pull request could change it.
pub(crate) fn folder(
    named: Option<&PathBuf>,
    variable: &str,
    option: &str,
    own: &str,
) -> Result<Option<PathBuf>, Problem> {
    let found = find(named, variable, own);
    match &found {
        Some(folder) if realm::is_within(folder) => {
            let fault = format!("{} lies in a realm, where others could change it", text::path(folder));
            Err(Problem::usage(fault).hint(format!("Name a private folder outside of every realm: `{option} FOLDER`.")))
        }
        Some(_) | None => Ok(found),
    }
}

/// Reports that there is no place for something.
pub(crate) fn missing(option: &str, own: &str) -> Problem {
    let fault = format!("there is no place for {own}: neither HOME nor XDG_CONFIG_HOME is set to an absolute path");
    Problem::usage(fault).hint(format!("Name a private folder: `{option} FOLDER`."))
}

fn find(named: Option<&PathBuf>, variable: &str, own: &str) -> Option<PathBuf> {
    if let Some(folder) = named.cloned().or_else(|| set(variable)) {
        return Some(folder);
    }
    // A relative path would lead into whatever folder one works in, and that may be anybody's
    // realm. The XDG base directory specification 0.8 has it ignored.
    let absolute = |name: &str| set(name).filter(|path| path.is_absolute());
    let configuration = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")));
    configuration.map(|folder| folder.join("greatseal").join(own))
}

/// Tells custody what it does not look up itself: where agents and services of this user are.
pub(crate) fn surroundings(passphrases: Arc<dyn PassphraseSource>) -> Surroundings {
    Surroundings {
        home: set("HOME").filter(|path| path.is_absolute()),
        agent_socket: set("SSH_AUTH_SOCK"),
        // As the clients of both servers read them.
        vault_address: set("BAO_ADDR").or_else(|| set("VAULT_ADDR")).map(|it| it.to_string_lossy().into_owned()),
        ..Surroundings::of(passphrases)
    }
}

fn set(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
