//! Making keys, adopting them, and reaching the server: TLS, namespaces, addresses.

use greatseal_core::Code;
use greatseal_core::key::{PublicKey, Role, Spelled};
use greatseal_custody::{
    Algorithm, Deadline, Extractable, KeyUri, Origin, Placed, Rights, Seed, Surroundings, Versions, generator,
    importer, look_up, sign,
};
use secrecy::ExposeSecret;
use serde_json::json;

use super::server::{Bao, open, pinned_as, try_open, write_token};
use crate::support::{name, request, soon};

#[test]
fn keys_are_made_inside_and_a_name_that_is_taken_is_refused() {
    let bao = Bao::development();
    let around = bao.surroundings();
    let place = generator(&bao.uri("", ""), &around).unwrap();
    for (text, algorithm) in [("acme/payments-signing-1", Algorithm::Ed25519), ("acme/ucan", Algorithm::P256)] {
        let made = place.generate(&name(text), algorithm, soon()).unwrap();
        assert_eq!(made.uri, bao.uri(&text.replace('/', "."), "&version=1"));
        assert_eq!(matches!(made.public_key, PublicKey::P256(_)), algorithm == Algorithm::P256);
        let custodian = open(&made, &around);
        assert!(sign(&*custodian, &request(&Spelled::Did(made.public_key), ""), soon()).is_ok());
        let seen = custodian.examine(soon()).unwrap();
        assert_eq!((seen.origin, seen.extractable), (Origin::GeneratedInside, Extractable::Configurable));
        for again in [Algorithm::Ed25519, Algorithm::P256] {
            let fault = place.generate(&name(text), again, soon()).unwrap_err();
            assert_eq!(fault.code(), Code::CustodyExists, "{fault}");
        }
        assert_eq!(look_up(&made.uri, &around, soon()), Ok(made));
    }
    let past = Deadline::after(std::time::Duration::ZERO);
    let fault = place.generate(&name("acme/late"), Algorithm::Ed25519, past).unwrap_err();
    assert_eq!(fault.code(), Code::CustodyDeadline);
    assert_eq!(bao.call("GET", "transit/keys/acme.late", None).0, 404);
    // Where a key is named, there is no place for another; where none is, nothing signs.
    assert_eq!(generator(&bao.uri("k", ""), &around).err().unwrap().code(), Code::Usage);
    assert_eq!(look_up(&bao.uri("", ""), &around, soon()).unwrap_err().code(), Code::Usage);
}

#[test]
fn a_token_that_makes_no_keys_is_told_so() {
    let bao = Bao::development();
    let policy = r#"path "transit/keys/*" { capabilities = ["read"] }"#;
    let around = bao.surroundings_with(&bao.token(policy));
    let place = generator(&bao.uri("", ""), &around).unwrap();
    let fault = place.generate(&name("acme/x"), Algorithm::Ed25519, soon()).unwrap_err();
    assert_eq!(fault.code(), Code::CustodyDenied, "{fault}");
}

#[test]
fn looking_up_pins_the_newest_version_unless_one_is_named() {
    let bao = Bao::development();
    let first = bao.new_key("k", "ed25519");
    bao.done("POST", "transit/keys/k/rotate", None);
    let around = bao.surroundings();
    let second = look_up(&bao.uri("k", ""), &around, soon()).unwrap();
    assert_eq!(second.uri, bao.uri("k", "&version=2"));
    assert_ne!(second.public_key, first.public_key);
    assert_eq!(look_up(&bao.uri("k", "&version=1"), &around, soon()), Ok(first.clone()));
    // The pinned version goes on signing whatever is newest.
    for placed in [&first, &second] {
        assert!(sign(&*open(placed, &around), &request(&Spelled::Did(placed.public_key), ""), soon()).is_ok());
    }
    let seen = open(&first, &around).examine(soon()).unwrap();
    assert_eq!(seen.version, Some(Versions { pinned: 1, latest: 2, least: 1 }));
    assert_eq!(seen.public_key, first.public_key);
    // Without a version there is no custodian: who signs would change.
    let fault = try_open(&Placed { uri: bao.uri("k", ""), ..first.clone() }, &around).err().unwrap();
    assert_eq!(fault.code(), Code::Usage);
    bao.done("POST", "transit/keys/k/config", Some(json!({ "min_encryption_version": 2 })));
    let seen = open(&first, &around).examine(soon()).unwrap();
    assert_eq!(seen.version, Some(Versions { pinned: 1, latest: 2, least: 2 }));
    bao.done("POST", "transit/keys/k/config", Some(json!({ "min_decryption_version": 2 })));
    assert_eq!(open(&first, &around).examine(soon()).unwrap_err().code(), Code::CustodyVersion);
    assert_eq!(look_up(&first.uri, &around, soon()).unwrap_err().code(), Code::CustodyVersion);
    assert_eq!(look_up(&bao.uri("k", "&version=3"), &around, soon()).unwrap_err().code(), Code::CustodyVersion);
}

