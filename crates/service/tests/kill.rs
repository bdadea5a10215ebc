//! What was accepted is remembered by whoever comes after a killed process.

use std::env;
use std::io::{BufRead, BufReader};
use std::num::NonZeroUsize;
use std::process::{Command, Stdio};

use greatseal_core::StatementId;
use greatseal_core::error::DelegationFault;
use greatseal_service::replay::{ReplayFile, ReplayStore};

use crate::realm::at;

const FILE: &str = "GREATSEAL_TEST_REPLAY";
const LIMIT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(999_999);

#[test]
fn the_file_survives_a_kill() {
    let outer = tempfile::tempdir().unwrap();
    let path = outer.path().join("replay");
    let mut acknowledged = 0;
    for _ in 0..3 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["kill::accepts_until_it_is_killed", "--exact", "--nocapture"])
            .env(FILE, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seen = 0;
        for line in lines {
            // The harness writes its own words before the first number.
            let Ok(number) = line.unwrap().trim().parse::<usize>() else { continue };
            acknowledged = acknowledged.max(number + 1);
            seen += 1;
            if seen == 200 {
                child.kill().unwrap();
            }
        }
        assert!(!child.wait().unwrap().success());
        assert!(seen >= 200);
    }
    let store = ReplayFile::open(&path, LIMIT, at(0)).unwrap();
    for number in 0..acknowledged {
        assert_eq!(store.enter(id(number), at(100), at(0)), Err(DelegationFault::Replayed), "{number}");
    }
}

/// Does nothing unless the test above has started it.
#[test]
fn accepts_until_it_is_killed() {
    let Some(path) = env::var_os(FILE) else { return };
    let store = ReplayFile::open(path, LIMIT, at(0)).unwrap();
    for number in 0..1_000_000 {
        if store.enter(id(number), at(100), at(0)).is_ok() {
            println!("{number}");
        }
    }
}

fn id(number: usize) -> StatementId {
    StatementId::of(&number.to_be_bytes())
}
