//! Keys in tokens: SoftHSM, and a TPM 2.0 in software.
//!
//! Modules are told by environment variables where their tokens are. So every test runs in a
//! process of its own, with a folder of its own, whoever starts it.

mod making;
mod outages;
mod pins;
mod softhsm;
mod speed;
mod tpm;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use greatseal_core::key::{PublicKey, Spelled};
use greatseal_custody::{Algorithm, Custodian, KeyUri, Placed, Surroundings, generator};

use crate::support::{NOW, Source, child, given_folder, name, new_keystore, passphrase, soon};

/// The PIN of every token in these tests; long enough to be recognised wherever it shows up.
pub(super) const PIN: &str = "user-pin-271828";
pub(super) const SO_PIN: &str = "so-pin-314159";

/// A kind of token: where its module is, and what tells it where to look.
pub(super) struct Kind {
    pub(super) module: &'static [&'static str],
    /// Debian's packages, for whoever has to install them.
    pub(super) packages: &'static str,
    /// Makes what the module needs in a folder, and returns the environment that says so.
    pub(super) prepare: fn(&Path) -> Vec<(&'static str, OsString)>,
}

impl Kind {
    /// Returns the module's file.
    pub(super) fn path(&self) -> PathBuf {
        let found = self.module.iter().map(PathBuf::from).find(|path| path.exists());
        found.unwrap_or_else(|| panic!("no {:?}: install with `apt-get install -y {}`", self.module, self.packages))
    }
}

/// Plays a scene in a process and a folder of its own.
pub(super) fn scene(kind: &Kind, test: &str, body: impl FnOnce(&Path)) {
    if let Some(folder) = given_folder() {
        return body(&folder);
    }
    let folder = tempfile::tempdir().unwrap();
    kind.path();
    let mut command = child(&format!("pkcs11::{test}"), folder.path());
    command.envs((kind.prepare)(folder.path())).stdin(Stdio::null()).stderr(Stdio::piped());
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success() && stdout.contains("1 passed"), "{status}\n{stdout}\n{stderr}");
    print!("{stdout}");
}

/// Runs a tool to its end, in this process's environment.
pub(super) fn run(packages: &str, tool: &str, arguments: &[&str]) -> String {
    let output = Command::new(tool).args(arguments).stdin(Stdio::null()).output();
    let Output { status, stdout, stderr } =
        output.unwrap_or_else(|error| panic!("{tool}: {error}: install it with `apt-get install -y {packages}`"));
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{tool} {arguments:?}: {status}\n{stdout}\n{stderr}");
    stdout.into_owned()
}

/// Has OpenSC's tool do something as the token's user.
pub(super) fn tool(module: &Path, arguments: &[&str]) -> String {
    let module = module.to_str().unwrap();
    run("opensc", "pkcs11-tool", &[&["--module", module, "--login", "--pin", PIN], arguments].concat())
}

/// A token that is named by its label.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) module: PathBuf,
    pub(super) label: String,
    pub(super) pin_file: PathBuf,
}

impl Token {
    pub(super) fn new(module: PathBuf, label: &str, folder: &Path) -> Self {
        let pin_file = folder.join("pin");
        fs::write(&pin_file, format!("{PIN}\n")).unwrap();
        Self { module, label: label.into(), pin_file }
    }

    /// Returns a URI with these attributes before and behind the question mark.
    pub(super) fn uri(&self, key: &str, more: &str) -> KeyUri {
        format!("pkcs11:token={}{key}?module-path={}{more}", self.label, self.module.display()).parse().unwrap()
    }

    /// Returns a URI with the PIN in its file.
    pub(super) fn with_pin(&self, key: &str) -> KeyUri {
        self.uri(key, &format!("&pin-source=file:{}", self.pin_file.display()))
    }

    /// Makes a key as the command does.
    pub(super) fn generate(&self, key: &str, algorithm: Algorithm) -> Placed {
        let around = Surroundings::of(Source::new(None));
        generator(&self.with_pin(""), &around).unwrap().generate(&name(key), algorithm, soon()).unwrap()
    }
}

/// Opens a key as every caller does: pinned in a keystore.
pub(super) fn open(uri: &KeyUri, pinned: PublicKey, source: Arc<Source>) -> Box<dyn Custodian> {
    let (_outer, _, store) = new_keystore();
    store.pin(&name("acme/x"), uri.clone(), Spelled::Did(pinned), NOW).unwrap();
    store.custodian(&name("acme/x"), &Surroundings::of(source)).unwrap()
}

/// Opens a key whose PIN is in a file: nobody is there who could be asked.
pub(super) fn open_with_file(uri: &KeyUri, pinned: PublicKey) -> Box<dyn Custodian> {
    open(uri, pinned, Source::new(None))
}

/// Knows the PIN, and counts how often it is asked.
pub(super) fn knowing() -> Arc<Source> {
    Source::new(Some(PIN))
}

#[test]
fn what_is_installed_is_named_in_the_failure() {
    let kind = Kind { module: &["/nowhere.so"], packages: "softhsm2", prepare: |_| Vec::new() };
    let panic = std::panic::catch_unwind(|| kind.path()).unwrap_err();
    assert!(panic.downcast_ref::<String>().unwrap().contains("apt-get install -y softhsm2"));
    // And the PIN is one that these helpers take.
    passphrase(PIN);
}

/// Reads a key's public half as the command does, with nobody to ask.
pub(super) fn look_up_key(uri: &KeyUri) -> PublicKey {
    greatseal_custody::look_up(uri, &Surroundings::of(Source::new(None)), soon()).unwrap().public_key
}
