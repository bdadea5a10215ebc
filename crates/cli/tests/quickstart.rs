//! The tour that a stranger takes first.
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

use serde_json::Value;
use support::{Place, contains};

/// What the tour tries, in its order.
const REFUSED: [&str; 6] =
    ["GS-ACCOUNT-BY-IDENTITY", "GS-SUCCESSION-UNKNOWN", "GS-CODE-SELF-ISSUED", "GS-MODULE-HASH", "GS-MODULE-HASH", "GS-SIGNATURE-WEAK-KEY"];

#[test]
fn it_shows_the_main_job_and_leaves_it_to_be_tried() {
    let place = Place::new();
    let run = place.run(["quickstart"]).exits(0);
    let told = run.out();
    let refused: Vec<&str> = told
        .lines()
        .filter(|line| line.starts_with("  refused  GS-"))
        .filter_map(|line| line.split_whitespace().nth(1))
        .collect();
    assert_eq!(refused, REFUSED, "{told}");
    assert_eq!(told.lines().filter(|line| line.starts_with("  allow ")).count(), 2, "{told}");
    for word in ["operator Acme", "├─ signing key acme/signing-1", "account payments", "└─ module echo"] {
        assert!(told.contains(word), "{word}: {told}");
    }

    // What it tells to type next works as it stands.
    let next: Vec<&str> = told.lines().map(str::trim).filter(|line| line.starts_with("greatseal ")).collect();
    let words = |line: &str| -> Vec<String> {
        let typed = line.split("  ").next().unwrap_or_default();
        typed.split_whitespace().skip(1).map(|word| word.replace("NAME", "my-own")).collect()
    };
    assert!(next.len() >= 4, "{told}");
    for line in &next {
        place.run(words(line)).exits(0);
    }
    assert!(place.path("my-own/greatseal.toml").is_file(), "{told}");

    // Keys and passphrase are its own, and nobody else's to read.
    let folder = place.path("greatseal-quickstart");
    assert!(!place.path(".config").exists(), "it touches nothing but its folder");
    let passphrase = fs::read(folder.join("private/passphrase.txt")).unwrap();
    assert!(!contains(&run.all(), passphrase.trim_ascii()));
    for (name, bytes) in support::files(&folder) {
        assert!(name == "private/passphrase.txt" || !contains(&bytes, passphrase.trim_ascii()), "{name}");
    }
    #[cfg(unix)]
    for (name, mode) in [("private", 0o700), ("private/keys", 0o700), ("private/passphrase.txt", 0o600)] {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o7777, mode, "{name}");
    }
}

#[test]
fn a_second_one_has_a_folder_of_its_own_and_tells_programs() {
    let place = Place::new();
    fs::create_dir(place.path("greatseal-quickstart")).unwrap();
    place.write("greatseal-quickstart/mine", "somebody's");
    let run = place.run(["quickstart", "--output", "json"]).exits(0);
    let report = run.json();
    assert_eq!(report["folder"], "greatseal-quickstart-2");
    assert_eq!(place.files("greatseal-quickstart").len(), 1);
    let texts = |list: &str, field: &str| -> Vec<String> {
        report[list].as_array().unwrap().iter().map(|one| one[field].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(texts("attacks", "code"), REFUSED);
    assert_eq!(texts("attacks", "decision"), ["deny"; 5]);
    assert_eq!(texts("verified", "decision"), ["allow"; 2]);
    assert!(!report["tree"].as_array().unwrap().is_empty());

    for file in texts("verified", "file") {
        let root = report["operator"].as_str().unwrap();
        let words = ["verify", &file, "--trust", root, "--with", "greatseal-quickstart-2/acme/tokens"];
        let answer: Value = place.run([&words[..], &["--output", "json"]].concat()).exits(0).json();
        assert_eq!(answer["module_checked"], true);
    }
}
