//! `greatseal request`: signatures by keys that are elsewhere.

mod sign;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use greatseal_core::code::Exit;
use greatseal_core::key::PublicKey;
use serde_json::{Value, json};

use crate::clock;
use crate::desk::{Desk, Received, Waiting};
use crate::order::{Answer, Order, Sheet};
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::realm::Realm;
use crate::secrets::{Custody, InRealm};
use crate::table::table;
use crate::text;

/// Lists, signs and answers requests for signatures by keys that are elsewhere.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(List),
    Show(Show),
    Sign(sign::Sign),
    Receive(Receive),
    Cancel(Cancel),
}

/// Lists the requests that wait in the realm.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    realm: InRealm,
}

/// Shows what a request asks to be signed, and the words to compare.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal request show account-payments\n  greatseal request show stick/account-payments.json\n\nWhat is shown is read from the bytes that would be signed, not from anything written beside them."
)]
pub(crate) struct Show {
    /// A request that waits in the realm, or a request file.
    #[arg(value_name = "NAME|FILE")]
    request: String,
    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

/// Takes answers in, and files what is complete.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal request receive stick/account-payments.answer.json\n  greatseal request receive\n\nWithout a file it files what is complete already: what a command left that was interrupted."
)]
pub(crate) struct Receive {
    /// Answer files, as `request sign` wrote them.
    #[arg(value_name = "ANSWER")]
    answers: Vec<PathBuf>,
    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

/// Gives a request up; keys that were made for it stay in custody.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  greatseal request cancel account-payments\n\nNothing that the request would have made is in the realm yet. The same command as before makes a new request, with the same keys."
)]
pub(crate) struct Cancel {
    /// The request's name.
    #[arg(value_name = "NAME")]
    request: String,
    #[command(flatten)]
    realm: InRealm,
}

pub(crate) fn run(command: &Command, format: Format) -> Result<Exit, Problem> {
    match command {
        Command::List(list) => list_all(list, format),
        Command::Show(show) => show_one(show, format),
        Command::Sign(sign) => sign::run(sign, format),
        Command::Receive(receive) => take_in(receive, format),
        Command::Cancel(cancel) => give_up(cancel, format),
    }
}

/// Tells what is left to do for what a command has left waiting.
pub(super) fn tell_waiting(desk: &Desk, waiting: &Waiting, format: Format) -> Exit {
    output::answer(format, &object(waiting), || people(desk, waiting));
    Exit::Ok
}

