//! How answers leave the command.

use std::io::{self, Write};

use clap::ValueEnum;
use serde::Serialize;
use serde_json::json;

use crate::problem::Problem;

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
        Format::Human => human(),
        // Our own types: texts, numbers, lists.
        Format::Json => serde_json::to_string(answer).unwrap_or_default() + "\n",
    };
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Tells what went wrong: for people on stderr, for programs on stdout as well.
pub(crate) fn problem(problem: &Problem, format: Format) {
    if format == Format::Json {
        let object = json!({
            "error": {
                "code": problem.code().text(),
                "message": problem.message(),
                "advice": problem.advice(),
            }
        });
        answer(format, &object, String::new);
    }
    eprintln!("error: {} [{}]", problem.message(), problem.code());
    eprintln!("  {}", problem.advice());
}

/// Tells something beside the answer, on stderr.
pub(crate) fn remark(text: &str) {
    eprintln!("{text}");
}
