//! Leaves a key wherever a search has to find it: in files, in output, among arguments, in an environment.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::SystemTime;

use greatseal_testkit::secrets::plant::Planted;
use greatseal_testkit::secrets::traces::{Place, Trace};
use sha2::{Digest, Sha256};

use crate::run::traced;

/// How the names of planted tests begin; the spelling follows.
pub(crate) const TEST: &str = "planted: ";

/// Names of all spellings, with whether they fit among arguments.
pub(crate) fn spellings() -> Vec<(&'static str, bool)> {
    let planted = drawn();
    let all = planted.spellings().into_iter().chain(planted.p256_spellings());
    // A text is one whatever the key, and bytes are none.
    all.map(|(name, bytes)| (name, bytes.is_ascii() && !bytes.contains(&0))).collect()
}

/// Where a planted spelling has to be found.
pub(crate) fn places(fits_arguments: bool) -> Vec<(Place, &'static str)> {
    let mut places = vec![(Place::File, "planted"), (Place::Output, "stdout"), (Place::Output, "stderr")];
    if fits_arguments {
        places.extend([(Place::Argument, ""), (Place::Environment, "")]);
    }
    places
}

/// Has each spelling of a new key planted by a program of its own, and returns what was seen of that.
pub(crate) fn all(folder: &Path) -> io::Result<Vec<Trace>> {
    let garden = folder.with_extension("garden");
    std::fs::create_dir_all(&garden)?;
    let mut traces = Vec::new();
    for (name, _) in spellings() {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("plant").arg(name).arg(&garden);
        let (status, seen) = traced(folder, &format!("{TEST}{name}"), &command, true)?;
        if !status.success() {
            return Err(io::Error::other(format!("{name} was not planted")));
        }
        traces.extend(seen);
    }
    std::fs::remove_dir_all(garden)?;
    Ok(traces)
}

/// Draws a key, names its public half in a file, and leaves its private half in one spelling everywhere.
pub(crate) fn plant(spelling: &str, folder: &Path) -> io::Result<ExitCode> {
    let planted = drawn();
    let ed25519 = planted.spellings().into_iter().map(|it| (it, Some(planted.ed25519())));
    let p256 = planted.p256_spellings().into_iter().map(|it| (it, planted.p256()));
    let ((_, bytes), key) = ed25519
        .chain(p256)
        .find(|((name, _), _)| *name == spelling)
        .ok_or_else(|| io::Error::other("there is no such spelling"))?;
    let key = key.ok_or_else(|| io::Error::other("the key is none"))?;
    std::fs::write(folder.join("public"), key.to_string())?;
    std::fs::write(folder.join("planted"), &bytes)?;
    io::stdout().write_all(&bytes)?;
    io::stderr().write_all(&bytes)?;
    io::stdout().flush()?;
    if let Some(text) = std::str::from_utf8(&bytes).ok().filter(|text| text.is_ascii() && !text.contains('\0')) {
        Command::new("true").arg(text).status()?;
        Command::new("true").env("PLANTED", text).status()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn drawn() -> Planted {
    let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Planted::new(Sha256::digest(format!("planted {} {}", std::process::id(), time.as_nanos())).into())
}
