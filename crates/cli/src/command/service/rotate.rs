//! `greatseal service rotate`: another key runs for a service, and nobody else has to act.

use std::io::{self, BufRead, IsTerminal};
use std::path::PathBuf;

use clap::Args;
use greatseal_core::code::Exit;
use greatseal_core::key::{PublicKey, Spelled};
use greatseal_core::{Code, Timestamp};
use serde_json::{Value, json};

use super::{name_in, request};
use crate::capability::{Book, Entry, Span, Who, shown};
use crate::clock;
use crate::desk::{Desk, Outcome, Rotation, running};
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::realm::Name;
use crate::secrets::{Custody, InRealm};
use crate::text;

/// Lets another key run for a service, for some hours.
///
/// Nobody else has to act: others know the service by its identity, which stays.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal service rotate upload --for upload.request --out /srv/upload/wallet --yes\n  greatseal service rotate upload --key did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK --hours 8\n\nOne delegation for each command that the service was granted. Running keys before it stay valid until they end, so that nothing is refused in between; `--revoke-old` is for one that was stolen."
)]
pub(crate) struct Rotate {
    /// The service's name in this realm.
    name: String,

    /// A request of the service's wallet: it proves that the wallet has the key.
    #[arg(long = "for", value_name = "FILE", required_unless_present = "key", conflicts_with = "key")]
    request: Option<PathBuf>,

    /// The key itself, a did:key.
    #[arg(long, value_name = "DID")]
    key: Option<String>,

    /// For how many hours it runs.
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=8760))]
    hours: u32,

    /// From when on: seconds since 1970, RFC 3339, or a day [default: at once]
    #[arg(long, value_name = "TIME", value_parser = clock::parse_beginning)]
    from: Option<Timestamp>,

    /// Take the running keys before it back: for one that was stolen.
    #[arg(long)]
    revoke_old: bool,

    /// A folder that gets copies, with what they rest on: the wallet's.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,

    /// Believe the request without asking.
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

/// Running keys that were there before, and what they passed on.
struct Before {
    /// The keys, for programs.
    keys: Vec<Value>,
    /// What each passed on, for programs.
    onward: Vec<Value>,
    people: String,
}

pub(super) fn run(rotate: &Rotate, format: Format) -> Result<Exit, Problem> {
    let mut desk = rotate.custody.desk(&rotate.realm, clock::now()?)?;
    let service = name_in(&desk.realm, &rotate.name)?;
    let identity = desk.realm.service(&service)?.1.public_key();
    let key = match (&rotate.request, &rotate.key) {
        (Some(path), _) => {
            let asked = desk.asked(&service, path)?;
            let known = Book::read(&desk.realm, desk.now)?;
            let runs = |key: &PublicKey| running(&known, &identity).iter().any(|entry| entry.audience == *key);
            confirm(rotate, &service, &asked.key, asked.previous.map(|key| (key, runs(&key))))?;
            asked.key
        }
        (None, Some(text)) => {
            let key = Spelled::parse(text).map_err(|fault| Problem::new(fault.code(), fault.to_string()))?;
            key.public_key()
        }
        (None, None) => return Err(Problem::usage("say which key: `--for FILE` or `--key DID`")),
    };
    let known = Book::read(&desk.realm, desk.now)?;
    let rotation = Rotation {
        service: service.clone(),
        key,
        from: rotate.from,
        lasts: Span::Seconds(u64::from(rotate.hours).saturating_mul(3600)),
        revoke_old: rotate.revoke_old,
        out: rotate.out.clone(),
    };
    let before = Before::of(&desk, &known, &identity, &key, rotate.revoke_old);
    let filed = match desk.rotate(&rotation)? {
        Outcome::Done(filed) => filed,
        Outcome::Waiting(waiting) => return Ok(request::tell_waiting(&desk, &waiting, format)),
    };
    let book = Book::read(&desk.realm, desk.now)?;
    let who = Who::of(&desk.realm, &book);
    let new: Vec<&Entry> =
        book.entries().iter().filter(|entry| filed.iter().any(|filed| filed.path == entry.path)).collect();
    let copies: Vec<String> = rotate.out.iter().map(|folder| folder.display().to_string()).collect();
    let object = json!({
        "service": service.as_str(),
        "identity": identity.to_string(),
        "running_key": key.to_string(),
        "tokens": new.len(),
        "delegations": new.iter().map(|entry| shown::object(&book, &who, entry)).collect::<Vec<_>>(),
        "revoked": filed.len() - new.len(),
        "before": before.keys,
        "onward": before.onward,
        "copied_to": copies.first(),
        "files": filed.iter().map(|filed| filed.path.display().to_string()).collect::<Vec<_>>(),
    });
    output::answer(format, &object, || {
        let mut text = format!(
            "{service} runs with {}\n  identity     {identity}, as ever\n  signed       {}\n",
            key.short(),
            text::count(new.len(), "token")
        );
        for entry in &new {
            text += &format!("    {}  {} [{}]\n", entry.command, shown::ends(&book, entry), entry.name);
        }
        text += &before.people;
        if let Some(folder) = &rotate.out {
            text += &format!("  copied to    {}\n", text::path(folder));
        }
        text + "\n  Nobody else has to act.\n"
    });
    Ok(Exit::Ok)
}

