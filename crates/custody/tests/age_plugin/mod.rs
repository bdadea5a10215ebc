//! Key files to recipients of an age plugin. There is no hardware here: `standin.rs` is a small
//! real plugin that stands in for `age-plugin-yubikey`.
//!
//! A plugin is found by `$PATH`, so that each test runs itself again in a process of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use greatseal_core::Code;
use greatseal_core::key::{Role, Spelled};
use greatseal_custody::{
    Custodian, CustodyFault, Deadline, FileCustodian, FileName, KeyName, Keystore, Lock, Passphrase, PassphraseFault,
    PassphraseSource, Protection, Recipients, Seed, Surroundings, sign,
};
use secrecy::ExposeSecret;

use crate::contract::{self, Place, Troubled};
use crate::recipients::run_age;
use crate::support::{NOW, Source, around, child, given_folder, name, new_keystore, passphrase, request, soon};

/// Recipients and identities of the stand-in, by their word.
const WORDS: [(&str, &str, &str); 6] = [
    ("good", "age1standin1vahk7eqmztsag", "AGE-PLUGIN-STANDIN-1VAHK7EQJ2RXKV"),
    ("other", "age1standin1da6xsetjsz0s64", "AGE-PLUGIN-STANDIN-1DA6XSETJMGFZA6"),
    ("hang", "age1standin1dpskuec2kgmzs", "AGE-PLUGIN-STANDIN-1DPSKUECR7QDF5"),
    ("pin", "age1standin1wp5ku3ekjt3", "AGE-PLUGIN-STANDIN-1WP5KU6L39J2"),
    ("fail", "age1standin1veskjmqshqpf5", "AGE-PLUGIN-STANDIN-1VESKJMQELGHZS"),
    ("die", "age1standin1v35k262sauc", "AGE-PLUGIN-STANDIN-1V35K23VH29R"),
];
/// Of a plugin that nobody has.
const MISSING: (&str, &str) = ("age1missing10q5n0y2m", "AGE-PLUGIN-MISSING-10QPT5W3L");

const PROCESS: &str = "STANDIN_PROCESS";

/// Starts this very test again with the stand-in in `$PATH`; returns the folder in that process.
fn with_plugin(test: &str) -> Option<PathBuf> {
    if let Some(folder) = given_folder() {
        return Some(folder);
    }
    let folder = tempfile::tempdir().unwrap();
    let programs = std::env::current_exe().unwrap();
    let standin = programs.ancestors().nth(2).unwrap().join("examples/age-plugin-standin");
    assert!(
        standin.exists(),
        "{} is missing: build it with `cargo build -p greatseal-custody --features age-plugin --examples`",
        standin.display()
    );
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    fs::copy(standin, bin.join("age-plugin-standin")).unwrap();
    let mut command = child(&format!("age_plugin::{test}"), folder.path());
    command.env("PATH", format!("{}:/usr/bin:/bin", bin.display())).env(PROCESS, folder.path().join("process"));
    let output = command.stdin(Stdio::null()).stderr(Stdio::piped()).output().unwrap();
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{said}{complained}");
    None
}

fn recipient(word: &str) -> &'static str {
    WORDS.iter().find(|(known, _, _)| *known == word).unwrap().1
}

/// Writes a file of identities.
fn identity(folder: &Path, word: &str) -> PathBuf {
    let path = folder.join(format!("{word}.identity"));
    let line = WORDS.iter().find(|(known, _, _)| *known == word).map_or(MISSING.1, |(_, _, identity)| identity);
    fs::write(&path, format!("# of {word}\n{line}\n")).unwrap();
    path
}

fn with(folder: &Path, words: &[&str]) -> Surroundings {
    let identities = words.iter().map(|word| identity(folder, word)).collect();
    Surroundings { identities, ..around(Source::new(None)) }
}

struct Store {
    _outer: tempfile::TempDir,
    path: PathBuf,
    folder: PathBuf,
    store: Keystore,
    pinned: Spelled,
}

