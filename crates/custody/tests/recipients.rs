//! Key files to recipients of age keep the contract, and what is particular to them.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use age::secrecy::ExposeSecret;
use age::x25519::Identity;
use greatseal_core::Code;
use greatseal_core::key::{Role, Spelled};
use greatseal_custody::{
    Backup, Custodian, CustodyFault, FileCustodian, FileName, Keystore, Lock, Proof, Protection, Recipients, Seed,
    Surroundings, sign,
};

use crate::contract::{self, Place, Troubled};
use crate::support::{
    NOW, PASSPHRASE, Source, around, contains, name, new_keystore, passphrase, request, soon, spellings,
};

/// Runs the stock `age` command, with something to read.
pub(crate) fn run_age(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut process = Command::new("age")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("age cannot be started ({error}): install it with `apt-get install -y age`"));
    process.stdin.take().unwrap().write_all(input).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "age: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Writes a file that only its owner reads.
fn private(path: &Path, bytes: &[u8]) -> PathBuf {
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    path.into()
}

/// Writes an identity as `age-keygen` does.
fn identity_file(path: &Path, identity: &Identity) -> PathBuf {
    let text = format!("# public key: {}\n{}\n", identity.to_public(), identity.to_string().expose_secret());
    private(path, text.as_bytes())
}

fn with(identities: &[&Path]) -> Surroundings {
    let identities = identities.iter().map(PathBuf::from).collect();
    Surroundings { identities, ..around(Source::new(None)) }
}

struct Files {
    outer: tempfile::TempDir,
    path: PathBuf,
    store: Keystore,
    pinned: Spelled,
    mine: PathBuf,
    theirs: PathBuf,
}

impl Files {
    fn new() -> Self {
        let (outer, path, store) = new_keystore();
        let (me, they) = (Identity::generate(), Identity::generate());
        let mine = identity_file(&outer.path().join("mine.txt"), &me);
        let theirs = identity_file(&outer.path().join("theirs.txt"), &they);
        let recipient = me.to_public().to_string();
        let recipients = Recipients::parse([recipient.as_str()]).unwrap();
        let keep = |key: &str| {
            let seed = Seed::generate(Role::Account).unwrap();
            store.keep_for(&name(key), &seed, Protection::Recipients(&recipients), NOW).unwrap().public
        };
        let pinned = keep("acme/signing-1");
        keep("acme/signing-2");
        Self { outer, path, store, pinned, mine, theirs }
    }

    fn open(&self, around: &Surroundings) -> Box<dyn Custodian> {
        self.store.custodian(&name("acme/signing-1"), around).unwrap()
    }

    fn fault(&self, around: &Surroundings) -> CustodyFault {
        sign(&*self.open(around), &request(&self.pinned, ""), soon()).unwrap_err()
    }

    fn file(&self, file: &str) -> PathBuf {
        self.outer.path().join(file)
    }
}

impl Place for Files {
    fn pinned(&self) -> Spelled {
        self.pinned
    }
    fn good(&self) -> Box<dyn Custodian> {
        self.open(&with(&[&self.mine]))
    }
    fn replaced(&self) -> Troubled {
        let file = FileName::parse("acme.signing-2.age").unwrap();
        let custodian = FileCustodian::new(&self.path, file, name("acme/signing-1"), self.pinned, Source::new(None));
        (Box::new(custodian.with_identities(vec![self.mine.clone()])), Code::CustodyPin)
    }
    fn troubles(&self) -> Vec<(&'static str, Troubled)> {
        let gone = FileName::parse("elsewhere.age").unwrap();
        let gone = FileCustodian::new(&self.path, gone, name("acme/signing-1"), self.pinned, Source::new(None));
        let open_to_others = identity_file(&self.file("open.txt"), &Identity::generate());
        fs::set_permissions(&open_to_others, fs::Permissions::from_mode(0o644)).unwrap();
        let rubbish = private(&self.file("rubbish.txt"), b"hello\n");
        vec![
            ("another's identity", (self.open(&with(&[&self.theirs])), Code::CustodyLocked)),
            ("no identity", (self.open(&around(Source::right())), Code::CustodySetup)),
            ("identity gone", (self.open(&with(&[&self.file("nothing")])), Code::CustodySetup)),
            ("identity open to others", (self.open(&with(&[&open_to_others])), Code::CustodyPermissions)),
            ("no identity file", (self.open(&with(&[&rubbish])), Code::CustodyMalformed)),
            ("a folder", (self.open(&with(&[self.outer.path()])), Code::CustodyMalformed)),
            ("key file gone", (Box::new(gone.with_identities(vec![self.mine.clone()])), Code::CustodyMissing)),
        ]
    }
    /// Nothing is asked but a disk.
    fn hanging(&self) -> Option<Box<dyn Custodian>> {
        None
    }
}

