//! Servers that stop, hang, are killed and come back, in the middle of many signatures.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use greatseal_core::Code;
use greatseal_core::key::Spelled;
use greatseal_custody::{Custodian, Deadline, Placed, sign, sign_batch};
use serde_json::json;

use super::server::{Bao, open, shared};
use crate::support::{request, soon};

/// Signs in several threads until told to stop, while something happens; returns how many went
/// well, and the codes of all faults.
fn sign_while(
    custodian: &dyn Custodian,
    key: &Placed,
    patience: Duration,
    happens: impl FnOnce(&AtomicUsize),
) -> (usize, Vec<Code>) {
    let (stop, good) = (AtomicBool::new(false), AtomicUsize::new(0));
    let pinned = Spelled::Did(key.public_key);
    let faults = thread::scope(|scope| {
        let workers: Vec<_> = (0..6)
            .map(|worker| {
                let (stop, good) = (&stop, &good);
                scope.spawn(move || {
                    let mut faults = Vec::new();
                    for round in 0.. {
                        if stop.load(Ordering::SeqCst) {
                            break;
                        }
                        // Verified: what counts as good is the signature asked for.
                        match sign(
                            custodian,
                            &request(&pinned, &format!("{worker}/{round}")),
                            Deadline::after(patience),
                        ) {
                            Ok(_) => _ = good.fetch_add(1, Ordering::SeqCst),
                            Err(fault) => {
                                println!("{fault}");
                                faults.push(fault.code());
                            }
                        }
                    }
                    faults
                })
            })
            .collect();
        happens(&good);
        stop.store(true, Ordering::SeqCst);
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    (good.into_inner(), faults)
}

/// Waits until so many more are signed.
fn until_more(good: &AtomicUsize, more: usize) {
    let (began, from) = (Instant::now(), good.load(Ordering::SeqCst));
    while good.load(Ordering::SeqCst) < from + more {
        assert!(began.elapsed() < Duration::from_secs(60), "nothing is signed any more");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_server_killed_in_the_middle_and_started_again_loses_nothing() {
    let mut bao = Bao::raft();
    let key = bao.new_key("k", "ed25519");
    let custodian = shared(&key, &bao.surroundings());
    let (good, faults) = sign_while(&*custodian, &key, Duration::from_secs(30), |good| {
        for _ in 0..3 {
            until_more(good, 100);
            bao.kill();
            thread::sleep(Duration::from_millis(200));
            bao.launch();
            bao.open();
            until_more(good, 100);
        }
    });
    println!("{good} signatures, {faults:?}");
    // Each waited through the outage; only a server that stays sealed is not waited for.
    assert!(faults.iter().all(|code| *code == Code::CustodySealed), "{faults:?}");
    assert!(good >= 600);
}

#[test]
fn those_who_cannot_wait_are_told_and_the_next_ones_sign_again() {
    let mut bao = Bao::raft();
    let key = bao.new_key("k", "ed25519");
    let custodian = shared(&key, &bao.surroundings());
    let (_, faults) = sign_while(&*custodian, &key, Duration::from_millis(100), |good| {
        until_more(good, 50);
        bao.kill();
        thread::sleep(Duration::from_millis(500));
        bao.launch();
        thread::sleep(Duration::from_millis(500));
        bao.open();
        until_more(good, 50);
        bao.pause();
        thread::sleep(Duration::from_millis(500));
        bao.resume();
        until_more(good, 50);
    });
    for expected in [Code::CustodyUnreachable, Code::CustodySealed, Code::CustodyDeadline] {
        assert!(faults.contains(&expected), "{expected:?} is missing: {faults:?}");
    }
    let known = [Code::CustodyUnreachable, Code::CustodySealed, Code::CustodyDeadline];
    assert!(faults.iter().all(|code| known.contains(code)), "{faults:?}");
}

#[test]
fn a_server_that_hangs_for_a_while_is_waited_for() {
    let bao = Bao::development();
    let key = bao.new_key("k", "ed25519");
    let custodian = shared(&key, &bao.surroundings());
    let (_, faults) = sign_while(&*custodian, &key, Duration::from_secs(30), |good| {
        until_more(good, 50);
        bao.pause();
        thread::sleep(Duration::from_millis(700));
        bao.resume();
        until_more(good, 50);
    });
    assert!(faults.is_empty(), "{faults:?}");
}

#[test]
fn a_batch_through_an_outage_is_whole() {
    let mut bao = Bao::raft();
    let key = bao.new_key("k", "ed25519");
    let custodian = shared(&key, &bao.surroundings());
    let requests: Vec<_> =
        (0..1_000).map(|number| request(&Spelled::Did(key.public_key), &number.to_string())).collect();
    let answers = thread::scope(|scope| {
        let signing = scope.spawn(|| sign_batch(&*custodian, &requests, soon()).unwrap());
        thread::sleep(Duration::from_millis(20));
        bao.kill();
        bao.launch();
        bao.open();
        signing.join().unwrap()
    });
    assert!(answers.iter().all(Result::is_ok), "{:?}", answers.iter().find(|answer| answer.is_err()));
}

#[test]
fn a_throttled_caller_waits_its_turn() {
    let bao = Bao::development();
    let key = bao.new_key("k", "ed25519");
    let quota = json!({ "path": "transit/", "rate": 20, "interval": "1s" });
    bao.done("POST", "sys/quotas/rate-limit/q", Some(quota));
    let custodian = open(&key, &bao.surroundings());
    let began = Instant::now();
    for number in 0..60 {
        let asked = request(&Spelled::Did(key.public_key), &number.to_string());
        assert!(sign(&*custodian, &asked, soon()).is_ok());
    }
    assert!(began.elapsed() > Duration::from_millis(1_500), "it was not throttled: {:?}", began.elapsed());
}

#[test]
fn a_key_that_is_rotated_underneath_goes_on_in_its_version_until_that_is_withdrawn() {
    let bao = Bao::development();
    let key = bao.new_key("k", "ed25519");
    let custodian = shared(&key, &bao.surroundings());
    let (_, faults) = sign_while(&*custodian, &key, Duration::from_secs(30), |good| {
        until_more(good, 20);
        bao.done("POST", "transit/keys/k/rotate", None);
        until_more(good, 20);
        bao.done("POST", "transit/keys/k/rotate", None);
        until_more(good, 20);
    });
    assert!(faults.is_empty(), "{faults:?}");
    bao.done("POST", "transit/keys/k/config", Some(json!({ "min_decryption_version": 3 })));
    let asked = request(&Spelled::Did(key.public_key), "");
    for answer in sign_batch(&*custodian, &[asked.clone(), asked.clone()], soon()).unwrap() {
        assert_eq!(answer.unwrap_err().code(), Code::CustodyVersion);
    }
    assert_eq!(sign(&*custodian, &asked, soon()).unwrap_err().code(), Code::CustodyVersion);
}

#[test]
fn a_key_of_the_same_name_that_was_made_anew_signs_nothing() {
    let bao = Bao::development();
    let key = bao.new_key("k", "ed25519");
    let custodian = open(&key, &bao.surroundings());
    let asked = request(&Spelled::Did(key.public_key), "");
    assert!(sign(&*custodian, &asked, soon()).is_ok());
    bao.done("POST", "transit/keys/k/config", Some(json!({ "deletion_allowed": true })));
    bao.done("DELETE", "transit/keys/k", None);
    assert_eq!(sign(&*custodian, &asked, soon()).unwrap_err().code(), Code::CustodyMissing);
    assert_eq!(custodian.examine(soon()).unwrap_err().code(), Code::CustodyMissing);
    bao.new_key("k", "ed25519");
    assert_eq!(sign(&*custodian, &asked, soon()).unwrap_err().code(), Code::SignResult);
    assert_ne!(custodian.examine(soon()).unwrap().public_key, key.public_key);
}
