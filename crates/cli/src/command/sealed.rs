//! `greatseal key sealed` and `greatseal key retire`: the end of a key, prepared at its birth.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use greatseal_core::Code;
use greatseal_core::code::Exit;
use greatseal_core::deed::Act;
use greatseal_core::key::Nkey;
use greatseal_custody::{KeyName, Retired};
use greatseal_token::deed;
use serde_json::{Value, json};

use crate::clock;
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::realm::{Write, write_new};
use crate::sealed::{Sealed, revokes};
use crate::secrets::{Custody, InRealm};
use crate::table::table;
use crate::text;

/// Keeps, hands out and publishes each key's own revocation, which was made when the key was.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(List),
    Make(Make),
    Export(Export),
    Publish(Publish),
}

/// Lists the sealed revocations that are here.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

/// Makes the revocation of a key that has none, as long as the key can be used.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  greatseal key sealed make signing-1 --out /media/usb/signing-1.revocation.jwt")]
pub(crate) struct Make {
    /// The key's name in this realm.
    name: String,
    /// Where it is written; keep it apart from the key.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

/// Copies a sealed revocation to another medium.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  greatseal key sealed export signing-1 --out /media/usb/signing-1.revocation.jwt\n\nWhoever has it can end the key, and do nothing else. The copy here may be deleted then.\nKeep each apart from its key and from the others."
)]
pub(crate) struct Export {
    /// The key's name in this realm.
    name: String,
    /// Where it is written.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

/// Publishes a key's sealed revocation: everything that the key signed is dead from then on.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal key sealed publish signing-1 --confirm signing-1\n  greatseal key sealed publish signing-1 --file /media/usb/signing-1.revocation.jwt --confirm signing-1\n\nNo key is needed. Nothing undoes it."
)]
pub(crate) struct Publish {
    /// The key's name in this realm.
    name: String,
    /// The sealed revocation, where it is not in its usual place.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Repeat the key's name: nothing undoes this.
    #[arg(long, value_name = "NAME")]
    confirm: String,
    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

/// Stops using a key for good: destroys its private half.
///
/// What it signed stays valid. A key that was stolen is revoked instead.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  greatseal key retire signing-1 --confirm signing-1")]
pub(crate) struct Retire {
    /// The key's name in this realm.
    name: String,
    /// Repeat the key's name: nothing brings the key back.
    #[arg(long, value_name = "NAME")]
    confirm: String,
    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

pub(crate) fn run(command: &Command, format: Format) -> Result<Exit, Problem> {
    match command {
        Command::List(list) => list_all(list, format),
        Command::Make(make) => make_one(make, format),
        Command::Export(export) => copy(export, format),
        Command::Publish(publish) => publish_one(publish, format),
    }
}

fn list_all(list: &List, format: Format) -> Result<Exit, Problem> {
    let desk = list.custody.desk(&list.realm, clock::now()?)?;
    let mut rows = Vec::new();
    for (name, key) in &desk.realm.file().keys {
        let sealed = desk.sealed.find(name)?.filter(|sealed| revokes(sealed.deed.content(), &key.public_key()));
        rows.push((name.clone(), *key, sealed.map(|sealed| sealed.path)));
    }
    let objects: Vec<Value> = rows
        .iter()
        .map(|(name, key, path)| {
            json!({ "name": name.as_str(), "key": key.to_string(), "sealed": path.as_ref().map(|path| path.display().to_string()) })
        })
        .collect();
    output::answer(format, &json!({ "keys": objects }), || {
        let rows = rows
            .iter()
            .map(|(name, key, path)| {
                let place = path.as_ref().map_or_else(|| "not here".to_owned(), |path| text::path(path));
                [name.to_string(), key.short(), place]
            })
            .collect();
        table(["key", "public half", "sealed revocation"], rows, "this realm names no keys yet")
    });
    Ok(Exit::Ok)
}

fn make_one(make: &Make, format: Format) -> Result<Exit, Problem> {
    let desk = make.custody.desk(&make.realm, clock::now()?)?;
    let name = desk.realm.name(&make.name)?;
    let key = desk.realm.nkey(&name)?;
    let unsigned = deed::encode(&crate::sealed::own_revocation(key, desk.now)?)?;
    let signature = desk.ring.sign(&unsigned.request())?;
    let view = greatseal_core::View::new(greatseal_core::Policy::Strict, Vec::new(), desk.now);
    let issued = unsigned.finish(&signature, &view)?;
    write_new(&make.out, &[issued.bytes(), b"\n"].concat())?;
    desk.sealed.note_elsewhere(&name)?;
    tell("made", &name, &make.out, format);
    Ok(Exit::Ok)
}

fn copy(export: &Export, format: Format) -> Result<Exit, Problem> {
    let desk = export.custody.desk(&export.realm, clock::now()?)?;
    let name = desk.realm.name(&export.name)?;
    let key = desk.realm.nkey(&name)?;
    let sealed = desk.sealed.find(&name)?.ok_or_else(|| missing(&name))?;
    must_be_of(&sealed, &key)?;
    write_new(&export.out, &sealed.bytes)?;
    desk.sealed.note_elsewhere(&name)?;
    tell("copied", &sealed.name, &export.out, format);
    Ok(Exit::Ok)
}

fn tell(done: &str, name: &KeyName, out: &std::path::Path, format: Format) {
    let object = json!({ "key": name.as_str(), "file": out.display().to_string() });
    output::answer(format, &object, || {
        format!(
            "{done} the revocation of {name}\n  {}\n  Whoever has this file can end the key, and do nothing else: keep it apart from the key.\n",
            text::path(out)
        )
    });
}

fn missing(name: &KeyName) -> Problem {
    Problem::new(Code::SealedMissing, format!("there is no sealed revocation of {name} here"))
}

fn must_be_of(sealed: &Sealed, key: &Nkey) -> Result<(), Problem> {
    if revokes(sealed.deed.content(), &key.public_key()) {
        return Ok(());
    }
    let what = match &sealed.deed.content().act {
        Act::Revoke(_) => "another revocation",
        Act::Endorse(_) | Act::Countersign(_) => "no revocation",
    };
    let fault = format!("{} is {what}, not the one of {} by itself", text::path(&sealed.path), sealed.name);
    Err(Problem::new(Code::SealedMissing, fault))
}

fn must_confirm(confirm: &str, name: &str, what: &str) -> Result<(), Problem> {
    if confirm == name {
        return Ok(());
    }
    Err(Problem::usage(format!("--confirm {}: this is not the key's name", text::name(confirm)))
        .hint(format!("Nothing was {what}, and nothing undoes it. If you mean it: `--confirm {name}`.")))
}

fn publish_one(publish: &Publish, format: Format) -> Result<Exit, Problem> {
    must_confirm(&publish.confirm, &publish.name, "published")?;
    let mut desk = publish.custody.desk(&publish.realm, clock::now()?)?;
    let name = desk.realm.name(&publish.name)?;
    let key = desk.realm.nkey(&name)?;
    let sealed = match &publish.file {
        Some(file) => Sealed::read(name.clone(), file.clone())?,
        None => desk.sealed.find(&name)?.ok_or_else(|| missing(&name))?,
    };
    must_be_of(&sealed, &key)?;
    // What verifiers would pass over is not published as if it did something.
    let verified = greatseal_core::verify::verify(vec![sealed.deed.clone()], core::num::NonZeroUsize::MIN);
    if let Some(Err(refused)) = verified.first() {
        return Err(Problem::new(refused.fault().code(), format!("{}: {}", text::path(&sealed.path), refused.fault())));
    }
    let dies = desk.dies_with(&key)?;
    let account = desk.account_of(&name)?;
    let id = sealed.deed.id().to_string();
    let file = format!("revocation-{}.jwt", id.get(..12).unwrap_or_default());
    let path = desk.realm.folder().join("revocations").join(file);
    if !path.exists() {
        desk.realm.write(&path, Write::New(sealed.bytes))?;
    }
    let object = json!({ "revoked": name.as_str(), "file": path.display().to_string(), "dead": dies });
    output::answer(format, &object, || {
        let mut text = format!("published the revocation of {name}\n  {}\n", text::path(&path));
        for dead in &dies {
            text += &format!("  dead with it: {dead}\n");
        }
        text += "\n  Publish the realm's folder now: verifiers need it to refuse what the key signs.\n  Then list another key:\n";
        let own = crate::realm::own(&name);
        text + &match &account {
            Some(account) => format!("    greatseal account signing-key remove {account} {own} --add NEW\n"),
            None => format!("    greatseal operator signing-key remove {own} --add NEW\n"),
        }
    });
    Ok(Exit::Ok)
}

pub(crate) fn retire(retire: &Retire, format: Format) -> Result<Exit, Problem> {
    must_confirm(&retire.confirm, &retire.name, "destroyed")?;
    let desk = retire.custody.desk(&retire.realm, clock::now()?)?;
    let name = desk.realm.name(&retire.name)?;
    let key = desk.realm.key(&name)?;
    if let Some(lister) = desk.lists(&key)? {
        return Err(Problem::new(Code::KeyListed, format!("{name} is still named by {lister}")));
    }
    let revoked = desk.revoked_keys()?;
    let revoked = key.nkey().is_some_and(|key| revoked.contains(key.raw()));
    let Retired { entry, left_at } = desk.ring.store.destroy(&name)?;
    let left_at = left_at.map(|uri| uri.to_string());
    let object = json!({ "retired": entry.name.as_str(), "key": entry.public.to_string(), "left_at": left_at });
    output::answer(format, &object, || {
        let signed = if revoked { "is dead: its revocation is published" } else { "stays valid" };
        match left_at {
            None => format!(
                "destroyed the private half of {name}\n  What it signed {signed}. Remove it from your backups too.\n"
            ),
            Some(uri) => format!(
                "forgot where {name} is kept\n  What it signed {signed}. Its private half is still there, and only its keepers can delete it:\n    {uri}\n"
            ),
        }
    });
    Ok(Exit::Ok)
}
