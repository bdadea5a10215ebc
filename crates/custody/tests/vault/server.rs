//! Real servers of OpenBao in folders of their own, on ports of this machine.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use greatseal_core::key::{PublicKey, Spelled};
use greatseal_custody::{Custodian, CustodyFault, KeyUri, Placed, Surroundings, look_up};
use serde_json::{Value, json};

use crate::support::{NOW, Source, around, name, new_keystore, soon};

/// What the root token of servers in development mode is; long enough to be recognised.
pub(super) const ROOT: &str = "root-token-of-these-tests";

/// Finds the server's program.
pub(super) fn program() -> PathBuf {
    // This program is in the target folder, wherever that is: TARGET/debug/deps.
    let own = std::env::current_exe().unwrap();
    let target = own.ancestors().nth(3).unwrap();
    let path = std::env::var_os("GREATSEAL_OPENBAO").map_or_else(|| target.join("tools/openbao/bao"), PathBuf::from);
    assert!(
        path.is_file(),
        "{} is not there: `cargo xtask test` installs OpenBao, or set GREATSEAL_OPENBAO to a `bao` of version 2.7",
        path.display()
    );
    path
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// How a server keeps what it has.
#[derive(Clone, Copy, PartialEq)]
enum Kept {
    /// In memory, open from the first.
    Development,
    /// The same, with TLS and an authority of its own.
    DevelopmentTls,
    /// On disk, sealed at every start, with a record of all uses.
    Raft,
}

/// A server; it ends with this value.
pub(super) struct Bao {
    process: Option<Child>,
    kept: Kept,
    port: u16,
    cluster: u16,
    root: String,
    unseal: Option<String>,
    agent: ureq::Agent,
    folder: tempfile::TempDir,
}

impl Bao {
    /// Starts one that keeps all in memory, with a transit engine.
    pub(super) fn development() -> Self {
        Self::start(Kept::Development)
    }

    /// Starts one with TLS; the certificate of its authority is in [`Self::authority`].
    pub(super) fn development_with_tls() -> Self {
        Self::start(Kept::DevelopmentTls)
    }

    /// Starts one with a disk and a record of uses, open.
    pub(super) fn raft() -> Self {
        let mut bao = Self::new(Kept::Raft);
        bao.launch();
        let body = json!({ "secret_shares": 1, "secret_threshold": 1 });
        let (status, answer) = bao.call("PUT", "sys/init", Some(body));
        assert_eq!(status, 200, "{answer}");
        bao.root = answer["root_token"].as_str().unwrap().into();
        bao.unseal = Some(answer["keys"][0].as_str().unwrap().into());
        bao.open();
        bao.mount();
        bao
    }

    fn start(kept: Kept) -> Self {
        let mut bao = Self::new(kept);
        bao.launch();
        bao.mount();
        bao
    }

    fn new(kept: Kept) -> Self {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().new_agent();
        let (port, cluster) = (free_port(), free_port());
        let folder = tempfile::tempdir().unwrap();
        Self { process: None, kept, port, cluster, root: ROOT.into(), unseal: None, agent, folder }
    }

    /// Starts the program, where it was before.
    pub(super) fn launch(&mut self) {
        let folder = self.folder.path();
        let mut command = Command::new(program());
        command.arg("server");
        let listen = format!("127.0.0.1:{}", self.port);
        match self.kept {
            Kept::Development | Kept::DevelopmentTls => {
                command.args(["-dev", "-dev-no-store-token", "-dev-listen-address", &listen]);
                command.args(["-dev-root-token-id", ROOT]);
                if self.kept == Kept::DevelopmentTls {
                    command.args(["-dev-tls", "-dev-tls-cert-dir"]).arg(folder);
                }
            }
            Kept::Raft => {
                let (here, cluster) = (folder.display(), format!("127.0.0.1:{}", self.cluster));
                fs::create_dir_all(folder.join("raft")).unwrap();
                let configuration = format!(
                    r#"
storage "raft" {{ path = "{here}/raft" node_id = "one" }}
listener "tcp" {{ address = "{listen}" cluster_address = "{cluster}" tls_disable = true }}
api_addr = "http://{listen}"
cluster_addr = "http://{cluster}"
audit "file" "to-file" {{ options {{ file_path = "{here}/audit.log" }} }}
"#
                );
                fs::write(folder.join("server.hcl"), configuration).unwrap();
                command.arg("-config").arg(folder.join("server.hcl"));
            }
        }
        let log = File::create(folder.join("log")).unwrap();
        command.env("HOME", folder).stdin(Stdio::null()).stderr(log.try_clone().unwrap()).stdout(log);
        self.process = Some(command.spawn().unwrap());
        let began = Instant::now();
        while !self.answers() {
            assert!(began.elapsed() < Duration::from_secs(60), "{}", self.log());
            let ended = self.process.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "{}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Says whether the server is ready for what this kind of it can do at once.
    fn answers(&self) -> bool {
        match self.kept {
            // Its port is open before its root token is good.
            Kept::Development => self.try_call("GET", "auth/token/lookup-self", None).is_some_and(|it| it.0 == 200),
            Kept::DevelopmentTls => {
                self.log().contains("Development mode should NOT") && fs::exists(self.authority()).unwrap()
            }
            Kept::Raft => self.try_call("GET", "sys/seal-status", None).is_some_and(|it| it.0 == 200),
        }
    }

    /// Opens a sealed one, and waits until it leads.
    pub(super) fn open(&self) {
        let (status, answer) = self.call("PUT", "sys/unseal", Some(json!({ "key": self.unseal })));
        assert_eq!(status, 200, "{answer}");
        let began = Instant::now();
        while self.call("GET", "sys/health", None).0 != 200 {
            assert!(began.elapsed() < Duration::from_secs(60), "{}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    pub(super) fn seal(&self) {
        self.done("PUT", "sys/seal", None);
    }

    /// Stops it in the middle of whatever it does, as a power cut would.
    pub(super) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Stops it for a while: it accepts and answers nothing.
    pub(super) fn pause(&self) {
        self.signal("-STOP");
    }

    pub(super) fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.process.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    pub(super) fn address(&self) -> String {
        let scheme = if self.kept == Kept::DevelopmentTls { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    pub(super) fn authority(&self) -> PathBuf {
        self.folder.path().join("vault-ca.pem")
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn mount(&self) {
        if self.kept != Kept::DevelopmentTls {
            self.done("POST", "sys/mounts/transit", Some(json!({ "type": "transit" })));
        }
    }

    /// Runs the program as its own client, as people do.
    pub(super) fn client(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(program());
        command.args(arguments).env("HOME", self.folder.path());
        command.env("BAO_ADDR", self.address()).env("BAO_TOKEN", &self.root);
        if self.kept == Kept::DevelopmentTls {
            command.env("BAO_CACERT", self.authority());
        }
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {told}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Asks the server as its root.
    pub(super) fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.try_call(method, path, body).unwrap_or_else(|| panic!("{path} is not answered"))
    }

    /// The same, where nothing but success is expected.
    pub(super) fn done(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.call(method, path, body);
        assert!(matches!(status, 200 | 204), "{method} {path}: {status} {answer}");
        answer
    }

    fn try_call(&self, method: &str, path: &str, body: Option<Value>) -> Option<(u16, Value)> {
        self.call_as(&self.root, method, path, body)
    }

    /// Asks with some token.
    pub(super) fn call_as(&self, token: &str, method: &str, path: &str, body: Option<Value>) -> Option<(u16, Value)> {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}/v1/{path}", self.address()))
            .header("X-Vault-Token", token)
            .body(body.map(|body| body.to_string()).unwrap_or_default())
            .unwrap();
        let request = self.agent.configure_request(request).timeout_global(Some(Duration::from_secs(20))).build();
        let mut response = self.agent.run(request).ok()?;
        let text = response.body_mut().read_to_string().ok()?;
        Some((response.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    /// Makes a key as its root does, and returns its URI in version 1 and its public half.
    pub(super) fn new_key(&self, key: &str, kind: &str) -> Placed {
        self.done("POST", &format!("transit/keys/{key}"), Some(json!({ "type": kind })));
        look_up(&self.uri(key, ""), &self.surroundings(), soon()).unwrap()
    }

    /// Returns the URI of a key, with more parameters.
    pub(super) fn uri(&self, key: &str, more: &str) -> KeyUri {
        format!("openbao://{key}?address={}{more}", self.address()).parse().unwrap()
    }

    /// Makes a token that may do what a policy allows.
    pub(super) fn token(&self, policy: &str) -> String {
        let body = json!({ "policy": policy });
        let path = format!("sys/policies/acl/p{}", policy.len());
        self.done("PUT", &path, Some(body));
        let body = json!({ "policies": [format!("p{}", policy.len())] });
        self.done("POST", "auth/token/create", Some(body))["auth"]["client_token"].as_str().unwrap().into()
    }

    /// Knows the root's token, as `bao login` leaves it in a home folder.
    pub(super) fn surroundings(&self) -> Surroundings {
        self.surroundings_with(&self.root)
    }

    /// Knows a token, in a home folder of its own.
    pub(super) fn surroundings_with(&self, token: &str) -> Surroundings {
        let home = tempfile::tempdir_in(self.folder.path()).unwrap().keep();
        write_token(&home, token);
        Surroundings { home: Some(home), ..around(Source::new(None)) }
    }
}

impl Drop for Bao {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Writes a token where clients look for it.
pub(super) fn write_token(home: &Path, token: &str) {
    let path = home.join(".vault-token");
    fs::write(&path, token).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Opens a key as every caller does: pinned in a keystore.
pub(super) fn open(placed: &Placed, around: &Surroundings) -> Box<dyn Custodian> {
    try_open(placed, around).unwrap()
}

/// The same, where it may fail.
pub(super) fn try_open(placed: &Placed, around: &Surroundings) -> Result<Box<dyn Custodian>, CustodyFault> {
    let (_folder, _, store) = new_keystore();
    store.pin(&name("acme/x"), placed.uri.clone(), Spelled::Did(placed.public_key), NOW)?;
    store.custodian(&name("acme/x"), around)
}

/// Returns the same place with another key pinned there.
pub(super) fn pinned_as(placed: &Placed, public_key: PublicKey) -> Placed {
    Placed { uri: placed.uri.clone(), public_key }
}

/// Returns a custodian that several threads share.
pub(super) fn shared(placed: &Placed, around: &Surroundings) -> Arc<dyn Custodian> {
    open(placed, around).into()
}
