//! Commands that are killed, starved of room on the disk, or run at once: nothing that existed is
//! lost, nothing half written is to be seen, and the same command run again goes on or says why not.
#![cfg(unix)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests write files, start and kill the command, and wait"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests: a failure is a panic"
)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use greatseal_core::key::Role;
use greatseal_testkit::wasm;
use serde_json::Value;
use support::{Place, Run};

/// A published seed, for tests only.
const SEED: &str = "SMAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H2CRY";

/// Where keys are kept, in a place.
const KEYS: &str = ".config/greatseal/keys";

/// When a command is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// As soon as so many changes of files were seen.
    Change(usize),
    /// As soon as so many keys are in custody.
    Keys(usize),
    /// After a time.
    Delay(Duration),
}

/// While a passphrase is being stretched, which takes longer than this.
const STRETCHING: Moment = Moment::Delay(Duration::from_millis(150));

/// Every file of a place with its size: enough to see that something changed.
fn glance(folder: &Path) -> Vec<(PathBuf, u64)> {
    let mut seen = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        // Whatever goes away meanwhile is seen next time.
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let length = entry.metadata().map_or(0, |metadata| metadata.len());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            }
            seen.push((entry.path(), length));
        }
    }
    seen.sort();
    seen
}

/// Starts a command and kills it at that moment; says whether the moment came.
fn killed(place: &Place, words: &[&str], moment: Moment) -> bool {
    let mut last = glance(&place.path("."));
    let mut child = place.command(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    let mut changes = 0;
    loop {
        let now = glance(&place.path("."));
        changes += usize::from(now != last);
        last = now;
        let come = match moment {
            Moment::Change(number) => changes >= number,
            Moment::Keys(number) => last.iter().filter(|(path, _)| is_key(path)).count() >= number,
            Moment::Delay(time) => start.elapsed() >= time,
        };
        if come {
            return kill(&mut child);
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        thread::sleep(Duration::from_micros(50));
        assert!(start.elapsed() < Duration::from_secs(120), "{words:?} does not end");
    }
}

fn is_key(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "age")
}

/// Kills it; says whether it was still there.
fn kill(child: &mut Child) -> bool {
    child.kill().unwrap();
    child.wait().unwrap().code().is_none()
}

/// What there was before a command began.
struct Before {
    files: BTreeMap<String, Vec<u8>>,
    keys: Vec<Value>,
}

impl Before {
    fn of(place: &Place) -> Self {
        Self { files: place.files("."), keys: keys(place) }
    }

    /// Insists that everything is still there, and that everything there is whole.
    #[track_caller]
    fn assert_kept(&self, place: &Place, what: &str) {
        let now = place.files(".");
        for (name, bytes) in &self.files {
            // These two grow: that nothing went out of them is looked at below.
            if !name.ends_with("greatseal.toml") && !name.ends_with("keys.toml") {
                assert!(now.get(name) == Some(bytes), "{what}: {name} is not what it was");
            }
        }
        let listed = keys(place);
        for key in &self.keys {
            assert!(listed.contains(key), "{what}: {key} is not in {listed:?}");
        }
        for (name, bytes) in &now {
            let file = name.rsplit('/').next().unwrap_or_default();
            let unfinished = name.split('/').any(|part| part.starts_with(".greatseal-") || part.starts_with(".unfin"));
            let text = String::from_utf8_lossy(bytes);
            match file.rsplit('.').next().unwrap_or_default() {
                _ if unfinished => {}
                "jwt" | "wasm" => drop(place.run(["inspect", name]).exits(0)),
                "age" => assert!(
                    text.starts_with("-----BEGIN AGE") && text.ends_with("END AGE ENCRYPTED FILE-----\n"),
                    "{what}: half of {name}"
                ),
                _ => {}
            }
        }
    }
}

/// The realm's keys as the command lists them, with where they are kept; none without a realm.
#[track_caller]
fn keys(place: &Place) -> Vec<Value> {
    if !place.path("acme").exists() {
        return Vec::new();
    }
    let listed = place.run(["key", "list", "--realm", "acme", "--output", "json"]).exits(0).json();
    listed["keys"].as_array().unwrap().clone()
}

/// Runs it again as it was, and does what it says where something has to be done by hand.
#[track_caller]
fn goes_on(place: &Place, words: &[&str], what: &str) {
    let run = place.run(words);
    if run.exit == Some(0) {
        return;
    }
    match run.code().as_deref() {
        // All that was to be written had been.
        Some("GS-REALM-EXISTS" | "GS-NAME-TAKEN") => {}
        // The same, or a key that was never used: then it says to move its file away.
        Some("GS-CUSTODY-EXISTS") => {
            for orphan in orphans(place) {
                assert!(run.err().contains(&*orphan.to_string_lossy()), "{what}: {run}");
                fs::rename(&orphan, place.path("moved-away")).unwrap();
                place.run(words).exits(0);
            }
        }
        _ => panic!("{what}: {run}"),
    }
}

/// Key files that the table does not name.
fn orphans(place: &Place) -> Vec<PathBuf> {
    let files = place.files(KEYS);
    let table = files.get("keys.toml").map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default();
    let orphan = |name: &&String| name.ends_with(".age") && !table.contains(&format!("file:{name}"));
    files.keys().filter(orphan).map(|name| place.keys().join(name)).collect()
}

/// Kills a command at every one of these moments, each time in a place that `set_up` makes anew.
fn sweep(words: &[&str], set_up: impl Fn() -> Place, moments: impl IntoIterator<Item = Moment>, done: impl Fn(&Place)) {
    let mut kills = 0;
    for moment in moments {
        let place = set_up();
        let before = Before::of(&place);
        let what = format!("{words:?} killed at {moment:?}");
        let in_time = killed(&place, words, moment);
        before.assert_kept(&place, &what);
        if in_time {
            kills += 1;
            goes_on(&place, words, &what);
            before.assert_kept(&place, &what);
        }
        done(&place);
    }
    assert!(kills > 0, "{words:?} was never killed");
}

/// Moments for a command that stretches no passphrase.
fn quick() -> Vec<Moment> {
    let delays = [0, 2, 5, 9, 15].map(|time| Moment::Delay(Duration::from_millis(time)));
    (1..=6).map(Moment::Change).chain(delays).collect()
}

const ACCOUNT: [&str; 9] =
    ["account", "create", "payments", "--realm", "acme", "--passphrase-file", "passphrase", "--output", "json"];

fn with_realm() -> Place {
    let place = Place::new();
    place.realm();
    place
}

/// Keys of the account at hand, so that its token is made without stretching.
fn with_account_keys() -> Place {
    let place = with_realm();
    place.keys_at_hand(Role::Account, &["payments", "payments-signing-1"]);
    place
}

fn with_module() -> Place {
    let place = Place::new();
    place.write("ledger.wasm", wasm::sample(&"ledger ".repeat(10_000)));
    place
}

fn with_account() -> Place {
    let place = with_module();
    place.realm();
    place.account("payments");
    place
}

/// The account speaks.
#[track_caller]
fn account_speaks(place: &Place) {
    let words = ["verify", "acme/tokens/account-payments.jwt", "--trust", "acme/tokens/operator.jwt"];
    place.run(words).exits(0);
}

#[test]
fn init_makes_a_whole_realm_or_none() {
    let words = ["init", "acme", "--output", "json"];
    let moments = quick().into_iter().chain((7..=28).step_by(3).map(Moment::Change));
    sweep(&words, Place::new, moments, |place| {
        assert!(keys(place).is_empty());
        assert_eq!(fs::read_dir(place.path("acme")).unwrap().count(), 9);
    });
}

#[test]
fn operator_create_is_whole_or_goes_on() {
    let set_up = || {
        let place = Place::new();
        place.run(["init", "acme"]).exits(0);
        place.keys_at_hand(Role::Operator, &["identity", "identity-2", "signing-1"]);
        place
    };
    let words = ["operator", "create", "--signing-keys", "1", "--realm", "acme", "--passphrase-file", "passphrase"];
    let words = [&words[..], &["--output", "json"]].concat();
    sweep(&words, set_up, quick(), |place| {
        let words = ["verify", "acme/tokens/operator.jwt", "--trust", "acme/tokens/operator.jwt"];
        place.run(words).exits(0);
        assert_eq!(keys(place).len(), 3);
    });
}

#[test]
fn account_create_is_whole_or_goes_on() {
    sweep(&ACCOUNT, with_account_keys, quick(), |place| {
        account_speaks(place);
        assert_eq!(keys(place).len(), 5);
    });
}

/// A request that another custody has answered.
fn with_answer() -> Place {
    let place = with_realm();
    fs::rename(place.keys(), place.path("far")).unwrap();
    place.keys_at_hand(Role::Account, &["payments"]);
    place.issue(["account", "create", "payments", "--signing-keys", "0", "--realm", "acme"]).exits(0);
    place.issue(["request", "sign", "--yes", "--keys", "far", "acme/requests/account-payments.json"]).exits(0);
    fs::rename(place.path("acme/requests/account-payments.answer.json"), place.path("answer.json")).unwrap();
    place
}

#[test]
fn request_receive_is_whole_or_goes_on() {
    let words = ["request", "receive", "answer.json", "--realm", "acme", "--output", "json"];
    let mut kills = 0;
    for moment in quick() {
        let place = with_answer();
        if killed(&place, &words, moment) {
            kills += 1;
            let what = format!("killed at {moment:?}");
            // Either the request or its record is there, whole, and the answer still fits it.
            let listed = place.run(["request", "list", "--realm", "acme", "--output", "json"]).exits(0);
            assert!(!listed.err().contains("passed over"), "{what}: {listed}");
            let again = place.run(words);
            let complete = again.exit == Some(1) && again.code().as_deref() == Some("GS-REQUEST-COMPLETE");
            assert!(again.exit == Some(0) || complete, "{what}: {again}");
        }
        account_speaks(&place);
        assert_eq!(keys(&place).len(), 4);
        assert_eq!(place.files("acme/requests").keys().filter(|name| name.ends_with(".json")).count(), 0);
    }
    assert!(kills > 0, "it was never killed");
}

/// Killed while it signs, it gives the same answer the next time, whatever it remembers by then.
#[test]
fn request_sign_is_whole_or_goes_on() {
    let words = ["request", "sign", "--yes", "--keys", "far", "acme/requests/account-payments.json"];
    let words = [&words[..], &["--passphrase-file", "passphrase", "--output", "json"]].concat();
    let mut kills = 0;
    for moment in quick() {
        let place = with_answer();
        let answer = place.read("answer.json");
        for (name, _) in place.files("far").iter().filter(|(name, _)| name.ends_with(".signed")) {
            fs::remove_file(place.path("far").join(name)).unwrap();
        }
        if killed(&place, &words, moment) {
            kills += 1;
            place.run(&words).exits(0);
        }
        assert_eq!(place.read("acme/requests/account-payments.answer.json"), answer, "killed at {moment:?}");
    }
    assert!(kills > 0, "it was never killed");
}

#[test]
fn module_sign_and_strip_are_whole_or_go_on() {
    let sign = ["module", "sign", "ledger.wasm", "--account", "payments", "--module", "ledger", "--realm", "acme"];
    let sign = [&sign[..], &["--new-key", "--passphrase-file", "passphrase", "--output", "json"]].concat();
    let set_up = || {
        let place = with_account();
        place.keys_at_hand(Role::Module, &["ledger"]);
        place
    };
    sweep(&sign, set_up, quick(), |place| {
        // Killed between the key and the file it has its key, and says so; then it is left out.
        if !place.path("ledger.signed.wasm").exists() {
            let words: Vec<&str> = sign.iter().copied().filter(|word| *word != "--new-key").collect();
            place.run(words).exits(0);
        }
        let words = ["verify", "ledger.signed.wasm", "--trust", "acme/tokens/operator.jwt", "--with", "acme"];
        place.run(words).exits(0);
    });
    let strip = ["module", "strip", "ledger.wasm", "--output", "json"];
    sweep(&strip, with_module, quick(), |place| {
        assert_eq!(place.read("ledger.stripped.wasm"), place.read("ledger.wasm"));
    });
}

#[test]
fn key_create_is_whole_or_goes_on() {
    let words = ["key", "create", "ledger", "--role", "module", "--realm", "acme", "--passphrase-file", "passphrase"];
    let words = [&words[..], &["--output", "json"]].concat();
    sweep(&words, with_realm, (2..=7).map(Moment::Change).chain([STRETCHING]), |place| {
        let show = place.run(["key", "show", "ledger", "--realm", "acme", "--output", "json"]).exits(0).json();
        assert_eq!(show["custody"], "file:acme.ledger.age");
    });
}

#[test]
fn key_import_is_whole_or_goes_on() {
    let words = ["key", "import", "ledger", "ledger.nk", "--realm", "acme", "--passphrase-file", "passphrase"];
    let words = [&words[..], &["--output", "json"]].concat();
    let set_up = || {
        let place = with_realm();
        place.write("ledger.nk", SEED);
        place
    };
    // What is told apart from `key create`: how far custody is when the realm does not know the key yet.
    sweep(&words, set_up, (4..=6).map(Moment::Change).chain([STRETCHING]), |place| {
        let show = place.run(["key", "show", "ledger", "--realm", "acme", "--output", "json"]).exits(0).json();
        assert!(show["public"].as_str().unwrap().starts_with("MAB2CB576PHBB"), "{show}");
        assert_eq!(show["custody"], "file:acme.ledger.age");
    });
}

/// With keys as they are really made: killed while several are.
#[test]
fn an_account_that_is_killed_while_its_keys_are_made_gets_them_in_the_end() {
    let words = [&ACCOUNT[..], &["--signing-keys", "2"]].concat();
    sweep(&words, with_realm, [Moment::Keys(5)], |place| {
        account_speaks(place);
        assert_eq!(keys(place).len(), 6);
        assert!(keys(place).iter().all(|key| key["custody"].is_string()));
    });
}

/// Runs a command that may write no file larger than so many blocks of 512 bytes. What the system
/// does to it is either: an error from the write, or a signal that ends it.
fn starved(place: &Place, blocks: usize, signal: bool, words: &[&str]) -> Run {
    let ignore = if signal { "" } else { "trap '' XFSZ; " };
    place.run_from_shell(&format!("{ignore}ulimit -c 0; ulimit -f {blocks}; "), "", words)
}

/// Starves a command in each of these ways; says how often it failed.
fn starve(words: &[&str], blocks: &[usize], set_up: impl Fn() -> Place, done: impl Fn(&Place)) -> usize {
    let mut failures = 0;
    for &blocks in blocks {
        for signal in [false, true] {
            let place = set_up();
            let before = Before::of(&place);
            let run = starved(&place, blocks, signal, words);
            let what = format!("{words:?} with {blocks} blocks, signal {signal}");
            before.assert_kept(&place, &what);
            match run.exit {
                Some(0) => {}
                Some(1) => {
                    assert_eq!(run.code().as_deref(), Some("GS-IO"), "{what}: {run}");
                    let left = place.files(".").into_keys().find(|name| {
                        name.split('/').any(|part| part.starts_with(".greatseal-") || part.starts_with(".unfinished"))
                    });
                    assert_eq!(left, None, "{what}: an error takes away what it began");
                }
                None => assert!(signal, "{what}: {run}"),
                Some(_) => panic!("{what}: {run}"),
            }
            if run.exit != Some(0) {
                failures += 1;
                goes_on(&place, words, &what);
                before.assert_kept(&place, &what);
            }
            done(&place);
        }
    }
    failures
}

#[test]
fn without_room_on_the_disk_nothing_is_lost() {
    let init = ["init", "acme", "--output", "json"];
    assert_eq!(starve(&init, &[0], Place::new, |place| assert!(keys(place).is_empty())), 2);

    // A long title makes the token the largest file by far, so that it alone finds no room.
    let title = "Payments ".repeat(700);
    let words = [&ACCOUNT[..], &["--title", &title]].concat();
    assert_eq!(starve(&words, &[0, 2, 8], with_account_keys, account_speaks), 6);

    let sign = ["module", "sign", "ledger.wasm", "--account", "payments", "--module", "ledger", "--realm", "acme"];
    let sign = [&sign[..], &["--passphrase-file", "passphrase", "--output", "json"]].concat();
    let set_up = || {
        let place = with_account();
        place.keys_at_hand(Role::Module, &["ledger"]);
        place.issue(["key", "create", "ledger", "--role", "module", "--realm", "acme"]).exits(0);
        place
    };
    let signed = |place: &Place| {
        let words = ["verify", "ledger.signed.wasm", "--trust", "acme/tokens/operator.jwt", "--with", "acme"];
        place.run(words).exits(0);
    };
    assert_eq!(starve(&sign, &[0, 100], set_up, signed), 4);
    let strip = ["module", "strip", "ledger.wasm", "--output", "json"];
    let stripped = |place: &Place| assert_eq!(place.read("ledger.stripped.wasm"), place.read("ledger.wasm"));
    assert_eq!(starve(&strip, &[0, 100], with_module, stripped), 4);
}

#[test]
fn without_room_on_the_disk_no_key_is_lost() {
    let words = ["key", "create", "ledger", "--role", "module", "--realm", "acme", "--passphrase-file", "passphrase"];
    let words = [&words[..], &["--output", "json"]].concat();
    let made = |place: &Place| assert_eq!(keys(place).len(), 4);
    // The key's file itself, and the table of keys alone.
    assert_eq!(starve(&words, &[0, 1], with_realm, made), 4);
}

#[test]
fn commands_at_once_wait_for_each_other() {
    let place = with_realm();
    let names = ["a", "b", "c", "d"];
    for name in names {
        place.keys_at_hand(Role::Account, &[name, &format!("{name}-signing-1")]);
    }
    let create = |name: &str| place.issue(["account", "create", name, "--realm", "acme"]);
    thread::scope(|scope| {
        let makers: Vec<_> = names.map(|name| scope.spawn(move || create(name).exits(0))).into_iter().collect();
        // Whoever reads meanwhile sees whole things only.
        let mut rounds = 0;
        while rounds < 3 || makers.iter().any(|maker| !maker.is_finished()) {
            keys(&place);
            place.run(["account", "list", "--realm", "acme", "--output", "json"]).exits(0);
            for entry in fs::read_dir(place.path("acme/tokens")).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|ending| ending == "jwt") {
                    let root = place.path("acme/tokens/operator.jwt");
                    place.run([Path::new("verify"), &path, Path::new("--trust"), &root]).exits(0);
                }
            }
            rounds += 1;
        }
    });
    let listed = place.run(["account", "list", "--realm", "acme", "--output", "json"]).exits(0).json();
    assert_eq!(listed["accounts"].as_array().unwrap().len(), 4);
    assert_eq!(keys(&place).len(), 3 + 2 * 4);
}

