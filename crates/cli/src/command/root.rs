//! `greatseal root`: the supreme authority over the realm's services.

use clap::{Args, Subcommand};
use greatseal_core::code::Exit;
use serde_json::{Value, json};

use super::request;
use crate::capability::{Book, Entry, Span, Who, shown};
use crate::clock;
use crate::desk::{NewRoot, Outcome};
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::realm::{Mandate, Realm};
use crate::secrets::{Custody, InRealm};
use crate::text;

/// Makes and shows the root of the realm's UCANs: it owns what all services may do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Create(Box<Create>),
    Show(Show),
}

/// Makes the root's key, which is kept apart, and signing principals that delegate for it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal root create\n  greatseal root create --title \"Acme\" --signing-keys 2 --days 730\n\nThe root delegates to its signing principals and to nobody else; they delegate to services, always with an end. So the root is needed only to make or cut off a signing principal: carry its key elsewhere.\nA key that was named before (`greatseal key pin root U…`) is taken as it is, and asked by a request."
)]
pub(crate) struct Create {
    /// The root's name for people [default: the realm's name]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,

    /// How many signing principals.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    signing_keys: u8,

    /// What they may delegate on: a command like `/files`; `/` is everything.
    #[arg(long, value_name = "COMMAND", default_value = "/")]
    command: String,

    /// For how many days they may [default: without an end]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36500))]
    days: Option<u32>,

    /// Let the root delegate to anybody, and delegations never end: a stolen key is then worth more.
    #[arg(long)]
    without_separation: bool,

    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

/// Shows the root, its signing principals, and what they may.
#[derive(Debug, Args)]
pub(crate) struct Show {
    #[command(flatten)]
    realm: InRealm,
}

pub(crate) fn run(command: &Command, format: Format) -> Result<Exit, Problem> {
    match command {
        Command::Create(create) => make(create, format),
        Command::Show(show) => show_it(show, format),
    }
}

fn make(create: &Create, format: Format) -> Result<Exit, Problem> {
    let mut desk = create.custody.desk(&create.realm, clock::now()?)?;
    if create.without_separation {
        output::remark(
            "warning: without separation the root's key works day by day, and whoever steals it owns every service",
        );
    }
    let new = NewRoot {
        title: create.title.clone().unwrap_or_else(|| desk.realm.file().name.to_string()),
        signing_keys: create.signing_keys,
        command: super::capability(&create.command)?,
        lasts: lasting(create.days),
        separation: if create.without_separation { Mandate::Off } else { Mandate::Mandated },
    };
    if let Outcome::Waiting(waiting) = desk.create_root(&new)? {
        return Ok(request::tell_waiting(&desk, &waiting, format));
    }
    let book = Book::read(&desk.realm, desk.now)?;
    let object = object(&desk.realm, &book)?;
    output::answer(format, &object, || {
        let apart = text::path(desk.apart_folder());
        let shown = people(&desk.realm, &book).unwrap_or_default();
        format!(
            "made the root {}\n{shown}\n  If its key was made just now it is in {apart}: carry it elsewhere, it is needed again only to make or cut off a signing principal.\n  Verifiers trust the root by its DID. Next:\n    greatseal service create NAME --command /…\n",
            text::name(&new.title)
        )
    });
    Ok(Exit::Ok)
}

fn show_it(show: &Show, format: Format) -> Result<Exit, Problem> {
    let realm = Realm::open(show.realm.start())?;
    let book = Book::read(&realm, clock::now()?)?;
    let title = realm.root()?.0.title.clone();
    let (object, shown) = (object(&realm, &book)?, people(&realm, &book)?);
    output::answer(format, &object, || format!("{}\n{shown}", text::name(&title)));
    Ok(Exit::Ok)
}

/// Lists what the root delegated.
fn delegated<'b>(realm: &Realm, book: &'b Book) -> Result<Vec<&'b Entry>, Problem> {
    let key = realm.root()?.1.public_key();
    Ok(book.entries().iter().filter(|entry| entry.issuer == key).collect())
}

fn object(realm: &Realm, book: &Book) -> Result<Value, Problem> {
    let (root, key) = realm.root()?;
    let who = Who::of(realm, book);
    let signing: Vec<Value> =
        root.signing.iter().filter_map(|name| realm.key(name).ok()).map(|key| who.object(&key.public_key())).collect();
    let delegations: Vec<Value> =
        delegated(realm, book)?.into_iter().map(|entry| shown::object(book, &who, entry)).collect();
    Ok(json!({
        "root": key.public_key().to_string(),
        "name": root.key.as_str(),
        "title": root.title,
        "separation": root.separation.word(),
        "signing_principals": signing,
        "delegations": delegations,
    }))
}

fn people(realm: &Realm, book: &Book) -> Result<String, Problem> {
    let (root, key) = realm.root()?;
    let who = Who::of(realm, book);
    let mut lines = format!(
        "  root               {} {}\n  separation         {}\n",
        crate::realm::own(&root.key),
        key.public_key(),
        root.separation.word()
    );
    for name in &root.signing {
        lines += &format!("  signing principal  {}\n", who.show(&realm.key(name)?.public_key()));
    }
    for entry in delegated(realm, book)? {
        let ends = shown::ends(book, entry);
        lines += &format!("  delegated          {} to {}, {ends}\n", entry.command, who.brief(&entry.audience));
    }
    Ok(lines)
}

/// Reads a number of days; none is without an end.
pub(super) fn lasting(days: Option<u32>) -> Span {
    days.map_or(Span::Ever, |days| Span::Seconds(u64::from(days).saturating_mul(clock::DAY)))
}
