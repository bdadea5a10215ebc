//! The same rotation as whoever keeps the realm does it: with the command, from a folder in git.
//!
//! The realm's keys are in custody, in files encrypted to a passphrase; the services and the load are
//! those of [`scenario`](crate::scenario).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use greatseal_core::Statement;
use greatseal_core::key::{PublicKey, did};
use greatseal_core::route::{Wanted, route};
use greatseal_core::statement::Delegating;
use greatseal_custody::RunningKey;
use greatseal_token::ucan::{container, decode};
use serde_json::Value;

use crate::Fault;
use crate::load::{Caller, Load, Tally};
use crate::roles::PUT;
use crate::scenario::{Dids, asked, in_use, keys, port, start, status_of, until};

/// What a rotation with the command took.
#[derive(Debug)]
pub struct Report {
    /// What came back to the load, over all that happened.
    pub tally: Tally,
    /// Refusals that the three services counted themselves.
    pub refused_by_services: BTreeMap<String, u64>,
    /// Tokens that the command says it made.
    pub tokens: u64,
    /// Whether the old key was dropped when its delegation was revoked.
    pub old_key_dropped: bool,
    /// Whether every process is the one that was started, with the configuration of then.
    pub same_services: bool,
}

impl Report {
    /// Says whether everything is as it is promised.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.tally.executed > 0
            && self.tally.refused.is_empty()
            && self.refused_by_services.is_empty()
            && self.tokens == 1
            && self.old_key_dropped
            && self.same_services
    }
}

/// The command, in a realm of its own.
struct Office {
    command: PathBuf,
    outer: PathBuf,
}

impl Office {
    fn run(&self, words: &[&str]) -> Result<Value, Fault> {
        let mut command = Command::new(&self.command);
        // The private folders of whoever runs this stay out of it.
        command.env("GREATSEAL_KEYS", self.outer.join("keys")).env("GREATSEAL_TRUST", self.outer.join("trust"));
        command.args(words).args(["--output", "json"]);
        if words.first() != Some(&"init") {
            command.args(["--realm", "acme", "--passphrase-file", "passphrase"]);
        }
        let output = command.current_dir(&self.outer).output()?;
        if output.status.success() {
            Ok(serde_json::from_slice(&output.stdout).unwrap_or(Value::Null))
        } else {
            Err(format!("{}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr)).into())
        }
    }

    /// Makes a service, and returns its identity.
    fn service(&self, name: &str, command: Option<&str>) -> Result<PublicKey, Fault> {
        let mut words = vec!["service", "create", name];
        words.extend(command.iter().flat_map(|command| ["--command", command]));
        key(&self.run(&words)?, "identity")
    }

    /// Answers the request in a wallet, into that wallet.
    fn rotate(&self, name: &str) -> Result<Value, Fault> {
        let wallet = format!("{name}/wallet");
        let request = format!("{wallet}/request.ucan");
        self.run(&["service", "rotate", name, "--for", &request, "--out", &wallet, "--hours", "1", "--yes"])
    }
}

/// Runs the rotation, with the programs of the services and of the command.
///
/// # Errors
/// When something cannot be started, or does not happen in time.
pub async fn run(service: &Path, command: &Path) -> Result<Report, Fault> {
    let outer = tempfile::tempdir()?;
    fs::write(outer.path().join("passphrase"), format!("{}\n", RunningKey::generate()?.public_key()))?;
    let office = Office { command: command.into(), outer: outer.path().into() };
    office.run(&["init", "acme"])?;
    let root = key(&office.run(&["root", "create"])?, "root")?;
    let upload = office.service("upload", Some("/files/ingest"))?;
    let access = office.service("access", Some("/files/quota"))?;
    let index = office.service("index", None)?;
    office.service("client", Some(PUT))?;
    let client = RunningKey::generate()?;
    office.run(&[
        "service",
        "rotate",
        "client",
        "--key",
        &client.public_key().to_string(),
        "--out",
        "client",
        "--yes",
    ])?;
    let proofs = proofs(&outer.path().join("client"), client.public_key(), root)?;

    // A request waits at any time, so that a rotation is whenever somebody answers it.
    let dids = Dids { root, upload, access, index };
    let [upload, access, index] = start(service, outer.path(), &outer.path().join("acme/revocations"), &dids, 0)?;
    let first = asked(&upload, dids.upload, None).await?;
    let granted = office.rotate("upload")?;
    let of_access = asked(&access, dids.access, None).await?;
    office.rotate("access")?;
    in_use(&upload, first.key).await?;
    in_use(&access, of_access.key).await?;
    let caller = Caller { key: client, proofs, root, upload: dids.upload };
    let load = Load::start(Arc::new(caller), port(&upload)?);

    let second = asked(&upload, dids.upload, Some(first.key)).await?;
    let rotated = office.rotate("upload")?;
    in_use(&upload, second.key).await?;
    // What was signed just before is on its way still.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let old = granted.pointer("/delegations/0/name").and_then(Value::as_str).ok_or("a delegation has a name")?;
    office.run(&["delegation", "revoke", old, "--confirm", old])?;
    let first = first.key.to_string();
    let old_key_dropped = until(async || Ok(!keys(&upload).await?.iter().any(|(key, _)| *key == first))).await.is_ok();
    let tally = load.stop().await?;
    let (refused_by_services, same_services) = status_of(&[&upload, &access, &index]).await?;
    let tokens = rotated.get("delegations").and_then(Value::as_array).map_or(0, |made| made.len() as u64);
    Ok(Report { tally, refused_by_services, tokens, old_key_dropped, same_services })
}

fn key(said: &Value, name: &str) -> Result<PublicKey, Fault> {
    let text = said.get(name).and_then(Value::as_str).ok_or_else(|| format!("the command did not say {name}"))?;
    Ok(did::parse(text)?)
}

/// Reads the chain to a key out of a folder, root first.
fn proofs(folder: &Path, holder: PublicKey, subject: PublicKey) -> Result<Vec<Vec<u8>>, Fault> {
    let mut tokens = Vec::new();
    for entry in fs::read_dir(folder)? {
        tokens.extend(container::read(fs::read(entry?.path())?.trim_ascii())?);
    }
    let decoded = tokens.iter().map(|token| decode(token)).collect::<Result<Vec<_>, _>>()?;
    let delegations: Vec<(usize, Delegating<'_>)> = decoded
        .iter()
        .enumerate()
        .filter_map(|(at, token)| Some((at, token.content().grant().delegation()?)))
        .collect();
    let command = greatseal_core::Command::parse(PUT)?;
    let way =
        route(&delegations, &Wanted { holder, subject, command: &command }).ok_or("no way to the client's key")?;
    Ok(way.into_iter().filter_map(|at| tokens.get(at).cloned()).collect())
}
