//! Provider archives, from programs to a refused archive, by the command alone.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests write files and start the command"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests: a failure is a panic"
)]

mod support;

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use greatseal_core::key::Role;
use greatseal_testkit::{vectors, wasm};
use serde_json::Value;
use support::{Place, Run};

const INTEL: &[u8] = b"a program for intel";
const ARM: &[u8] = b"a program for arm, which is longer";

/// A realm with an account, a provider's key and two programs.
fn place() -> (Place, String) {
    let place = Place::new();
    let root = place.realm();
    place.account("payments");
    place.keys_at_hand(Role::Provider, &["http"]);
    place.write("intel", INTEL);
    place.write("arm", ARM);
    (place, root)
}

/// Signs under the provider's key, which the realm learns about the first time.
fn sign(place: &Place, words: &[&str]) -> Run {
    let known = place.run(["key", "show", "http", "--realm", "acme", "--output", "json"]).exit == Some(0);
    let mut all = vec!["provider", "sign", "--account", "payments", "--provider", "http", "--realm", "acme"];
    if !known {
        all.push("--new-key");
    }
    place.issue([&all[..], words].concat())
}

fn both(out: &str) -> [&str; 8] {
    let (intel, arm) = ("x86_64-linux=intel", "aarch64-linux=arm");
    ["--target", intel, "--target", arm, "--vendor", "Acme", "--out", out]
}

fn verify(place: &Place, file: &str, root: &str) -> Run {
    place.run(["verify", file, "--trust", root, "--with", "acme/tokens", "--output", "json"])
}

#[test]
fn the_story_from_two_programs_to_a_refused_archive() {
    let (place, root) = place();
    let signed = sign(&place, &both("http.par")).exits(0).json();
    assert_eq!((&signed["file"], &signed["account"]), (&"http.par".into(), &"acme/payments".into()));
    let hashes = signed["target_hashes"].as_object().unwrap();
    assert_eq!(hashes.keys().collect::<Vec<_>>(), ["aarch64-linux", "x86_64-linux"]);

    let answer = verify(&place, "http.par", &root).exits(0).json();
    assert_eq!((&answer["subject"], &answer["archive_checked"]), (&signed["provider"], &true.into()));
    assert_eq!((&answer["module_checked"], &answer["chain"][2]["subject"]), (&false.into(), &signed["provider"]));
    let words = ["provider", "verify", "http.par", "--trust", &root, "--with", "acme/tokens", "--output", "json"];
    assert_eq!(place.run(words).exits(0).json(), answer, "the same by its other name");
    let people = place.run(["verify", "http.par", "--trust", &root, "--with", "acme/tokens"]).exits(0).out();
    assert!(people.contains(" · archive checked · "), "{people}");

    for words in [["inspect", "http.par"].as_slice(), &["provider", "inspect", "http.par"]] {
        let shown = place.run([words, &["--output", "json"]].concat()).exits(0).json();
        assert_eq!((&shown["kind"], &shown["archive"]["hashes_match"]), (&"archive".into(), &true.into()));
        assert_eq!((&shown["archive"]["gzipped"], &shown["token"]["signature_good"]), (&false.into(), &true.into()));
        let files = shown["archive"]["files"].as_array().unwrap();
        assert_eq!((&files[1]["name"], &files[1]["bytes"]), (&"x86_64-linux.bin".into(), &INTEL.len().into()));
        assert_eq!(files[1]["hash"], hashes["x86_64-linux"]);
        place.run(words).exits(0);
    }
    place.run(["explain", "http.par"]).exits(0);

    // One byte of one program.
    let mut bytes = place.read("http.par");
    let at = bytes.windows(INTEL.len()).position(|window| window == INTEL).unwrap();
    bytes[at] ^= 1;
    place.write("changed.par", &bytes);
    verify(&place, "changed.par", &root).exits(3).says("GS-ARCHIVE-HASH");
    place.run(["explain", "changed.par"]).exits(3);
    let shown = place.run(["inspect", "changed.par", "--output", "json"]).exits(0).json();
    let matches: Vec<&Value> =
        shown["archive"]["files"].as_array().unwrap().iter().map(|file| &file["hash_matches"]).collect();
    assert_eq!(matches, [&Value::from(true), &Value::from(false)]);
    let people = place.run(["inspect", "changed.par"]).exits(0).out();
    assert!(people.contains("no: other bytes"), "{people}");
    // Nor is it signed anew as if nothing had happened.
    sign(&place, &["changed.par", "--out", "again.par"]).exits(3).says("GS-ARCHIVE-HASH");
    assert!(!place.path("again.par").exists());

    // Cut short.
    place.write("cut.par", &place.read("http.par")[..1800]);
    verify(&place, "cut.par", &root).exits(3).says("GS-ARCHIVE-MALFORMED");
    place.run(["inspect", "cut.par", "--output", "json"]).exits(3).says("GS-ARCHIVE-MALFORMED");
}

