//! `docs-errors`: the page of all error codes, written from what the command itself says about them.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::str::FromStr;

use crate::failure::Failure;
use crate::house::House;

const PAGE: &str = "docs/errors.md";

const HEAD: &str = "\
# Error codes

One section for each code: what it means, what to do, who has to act, the [exit code](../README.md#exit-codes) of a
command that ends with it, and the HTTP status set aside for it (nothing here serves HTTP yet). A code never changes its
meaning and is never used again for another. The command says the same: `greatseal explain CODE`, and
`greatseal explain all`.

This page is written by `cargo xtask docs-errors` from the one table of codes, `crates/core/src/code.rs`. Change it
there.
";

pub(crate) fn run(house: &House, arguments: &[String]) -> Result<(), Failure> {
    match arguments {
        [] => write(house),
        [flag] if flag == "--check" => check(house),
        _ => Err(Failure::Usage(format!("`docs-errors` takes `--check` or nothing, found `{}`", arguments.join(" ")))),
    }
}

/// Fails when the page in the tree is not the one that would be written.
pub(crate) fn check(house: &House) -> Result<(), Failure> {
    let wanted = page(house)?;
    let found = house.read(PAGE)?;
    if found == wanted {
        return Ok(());
    }
    let lines = differences(&found, &wanted);
    Err(Failure::Findings { what: format!("{PAGE} is out of date; run `cargo xtask docs-errors`"), lines })
}

fn write(house: &House) -> Result<(), Failure> {
    let text = page(house)?;
    let path: PathBuf = house.root.join(PAGE);
    std::fs::write(&path, &text).map_err(|source| Failure::File { path, source })?;
    println!("{PAGE}: {} codes", text.matches("\n## ").count());
    Ok(())
}

fn page(house: &House) -> Result<String, Failure> {
    let call = house.cargo(["run", "--quiet", "--package", "greatseal", "--", "explain", "all", "--output", "json"]);
    let malformed = || Failure::Findings { what: format!("not what {PAGE} is made of"), lines: vec![call.to_string()] };
    // JSON is read by the crate that `cargo metadata` is read with, of the type that it has there.
    let codes = parse_like(&house.metadata()?.workspace_metadata, &call.output()?).ok_or_else(malformed)?;
    let mut page = String::from(HEAD);
    for code in codes.get("codes").and_then(|codes| codes.as_array()).ok_or_else(malformed)? {
        let text = |name: &str| code.get(name).and_then(|value| value.as_str()).ok_or_else(malformed);
        let number = |name: &str| code.get(name).and_then(|value| value.as_u64()).ok_or_else(malformed);
        page += &section(&Row {
            code: text("code")?,
            title: text("title")?,
            advice: text("advice")?,
            acts: text("acts")?,
            exit: number("exit")?,
            http_status: number("http_status")?,
        });
    }
    Ok(page)
}

struct Row<'a> {
    code: &'a str,
    title: &'a str,
    advice: &'a str,
    acts: &'a str,
    exit: u64,
    http_status: u64,
}

fn section(row: &Row<'_>) -> String {
    let Row { code, title, advice, acts, exit, http_status } = row;
    let mut section = String::new();
    // Writing to a string cannot fail.
    let _ = write!(section, "\n## {code}\n\n{}.\n\n{advice}\n\n", capital(title));
    let _ = writeln!(section, "To act: {acts}. Exit code {exit}, HTTP status {http_status}.");
    section
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn parse_like<T: FromStr>(_like: &T, text: &str) -> Option<T> {
    text.parse().ok()
}

/// Names the sections that differ; a changed heading or order shows as the first line that does.
fn differences(found: &str, wanted: &str) -> Vec<String> {
    let sections = |text: &str| -> Vec<String> { text.split("\n## ").map(str::to_owned).collect() };
    let (found, wanted) = (sections(found), sections(wanted));
    let title = |section: &String| section.lines().next().unwrap_or_default().to_owned();
    let missing = wanted.iter().filter(|section| !found.contains(section)).map(|it| format!("new: {}", title(it)));
    let stale = found.iter().filter(|section| !wanted.contains(section)).map(|it| format!("old: {}", title(it)));
    let mut lines: Vec<String> = missing.chain(stale).collect();
    if lines.is_empty() {
        lines.push("the order of the sections".into());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: Row<'_> = Row {
        code: "GS-X",
        title: "a thing is wrong",
        advice: "Mend it.",
        acts: "whoever called",
        exit: 3,
        http_status: 400,
    };

    #[test]
    fn a_section_says_everything() {
        let wanted =
            "\n## GS-X\n\nA thing is wrong.\n\nMend it.\n\nTo act: whoever called. Exit code 3, HTTP status 400.\n";
        assert_eq!(section(&ROW), wanted);
    }

    #[test]
    fn differences_are_named() {
        let (one, other) = (section(&ROW), section(&Row { exit: 1, ..ROW }));
        assert_eq!(differences(&one, &other), ["new: GS-X", "old: GS-X"]);
        assert_eq!(differences(&format!("{one}{}", section(&Row { code: "GS-Y", ..ROW })), &one), ["old: GS-Y"]);
    }

    #[test]
    fn only_one_option_is_known() {
        let house = House { root: ".".into(), target: "target".into() };
        for wrong in [vec!["--chekc".to_owned()], vec!["--check".to_owned(), "--check".to_owned()]] {
            assert!(matches!(run(&house, &wrong), Err(Failure::Usage(_))), "{wrong:?}");
        }
    }
}
