//! Who holds keys cannot be dumped: other processes of the same user try, and it is crashed.
//!
//! Each attempt is also made on a process that did not protect itself, where it has to succeed; what does not succeed
//! even there shows nothing in this place, and that is said. As root, who may read everything, all of it is done as an
//! ordinary user.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::Duration;

use greatseal_core::key::{Nkey, PublicKey, RawKey, Role};
use greatseal_custody::{Prevention, RunningKey, harden_process};
use greatseal_testkit::secrets::Search;

use crate::memory::Talk;
use crate::support::{child, given_folder, request};

/// An account that owns nothing and may do nothing.
const NOBODY: &str = "65534";
/// In the child's environment: whether it protects itself; in the attacker's: which process it goes for.
const HARDENED: &str = "GREATSEAL_TEST_HARDENED";
const VICTIM: &str = "GREATSEAL_TEST_VICTIM";
/// Where the public half of the child's key is.
const PUBLIC: &str = "public";

/// A place for processes of an ordinary user.
struct Scene {
    folder: tempfile::TempDir,
    program: PathBuf,
    as_nobody: bool,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let as_nobody = rustix::process::geteuid().is_root();
        // Where an ordinary user can reach it.
        let program = folder.path().join("program");
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        Self { folder, program, as_nobody }
    }

    /// A program as the ordinary user, in the folder, with core files allowed as far as may be.
    fn program(&self, program: &Path) -> Command {
        let mut command = Command::new("sh");
        let drop = if self.as_nobody {
            format!("setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups")
        } else {
            String::new()
        };
        command.arg("-c").arg(format!("ulimit -c unlimited 2>/dev/null; exec {drop} \"$0\" \"$@\"")).arg(program);
        command.current_dir(self.folder.path());
        command
    }

    /// One of these tests, as the ordinary user.
    fn test(&self, name: &str) -> Command {
        let mut command = self.program(&self.program);
        let like = child(name, self.folder.path());
        command.args(like.get_args()).envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        command
    }

    /// A process that holds a key, and the key's public half.
    fn holder(&self, hardened: bool) -> (Child, Talk, PublicKey) {
        let mut command = self.test("hardening::holds_a_key");
        let mut process = command.env(HARDENED, if hardened { "yes" } else { "no" }).spawn().unwrap();
        let mut talk = Talk::with(&mut process);
        talk.wait_for("drawn");
        let public: [u8; 32] = fs::read(self.folder.path().join(PUBLIC)).unwrap().try_into().unwrap();
        (process, talk, PublicKey::Ed25519(RawKey::new(public)))
    }

    /// What another process of the same user makes of a process's memory: whether it was read and had the key.
    fn reads(&self, victim: &Child) -> String {
        let output = self.test("hardening::reads_another").env(VICTIM, victim.id().to_string()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        said.lines().find_map(|line| line.split_once("memory: ")).map(|(_, what)| what.into()).unwrap_or(said)
    }

    /// What a tool says that attaches to a process and dumps it; none where there is no such tool.
    fn attaches(&self, victim: &Child, tool: &str) -> Option<(bool, String)> {
        let core = self.folder.path().join("dump");
        let pid = victim.id().to_string();
        let Output { status, stdout, stderr } = match tool {
            // It would go on tracing; that it was stopped after a second means that it could.
            "strace" => {
                self.program(Path::new("timeout")).args(["1", "strace", "-qq", "-o", "/dev/null", "-p", &pid]).output()
            }
            _ => self.program(Path::new(tool)).arg("-o").arg(&core).arg(&pid).output(),
        }
        .unwrap();
        let said = String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned();
        if status.code() == Some(127) || said.contains("No such file") && said.contains(tool) {
            return None;
        }
        let dumped = self.folder.path().join(format!("dump.{pid}"));
        let attached = if tool == "strace" { status.code() == Some(124) } else { dumped.exists() };
        // Whatever it wrote, it is not taken for a core file of a crash.
        let _ = fs::remove_file(dumped);
        Some((attached, said))
    }

    fn cores(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("core")).collect()
    }
}

#[test]
fn another_process_of_the_same_user_cannot_read_the_memory() {
    let scene = Scene::new();
    let (mut open, mut talk, _) = scene.holder(false);
    let read = scene.reads(&open);
    talk.go_on_until("test result");
    open.wait().unwrap();

    let (mut hardened, mut talk, _) = scene.holder(true);
    let refused = scene.reads(&hardened);
    talk.go_on_until("test result");
    assert!(hardened.wait().unwrap().success());
    assert!(refused.starts_with("refused"), "{refused}");
    if read.starts_with("refused") {
        println!("not shown here: no process may read another's memory, protected or not");
    } else {
        assert_eq!(read, "found", "an unprotected process can be read, and the search has to find its key");
    }
}

