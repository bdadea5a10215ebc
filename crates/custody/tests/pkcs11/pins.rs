//! PINs: asked for once, tried once, kept from nobody who needs them again.

use std::fs;
use std::thread;

use greatseal_core::Code;
use greatseal_core::key::Spelled;
use greatseal_custody::{Algorithm, sign};

use super::softhsm::{SOFTHSM, token};
use super::{PIN, knowing, open, open_with_file, scene};
use crate::support::{Source, request, soon};

#[test]
fn a_pin_is_asked_for_once_and_only_when_it_is_needed() {
    scene(&SOFTHSM, "pins::a_pin_is_asked_for_once_and_only_when_it_is_needed", |folder| {
        let token = token(folder, "acme");
        let key = token.generate("acme/k", Algorithm::Ed25519);
        let pinned = Spelled::Did(key.public_key);
        for (source, code) in [
            (knowing(), None),
            (Source::new(Some("wrong")), Some(Code::CustodyLocked)),
            (Source::new(None), Some(Code::CustodyPassphrase)),
        ] {
            let custodian = open(&token.uri(";object=acme%2Fk", ""), key.public_key, source.clone());
            custodian.describe().unwrap();
            assert_eq!(source.asked(), 0);
            for _ in 0..3 {
                let answer = sign(&*custodian, &request(&pinned, ""), soon());
                assert_eq!(answer.err().map(|fault| fault.code()), code);
                assert_eq!(source.asked(), 1);
            }
        }
    });
}

#[test]
fn of_many_at_once_one_asks_and_nobody_for_a_key_behind_a_file() {
    scene(&SOFTHSM, "pins::of_many_at_once_one_asks_and_nobody_for_a_key_behind_a_file", |folder| {
        let token = token(folder, "acme");
        let key = token.generate("acme/k", Algorithm::Ed25519);
        for (uri, times) in [(token.uri(";object=acme%2Fk", ""), 1), (token.with_pin(";object=acme%2Fk"), 0)] {
            let source = knowing();
            let custodian = open(&uri, key.public_key, source.clone());
            thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| sign(&*custodian, &request(&Spelled::Did(key.public_key), ""), soon()).unwrap());
                }
            });
            assert_eq!(source.asked(), times);
        }
    });
}

#[test]
fn a_file_that_is_corrected_is_read_again() {
    scene(&SOFTHSM, "pins::a_file_that_is_corrected_is_read_again", |folder| {
        let token = token(folder, "acme");
        let key = token.generate("acme/k", Algorithm::Ed25519);
        let custodian = open_with_file(&key.uri, key.public_key);
        let asked = request(&Spelled::Did(key.public_key), "");
        fs::write(&token.pin_file, "not-the-pin\n").unwrap();
        for _ in 0..3 {
            assert_eq!(sign(&*custodian, &asked, soon()).unwrap_err().code(), Code::CustodyLocked);
        }
        fs::write(&token.pin_file, format!("{PIN}\r\nand more\n")).unwrap();
        assert!(sign(&*custodian, &asked, soon()).is_ok());
        // Logged in once, it needs no file any more.
        fs::remove_file(&token.pin_file).unwrap();
        assert!(sign(&*custodian, &asked, soon()).is_ok());
    });
}

/// A login belongs to the process, says the standard: whoever is in it may use the token.
#[test]
fn a_login_serves_every_key_of_the_token() {
    scene(&SOFTHSM, "pins::a_login_serves_every_key_of_the_token", |folder| {
        let token = token(folder, "acme");
        let keys = ["acme/a", "acme/b"].map(|label| token.generate(label, Algorithm::Ed25519));
        let sources = [knowing(), knowing()];
        let uris = [token.uri(";object=acme%2Fa", ""), token.uri(";object=acme%2Fb", "")];
        let open_one = |at: usize| open(&uris[at], keys[at].public_key, sources[at].clone());
        let custodians = [open_one(0), open_one(1)];
        for (custodian, key) in custodians.iter().zip(&keys) {
            assert!(sign(&**custodian, &request(&Spelled::Did(key.public_key), ""), soon()).is_ok());
        }
        assert_eq!(sources.map(|source| source.asked()), [1, 0]);
        // And it ends with the last custodian.
        drop(custodians);
        let nobody = Source::new(None);
        let custodian = open(&uris[0], keys[0].public_key, nobody.clone());
        let fault = sign(&*custodian, &request(&Spelled::Did(keys[0].public_key), ""), soon()).unwrap_err();
        assert_eq!((fault.code(), nobody.asked()), (Code::CustodyPassphrase, 1));
    });
}