#[test]
fn keys_that_sign_no_tokens_are_refused() {
    let bao = Bao::development();
    for (key, body) in [
        ("aes", json!({ "type": "aes256-gcm96" })),
        ("rsa", json!({ "type": "rsa-2048" })),
        ("p384", json!({ "type": "ecdsa-p384" })),
        ("derived", json!({ "type": "ed25519", "derived": true })),
    ] {
        bao.done("POST", &format!("transit/keys/{key}"), Some(body));
        let fault = look_up(&bao.uri(key, ""), &bao.surroundings(), soon()).unwrap_err();
        assert_eq!(fault.code(), Code::CustodyUnsupported, "{fault}");
    }
    // And told as an answer, or as no signature, when one is pinned all the same.
    let key = bao.new_key("good", "ed25519");
    for (other, code) in [
        ("aes", Code::CustodyAnswer),
        ("rsa", Code::CustodyAnswer),
        ("derived", Code::CustodyAnswer),
        ("p384", Code::CustodyAnswer),
    ] {
        let custodian = open(&Placed { uri: bao.uri(other, "&version=1"), ..key.clone() }, &bao.surroundings());
        let fault = sign(&*custodian, &request(&Spelled::Did(key.public_key), ""), soon()).unwrap_err();
        assert_eq!(fault.code(), code, "{other}: {fault}");
    }
    // A key of one algorithm pinned where the other one is.
    let p256 = bao.new_key("p256", "ecdsa-p256");
    for (placed, public_key) in [(&key, p256.public_key), (&p256, key.public_key)] {
        let custodian = open(&pinned_as(placed, public_key), &bao.surroundings());
        let fault = sign(&*custodian, &request(&Spelled::Did(public_key), ""), soon()).unwrap_err();
        assert!(matches!(fault.code(), Code::CustodyAnswer | Code::SignResult), "{fault}");
    }
}

#[test]
fn a_key_that_was_made_elsewhere_is_brought_in_by_the_servers_own_client() {
    let bao = Bao::development();
    let seed = Seed::generate(Role::Account).unwrap();
    let fault = importer(&bao.uri("", ""), &bao.surroundings()).err().unwrap();
    assert_eq!(fault.code(), Code::CustodyUnsupported);
    assert!(fault.to_string().contains("bao transit import"), "{fault}");

    // The lines of docs/custody/openbao.md: an nkey seed as PKCS#8, wrapped by the client.
    let file = bao.folder().join("seed.nk");
    std::fs::write(&file, seed.to_nkey_text().expose_secret()).unwrap();
    let page = include_str!("../../../../docs/custody/openbao.md");
    let (_, script) = page.split_once("python3 -c '").unwrap();
    let script = script.split_once('\'').unwrap().0;
    let python = std::process::Command::new("python3").args(["-c", script]).arg(&file).output().unwrap();
    assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
    let pkcs8 = bao.folder().join("seed.p8");
    std::fs::write(&pkcs8, python.stdout).unwrap();
    let file = format!("@{}", pkcs8.display());
    bao.client(&["transit", "import", "transit/keys/brought", &file, "type=ed25519"]);

    let placed = look_up(&bao.uri("brought", ""), &bao.surroundings(), soon()).unwrap();
    assert_eq!(placed.public_key, seed.nkey().public_key());
    let custodian = open(&placed, &bao.surroundings());
    let asked = request(&seed.nkey(), "");
    assert_eq!(sign(&*custodian, &asked, soon()), seed.sign(&asked));
    assert_eq!(custodian.examine(soon()).unwrap().origin, Origin::Imported);
}