impl Before {
    /// Looks what the running keys so far passed on, and when that ends.
    fn of(desk: &Desk, book: &Book, identity: &PublicKey, new: &PublicKey, revoke: bool) -> Self {
        let who = Who::of(&desk.realm, book);
        let old: Vec<&Entry> = running(book, identity).into_iter().filter(|entry| entry.audience != *new).collect();
        let mut onward: Vec<&Entry> = old.iter().flat_map(|entry| book.passed_on(&entry.audience)).collect();
        onward.sort_by_key(|entry| &entry.name);
        onward.dedup_by_key(|entry| &entry.name);
        let lasting: Vec<&Entry> = if revoke { book.hanging_on(&old) } else { Vec::new() };
        let dies = |entry: &Entry| {
            let now = revoke && lasting.iter().any(|other| other.name == entry.name);
            if now { Some(book.now) } else { book.last(entry) }
        };
        let objects = |entries: &[&Entry]| -> Vec<Value> {
            let object = |entry: &&Entry| {
                let mut object = shown::object(book, &who, entry);
                if let Some(members) = object.as_object_mut() {
                    members.insert("dies".into(), dies(entry).map(Timestamp::as_secs).into());
                }
                object
            };
            entries.iter().map(object).collect()
        };
        let mut people = String::new();
        for entry in &old {
            let until = if revoke { "revoked".to_owned() } else { format!("stays, {}", shown::ends(book, entry)) };
            people += &format!("  before it    {} for {}, {until}\n", entry.audience.short(), entry.command);
        }
        if !onward.is_empty() {
            people += &format!(
                "  Keys before it passed on {}, which the new key did not make and does not renew:\n",
                text::count(onward.len(), "delegation")
            );
            for entry in &onward {
                let dies = match dies(entry) {
                    Some(at) if at <= book.now => "dead now".to_owned(),
                    Some(at) => format!("dies at {}", clock::show(at)),
                    None => "never ends".to_owned(),
                };
                let to = who.show(&entry.audience);
                people += &format!("    {}  to {to}, {dies} [{}]\n", entry.command, entry.name);
            }
        }
        let keys = if revoke {
            old.iter().map(|entry| json!({ "key": entry.audience.to_string(), "name": entry.name.as_str(), "dies": book.now.as_secs() })).collect()
        } else {
            let key = |entry: &&Entry| json!({ "key": entry.audience.to_string(), "name": entry.name.as_str(), "dies": book.last(entry).map(Timestamp::as_secs) });
            old.iter().map(key).collect()
        };
        Self { keys, onward: objects(&onward), people }
    }
}

/// Asks whether the key that a request names is the service's: the request proves who made it, and
/// not where. The key before it vouches for it, or does not, which is told.
fn confirm(
    rotate: &Rotate,
    service: &Name,
    key: &PublicKey,
    previous: Option<(PublicKey, bool)>,
) -> Result<(), Problem> {
    let vouched = match previous {
        Some((previous, true)) => format!("{}, which runs for it now, vouches for it.", previous.short()),
        Some((previous, false)) => {
            format!("WARNING: {} vouches for it, which does not run for {service}.", previous.short())
        }
        None => "No key before it vouches for it: the service asks for the first time, or was started anew.".into(),
    };
    output::remark(&format!("{service}'s wallet asks for this key: {key}\n{vouched}"));
    if rotate.yes {
        return Ok(());
    }
    let unconfirmed = |why: &str| Problem::new(Code::RequestUnconfirmed, why);
    if !io::stdin().is_terminal() {
        return Err(unconfirmed("there is no terminal to ask at, and nothing was signed"));
    }
    output::remark("Compare the key with what the service itself logs. Type `yes` to let it run: ");
    let mut answer = String::new();
    match io::stdin().lock().read_line(&mut answer) {
        Ok(_) if answer.trim() == "yes" => Ok(()),
        Ok(_) | Err(_) => Err(unconfirmed("nobody said yes, and nothing was signed")),
    }
}