#[test]
fn signing_anew_keeps_programs_and_replaces_the_older_token() {
    let (place, root) = place();
    sign(&place, &both("first.par")).exits(0);
    place.write("macos", "a program for macOS");
    place.write("world", "a world");
    let more = ["--target", "x86_64-macos=macos", "--world", "world", "--rev", "2", "--compress"];
    let words = [&["first.par"][..], &more, &["--out", "second.par.gz"]].concat();
    let second = sign(&place, &words).exits(0).json();
    assert_eq!(second["target_hashes"].as_object().unwrap().len(), 4);
    assert!(place.read("second.par.gz").starts_with(b"\x1f\x8b"));
    verify(&place, "second.par.gz", &root).exits(0);
    let shown = place.run(["inspect", "second.par.gz", "--output", "json"]).exits(0).json();
    assert_eq!((&shown["token"]["wascap"]["vendor"], &shown["token"]["wascap"]["rev"]), (&"Acme".into(), &2.into()));
    let names: Vec<&str> =
        shown["archive"]["files"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["world.wasm", "aarch64-linux.bin", "x86_64-linux.bin", "x86_64-macos.bin"]);

    // One program in the place of another; what was compressed stays so.
    place.write("intel", "a better program");
    let words = ["second.par.gz", "--target", "x86_64-linux=intel", "--out", "third.par.gz"];
    let third = sign(&place, &words).exits(0).json();
    assert_ne!(third["target_hashes"]["x86_64-linux"], second["target_hashes"]["x86_64-linux"]);
    assert_eq!(third["target_hashes"]["aarch64-linux"], second["target_hashes"]["aarch64-linux"]);
    assert!(place.read("third.par.gz").starts_with(b"\x1f\x8b"));

    // Judged in one call they are supplied to each other; the newest one is good whatever the clock showed.
    let words = ["verify", "first.par", "third.par.gz", "--trust", &root, "--with", "acme/tokens", "--output", "json"];
    let answers = place.run(words).json_lines();
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[1]["decision"], "allow");
}

#[test]
fn what_the_published_tool_writes_is_verified_and_signed_anew() {
    let (place, root) = place();
    let folder = vectors::root().join("archives");
    let manifest: Value = serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    for case in manifest["cases"].as_array().unwrap() {
        let name = case["file"].as_str().unwrap();
        let file = folder.join(name);
        let at = manifest["at"].to_string();
        let words = ["--at", &at, "--trust", manifest["trust"].as_str().unwrap(), "--output", "json"];
        let mut command = place.command(["verify"]);
        command.arg(&file).args(words).arg("--with").arg(folder.join("operator.jwt"));
        let answer = Run::of(command.arg("--with").arg(folder.join("account.jwt"))).exits(0).json();
        assert_eq!((&answer["subject"], &answer["archive_checked"]), (&manifest["subject"], &true.into()), "{name}");

        let out = format!("anew-{name}");
        sign(&place, &[file.to_str().unwrap(), "--out", &out]).exits(0);
        verify(&place, &out, &root).exits(0);
        let shown = |file: &str| place.run(["inspect", file, "--output", "json"]).exits(0).json();
        let (before, after) = (shown(file.to_str().unwrap()), shown(&out));
        for field in ["/token/wascap/target_hashes", "/token/wascap/config_schema", "/token/wascap/vendor"] {
            assert_eq!(before.pointer(field), after.pointer(field), "{name}: {field}");
        }
        assert_eq!(before["archive"]["gzipped"], after["archive"]["gzipped"]);
    }
}

#[test]
fn an_archive_among_other_files_and_on_standard_input() {
    let (place, root) = place();
    sign(&place, &both("tokens/http.par")).exits(1);
    fs::create_dir(place.path("tokens")).unwrap();
    sign(&place, &both("tokens/http.par")).exits(0);
    place.write("tokens/notes.tar.gz", b"\x1f\x8bnot really");
    // Its token is one of those supplied, and what is none is named.
    let words = ["verify", "acme/tokens/operator.jwt", "--trust", &root, "--with", "tokens", "--output", "json"];
    let answer = place.run(words).exits(0).json();
    let ignored = answer["ignored"].as_array().unwrap();
    assert_eq!((ignored.len(), &ignored[0]["code"]), (1, &"GS-ARCHIVE-MALFORMED".into()), "{answer}");

    let words = ["verify", "-", "--trust", &root, "--with", "acme/tokens", "--output", "json"];
    let mut child = place.command(words).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&place.read("tokens/http.par")).unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    // Anchors are tokens and keys, and modules are not providers.
    let words = ["verify", "tokens/http.par", "--trust", "tokens/http.par", "--output", "json"];
    assert_ne!(place.run(words).exit, Some(0));
    let words = ["module", "sign", "tokens/http.par", "--account", "payments", "--module", "x", "--realm", "acme"];
    place.issue(words).exits(3).says("GS-MODULE-MALFORMED");
}

