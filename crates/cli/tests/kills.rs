//! Commands that are killed at every single write, flush and renaming, and disks that fail there.
//!
//! `strace` stops the real command before its N-th call of a kind, for every N there is, and either
//! kills it or lets that call fail with ENOSPC. Covered are the calls by which files come to be:
//! making and writing files, flushing, renaming, linking, removing, making folders; of the process
//! and all its threads. Not covered is what a disk may lose that said it had flushed. After each
//! stop the realm opens for reading, the next command completes or gives up what was begun, and
//! the files are exactly those of before or of after.
//!
//! Where `strace` is missing or may not trace, these tests say so and pass; `faults.rs` kills
//! without it, at moments and not at calls.
#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests write files, start and kill the command"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "helpers of tests: a failure is a panic"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use greatseal_core::key::Role;
use serde_json::Value;
use support::{COMMAND, Place, Run};

/// Calls by which files come to be, change and go; each is counted by itself. A kill between making
/// a file and writing to it is the one at that write.
const CALLS: [&str; 10] =
    ["write", "fsync", "fdatasync", "rename", "renameat2", "linkat", "unlink", "unlinkat", "rmdir", "mkdir"];
/// More calls of a kind than any command here makes.
const MOST: usize = 300;

/// What happens at the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Kill,
    NoRoom,
}

impl Stop {
    fn words(self) -> &'static str {
        match self {
            Self::Kill => "signal=KILL",
            Self::NoRoom => "error=ENOSPC",
        }
    }
}

/// Runs the command and stops it; `None` when it made no such call any more.
fn stopped(place: &Place, call: &str, stop: Stop, number: usize, words: &[&str]) -> Option<Run> {
    let mut strace = place.program("strace");
    strace.args(["-f", "-qq", "-o", "trace", "-e", &format!("trace={call}")]);
    strace.args(["-e", &format!("inject={call}:{}:when={number}", stop.words())]);
    let run = Run::of(strace.arg(COMMAND).args(words));
    let trace = String::from_utf8_lossy(&place.read("trace")).into_owned();
    fs::remove_file(place.path("trace")).unwrap();
    (run.exit.is_none() || trace.contains("(INJECTED)")).then_some(run)
}

fn can_trace() -> bool {
    let place = Place::new();
    let mut strace = place.program("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=write", "-e", "inject=write:error=ENOSPC:when=300"]);
    let can = strace.args([COMMAND, "--version"]).output().is_ok_and(|output| output.status.success());
    if !can {
        eprintln!("not run: there is no strace here that may trace");
    }
    can
}

/// The realm as it counts: its files but for the history, whose folders are named by the hour, and
/// the names of its keys.
#[derive(Debug, PartialEq, Eq)]
struct State {
    files: Vec<String>,
    keys: BTreeSet<String>,
}

impl State {
    #[track_caller]
    fn of(place: &Place) -> Self {
        let counts = |name: &String| !name.starts_with('.') && !name.starts_with("history/0");
        let listed = place.run(["key", "list", "--realm", "acme", "--output", "json"]).exits(0).json();
        let name = |key: &Value| key["name"].as_str().unwrap().to_owned();
        Self {
            files: place.files("acme").into_keys().filter(counts).map(|name| without_ids(&name)).collect(),
            keys: listed["keys"].as_array().unwrap().iter().map(name).collect(),
        }
    }
}

/// The name of a file without the statement ids in it, which are others every time.
fn without_ids(name: &str) -> String {
    let is_id = |part: &str| part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let parts = name.split_inclusive(['-', '.']);
    parts.map(|part| if is_id(part.trim_end_matches(['-', '.'])) { "ID" } else { part }).collect()
}

/// A copy of a folder that was set up once.
fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&to).unwrap();
            fs::set_permissions(&to, entry.metadata().unwrap().permissions()).unwrap();
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn copied(template: &Place) -> Place {
    let place = Place::new();
    copy(&template.path("."), &place.path("."));
    place
}

/// Stops a command that makes one change, at every call of every kind.
fn sweep(words: &[&str], template: &Place) {
    sweep_over(words, template, Changes::One);
}

/// How many changes a command makes, each whole or not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Changes {
    One,
    /// One after another: typed again, it goes on from where it was.
    Several,
}

