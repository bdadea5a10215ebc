//! The keystore: names, pins, nothing overwritten, nothing outside the folder.

use std::fs;

use greatseal_core::Code;
use greatseal_core::key::{Nkey, RawKey, Role, Spelled};
use greatseal_custody::{CustodyFault, FileName, KeyUri, Keystore, SeedFault, sign};

use crate::support::{NOW, PASSPHRASE, Source, around, keystore, name, new_keystore, passphrase, request, soon};

const SEED: &str = "SOAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H2AJA";
const PUBLIC: &str = "OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT";
/// The same 32 bytes under another letter.
const SEED_AS_ACCOUNT: &str = "SAAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4HYMHI";

#[test]
fn a_folder_that_does_not_exist_is_an_empty_keystore() {
    let (_outer, path, store) = new_keystore();
    let listing = store.list().unwrap();
    assert_eq!((listing.entries, listing.orphans), (vec![], vec![]));
    let fault = CustodyFault::Missing { name: name("a"), folder: path.clone() };
    assert_eq!(store.find(&name("a")).unwrap_err(), fault);
    assert!(store.custodian(&name("a"), &around(Source::right())).is_err());
    assert!(!path.exists(), "looking makes nothing");
}

/// One entry that cannot be read would take every other key with it.
#[test]
fn a_table_that_could_not_be_read_again_is_not_written() {
    let (_outer, path, store) = new_keystore();
    store.create(&name("acme/a"), Role::Operator, &passphrase(PASSPHRASE), NOW).unwrap();
    let before = fs::read(path.join("keys.toml")).unwrap();
    let place: KeyUri = "pkcs11:token=acme?module-path=/usr/lib/a.so".parse().unwrap();
    let KeyUri::Pkcs11(place) = place else { panic!("{place}") };
    for uri in [place.with_key("", &[1]), place.with_key("k", &[])] {
        let fault = store.pin(&name("acme/b"), KeyUri::Pkcs11(uri), Spelled::parse(PUBLIC).unwrap(), NOW).unwrap_err();
        assert_eq!(fault.code(), Code::Io);
        assert!(fault.to_string().contains("could not be read again"), "{fault}");
    }
    assert_eq!(fs::read(path.join("keys.toml")).unwrap(), before);
    assert!(store.find(&name("acme/a")).is_ok());
}

#[test]
fn a_created_key_is_found_by_name_and_by_key_and_signs() {
    let (_outer, path, store) = new_keystore();
    let made = store.create(&name("acme/payments-signing-1"), Role::Operator, &passphrase(PASSPHRASE), NOW).unwrap();
    assert_eq!(made.uri.to_string(), "file:acme.payments-signing-1.age");
    assert_eq!((made.public.nkey().unwrap().role(), made.created), (Role::Operator, Some(NOW)));
    // Another keystore, as another process sees it.
    let store = keystore(&path);
    assert_eq!(store.find(&made.name), Ok(made.clone()));
    assert_eq!(store.find_by_key(&made.public.public_key()), Ok(Some(made.clone())));
    assert_eq!(store.find_by_key(&Nkey::new(Role::Operator, RawKey::new([0; 32])).public_key()), Ok(None));
    assert_eq!(store.list().unwrap().entries, std::slice::from_ref(&made));
    let custodian = store.custodian(&made.name, &around(Source::right())).unwrap();
    assert!(sign(&*custodian, &request(&made.public, ""), soon()).is_ok());
}

#[test]
fn an_imported_seed_keeps_its_key() {
    let (_outer, _path, store) = new_keystore();
    let made = store.import(&name("root"), format!("{SEED}\n").as_bytes(), &passphrase(PASSPHRASE), NOW).unwrap();
    assert_eq!(made.public.to_string(), PUBLIC);
    let custodian = store.custodian(&name("root"), &around(Source::right())).unwrap();
    assert!(sign(&*custodian, &request(&made.public, ""), soon()).is_ok());
}

#[test]
fn what_is_no_seed_is_not_imported() {
    let (_outer, path, store) = new_keystore();
    for text in ["", PUBLIC, "SO", &SEED.to_lowercase(), &format!("{SEED}\n\n"), &format!("# mine\n{SEED}\n")] {
        let fault = store.import(&name("a"), text.as_bytes(), &passphrase(PASSPHRASE), NOW).unwrap_err();
        assert_eq!(fault.code(), Code::SeedMalformed, "{text}");
    }
    let fault = store.create(&name("a"), Role::Curve, &passphrase(PASSPHRASE), NOW).unwrap_err();
    assert_eq!(fault, SeedFault::Curve.into());
    assert!(!path.exists());
}

