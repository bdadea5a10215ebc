//! Power cuts and kills: what was reported as made is there, and nothing is half there.

use std::fs;
use std::io::{BufRead, BufReader};
use std::time::Duration;

use greatseal_core::key::Role;
use greatseal_custody::{CustodyFault, sign};

use crate::support::{
    NOW, PASSPHRASE, Source, around, child, given_folder, keystore, name, new_keystore, passphrase, request, soon,
};

/// The moment between the two writes: the key file is there, the table does not name it.
#[test]
fn a_crash_between_key_file_and_table_leaves_an_orphan_and_loses_nothing() {
    let (_outer, path, store) = new_keystore();
    let kept = store.create(&name("kept"), Role::Account, &passphrase(PASSPHRASE), NOW).unwrap();
    let table = fs::read(path.join("keys.toml")).unwrap();
    store.create(&name("acme/lost"), Role::Account, &passphrase(PASSPHRASE), NOW).unwrap();
    fs::write(path.join("keys.toml"), &table).unwrap();

    let orphan = path.join("acme.lost.age");
    let before = fs::read(&orphan).unwrap();
    let listing = store.list().unwrap();
    assert_eq!((listing.entries, listing.orphans), (vec![kept.clone()], vec![orphan.clone()]));
    let again = || store.create(&name("acme/lost"), Role::Account, &passphrase("other"), NOW);
    let fault = again().unwrap_err();
    assert_eq!(fault, CustodyFault::Orphan { path: orphan.clone() });
    assert!(fault.to_string().contains("move it away"), "{fault}");
    assert_eq!(fs::read(&orphan).unwrap(), before);

    // Moved away, it is still a whole key that `age -d` opens; and the name is free.
    fs::rename(&orphan, path.join("moved")).unwrap();
    let identity = age::scrypt::Identity::new(PASSPHRASE.into());
    let seed = age::decrypt(&identity, &fs::read(path.join("moved")).unwrap()).unwrap();
    assert!(again().is_ok());
    assert!(store.import(&name("acme/found"), &seed, &passphrase(PASSPHRASE), NOW).is_ok());
    assert_eq!(store.list().unwrap().entries.len(), 3);
}

#[test]
fn a_lost_table_loses_no_key() {
    let (_outer, path, store) = new_keystore();
    let made = store.create(&name("a"), Role::Account, &passphrase(PASSPHRASE), NOW).unwrap();
    fs::remove_file(path.join("keys.toml")).unwrap();
    assert_eq!(store.list().unwrap().orphans, [path.join("a.age")]);
    let identity = age::scrypt::Identity::new(PASSPHRASE.into());
    let seed = age::decrypt(&identity, &fs::read(path.join("a.age")).unwrap()).unwrap();
    let again = store.import(&name("b"), &seed, &passphrase(PASSPHRASE), NOW).unwrap();
    assert_eq!(again.public, made.public);
}

#[test]
fn a_half_written_table_would_be_refused_and_not_replaced() {
    let (_outer, path, store) = new_keystore();
    store.create(&name("a"), Role::Account, &passphrase(PASSPHRASE), NOW).unwrap();
    let table = fs::read(path.join("keys.toml")).unwrap();
    let half = &table[..table.len() - 20];
    fs::write(path.join("keys.toml"), half).unwrap();
    assert!(matches!(store.list(), Err(CustodyFault::Table { .. })));
    assert!(store.create(&name("b"), Role::Account, &passphrase("x"), NOW).is_err());
    assert_eq!(fs::read(path.join("keys.toml")).unwrap(), half);
    assert!(!path.join("b.age").exists());
}

/// A process that makes keys without pause is killed at many different moments.
#[test]
fn a_kill_at_any_moment_leaves_everything_whole() {
    let (_outer, path, _) = new_keystore();
    for round in 0..12 {
        let mut process = child("crash::makes_keys_until_it_is_killed", &path).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut made = Vec::new();
        for line in lines.by_ref().map_while(Result::ok) {
            if let Some((_, key)) = line.split_once("made ") {
                made.push(key.to_owned());
                if made.len() > round % 3 {
                    break;
                }
            }
        }
        std::thread::sleep(Duration::from_micros(u64::try_from(round).unwrap() * 370));
        process.kill().unwrap();
        process.wait().unwrap();
        made.extend(lines.map_while(Result::ok).filter_map(|line| Some(line.split_once("made ")?.1.to_owned())));

        let store = keystore(&path);
        let entries = store.list().unwrap().entries;
        for key in &made {
            let kept = entries.iter().any(|entry| format!("{} {}", entry.name, entry.public) == *key);
            assert!(kept, "{key} was reported and is not kept");
        }
        for entry in entries {
            let custodian = store.custodian(&entry.name, &around(Source::right())).unwrap();
            assert!(sign(&*custodian, &request(&entry.public, ""), soon()).is_ok(), "{}", entry.name);
        }
    }
}

/// Does nothing unless the test above has started it.
#[test]
fn makes_keys_until_it_is_killed() {
    let Some(folder) = given_folder() else { return };
    for number in 0..10_000 {
        let name = name(&format!("p-{}-{number}", std::process::id()));
        let entry = keystore(&folder).create(&name, Role::Account, &passphrase(PASSPHRASE), NOW).unwrap();
        println!("made {} {}", entry.name, entry.public);
    }
}
