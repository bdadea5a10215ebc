//! `greatseal inspect`: what a file says, believed or not.

mod statement;
mod ucan;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use data_encoding::HEXUPPER;
use greatseal_core::code::Exit;
use greatseal_core::error::Fault;
use greatseal_core::{Code, Statement, Timestamp, signature};
use greatseal_token::wascap::archive::ArchiveFile;
use greatseal_token::wascap::module::ModuleFile;
use greatseal_token::wascap::{self, Claims, Entity};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::clock;
use crate::files::Opened;
use crate::input::{Input, Kind};
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::table::table;
use crate::text;
use statement::{look_at_deed, succession, succession_lines};

/// Shows what a token, UCAN, container, deed, module or provider archive says, without believing any of it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal inspect app.wasm\n  greatseal inspect httpserver.par\n  greatseal inspect call.container\n  greatseal inspect account.jwt --output json\n\nExit codes: 0 shown, 3 malformed. What is shown is not verified: see `greatseal verify`."
)]
pub(crate) struct Inspect {
    /// A token, UCAN or deed, a container of UCANs, a WebAssembly module or component, or a provider archive; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

/// Custom sections that are listed at most.
const SECTIONS_SHOWN: usize = 64;

/// What a file says.
#[derive(Debug, Serialize)]
struct Shown {
    file: String,
    kind: &'static str,
    code: Option<&'static str>,
    message: Option<String>,
    module: Option<Value>,
    archive: Option<Value>,
    token: Option<Value>,
    container: Option<Value>,
    deed: Option<Value>,
    #[serde(skip)]
    lines: Vec<(String, String)>,
    /// The files of an archive, laid out.
    #[serde(skip)]
    files: String,
}

pub(crate) fn run(inspect: &Inspect, format: Format) -> Result<Exit, Problem> {
    let input = Input::read(&inspect.file)?;
    let mut shown = Shown {
        file: input.label(),
        kind: "unknown",
        code: None,
        message: None,
        module: None,
        archive: None,
        token: None,
        container: None,
        deed: None,
        lines: Vec::new(),
        files: String::new(),
    };
    let exit = match look(input.kind, &mut shown) {
        Ok(()) => Exit::Ok,
        Err(fault) => {
            shown.code = Some(fault.code().text());
            shown.message = Some(text::sentence(&fault));
            Exit::Deny
        }
    };
    output::answer(format, &shown, || people(&shown));
    Ok(exit)
}

fn look(kind: Kind, shown: &mut Shown) -> Result<(), Fault> {
    match kind {
        Kind::Neither(fault) => Err(fault),
        Kind::Token(token) => {
            shown.kind = "token";
            look_at_token(&token, shown)
        }
        Kind::Ucans(ucans) => {
            shown.kind = "token";
            ucan::look_at_ucans(&ucans, shown)
        }
        Kind::Deed(deed) => {
            shown.kind = "deed";
            look_at_deed(&deed, shown)
        }
        Kind::Module(bytes) => {
            shown.kind = "module";
            let file = ModuleFile::read(&bytes)?;
            look_at_module(&file, shown)
        }
        Kind::Archive(archive) => {
            shown.kind = "archive";
            look_at_archive(ArchiveFile::open(archive)?, shown)
        }
    }
}

fn look_at_module(file: &ModuleFile<'_>, shown: &mut Shown) -> Result<(), Fault> {
    let kind = file.kind().word();
    shown.kind = kind;
    let hash = HEXUPPER.encode(&file.hash());
    let sections: Vec<Value> = file
        .custom_sections()
        .take(SECTIONS_SHOWN)
        .map(|(name, bytes)| json!({ "name": text::name(name), "bytes": bytes }))
        .collect();
    shown.lines.push(("file".into(), format!("{kind}, {} bytes", file.len())));
    shown.lines.push(("hash".into(), hash.clone()));
    let mut module = json!({ "kind": kind, "bytes": file.len(), "hash": hash, "custom_sections": sections });
    let outcome = match file.token() {
        None => {
            shown.lines.push(("token".into(), "none: this module is not signed".into()));
            Ok(())
        }
        Some(token) => {
            let outcome = look_at_token(token, shown);
            let said = shown.token.as_ref().and_then(|token| token.pointer("/wascap/hash")).and_then(Value::as_str);
            let matches = said == Some(hash.as_str());
            if let Some(members) = module.as_object_mut() {
                members.insert("hash_matches".into(), matches.into());
            }
            shown.lines.push((
                "hash matches".into(),
                if matches { "yes".into() } else { format!("no: the token vouches for {}", said.unwrap_or("nothing")) },
            ));
            outcome
        }
    };
    shown.module = Some(module);
    outcome
}

fn look_at_archive(file: ArchiveFile<Opened>, shown: &mut Shown) -> Result<(), Fault> {
    let gzipped = file.is_gzipped();
    let token = file.token().to_vec();
    let place = shown.lines.len();
    let outcome = look_at_token(&token, shown);
    let said = shown.token.as_ref().and_then(|token| token.pointer("/wascap/target_hashes")).and_then(Value::as_object);
    let said: BTreeMap<String, String> = said
        .into_iter()
        .flatten()
        .filter_map(|(target, hash)| Some((target.clone(), hash.as_str()?.to_owned())))
        .collect();
    let contents = file.contents()?;
    let mut files = Vec::new();
    let mut rows = Vec::new();
    for file in &contents.files {
        let hash = HEXUPPER.encode(&file.hash);
        let expected = said.get(file.name.key());
        let matches = expected == Some(&hash);
        let signed = match expected {
            Some(_) if matches => "yes",
            Some(_) => "no: other bytes",
            None => "no",
        };
        rows.push([file.name.to_string(), file.bytes.to_string(), hash.clone(), signed.to_owned()]);
        files
            .push(json!({ "name": file.name.to_string(), "bytes": file.bytes, "hash": hash, "hash_matches": matches }));
    }
    let check = contents.check(&said);
    let word = if gzipped { "provider archive, gzipped" } else { "provider archive" };
    shown.lines.insert(place, ("file".into(), format!("{word}, {} bytes unpacked", contents.bytes)));
    shown.lines.push((
        "hashes match".into(),
        check.as_ref().map_or_else(|fault| format!("no: {fault}"), |()| "yes, and no file is missing".into()),
    ));
    shown.files = table(["file", "bytes", "SHA-256", "vouched for"], rows, "no files");
    shown.archive = Some(json!({
        "gzipped": gzipped,
        "bytes": contents.bytes,
        "files": files,
        "hashes_match": check.is_ok(),
    }));
    outcome
}

fn look_at_token(token: &[u8], shown: &mut Shown) -> Result<(), Fault> {
    let decoded = wascap::decode(token)?;
    let claims = decoded.content();
    let signature = signature::verify(&claims.signer(), decoded.signed(), decoded.signature());
    let good = signature.is_ok();
    shown.lines.extend(lines(claims));
    if claims.succession.is_some() {
        shown.lines.extend(succession_lines(claims));
        shown.lines.push(("statement".into(), decoded.id().to_string()));
    }
    shown.lines.push(("signature".into(), if good { "good, by the issuer named".into() } else { "BAD".into() }));
    shown.token = Some(json!({
        "id": decoded.id().to_string(),
        "family": "wascap",
        "type": claims.entity.word(),
        "signature_good": good,
        "jti": claims.terms.id.as_str(),
        "issued_at": claims.terms.issued_at.as_secs(),
        "not_before": claims.terms.validity.not_before.map(Timestamp::as_secs),
        "expires": claims.terms.validity.expires.map(Timestamp::as_secs),
        "issuer": claims.issuer.to_string(),
        "subject": claims.entity.subject_text(),
        "wascap": wascap_of(&claims.entity),
        "wascap_revision": claims.revision,
        "succession": succession(claims),
    }));
    Ok(())
}

fn wascap_of(entity: &Entity) -> Value {
    let mut fields = Map::new();
    fields.insert("name".into(), entity.name().into());
    match entity {
        Entity::Operator(_) | Entity::Account(_) | Entity::Cluster(_) => {
            let signers: Vec<String> = entity.signers().iter().map(ToString::to_string).collect();
            fields.insert("valid_signers".into(), signers.into());
        }
        Entity::Module(module) => {
            fields.insert("hash".into(), module.hash.as_str().into());
            fields.insert("tags".into(), module.tags.clone().into());
            fields.insert("caps".into(), module.caps.clone().into());
            fields.insert("rev".into(), module.rev.into());
            fields.insert("ver".into(), module.ver.clone().into());
            fields.insert("call_alias".into(), module.call_alias.clone().into());
            fields.insert("prov".into(), module.provider.into());
        }
        Entity::Provider(provider) => {
            fields.insert("capid".into(), provider.capid.clone().into());
            fields.insert("vendor".into(), provider.vendor.as_str().into());
            fields.insert("rev".into(), provider.rev.into());
            fields.insert("ver".into(), provider.ver.clone().into());
            fields.insert("target_hashes".into(), json!(provider.target_hashes));
            fields.insert("config_schema".into(), provider.config_schema.clone().into());
        }
        Entity::Host(host) => {
            fields.insert("labels".into(), json!(host.labels));
        }
        Entity::Invocation(invocation) => {
            fields.insert("target_url".into(), invocation.target_url.as_str().into());
            fields.insert("origin_url".into(), invocation.origin_url.as_str().into());
            fields.insert("hash".into(), invocation.hash.as_str().into());
        }
        Entity::Untyped { .. } => return Value::Null,
    }
    fields.into()
}

fn lines(claims: &Claims) -> Vec<(String, String)> {
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut line = |name: &str, value: String| lines.push((name.into(), value));
    line("type", claims.entity.word().into());
    if let Some(name) = claims.entity.name() {
        line("name", text::name(name));
    }
    line("subject", text::name(&claims.entity.subject_text()));
    line("issuer", claims.issuer.to_string());
    for key in claims.entity.signers() {
        line("signing key", key.to_string());
    }
    if let Entity::Module(module) = &claims.entity {
        line("vouches for", text::name(&module.hash));
        for (name, value) in [("version", &module.ver), ("call alias", &module.call_alias)] {
            if let Some(value) = value {
                line(name, text::name(value));
            }
        }
        if let Some(rev) = module.rev {
            line("revision", rev.to_string());
        }
        for (name, values) in [("tags", &module.tags), ("capabilities", &module.caps)] {
            if let Some(values) = values.as_ref().filter(|values| !values.is_empty()) {
                line(name, text::name(&values.join(", ")));
            }
        }
    }
    if let Entity::Provider(provider) = &claims.entity {
        line("vendor", text::name(&provider.vendor));
        for (target, hash) in &provider.target_hashes {
            line("target", text::name(&format!("{target} {hash}")));
        }
    }
    line("issued", clock::show(claims.terms.issued_at));
    if let Some(from) = claims.terms.validity.not_before {
        line("speaks from", clock::show(from));
    }
    line("speaks", clock::show_expiry(claims.terms.validity.expires));
    lines
}

fn people(shown: &Shown) -> String {
    let mut out = format!("{}\n", shown.file);
    let width = shown.lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in &shown.lines {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {name:width$}  {value}");
    }
    out += &shown.files;
    match (shown.code.and_then(Code::parse), &shown.message) {
        (Some(code), Some(message)) => {
            let _ = writeln!(out, "  {} [{code}]\n  {}", text::capital(message), code.advice());
        }
        _ => {
            let _ =
                writeln!(out, "  Shown as it stands, not verified: `greatseal verify` tells whether to believe it.");
        }
    }
    out
}