#[test]
fn files_to_recipients_keep_the_contract() {
    contract::keep(&Files::new());
}

#[test]
fn it_is_described_as_it_is() {
    let files = Files::new();
    let description = files.good().describe().unwrap();
    assert_eq!((description.lock, description.lock.word()), (Lock::Identity, "identity"));
    // By the header alone: no identity is read.
    assert_eq!(files.open(&with(&[&files.file("nothing")])).describe().unwrap().lock, Lock::Identity);
    files.store.create(&name("other"), Role::Account, &passphrase(PASSPHRASE), NOW).unwrap();
    let other = files.store.custodian(&name("other"), &with(&[&files.mine])).unwrap();
    assert_eq!(other.describe().unwrap().lock, Lock::Passphrase);
}

#[test]
fn the_stock_command_opens_them_and_makes_them() {
    let files = Files::new();
    let key = files.path.join("acme.signing-1.age");
    let text = run_age(&["-d", "-i", files.mine.to_str().unwrap()], &fs::read(&key).unwrap());
    assert_eq!(Spelled::from(Seed::parse_line(&text).unwrap().nkey()), files.pinned);
    let mine = fs::read_to_string(&files.mine).unwrap();
    let recipient = mine.lines().next().unwrap().rsplit(' ').next().unwrap();
    for arguments in [&["-r", recipient][..], &["-a", "-r", recipient]] {
        fs::write(&key, run_age(arguments, &text)).unwrap();
        assert!(sign(&*files.good(), &request(&files.pinned, ""), soon()).is_ok());
    }
    // With another recipient beside: either opens it.
    let theirs = fs::read_to_string(&files.theirs).unwrap();
    let other = theirs.lines().next().unwrap().rsplit(' ').next().unwrap();
    fs::write(&key, run_age(&["-r", other, "-r", recipient], &text)).unwrap();
    for identity in [&files.mine, &files.theirs] {
        assert!(sign(&*files.open(&with(&[identity])), &request(&files.pinned, ""), soon()).is_ok());
    }
}

/// What `age-keygen | age -p` writes: the identity itself is locked.
#[test]
fn an_identity_may_be_encrypted_to_a_passphrase() {
    let files = Files::new();
    let mut recipient = age::scrypt::Recipient::new(PASSPHRASE.into());
    recipient.set_work_factor(3);
    let locked = age::encrypt_and_armor(&recipient, &fs::read(&files.mine).unwrap()).unwrap();
    let locked = private(&files.file("locked.age"), locked.as_bytes());
    // It protects itself, as the files in the keystore do not have to be believed to.
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o644)).unwrap();
    for (source, code) in [
        (Source::right(), None),
        (Source::new(Some("wrong")), Some(Code::CustodyLocked)),
        (Source::new(None), Some(Code::CustodyPassphrase)),
    ] {
        let around = Surroundings { passphrases: Arc::clone(&source) as _, ..with(&[&locked]) };
        let custodian = files.open(&around);
        custodian.describe().unwrap();
        assert_eq!(source.asked(), 0);
        for _ in 0..3 {
            let answer = sign(&*custodian, &request(&files.pinned, ""), soon());
            assert_eq!(answer.err().map(|fault| fault.code()), code);
            assert_eq!(source.asked(), 1);
        }
    }
}

#[test]
fn faults_say_what_to_do() {
    let files = Files::new();
    let fault = files.fault(&around(Source::new(None)));
    assert!(fault.to_string().contains("`--identity FILE`"), "{fault}");
    let fault = files.fault(&with(&[&files.theirs]));
    assert!(matches!(fault, CustodyFault::NotAddressed { .. }), "{fault}");
    let seed = Seed::generate(Role::Account).unwrap();
    let identity = private(&files.file("seed"), greatseal_text(&seed).as_bytes());
    let fault = files.fault(&with(&[&identity]));
    assert!(fault.to_string().contains("no age identity"), "{fault}");
}

