//! `greatseal provider`: signed provider archives.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use greatseal_core::Code;
use greatseal_core::code::Exit;
use greatseal_core::key::{Key, Nkey};
use greatseal_token::wascap::archive::Target;
use serde_json::json;

use super::inspect::{self, Inspect};
use super::verify::{self, Verify};
use crate::clock;
use crate::desk::{Before, Outcome, ProviderKey, ProviderOrder, gather};
use crate::order::Sources;
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::secrets::{Custody, InRealm};
use crate::table::table;
use crate::text;

/// Signs, shows and verifies provider archives.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Sign(Box<Sign>),
    Inspect(Inspect),
    #[command(
        after_help = "Examples:\n  greatseal provider verify httpserver.par --trust ODDB…2GK6 --with tokens/\n  greatseal provider verify httpserver.par.gz --trust operator.jwt --with tokens/ --output json\n\nThe same as `greatseal verify`. Exit codes: 0 allow, 3 deny, 1 something could not be read, 2 the call's words are off."
    )]
    Verify(Box<Verify>),
}

/// Signs a provider's programs for an account and packs them, or signs an archive anew.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal provider sign --target x86_64-linux=httpserver --account payments --provider httpserver --new-key --vendor Acme --out httpserver.par\n  greatseal provider sign httpserver.par --target aarch64-linux=httpserver-arm --account payments --provider httpserver --rev 2 --out httpserver-2.par\n\nA provider is known by a key of its own; later revisions are signed under the same key. The archive\nis the same, byte for byte, for the same files and token."
)]
pub(crate) struct Sign {
    /// A provider archive to sign anew: its files, vendor, title and schema are kept unless others are named.
    #[arg(value_name = "ARCHIVE")]
    archive: Option<PathBuf>,

    /// The account that vouches for it.
    #[arg(long, value_name = "NAME")]
    account: String,

    /// The key it is known by: a name in this realm, or a public key (V…).
    #[arg(long, value_name = "NAME|KEY")]
    provider: String,

    /// Make that key now.
    #[arg(long)]
    new_key: bool,

    /// Which of the account's keys signs [default: any that custody here has, signing keys first]
    #[arg(long, value_name = "KEY")]
    by: Option<String>,

    /// Who makes it; has to be named the first time.
    #[arg(long, value_name = "TEXT")]
    vendor: Option<String>,

    /// The provider's name for people [default: the key's name]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,

    /// Revision: a whole number that grows.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    rev: Option<i32>,

    /// Version, for people.
    #[arg(long, value_name = "TEXT")]
    ver: Option<String>,

    /// The program for a target, like `x86_64-linux=FILE`; may be given several times.
    #[arg(long, value_name = "TARGET=FILE", value_parser = program)]
    target: Vec<(Target, PathBuf)>,

    /// The WIT world it is made for, encoded as a component.
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,

    /// Compress the archive; one that was compressed stays so.
    #[arg(long)]
    compress: bool,

    /// For how many days the token speaks [default: the realm's lifetime for modules, 365]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36500))]
    days: Option<u32>,

    /// Where to write it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

fn program(text: &str) -> Result<(Target, PathBuf), String> {
    let (target, path) = text.split_once('=').ok_or("a target and its file have `=` between them")?;
    let target = Target::parse(target).map_err(|problem| format!("`{}` {problem}", text::name(target)))?;
    Ok((target, path.into()))
}

pub(crate) fn run(command: &Command, format: Format) -> Result<Exit, Problem> {
    match command {
        Command::Sign(sign) => sign_one(sign, format),
        Command::Inspect(shown) => inspect::run(shown, format),
        Command::Verify(words) => verify::run(words, format),
    }
}

fn sign_one(sign: &Sign, format: Format) -> Result<Exit, Problem> {
    // Early, so that nobody unlocks a key for nothing; writing refuses to overwrite once more.
    if sign.out.exists() {
        return Err(Problem::new(Code::RealmExists, format!("{} exists already", text::path(&sign.out)))
            .hint("Name another place with `--out FILE`; nothing was overwritten."));
    }
    let before = sign.archive.as_deref().map(Before::read).transpose()?.unwrap_or_default();
    let compress = sign.compress || before.gzipped;
    let sources = sources(sign)?;
    let parts = gather(&sources)?;
    let mut desk = sign.custody.desk(&sign.realm, clock::now()?)?;
    let key = match Nkey::parse(&sign.provider) {
        Ok(key) if sign.new_key => {
            return Err(Problem::usage(format!("--new-key: {key} is a key already")).hint("Leave `--new-key` out."));
        }
        Ok(key) => {
            ProviderKey::Public(Key::try_from(key).map_err(|fault| Problem::new(fault.code(), fault.to_string()))?)
        }
        Err(_) if sign.new_key => ProviderKey::New(desk.realm.name(&sign.provider)?),
        Err(_) => ProviderKey::Named(desk.realm.name(&sign.provider)?),
    };
    let (old_title, old_vendor, config_schema) =
        before.said.map_or((None, None, None), |said| (said.name, Some(said.vendor), said.config_schema));
    let title = sign.title.clone().or(old_title).unwrap_or_else(|| match &key {
        ProviderKey::Named(name) | ProviderKey::New(name) => crate::realm::own(name).into(),
        ProviderKey::Public(key) => key.nkey().short(),
    });
    let Some(vendor) = sign.vendor.clone().or(old_vendor) else {
        return Err(Problem::usage("there is no --vendor").hint("Say who makes the provider: `--vendor TEXT`."));
    };
    let order = ProviderOrder {
        account: desk.realm.name(&sign.account)?,
        key,
        by: sign.by.as_deref().map(|by| desk.realm.name(by)).transpose()?,
        title,
        vendor,
        rev: sign.rev,
        ver: sign.ver.clone(),
        config_schema,
        days: sign.days,
        sources,
        out: sign.out.clone(),
        compress,
    };
    let signed = match desk.sign_provider(parts, &order)? {
        Outcome::Done(signed) => signed,
        Outcome::Waiting(waiting) => return Ok(super::request::tell_waiting(&desk, &waiting, format)),
    };
    let object = json!({
        "file": sign.out.display().to_string(),
        "provider": signed.subject.to_string(),
        "account": order.account.as_str(),
        "signed_by": signed.signed_by.to_string(),
        "target_hashes": signed.hashes,
        "bytes": signed.size,
    });
    output::answer(format, &object, || {
        let rows = signed.hashes.iter().map(|(target, hash)| [target.clone(), hash.clone()]).collect();
        format!(
            "signed {}\n  provider   {}\n  signed by  {}\n{}  Anybody can check it:\n    greatseal verify {} --with {} --trust {}\n",
            text::path(&sign.out),
            desk.realm.show(&signed.subject),
            desk.realm.show(&signed.signed_by),
            table(["target", "SHA-256"], rows, "no files"),
            text::path(&sign.out),
            desk.realm.folder().display(),
            desk.realm.operator_path().display()
        )
    });
    Ok(Exit::Ok)
}

/// Says where the files are that were named.
fn sources(sign: &Sign) -> Result<Sources, Problem> {
    let mut programs = BTreeMap::new();
    for (target, path) in &sign.target {
        if programs.insert(target.clone(), path.clone()).is_some() {
            return Err(Problem::usage(format!("--target: {target} is named twice")));
        }
    }
    Ok(Sources { archive: sign.archive.clone(), programs, world: sign.world.clone() })
}