#[test]
fn a_server_is_trusted_only_by_its_authority() {
    let bao = Bao::development_with_tls();
    let client = |arguments: &[&str]| bao.client(arguments);
    client(&["secrets", "enable", "transit"]);
    client(&["write", "-f", "transit/keys/k", "type=ed25519"]);
    let around = bao.surroundings();
    let uri = |more: &str| bao.uri("k", more);
    let authority = format!("&version=1&ca-file={}", bao.authority().display());
    let placed = look_up(&uri(&authority), &around, soon()).unwrap();
    let custodian = open(&placed, &around);
    let asked = request(&Spelled::Did(placed.public_key), "");
    for _ in 0..3 {
        assert!(sign(&*custodian, &asked, soon()).is_ok());
    }
    assert!(matches!(custodian.examine(soon()).unwrap().rights, Rights::Beyond(_)));

    // By the system's authorities it is a stranger, at once and not until the deadline.
    let began = std::time::Instant::now();
    let stranger = Placed { uri: uri("&version=1"), ..placed.clone() };
    match try_open(&stranger, &around) {
        Ok(custodian) => {
            let fault = sign(&*custodian, &asked, soon()).unwrap_err();
            assert_eq!(fault.code(), Code::CustodyUnreachable, "{fault}");
            assert!(fault.to_string().contains("certificate"), "{fault}");
        }
        // A system without any says so.
        Err(fault) => assert_eq!(fault.code(), Code::CustodySetup, "{fault}"),
    }
    assert!(began.elapsed() < std::time::Duration::from_secs(20));

    // Another name than the certificate's, a file that holds none, a file that is not there.
    let other_name = uri(&authority).to_string().replace("127.0.0.1", "127.0.0.2");
    if let Ok(custodian) = try_open(&Placed { uri: other_name.parse().unwrap(), ..placed.clone() }, &around) {
        assert!(sign(&*custodian, &asked, Deadline::after(std::time::Duration::from_secs(2))).is_err());
    }
    let empty = bao.folder().join("empty.pem");
    std::fs::write(&empty, "nothing").unwrap();
    for (path, code) in [(empty, Code::CustodyMalformed), (bao.folder().join("gone.pem"), Code::Io)] {
        let uri = uri(&format!("&version=1&ca-file={}", path.display()));
        assert_eq!(try_open(&Placed { uri, ..placed.clone() }, &around).err().unwrap().code(), code);
    }
    // Plain HTTP to a port that speaks TLS is no answer of OpenBao.
    let plain = uri("&version=1").to_string().replace("https:", "http:");
    let custodian = open(&Placed { uri: plain.parse().unwrap(), ..placed }, &around);
    assert_eq!(sign(&*custodian, &asked, soon()).unwrap_err().code(), Code::CustodyAnswer);
}

#[test]
fn namespaces_and_other_mounts_are_found() {
    let bao = Bao::development();
    bao.done("POST", "sys/namespaces/team", None);
    bao.done("POST", "team/sys/mounts/a/b", Some(json!({ "type": "transit" })));
    let uri: KeyUri = bao.uri("", "&mount=a/b&namespace=team");
    let around = bao.surroundings();
    let made = generator(&uri, &around).unwrap().generate(&name("acme/x"), Algorithm::Ed25519, soon()).unwrap();
    assert_eq!(made.uri, bao.uri("acme.x", "&mount=a/b&version=1&namespace=team"));
    let custodian = open(&made, &around);
    assert!(sign(&*custodian, &request(&Spelled::Did(made.public_key), ""), soon()).is_ok());
    assert_eq!(custodian.examine(soon()).unwrap().public_key, made.public_key);
    assert_eq!(bao.call("GET", "team/a/b/keys/acme.x", None).0, 200);
}

#[test]
fn the_address_and_the_token_come_from_the_surroundings_where_the_uri_has_none() {
    let bao = Bao::development();
    let key = bao.new_key("k", "ed25519");
    let around = Surroundings { vault_address: Some(bao.address()), ..bao.surroundings() };
    let short: KeyUri = "openbao://k".parse().unwrap();
    // What is pinned names the address, so that it stays what it is in another shell.
    assert_eq!(look_up(&short, &around, soon()), Ok(key.clone()));
    let short = Placed { uri: "openbao://k?version=1".parse().unwrap(), ..key.clone() };
    let asked = request(&Spelled::Did(key.public_key), "");
    assert!(sign(&*open(&short, &around), &asked, soon()).is_ok());

    let nowhere = Surroundings { vault_address: None, ..around.clone() };
    assert_eq!(try_open(&short, &nowhere).err().unwrap().code(), Code::CustodySetup);
    for address in ["http://bao.example.org:8200", "bao", ""] {
        let told = Surroundings { vault_address: Some(address.into()), ..around.clone() };
        assert_eq!(try_open(&short, &told).err().unwrap().code(), Code::CustodySetup);
    }
    let homeless = Surroundings { home: None, ..around.clone() };
    assert_eq!(try_open(&short, &homeless).err().unwrap().code(), Code::CustodySetup);

    let home = tempfile::tempdir().unwrap();
    write_token(home.path(), super::server::ROOT);
    let file = home.path().join(".vault-token");
    let uri = bao.uri("k", &format!("&version=1&token-file={}", file.display()));
    assert!(sign(&*open(&Placed { uri, ..key }, &homeless), &asked, soon()).is_ok());
}
