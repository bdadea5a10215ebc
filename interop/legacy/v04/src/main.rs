//! Writes files as wascap 0.4.7 really signs them; `legacy-v04 [FOLDER]`.

#![forbid(unsafe_code)]

use legacy_cases::{Result, Wascap, make, module_claims, shared_claims};

/// 0.4.7: the newest 0.4; no aliases, providers, clusters or hosts yet.
struct V04;

impl Wascap for V04 {
    const VERSION: &'static str = "0.4.7";
    const KNOWS_NEW_SECTION: bool = false;
    shared_claims!(wascap);
    module_claims!(wascap, Actor, [caps], []);
}

fn main() -> Result<()> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../vectors/legacy");
    make::<V04>(std::env::args().nth(1).as_deref().unwrap_or(default).as_ref())
}
