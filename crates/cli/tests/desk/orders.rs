//! Orders of several statements, which no command makes yet; part of `src/desk/carry.rs`.

use std::fs;
use std::sync::Arc;

use greatseal_core::Timestamp;
use greatseal_core::key::{Account, Key, Role, Spelled};
use greatseal_custody::{CustodyFault, KeyName, Keystore, Passphrase, Surroundings, WorkFactor};
use greatseal_token::wascap::{self, Claims, Entity, Listing};

use super::*;
use crate::desk::{Keyring, NewKeys, NewOperator, Protector, REVISION, Received};
use crate::order::{Answer, Answered, Filing};
use crate::realm::{Name, Realm};
use crate::sealed::SealedStore;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn passphrase() -> Passphrase {
    Passphrase::from_reader(&b"a passphrase of no worth"[..]).unwrap()
}

fn ring(folder: &Path) -> Keyring {
    let store = Keystore::open(folder).unwrap().with_work_factor(WorkFactor::worthless_for_tests());
    let unlock = |_: &KeyName, _: &Spelled| -> Result<Passphrase, CustodyFault> { Ok(passphrase()) };
    Keyring::new(store, Surroundings::of(Arc::new(unlock)))
}

/// A realm with an operator of two signing keys, the second of which is kept in another folder.
fn desk(folder: &Path) -> Desk {
    let realm = Realm::create(&folder.join("acme"), Name::parse("acme").unwrap()).unwrap();
    let (near, far) = (ring(&folder.join("near")), ring(&folder.join("far")));
    for (name, ring) in [("acme/identity", &near), ("acme/signing-1", &near), ("acme/signing-2", &far)] {
        ring.store.create(&KeyName::parse(name).unwrap(), Role::Operator, &passphrase(), NOW).unwrap();
    }
    let second = KeyName::parse("acme/signing-2").unwrap();
    near.store.pin_offline(&second, far.store.find(&second).unwrap().public, NOW).unwrap();
    let mut desk = Desk {
        realm,
        ring: near,
        sealed: SealedStore::beside(&folder.join("near")),
        apart: Keystore::open(folder.join("apart")).unwrap(),
        new_protection: Box::new(|| Ok(Protector::Passphrase(passphrase()))),
        now: NOW,
    };
    let new = NewOperator { title: "Acme".into(), signing_keys: 2, succession: None, days: None };
    desk.create_operator(&new).unwrap().done().unwrap();
    desk
}

/// Two accounts in one order, each signed by another key.
fn order(desk: &Desk, by: [&str; 2]) -> Order {
    let mut order = Order::new("accounts", NOW);
    let mut keys = Vec::new();
    for (name, by) in ["first", "second"].into_iter().zip(by) {
        let name = Name::parse(name).unwrap();
        let full = desk.realm.name(name.as_str()).unwrap();
        let mut drawn = desk.draw_keys(core::slice::from_ref(&full), Role::Account).unwrap();
        desk.keep_keys(&drawn).unwrap();
        let (_, subject) = drawn.keys.pop().unwrap();
        keys.push((full, subject));
        let claims = Claims {
            terms: desk.terms(30).unwrap(),
            issuer: desk.realm.nkey(&desk.realm.name(by).unwrap()).unwrap(),
            entity: Entity::Account(Listing {
                subject: Key::<Account>::new(*subject.nkey().unwrap().raw()),
                name: Some(name.to_string()),
                signers: None,
            }),
            revision: Some(REVISION),
            succession: None,
        };
        order = order.sign(wascap::encode(&claims).unwrap(), Filing::Account(name));
    }
    order.with_keys(NewKeys::known(keys))
}

fn tokens(desk: &Desk) -> usize {
    desk.realm.tokens().unwrap().accounts.len()
}

#[test]
fn an_order_of_two_keys_is_filed_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    let Outcome::Waiting(waiting) = desk.carry_out(order(&desk, ["signing-1", "signing-2"])).unwrap() else {
        panic!("the second key is elsewhere");
    };
    assert_eq!((waiting.missing.len(), waiting.about.len(), tokens(&desk)), (1, 2, 0));
    // What could be signed here was.
    let left = Order::read(&waiting.path, Some(&desk.realm)).unwrap();
    assert_eq!(left.items.iter().map(|item| item.signature.is_some()).collect::<Vec<_>>(), [true, false]);
    assert_eq!(left.missing(), waiting.missing);

    let far = ring(&folder.path().join("far"));
    let item = left.items.get(1).unwrap();
    let answered = Answered {
        statement: item.draft.id().to_string(),
        signer: *item.draft.request().signer(),
        signature: far.sign(item.draft.request()).unwrap(),
    };
    let answer = folder.path().join("accounts.answer.json");
    fs::write(&answer, Answer::to_bytes(left.digest(), &[answered]).unwrap()).unwrap();
    let received = desk.receive(&[answer]).unwrap();
    assert!(matches!(received.as_slice(), [Received::Filed { filed, .. }] if filed.len() == 2));
    assert_eq!((tokens(&desk), desk.realm.requests().unwrap().len()), (2, 0));
    assert!(desk.realm.is_archived(&left.digest().to_string()));
}

#[test]
fn an_order_that_is_refused_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    // The second could not be filed, so the first is not.
    let taken = desk.realm.account_path(&desk.realm.name("second").unwrap());
    fs::write(&taken, "in the way").unwrap();
    let refused = desk.carry_out(order(&desk, ["signing-1", "signing-1"])).unwrap_err();
    assert_eq!(refused.code(), Code::RealmExists);
    fs::remove_file(&taken).unwrap();
    assert_eq!((tokens(&desk), desk.realm.requests().unwrap().len()), (0, 0));

    // By a key that verifiers refuse: nothing is filed either.
    let refused = desk.carry_out(order(&desk, ["signing-1", "identity"])).unwrap_err();
    assert_eq!(refused.code(), Code::AccountByIdentity);
    assert_eq!((tokens(&desk), desk.realm.requests().unwrap().len()), (0, 0));

    let filed = desk.carry_out(order(&desk, ["signing-1", "signing-1"])).unwrap().done().unwrap();
    assert_eq!((filed.len(), tokens(&desk)), (2, 2));
}

#[test]
fn a_token_is_replaced_only_by_what_was_made_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    let path = desk.realm.operator_path();
    let first = fs::read(&path).unwrap();
    let renewed = |desk: &mut Desk, days| {
        desk.now = desk.now.plus(60);
        let (_, older) = desk.realm.tokens().unwrap().operator.unwrap();
        let terms = desk.terms(days).unwrap();
        let claims = Claims { terms, ..older.content().clone() };
        Order::new("operator", desk.now).sign(wascap::encode(&claims).unwrap(), Filing::Operator).replacing(&older)
    };
    let (order, late) = (renewed(&mut desk, 300), renewed(&mut desk, 400));
    assert!(order.items.iter().all(|item| item.previous.is_some()), "the same key signed both");
    let mut filed = desk.carry_out(order).unwrap().done().unwrap();
    let second = filed.pop().unwrap().bytes;
    assert_eq!(fs::read(&path).unwrap(), second);
    let history = desk.realm.folder().join("history");
    let kept: Vec<_> = fs::read_dir(&history)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some())
        .collect();
    assert!(matches!(kept.as_slice(), [kept] if fs::read(kept).unwrap() == first), "{kept:?}");
    // The other was made to replace the first, which is no longer there.
    assert_eq!(desk.carry_out(late).unwrap_err().code(), Code::RealmExists);
    assert_eq!(fs::read(&path).unwrap(), second);
}
