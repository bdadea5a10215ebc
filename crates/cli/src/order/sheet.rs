//! What a person looks at before signing, derived from the bytes that would be signed.

use std::path::Path;

use greatseal_core::key::{PublicKey, Spelled};
use greatseal_core::{Code, Timestamp};
use greatseal_custody::{Keystore, SignedStatement};
use serde_json::{Value, json};

use super::draft::Draft;
use super::{Item, Order, is_earlier_word};
use crate::clock;
use crate::problem::Problem;
use crate::text;

/// Words of a digest on one line.
const WORDS_A_LINE: usize = 4;

/// Names keys for people: by what this machine itself calls them, never by what was carried.
pub(super) type Names<'a> = dyn Fn(&PublicKey) -> Option<String> + 'a;

/// A request as it is shown.
#[derive(Debug)]
pub(crate) struct Sheet {
    pub(crate) object: Value,
    pub(crate) text: String,
}

/// What a statement is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// This machine's own memory.
    Memory,
    /// The request file; the signature was checked.
    Carried,
}

/// One line of a statement, and whether it is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Same,
    Added,
    Removed,
}

type Line = (Mark, &'static str, String);

impl Sheet {
    /// Draws a request up; `memory` is the private folder of the machine that signs.
    ///
    /// # Errors
    /// What keeps the memory from being read.
    pub(crate) fn of(
        order: &Order,
        file: &Path,
        names: &Names<'_>,
        memory: Option<&Keystore>,
    ) -> Result<Self, Problem> {
        let digest = order.digest();
        let words = digest.words();
        let count = order.items.len();
        let mut shown = format!(
            "{}: {count} statement{}\n  made {}, can be signed until {}\n",
            text::path(file),
            if count == 1 { "" } else { "s" },
            clock::show(order.created),
            clock::show(order.expires()),
        );
        let mut statements = Vec::new();
        for (number, item) in order.items.iter().enumerate() {
            let (object, lines) = statement(item, number + 1, names, memory)?;
            statements.push(object);
            shown += &lines;
        }
        shown += "  read aloud, and compare with the other machine:\n";
        for line in words.split(' ').collect::<Vec<_>>().chunks(WORDS_A_LINE) {
            shown += &format!("    {}\n", line.join(" "));
        }
        let object = json!({
            "file": text::path(file),
            "request": digest.to_string(),
            "words": words,
            "created": order.created.as_secs(),
            "expires": order.expires().as_secs(),
            "statements": statements,
            "missing": order.missing().iter().map(ToString::to_string).collect::<Vec<_>>(),
        });
        Ok(Self { object, text: shown })
    }
}

fn statement(
    item: &Item,
    number: usize,
    names: &Names<'_>,
    memory: Option<&Keystore>,
) -> Result<(Value, String), Problem> {
    let request = item.draft.request();
    let past = past(item, memory)?;
    let lines = match &past {
        Some((_, older)) => difference(&older.request().summary(), &request.summary()),
        None => request.summary().iter().map(|(name, value)| (Mark::Same, *name, value.clone())).collect(),
    };
    let state = if item.signature.is_some() { "signed by" } else { "to be signed by" };
    let mut text = format!("  {number}. {}, {state} {}\n", request.kind().words(), show_key(request.signer(), names));
    for (mark, name, value) in &lines {
        let mark = match mark {
            Mark::Same => ' ',
            Mark::Added => '+',
            Mark::Removed => '-',
        };
        text += &format!("   {mark} {name}: {}\n", show_value(name, value, names));
    }
    text += &match &past {
        Some((Source::Memory, older)) if older.id() == request.id() => {
            "     (this machine signed exactly this before)\n".to_owned()
        }
        None => "     (nothing that this key signed before about this subject is known here)\n".to_owned(),
        Some((source, older)) => format!(
            "     (+ and - against what this key signed for this subject {}, {})\n",
            older.issued_at().map_or_else(|| "before".into(), |at| format!("at {}", clock::show(at))),
            match source {
                Source::Memory => "the last that this machine signed",
                Source::Carried => "which came with the request",
            }
        ),
    };
    let before = past.as_ref().and_then(|(_, older)| older.issued_at());
    if let Some(at) = before.filter(|at| item.draft.issued_at().is_some_and(|made| *at > made)) {
        text += &format!("     WARNING: this is older than what the key signed at {}\n", clock::show(at));
    }
    let marked = |wanted: Mark| -> Vec<Value> {
        let wanted = lines.iter().filter(|(mark, _, _)| *mark == wanted);
        wanted.map(|(_, name, value)| json!({ "name": name, "value": value })).collect()
    };
    let summary: Vec<Value> =
        request.summary().iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    let object = json!({
        "id": request.id().to_string(),
        "kind": request.kind().words(),
        "signer": request.signer().to_string(),
        "signer_name": names(request.signer()),
        "signed": item.signature.is_some(),
        "summary": summary,
        "compared_with": past.as_ref().map(|(source, older)| json!({
            "from": match source { Source::Memory => "memory", Source::Carried => "request" },
            "id": older.id().to_string(),
            "issued_at": older.issued_at().map(Timestamp::as_secs),
        })),
        "added": if past.is_some() { marked(Mark::Added) } else { Vec::new() },
        "removed": marked(Mark::Removed),
    });
    Ok((object, text))
}

/// What the key signed last about this subject: by this machine's memory, else by what was carried.
fn past(item: &Item, memory: Option<&Keystore>) -> Result<Option<(Source, Draft)>, Problem> {
    let remembered = match memory {
        Some(store) => store.recall(item.draft.request().signer(), &item.draft.about())?,
        None => None,
    };
    let (source, past) = match (remembered, &item.previous) {
        // The memory is this machine's own word, so it goes before whatever was carried.
        (Some(past), _) => (Source::Memory, past),
        (None, Some(past)) => (Source::Carried, past.clone()),
        (None, None) => return Ok(None),
    };
    let SignedStatement { ref message, .. } = past;
    if !is_earlier_word(&past, &item.draft) {
        let fault = "what is known as this key's previous statement is not by this key about this subject";
        return Err(Problem::new(Code::RequestAltered, fault));
    }
    Ok(Some((source, Draft::parse(message.clone())?)))
}

/// Marks what is new and what is gone; lines may occur several times.
fn difference(older: &[(&'static str, String)], newer: &[(&'static str, String)]) -> Vec<Line> {
    let mut gone: Vec<&(&'static str, String)> = older.iter().collect();
    let mut lines: Vec<Line> = Vec::new();
    for line in newer {
        let known = gone.iter().position(|other| *other == line);
        if let Some(place) = known {
            gone.remove(place);
        }
        lines.push((if known.is_some() { Mark::Same } else { Mark::Added }, line.0, line.1.clone()));
    }
    // What is gone stands before the new line of the same name, or at the end.
    for (name, value) in gone {
        let place = lines.iter().position(|(mark, other, _)| *mark == Mark::Added && other == name);
        lines.insert(place.unwrap_or(lines.len()), (Mark::Removed, name, value.clone()));
    }
    lines
}

/// Shows a signer by this machine's name for it.
fn show_key(key: &PublicKey, names: &Names<'_>) -> String {
    names(key).map_or_else(|| key.to_string(), |name| format!("{name} ({key})"))
}

fn show_value(name: &str, value: &str, names: &Names<'_>) -> String {
    if matches!(name, "issued at" | "not before" | "expires")
        && let Ok(seconds) = value.parse()
    {
        return clock::show(Timestamp::from_secs(seconds));
    }
    // A UCAN names keys as DIDs.
    let known = Spelled::parse(value).ok().and_then(|key| names(&key.public_key()));
    known.map_or_else(|| value.to_owned(), |name| format!("{value} ({name})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_is_told_line_by_line() {
        let line = |name, value: &str| (name, value.to_owned());
        let older = [line("name", "Acme"), line("key", "a"), line("key", "b"), line("key", "b"), line("tag", "x")];
        let newer = [line("name", "Acme Ltd"), line("key", "b"), line("key", "c")];
        let marked = |mark, name, value: &str| (mark, name, value.to_owned());
        assert_eq!(
            difference(&older, &newer),
            [
                marked(Mark::Removed, "name", "Acme"),
                marked(Mark::Added, "name", "Acme Ltd"),
                marked(Mark::Same, "key", "b"),
                marked(Mark::Removed, "key", "a"),
                marked(Mark::Removed, "key", "b"),
                marked(Mark::Added, "key", "c"),
                marked(Mark::Removed, "tag", "x"),
            ]
        );
        assert!(difference(&older, &older).iter().all(|(mark, _, _)| *mark == Mark::Same));
    }
}
