//! `greatseal explain`: what a code means, or everything that is wrong with a file.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use greatseal_core::Code;
use greatseal_core::code::Exit;
use serde_json::json;

use crate::checkup;
use crate::clock;
use crate::input::Input;
use crate::output::{self, Format};
use crate::problem::Problem;

/// Explains a code, or lists everything that is right and wrong with a file by itself.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal explain GS-ACCOUNT-BY-IDENTITY\n  greatseal explain app.wasm\n  greatseal explain all"
)]
pub(crate) struct Explain {
    /// A code (GS-…), the word `all`, or a file.
    #[arg(value_name = "FILE|CODE")]
    what: PathBuf,
}

pub(crate) fn run(explain: &Explain, format: Format) -> Result<Exit, Problem> {
    let word = explain.what.to_string_lossy().to_uppercase();
    if let Some(code) = Code::parse(&word) {
        output::answer(format, &object(code), || people(code));
        return Ok(Exit::Ok);
    }
    if word == "ALL" {
        let all: Vec<_> = Code::ALL.iter().map(|code| object(*code)).collect();
        output::answer(format, &json!({ "codes": all }), table);
        return Ok(Exit::Ok);
    }
    if word.starts_with("GS-") && !Path::new(&explain.what).exists() {
        return Err(Problem::usage(format!("there is no code {}", crate::text::name(&word)))
            .hint("`greatseal explain all` lists them."));
    }
    let input = Input::read(&explain.what)?;
    let label = input.label();
    let now = clock::now()?;
    let checks = checkup::look(input.kind, now);
    let bad = checks.iter().filter(|check| check.code.is_some()).count();
    let object = json!({ "file": label, "checks": checks, "bad": bad });
    output::answer(format, &object, || {
        let lines: String = checks.iter().map(checkup::Check::people).collect();
        let end = if bad == 0 {
            "  Nothing is wrong with it by itself; whether to believe it depends on whom you trust:\n    greatseal verify FILE --trust ANCHOR\n"
        } else {
            ""
        };
        format!("{label}\n{lines}{end}")
    });
    Ok(if bad == 0 { Exit::Ok } else { Exit::Deny })
}

fn object(code: Code) -> serde_json::Value {
    json!({
        "code": code.text(),
        "title": code.title(),
        "advice": code.advice(),
        "exit": code.exit().number(),
        "http_status": code.http_status(),
        "acts": code.party().words(),
    })
}

fn people(code: Code) -> String {
    format!(
        "{code}\n  {}.\n  {}\n  To act: {}. Exit code {}, HTTP status {}.\n",
        crate::text::capital(code.title()),
        code.advice(),
        code.party().words(),
        code.exit().number(),
        code.http_status()
    )
}

fn table() -> String {
    let width = Code::ALL.iter().map(|code| code.text().len()).max().unwrap_or(0);
    Code::ALL.iter().fold(String::new(), |mut table, code| {
        // Writing to a string cannot fail.
        let _ = writeln!(table, "{code:width$}  {}", code.title());
        table
    })
}
