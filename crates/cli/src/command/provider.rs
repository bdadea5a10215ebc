//! `greatseal provider`: signed provider archives.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use greatseal_core::code::Exit;
use greatseal_core::key::{Key, Nkey};
use greatseal_core::limits::ARCHIVE_BYTES;
use greatseal_core::{Code, Fault};
use greatseal_token::wascap::archive::{ArchiveFile, Parts, Target};
use greatseal_token::wascap::{self, Entity, Provider};
use serde_json::json;

use super::inspect::{self, Inspect};
use super::verify::{self, Verify};
use crate::clock;
use crate::desk::{ProviderKey, ProviderOrder};
use crate::files;
use crate::input::{Input, Kind};
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::realm::write_new;
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
    let parts = gather(sign, before.parts)?;
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
        compress,
    };
    let signed = desk.sign_provider(&parts, &order)?;
    write_new(&sign.out, &signed.bytes)?;
    let object = json!({
        "file": sign.out.display().to_string(),
        "provider": signed.subject.to_string(),
        "account": order.account.as_str(),
        "signed_by": signed.signed_by.to_string(),
        "target_hashes": signed.hashes,
        "bytes": signed.bytes.len(),
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

/// What an archive was before it is signed anew.
#[derive(Debug, Default)]
struct Before {
    parts: Parts,
    said: Option<Provider>,
    gzipped: bool,
}

impl Before {
    /// Reads an archive whose files are those that its token vouches for.
    ///
    /// Nobody's signature is asked for: whoever signs it anew vouches for it. But a file that was
    /// swapped since somebody last did should not get a new signature unnoticed.
    fn read(path: &Path) -> Result<Self, Problem> {
        let label = text::path(path);
        let named = |fault: Fault| Problem::new(fault.code(), format!("{label}: {fault}"));
        let archive = match Input::read(path)?.kind {
            Kind::Archive(archive) => archive,
            Kind::Neither(fault) => return Err(named(fault)),
            Kind::Token(_) | Kind::Deed(_) | Kind::Module(_) => {
                let why = format!("{label} is no provider archive");
                return Err(
                    Problem::new(Code::ArchiveMalformed, why).hint("Name programs with `--target TARGET=FILE`.")
                );
            }
        };
        let file = ArchiveFile::open(archive).map_err(|fault| named(fault.into()))?;
        let gzipped = file.is_gzipped();
        let decoded = wascap::decode(file.token()).map_err(|fault| named(fault.into()))?;
        let Entity::Provider(said) = decoded.content().entity.clone() else {
            let why = format!("{label}: its token is about a {}", decoded.content().entity.word());
            return Err(Problem::new(Code::ClaimsEntity, why));
        };
        let (contents, parts) = file.parts().map_err(|fault| named(fault.into()))?;
        contents.check(&said.target_hashes).map_err(|fault| {
            named(fault.into()).hint("It was changed after it was signed. To sign it all the same, name its files.")
        })?;
        Ok(Self { parts, said: Some(said), gzipped })
    }
}

/// Puts the files that were named beside, or in the place of, those of the archive.
fn gather(sign: &Sign, mut parts: Parts) -> Result<Parts, Problem> {
    let kept: u64 = parts.targets.values().chain(&parts.world).map(|bytes| bytes.len() as u64).sum();
    // All of it is held at once, so all of it counts.
    let mut left = ARCHIVE_BYTES.saturating_sub(kept);
    let mut take = |path: &Path| {
        let bytes = files::read(path, left)?;
        left = left.saturating_sub(bytes.len() as u64);
        Ok::<_, Problem>(bytes)
    };
    let mut named = BTreeSet::new();
    for (target, path) in &sign.target {
        if !named.insert(target) {
            return Err(Problem::usage(format!("--target: {target} is named twice")));
        }
        parts.targets.insert(target.clone(), take(path)?);
    }
    if let Some(world) = &sign.world {
        parts.world = Some(take(world)?);
    }
    if parts.targets.is_empty() {
        return Err(Problem::usage("there is no program to sign")
            .hint("Name one for each target: `--target x86_64-linux=FILE`, or an archive that has them."));
    }
    Ok(parts)
}
