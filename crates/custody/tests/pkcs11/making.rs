//! Keys that are made in tokens, and seeds that are brought to them.

use std::sync::Arc;
use std::time::Duration;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::object::{Attribute, AttributeType, ObjectClass};
use cryptoki::session::UserType;
use greatseal_core::Code;
use greatseal_core::key::{Role, Spelled};
use greatseal_custody::{
    Algorithm, CustodyFault, Deadline, Extractable, KeyName, KeyUri, Origin, Passphrase, PassphraseFault,
    PassphraseSource, Seed, Surroundings, generator, importer, look_up, sign,
};
use secrecy::ExposeSecret;

use super::softhsm::{SOFTHSM, token};
use super::{PIN, Token, knowing, open_with_file, scene, tool};
use crate::support::{Source, contains, name, passphrase, request, soon, spellings};

fn around() -> Surroundings {
    Surroundings::of(Source::new(None))
}

#[test]
fn a_key_is_made_with_a_name_of_its_own() {
    scene(&SOFTHSM, "making::a_key_is_made_with_a_name_of_its_own", |folder| {
        let token = token(folder, "acme");
        for (label, algorithm) in [("acme/a", Algorithm::Ed25519), ("acme/b", Algorithm::P256)] {
            let placed = token.generate(label, algorithm);
            let KeyUri::Pkcs11(uri) = &placed.uri else { panic!("{:?}", placed.uri) };
            assert_eq!((uri.object(), uri.id().map(<[u8]>::len)), (Some(label), Some(16)));
            assert_eq!(placed.public_key.ed25519().is_some(), algorithm == Algorithm::Ed25519);
            // As somebody finds it who was told the label alone, and with nobody to ask for a PIN.
            let found = look_up(&token.uri(&format!(";object={}", label.replace('/', "%2F")), ""), &around(), soon());
            assert_eq!(found.unwrap().public_key, placed.public_key);
            let custodian = open_with_file(&placed.uri, placed.public_key);
            assert!(sign(&*custodian, &request(&Spelled::Did(placed.public_key), ""), soon()).is_ok());
        }
    });
}

#[test]
fn the_private_half_may_do_nothing_but_sign_and_stays() {
    scene(&SOFTHSM, "making::the_private_half_may_do_nothing_but_sign_and_stays", |folder| {
        let token = token(folder, "acme");
        token.generate("acme/a", Algorithm::Ed25519);
        token.generate("acme/b", Algorithm::P256);
        bring(&token, &Seed::generate(Role::Account).unwrap(), "acme/c").unwrap();
        let library = Pkcs11::new(&token.module).unwrap();
        // Our custodians have initialised it in this process already.
        let _ = library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
        let session = library.open_ro_session(library.get_slots_with_initialized_token().unwrap()[0]).unwrap();
        session.login(UserType::User, Some(&PIN.into())).unwrap();
        let keys = session.find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY)]).unwrap();
        assert_eq!(keys.len(), 3);
        for key in keys {
            let is = |asked: AttributeType| session.get_attributes(key, &[asked]).unwrap();
            assert_eq!(is(AttributeType::Sign), [Attribute::Sign(true)]);
            assert_eq!(is(AttributeType::Sensitive), [Attribute::Sensitive(true)]);
            assert_eq!(is(AttributeType::Extractable), [Attribute::Extractable(false)]);
            assert_eq!(is(AttributeType::Unwrap), [Attribute::Unwrap(false)]);
            assert_eq!(is(AttributeType::Derive), [Attribute::Derive(false)]);
            // An empty success, if a success at all.
            assert!(is(AttributeType::Value).iter().all(|value| *value == Attribute::Value(vec![])));
        }
    });
}

fn bring(token: &Token, seed: &Seed, label: &str) -> Result<(KeyUri, Seed), CustodyFault> {
    let placed = importer(&token.with_pin(""), &around()).unwrap().import(&name(label), seed, soon())?;
    assert_eq!(placed.public_key, seed.nkey().public_key());
    Ok((placed.uri, Seed::parse(seed.to_nkey_text().expose_secret().as_bytes()).unwrap()))
}

#[test]
fn a_seed_that_is_brought_in_signs_as_before() {
    scene(&SOFTHSM, "making::a_seed_that_is_brought_in_signs_as_before", |folder| {
        let token = token(folder, "acme");
        let seed = Seed::generate(Role::Account).unwrap();
        let (uri, seed) = bring(&token, &seed, "acme/a").unwrap();
        let custodian = open_with_file(&uri, seed.nkey().public_key());
        for words in ["", "a", "b"] {
            let asked = request(&seed.nkey(), words);
            assert_eq!(sign(&*custodian, &asked, soon()), seed.sign(&asked));
        }
        let seen = custodian.examine(soon()).unwrap();
        assert_eq!((seen.origin, seen.extractable), (Origin::Imported, Extractable::Never));
    });
}

#[test]
fn a_name_that_is_taken_is_refused() {
    scene(&SOFTHSM, "making::a_name_that_is_taken_is_refused", |folder| {
        let token = token(folder, "acme");
        let first = token.generate("acme/a", Algorithm::Ed25519);
        let place = token.with_pin("");
        let taken = CustodyFault::Exists { name: name("acme/a") };
        for algorithm in [Algorithm::Ed25519, Algorithm::P256] {
            let answer = generator(&place, &around()).unwrap().generate(&name("acme/a"), algorithm, soon());
            assert_eq!(answer, Err(taken.clone()));
        }
        let seed = Seed::generate(Role::Account).unwrap();
        assert_eq!(bring(&token, &seed, "acme/a").unwrap_err(), taken);
        assert_eq!(look_up(&first.uri, &around(), soon()).unwrap().public_key, first.public_key);
        assert_eq!(tool(&token.module, &["-O", "-y", "privkey"]).matches("Private Key Object").count(), 1);
    });
}

