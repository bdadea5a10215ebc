//! Writes files as wascap 0.6.1, 0.9.2, 0.11.2 and 0.16.2 really sign them, then checks the folder.
//!
//! `legacy [FOLDER]`; without a folder, `vectors/legacy`.

#![forbid(unsafe_code)]

mod versions;

use legacy_cases::{Result, across, check, make};
use std::path::PathBuf;
use versions::{V06, V09, V11, V16};

fn main() -> Result<()> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/legacy");
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| default.into()));
    make::<V06>(&folder)?;
    make::<V09>(&folder)?;
    make::<V11>(&folder)?;
    make::<V16>(&folder)?;
    across(&folder, &["0.4.7", "0.6.1", "0.9.2", "0.11.2", "0.16.2"])?;
    let summary = check::folder(&folder)?;
    println!("{}: {summary}", folder.display());
    Ok(())
}
