//! The check on a folder: the manifest and the files agree, and the files are what they are said to be.

use crate::folder::{Case, Kind, Manifest, Verdict};
use crate::wasm::{Section, sections};
use crate::{Result, keys};
use data_encoding::{BASE64URL_NOPAD, HEXUPPER};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The header that every version writes, byte for byte.
const HEADER: &[u8] = br#"{"typ":"jwt","alg":"Ed25519"}"#;
/// Bounds that keep the vectors easy to carry, in bytes: one file, and all of them.
const FILE_LIMIT: usize = 200_000;
const FOLDER_LIMIT: usize = 1_500_000;

/// Checks everything that needs no signature; answers with counts for the reader.
pub fn folder(root: &Path) -> Result<String> {
    let manifest = Manifest::read(root)?;
    let mut bytes = 0;
    for case in &manifest.cases {
        let file = fs::read(root.join(&case.file)).map_err(|e| format!("{}: {e}", case.file))?;
        bytes += file.len();
        one(&manifest, case, &file).map_err(|error| format!("{}: {error}", case.id))?;
    }
    every_file_is_listed(root, &manifest)?;
    if bytes > FOLDER_LIMIT {
        return Err(format!("{bytes} bytes in all, at most {FOLDER_LIMIT}").into());
    }
    Ok(format!("{} cases, {bytes} bytes", manifest.cases.len()))
}

/// The token of a case: the file itself, or what a module's last token section holds, because a
/// version that leaves an older token in place appends its own.
pub fn token(case: &Case, file: &[u8]) -> Result<String> {
    if case.kind != Kind::Module {
        return Ok(String::from_utf8(file.to_vec())?);
    }
    let sections = sections(file)?;
    let section = sections.iter().rfind(|section| section.is_token()).ok_or("no token section")?;
    Ok(String::from_utf8(section.payload.to_vec())?)
}

fn one(manifest: &Manifest, case: &Case, file: &[u8]) -> Result<()> {
    if file.len() > FILE_LIMIT {
        return Err(format!("{} bytes, at most {FILE_LIMIT}", file.len()).into());
    }
    let claims = claims(&token(case, file)?)?;
    let issued = claims["iat"].as_u64().ok_or("no iat")?;
    if issued > manifest.at {
        return Err(format!("issued at {issued}, judged at {}", manifest.at).into());
    }
    let issuer = claims["iss"].as_str().ok_or("no iss")?;
    if !keys::ALL.iter().any(|key| key.public == issuer) {
        return Err(format!("issued by {issuer}, which is no listed test key").into());
    }
    if (case.expected_strict == Verdict::Reject) == case.reason.is_empty() {
        return Err("a reason belongs to a rejected case and to no other".into());
    }
    if case.kind == Kind::Module { layout(case, file, &claims) } else { Ok(()) }
}

/// One rule for accepted modules of every version: the hash covers the file without its token section.
fn layout(case: &Case, file: &[u8], claims: &Value) -> Result<()> {
    let sections = sections(file)?;
    let tokens: Vec<&Section<'_>> = sections.iter().filter(|section| section.is_token()).collect();
    if tokens.iter().any(|section| section.padded) {
        return Err("a token section with padded lengths".into());
    }
    let whole = matches!(&tokens[..], [token] if {
        let digest = Sha256::new()
            .chain_update(&file[..token.range.start])
            .chain_update(&file[token.range.end..])
            .finalize();
        claims["wascap"]["hash"] == HEXUPPER.encode(&digest).as_str()
    });
    // What 0.9.2 alone does, and the reason why a verifier must not re-encode before hashing.
    let padded = sections.iter().any(|section| section.padded);
    if whole && padded != (case.made_with == "wascap 0.9.2") {
        return Err(format!("padded section lengths: {padded}").into());
    }
    // A module outside its dates is rejected for these alone.
    let sound = matches!(case.reason.as_str(), "" | "expired" | "not yet valid");
    if whole == sound { Ok(()) } else { Err(format!("hash covers the file: {whole}").into()) }
}

fn claims(token: &str) -> Result<Value> {
    let segments: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = segments[..] else {
        return Err("not three segments".into());
    };
    if BASE64URL_NOPAD.decode(header.as_bytes())? != HEADER {
        return Err("another header".into());
    }
    if BASE64URL_NOPAD.decode(signature.as_bytes())?.len() != 64 {
        return Err("the signature is not 64 bytes long".into());
    }
    Ok(serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes())?)?)
}

fn every_file_is_listed(root: &Path, manifest: &Manifest) -> Result<()> {
    let listed: BTreeSet<&str> = manifest.cases.iter().map(|case| case.file.as_str()).collect();
    for version in fs::read_dir(root)? {
        let version = version?;
        if !version.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(version.path())? {
            let (version, file) = (version.file_name(), file?.file_name());
            let name = format!("{}/{}", version.to_string_lossy(), file.to_string_lossy());
            if !listed.contains(name.as_str()) {
                return Err(format!("{name} is in no case").into());
            }
        }
    }
    Ok(())
}
