//! Nothing that this room writes or says holds a secret, in any spelling.

use std::fs;
use std::io::Write;
use std::path::Path;

use greatseal_core::key::{Nkey, RawKey, Role};
use greatseal_custody::{FileCustodian, FileName, Keystore, Seed, SeedFault, sign};
use secrecy::ExposeSecret;

use crate::support::{
    NOW, PASSPHRASE, Source, around, contains, name, new_keystore, passphrase, request, soon, spellings,
};

/// A seed as its text and as its 32 bytes.
struct Secret {
    text: String,
    bytes: Vec<u8>,
}

fn secret() -> Secret {
    let text = Seed::generate(Role::Account).unwrap().to_nkey_text().expose_secret().to_owned();
    let bytes = data_encoding::BASE32_NOPAD.decode(text.as_bytes()).unwrap()[2..34].to_vec();
    Secret { text, bytes }
}

/// Looks for the seed, for most of its text, for either half of its bytes, and for the passphrase.
fn assert_silent(what: &str, bytes: &[u8], secret: &Secret) {
    let (first, second) = secret.bytes.split_at(16);
    let text = secret.text.as_bytes();
    let mut needles = vec![text[4..30].to_vec(), text[30..54].to_vec(), text[4..54].to_ascii_lowercase()];
    for part in [&secret.bytes[..], first, second, text, PASSPHRASE.as_bytes()] {
        needles.extend(spellings(part));
    }
    for needle in needles {
        assert!(!contains(bytes, &needle), "{what} holds a secret");
    }
}

#[test]
fn the_search_finds_what_is_there() {
    let secret = secret();
    for planted in spellings(&secret.bytes).into_iter().chain([secret.text.clone().into_bytes(), PASSPHRASE.into()]) {
        let text = [b"before ".to_vec(), planted, b" after".to_vec()].concat();
        assert!(std::panic::catch_unwind(|| assert_silent("", &text, &secret)).is_err());
    }
}

#[test]
fn files_hold_no_secret() {
    let (_outer, path, store) = new_keystore();
    let secret = secret();
    store.import(&name("acme/a"), secret.text.as_bytes(), &passphrase(PASSPHRASE), NOW).unwrap();
    let mut seen = 0;
    for entry in fs::read_dir(&path).unwrap() {
        let entry = entry.unwrap().path();
        assert_silent(&entry.display().to_string(), &fs::read(&entry).unwrap(), &secret);
        seen += 1;
    }
    assert_eq!(seen, 3);
}

#[test]
fn values_do_not_show_what_they_hold() {
    let (_outer, path, store) = new_keystore();
    let secret = secret();
    let seed = Seed::parse(secret.text.as_bytes()).unwrap();
    let entry = store.import(&name("a"), secret.text.as_bytes(), &passphrase(PASSPHRASE), NOW).unwrap();
    let file = FileName::of(&entry.name);
    let custodian = FileCustodian::new(&path, file, entry.name.clone(), entry.public, Source::right());
    let signature = sign(&custodian, &request(&entry.public, ""), soon()).unwrap();
    let shown = format!(
        "{seed:?} {seed:#?} {:?} {:?} {entry:?} {store:?} {custodian:?} {custodian:#?} {signature:?} {:?}",
        seed.to_nkey_text(),
        passphrase(PASSPHRASE),
        store.list()
    );
    assert_silent("debug output", shown.as_bytes(), &secret);
}

