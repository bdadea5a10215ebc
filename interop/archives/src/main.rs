//! Writes `vectors/archives`: provider archives as the published provider-archive 0.16.2 really
//! writes them, the tokens above them, and what a strict verification must answer.
//!
//! `archives [FOLDER]`; without a folder, `vectors/archives`.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use archives::{Programs, issuer, realm, subject, write};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/archives");
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| default.into()));
    fs::create_dir_all(&folder)?;
    let realm = realm();
    fs::write(folder.join("operator.jwt"), realm.root.bytes())?;
    fs::write(folder.join("account.jwt"), realm.tenant.bytes())?;

    let one: Programs = &[("x86_64-linux", b"one program for one target")];
    let many: Programs =
        &[("aarch64-linux", b"arm"), ("x86_64-linux", b"intel"), ("x86_64-macos", b""), ("x86_64-windows", b"dos")];
    let world = b"interface world example { resource config {} }";
    let mut cases = Vec::new();
    for (name, programs, world, compress) in [
        ("one.par", one, None, false),
        ("world.par", one, Some(&world[..]), false),
        ("many.par", many, Some(&world[..]), false),
        ("one.par.gz", one, None, true),
        ("many.par.gz", many, Some(&world[..]), true),
    ] {
        write(&folder.join(name), programs, world, compress).await?;
        cases.push(case(&folder, name)?);
    }
    let manifest = json!({
        "at": greatseal_testkit::chain::AT,
        "written_by": "provider-archive 0.16.2 with wascap 0.16.2",
        "trust": realm.operator.to_string(),
        "with": ["operator.jwt", "account.jwt"],
        "issuer": issuer().to_string(),
        "subject": subject().to_string(),
        "cases": cases,
    });
    fs::write(folder.join("manifest.json"), serde_json::to_vec_pretty(&manifest)?)?;
    Ok(())
}

fn case(folder: &Path, name: &str) -> Result<Value, Box<dyn Error + Send + Sync>> {
    let file = fs::File::open(folder.join(name))?;
    let contents = greatseal_token::wascap::archive::ArchiveFile::open(file)?.contents()?;
    let files: Vec<String> = contents.files.iter().map(|file| file.name.to_string()).collect();
    Ok(json!({ "file": name, "expected_strict": "accept", "files": files }))
}
