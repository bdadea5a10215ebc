//! The built command, run like a stranger would: in a folder of its own, with an environment of its own.
#![allow(dead_code, reason = "each file of tests uses its own part of this")]

#[cfg(feature = "vault")]
pub(crate) mod bao;
pub(crate) mod line;
pub(crate) mod services;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use greatseal_core::Timestamp;
use greatseal_core::key::{Nkey, Role};
use greatseal_custody::{KeyName, Keystore, Passphrase, WorkFactor};
use greatseal_testkit::secrets::traces::{Place as Trace, keep, keep_folder};
use serde_json::Value;
use tempfile::TempDir;

/// The built command.
pub(crate) const COMMAND: &str = env!("CARGO_BIN_EXE_greatseal");

/// The passphrase in `passphrase` of every place; long enough to be recognised wherever it shows up.
pub(crate) const PASSPHRASE: &str = "correct-horse-battery-staple";

/// A core WebAssembly module without anything in it.
pub(crate) const MODULE: [u8; 8] = *b"\0asm\x01\0\0\0";

/// A folder that goes away in the end: home, working folder, and where configuration is looked for.
#[derive(Debug)]
pub(crate) struct Place {
    folder: TempDir,
}

impl Drop for Place {
    fn drop(&mut self) {
        keep_folder(self.folder.path());
    }
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        place.write("passphrase", format!("{PASSPHRASE}\n"));
        place
    }

    /// Names something in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, with the folders above it.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The custody that the command finds by itself.
    pub(crate) fn keys(&self) -> PathBuf {
        self.path(".config/greatseal/keys")
    }

    /// Prepares a program with this place's environment.
    pub(crate) fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GREATSEAL") {
                command.env_remove(name);
            }
        }
        command.env_remove("XDG_CONFIG_HOME").env("HOME", self.folder.path()).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Prepares the command.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = self.program(COMMAND);
        command.args(arguments);
        command
    }

    /// Runs the command.
    #[track_caller]
    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Run {
        Run::of(&mut self.command(arguments))
    }

    /// Runs the command within a folder of the place.
    #[track_caller]
    pub(crate) fn run_in<S: AsRef<OsStr>>(&self, folder: &str, arguments: impl IntoIterator<Item = S>) -> Run {
        Run::of(self.command(arguments).current_dir(self.path(folder)))
    }

    /// Runs the command with something on its standard input.
    #[track_caller]
    pub(crate) fn run_with_input<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>, input: &[u8]) -> Run {
        let mut command = self.command(arguments);
        let told = format!("{command:?}");
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        match child.stdin.take().unwrap().write_all(input) {
            // It ended without reading what nobody asked for.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
            written => written.unwrap(),
        }
        Run::new(told, child.wait_with_output().unwrap())
    }

    /// Runs the command from a shell, which stands before `exec greatseal ARGUMENTS`.
    #[track_caller]
    pub(crate) fn run_from_shell<S: AsRef<OsStr>>(&self, before: &str, after: &str, arguments: &[S]) -> Run {
        let script = format!("{before}exec \"$0\" \"$@\" {after}");
        let mut shell = self.program("sh");
        Run::of(shell.arg("-c").arg(script).arg(COMMAND).args(arguments))
    }

    /// Puts keys into custody that cost nothing to unlock, where commands find them by their names.
    pub(crate) fn keys_at_hand(&self, role: Role, names: &[&str]) -> Vec<Nkey> {
        let store = Keystore::open(self.keys()).unwrap().with_work_factor(WorkFactor::worthless_for_tests());
        let passphrase = Passphrase::from_reader(PASSPHRASE.as_bytes()).unwrap();
        let create = |name: &&str| {
            let name = KeyName::parse(&format!("acme/{name}")).unwrap();
            // As if its sealed revocation had been taken to another medium.
            let note = self.path(&format!(".config/greatseal/keys-sealed/{}.elsewhere", name.as_str()));
            fs::create_dir_all(note.parent().unwrap()).unwrap();
            fs::write(note, "").unwrap();
            let made = store.create(&name, role, &passphrase, Timestamp::from_secs(1_700_000_000)).unwrap();
            made.public.nkey().unwrap()
        };
        names.iter().map(create).collect()
    }

    /// Makes the realm `acme` with a plain operator of two signing keys; returns the operator's key.
    pub(crate) fn realm(&self) -> String {
        self.run(["init", "acme"]).exits(0);
        self.keys_at_hand(Role::Operator, &["identity", "signing-1", "signing-2"]);
        let made = self
            .issue(["operator", "create", "--without-succession", "--signing-keys", "2", "--realm", "acme"])
            .exits(0)
            .json();
        made["operator"].as_str().unwrap().to_owned()
    }

    /// Makes an account with one signing key in the realm `acme`.
    pub(crate) fn account(&self, name: &str) -> Value {
        self.keys_at_hand(Role::Account, &[name, &format!("{name}-signing-1")]);
        self.issue(["account", "create", name, "--realm", "acme"]).exits(0).json()
    }

    /// Runs a command that needs the passphrase, for its JSON.
    #[track_caller]
    pub(crate) fn issue<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Run {
        let mut command = self.command(arguments);
        Run::of(command.arg("--passphrase-file").arg(self.path("passphrase")).args(["--output", "json"]))
    }

    /// Every file below a folder of the place, by its path from there.
    pub(crate) fn files(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        files(&self.path(folder))
    }
}