impl Store {
    /// Keys to one word each, by its name; the first is the pinned one.
    fn new(folder: &Path, words: &[&str]) -> Self {
        let (outer, path, store) = new_keystore();
        let mut keys = words.iter().map(|word| {
            let recipients = Recipients::parse([recipient(word)]).unwrap();
            let seed = Seed::generate(Role::Account).unwrap();
            store.keep_for(&name(word), &seed, Protection::Recipients(&recipients), NOW).unwrap().public
        });
        let pinned = keys.next().unwrap();
        keys.for_each(drop);
        Self { _outer: outer, path, folder: folder.into(), store, pinned }
    }

    fn open(&self, key: &str, around: &Surroundings) -> Box<dyn Custodian> {
        self.store.custodian(&name(key), around).unwrap()
    }
}

impl Place for Store {
    fn pinned(&self) -> Spelled {
        self.pinned
    }
    fn good(&self) -> Box<dyn Custodian> {
        self.open("good", &with(&self.folder, &["good"]))
    }
    fn replaced(&self) -> Troubled {
        let file = FileName::parse("other.age").unwrap();
        let identities = with(&self.folder, &["other"]).identities;
        let custodian = FileCustodian::new(&self.path, file, name("good"), self.pinned, Source::new(None));
        (Box::new(custodian.with_identities(identities)), Code::CustodyPin)
    }
    fn troubles(&self) -> Vec<(&'static str, Troubled)> {
        let word = |word: &str| {
            let (_, recipient, _) = WORDS.iter().find(|(known, _, _)| *known == word).unwrap();
            let (outer, path, store) = new_keystore();
            let seed = fs::read(self.path.join("good.age")).unwrap();
            let seed = run_age(&["-d", "-i", identity(&self.folder, "good").to_str().unwrap()], &seed);
            let recipients = Recipients::parse([*recipient]).unwrap();
            let seed = Seed::parse_line(&seed).unwrap();
            store.keep_for(&name("good"), &seed, Protection::Recipients(&recipients), NOW).unwrap();
            // The folder lasts as long as the test's process.
            let _ = outer.keep();
            let file = FileName::parse("good.age").unwrap();
            let custodian = FileCustodian::new(path, file, name("good"), self.pinned, Source::new(None));
            Box::new(custodian.with_identities(with(&self.folder, &[word]).identities))
        };
        vec![
            ("another's identity", (self.open("good", &with(&self.folder, &["other"])), Code::CustodyLocked)),
            ("no identity", (self.open("good", &around(Source::new(None))), Code::CustodySetup)),
            ("no such plugin", (self.open("good", &with(&self.folder, &["missing"])), Code::CustodySetup)),
            ("it complains", (word("fail"), Code::CustodyAnswer)),
            ("it dies", (word("die"), Code::CustodyAnswer)),
            ("nobody knows the PIN", (word("pin"), Code::CustodyPassphrase)),
        ]
    }
    fn hanging(&self) -> Option<Box<dyn Custodian>> {
        let (outer, path, store) = new_keystore();
        let recipients = Recipients::parse([recipient("hang")]).unwrap();
        let seed = Seed::generate(Role::Account).unwrap();
        store.keep_for(&name("hang"), &seed, Protection::Recipients(&recipients), NOW).unwrap();
        let _ = outer.keep();
        let file = FileName::parse("hang.age").unwrap();
        let custodian = FileCustodian::new(path, file, name("hang"), self.pinned, Source::new(None));
        Some(Box::new(custodian.with_identities(with(&self.folder, &["hang"]).identities)))
    }
}

#[test]
fn plugin_files_keep_the_contract() {
    let Some(folder) = with_plugin("plugin_files_keep_the_contract") else { return };
    contract::keep(&Store::new(&folder, &["good", "other"]));
}

