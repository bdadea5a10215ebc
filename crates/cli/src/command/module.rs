//! `greatseal module`: signed WebAssembly.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use greatseal_core::Code;
use greatseal_core::code::Exit;
use greatseal_core::key::{Key, Nkey};
use greatseal_token::wascap::module;
use serde_json::json;

use super::inspect::{self, Inspect};
use super::request;
use crate::clock;
use crate::desk::{ModuleKey, NewModule, Outcome};
use crate::input::read_module;
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::realm::write_new;
use crate::secrets::{Custody, InRealm};
use crate::text;

/// Signs, shows and strips WebAssembly modules and components.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Sign(Box<Sign>),
    Reissue(Box<Reissue>),
    Inspect(Inspect),
    Strip(Strip),
}

/// Signs a module or component for an account; a token it carries already is replaced.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal module sign ledger.wasm --account payments --module ledger --new-key\n  greatseal module sign ledger.wasm --account payments --module ledger --rev 2 --ver 0.2.0 --out ledger-2.wasm\n\nA module is known by a key of its own; later revisions are signed under the same key."
)]
pub(crate) struct Sign {
    /// The WebAssembly module or component.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The account that vouches for it.
    #[arg(long, value_name = "NAME")]
    account: String,

    /// The key it is known by: a name in this realm, or a public key (M…).
    #[arg(long, value_name = "NAME|KEY")]
    module: String,

    /// Make that key now.
    #[arg(long)]
    new_key: bool,

    /// Which of the account's keys signs [default: any that custody here has, signing keys first]
    #[arg(long, value_name = "KEY")]
    by: Option<String>,

    /// The module's name for people [default: the key's name]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,

    /// Revision: a whole number that grows.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    rev: Option<i32>,

    /// Version, for people.
    #[arg(long, value_name = "TEXT")]
    ver: Option<String>,

    /// A tag; may be given several times.
    #[arg(long, value_name = "TEXT")]
    tag: Vec<String>,

    /// A name to call it by.
    #[arg(long, value_name = "TEXT")]
    call_alias: Option<String>,

    /// For how many days the token speaks [default: the realm's lifetime, 365]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36500))]
    days: Option<u32>,

    /// Where to write it [default: FILE with `.signed` before its ending]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

/// Signs modules and provider archives anew as they are: the same key, name and revision.
///
/// For another signing key in the place of an old one, or before they expire. What is written already
/// by a run that was interrupted is found and left as it is.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal module reissue dist/*.wasm --account payments --by payments-signing-2 --out dist-new\n  greatseal module reissue s3.par.gz --account payments --out next"
)]
pub(crate) struct Reissue {
    /// Signed modules, components and provider archives.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// The account that vouches for them.
    #[arg(long, value_name = "NAME")]
    account: String,

    /// Which of the account's keys signs [default: any that custody here has, signing keys first]
    #[arg(long, value_name = "KEY")]
    by: Option<String>,

    /// For how many days the tokens speak [default: the realm's lifetime, 365]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36500))]
    days: Option<u32>,

