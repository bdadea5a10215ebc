//! What our token may do: the policy that we ship is the least that works, and the server holds it.

use greatseal_core::Code;
use greatseal_core::key::Spelled;
use greatseal_custody::{Audit, Extractable, Rights, sign, sign_batch};
use serde_json::json;

use super::server::{Bao, ROOT, open};
use crate::support::{request, soon};

/// The policy as it is shipped, for the key of these tests.
fn shipped() -> String {
    include_str!("../../../../docs/custody/openbao-sign.hcl").replace("acme.payments-signing-1", "k")
}

#[test]
fn with_the_shipped_policy_a_token_signs_and_does_nothing_else() {
    let bao = Bao::development();
    let key = bao.new_key("k", "ed25519");
    bao.new_key("other", "ed25519");
    bao.done("POST", "transit/keys/k/config", Some(json!({ "deletion_allowed": true })));
    let token = bao.token(&shipped());
    for (method, path, body) in [
        ("POST", "transit/keys/k/rotate", None),
        ("POST", "transit/keys/k/config", Some(json!({ "exportable": true }))),
        ("POST", "transit/keys/k/config", Some(json!({ "min_encryption_version": 1 }))),
        ("POST", "transit/keys/k/trim", Some(json!({ "min_available_version": 1 }))),
        ("GET", "transit/export/signing-key/k", None),
        ("GET", "transit/export/signing-key/k/1", None),
        ("GET", "transit/backup/k", None),
        ("POST", "transit/restore/k", Some(json!({ "backup": "", "force": true }))),
        ("POST", "transit/keys/k/import_version", Some(json!({ "ciphertext": "" }))),
        ("DELETE", "transit/keys/k", None),
        ("POST", "transit/keys/k", Some(json!({ "type": "ed25519" }))),
        ("POST", "transit/keys/new", Some(json!({ "type": "ed25519" }))),
        ("POST", "transit/sign/other", Some(json!({ "input": "" }))),
        ("GET", "transit/keys/other", None),
        ("GET", "transit/keys?list=true", None),
        ("GET", "sys/audit", None),
        ("POST", "sys/seal", None),
    ] {
        let (status, answer) = bao.call_as(&token, method, path, body).unwrap();
        assert_eq!(status, 403, "{method} {path}: {answer}");
    }
    let custodian = open(&key, &bao.surroundings_with(&token));
    let asked = request(&Spelled::Did(key.public_key), "");
    assert!(sign(&*custodian, &asked, soon()).is_ok());
    assert!(sign_batch(&*custodian, &[asked.clone(), asked], soon()).unwrap().iter().all(Result::is_ok));
    let seen = custodian.examine(soon()).unwrap();
    assert_eq!(seen.rights, Rights::Beyond(Vec::new()));
    assert_eq!((seen.public_key, seen.audit), (key.public_key, Audit::Unknown));
}

#[test]
fn every_right_beyond_signing_is_named() {
    let bao = Bao::development();
    let key = bao.new_key("k", "ed25519");
    for (path, capability, named) in [
        ("transit/keys/k/rotate", "update", "rotate"),
        ("transit/keys/+/config", "update", "configure"),
        ("transit/export/signing-key/k", "read", "export"),
        ("transit/export/*", "read", "export"),
        ("transit/backup/k", "read", "back up"),
        ("transit/restore/k", "update", "restore"),
        ("transit/keys/k/import_version", "update", "import a version"),
        ("transit/keys/k/trim", "update", "trim"),
        ("transit/keys/k", "delete\", \"read", "delete"),
        ("sys/audit/*", "delete", "change the audit"),
        ("sys/policies/acl/*", "update", "change policies"),
    ] {
        let more = format!("{}\npath \"{path}\" {{ capabilities = [\"{capability}\"] }}\n", shipped());
        // Two rules for one path are joined.
        let custodian = open(&key, &bao.surroundings_with(&bao.token(&more)));
        assert_eq!(custodian.examine(soon()).unwrap().rights, Rights::Beyond(vec![named.into()]), "{path}");
    }
    let root = open(&key, &bao.surroundings()).examine(soon()).unwrap();
    let Rights::Beyond(all) = root.rights else { panic!("{:?}", root.rights) };
    assert_eq!(all.len(), 10, "{all:?}");
}

#[test]
fn a_token_that_only_signs_is_not_examined_and_says_why() {
    let bao = Bao::development();
    let key = bao.new_key("k", "ed25519");
    let token = bao.token(r#"path "transit/sign/k" { capabilities = ["update"] }"#);
    let custodian = open(&key, &bao.surroundings_with(&token));
    let fault = custodian.examine(soon()).unwrap_err();
    assert_eq!(fault.code(), Code::CustodyDenied);
    assert!(fault.to_string().contains("read the key"), "{fault}");
    assert!(sign(&*custodian, &request(&Spelled::Did(key.public_key), ""), soon()).is_ok());
}

#[test]
fn what_it_may_not_even_ask_is_unknown() {
    let bao = Bao::development();
    let key = bao.new_key("k", "ed25519");
    let policy = format!("{}\npath \"sys/capabilities-self\" {{ capabilities = [\"deny\"] }}\n", shipped());
    let seen = open(&key, &bao.surroundings_with(&bao.token(&policy))).examine(soon()).unwrap();
    assert_eq!((seen.rights, seen.audit), (Rights::Unknown, Audit::Unknown));
}

#[test]
fn exportable_is_told_as_what_it_is_and_what_it_can_become() {
    let bao = Bao::development();
    let around = bao.surroundings();
    for flag in ["exportable", "allow_plaintext_backup"] {
        let key = bao.new_key(flag, "ed25519");
        let custodian = open(&key, &around);
        assert_eq!(custodian.examine(soon()).unwrap().extractable, Extractable::Configurable);
        bao.done("POST", &format!("transit/keys/{flag}/config"), Some(json!({ flag: true })));
        assert_eq!(custodian.examine(soon()).unwrap().extractable, Extractable::Yes);
        // The key that was not exportable when it was made leaves now: why the flag is no protection.
        if flag == "exportable" {
            let export = bao.done("GET", "transit/export/signing-key/exportable", None);
            assert!(export["data"]["keys"]["1"].is_string());
        }
    }
}

#[test]
fn the_record_of_uses_is_seen_by_those_who_may() {
    let (with, without) = (Bao::raft(), Bao::development());
    for (bao, audit) in [(&with, Audit::On), (&without, Audit::Off)] {
        let key = bao.new_key("k", "ed25519");
        assert_eq!(open(&key, &bao.surroundings()).examine(soon()).unwrap().audit, audit);
        let policy = format!("{}\npath \"sys/audit\" {{ capabilities = [\"read\", \"sudo\"] }}\n", shipped());
        let seen = open(&key, &bao.surroundings_with(&bao.token(&policy))).examine(soon()).unwrap();
        assert_eq!((seen.audit, seen.rights), (audit, Rights::Beyond(Vec::new())));
    }
}

#[test]
fn no_token_shows() {
    let bao = Bao::development();
    let key = bao.new_key("k", "ed25519");
    let custodian = open(&key, &bao.surroundings());
    custodian.examine(soon()).unwrap();
    let shown = format!("{:?} {:?}", bao.surroundings(), custodian.describe().unwrap());
    assert!(!shown.contains(ROOT), "{shown}");
}