#[test]
fn no_debugger_of_the_same_user_can_attach() {
    let scene = Scene::new();
    for tool in ["strace", "gcore"] {
        let (mut open, mut talk, _) = scene.holder(false);
        let attempt = scene.attaches(&open, tool);
        talk.go_on_until("test result");
        open.wait().unwrap();
        let Some((attached, said)) = attempt else {
            println!("not shown here with {tool}: it is not installed");
            continue;
        };
        let (mut hardened, mut talk, _) = scene.holder(true);
        let (attached_to_hardened, refusal) = scene.attaches(&hardened, tool).unwrap();
        talk.go_on_until("test result");
        assert!(hardened.wait().unwrap().success());
        assert!(!attached_to_hardened, "{tool}: {refusal}");
        if attached {
            assert!(refusal.contains("not permitted") || refusal.contains("denied"), "{tool}: {refusal}");
            println!("{tool}: attaches to an unprotected process, and not to a protected one");
        } else {
            println!("not shown here with {tool}: it may attach to no process, protected or not: {}", said.trim());
        }
    }
}

#[test]
fn a_crash_leaves_no_core_file() {
    for signal in ["ABRT", "SEGV"] {
        for hardened in [false, true] {
            let scene = Scene::new();
            let (mut process, _talk, key) = scene.holder(hardened);
            let status = killed(&mut process, signal);
            assert!(status.signal().is_some(), "{status}");
            let cores = scene.cores();
            match (hardened, status.core_dumped()) {
                (true, dumped) => {
                    assert!(!dumped, "{signal} dumped a process that protects itself");
                    assert_eq!(cores, [] as [PathBuf; 0]);
                }
                (false, true) => {
                    // Where cores go to a program instead of a file, there is none to search.
                    for core in cores {
                        let finds = Search::of(key).over(&fs::read(&core).unwrap());
                        assert!(!finds.is_empty(), "an unprotected process leaves its key in {}", core.display());
                        println!("{signal}: the core file of an unprotected process has its key");
                    }
                }
                (false, false) => {
                    println!("not shown here with {signal}: no process leaves a core file, protected or not")
                }
            }
        }
    }
}

/// Sends a signal until the process ends by it: the first SEGV only makes Rust's own handler give way.
fn killed(process: &mut Child, signal: &str) -> ExitStatus {
    loop {
        let kill = Command::new("kill").args(["-s", signal]).arg(process.id().to_string()).status().unwrap();
        assert!(kill.success());
        for _ in 0..50 {
            if let Some(status) = process.try_wait().unwrap() {
                return status;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn what_it_says_of_itself_is_so() {
    let scene = Scene::new();
    let (mut hardened, mut talk, _) = scene.holder(true);
    let limits = fs::read_to_string(format!("/proc/{}/limits", hardened.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(line.split_whitespace().collect::<Vec<_>>(), ["Max", "core", "file", "size", "0", "0", "bytes"]);
    talk.go_on_until("test result");
    assert!(hardened.wait().unwrap().success());
}

/// Does nothing unless a test above has started it.
#[test]
fn holds_a_key() {
    let (Some(folder), Some(hardened)) = (given_folder(), std::env::var_os(HARDENED)) else { return };
    if hardened == "yes" {
        let hardening = harden_process();
        assert!(hardening.is_whole(), "{hardening}");
        assert_eq!(hardening.memory, Prevention::Set);
        // It can still be asked about itself, and be given files by descriptor.
        assert!(std::env::current_exe().is_ok());
        assert!(fs::read_dir("/dev/fd").unwrap().count() > 2);
    }
    let key = RunningKey::generate().unwrap();
    let signer = Nkey::new(Role::Account, *key.public_key().ed25519().unwrap());
    key.sign(&request(&signer, "words")).unwrap();
    fs::write(folder.join(PUBLIC), key.public_key().as_bytes()).unwrap();
    println!("drawn");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    drop(key);
}

/// Does nothing unless a test above has started it.
#[test]
fn reads_another() {
    let (Some(folder), Ok(victim)) = (given_folder(), std::env::var(VICTIM)) else { return };
    let public: [u8; 32] = fs::read(folder.join(PUBLIC)).unwrap().try_into().unwrap();
    match Search::of(PublicKey::Ed25519(RawKey::new(public))).over_process(victim.parse().unwrap()) {
        Ok(finds) if finds.is_empty() => println!("memory: nothing found"),
        Ok(_) => println!("memory: found"),
        Err(error) => println!("memory: refused ({:?})", error.kind()),
    }
}