fn sweep_over(words: &[&str], template: &Place, changes: Changes) {
    if !can_trace() {
        return;
    }
    template.keys_at_hand(Role::Module, &["next"]);
    let next = ["key", "create", "next", "--role", "module", "--realm", "acme"];
    // What there is when the command was never run, and when it was.
    let (unchanged, changed) = (copied(template), copied(template));
    changed.run(words).exits(0);
    let [old, new] = [unchanged, changed].map(|place| {
        place.issue(next).exits(0);
        State::of(&place)
    });
    assert_ne!(old, new);
    let (mut stops, mut left) = (0, [0, 0]);
    for stop in [Stop::Kill, Stop::NoRoom] {
        for call in CALLS {
            for number in 1.. {
                assert!(number < MOST, "{words:?} makes more than {MOST} calls of {call}");
                let place = copied(template);
                let Some(run) = stopped(&place, call, stop, number, words) else { break };
                stops += 1;
                let what = format!("{stop:?} at {call} {number}: {run}");
                // Whoever reads meanwhile finds a realm.
                place.run(["undo", "--list", "--realm", "acme"]).exits(0);
                // The next change completes what was begun, or gives it up.
                place.issue(next).exits(0);
                assert!(!place.path("acme/.greatseal-unfinished").exists(), "{what}");
                let mut now = State::of(&place);
                if changes == Changes::Several && now != old && now != new {
                    place.run(words).exits(0);
                    now = State::of(&place);
                    assert_eq!(now, new, "{what}");
                }
                assert!(now == old || now == new, "{what}\nnow: {now:?}");
                assert!(run.exit != Some(0) || now == new, "{what}\nsaid it was done, and was not");
                left[usize::from(now == new)] += 1;
            }
        }
    }
    eprintln!("{words:?}: stopped {stops} times, before and after it was decided: {left:?}");
    assert!(left.iter().all(|times| *times > 5), "{words:?}: {left:?}");
}

const ACCOUNT: [&str; 7] = ["account", "create", "payments", "--realm", "acme", "--passphrase-file", "passphrase"];

#[test]
fn account_create_is_killed_at_every_write() {
    let place = Place::new();
    place.realm();
    place.keys_at_hand(Role::Account, &["payments", "payments-signing-1"]);
    sweep(&ACCOUNT, &place);
}

#[test]
fn undo_is_killed_at_every_write() {
    let place = Place::new();
    place.realm();
    place.account("payments");
    sweep(&["undo", "--realm", "acme"], &place);
}

/// A realm with an operator that can be succeeded, an account, and keys at hand for what comes next.
fn succeeding() -> Place {
    let place = Place::new();
    place.run(["init", "acme"]).exits(0);
    place.keys_at_hand(Role::Operator, &["identity", "identity-2", "identity-3", "signing-1", "signing-2"]);
    place.issue(["operator", "create", "--signing-keys", "1", "--realm", "acme"]).exits(0);
    place.account("payments");
    place
}

const PASSPHRASE: [&str; 4] = ["--realm", "acme", "--passphrase-file", "passphrase"];

#[test]
fn the_operators_next_token_is_killed_at_every_write() {
    sweep(&[&["operator", "rotate-identity"], &PASSPHRASE[..]].concat(), &succeeding());
}

#[test]
fn signing_keys_are_killed_at_every_write() {
    let place = succeeding();
    sweep(&[&["operator", "signing-key", "add", "signing-2"], &PASSPHRASE[..]].concat(), &place);
}

/// Kills one of the steps by which the operator's signing key moves, after those before it were done.
fn move_is_killed(done: usize, more: &[&str]) {
    let place = succeeding();
    let words = [&["key", "move", "signing-1", "signing-2"], &PASSPHRASE[..]].concat();
    for _ in 0..done {
        place.run(&words).exits(0);
    }
    sweep_over(&[&words[..], more].concat(), &place, Changes::Several);
}

#[test]
fn listing_both_keys_of_a_move_is_killed_at_every_write() {
    move_is_killed(0, &[]);
}

#[test]
fn signing_anew_for_a_move_is_killed_at_every_write() {
    move_is_killed(1, &[]);
}

#[test]
fn unlisting_the_old_key_of_a_move_is_killed_at_every_write() {
    move_is_killed(2, &["--confirm", "signing-1", "--replace-all"]);
}

#[test]
fn an_accounts_next_token_is_killed_at_every_write() {
    sweep(&[&["account", "reissue", "payments"], &PASSPHRASE[..]].concat(), &succeeding());
}

#[test]
fn revocations_are_killed_at_every_write() {
    let place = succeeding();
    sweep(&[&["revoke", "key", "signing-1", "--confirm", "signing-1"], &PASSPHRASE[..]].concat(), &place);
}

#[test]
fn publishing_a_sealed_revocation_is_killed_at_every_write() {
    let place = succeeding();
    let made = [&["key", "sealed", "make", "signing-1", "--out", "sealed.jwt"], &PASSPHRASE[..]].concat();
    place.run(made).exits(0);
    let publish = ["key", "sealed", "publish", "signing-1", "--file", "sealed.jwt", "--confirm", "signing-1"];
    sweep(&[&publish[..], &["--realm", "acme"]].concat(), &place);
}