/// Runs the same command several times at once; returns how they ended.
fn at_once<const N: usize>(place: &Place, words: &[&str]) -> Vec<(Option<i32>, Option<String>)> {
    thread::scope(|scope| {
        let runs = [(); N].map(|()| scope.spawn(|| place.run(words)));
        let mut ends: Vec<_> =
            runs.into_iter().map(|run| run.join().unwrap()).map(|run| (run.exit, run.code())).collect();
        ends.sort();
        ends
    })
}

#[test]
fn of_the_same_command_at_once_one_succeeds() {
    let place = Place::new();
    let refused = |code: &str| (Some(1), Some(code.to_owned()));
    let ends = at_once::<4>(&place, &["init", "acme", "--output", "json"]);
    assert_eq!(
        ends,
        [(Some(0), None), refused("GS-REALM-EXISTS"), refused("GS-REALM-EXISTS"), refused("GS-REALM-EXISTS")]
    );

    let place = with_account_keys();
    assert_eq!(at_once::<2>(&place, &ACCOUNT), [(Some(0), None), refused("GS-REALM-EXISTS")]);
    account_speaks(&place);

    let strip = ["module", "strip", "ledger.wasm", "--output", "json"];
    let place = with_account();
    assert_eq!(at_once::<2>(&place, &strip), [(Some(0), None), refused("GS-REALM-EXISTS")]);

    // With a key that is really made.
    let words = ["key", "create", "ledger", "--role", "module", "--realm", "acme", "--passphrase-file", "passphrase"];
    let words = [&words[..], &["--output", "json"]].concat();
    assert_eq!(at_once::<2>(&place, &words), [(Some(0), None), refused("GS-NAME-TAKEN")]);
}
