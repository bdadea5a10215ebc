//! How answers leave the command.

use std::io::{self, Write};

use clap::ValueEnum;
use greatseal_core::code::Exit;
use serde::Serialize;

use crate::problem::Problem;
use crate::text;

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Human,
    /// One JSON object on stdout.
    Json,
}

/// Writes an answer to stdout: the object, or what `human` makes of it.
///
/// A reader that went away (`| head`) is no failure.
pub(crate) fn answer<T: Serialize>(format: Format, answer: &T, human: impl FnOnce() -> String) {
    let text = match format {
        Format::Human => text::fit(&human()),
        // Our own types: texts, numbers, lists.
        Format::Json => serde_json::to_string(answer).unwrap_or_default() + "\n",
    };
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Tells what went wrong: for people on stderr, for programs on stdout as well.
pub(crate) fn problem(problem: &Problem, format: Format) {
    if format == Format::Json {
        answer(format, &problem.object(), String::new);
    }
    tell(&format!("error: {} [{}]\n  {}\n", problem.message(), problem.code(), problem.advice()));
}

/// Tells something beside the answer, on stderr.
pub(crate) fn remark(text: &str) {
    tell(&(text::fit(text) + "\n"));
}

/// Writes to stderr. That nobody can be told is no reason to stop half-way, or to panic.
fn tell(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// Tells that the call's words are off, or shows the help that was asked for.
pub(crate) fn words(error: &clap::Error) -> Exit {
    if !error.use_stderr() {
        let _ = error.print();
        return Exit::Ok;
    }
    let told = error.render().to_string();
    if json_wanted() {
        let message = told.split("\n\n").next().unwrap_or_default();
        let problem = Problem::usage(message.strip_prefix("error: ").unwrap_or(message));
        answer(Format::Json, &problem.object(), String::new);
    }
    tell(&text::fit(&told));
    Exit::Usage
}

/// Says whether the form of answers was named before the words turned out to be off.
fn json_wanted() -> bool {
    let words: Vec<_> = std::env::args_os().collect();
    words.iter().any(|word| word == "--output=json")
        || words.windows(2).any(|pair| matches!(pair, [name, form] if name == "--output" && form == "json"))
}