/// Lets only the owner read a file.
pub(crate) fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Every file below a folder, by its path from there.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    collect(folder, "", &mut found);
    found
}

fn collect(folder: &Path, prefix: &str, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_string_lossy());
        if path.is_dir() {
            collect(&path, &format!("{name}/"), found);
        } else {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Run {
    told: String,
    /// Its exit code; none when a signal ended it.
    pub(crate) exit: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Run {
    #[track_caller]
    pub(crate) fn of(command: &mut Command) -> Self {
        let told = format!("{command:?}");
        Self::new(told, command.output().unwrap())
    }

    /// Takes the output of a program that somebody else waited for.
    #[track_caller]
    pub(crate) fn from_output(told: &str, output: Output) -> Self {
        Self::new(told.to_owned(), output)
    }

    #[track_caller]
    fn new(told: String, output: Output) -> Self {
        let Output { status, stdout, stderr } = output;
        // For the search for secrets, where these tests are not traced from outside.
        keep(Trace::Argument, "greatseal", "", told.as_bytes());
        keep(Trace::Output, "greatseal", "stdout", &stdout);
        keep(Trace::Output, "greatseal", "stderr", &stderr);
        let run = Self { told, exit: status.code(), stdout, stderr };
        assert!(!run.err().contains("panicked at"), "it panicked\n{run}");
        run
    }

    /// Insists on an exit code.
    #[track_caller]
    pub(crate) fn exits(self, expected: i32) -> Self {
        assert_eq!(self.exit, Some(expected), "{self}");
        self
    }

    /// Insists on the code of an answer or a failure in JSON.
    #[track_caller]
    pub(crate) fn says(self, expected: &str) -> Self {
        assert_eq!(self.code().as_deref(), Some(expected), "{self}");
        self
    }

    /// The one JSON object on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let value: Value =
            serde_json::from_slice(&self.stdout).unwrap_or_else(|error| panic!("not one JSON object: {error}\n{self}"));
        assert!(value.is_object(), "{self}");
        value
    }

    /// The JSON objects on stdout, one on each line.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        let lines = self.out();
        lines.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}\n{self}"))).collect()
    }

    /// The code in its JSON: an answer's, or a failure's.
    #[track_caller]
    pub(crate) fn code(&self) -> Option<String> {
        let json = self.json();
        let code = json.pointer("/error/code").or_else(|| json.get("code"));
        code.and_then(Value::as_str).map(str::to_owned)
    }

    pub(crate) fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// All that came out of it.
    pub(crate) fn all(&self) -> Vec<u8> {
        [&self.stdout[..], &self.stderr[..]].concat()
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\nexit {:?}\nstdout: {}\nstderr: {}", self.told, self.exit, self.out(), self.err())
    }
}

/// Says whether `needle` occurs in `hay`.
pub(crate) fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}
