//! The command protects its memory before it reads a secret, and goes on reading what it is given by descriptor.
//!
//! As root, who may read everything, it is run as an ordinary user; what custody does is shown in its own tests.
#![cfg(target_os = "linux")]
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
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use support::{COMMAND, PASSPHRASE, Place, Run};

/// An account that owns nothing and may do nothing.
const NOBODY: u32 = 65534;
/// How long a process is waited for.
const PATIENCE: usize = 2000;

/// A place of an ordinary user with a realm, and words that make a program run as that user.
fn scene() -> (Place, Vec<String>) {
    let place = Place::new();
    place.run(["init", "acme"]).exits(0);
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return (place, Vec::new());
    }
    give(&place.path("."));
    let id = NOBODY.to_string();
    (place, ["setpriv", "--reuid", &id, "--regid", &id, "--clear-groups"].map(str::to_owned).into())
}

fn give(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    if fs::symlink_metadata(path).unwrap().is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path());
        }
    }
}

/// Prepares a program as the ordinary user.
fn as_user(place: &Place, user: &[String], words: &[&str]) -> Command {
    let mut all = user.iter().map(String::as_str).chain(words.iter().copied());
    let mut command = place.program(all.next().unwrap());
    command.args(all);
    command
}

const CREATE: [&str; 7] = ["key", "create", "ledger", "--role", "module", "--realm", "acme"];

#[test]
fn what_is_given_by_descriptor_is_read() {
    let (place, user) = scene();
    let script = "exec \"$@\" --passphrase-fd 3 3<passphrase";
    let shell = [&["sh", "-c", script, "sh", COMMAND][..], &CREATE].concat();
    Run::of(&mut as_user(&place, &user, &shell)).exits(0);
}

#[test]
fn its_memory_is_closed_before_it_reads_a_secret() {
    let (place, user) = scene();
    let pipe = place.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    if !user.is_empty() {
        give(&pipe);
    }
    let words = [&[COMMAND][..], &CREATE, &["--passphrase-file", "pipe"]].concat();
    let mut command = as_user(&place, &user, &words).spawn().unwrap();
    until(&command, |process| fs::read_link(process.join("exe")).is_ok_and(|exe| exe == Path::new(COMMAND)));
    until(&command, |process| core_limit(process) == ["0", "0"]);
    // Nothing that a process of the same user could read is open: its environment stands for all of it.
    let read = |of: &Child| as_user(&place, &user, &["cat", &format!("/proc/{}/environ", of.id())]).output().unwrap();
    let attempt = read(&command);
    fs::write(&pipe, format!("{PASSPHRASE}\n")).unwrap();
    assert!(command.wait().unwrap().success());
    assert!(!attempt.status.success() && attempt.stdout.is_empty());
    assert!(String::from_utf8_lossy(&attempt.stderr).contains("denied"), "{attempt:?}");

    let mut open = as_user(&place, &user, &["sleep", "20"]).spawn().unwrap();
    until(&open, |process| fs::read_link(process.join("exe")).is_ok_and(|exe| exe.ends_with("sleep")));
    let attempt = read(&open);
    open.kill().unwrap();
    open.wait().unwrap();
    assert!(attempt.status.success() && !attempt.stdout.is_empty(), "what does not protect itself can be read");
}

fn until(process: &Child, is_so: impl Fn(&Path) -> bool) {
    let folder = Path::new("/proc").join(process.id().to_string());
    for _ in 0..PATIENCE {
        if is_so(&folder) {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("{} did not come to what it was waited for", folder.display());
}

/// The soft and the hard limit of a process's core files.
fn core_limit(process: &Path) -> Vec<String> {
    let limits = fs::read_to_string(process.join("limits")).unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap_or_default();
    line.split_whitespace().take(2).map(str::to_owned).collect()
}
