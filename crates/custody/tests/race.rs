//! Many at once: threads and processes that want the same name, and different ones.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::thread;

use greatseal_core::key::Role;
use greatseal_custody::{CustodyFault, Keystore, sign};

use crate::support::{
    NOW, PASSPHRASE, Source, around, child, given_folder, keystore, name, new_keystore, passphrase, request, soon,
};

const PROCESSES: usize = 4;
const NAMES: usize = 6;

/// Every name of the table signs, with the key that is pinned for it.
fn assert_whole(store: &Keystore) {
    for entry in store.list().unwrap().entries {
        let custodian = store.custodian(&entry.name, &around(Source::right())).unwrap();
        assert!(sign(&*custodian, &request(&entry.public, ""), soon()).is_ok(), "{}", entry.name);
    }
}

fn unfinished(path: &Path) -> usize {
    fs::read_dir(path)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with('.'))
        .count()
}

#[test]
fn of_two_threads_that_want_one_name_one_gets_it() {
    for _ in 0..10 {
        let (_outer, path, store) = new_keystore();
        let results: Vec<_> = thread::scope(|scope| {
            let create = || store.create(&name("acme/a"), Role::Account, &passphrase(PASSPHRASE), NOW);
            let threads: Vec<_> = (0..2).map(|_| scope.spawn(create)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let made: Vec<_> = results.iter().filter_map(|result| result.as_ref().ok()).collect();
        let faults: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
        assert_eq!(faults, [&CustodyFault::Exists { name: name("acme/a") }]);
        assert_eq!(store.list().unwrap().entries, [made[0].clone()]);
        assert_eq!((store.list().unwrap().orphans.len(), unfinished(&path)), (0, 0));
        assert_whole(&store);
    }
}

#[test]
fn of_two_threads_that_import_one_key_one_keeps_it() {
    const SEED: &[u8] = b"SOAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H2AJA";
    let (_outer, _path, store) = new_keystore();
    let kept = thread::scope(|scope| {
        let import = |text: &'static str| store.import(&name(text), SEED, &passphrase(PASSPHRASE), NOW).is_ok();
        let threads = ["a", "b", "c"].map(|text| scope.spawn(move || import(text)));
        threads.into_iter().filter_map(|thread| thread.join().ok()).filter(|kept| *kept).count()
    });
    assert_eq!((kept, store.list().unwrap().entries.len()), (1, 1));
}

#[test]
fn of_many_processes_each_name_goes_to_one_and_none_is_lost() {
    let (_outer, path, store) = new_keystore();
    let processes: Vec<_> =
        (0..PROCESSES).map(|_| child("race::one_of_many_processes", &path).spawn().unwrap()).collect();
    let mut won = Vec::new();
    for process in processes {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success());
        let output = String::from_utf8(output.stdout).unwrap();
        won.extend(output.lines().filter_map(|line| line.split_once("won ")).map(|(_, key)| key.to_owned()));
    }
    let entries = store.list().unwrap().entries;
    // The keys that were reported as made are exactly those that are kept.
    let kept: BTreeSet<_> = entries.iter().map(|entry| format!("{} {}", entry.name, entry.public)).collect();
    assert_eq!(won.len(), NAMES, "{won:?}");
    assert_eq!(won.into_iter().collect::<BTreeSet<_>>(), kept);
    assert_eq!((store.list().unwrap().orphans.len(), unfinished(&path)), (0, 0));
    assert_whole(&store);
}

/// Does nothing unless the test above has started it.
#[test]
fn one_of_many_processes() {
    let Some(folder) = given_folder() else { return };
    for number in 0..NAMES {
        match keystore(&folder).create(&name(&format!("n-{number}")), Role::Account, &passphrase(PASSPHRASE), NOW) {
            Ok(entry) => println!("won {} {}", entry.name, entry.public),
            Err(fault) => assert!(matches!(fault, CustodyFault::Exists { .. }), "{fault}"),
        }
    }
}
