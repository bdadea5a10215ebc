//! Plays histories with real keys, tokens and deeds, and holds the real verifier and the reference
//! against what is expected: `history FILE…`.
//!
//! One JSON line a query. Exits with 1 on any difference, with 2 on a file that holds no history.
#![allow(clippy::disallowed_methods, reason = "reads the files that it is given")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its answers go to stdout")]

use std::process::ExitCode;

use greatseal_testkit::reenact::Stage;
use greatseal_testkit::succession::{History, Verdict, answer};
use serde_json::{Value, json};

fn main() -> ExitCode {
    let mut differences = 0_usize;
    let mut queries = 0_usize;
    let files: Vec<String> = std::env::args().skip(1).collect();
    if files.is_empty() {
        eprintln!("usage: history FILE…  (one history, or a list of them: vectors/succession/FORMAT.md)");
        return ExitCode::from(2);
    }
    for file in files {
        let histories = match read(&file) {
            Ok(histories) => histories,
            Err(error) => {
                eprintln!("error: {file}: {error}");
                return ExitCode::from(2);
            }
        };
        for history in &histories {
            let stage = Stage::set(history);
            for query in &history.queries {
                queries += 1;
                let real = stage.ask(&query.id);
                let reference = answer(history, &query.id);
                let same = real.expect == query.expect && reference.expect() == query.expect;
                differences += usize::from(!same);
                let reason = match reference {
                    Verdict::Allow => None,
                    Verdict::Deny(reason) => Some(reason),
                };
                let line = json!({
                    "history": history.id,
                    "query": query.id,
                    "expect": query.expect,
                    "verifier": real.expect,
                    "reference": reference.expect(),
                    "code": real.code.map(|code| code.text()),
                    "reason": reason,
                });
                println!("{line}");
            }
        }
    }
    eprintln!("{queries} queries, {differences} differences");
    ExitCode::from(u8::from(differences > 0))
}

fn read(file: &str) -> Result<Vec<History>, String> {
    let text = std::fs::read(file).map_err(|error| error.to_string())?;
    let value: Value = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    let list = if value.is_array() { value } else { Value::Array(vec![value]) };
    serde_json::from_value(list).map_err(|error| error.to_string())
}
