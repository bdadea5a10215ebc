//! Keys in SoftHSM keep the contract.

use std::fs;
use std::path::Path;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::Attribute;
use cryptoki::session::{Session, UserType};
use greatseal_core::Code;
use greatseal_core::key::{PublicKey, Spelled};
use greatseal_custody::{Algorithm, Audit, Custodian, Extractable, KeyUri, Lock, Origin, Rights, sign};

use super::{Kind, PIN, SO_PIN, Token, knowing, open, open_with_file, run, scene, tool};
use crate::contract::{self, Place, Troubled};
use crate::support::{Source, request, soon};

pub(super) const SOFTHSM: Kind = Kind {
    module: &[
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
        "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
        "/usr/lib64/pkcs11/libsofthsm2.so",
        "/usr/lib64/softhsm/libsofthsm2.so",
    ],
    packages: "softhsm2",
    prepare: |folder| {
        let (tokens, conf) = (folder.join("tokens"), folder.join("softhsm2.conf"));
        fs::create_dir(&tokens).unwrap();
        let text = format!("directories.tokendir = {}\nobjectstore.backend = file\n", tokens.display());
        fs::write(&conf, text).unwrap();
        vec![("SOFTHSM2_CONF", conf.into())]
    },
};

/// The P-256 curve and secp384r1 as `CKA_EC_PARAMS`.
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: [u8; 7] = [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];

/// Makes a token.
pub(super) fn token(folder: &Path, label: &str) -> Token {
    let arguments = ["--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", SO_PIN];
    run("softhsm2", "softhsm2-util", &arguments);
    Token::new(SOFTHSM.path(), label, folder)
}

/// Does something with the module itself, before any custodian does.
fn by_hand<T>(token: &Token, act: impl FnOnce(&Session) -> T) -> T {
    let library = Pkcs11::new(&token.module).unwrap();
    library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
    let slots = library.get_slots_with_initialized_token().unwrap();
    let ours = |slot: &_| library.get_token_info(*slot).unwrap().label() == token.label;
    let session = library.open_rw_session(slots.into_iter().find(ours).unwrap()).unwrap();
    session.login(UserType::User, Some(&PIN.into())).unwrap();
    let answer = act(&session);
    drop(session);
    library.finalize().unwrap();
    answer
}

/// Makes a pair of keys in ways in which our own commands never would.
fn odd_pair(session: &Session, label: &str, id: u8, curve: &[u8], signs: bool) {
    let names = [Attribute::Token(true), Attribute::Label(label.into()), Attribute::Id(vec![id])];
    let public = [&names[..], &[Attribute::Private(false), Attribute::EcParams(curve.into())]].concat();
    let private = [&names[..], &[Attribute::Private(true), Attribute::Sign(signs)]].concat();
    session.generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private).unwrap();
}

struct Hsm {
    token: Token,
    uri: KeyUri,
    pinned: PublicKey,
    other: KeyUri,
    folder: std::path::PathBuf,
}

impl Hsm {
    fn new(folder: &Path, algorithm: Algorithm) -> Self {
        let token = token(folder, "acme");
        by_hand(&token, |session| {
            odd_pair(session, "silent", 1, &P256, false);
            odd_pair(session, "large", 2, &P384, true);
            odd_pair(session, "twin", 3, &P256, true);
            odd_pair(session, "twin", 4, &P256, true);
        });
        let placed = token.generate("acme/signing-1", algorithm);
        let other = token.generate("acme/signing-2", algorithm).uri;
        fs::write(folder.join("wrong"), "0000\n").unwrap();
        Self { token, uri: placed.uri, pinned: placed.public_key, other, folder: folder.into() }
    }

    fn at(&self, key: &str) -> Box<dyn Custodian> {
        open_with_file(&self.token.with_pin(key), self.pinned)
    }

    fn elsewhere(&self, uri: &str) -> Box<dyn Custodian> {
        let pin = self.token.pin_file.display();
        open_with_file(&format!("{uri}&pin-source=file:{pin}").parse().unwrap(), self.pinned)
    }
}