const WITHOUT_COPY: &str = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";

#[test]
fn service_rotate_is_killed_at_every_write() {
    let place = Place::with_services();
    sweep(&[&["service", "rotate", "upload", "--key", WITHOUT_COPY], &PASSPHRASE[..]].concat(), &place);
}

#[test]
fn delegation_create_is_killed_at_every_write() {
    let place = Place::with_services();
    let words =
        ["delegation", "create", "--from", "upload", "--to", "access", "--command", "/files/read", "--for", "8d"];
    sweep(&[&words[..], &["--repeat", "3"], &PASSPHRASE[..]].concat(), &place);
}

#[test]
fn delegation_revoke_is_killed_at_every_write() {
    let name = "root-signing-1-upload-files-read";
    sweep(&[&["delegation", "revoke", name, "--confirm", name], &PASSPHRASE[..]].concat(), &Place::with_services());
}

/// The trust store has the pin or has it not, and never half of it.
#[test]
fn trust_is_killed_at_every_write() {
    if !can_trace() {
        return;
    }
    let template = Place::new();
    template.realm();
    fs::rename(template.path("acme/tokens/operator.jwt"), template.path("operator.jwt")).unwrap();
    let pins = |place: &Place| {
        let listed = place.run(["trust", "list", "--output", "json"]).exits(0).json();
        listed["pins"].as_array().unwrap().len()
    };
    let (add, remove) =
        (["trust", "add", "acme", "operator.jwt", "--yes"], ["trust", "remove", "acme", "--confirm", "acme"]);
    for (words, pinned) in [(add, 0), (remove, 1)] {
        if pinned == 1 {
            template.run(add).exits(0);
        }
        let mut left = [0, 0];
        for stop in [Stop::Kill, Stop::NoRoom] {
            for call in CALLS {
                for number in 1..MOST {
                    let place = copied(&template);
                    let Some(run) = stopped(&place, call, stop, number, &words) else { break };
                    let now = pins(&place);
                    assert!(run.exit != Some(0) || now != pinned, "{stop:?} at {call} {number}: {run}");
                    left[usize::from(now != pinned)] += 1;
                    if now == pinned {
                        place.run(words).exits(0);
                    }
                    assert_ne!(pins(&place), pinned);
                    // What was left behind goes with the next change.
                    let other = place.keys_at_hand(Role::Account, &["other"])[0].to_string();
                    place.run(["trust", "add", "other", &other, "--yes"]).exits(0);
                    let hidden = |name: &String| name.starts_with('.');
                    assert!(!place.files(".config/greatseal/trust").keys().any(hidden), "{stop:?} at {call} {number}");
                }
            }
        }
        assert!(left.iter().all(|times| *times > 0), "{words:?}: {left:?}");
    }
}

/// Several at once, each killed at some moment: what remains is one realm with one history, which
/// can be taken back step by step to its beginning.
#[test]
fn commands_that_are_killed_at_once_leave_one_history() {
    let place = Place::new();
    place.realm();
    let names: Vec<String> = (0..24).map(|number| format!("k{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    place.keys_at_hand(Role::Module, &names);
    for (round, names) in names.chunks(6).enumerate() {
        thread::scope(|scope| {
            for (number, name) in names.iter().enumerate() {
                let place = &place;
                scope.spawn(move || {
                    let words = ["key", "create", name, "--role", "module", "--realm", "acme"];
                    let mut command = place.command(words);
                    command.arg("--passphrase-file").arg(place.path("passphrase"));
                    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
                    thread::sleep(Duration::from_millis((7 * number + 3 * round) as u64));
                    child.kill().unwrap();
                    child.wait().unwrap();
                });
            }
        });
    }
    place.keys_at_hand(Role::Module, &["next"]);
    place.issue(["key", "create", "next", "--role", "module", "--realm", "acme"]).exits(0);
    let listed = place.run(["undo", "--list", "--realm", "acme", "--output", "json"]).exits(0).json();
    let numbers: Vec<u64> =
        listed["changes"].as_array().unwrap().iter().rev().map(|change| change["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    // Each change begins where the one before ended.
    assert_eq!(State::of(&place).keys.len(), 3 + numbers.len() - 1);
    for _ in &numbers {
        place.run(["undo", "--realm", "acme"]).exits(0);
    }
    place.run(["undo", "--realm", "acme", "--output", "json"]).exits(1).says("GS-REALM-UNDO");
    assert!(State::of(&place).keys.is_empty());
}
