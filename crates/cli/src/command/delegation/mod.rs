//! `greatseal delegation`: who gave what to whom, until when.

mod create;
mod show;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use greatseal_core::code::Exit;
use greatseal_core::{Code, Timestamp};
use serde_json::{Value, json};

use super::request;
use crate::capability::{Book, Entry, Grant, Purpose, Span, State, Who, Window, is_running, policy, shown};
use crate::clock::{self, DAY};
use crate::desk::{NewDelegation, Outcome, hand_out};
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::realm::{Realm, Write};
use crate::secrets::{Custody, InRealm};
use crate::table::table;
use crate::text;

/// Delegates, shows who holds what, and takes it back.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Create(create::Create),
    List(List),
    Show(show::Show),
    Revoke(Revoke),
    Renew(Renew),
    Export(Export),
    Tidy(Tidy),
}

/// Lists delegations.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal delegation list\n  greatseal delegation list --from upload\n  greatseal delegation list --to access --all"
)]
pub(crate) struct List {
    /// Only those by this one: a name, or a DID.
    #[arg(long, value_name = "WHO")]
    from: Option<String>,

    /// Only those to this one: a name, or a DID.
    #[arg(long, value_name = "WHO")]
    to: Option<String>,

    /// Also those that hold no more.
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    realm: InRealm,
}

/// Takes a delegation back, for good, by its issuer or somebody above it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal delegation revoke upload-access-files-read --confirm upload-access-files-read\n\nWhatever rests on it alone dies with it; `greatseal delegation show` lists that beforehand."
)]
pub(crate) struct Revoke {
    /// The delegation's name, or its CID, whole or its last eight characters.
    #[arg(value_name = "NAME|CID")]
    name: String,

    /// Repeat its name, or the last eight characters of its CID: nothing undoes this.
    #[arg(long, value_name = "NAME|CID")]
    confirm: String,

    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

/// Makes a delegation once more: by and to the same, the same command and policy, for another time.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal delegation renew upload-access-files-read\n  greatseal delegation renew upload-access-files-read --for 90d\n\nThe old one stays as it is. A running key is renewed by `greatseal service rotate`."
)]
pub(crate) struct Renew {
    /// The delegation's name, or its CID.
    #[arg(value_name = "NAME|CID")]
    name: String,

    /// How long it lasts: 30d, 12h, 90m, 4w [default: as long as the old one, from now]
    #[arg(long = "for", value_name = "TIME", value_parser = Span::parse)]
    lasts: Option<Span>,

    /// When it begins: seconds since 1970, RFC 3339, or a day [default: at once]
    #[arg(long, value_name = "TIME", value_parser = clock::parse_beginning)]
    starts: Option<Timestamp>,

    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

/// Copies delegations into a folder, with those that they rest on: what a wallet needs.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  greatseal delegation export upload-access-files-read --out /srv/access/wallet\n\nWhat is there already stays; nothing is signed."
)]
pub(crate) struct Export {
    /// Names of delegations, or their CIDs.
    #[arg(required = true, value_name = "NAME|CID")]
    names: Vec<String>,

    /// The folder; made if it is not there.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,

    #[command(flatten)]
    realm: InRealm,
}

/// Moves delegations that are over, expired or revoked, to the realm's history.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  greatseal delegation tidy\n\nRevocations stay where they are: verifiers need them."
)]
pub(crate) struct Tidy {
    #[command(flatten)]
    realm: InRealm,
}

pub(crate) fn run(command: &Command, format: Format) -> Result<Exit, Problem> {
    match command {
        Command::Create(create) => create::run(create, format),
        Command::List(list) => list_all(list, format),
        Command::Show(show) => show::run(show, format),
        Command::Revoke(revoke) => take_back(revoke, format),
        Command::Renew(renew) => again(renew, format),
        Command::Export(export) => copy(export, format),
        Command::Tidy(tidy) => tidy_up(tidy, format),
    }
}

fn list_all(list: &List, format: Format) -> Result<Exit, Problem> {
    let realm = Realm::open(list.realm.start())?;
    let book = Book::read(&realm, clock::now()?)?;
    let who = Who::of(&realm, &book);
    let from = list.from.as_deref().map(|text| who.find(text)).transpose()?;
    let to = list.to.as_deref().map(|text| who.find(text)).transpose()?;
    let wanted = |entry: &&Entry| {
        from.is_none_or(|key| entry.issuer == key)
            && to.is_none_or(|key| entry.audience == key)
            && (list.all || book.state(entry).0.lives())
    };
    let entries: Vec<&Entry> = book.entries().iter().filter(wanted).collect();
    let objects: Vec<Value> = entries.iter().map(|entry| shown::object(&book, &who, entry)).collect();
    output::answer(format, &json!({ "delegations": objects }), || {
        let rows = entries.iter().map(|entry| shown::row(&book, &who, entry)).collect();
        table(shown::HEADINGS, rows, "no delegation holds here: `greatseal delegation create` makes one")
    });
    Ok(Exit::Ok)
}

