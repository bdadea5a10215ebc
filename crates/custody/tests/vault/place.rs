//! The contract, with every trouble that the place can have.

use std::num::NonZeroUsize;

use greatseal_core::Code;
use greatseal_core::key::Spelled;
use greatseal_custody::{Custodian, Lock, Placed, Surroundings, sign, sign_batch};
use serde_json::json;

use super::server::{Bao, open, pinned_as, write_token};
use crate::contract::{self, Place, Troubled};
use crate::support::{request, request_of_size, soon};

/// A key in an open server, another server that is sealed, one that hangs, and one that is gone.
struct Servers {
    good: Bao,
    around: Surroundings,
    key: Placed,
    sealed: Bao,
    hanging: Bao,
    gone: String,
}

impl Servers {
    fn of(kind: &str) -> Self {
        let (good, sealed, hanging, mut gone) =
            (Bao::development(), Bao::development(), Bao::development(), Bao::development());
        let key = good.new_key("good", kind);
        for name in ["rotated-away", "encrypts-from-2", "replaced"] {
            good.new_key(name, kind);
        }
        for name in ["rotated-away", "encrypts-from-2"] {
            good.done("POST", &format!("transit/keys/{name}/rotate"), None);
        }
        let least = json!({ "min_decryption_version": 2 });
        good.done("POST", "transit/keys/rotated-away/config", Some(least));
        let least = json!({ "min_encryption_version": 2 });
        good.done("POST", "transit/keys/encrypts-from-2/config", Some(least));
        good.done("POST", "sys/mounts/throttled", Some(json!({ "type": "transit" })));
        good.done("POST", "throttled/keys/good", Some(json!({ "type": kind })));
        let quota = json!({ "path": "throttled/", "rate": 1, "interval": "10m" });
        good.done("POST", "sys/quotas/rate-limit/throttled", Some(quota));
        good.call("GET", "throttled/keys/good", None);
        sealed.seal();
        hanging.pause();
        let address = gone.address();
        gone.kill();
        Self { around: good.surroundings(), good, key, sealed, hanging, gone: address }
    }

    /// Returns the pinned key under another URI.
    fn at(&self, uri: &str) -> Box<dyn Custodian> {
        self.at_with(uri, &self.around)
    }

    fn at_with(&self, uri: &str, around: &Surroundings) -> Box<dyn Custodian> {
        open(&Placed { uri: uri.parse().unwrap(), public_key: self.key.public_key }, around)
    }
}

impl Place for Servers {
    fn pinned(&self) -> Spelled {
        Spelled::Did(self.key.public_key)
    }

    fn good(&self) -> Box<dyn Custodian> {
        open(&self.key, &self.around)
    }

    fn replaced(&self) -> Troubled {
        let uri = self.good.uri("replaced", "&version=1");
        (open(&pinned_as(&Placed { uri, ..self.key.clone() }, self.key.public_key), &self.around), Code::SignResult)
    }