/// Everything that can go wrong while a secret is at hand.
#[test]
fn faults_do_not_repeat_secrets() {
    let (_outer, path, store) = new_keystore();
    let secret = secret();
    let mut said = String::new();
    let mut hear = |fault: &dyn std::error::Error| said += &format!("{fault} {fault:?} {fault:#?}\n");

    // A seed that is spelled wrong, in each way.
    let text = &secret.text;
    for wrong in [text.to_lowercase(), format!("{text}="), format!(" {text}"), text.replace('S', "s"), {
        let last = if text.ends_with('B') { 'C' } else { 'B' };
        format!("{}{last}", &text[..57])
    }] {
        hear(&Seed::parse(wrong.as_bytes()).unwrap_err());
        hear(&store.import(&name("a"), wrong.as_bytes(), &passphrase(PASSPHRASE), NOW).unwrap_err());
    }
    // A seed where a name, a file name or a URI belongs.
    hear(&greatseal_custody::KeyName::parse(text).unwrap_err());
    hear(&FileName::parse(text).unwrap_err());
    hear(&text.parse::<greatseal_custody::KeyUri>().unwrap_err());
    hear(&format!("file:{text}").parse::<greatseal_custody::KeyUri>().unwrap_err());

    // A key that is there already, a wrong passphrase, a wrong pin, another key's request.
    let entry = store.import(&name("a"), text.as_bytes(), &passphrase(PASSPHRASE), NOW).unwrap();
    hear(&store.import(&name("a"), text.as_bytes(), &passphrase(PASSPHRASE), NOW).unwrap_err());
    hear(&store.import(&name("b"), text.as_bytes(), &passphrase(PASSPHRASE), NOW).unwrap_err());
    let stranger = Nkey::new(Role::Account, RawKey::new([9; 32]));
    for (pinned, source) in [(entry.public, Source::new(Some("wrong"))), (stranger.into(), Source::right())] {
        let file = FileName::of(&entry.name);
        let custodian = FileCustodian::new(&path, file, entry.name.clone(), pinned, source);
        hear(&sign(&custodian, &request(&pinned, ""), soon()).unwrap_err());
    }
    hear(&Seed::parse(text.as_bytes()).unwrap().sign(&request(&stranger, "")).unwrap_err());

    // A seed in the table, and an encrypted file with something close to a seed in it.
    let table = fs::read_to_string(path.join("keys.toml")).unwrap();
    for wrong in [
        table.replace("file:a.age", text),
        table.replace(&entry.public.to_string(), text),
        format!("{table}{text} = 1\n"),
        format!("{table}[keys.{text}]\n"),
    ] {
        fs::write(path.join("keys.toml"), wrong).unwrap();
        hear(&store.list().unwrap_err());
    }
    fs::write(path.join("keys.toml"), table).unwrap();
    for wrong in [format!("{text}{text}\n"), text[..57].into(), text.to_lowercase()] {
        fs::write(path.join("a.age"), encrypt(wrong.as_bytes())).unwrap();
        let custodian = store.custodian(&name("a"), &around(Source::right())).unwrap();
        hear(&sign(&*custodian, &request(&entry.public, ""), soon()).unwrap_err());
    }
    assert!(said.lines().count() > 20);
    assert_silent("a fault", said.as_bytes(), &secret);
}

/// A key file is what `age -p` makes, and gives back what `age -d` prints.
#[test]
fn the_stock_command_can_make_and_open_key_files() {
    let (_outer, path, store) = new_keystore();
    let secret = secret();
    let entry = store.import(&name("a"), secret.text.as_bytes(), &passphrase(PASSPHRASE), NOW).unwrap();
    let identity = age::scrypt::Identity::new(PASSPHRASE.into());
    let plaintext = age::decrypt(&identity, &fs::read(path.join("a.age")).unwrap()).unwrap();
    assert_eq!(plaintext, format!("{}\n", secret.text).as_bytes());
    // Changing the passphrase with the stock command: the pin does not care.
    fs::write(path.join("a.age"), encrypt(&plaintext)).unwrap();
    let custodian = Keystore::open(&path).unwrap().custodian(&name("a"), &around(Source::right())).unwrap();
    assert!(sign(&*custodian, &request(&entry.public, ""), soon()).is_ok());
    assert_eq!(Seed::parse(&plaintext).unwrap_err(), SeedFault::Length { found: 59 });
}

/// The work factor for tests protects nothing, so nothing that is shipped may name it.
#[test]
fn no_shipped_code_names_the_work_factor_for_tests() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut folders: Vec<_> = fs::read_dir(crates)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.ends_with("custody") && !path.ends_with("testkit"))
        .map(|path| path.join("src"))
        .collect();
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                seen += 1;
                assert!(!fs::read_to_string(&entry).unwrap().contains("worthless_for_tests"), "{}", entry.display());
            }
        }
    }
    assert!(seen > 10, "{seen}");
}

/// Encrypts as the stock command does, binary and with little work.
fn encrypt(plaintext: &[u8]) -> Vec<u8> {
    let mut recipient = age::scrypt::Recipient::new(PASSPHRASE.into());
    recipient.set_work_factor(3);
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as _)).unwrap();
    let mut writer = encryptor.wrap_output(Vec::new()).unwrap();
    writer.write_all(plaintext).unwrap();
    writer.finish().unwrap()
}