fn greatseal_text(seed: &Seed) -> String {
    secrecy::ExposeSecret::expose_secret(&seed.to_nkey_text()).to_owned()
}

/// What can pass is not remembered: the identity that comes later opens the file.
#[test]
fn an_identity_may_come_later() {
    let files = Files::new();
    let later = files.file("later.txt");
    let custodian = files.open(&with(&[&later]));
    let asked = request(&files.pinned, "");
    assert_eq!(sign(&*custodian, &asked, soon()).unwrap_err().code(), Code::CustodySetup);
    fs::copy(&files.mine, &later).unwrap();
    assert!(sign(&*custodian, &asked, soon()).is_ok());
}

#[test]
fn identities_of_a_plugin_need_a_build_with_plugins() {
    let files = Files::new();
    let plugin = private(&files.file("plugin.txt"), b"AGE-PLUGIN-MISSING-10QPT5W3L\n");
    let fault = files.fault(&with(&[&plugin]));
    assert!(fault.to_string().contains("age-plugin-missing"), "{fault}");
    let code = if cfg!(feature = "age-plugin") { Code::CustodySetup } else { Code::CustodyUnsupported };
    assert_eq!(fault.code(), code);
}

#[test]
fn no_fault_and_no_debug_output_repeats_an_identity() {
    let files = Files::new();
    let secret = Identity::generate();
    let text = secret.to_string();
    let text = text.expose_secret();
    let mut said = format!("{:?} {:?}", files.good().describe(), with(&[&files.mine]));
    let spoilt = text.replace("1", "2");
    for wrong in [text.to_lowercase(), format!("{text}x"), spoilt, format!("x {text}"), format!("AGE-PLUGIN-{text}")] {
        let path = private(&files.file("wrong.txt"), wrong.as_bytes());
        let fault = files.fault(&with(&[&path]));
        said += &format!("{fault} {fault:?}\n");
    }
    for needle in
        spellings(&text.as_bytes()[20..50]).into_iter().chain([text.to_lowercase().as_bytes()[20..50].to_vec()])
    {
        assert!(!contains(said.as_bytes(), &needle), "{said}");
    }
}

/// A backup carries them; without their identity it says what it could not check.
#[test]
fn a_backup_carries_them_and_says_what_it_could_not_check() {
    let files = Files::new();
    files.store.create(&name("locked"), Role::Account, &passphrase(PASSPHRASE), NOW).unwrap();
    let backup = Backup::new(files.store.snapshot().unwrap(), Vec::new()).unwrap();
    let keys = backup.keys().unwrap();
    assert_eq!(keys.len(), 3);
    for entry in &keys {
        let to_recipients = entry.name != name("locked");
        let expected = if to_recipients { Proof::NoIdentity } else { Proof::AsPinned };
        assert_eq!(backup.unlock(entry, &passphrase(PASSPHRASE)), Ok(expected));
        assert_eq!(backup.unlock_by(entry, &around(Source::right()), soon()), Ok(expected));
        let mine = Surroundings { identities: vec![files.mine.clone()], ..around(Source::right()) };
        assert_eq!(backup.unlock_by(entry, &mine, soon()), Ok(Proof::AsPinned));
        let theirs = Surroundings { identities: vec![files.theirs.clone()], ..around(Source::right()) };
        assert_eq!(backup.unlock_by(entry, &theirs, soon()).is_err(), to_recipients);
    }
}

/// A key file with no seed in it, or with another's, is told as it is told for passphrases.
#[test]
fn what_is_in_the_file_is_judged_as_always() {
    let files = Files::new();
    let mine = fs::read_to_string(&files.mine).unwrap();
    let recipient = mine.lines().next().unwrap().rsplit(' ').next().unwrap().parse::<age::x25519::Recipient>().unwrap();
    let key = files.path.join("acme.signing-1.age");
    for (text, code) in [
        (&b"hello\n"[..], Code::CustodyMalformed),
        (b"", Code::CustodyMalformed),
        (&[b'A'; 70_000], Code::CustodyMalformed),
        (greatseal_text(&Seed::generate(Role::Account).unwrap()).as_bytes(), Code::CustodyPin),
    ] {
        fs::write(&key, age::encrypt(&recipient, text).unwrap()).unwrap();
        assert_eq!(files.fault(&with(&[&files.mine])).code(), code);
    }
}