impl Place for Hsm {
    fn pinned(&self) -> Spelled {
        Spelled::Did(self.pinned)
    }
    fn good(&self) -> Box<dyn Custodian> {
        open_with_file(&self.uri, self.pinned)
    }
    fn replaced(&self) -> Troubled {
        (open_with_file(&self.other, self.pinned), Code::CustodyPin)
    }
    fn troubles(&self) -> Vec<(&'static str, Troubled)> {
        let module = self.token.module.display();
        let key = ";object=acme%2Fsigning-1";
        let pin_from = |file: &str| {
            let path = self.folder.join(file);
            open_with_file(&self.token.uri(key, &format!("&pin-source={}", path.display())), self.pinned)
        };
        let asking = |source| open(&self.token.uri(key, ""), self.pinned, source);
        vec![
            ("wrong PIN in the file", (pin_from("wrong"), Code::CustodyLocked)),
            ("wrong PIN typed", (asking(Source::new(Some("1111"))), Code::CustodyLocked)),
            ("PIN too short", (asking(Source::new(Some("1"))), Code::CustodyLocked)),
            ("nobody to ask", (asking(Source::new(None)), Code::CustodyPassphrase)),
            ("no file with a PIN", (pin_from("nowhere"), Code::CustodySetup)),
            ("no module", (self.elsewhere("pkcs11:token=acme;object=k?module-path=/nowhere.so"), Code::CustodySetup)),
            (
                "no PKCS#11 in the module",
                (self.elsewhere("pkcs11:token=acme;object=k?module-path=/bin/true"), Code::CustodySetup),
            ),
            (
                "no such token",
                (
                    self.elsewhere(&format!("pkcs11:token=other;object=k?module-path={module}")),
                    Code::CustodyUnreachable,
                ),
            ),
            ("no such key", (self.at(";object=nobody"), Code::CustodyMissing)),
            ("no key with both marks", (self.at(";object=acme%2Fsigning-1;id=%01"), Code::CustodyMissing)),
            ("two keys", (self.at(";object=twin"), Code::Usage)),
            ("another curve", (self.at(";object=large"), Code::CustodyAnswer)),
        ]
    }
    /// A module that runs in this process: nothing of it can be stopped alone. See the TPM.
    fn hanging(&self) -> Option<Box<dyn Custodian>> {
        None
    }
}

#[test]
fn ed25519_keys_keep_the_contract() {
    scene(&SOFTHSM, "softhsm::ed25519_keys_keep_the_contract", |folder| {
        contract::keep(&Hsm::new(folder, Algorithm::Ed25519));
    });
}

#[test]
fn p256_keys_keep_the_contract() {
    scene(&SOFTHSM, "softhsm::p256_keys_keep_the_contract", |folder| {
        contract::keep(&Hsm::new(folder, Algorithm::P256));
    });
}

#[test]
fn a_key_that_may_not_sign_is_told() {
    scene(&SOFTHSM, "softhsm::a_key_that_may_not_sign_is_told", |folder| {
        let hsm = Hsm::new(folder, Algorithm::P256);
        let uri = hsm.token.with_pin(";object=silent");
        let pinned = super::look_up_key(&uri);
        let fault = sign(&*open_with_file(&uri, pinned), &request(&Spelled::Did(pinned), ""), soon()).unwrap_err();
        assert_eq!(fault.code(), Code::CustodyDenied, "{fault}");
    });
}

#[test]
fn it_is_described_and_examined_as_it_is() {
    scene(&SOFTHSM, "softhsm::it_is_described_and_examined_as_it_is", |folder| {
        let hsm = Hsm::new(folder, Algorithm::Ed25519);
        let description = hsm.good().describe().unwrap();
        assert_eq!((description.uri, description.lock), (hsm.uri.clone(), Lock::Pin));
        let seen = hsm.good().examine(soon()).unwrap();
        assert_eq!((seen.origin, seen.extractable), (Origin::GeneratedInside, Extractable::Never));
        assert_eq!((seen.rights, seen.audit, seen.version), (Rights::Everything, Audit::Unknown, None));
        // Another pinned key is not what is told.
        let seen = hsm.at(";object=twin;id=%04").examine(soon());
        assert_eq!(seen.unwrap().public_key, super::look_up_key(&hsm.token.with_pin(";id=%04")));
    });
}

#[test]
fn messages_for_people_say_what_to_do() {
    scene(&SOFTHSM, "softhsm::messages_for_people_say_what_to_do", |folder| {
        let hsm = Hsm::new(folder, Algorithm::Ed25519);
        for (name, (custodian, _)) in hsm.troubles() {
            let fault = sign(&*custodian, &request(&hsm.pinned(), ""), soon()).unwrap_err().to_string();
            println!("{name}: {fault}");
            for (trouble, words) in [
                ("two keys", "say which one with id=%0"),
                ("no such token", "there is acme"),
                ("no such key", "has no key nobody"),
                ("wrong PIN typed", "CKR_PIN_INCORRECT from C_Login; there were wrong ones"),
                ("another curve", "another curve than P-256"),
                ("no PKCS#11 in the module", "bin/true does not start"),
            ] {
                assert!(trouble != name || fault.contains(words), "{name}: {fault}");
            }
        }
    });
}