fn object(waiting: &Waiting) -> Value {
    json!({
        "pending": waiting.path.display().to_string(),
        "request": waiting.digest.to_string(),
        "words": waiting.digest.words(),
        "statements": waiting.about,
        "missing": waiting.missing.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn people(desk: &Desk, waiting: &Waiting) -> String {
    let missing: Vec<String> = waiting.missing.iter().map(|key| desk.show_signer(key)).collect();
    let file = text::path(waiting.path.file_name().map_or(&waiting.path, Path::new));
    let answer = Answer::path_for(Path::new(&file));
    format!(
        "waiting for a signature by {}; nothing has changed in the realm yet\n  request  {}\n  words    {}\n\n  Carry the file to that key, and there:\n    greatseal request sign {file}\n  Then bring the answer back:\n    greatseal request receive {}\n",
        missing.join(" and "),
        text::path(&waiting.path),
        waiting.digest.words(),
        text::path(&answer),
    )
}

fn list_all(list: &List, format: Format) -> Result<Exit, Problem> {
    let realm = Realm::open(list.realm.start())?;
    let now = clock::now()?;
    let mut objects = Vec::new();
    let mut rows = Vec::new();
    for (name, path) in realm.requests()? {
        let order = match Order::read(&path, Some(&realm)) {
            Ok(order) => order,
            Err(problem) => {
                output::remark(&format!("passed over: {} [{}]", problem.message(), problem.code()));
                continue;
            }
        };
        let about: Vec<String> = order.items.iter().map(|item| item.draft.about()).collect();
        let old = order.must_be_timely(now).err().map(|problem| problem.code().text());
        let missing = order.missing();
        objects.push(json!({
            "name": name,
            "file": path.display().to_string(),
            "request": order.digest().to_string(),
            "words": order.digest().words(),
            "statements": about,
            "created": order.created.as_secs(),
            "expires": order.expires().as_secs(),
            "missing": missing.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "code": old,
        }));
        let waits: Vec<String> = missing.iter().map(|key| show(&realm, key)).collect();
        rows.push([
            name,
            about.iter().map(|about| about.split(' ').next().unwrap_or_default()).collect::<Vec<_>>().join(", "),
            if waits.is_empty() { "nobody: `request receive` files it".into() } else { waits.join(", ") },
            old.map_or_else(|| clock::show_expiry(Some(order.expires())), |code| format!("no more ({code})")),
        ]);
    }
    output::answer(format, &json!({ "requests": objects }), || {
        table(["request", "for", "waits for", "can be signed"], rows, "no request waits in this realm")
    });
    Ok(Exit::Ok)
}

fn show(realm: &Realm, key: &PublicKey) -> String {
    let name = realm.name_of(key);
    name.map_or_else(|| key.to_string(), ToString::to_string)
}

fn show_one(show: &Show, format: Format) -> Result<Exit, Problem> {
    let realm = Realm::open(show.realm.start());
    // A file can be looked at anywhere; a name only where requests wait.
    let path = match &realm {
        Ok(realm) => realm.request(&show.request).or_else(|unknown| existing(&show.request).ok_or(unknown))?,
        Err(_) => match existing(&show.request) {
            Some(path) => path,
            None => return Err(realm.err().unwrap_or_else(|| Problem::usage("there is no such request"))),
        },
    };
    let realm = realm.ok();
    let order = Order::read(&path, realm.as_ref())?;
    let store = show.custody.store()?;
    let names = |key: &PublicKey| {
        let known = realm.as_ref().and_then(|realm| realm.name_of(key).cloned());
        let name = known.or_else(|| Some(store.find_by_key(key).ok()??.name));
        name.map(|name| name.to_string())
    };
    let sheet = Sheet::of(&order, &path, &names, Some(&store))?;
    if let Err(problem) = order.must_be_timely(clock::now()?) {
        output::remark(&format!("nobody will sign it: {} [{}]", problem.message(), problem.code()));
    }
    output::answer(format, &sheet.object, || sheet.text);
    Ok(Exit::Ok)
}

fn existing(name: &str) -> Option<PathBuf> {
    Some(PathBuf::from(name)).filter(|path| path.is_file())
}

fn take_in(receive: &Receive, format: Format) -> Result<Exit, Problem> {
    let mut desk = receive.custody.desk(&receive.realm, clock::now()?)?;
    let received = desk.receive(&receive.answers)?;
    let objects: Vec<Value> = received
        .iter()
        .map(|received| match received {
            Received::Filed { name, filed } => json!({
                "name": name,
                "filed": filed.iter().map(|filed| filed.path.display().to_string()).collect::<Vec<_>>(),
            }),
            Received::Waiting { name, waiting } => {
                let mut object = object(waiting);
                if let Some(members) = object.as_object_mut() {
                    members.insert("name".into(), name.clone().into());
                }
                object
            }
        })
        .collect();
    output::answer(format, &json!({ "requests": objects }), || {
        if received.is_empty() {
            return "no request is complete: `greatseal request list` shows what each waits for\n".into();
        }
        let lines = received.iter().map(|received| match received {
            Received::Filed { name, filed } => {
                let files: Vec<String> = filed.iter().map(|filed| format!("  {}\n", text::path(&filed.path))).collect();
                format!("{name}: signed, checked and filed\n{}", files.concat())
            }
            Received::Waiting { name, waiting } => {
                let missing: Vec<String> = waiting.missing.iter().map(|key| desk.show_signer(key)).collect();
                format!("{name}: taken in, and still waiting for {}\n", missing.join(" and "))
            }
        });
        lines.collect()
    });
    Ok(Exit::Ok)
}

fn give_up(cancel: &Cancel, format: Format) -> Result<Exit, Problem> {
    let mut realm = Realm::open_to_change(cancel.realm.start())?;
    let path = realm.request(&cancel.request)?;
    // One that is damaged can be given up as well, and has no keys to tell of.
    let keys = Order::read(&path, Some(&realm)).map(|order| order.keys.keys).unwrap_or_default();
    realm.remove_request(&path)?;
    let kept: Vec<String> = keys.iter().map(|(name, _)| name.to_string()).collect();
    let object = json!({ "cancelled": cancel.request, "file": path.display().to_string(), "keys_kept": kept });
    output::answer(format, &object, || {
        let mut text = format!("cancelled {}: an answer to it is refused from now on\n", cancel.request);
        if !kept.is_empty() {
            text += &format!("  Custody keeps what was made for it: {}\n", kept.join(", "));
        }
        text
    });
    Ok(Exit::Ok)
}
