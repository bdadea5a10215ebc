//! The cases that are modules and components.

use crate::folder::Folder;
use crate::keys::*;
use crate::make::Windows;
use crate::wasm::{TOKEN_SECTIONS, sections};
use crate::{Dates, Module, Result, Wascap, sample};
use std::path::PathBuf;

/// Tokens that complete the chain of nearly every module.
const CHAIN: &[&str] = &["operator.jwt", "account.jwt"];

/// Signs every module case.
pub(crate) fn modules<W: Wascap>(folder: &mut Folder, windows: Windows) -> Result<()> {
    claims::<W>(folder, windows)?;
    // Elsewhere two reasons would apply at once, and none of them would be tested.
    if W::HASHES_WHOLE_FILE {
        dates::<W>(folder, windows)?;
    }
    layouts::<W>(folder)?;
    if W::COMPONENTS {
        let wasm = sign::<W>(&ACTOR_COMPONENT, &named("component"), &sample::component())?;
        place::<W>(folder, "component", "a component; a token inside it was removed", &wasm, CHAIN)?;
    }
    Ok(())
}

/// Which fields the token has, and which key issues it.
fn claims<W: Wascap>(folder: &mut Folder, windows: Windows) -> Result<()> {
    let plain = sample::module();
    let texts = |list: &[&str]| Some(list.iter().map(|text| (*text).to_owned()).collect());

    let full = Module {
        name: Some("Legacy Ledger".into()),
        caps: texts(&["wasmcloud:messaging", "wasmcloud:builtin:logging"]),
        tags: texts(&["blue", "grün"]),
        rev: Some(3),
        ver: Some("0.3.0".into()),
        // Upper case, blanks, dashes, dots and letters beyond ASCII: versions that know an alias
        // write it changed.
        call_alias: Some(" Acme Ledgér-v0.3 ".into()),
        prov: true,
    };
    let wasm = W::module(&ACCT_SIGNER_1, &ACTOR_ONE, windows.dated, &full, &plain)?;
    place::<W>(folder, "module", "every field, by an account signing key", &wasm, CHAIN)?;

    let bare = Module::default();
    let wasm = W::module(&ACCT_IDENTITY, &ACTOR_TWO, Dates::default(), &bare, &plain)?;
    place::<W>(folder, "module-bare", "no optional field, by the account's identity", &wasm, CHAIN)?;

    let odd = Module {
        name: Some(String::new()),
        caps: texts(&[]),
        tags: texts(&[]),
        rev: Some(-1),
        ver: Some(String::new()),
        call_alias: Some(String::new()),
        prov: false,
    };
    let wasm = sign::<W>(&ACTOR_ODD, &odd, &plain)?;
    place::<W>(folder, "module-odd", "empty texts and lists, rev -1", &wasm, CHAIN)?;

    let wasm = W::built(&ACCT_IDENTITY, &ACTOR_BUILT, "built", &plain)?;
    let about = "made with ClaimsBuilder, so without wascap_revision";
    place::<W>(folder, "module-built", about, &wasm, CHAIN)?;

    let wasm = W::module(&ACCT_NULL, &ACTOR_LONE, Dates::default(), &named("lone"), &plain)?;
    let chain = &["operator.jwt", "account-null.jwt"];
    place::<W>(folder, "module-lone", "under an account without signing keys", &wasm, chain)?;
    Ok(())
}

fn dates<W: Wascap>(folder: &mut Folder, windows: Windows) -> Result<()> {
    let plain = sample::module();
    let wasm = W::module(&ACCT_SIGNER_2, &ACTOR_EXPIRED, windows.expired, &named("expired"), &plain)?;
    folder.module("module-expired", "exp has passed", &wasm)?.with(CHAIN).rejected("expired");
    let wasm = W::module(&ACCT_SIGNER_2, &ACTOR_EARLY, windows.early, &named("early"), &plain)?;
    folder.module("module-early", "nbf lies ahead", &wasm)?.with(CHAIN).rejected("not yet valid");
    Ok(())
}

/// What the file looked like before it was signed.
fn layouts<W: Wascap>(folder: &mut Folder) -> Result<()> {
    let wasm = sign::<W>(&ACTOR_PADDED, &named("padded"), &sample::padded())?;
    place::<W>(folder, "module-padded", "section lengths were padded before signing", &wasm, CHAIN)?;

    let mut once = sign::<W>(&ACTOR_RESIGNED, &named("once"), &sample::module())?;
    once.extend(sample::afterthought());
    let wasm = sign::<W>(&ACTOR_RESIGNED, &named("twice"), &once)?;
    let about = "signed, given another section, signed again";
    place::<W>(folder, "module-resigned", about, &wasm, CHAIN)?;

    let wasm = sign::<W>(&ACTOR_OVER_JWT, &named("over jwt"), &published("published/signed_loop.wasm")?)?;
    place::<W>(folder, "module-over-jwt", "had a token from the 0.1 era", &wasm, CHAIN)?;

    if !W::KNOWS_NEW_SECTION {
        let wasm = sign::<W>(&ACTOR_TWICE, &named("over new"), &published("v01.wasm")?)?;
        let about = "had a wasmcloud_jwt section, which this version does not know and keeps";
        place::<W>(folder, "module-over-new", about, &wasm, CHAIN)?;
    }
    if W::VERSION == "0.9.2" {
        let echo = published("published/echo_messaging_v0.9.0.wasm")?;
        let wasm = sign::<W>(&ACTOR_ECHO, &named("echo"), &echo)?;
        place::<W>(folder, "module-echo", "a real module, section lengths padded", &wasm, CHAIN)?;
    }
    Ok(())
}

/// Writes a module with the verdict that its layout deserves.
fn place<W: Wascap>(folder: &mut Folder, name: &str, about: &str, wasm: &[u8], chain: &[&str]) -> Result<()> {
    let tokens = sections(wasm)?.iter().filter(|section| section.is_token()).count();
    let case = folder.module(name, about, wasm)?.with(chain);
    if tokens != 1 {
        case.rejected(&format!("{tokens} token sections ({})", TOKEN_SECTIONS.join(", ")));
    } else if !W::HASHES_WHOLE_FILE {
        case.rejected("the hash leaves out types, imports, exports and memories");
    }
    Ok(())
}

fn sign<W: Wascap>(of: &Key, claims: &Module, wasm: &[u8]) -> Result<Vec<u8>> {
    W::module(&ACCT_SIGNER_2, of, Dates::default(), claims, wasm)
}

fn named(name: &str) -> Module {
    Module { name: Some(name.to_owned()), ..Module::default() }
}

/// Reads a file that others signed, from the vectors of the current format.
fn published(file: &str) -> Result<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../vectors/wascap").join(file);
    std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()).into())
}
