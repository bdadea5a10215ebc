//! `greatseal delegation show`: what a delegation rests on, and what rests on it.

use clap::Args;
use greatseal_core::code::Exit;
use serde_json::Value;

use crate::capability::{Book, Entry, Who, policy, shown};
use crate::clock;
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::realm::Realm;
use crate::secrets::InRealm;

/// Shows a delegation: the chain up to its root, its conditions, and what hangs on it.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The delegation's name, or its CID, whole or its last eight characters.
    #[arg(value_name = "NAME|CID")]
    name: String,
    #[command(flatten)]
    realm: InRealm,
}

pub(super) fn run(show: &Show, format: Format) -> Result<Exit, Problem> {
    let realm = Realm::open(show.realm.start())?;
    let book = Book::read(&realm, clock::now()?)?;
    let entry = book.find(&show.name)?;
    let who = Who::of(&realm, &book);
    let (above, below) = (book.above(entry), book.hanging_on(&[entry]));
    let all =
        |entries: &[&Entry]| -> Vec<Value> { entries.iter().map(|entry| shown::object(&book, &who, entry)).collect() };
    let mut object = shown::object(&book, &who, entry);
    if let Some(members) = object.as_object_mut() {
        members.insert("above".into(), all(&above).into());
        members.insert("below".into(), all(&below).into());
    }
    output::answer(format, &object, || {
        let policy = policy(entry.content());
        let mut text = format!(
            "{}\n  from     {}\n  to       {}\n  command  {}\n  subject  {}\n  starts   {}\n  stands   {}, {}\n  file     {}\n  cid      {}\n",
            entry.name,
            who.show(&entry.issuer),
            who.show(&entry.audience),
            entry.command,
            entry.subject.map_or_else(|| "whatever its issuer was given".into(), |key| who.show(&key)),
            entry.validity().not_before.map_or_else(|| "at once".into(), clock::show),
            book.state(entry).0.word(),
            shown::ends(&book, entry),
            entry.path.display(),
            entry.cid,
        );
        if !policy.is_empty() {
            text += &format!("  where    {policy}\n           {}\n", policy.to_json());
        }
        if !above.is_empty() {
            text += "  rests on\n";
            text += &shown::lines(&book, &who, &above, "    ");
        }
        if !below.is_empty() {
            text += "  and on it\n";
            text += &shown::lines(&book, &who, &below, "    ");
        }
        text
    });
    Ok(Exit::Ok)
}