fn take_back(revoke: &Revoke, format: Format) -> Result<Exit, Problem> {
    let mut desk = revoke.custody.desk(&revoke.realm, clock::now()?)?;
    let before = Book::read(&desk.realm, desk.now)?;
    let entry = before.find(&revoke.name)?;
    let name = entry.name.clone();
    let meant = [name.to_string(), entry.short_cid(), entry.cid.to_string()];
    if !meant.contains(&revoke.confirm) {
        return Err(Problem::usage(format!(
            "--confirm {}: this is not what is to be revoked",
            text::name(&revoke.confirm)
        ))
        .hint(format!("Nothing was revoked, and nothing undoes a revocation. If you mean it: `--confirm {name}`.")));
    }
    let dead = before.hanging_on(&[entry]);
    let (objects, lines) = {
        let who = Who::of(&desk.realm, &before);
        let objects: Vec<Value> = dead.iter().map(|entry| shown::object(&before, &who, entry)).collect();
        (objects, shown::lines(&before, &who, &dead, "  dead with it: "))
    };
    let filed = match desk.take_back(&format!("revoke-{name}"), core::slice::from_ref(&name))? {
        Outcome::Done(filed) => filed,
        Outcome::Waiting(waiting) => return Ok(request::tell_waiting(&desk, &waiting, format)),
    };
    let files: Vec<String> = filed.iter().map(|filed| filed.path.display().to_string()).collect();
    let by = filed.iter().find_map(|filed| Some(filed.statement.ucan()?.verified().content().issuer()));
    let who = Who::of(&desk.realm, &before);
    let object = json!({
        "revoked": name.as_str(),
        "cid": entry.cid.to_string(),
        "by": by.map(|key| who.object(&key)),
        "files": files,
        "dead": objects,
    });
    output::answer(format, &object, || {
        let by = by.map(|key| who.show(&key)).unwrap_or_default();
        let mut text = format!("revoked {name}, by {by}\n");
        for file in &files {
            text += &format!("  {file}\n");
        }
        text + &lines + "\n  Publish the realm's folder now: verifiers need the revocation to refuse what it names.\n"
    });
    Ok(Exit::Ok)
}

fn again(renew: &Renew, format: Format) -> Result<Exit, Problem> {
    let mut desk = renew.custody.desk(&renew.realm, clock::now()?)?;
    let book = Book::read(&desk.realm, desk.now)?;
    let entry = book.find(&renew.name)?;
    let name = &entry.name;
    if is_running(entry.content()) {
        return Err(Problem::new(Code::DelegationLapsed, format!("{name} is for a running key, which is not renewed"))
            .hint("Let the service's key run on, or another: `greatseal service rotate NAME --for FILE`."));
    }
    if book.state(entry).0 == State::Revoked {
        return Err(Problem::new(Code::DelegationLapsed, format!("{name} was revoked, and is not brought back"))
            .hint("If it is really meant, make another: `greatseal delegation create`."));
    }
    let Some(subject) = entry.subject else {
        return Err(Problem::new(
            Code::UcanSeparation,
            format!("{name} names no subject, and this greatseal makes no such delegation"),
        )
        .hint("Make one that does: `greatseal delegation create --subject …`."));
    };
    let grant = Grant {
        from: entry.issuer,
        to: entry.audience,
        subject,
        command: entry.command.clone(),
        policy: policy(entry.content()),
        window: Window::of(desk.now, renew.starts, renew.lasts.unwrap_or_else(|| entry.length())),
        purpose: Purpose::Capability,
    };
    create::carry_out(&mut desk, &[NewDelegation::from(grant)], "renewed", format)
}

fn copy(export: &Export, format: Format) -> Result<Exit, Problem> {
    let realm = Realm::open(export.realm.start())?;
    let book = Book::read(&realm, clock::now()?)?;
    let entries = export.names.iter().map(|name| book.find(name)).collect::<Result<Vec<_>, _>>()?;
    let mut files = Vec::new();
    for entry in entries {
        files.extend(hand_out(&book, entry, &export.out)?);
    }
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    output::answer(format, &json!({ "files": files }), || {
        let copied = text::count(files.len(), "delegation");
        format!("copied {copied} to {}\n", text::path(&export.out))
    });
    Ok(Exit::Ok)
}

fn tidy_up(tidy: &Tidy, format: Format) -> Result<Exit, Problem> {
    let mut realm = Realm::open_to_change(tidy.realm.start())?;
    let book = Book::read(&realm, clock::now()?)?;
    let over = |entry: &&Entry| matches!(book.state(entry).0, State::Expired | State::Revoked);
    let over: Vec<&Entry> = book.entries().iter().filter(over).collect();
    realm.together(|realm| {
        over.iter().try_for_each(|entry| {
            let bytes = crate::files::read(&entry.path, greatseal_core::limits::CONTAINER_BYTES as u64)?;
            realm.keep_superseded(&entry.path, &entry.short_cid(), &bytes)?;
            realm.write(&entry.path, Write::Remove)
        })
    })?;
    let names: Vec<&str> = over.iter().map(|entry| entry.name.as_str()).collect();
    output::answer(format, &json!({ "moved": names }), || match names.as_slice() {
        [] => "every delegation here holds, or will\n".into(),
        names => format!("moved to history/: {}\n", names.join(", ")),
    });
    Ok(Exit::Ok)
}

impl Entry {
    /// Returns how long it lasts; what does not say when it began lasts as long as it has since it
    /// was made.
    fn length(&self) -> Span {
        let began = self.validity().not_before.or_else(|| crate::capability::made_at(self.content()));
        match (began, self.expires()) {
            (Some(from), Some(until)) => Span::Seconds(until.as_secs().saturating_sub(from.as_secs()).max(1)),
            (None, Some(_)) => Span::Seconds(30 * DAY),
            (Some(_) | None, None) => Span::Ever,
        }
    }
}
