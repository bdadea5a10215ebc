//! Writes the first inputs of every corpus, made from `vectors/` and a few cases that those lack.
//!
//! `cargo run --example seed` adds files whose names are the hashes of what is in them; nothing is
//! removed. Afterwards `cargo fuzz cmin` keeps what reaches something of its own.

use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};

mod archive;
mod claims;
mod decisions;
mod deeds;
mod frames;
mod keys;
mod modules;
mod succession;
mod ucan;

fn main() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let targets = [
        ("nkeys", keys::inputs()),
        ("jwt_frame", frames::inputs()),
        ("claims", claims::inputs()),
        ("modules", modules::inputs()),
        ("archive", archive::inputs()),
        ("deeds", deeds::inputs()),
        ("decisions", decisions::inputs()),
        ("succession", succession::inputs()),
        ("ucan_envelope", ucan::envelopes()),
        ("ucan_payloads", ucan::payloads()),
        ("ucan_policies", ucan::policies()),
        ("ucan_selectors", ucan::selectors()),
        ("ucan_containers", ucan::containers()),
    ];
    for (target, inputs) in targets {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder).expect("the corpus can be written");
        for input in &inputs {
            let name = &HEXLOWER.encode(&Sha256::digest(input))[..16];
            fs::write(folder.join(name), input).expect("the corpus can be written");
        }
        println!("{target}: {} inputs", inputs.len());
    }
}

/// Returns every file under `vectors/`, sorted.
fn vectors() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("vectors can be listed") {
            let path = entry.expect("vectors can be listed").path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

/// Returns the JSON of one file under `vectors/`.
fn json(name: &str) -> serde_json::Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors").join(name);
    serde_json::from_slice(&fs::read(path).expect("it can be read")).expect("it is JSON")
}

/// Returns every WebAssembly file of the vectors that is small.
fn small_modules() -> Vec<Vec<u8>> {
    let named = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "wasm");
    let files = vectors().into_iter().filter(named).map(|path| fs::read(path).expect("vectors can be read"));
    files.filter(|bytes| bytes.len() <= 2048).collect()
}

/// Returns every token of the vectors, wherever it stands.
fn tokens() -> Vec<String> {
    let mut found = Vec::new();
    for path in vectors() {
        let bytes = fs::read(path).expect("vectors can be read");
        if bytes.len() > 16 * 1024 {
            continue;
        }
        let text = String::from_utf8_lossy(&bytes);
        let is_token = |word: &&str| word.starts_with("eyJ0eXAiOiJqd3Q") && word.split('.').count() == 3;
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)));
        found.extend(words.filter(is_token).map(str::to_owned));
    }
    found.sort();
    found.dedup();
    found
}

/// Returns the claims of a token.
fn claims_of(token: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(token.split('.').nth(1)?.as_bytes()).ok()
}