#[test]
fn neither_a_name_nor_a_key_is_kept_twice() {
    let (_outer, path, store) = new_keystore();
    let first = store.import(&name("a"), SEED.as_bytes(), &passphrase(PASSPHRASE), NOW).unwrap();
    let before = (fs::read(path.join("keys.toml")).unwrap(), fs::read(path.join("a.age")).unwrap());
    let taken = CustodyFault::Exists { name: name("a") };
    assert_eq!(store.create(&name("a"), Role::Account, &passphrase("x"), NOW), Err(taken.clone()));
    assert_eq!(store.import(&name("a"), SEED.as_bytes(), &passphrase("x"), NOW), Err(taken.clone()));
    assert_eq!(store.pin_offline(&name("a"), first.public, NOW), Err(taken));
    for (seed, role) in [(SEED, Role::Operator), (SEED_AS_ACCOUNT, Role::Account)] {
        let key = Spelled::Nkey(Nkey::new(role, *first.public.nkey().unwrap().raw()));
        let same = CustodyFault::SameKey { key, name: name("a") };
        assert_eq!(store.import(&name("b"), seed.as_bytes(), &passphrase("x"), NOW), Err(same.clone()));
        assert_eq!(store.pin_offline(&name("b"), key, NOW), Err(same));
    }
    assert_eq!(before, (fs::read(path.join("keys.toml")).unwrap(), fs::read(path.join("a.age")).unwrap()));
    assert_eq!(store.list().unwrap().orphans.len(), 0);
}

#[test]
fn an_offline_key_is_pinned_and_not_here() {
    let (_outer, path, store) = new_keystore();
    let made = store.pin_offline(&name("root"), Nkey::parse(PUBLIC).unwrap().into(), NOW).unwrap();
    assert_eq!(made.uri, KeyUri::Offline);
    assert_eq!(keystore(&path).find(&name("root")), Ok(made));
    let fault = store.custodian(&name("root"), &around(Source::right())).err().unwrap();
    assert_eq!(fault, CustodyFault::Offline { name: name("root") });
    assert_eq!(fault.code().exit(), greatseal_core::code::Exit::KeyUnavailable);
}

#[test]
fn a_file_in_the_way_is_not_overwritten() {
    let (_outer, path, store) = new_keystore();
    store.create(&name("other"), Role::Account, &passphrase(PASSPHRASE), NOW).unwrap();
    let file = path.join("acme.a.age");
    fs::write(&file, "somebody's").unwrap();
    let fault = CustodyFault::Orphan { path: file.clone() };
    assert_eq!(store.list().unwrap().orphans, [file.as_path()]);
    assert_eq!(store.create(&name("acme/a"), Role::Account, &passphrase("x"), NOW), Err(fault.clone()));
    assert_eq!(store.import(&name("acme/a"), SEED.as_bytes(), &passphrase("x"), NOW), Err(fault));
    assert_eq!(fs::read(&file).unwrap(), b"somebody's");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(matches!(
        store.create(&name("acme/a"), Role::Account, &passphrase("x"), NOW),
        Err(CustodyFault::Orphan { .. })
    ));
}

/// The pin decides, not the file: what was replaced behind its back does not sign.
#[test]
fn a_replaced_key_file_or_pin_is_noticed() {
    let (_outer, path, store) = new_keystore();
    let a = store.create(&name("a"), Role::Account, &passphrase(PASSPHRASE), NOW).unwrap();
    let b = store.create(&name("b"), Role::Account, &passphrase(PASSPHRASE), NOW).unwrap();
    fs::rename(path.join("b.age"), path.join("a.age")).unwrap();
    let custodian = store.custodian(&name("a"), &around(Source::right())).unwrap();
    let fault = sign(&*custodian, &request(&a.public, ""), soon()).unwrap_err();
    assert_eq!(fault, CustodyFault::Pin { pinned: a.public, found: b.public });
    // A request for the key that the file now holds is none for the key of that name.
    let fault = sign(&*custodian, &request(&b.public, ""), soon()).unwrap_err();
    assert_eq!(fault.code(), Code::SignSigner);
}