#[test]
fn a_uri_of_a_key_is_no_place_and_a_place_is_no_key() {
    scene(&SOFTHSM, "making::a_uri_of_a_key_is_no_place_and_a_place_is_no_key", |folder| {
        let token = token(folder, "acme");
        let (key, place) = (token.with_pin(";object=k"), token.with_pin(""));
        assert_eq!(generator(&key, &around()).err().unwrap().code(), Code::Usage);
        assert_eq!(importer(&key, &around()).err().unwrap().code(), Code::Usage);
        assert_eq!(look_up(&place, &around(), soon()).unwrap_err().code(), Code::Usage);
        let missing = look_up(&token.with_pin(";object=nobody"), &around(), soon()).unwrap_err();
        assert_eq!(missing.code(), Code::CustodyMissing);
    });
}

#[test]
fn nothing_is_made_after_the_deadline_or_with_a_wrong_pin() {
    scene(&SOFTHSM, "making::nothing_is_made_after_the_deadline_or_with_a_wrong_pin", |folder| {
        let token = token(folder, "acme");
        let past = greatseal_custody::Deadline::after(std::time::Duration::ZERO);
        let made = generator(&token.with_pin(""), &around()).unwrap();
        let answer = made.generate(&name("acme/a"), Algorithm::Ed25519, past);
        assert_eq!(answer.unwrap_err().code(), Code::CustodyDeadline);
        let brief = greatseal_custody::Deadline::after(std::time::Duration::from_millis(1));
        let answer = made.generate(&name("acme/a"), Algorithm::Ed25519, brief);
        assert_eq!(answer.unwrap_err().code(), Code::CustodyDeadline);
        // Whoever works on when nobody waits takes away what it made; and the login ends.
        drop(made);
        std::thread::sleep(std::time::Duration::from_secs(1));
        let wrong = Surroundings::of(Source::new(Some("0000")));
        let answer = generator(&token.uri("", ""), &wrong).unwrap().generate(&name("acme/a"), Algorithm::P256, soon());
        assert_eq!(answer.unwrap_err().code(), Code::CustodyLocked);
        assert!(!tool(&token.module, &["-O"]).contains("acme/a"));
    });
}

/// Types slowly.
struct Slow;

impl PassphraseSource for Slow {
    fn passphrase(&self, name: &KeyName, _public: &Spelled) -> Result<Passphrase, CustodyFault> {
        Err(PassphraseFault::Nobody { name: name.clone() }.into())
    }
    fn pin(&self, _question: &str) -> Result<Passphrase, CustodyFault> {
        std::thread::sleep(Duration::from_millis(2_500));
        Ok(passphrase(PIN))
    }
}

/// Whoever waits for a person goes on waiting for the key.
#[test]
fn typing_a_pin_does_not_cost_the_new_key() {
    scene(&SOFTHSM, "making::typing_a_pin_does_not_cost_the_new_key", |folder| {
        let token = token(folder, "acme");
        let around = || Surroundings::of(Arc::new(Slow));
        let brief = || Deadline::after(Duration::from_secs(2));
        let place = token.uri("", "");
        let made = generator(&place, &around()).unwrap().generate(&name("acme/a"), Algorithm::Ed25519, brief());
        made.unwrap();
        let seed = Seed::generate(Role::Account).unwrap();
        importer(&place, &around()).unwrap().import(&name("acme/b"), &seed, brief()).unwrap();
        for label in ["acme%2Fa", "acme%2Fb"] {
            assert!(look_up(&token.with_pin(&format!(";object={label}")), &self::around(), soon()).is_ok(), "{label}");
        }
    });
}

#[test]
fn secrets_show_up_nowhere() {
    scene(&SOFTHSM, "making::secrets_show_up_nowhere", |folder| {
        let token = token(folder, "acme");
        let seed = Seed::generate(Role::Account).unwrap();
        let text = seed.to_nkey_text();
        let mut secrets = spellings(text.expose_secret().as_bytes());
        secrets.extend(spellings(PIN.as_bytes()));
        secrets.extend(spellings(b"wrong-pin-161803"));
        let mut said = Vec::new();
        let (uri, _) = bring(&token, &seed, "acme/a").unwrap();
        said.push(format!("{uri} {uri:?}"));
        said.push(format!("{:?}", bring(&token, &seed, "acme/a").unwrap_err()));
        for source in [knowing(), Source::new(Some("wrong-pin-161803"))] {
            let made = importer(&token.uri("", ""), &Surroundings::of(source)).unwrap();
            for label in ["acme/a", "acme/b"] {
                if let Err(fault) = made.import(&name(label), &seed, soon()) {
                    said.push(format!("{fault} {fault:?}"));
                }
            }
        }
        assert!(said.len() >= 5, "{said:?}");
        for text in said {
            assert!(secrets.iter().all(|secret| !contains(text.as_bytes(), secret)), "{text}");
        }
        // The same words of a wrong PIN would be found, if they were there.
        assert!(format!("{:?}", passphrase(PIN)).contains('…'));
    });
}
