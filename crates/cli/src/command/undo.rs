//! `greatseal undo`: takes the last change of a realm's folder back.

use clap::Args;
use greatseal_core::Timestamp;
use greatseal_core::code::Exit;
use serde_json::{Value, json};

use crate::clock;
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::realm::{Entry, Realm, Record, is_open};
use crate::secrets::InRealm;
use crate::table::table;

/// Takes back what the last command changed in the realm's folder.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal undo --list\n  greatseal undo\n\nWhat it takes away is kept in history/. Private keys stay in custody: nothing here deletes one. What has been published cannot be undone, nor what was changed since. Again, it takes back the change before."
)]
pub(crate) struct Undo {
    /// List the changes there were, newest first, and change nothing.
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    realm: InRealm,
}

pub(crate) fn run(undo: &Undo, format: Format) -> Result<Exit, Problem> {
    if undo.list { list(undo, format) } else { take_back(undo, format) }
}

fn take_back(undo: &Undo, format: Format) -> Result<Exit, Problem> {
    let mut realm = Realm::open_to_change(undo.realm.start())?;
    let undone = realm.undo()?;
    output::answer(format, &json!({ "undone": object(&undone) }), || {
        let mut text = format!("took back `{}` of {}\n", undone.command, instant(&undone));
        for changed in undone.files.iter().rev() {
            let done = match (&changed.was, &changed.is) {
                (None, _) => "removed ",
                (Some(_), Some(_)) => "restored",
                (Some(_), None) => "returned",
            };
            text += &format!("  {done}  {}\n", changed.path);
        }
        text + "  What was taken away is in history/. Private keys stay in custody.\n"
    });
    Ok(Exit::Ok)
}

fn list(undo: &Undo, format: Format) -> Result<Exit, Problem> {
    let realm = Realm::open(undo.realm.start())?;
    let entries = realm.changes()?;
    let state = |entry: &Entry| match () {
        () if entry.record.undoes.is_some() => "undo",
        () if !is_open(entry, &entries) => "undone",
        () if entry.published => "published",
        () => "done",
    };
    let objects: Vec<Value> = entries
        .iter()
        .rev()
        .map(|entry| {
            let mut object = object(&entry.record);
            if let Some(members) = object.as_object_mut() {
                members.insert("state".into(), state(entry).into());
            }
            object
        })
        .collect();
    output::answer(format, &json!({ "changes": objects }), || {
        let rows = entries.iter().rev().map(|entry| {
            let record = &entry.record;
            let files: Vec<&str> = record.files.iter().map(|changed| changed.path.as_str()).collect();
            let number = record.number.to_string();
            [number, instant(record), record.command.clone(), state(entry).into(), files.join(", ")]
        });
        table(["change", "when", "command", "state", "files"], rows.collect(), "nothing has changed in this realm yet")
    });
    Ok(Exit::Ok)
}

fn instant(record: &Record) -> String {
    clock::show(Timestamp::from_secs(record.at))
}

fn object(record: &Record) -> Value {
    json!({
        "number": record.number,
        "command": record.command,
        "at": record.at,
        "undoes": record.undoes,
        "files": record.files,
    })
}