    fn troubles(&self) -> Vec<(&'static str, Troubled)> {
        let there = |key: &str, more: &str| self.good.uri(key, more).to_string();
        let with = |token: &str| self.at_with(&there("good", "&version=1"), &self.good.surroundings_with(token));
        let elsewhere = |address: &str| self.at(&format!("openbao://good?address={address}&version=1"));
        let mut no_token = self.around.clone();
        no_token.home = Some(self.good.folder().join("nobody"));
        let open_token = self.good.surroundings();
        let path = open_token.home.clone().unwrap().join(".vault-token");
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        let no_policy = self.good.token(r#"path "transit/sign/other" { capabilities = ["update"] }"#);
        vec![
            ("refused connection", (elsewhere(&self.gone), Code::CustodyUnreachable)),
            ("sealed", (elsewhere(&self.sealed.address()), Code::CustodySealed)),
            ("throttled", (self.at(&there("good", "&mount=throttled&version=1")), Code::CustodyUnreachable)),
            ("a token that is none", (with("s.nonsense"), Code::CustodyDenied)),
            ("a token without the right", (with(&no_policy), Code::CustodyDenied)),
            ("no token", (self.at_with(&there("good", "&version=1"), &no_token), Code::CustodySetup)),
            (
                "a token that others read",
                (self.at_with(&there("good", "&version=1"), &open_token), Code::CustodyPermissions),
            ),
            ("no such key", (self.at(&there("nothing", "&version=1")), Code::CustodyMissing)),
            ("no such engine", (self.at(&there("good", "&mount=nowhere&version=1")), Code::CustodyMissing)),
            ("no such namespace", (self.at(&there("good", "&namespace=nowhere&version=1")), Code::CustodyMissing)),
            ("a version to come", (self.at(&there("good", "&version=2")), Code::CustodyVersion)),
            ("rotated past", (self.at(&there("rotated-away", "&version=1")), Code::CustodyVersion)),
            ("rotated past for signing", (self.at(&there("encrypts-from-2", "&version=1")), Code::CustodyVersion)),
        ]
    }

    fn hanging(&self) -> Option<Box<dyn Custodian>> {
        Some(self.at(&format!("openbao://good?address={}&version=1", self.hanging.address())))
    }
}

#[test]
fn ed25519_keys_keep_the_contract() {
    contract::keep(&Servers::of("ed25519"));
}

#[test]
fn p256_keys_keep_the_contract() {
    contract::keep(&Servers::of("ecdsa-p256"));
}

#[test]
fn every_trouble_is_told_with_the_place_and_without_the_token() {
    let servers = Servers::of("ed25519");
    for (name, (custodian, _)) in servers.troubles() {
        let brief = greatseal_custody::Deadline::after(std::time::Duration::from_millis(1_500));
        for fault in [
            sign(&*custodian, &request(&servers.pinned(), ""), brief).unwrap_err(),
            sign_batch(&*custodian, &vec![request(&servers.pinned(), ""); 2], brief).unwrap().remove(0).unwrap_err(),
        ] {
            println!("{name}: {fault} [{:?}]", fault.code());
            let text = fault.to_string();
            assert!(!text.contains(super::server::ROOT) && !text.contains("s.nonsense"), "{text}");
            assert!(text.contains("OpenBao at http://127.0.0.1:") || text.contains(".vault-token"), "{text}");
        }
    }
}

#[test]
fn it_is_described_as_it_is() {
    let bao = Bao::development();
    let key = bao.new_key("k", "ed25519");
    let description = open(&key, &bao.surroundings()).describe().unwrap();
    assert_eq!(description.uri, bao.uri("k", "&version=1"));
    assert_eq!((description.lock, description.batch), (Lock::None, NonZeroUsize::new(100).unwrap()));
    assert_eq!(description.largest_message, 1024 * 1024);
    // Vault takes no longer text in JSON, by default.
    let uri = bao.uri("k", "&version=1").to_string().replace("openbao", "hashivault").parse().unwrap();
    let other = open(&Placed { uri, ..key.clone() }, &bao.surroundings());
    let limit = other.describe().unwrap().largest_message;
    assert_eq!(limit.div_ceil(3) * 4, 1024 * 1024);
    assert!(sign(&*other, &request_of_size(&Spelled::Did(key.public_key), limit), soon()).is_ok());
}

#[test]
fn a_batch_is_split_by_number_and_by_size_and_keeps_its_order() {
    let bao = Bao::raft();
    let key = bao.new_key("k", "ed25519");
    let custodian = open(&key, &bao.surroundings());
    let pinned = Spelled::Did(key.public_key);
    let requests: Vec<_> = (0..250).map(|number| request(&pinned, &number.to_string())).collect();
    // `sign_batch` verifies each answer against its own request, so a wrong order would show.
    assert!(sign_batch(&*custodian, &requests, soon()).unwrap().iter().all(Result::is_ok));
    assert!(custodian.sign_batch(&requests, soon()).iter().all(Result::is_ok));
    let large: Vec<_> = (0..9).map(|less| request_of_size(&pinned, 1024 * 1024 - less)).collect();
    assert!(sign_batch(&*custodian, &large, soon()).unwrap().iter().all(Result::is_ok));
    let log = std::fs::read_to_string(bao.folder().join("audit.log")).unwrap();
    let asked = log.lines().filter(|line| line.contains(r#""type":"request""#) && line.contains("transit/sign/k"));
    // 3 and 3 for the small ones, 4 for the large: two of a MiB in base64 and a bit stay under 4 MiB.
    assert_eq!(asked.count(), 3 + 3 + 3);
}

#[test]
fn a_new_token_is_found_after_the_old_one_was_refused() {
    let bao = Bao::development();
    let key = bao.new_key("k", "ed25519");
    let policy = r#"path "transit/sign/k" { capabilities = ["update"] }"#;
    let (old, new) = (bao.token(policy), bao.token(policy));
    let around = bao.surroundings_with(&old);
    let custodian = open(&key, &around);
    let asked = request(&Spelled::Did(key.public_key), "");
    assert!(sign(&*custodian, &asked, soon()).is_ok());
    bao.done("POST", "auth/token/revoke", Some(json!({ "token": old })));
    assert_eq!(sign(&*custodian, &asked, soon()).unwrap_err().code(), Code::CustodyDenied);
    write_token(around.home.as_ref().unwrap(), &new);
    assert!(sign(&*custodian, &asked, soon()).is_ok());
}