    /// The folder they are written to, each under its own name.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,

    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

/// Takes the token out of a module.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  greatseal module strip ledger.signed.wasm --out ledger.wasm")]
pub(crate) struct Strip {
    /// The WebAssembly module or component.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Where to write it [default: FILE with `.stripped` before its ending]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(command: &Command, format: Format) -> Result<Exit, Problem> {
    match command {
        Command::Sign(sign) => sign_one(sign, format),
        Command::Reissue(reissue) => reissue_all(reissue, format),
        Command::Inspect(shown) => inspect::run(shown, format),
        Command::Strip(strip) => strip_one(strip, format),
    }
}

fn sign_one(sign: &Sign, format: Format) -> Result<Exit, Problem> {
    let bytes = read_module(&sign.file)?;
    let out = sign.out.clone().unwrap_or_else(|| beside(&sign.file, "signed"));
    must_be_free(&out)?;
    let mut desk = sign.custody.desk(&sign.realm, clock::now()?)?;
    let key = match Nkey::parse(&sign.module) {
        Ok(key) if sign.new_key => {
            return Err(Problem::usage(format!("--new-key: {key} is a key already")).hint("Leave `--new-key` out."));
        }
        Ok(key) => {
            ModuleKey::Public(Key::try_from(key).map_err(|fault| Problem::new(fault.code(), fault.to_string()))?)
        }
        Err(_) if sign.new_key => ModuleKey::New(desk.realm.name(&sign.module)?),
        Err(_) => ModuleKey::Named(desk.realm.name(&sign.module)?),
    };
    let title = match (&sign.title, &key) {
        (Some(title), _) => title.clone(),
        (None, ModuleKey::Named(name) | ModuleKey::New(name)) => crate::realm::own(name).into(),
        (None, ModuleKey::Public(key)) => key.nkey().short(),
    };
    let order = NewModule {
        file: sign.file.clone(),
        out: out.clone(),
        account: desk.realm.name(&sign.account)?,
        key,
        by: sign.by.as_deref().map(|by| desk.realm.name(by)).transpose()?,
        title,
        rev: sign.rev,
        ver: sign.ver.clone(),
        tags: sign.tag.clone(),
        call_alias: sign.call_alias.clone(),
        days: sign.days,
    };
    let signed = match desk.sign_module(bytes, &order)? {
        Outcome::Done(signed) => signed,
        Outcome::Waiting(waiting) => return Ok(request::tell_waiting(&desk, &waiting, format)),
    };
    let object = json!({
        "file": out.display().to_string(),
        "module": signed.subject.to_string(),
        "account": order.account.as_str(),
        "signed_by": signed.signed_by.to_string(),
        "hash": signed.hash,
        "bytes": signed.bytes.len(),
    });
    output::answer(format, &object, || {
        format!(
            "signed {}\n  module     {}\n  signed by  {}\n  hash       {}\n  Anybody can check it:\n    greatseal verify {} --with {} --trust {}\n",
            text::path(&out),
            desk.realm.show(&signed.subject),
            desk.realm.show(&signed.signed_by),
            signed.hash,
            text::path(&out),
            desk.realm.folder().display(),
            desk.realm.operator_path().display()
        )
    });
    Ok(Exit::Ok)
}

fn reissue_all(reissue: &Reissue, format: Format) -> Result<Exit, Problem> {
    let mut files = Vec::new();
    for file in &reissue.files {
        let name = file.file_name().ok_or_else(|| Problem::usage(format!("{} names no file", text::path(file))))?;
        let out = reissue.out.join(name);
        if files.iter().any(|(_, other)| *other == out) {
            let fault = format!("two of the files are called {}", text::path(Path::new(name)));
            return Err(Problem::usage(fault).hint("Sign them apart, each to a folder of its own."));
        }
        files.push((file.clone(), out));
    }
    std::fs::create_dir_all(&reissue.out).map_err(|error| Problem::io("cannot make", &reissue.out, &error))?;
    let mut desk = reissue.custody.desk(&reissue.realm, clock::now()?)?;
    let order = crate::desk::Reissue {
        account: desk.realm.name(&reissue.account)?,
        by: reissue.by.as_deref().map(|by| desk.realm.name(by)).transpose()?,
        days: reissue.days,
        files,
    };
    let done = match desk.reissue_code(&order)? {
        Outcome::Done(done) => done,
        Outcome::Waiting(waiting) => return Ok(request::tell_waiting(&desk, &waiting, format)),
    };
    let shown = |paths: &[PathBuf]| paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
    let object = json!({
        "account": order.account.as_str(),
        "signed_by": done.signed_by.to_string(),
        "written": shown(&done.written),
        "found": shown(&done.found),
    });
    output::answer(format, &object, || {
        let found =
            if done.found.is_empty() { String::new() } else { format!("; {} were there already", done.found.len()) };
        format!(
            "signed {} anew in {}{found}\n  signed by  {}\n",
            if done.written.len() == 1 { "1 file".to_owned() } else { format!("{} files", done.written.len()) },
            text::path(&reissue.out),
            desk.realm.show(&done.signed_by)
        )
    });
    Ok(Exit::Ok)
}

fn strip_one(strip: &Strip, format: Format) -> Result<Exit, Problem> {
    let bytes = read_module(&strip.file)?;
    let out = strip.out.clone().unwrap_or_else(|| beside(&strip.file, "stripped"));
    must_be_free(&out)?;
    let stripped = module::strip(&bytes).map_err(|fault| Problem::new(fault.code(), fault.to_string()))?;
    write_new(&out, &stripped)?;
    let object = json!({ "file": out.display().to_string(), "bytes": stripped.len() });
    output::answer(format, &object, || format!("stripped {}\n", text::path(&out)));
    Ok(Exit::Ok)
}

/// Early, so that nobody unlocks a key for nothing; writing refuses to overwrite once more.
fn must_be_free(out: &Path) -> Result<(), Problem> {
    if out.exists() {
        return Err(Problem::new(Code::RealmExists, format!("{} exists already", text::path(out)))
            .hint("Name another place with `--out FILE`; nothing was overwritten."));
    }
    Ok(())
}

fn beside(path: &Path, word: &str) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let ending = if ending.is_empty() { "wasm".into() } else { ending };
    path.with_file_name(format!("{stem}.{word}.{ending}"))
}