#[test]
fn uris_that_lead_out_of_the_folder_are_refused() {
    let (outer, path, store) = new_keystore();
    let made = store.create(&name("a"), Role::Account, &passphrase(PASSPHRASE), NOW).unwrap();
    fs::copy(path.join("a.age"), outer.path().join("a.age")).unwrap();
    let table = fs::read_to_string(path.join("keys.toml")).unwrap();
    let outside = outer.path().join("a.age");
    for uri in
        ["file:../a.age", "file:./a.age", "file:keys/../../a.age", "file:..", &format!("file:{}", outside.display())]
    {
        fs::write(path.join("keys.toml"), table.replace("file:a.age", uri)).unwrap();
        let fault = store.custodian(&made.name, &around(Source::right())).err().unwrap();
        assert_eq!(fault.code(), Code::CustodyMalformed, "{uri}");
        assert!(matches!(fault, CustodyFault::Table { line: 7.., .. }), "{fault:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_folder_is_not_followed() {
    let (outer, path, store) = new_keystore();
    let made = store.create(&name("a"), Role::Account, &passphrase(PASSPHRASE), NOW).unwrap();
    fs::rename(path.join("a.age"), outer.path().join("a.age")).unwrap();
    std::os::unix::fs::symlink(outer.path().join("a.age"), path.join("a.age")).unwrap();
    let custodian = store.custodian(&made.name, &around(Source::right())).unwrap();
    let fault = sign(&*custodian, &request(&made.public, ""), soon()).unwrap_err();
    assert_eq!(fault.code(), Code::CustodyMalformed);
}

#[cfg(unix)]
#[test]
fn what_others_can_look_into_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let (_outer, path, store) = new_keystore();
    let made = store.create(&name("a"), Role::Account, &passphrase(PASSPHRASE), NOW).unwrap();
    let chmod = |file: &str, mode| fs::set_permissions(path.join(file), fs::Permissions::from_mode(mode)).unwrap();

    chmod("a.age", 0o640);
    let source = Source::right();
    let custodian = store.custodian(&name("a"), &around(source.clone())).unwrap();
    let fault = sign(&*custodian, &request(&made.public, ""), soon()).unwrap_err();
    assert_eq!(fault, CustodyFault::Permissions { path: path.join("a.age"), mode: 0o640, allowed: 0o600 });
    assert_eq!(source.asked(), 0);
    chmod("a.age", 0o600);

    chmod("keys.toml", 0o622);
    assert_eq!(store.find(&name("a")).unwrap_err().code(), Code::CustodyPermissions);
    chmod("keys.toml", 0o600);

    chmod("", 0o750);
    assert_eq!(Keystore::open(&path).unwrap_err().code(), Code::CustodyPermissions);
    assert_eq!(store.list().unwrap_err().code(), Code::CustodyPermissions);
    assert_eq!(sign(&*custodian, &request(&made.public, ""), soon()).unwrap_err().code(), Code::CustodyPermissions);
    let fault = store.create(&name("b"), Role::Account, &passphrase("x"), NOW).unwrap_err();
    assert_eq!(fault.code(), Code::CustodyPermissions);
    chmod("", 0o700);
    assert!(sign(&*custodian, &request(&made.public, ""), soon()).is_ok());
}

#[cfg(unix)]
#[test]
fn everything_in_the_folder_is_private_from_the_first() {
    use std::os::unix::fs::MetadataExt;
    let (_outer, path, store) = new_keystore();
    store.create(&name("acme/a"), Role::Account, &passphrase(PASSPHRASE), NOW).unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().mode() & 0o7777;
    assert_eq!(mode(&path), 0o700);
    for entry in fs::read_dir(&path).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

/// The real work factor, once: what the stock command asks for, and what the file says.
#[test]
fn keys_are_made_with_the_standard_work_factor() {
    let (_outer, path, _weak) = new_keystore();
    let store = Keystore::open(&path).unwrap();
    let made = store.create(&name("a"), Role::Account, &passphrase(PASSPHRASE), NOW).unwrap();
    let armored = fs::read(path.join(FileName::of(&made.name).as_str())).unwrap();
    let mut header = vec![0; 80];
    std::io::Read::read_exact(&mut age::armor::ArmoredReader::new(&armored[..]), &mut header).unwrap();
    let header = String::from_utf8_lossy(&header);
    let stanza = header.lines().nth(1).unwrap();
    assert!(stanza.starts_with("-> scrypt ") && stanza.ends_with(" 18"), "{header}");
    let custodian = store.custodian(&made.name, &around(Source::right())).unwrap();
    assert!(sign(&*custodian, &request(&made.public, ""), soon()).is_ok());
}
