//! Tokens that go away and come back.

use std::fs;
use std::thread;
use std::time::Duration;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use greatseal_core::Code;
use greatseal_core::key::Spelled;
use greatseal_custody::{Algorithm, Deadline, sign};

use super::softhsm::{SOFTHSM, token};
use super::{Token, knowing, open, open_with_file, scene, tool};
use crate::support::{request, soon};

#[test]
fn a_token_that_is_taken_out_and_put_back_is_found_again() {
    scene(&SOFTHSM, "outages::a_token_that_is_taken_out_and_put_back_is_found_again", |folder| {
        let token = token(folder, "acme");
        let key = token.generate("acme/k", Algorithm::Ed25519);
        let source = knowing();
        let custodian = open(&token.uri(";object=acme%2Fk", ""), key.public_key, source.clone());
        let asked = request(&Spelled::Did(key.public_key), "");
        assert!(sign(&*custodian, &asked, soon()).is_ok());
        for _ in 0..2 {
            let (here, away) = (folder.join("tokens"), folder.join("away"));
            fs::rename(&here, &away).unwrap();
            fs::create_dir(&here).unwrap();
            let fault = sign(&*custodian, &asked, soon()).unwrap_err();
            assert_eq!(fault.code(), Code::CustodyUnreachable, "{fault}");
            fs::remove_dir(&here).unwrap();
            fs::rename(&away, &here).unwrap();
            let answer = sign(&*custodian, &asked, soon());
            assert!(answer.is_ok(), "{answer:?}");
        }
        assert_eq!(source.asked(), 1);
    });
}

#[test]
fn a_token_that_is_made_later_is_found() {
    scene(&SOFTHSM, "outages::a_token_that_is_made_later_is_found", |folder| {
        let late = Token::new(SOFTHSM.path(), "late", folder);
        let nowhere = greatseal_custody::look_up(
            &late.with_pin(";object=k"),
            &greatseal_custody::Surroundings::of(knowing()),
            soon(),
        );
        assert_eq!(nowhere.unwrap_err().code(), Code::CustodyUnreachable);
        token(folder, "late");
        let key = late.generate("acme/k", Algorithm::Ed25519);
        let custodian = open_with_file(&key.uri, key.public_key);
        assert!(sign(&*custodian, &request(&Spelled::Did(key.public_key), ""), soon()).is_ok());
    });
}

/// Looking again for one token must not take another one from those who work with it.
#[test]
fn a_missing_token_disturbs_no_other() {
    scene(&SOFTHSM, "outages::a_missing_token_disturbs_no_other", |folder| {
        let token = token(folder, "acme");
        let key = token.generate("acme/k", Algorithm::Ed25519);
        let source = knowing();
        let good = open(&token.uri(";object=acme%2Fk", ""), key.public_key, source.clone());
        let missing = Token { label: "missing".into(), ..token };
        let bad = open_with_file(&missing.with_pin(";object=k"), key.public_key);
        let pinned = Spelled::Did(key.public_key);
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..3 {
                    let fault = sign(&*bad, &request(&pinned, ""), soon()).unwrap_err();
                    assert_eq!(fault.code(), Code::CustodyUnreachable, "{fault}");
                }
            });
            for _ in 0..300 {
                assert!(sign(&*good, &request(&pinned, ""), soon()).is_ok());
                thread::sleep(Duration::from_millis(2));
            }
        });
        assert_eq!(source.asked(), 1);
    });
}

