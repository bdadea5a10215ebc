//! Writes `vectors/attacks`.
#![allow(clippy::disallowed_methods, reason = "it writes files")]

use std::io;

use greatseal_testkit::{attacks, vectors};

fn main() -> io::Result<()> {
    let root = vectors::root().join("attacks");
    std::fs::create_dir_all(&root)?;
    for (name, bytes) in attacks::folder() {
        std::fs::write(root.join(name), bytes)?;
    }
    Ok(())
}
