//! Key files keep the contract, and what is particular to them.

use std::fs;
use std::path::PathBuf;

use greatseal_core::Code;
use greatseal_core::key::{Nkey, Role, Spelled};
use greatseal_custody::{
    Custodian, CustodyFault, FileCustodian, FileName, KeyUri, Keystore, Lock, PassphraseFault, Surroundings, sign,
};

use crate::contract::{self, Place, Troubled};
use crate::support::{NOW, PASSPHRASE, Source, around, name, new_keystore, passphrase, request, soon};

struct Files {
    _outer: tempfile::TempDir,
    path: PathBuf,
    store: Keystore,
    pinned: Spelled,
}

impl Files {
    fn new() -> Self {
        let (outer, path, store) = new_keystore();
        let create = |text| store.create(&name(text), Role::Account, &passphrase(PASSPHRASE), NOW).unwrap().public;
        let pinned = create("acme/signing-1");
        create("acme/signing-2");
        Self { _outer: outer, path, store, pinned }
    }

    fn custodian(&self, file: &str, source: std::sync::Arc<Source>) -> Box<dyn Custodian> {
        let file = FileName::parse(file).unwrap();
        Box::new(FileCustodian::new(&self.path, file, name("acme/signing-1"), self.pinned, source))
    }
}

impl Place for Files {
    fn pinned(&self) -> Spelled {
        self.pinned
    }
    fn good(&self) -> Box<dyn Custodian> {
        self.store.custodian(&name("acme/signing-1"), &around(Source::right())).unwrap()
    }
    fn replaced(&self) -> Troubled {
        (self.custodian("acme.signing-2.age", Source::right()), Code::CustodyPin)
    }
    fn troubles(&self) -> Vec<(&'static str, Troubled)> {
        let locked = self.custodian("acme.signing-1.age", Source::new(Some("wrong")));
        let gone = self.custodian("elsewhere.age", Source::right());
        vec![("locked", (locked, Code::CustodyLocked)), ("gone", (gone, Code::CustodyMissing))]
    }
    /// Nothing is asked but a disk, and a person at his leisure.
    fn hanging(&self) -> Option<Box<dyn Custodian>> {
        None
    }
}

#[test]
fn a_replaced_file_signs_nothing_even_past_the_one_road() {
    let files = Files::new();
    let (custodian, code) = files.replaced();
    assert_eq!(custodian.sign(&request(&files.pinned, ""), soon()).unwrap_err().code(), code);
}

#[test]
fn key_files_keep_the_contract() {
    contract::keep(&Files::new());
}

#[test]
fn it_is_described_as_it_is() {
    let description = Files::new().good().describe().unwrap();
    assert_eq!(description.uri, KeyUri::File(FileName::parse("acme.signing-1.age").unwrap()));
    assert_eq!((description.lock, description.lock.word()), (Lock::Passphrase, "passphrase"));
}

#[test]
fn a_passphrase_is_asked_for_once_and_only_when_it_is_needed() {
    let files = Files::new();
    for (source, code) in [
        (Source::right(), None),
        (Source::new(Some("wrong")), Some(Code::CustodyLocked)),
        (Source::new(None), Some(Code::CustodyPassphrase)),
    ] {
        let custodian = files.custodian("acme.signing-1.age", source.clone());
        custodian.describe().unwrap();
        let other = Nkey::new(Role::Account, greatseal_core::key::RawKey::new([1; 32]));
        assert!(sign(&*custodian, &request(&other, ""), soon()).is_err());
        assert_eq!(source.asked(), 0);
        for _ in 0..3 {
            let answer = sign(&*custodian, &request(&files.pinned, ""), soon());
            assert_eq!(answer.err().map(|fault| fault.code()), code);
            assert_eq!(source.asked(), 1);
        }
    }
}

#[test]
fn of_many_at_once_one_asks() {
    let files = Files::new();
    let source = Source::right();
    let custodian = files.custodian("acme.signing-1.age", source.clone());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| sign(&*custodian, &request(&files.pinned, ""), soon()).unwrap());
        }
    });
    assert_eq!(source.asked(), 1);
}

#[test]
fn nobody_is_asked_for_a_file_that_cannot_be_read_and_it_may_come_back() {
    let files = Files::new();
    let source = Source::right();
    let custodian = files.custodian("acme.signing-1.age", source.clone());
    let (here, away) = (files.path.join("acme.signing-1.age"), files.path.join("away"));
    fs::rename(&here, &away).unwrap();
    let fault = sign(&*custodian, &request(&files.pinned, ""), soon()).unwrap_err();
    assert_eq!(fault, CustodyFault::Gone { path: here.clone() });
    assert_eq!(source.asked(), 0);
    fs::rename(&away, &here).unwrap();
    assert!(sign(&*custodian, &request(&files.pinned, ""), soon()).is_ok());
}

#[test]
fn an_unlocked_key_outlives_its_file_but_not_its_custodian() {
    let files = Files::new();
    let custodian = files.good();
    assert!(sign(&*custodian, &request(&files.pinned, ""), soon()).is_ok());
    fs::remove_file(files.path.join("acme.signing-1.age")).unwrap();
    assert!(sign(&*custodian, &request(&files.pinned, "again"), soon()).is_ok());
    let fault = sign(&*files.good(), &request(&files.pinned, ""), soon()).unwrap_err();
    assert_eq!(fault.code(), Code::CustodyMissing);
}

#[test]
fn nobody_to_ask_is_said_with_the_name() {
    let files = Files::new();
    let custodian = files.custodian("acme.signing-1.age", Source::new(None));
    let fault = sign(&*custodian, &request(&files.pinned, ""), soon()).unwrap_err();
    assert_eq!(fault, PassphraseFault::Nobody { name: name("acme/signing-1") }.into());
}

#[test]
fn damaged_files_are_refused_as_damaged() {
    let files = Files::new();
    let path = files.path.join("acme.signing-1.age");
    let whole = fs::read(&path).unwrap();
    for bytes in [&b""[..], &whole[..whole.len() / 2], b"SO", &[whole.clone(), b"more".to_vec()].concat()] {
        fs::write(&path, bytes).unwrap();
        let fault = sign(&*files.good(), &request(&files.pinned, ""), soon()).unwrap_err();
        assert_eq!(fault.code(), Code::CustodyMalformed, "{fault}");
    }
}

/// A closure serves as a source, as in the command.
#[test]
fn a_closure_is_a_source() {
    let files = Files::new();
    let source = std::sync::Arc::new(|asked: &greatseal_custody::KeyName, public: &Spelled| {
        assert_eq!((asked.as_str(), public.nkey().unwrap().role()), ("acme/signing-1", Role::Account));
        Ok(passphrase(PASSPHRASE))
    });
    let custodian = files.store.custodian(&name("acme/signing-1"), &Surroundings::of(source)).unwrap();
    assert!(sign(&*custodian, &request(&files.pinned, ""), soon()).is_ok());
}
