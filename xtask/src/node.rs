//! The packages of `interop/iso-ucan`, the peer in node that the UCAN tests run against.

use std::path::Path;

use crate::failure::Failure;
use crate::house::House;
use crate::step::Outcome;
use crate::tool;

const FOLDER: &str = "interop/iso-ucan";
const LOCK: &str = "interop/iso-ucan/package-lock.json";
/// The lock file that the installed packages came from. `npm ci` removes it with all else when it begins.
const INSTALLED: &str = "interop/iso-ucan/node_modules/.installed-from";

/// Installs exactly what the lock file names, unless that is there.
pub(crate) fn packages(house: &House) -> Result<Outcome, Failure> {
    let npm = tool::NPM.path(house)?;
    let lock = house.read(LOCK)?;
    let installed = house.root.join(INSTALLED);
    if is_from(&installed, &lock) {
        println!("{FOLDER}: its packages are those of the lock file");
        return Ok(Outcome::Done);
    }
    house
        .program(&npm)
        // No package needs a script of its own, so none may run here.
        .args(["ci", "--prefix", FOLDER, "--ignore-scripts", "--no-audit", "--no-fund"])
        .run()?;
    std::fs::write(&installed, lock).map_err(|source| Failure::File { path: installed, source })?;
    Ok(Outcome::Done)
}

fn is_from(installed: &Path, lock: &str) -> bool {
    std::fs::read_to_string(installed).is_ok_and(|from| from == lock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_lock_file_is_up_to_date() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/node.rs");
        assert!(is_from(&here, include_str!("node.rs")));
        assert!(!is_from(&here, "another"));
        assert!(!is_from(&here.join("absent"), ""));
    }

    /// So that the lock file works behind every mirror.
    #[test]
    fn the_lock_file_names_no_registry() {
        assert!(!include_str!("../../interop/iso-ucan/package-lock.json").contains("\"resolved\""));
    }
}