#[test]
fn the_stock_command_opens_them_and_makes_them() {
    let Some(folder) = with_plugin("the_stock_command_opens_them_and_makes_them") else { return };
    let store = Store::new(&folder, &["good"]);
    let identity = identity(&folder, "good");
    let text = run_age(&["-d", "-i", identity.to_str().unwrap()], &fs::read(store.path.join("good.age")).unwrap());
    assert_eq!(Spelled::from(Seed::parse_line(&text).unwrap().nkey()), store.pinned);
    fs::write(store.path.join("good.age"), run_age(&["-r", recipient("good")], &text)).unwrap();
    assert!(sign(&*store.good(), &request(&store.pinned, ""), soon()).is_ok());
}

/// The deadline ends the wait and the program; nothing is kept, and the next touch opens the file.
#[test]
fn a_plugin_that_waits_is_left_and_ended_at_the_deadline() {
    let Some(folder) = with_plugin("a_plugin_that_waits_is_left_and_ended_at_the_deadline") else { return };
    let store = Store::new(&folder, &["hang"]);
    let told = Arc::new(Teller::default());
    let around = Surroundings { passphrases: Arc::clone(&told) as _, ..with(&folder, &["hang"]) };
    let custodian = store.open("hang", &around);
    let began = Instant::now();
    for _ in 0..2 {
        let deadline = Deadline::after(Duration::from_secs(1));
        assert_eq!(sign(&*custodian, &request(&store.pinned, ""), deadline), Err(CustodyFault::Deadline));
    }
    assert!(began.elapsed() < Duration::from_secs(20));
    assert_eq!(*told.told.lock().unwrap(), ["touch the device", "touch the device"]);
    if cfg!(target_os = "linux") {
        let process = fs::read_to_string(std::env::var_os(PROCESS).unwrap()).unwrap();
        let gone = || !Path::new("/proc").join(&process).exists();
        let began = Instant::now();
        while !gone() {
            assert!(began.elapsed() < Duration::from_secs(20), "process {process} goes on");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Whoever waits for another's touch gives up at his own deadline.
#[test]
fn nobody_waits_for_another_beyond_his_deadline() {
    let Some(folder) = with_plugin("nobody_waits_for_another_beyond_his_deadline") else { return };
    let store = Store::new(&folder, &["hang"]);
    let custodian = store.open("hang", &with(&folder, &["hang"]));
    let ask = |time: u64| {
        let began = Instant::now();
        let deadline = Deadline::after(Duration::from_millis(time));
        assert_eq!(sign(&*custodian, &request(&store.pinned, ""), deadline), Err(CustodyFault::Deadline));
        began.elapsed()
    };
    std::thread::scope(|scope| {
        let patient = scope.spawn(|| ask(3_000));
        std::thread::sleep(Duration::from_millis(200));
        let hasty = scope.spawn(|| ask(300));
        assert!(hasty.join().unwrap() < Duration::from_secs(2));
        assert!(patient.join().unwrap() >= Duration::from_secs(3));
    });
}

#[test]
fn a_pin_is_asked_for_and_only_where_somebody_knows_pins() {
    let Some(folder) = with_plugin("a_pin_is_asked_for_and_only_where_somebody_knows_pins") else { return };
    let store = Store::new(&folder, &["pin"]);
    let asked = request(&store.pinned, "");
    for (pin, code) in
        [(Some("123456"), None), (Some("654321"), Some(Code::CustodyAnswer)), (None, Some(Code::CustodyPassphrase))]
    {
        let teller = Arc::new(Teller { pin, ..Teller::default() });
        let around = Surroundings { passphrases: Arc::clone(&teller) as _, ..with(&folder, &["pin"]) };
        let answer = sign(&*store.open("pin", &around), &asked, soon());
        assert_eq!(answer.err().map(|fault| fault.code()), code);
        assert_eq!(*teller.told.lock().unwrap(), ["PIN of the device"]);
    }
    // A passphrase is never tried for a PIN: devices lock themselves.
    let only_passphrases = |_: &KeyName, _: &Spelled| -> Result<Passphrase, CustodyFault> { panic!("it was asked") };
    let around = Surroundings { passphrases: Arc::new(only_passphrases), ..with(&folder, &["pin"]) };
    assert_eq!(sign(&*store.open("pin", &around), &asked, soon()).unwrap_err().code(), Code::CustodyPassphrase);
}

#[test]
fn what_goes_wrong_is_said_in_words() {
    let Some(folder) = with_plugin("what_goes_wrong_is_said_in_words") else { return };
    let store = Store::new(&folder, &["fail", "good"]);
    let say = |key: &str, words: &[&str]| {
        sign(&*store.open(key, &with(&folder, words)), &request(&store.pinned, ""), soon()).unwrap_err().to_string()
    };
    assert_eq!(say("fail", &["fail"]), "age-plugin-standin answered: the device is not plugged in");
    let missing = say("fail", &["missing"]);
    assert!(missing.contains("age-plugin-missing is in no folder of PATH"), "{missing}");
    let fault = Recipients::parse([MISSING.0]).map(|recipients| {
        let seed = Seed::generate(Role::Account).unwrap();
        store.store.keep_for(&name("x"), &seed, Protection::Recipients(&recipients), NOW).unwrap_err()
    });
    assert_eq!(fault.unwrap().code(), Code::CustodySetup);
}

/// Identities of age's own come first, so that no device is asked for what a file opens; and a
/// plugin that is missing hinders no other.
#[test]
fn several_recipients_and_identities_go_together() {
    let Some(folder) = with_plugin("several_recipients_and_identities_go_together") else { return };
    let (_outer, _, store) = new_keystore();
    let own = age::x25519::Identity::generate();
    let public = own.to_public().to_string();
    let recipients = Recipients::parse([recipient("hang"), recipient("good"), &public]).unwrap();
    let seed = Seed::generate(Role::Account).unwrap();
    store.keep_for(&name("a"), &seed, Protection::Recipients(&recipients), NOW).unwrap();
    let file = folder.join("own");
    fs::write(&file, own.to_string().expose_secret()).unwrap();
    run_chmod(&file);
    let mut surroundings = with(&folder, &["hang", "missing"]);
    surroundings.identities.push(file);
    let asked = request(&seed.nkey(), "");
    let open = |around: &Surroundings| sign(&*store.custodian(&name("a"), around).unwrap(), &asked, soon());
    assert_eq!(open(&surroundings), seed.sign(&asked));
    assert_eq!(open(&with(&folder, &["missing", "good"])), seed.sign(&asked));
    assert_eq!(open(&with(&folder, &["other", "good"])), seed.sign(&asked));
}

#[test]
fn it_is_described_as_it_is_without_any_plugin() {
    let Some(folder) = with_plugin("it_is_described_as_it_is_without_any_plugin") else { return };
    let store = Store::new(&folder, &["hang"]);
    assert_eq!(store.open("hang", &with(&folder, &["hang"])).describe().unwrap().lock, Lock::Identity);
}

fn run_chmod(path: &Path) {
    assert!(Command::new("chmod").arg("600").arg(path).status().unwrap().success());
}

/// Knows perhaps a PIN, and notes what it is told.
#[derive(Default)]
struct Teller {
    pin: Option<&'static str>,
    told: Mutex<Vec<String>>,
}

impl PassphraseSource for Teller {
    fn passphrase(&self, name: &KeyName, _public: &Spelled) -> Result<Passphrase, CustodyFault> {
        Err(PassphraseFault::Nobody { name: name.clone() }.into())
    }
    fn pin(&self, question: &str) -> Result<Passphrase, CustodyFault> {
        self.tell(question);
        let nobody = || PassphraseFault::NobodyForPin { question: question.into() };
        Ok(self.pin.map(passphrase).ok_or_else(nobody)?)
    }
    fn tell(&self, message: &str) {
        self.told.lock().unwrap().push(message.into());
    }
}
