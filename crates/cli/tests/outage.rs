//! A server of OpenBao is killed, stopped and sealed in the middle of issuing: nothing is lost, nothing
//! is half written, and what happened is told in words.
#![cfg(feature = "vault")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests write files, start a server and the command"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests: a failure is a panic"
)]

mod support;

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use support::bao::Bao;
use support::{MODULE, Place, Run};

/// Files that are signed anew: enough for several lots.
const FILES: usize = 320;

/// A realm whose account lists a key in the server, and files that another of its keys signed.
fn with_key_in(bao: &Bao) -> (Place, String) {
    let place = Place::new();
    let root = place.realm();
    place.account("payments");
    let token = place.write("token", bao.root_token());
    support::private(&token);
    let at = format!("openbao://?address={}&token-file={}", bao.address(), token.display());
    place.seal(&["key", "create", "payments-signing-2", "--role", "account", "--at", &at]).exits(0);
    place.seal(&["account", "signing-key", "add", "payments", "payments-signing-2"]).exits(0);
    place.write("echo.wasm", MODULE);
    let words = ["module", "sign", "echo.wasm", "--account", "payments", "--module", "echo", "--new-key"];
    place.seal(&[&words[..], &["--by", "payments-signing-1"]].concat()).exits(0);
    let signed = place.read("echo.signed.wasm");
    for number in 0..FILES {
        place.write(&format!("dist/{number:03}.wasm"), &signed);
    }
    (place, root)
}

fn reissue(place: &Place, seconds: &str) -> std::process::Command {
    let mut words: Vec<String> = ["module", "reissue"].map(String::from).to_vec();
    words.extend((0..FILES).map(|number| format!("dist/{number:03}.wasm")));
    let more = ["--account", "payments", "--by", "payments-signing-2", "--out", "new", "--realm", "acme"];
    words.extend(more.map(String::from));
    words.extend(["--output", "json", "--custody-timeout", seconds].map(String::from));
    place.command(words)
}

/// Signs until the first lot is done, does something to the server, and returns how it ended.
fn interrupted(place: &Place, seconds: &str, by: impl FnOnce()) -> Run {
    let mut command = reissue(place, seconds);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("files are signed") {
        line.clear();
        assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended before the first lot");
    }
    by();
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut stderr, &mut rest).unwrap();
    let mut output = child.wait_with_output().unwrap();
    output.stderr = rest.into_bytes();
    Run::from_output("module reissue", output)
}

fn whole(place: &Place, root: &str) -> usize {
    let files = place.files("new");
    for name in files.keys() {
        assert!(!name.starts_with('.') && name.ends_with(".wasm"), "{name} is half of something");
    }
    // Each is what verifiers accept, whole.
    for name in files.keys().step_by(9) {
        place.run(["verify", &format!("new/{name}"), "--trust", root, "--with", "acme"]).exits(0);
    }
    files.len()
}

fn goes_on(place: &Place, root: &str, before: usize) {
    let done = Run::of(&mut reissue(place, "30")).exits(0).json();
    let count = |what: &str| done[what].as_array().unwrap().len();
    assert_eq!((count("found"), count("written")), (before, FILES - before));
    assert_eq!(whole(place, root), FILES);
}

#[test]
fn killed_in_the_middle_of_issuing() {
    let mut bao = Bao::on_disk();
    let (place, root) = with_key_in(&bao);
    let run = interrupted(&place, "2", || bao.kill()).exits(4).says("GS-CUSTODY-UNREACHABLE");
    assert!(run.err().contains("acme/payments-signing-2: cannot reach OpenBao at http://127.0.0.1:"), "{run}");
    assert!(run.err().contains("run the same command again"), "{run}");
    assert!(run.err().contains("waiting for acme/payments-signing-2 in openbao://"), "{run}");
    let before = whole(&place, &root);
    assert!((64..FILES).contains(&before), "{before}");
    bao.launch();
    // Open again only once somebody opens it, which is told as such.
    Run::of(&mut reissue(&place, "3")).exits(4).says("GS-CUSTODY-SEALED");
    assert_eq!(whole(&place, &root), before);
    bao.unseal();
    goes_on(&place, &root, before);
}

#[test]
fn stopped_in_the_middle_of_issuing() {
    let bao = Bao::on_disk();
    let (place, root) = with_key_in(&bao);
    let run = interrupted(&place, "2", || bao.signal("-STOP")).exits(4).says("GS-CUSTODY-DEADLINE");
    assert!(run.err().contains("acme/payments-signing-2: custody did not answer"), "{run}");
    let before = whole(&place, &root);
    assert!((64..FILES).contains(&before), "{before}");
    bao.signal("-CONT");
    goes_on(&place, &root, before);
}
