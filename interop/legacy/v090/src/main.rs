//! Writes files as wascap 0.9.0 really signs them; `legacy-v090 [FOLDER]`.

#![forbid(unsafe_code)]

use legacy_cases::{Result, Wascap, cluster_claims, make, module_claims, provider_claims, shared_claims};

/// 0.9.0: hashes code, data and custom sections only, and never removes an old token.
struct V090;

impl Wascap for V090 {
    const VERSION: &'static str = "0.9.0";
    const HASHES_WHOLE_FILE: bool = false;
    shared_claims!(wascap);
    module_claims!(wascap, Actor, [caps], [call_alias]);
    cluster_claims!(wascap);
    provider_claims!(wascap, [capid], []);
}

fn main() -> Result<()> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../vectors/legacy");
    make::<V090>(std::env::args().nth(1).as_deref().unwrap_or(default).as_ref())
}