#[test]
fn words_that_are_off_make_nothing() {
    let (place, _) = place();
    sign(&place, &both("http.par")).exits(0);
    place.write("module.wasm", wasm::sample("module"));
    let before = place.files(".").len();
    for (words, exit, code) in [
        (&["--vendor", "Acme", "--out", "x.par"][..], 2, "GS-USAGE"),
        (&["--target", "x86_64-linux=intel", "--out", "x.par"], 2, "GS-USAGE"),
        (&["--target", "intel", "--vendor", "Acme", "--out", "x.par"], 2, "GS-USAGE"),
        (&["--target", "../x=intel", "--vendor", "Acme", "--out", "x.par"], 2, "GS-USAGE"),
        (&["--target", "claims=intel", "--vendor", "Acme", "--out", "x.par"], 2, "GS-USAGE"),
        (&["--target", "a=intel", "--target", "a=arm", "--vendor", "Acme", "--out", "x.par"], 2, "GS-USAGE"),
        (&["--target", "a=nowhere", "--vendor", "Acme", "--out", "x.par"], 1, "GS-IO"),
        (&["module.wasm", "--vendor", "Acme", "--out", "x.par"], 3, "GS-ARCHIVE-MALFORMED"),
        (&["--new-key", "--target", "a=intel", "--vendor", "Acme", "--out", "x.par"], 1, "GS-NAME-TAKEN"),
        (&["--target", "a=intel", "--vendor", "Acme", "--out", "http.par"], 1, "GS-REALM-EXISTS"),
    ] {
        sign(&place, words).exits(exit).says(code);
    }
    let words = ["--account", "payments", "--provider", "payments", "--target", "a=intel", "--vendor", "x"];
    let words = [&["provider", "sign"][..], &words, &["--out", "x.par", "--realm", "acme"]].concat();
    place.issue(words).says("GS-KEY-ROLE");
    assert_eq!(place.files(".").len(), before);
}

#[cfg(unix)]
#[test]
fn the_command_takes_little_memory_for_a_large_archive() {
    let (place, root) = place();
    // 96 MiB that do not compress to nothing.
    let mut state = 1u32;
    let noise: Vec<u8> = (0..1 << 20)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    place.write("large", noise.repeat(96));
    let words = ["--target", "x86_64-linux=large", "--vendor", "Acme", "--out", "large.par"];
    sign(&place, &words).exits(0);
    // 64 MiB of address space are not enough to hold it.
    let words = ["verify", "large.par", "--trust", &root, "--with", "acme/tokens", "--output", "json"];
    place.run_from_shell("ulimit -v 65536; ", "", &words).exits(0);
}

/// The account's keys are in another home; the programs stay here, and must still be the same.
#[test]
fn what_a_key_elsewhere_has_to_sign_waits_with_its_programs() {
    let (near, root) = place();
    let far = Place::new();
    fs::create_dir_all(far.keys()).unwrap();
    fs::remove_dir(far.keys()).unwrap();
    fs::rename(near.keys(), far.keys()).unwrap();
    near.keys_at_hand(Role::Provider, &["http"]);
    let left = sign(&near, &both("http.par")).exits(0).json();
    assert!(left["pending"].as_str().unwrap().ends_with("provider-http.json"), "{left}");
    assert!(!near.path("http.par").exists());

    far.write("provider-http.json", near.read("acme/requests/provider-http.json"));
    far.issue(["request", "sign", "--yes", "provider-http.json"]).exits(0);
    near.write("answer.json", far.read("provider-http.answer.json"));
    let receive = ["request", "receive", "answer.json", "--realm", "acme", "--output", "json"];
    // Another program than the one that was signed is not packed.
    near.write("arm", b"another program");
    near.run(receive).exits(3).says("GS-ARCHIVE-HASH");
    assert!(!near.path("http.par").exists());
    near.write("arm", ARM);
    near.run(["request", "receive", "--realm", "acme", "--output", "json"]).exits(0);
    verify(&near, "http.par", &root).exits(0);
}
