//! What the command says about itself.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests make folders and start the command"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests: a failure is a panic"
)]

mod support;

use std::fs;

use greatseal_core::Code;
use serde_json::Value;
use support::Place;

/// Every command, found by what the help of the one above it lists.
fn commands(place: &Place, above: &[String]) -> Vec<Vec<String>> {
    let help = place.run([above, &["--help".into()]].concat()).exits(0).out();
    let listed = help.split("\nCommands:\n").nth(1).unwrap_or_default().split("\n\n").next().unwrap_or_default();
    let mut found = vec![above.to_vec()];
    // A name stands two blanks in; the lines that go on from it stand further in.
    for line in listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   ")) {
        let name = line.split_whitespace().next().unwrap();
        if name != "help" {
            found.extend(commands(place, &[above, &[name.to_owned()]].concat()));
        }
    }
    found
}

#[test]
fn every_command_says_what_it_is_for_and_how_to_begin() {
    let place = Place::new();
    let all = commands(&place, &[]);
    assert!(all.len() >= 20, "{all:?}");
    for command in &all {
        let help = place.run([&command[..], &["--help".into()]].concat()).exits(0);
        assert!(help.stderr.is_empty(), "{help}");
        let help = help.out();
        let about = help.lines().next().unwrap_or_default();
        assert!(about.chars().next().is_some_and(char::is_uppercase) && about.len() > 10, "{command:?}: {help}");
        assert!(help.contains("\nUsage: greatseal"), "{command:?}: {help}");
        // Examples that name the command itself, wherever there is something to type.
        let own = format!("  greatseal {}", command.join(" "));
        let plain = ["list", "show", "inspect", "quickstart"];
        let leaf = !help.contains("\nCommands:\n");
        if leaf && !plain.contains(&command.last().map_or("", String::as_str)) {
            assert!(help.contains("\nExample") && help.contains(&own), "{command:?} has no example: {help}");
        }
        // Every option says what it does.
        for line in help.lines().filter(|line| line.trim_start().starts_with("--")) {
            let told = help.split(line).nth(1).unwrap_or_default();
            let next = told.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
            assert!(!next.trim_start().starts_with('-'), "{command:?}: {line} says nothing");
        }
        // `help` says the same as `--help`.
        let asked = place.run([&["help".to_owned()], &command[..]].concat()).exits(0).out();
        assert_eq!(asked, help, "{command:?}");
    }
}

#[test]
fn the_version_is_told() {
    let place = Place::new();
    let version = format!("greatseal {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(place.run(["--version"]).exits(0).out(), version);
    assert_eq!(place.run(["-V"]).exits(0).out(), version);
}

#[test]
fn without_a_command_help_is_shown_as_a_mistake() {
    let run = Place::new().run::<&str>([]).exits(2);
    assert!(run.stdout.is_empty() && run.err().contains("Usage: greatseal"), "{run}");
}

#[test]
fn completions_are_printed_for_every_shell() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = place.run(["completions", shell]).exits(0);
        let script = run.out();
        assert!(run.stderr.is_empty());
        for word in ["greatseal", "quickstart", "verify", "passphrase-file"] {
            assert!(script.contains(word), "{shell} does not complete {word}");
        }
        assert!(!script.contains(env!("CARGO_MANIFEST_DIR")), "{shell}");
    }
    // A shell takes them as they stand.
    let path = place.write("completions.bash", place.run(["completions", "bash"]).stdout);
    if let Ok(checked) = place.program("bash").arg("-n").arg(path).output() {
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    }
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let place = Place::new();
    fs::create_dir(place.path("man")).unwrap();
    place.run(["man", "man"]).exits(0);
    let pages = place.files("man");
    for command in commands(&place, &[]) {
        let name = [&["greatseal".to_owned()], &command[..]].concat().join("-") + ".1";
        let page = pages.get(&name).unwrap_or_else(|| panic!("no page {name}"));
        let text = String::from_utf8_lossy(page);
        assert!(text.contains(".SH NAME") && text.contains(".SH SYNOPSIS"), "{name}");
    }
    place.run(["man", "nowhere", "--output", "json"]).exits(1).says("GS-IO");
}

#[test]
fn every_code_is_explained() {
    let place = Place::new();
    let all = place.run(["explain", "all"]).exits(0).out();
    let listed: Vec<&str> = all.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.text()).collect();
    assert_eq!(listed, codes);
    for code in Code::ALL {
        let object = place.run(["explain", code.text(), "--output", "json"]).exits(0).json();
        assert_eq!(object["code"], code.text());
        assert_eq!(object["exit"], code.exit().number());
        for field in ["title", "advice", "acts"] {
            assert!(!object[field].as_str().unwrap().is_empty(), "{code}: {field}");
        }
        assert!(object["http_status"].is_u64(), "{code}");
    }
    let people = place.run(["explain", "gs-module-hash"]).exits(0).out();
    assert!(people.starts_with("GS-MODULE-HASH\n") && people.contains("Exit code 3"), "{people}");
    for word in ["GS-NOTHING", "GS-", "gs-nothing"] {
        place.run(["explain", word, "--output", "json"]).exits(2).says("GS-USAGE");
    }
}

/// All codes in one answer, for programs.
#[test]
fn all_codes_come_in_one_piece() {
    let run = Place::new().run(["explain", "all", "--output", "json"]).exits(0);
    let answer: Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(answer["codes"].as_array().unwrap().len(), Code::ALL.len());
}
