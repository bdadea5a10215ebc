//! Real agents of OpenSSH in folders of their own, and sockets that only seem to be one.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use greatseal_core::key::PublicKey;
use greatseal_custody::{KeyUri, Surroundings, look_up};

use crate::support::{Source, around, soon};

/// Runs a tool of OpenSSH and insists that it is there and succeeds.
pub(super) fn run(command: &mut Command) -> String {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().unwrap_or_else(|error| {
        panic!("{name} cannot be started ({error}): install it with `apt-get install -y openssh-client`")
    });
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// An agent of OpenSSH; it ends with this value.
pub(super) struct Agent {
    process: Child,
    folder: tempfile::TempDir,
}

impl Agent {
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let process = Self::process(&folder.path().join("agent"));
        Self { process, folder }
    }

    fn process(socket: &Path) -> Child {
        let process = Command::new("ssh-agent")
            .args(["-D", "-a"])
            .arg(socket)
            // Where it has to ask for a confirmation, it is declined.
            .env("SSH_ASKPASS", "/bin/false")
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env("DISPLAY", ":0")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("ssh-agent cannot be started ({error}): install it with `apt-get install -y openssh-client`")
            });
        let began = Instant::now();
        while UnixStream::connect(socket).is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "ssh-agent does not listen");
            thread::sleep(Duration::from_millis(5));
        }
        process
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.folder.path().join("agent")
    }

    pub(super) fn surroundings(&self) -> Surroundings {
        surroundings(&self.socket())
    }

    /// Makes a key file of OpenSSH in the agent's folder.
    pub(super) fn new_key(&self, name: &str, kind: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        run(Command::new("ssh-keygen").args(["-q", "-N", "", "-C", name, "-t", kind, "-f"]).arg(&path));
        path
    }

    /// Runs ssh-add.
    pub(super) fn add(&self, arguments: &[&str], key: Option<&Path>) -> String {
        let mut command = Command::new("ssh-add");
        run(command.args(arguments).args(key).env("SSH_AUTH_SOCK", self.socket()))
    }

    /// Makes a key, brings it in, and returns its URI and public key.
    pub(super) fn with_key(&self, name: &str, kind: &str) -> (KeyUri, PublicKey) {
        let key = self.new_key(name, kind);
        self.add(&["-q"], Some(&key));
        let uri = uri_of(&key);
        let public = look_up(&uri, &self.surroundings(), soon()).unwrap().public_key;
        (uri, public)
    }

    /// Locks or unlocks it; ssh-add asks for the password through a program.
    pub(super) fn lock(&self, option: &str) {
        let ask = self.folder.path().join("ask");
        fs::write(&ask, "#!/bin/sh\necho locked\n").unwrap();
        fs::set_permissions(&ask, fs::Permissions::from_mode(0o700)).unwrap();
        let mut command = Command::new("ssh-add");
        command.arg(option).env("SSH_AUTH_SOCK", self.socket());
        run(command.env("SSH_ASKPASS", &ask).env("SSH_ASKPASS_REQUIRE", "force").env("DISPLAY", ":0"));
    }

    pub(super) fn signal(&self, signal: &str) {
        run(Command::new("kill").arg(signal).arg(self.process.id().to_string()));
    }

    /// Ends it at once; the socket stays behind.
    pub(super) fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Starts another at the same socket.
    pub(super) fn start_again(&mut self) {
        self.kill();
        let _ = fs::remove_file(self.socket());
        self.process = Self::process(&self.socket());
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.kill();
    }
}

pub(super) fn surroundings(socket: &Path) -> Surroundings {
    Surroundings { agent_socket: Some(socket.into()), ..around(Source::new(None)) }
}

/// Names a key as `ssh-keygen -l` does.
pub(super) fn uri_of(key: &Path) -> KeyUri {
    let line = run(Command::new("ssh-keygen").arg("-lf").arg(key));
    format!("ssh-agent:{}", line.split_whitespace().nth(1).unwrap()).parse().unwrap()
}

/// A socket that answers each request as it is told; a thread per connection, until the test ends.
pub(super) struct Impostor {
    folder: tempfile::TempDir,
}

impl Impostor {
    pub(super) fn new(answer: impl Fn(&[u8], &mut UnixStream) + Send + Sync + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent");
        let listener = UnixListener::bind(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, mut stream) = (Arc::clone(&answer), stream.unwrap());
                thread::spawn(move || {
                    while let Some(request) = read(&mut stream) {
                        answer(&request, &mut stream);
                    }
                });
            }
        });
        Self { folder }
    }

    pub(super) fn surroundings(&self) -> Surroundings {
        surroundings(&self.folder.path().join("agent"))
    }
}

fn read(stream: &mut UnixStream) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    match stream.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return None,
        Err(_) => return None,
    }
    let mut request = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut request).ok()?;
    Some(request)
}

/// Writes a message with its length before it.
pub(super) fn write(stream: &mut UnixStream, message: &[u8]) {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let _ = stream.write_all(&[&length[..], message].concat());
}

/// Strings one after another, each with its length before it.
pub(super) fn strings(strings: &[&[u8]]) -> Vec<u8> {
    let length = |string: &[u8]| u32::try_from(string.len()).unwrap().to_be_bytes();
    strings.iter().flat_map(|string| [&length(string)[..], string].concat()).collect()
}
