//! A real server of OpenBao on a port of this machine, driven by its own command.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A server with a disk, a transit engine, and one unseal key; it ends with this value.
pub(crate) struct Bao {
    process: Option<Child>,
    folder: tempfile::TempDir,
    port: u16,
    root: String,
    unseal: String,
}

impl Bao {
    /// Starts one and opens it.
    pub(crate) fn on_disk() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (port, cluster) = (free_port(), free_port());
        let here = folder.path().display();
        fs::create_dir(folder.path().join("raft")).unwrap();
        let configuration = format!(
            r#"
storage "raft" {{ path = "{here}/raft" node_id = "one" }}
listener "tcp" {{ address = "127.0.0.1:{port}" cluster_address = "127.0.0.1:{cluster}" tls_disable = true }}
api_addr = "http://127.0.0.1:{port}"
cluster_addr = "http://127.0.0.1:{cluster}"
"#
        );
        fs::write(folder.path().join("server.hcl"), configuration).unwrap();
        let mut bao = Self { process: None, folder, port, root: String::new(), unseal: String::new() };
        bao.launch();
        let told = bao.bao(&["operator", "init", "-key-shares=1", "-key-threshold=1", "-format=json"]);
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        bao.root = told["root_token"].as_str().unwrap().into();
        bao.unseal = told["unseal_keys_b64"][0].as_str().unwrap().into();
        bao.unseal();
        bao.bao(&["secrets", "enable", "transit"]);
        bao
    }

    /// Starts the program where it was before; it is sealed then.
    pub(crate) fn launch(&mut self) {
        let log = File::create(self.folder.path().join("log")).unwrap();
        let mut command = Command::new(program());
        command.args(["server", "-config"]).arg(self.folder.path().join("server.hcl"));
        command.env("HOME", self.folder.path()).stdin(Stdio::null()).stderr(log.try_clone().unwrap()).stdout(log);
        self.process = Some(command.spawn().unwrap());
        // 2 says sealed, and 0 open; anything else that nobody is there.
        self.wait_for(&["status"], &[0, 2]);
    }

    /// Opens it, and waits until it leads.
    pub(crate) fn unseal(&self) {
        self.bao(&["operator", "unseal", &self.unseal]);
        self.wait_for(&["read", "sys/health"], &[0]);
    }

    /// Ends it in the middle of whatever it does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    pub(crate) fn signal(&self, signal: &str) {
        let id = self.process.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn root_token(&self) -> &str {
        &self.root
    }

    /// Runs the server's own command as whoever may do all.
    pub(crate) fn bao(&self, words: &[&str]) -> String {
        let output = self.command(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(words).env_clear().env("HOME", self.folder.path());
        command.env("BAO_ADDR", self.address()).env("BAO_TOKEN", &self.root);
        command
    }

    fn wait_for(&self, words: &[&str], exits: &[i32]) {
        let began = Instant::now();
        while !self.command(words).output().unwrap().status.code().is_some_and(|code| exits.contains(&code)) {
            let log = || fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(began.elapsed() < Duration::from_secs(60), "{}", log());
            thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Bao {
    fn drop(&mut self) {
        self.kill();
    }
}

fn program() -> PathBuf {
    let built = Path::new(super::COMMAND).parent().unwrap().parent().unwrap();
    let path = std::env::var_os("GREATSEAL_OPENBAO").map_or_else(|| built.join("tools/openbao/bao"), PathBuf::from);
    assert!(path.is_file(), "{} is not there: `cargo xtask test` installs OpenBao", path.display());
    path
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