#[test]
fn a_module_that_somebody_else_has_initialised_serves_too() {
    scene(&SOFTHSM, "outages::a_module_that_somebody_else_has_initialised_serves_too", |folder| {
        let token = token(folder, "acme");
        let library = Pkcs11::new(&token.module).unwrap();
        library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
        let slot = library.get_slots_with_initialized_token().unwrap()[0];
        let theirs = library.open_ro_session(slot).unwrap();
        let key = token.generate("acme/k", Algorithm::Ed25519);
        let custodian = open_with_file(&key.uri, key.public_key);
        let pinned = Spelled::Did(key.public_key);
        assert!(sign(&*custodian, &request(&pinned, ""), soon()).is_ok());
        // Looking for what is not there does not finalise what is not ours.
        let missing = Token { label: "missing".into(), ..token };
        drop(custodian);
        let bad = open_with_file(&missing.with_pin(";object=k"), key.public_key);
        assert_eq!(sign(&*bad, &request(&pinned, ""), soon()).unwrap_err().code(), Code::CustodyUnreachable);
        assert!(theirs.get_session_info().is_ok());
        // And if they finalise it under our sessions, it is initialised again.
        let custodian = open_with_file(&key.uri, key.public_key);
        assert!(sign(&*custodian, &request(&pinned, ""), soon()).is_ok());
        drop(theirs);
        library.finalize().unwrap();
        let answer = sign(&*custodian, &request(&pinned, ""), soon());
        assert!(answer.is_ok(), "{answer:?}");
    });
}

#[test]
fn a_module_is_started_once_whatever_its_name() {
    scene(&SOFTHSM, "outages::a_module_is_started_once_whatever_its_name", |folder| {
        let token = token(folder, "acme");
        let key = token.generate("acme/k", Algorithm::Ed25519);
        let linked = Token { module: folder.join("linked.so"), ..token.clone() };
        std::os::unix::fs::symlink(&token.module, &linked.module).unwrap();
        let pinned = Spelled::Did(key.public_key);
        let both = [&token, &linked].map(|token| open_with_file(&token.with_pin(";object=acme%2Fk"), key.public_key));
        for custodian in both.iter().cycle().take(6) {
            assert!(sign(&**custodian, &request(&pinned, ""), soon()).is_ok());
        }
        // Were it started twice, stopping one would take the session of the other.
        let missing = Token { label: "missing".into(), ..linked };
        let bad = open_with_file(&missing.with_pin(";object=k"), key.public_key);
        assert_eq!(sign(&*bad, &request(&pinned, ""), soon()).unwrap_err().code(), Code::CustodyUnreachable);
        fs::remove_file(&token.pin_file).unwrap();
        assert!(sign(&*both[0], &request(&pinned, ""), soon()).is_ok());
    });
}

/// The key goes and comes back in the middle of many signatures.
#[test]
fn an_outage_in_the_middle_loses_nothing() {
    scene(&SOFTHSM, "outages::an_outage_in_the_middle_loses_nothing", |folder| {
        let token = token(folder, "acme");
        let key = token.generate("acme/k", Algorithm::Ed25519);
        let custodian = open_with_file(&key.uri, key.public_key);
        let pinned = Spelled::Did(key.public_key);
        let (here, away) = (folder.join("tokens"), folder.join("away"));
        let (mut signed, mut failed) = (0, 0);
        thread::scope(|scope| {
            let workers: Vec<_> = (0..4)
                .map(|thread| {
                    let custodian = &*custodian;
                    scope.spawn(move || {
                        let (mut signed, mut failed) = (0, 0);
                        for round in 0..400 {
                            let asked = request(&pinned, &format!("{thread}/{round}"));
                            match sign(custodian, &asked, Deadline::after(Duration::from_millis(500))) {
                                Ok(_) => signed += 1,
                                Err(fault) => {
                                    failed += 1;
                                    let clear = [Code::CustodyUnreachable, Code::CustodyDeadline, Code::CustodyMissing];
                                    assert!(clear.contains(&fault.code()), "{fault}");
                                }
                            }
                            thread::sleep(Duration::from_millis(5));
                        }
                        (signed, failed)
                    })
                })
                .collect();
            thread::sleep(Duration::from_millis(300));
            fs::rename(&here, &away).unwrap();
            thread::sleep(Duration::from_millis(800));
            fs::rename(&away, &here).unwrap();
            for worker in workers {
                let (good, bad) = worker.join().unwrap();
                signed += good;
                failed += bad;
            }
        });
        println!("{signed} signed, {failed} failed");
        assert_eq!(signed + failed, 1_600);
        assert!(signed > 800 && failed > 0, "{signed}, {failed}");
        assert!(sign(&*custodian, &request(&pinned, "after"), soon()).is_ok());
        assert!(tool(&token.module, &["-O"]).contains("acme/k"));
    });
}
