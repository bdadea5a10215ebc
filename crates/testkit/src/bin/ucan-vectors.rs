//! Writes `vectors/ucan/more`.
#![allow(clippy::disallowed_methods, reason = "it writes files")]

use std::io;

use greatseal_testkit::ucan::vectors::{FOLDER, OURS, manifest};
use greatseal_testkit::vectors;

fn main() -> io::Result<()> {
    let path = vectors::root().join(FOLDER).join(OURS);
    path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
    std::fs::write(path, manifest())
}