#[test]
fn a_limit_of_the_token_is_kept_before_it_is_asked() {
    scene(&SOFTHSM, "softhsm::a_limit_of_the_token_is_kept_before_it_is_asked", |folder| {
        let token = token(folder, "acme");
        let key = token.generate("acme/k", Algorithm::Ed25519);
        let uri: KeyUri = format!("{}&x-max-message=2000", key.uri).parse().unwrap();
        let custodian = open_with_file(&uri, key.public_key);
        assert_eq!(custodian.describe().unwrap().largest_message, 2_000);
        let pinned = Spelled::Did(key.public_key);
        let long = crate::support::request_of_size(&pinned, 2_001);
        assert_eq!(sign(&*custodian, &long, soon()).unwrap_err().code(), Code::CustodyTooLarge);
        assert!(sign(&*custodian, &crate::support::request_of_size(&pinned, 2_000), soon()).is_ok());
    });
}

#[test]
fn a_key_is_found_whatever_names_its_token() {
    scene(&SOFTHSM, "softhsm::a_key_is_found_whatever_names_its_token", |folder| {
        let acme = token(folder, "acme");
        token(folder, "another");
        let key = acme.generate("acme/k", Algorithm::Ed25519);
        let module = acme.module.display();
        let pin = acme.pin_file.display();
        let open_by = |marks: &str| {
            let uri = format!("pkcs11:{marks};object=acme%2Fk?module-path={module}&pin-source={pin}").parse();
            open(&uri.unwrap(), key.public_key, knowing())
        };
        let pinned = Spelled::Did(key.public_key);
        let listing = run("opensc", "pkcs11-tool", &["--module", &module.to_string(), "-L"]);
        let serial = |label: &str| {
            let of = listing.split("Slot ").find(|slot| slot.contains(&format!(": {label}\n"))).unwrap();
            let line = of.lines().find(|line| line.contains("serial num")).unwrap();
            line.split(':').nth(1).unwrap().trim().to_owned()
        };
        let serial = serial("acme");
        for marks in [format!("serial={serial}"), format!("token=acme;model=SoftHSM%20v2;serial={serial}")] {
            assert!(sign(&*open_by(&marks), &request(&pinned, ""), soon()).is_ok(), "{marks}");
        }
        let fault = sign(&*open_by("model=SoftHSM%20v2"), &request(&pinned, ""), soon()).unwrap_err();
        assert_eq!(fault.code(), Code::Usage);
        assert!(fault.to_string().contains(&format!("serial={serial}")), "{fault}");
        let fault = sign(&*open_by("token=acme;model=Other"), &request(&pinned, ""), soon()).unwrap_err();
        assert_eq!(fault.code(), Code::CustodyUnreachable);
    });
}

#[test]
fn a_key_that_is_replaced_while_its_session_is_open_is_noticed() {
    scene(&SOFTHSM, "softhsm::a_key_that_is_replaced_while_its_session_is_open_is_noticed", |folder| {
        let token = token(folder, "acme");
        let make = ["--keypairgen", "--key-type", "EC:edwards25519", "--label", "k", "--id", "07"];
        tool(&token.module, &make);
        let uri = token.with_pin(";object=k");
        let pinned = super::look_up_key(&uri);
        let custodian = open_with_file(&uri, pinned);
        let asked = request(&Spelled::Did(pinned), "");
        assert!(sign(&*custodian, &asked, soon()).is_ok());
        // The private half alone: the public one still says what is pinned.
        tool(&token.module, &["--delete-object", "--type", "privkey", "--label", "k"]);
        assert_eq!(sign(&*custodian, &asked, soon()).unwrap_err().code(), Code::CustodyMissing);
        tool(&token.module, &[&make[..5], &["--id", "08"]].concat());
        assert_eq!(sign(&*custodian, &asked, soon()).unwrap_err().code(), Code::CustodyPin);
        tool(&token.module, &["--delete-object", "--type", "pubkey", "--id", "08"]);
        let fault = sign(&*custodian, &asked, soon()).unwrap_err();
        assert_eq!(fault.code(), Code::SignResult, "{fault}");
        let fault = custodian.examine(soon()).unwrap_err();
        assert_eq!(fault.code(), Code::CustodyAnswer, "{fault}");
    });
}
