//! The whole story: start, load, rotation, theft, containment; and what each of them took.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use greatseal_core::key::PublicKey;
use greatseal_custody::RunningKey;
use greatseal_service::clock::{Clock, SystemClock};
use greatseal_service::request::{REQUEST_FILE, RunningKeyRequest};
use greatseal_token::ucan::container::{self, Encoding};
use serde_json::Value;

use crate::Fault;
use crate::client::Client;
use crate::config::{Config, Peer, Role};
use crate::load::{Caller, Load, Tally};
use crate::realm::{Realm, put, revoke};
use crate::roles::{INDEX, PUT};
use crate::thief::{self, OPEN_MEMORY, Thief};

/// Seconds for which a running key of `upload` is delegated to; in earnest a day or a week.
const LIFE: u64 = 16;
/// The part of that life after which `upload` asks for the next key, in percent.
const RENEW_AFTER: u8 = 25;
/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// What `upload` may do, and its running keys: one prefix, so one token for each rotation.
const UPLOAD: &str = "/files/ingest";
/// What `access` may do.
const ACCESS: &str = "/files/quota";

/// What it took, and what came of it.
#[derive(Debug)]
pub struct Report {
    /// What came back to the load, over all that happened.
    pub tally: Tally,
    /// Refusals that the three services counted themselves, the thief's left out.
    pub refused_by_services: BTreeMap<String, u64>,
    /// Tokens made for the planned rotation.
    pub tokens_of_rotation: usize,
    /// Running keys with which `upload` had something executed, one after the other.
    pub keys_seen: usize,
    /// Whether the old key was dropped when its delegation had ended.
    pub old_key_dropped: bool,
    /// Whether every process is the one that was started, with the configuration of then.
    pub same_services: bool,
    /// Calls of the thief that `index` executed, until the revocation reached it.
    pub stolen_calls: usize,
    /// The same, as listed afterwards from the decision records of `index`.
    pub stolen_calls_listed: usize,
    /// From publishing the revocation to the first refusal of the thief.
    pub contained_after: Duration,
    /// The code of that refusal.
    pub contained_with: String,
    /// Whether the thief got through once more in the two seconds after that.
    pub thief_came_back: bool,
}

impl Report {
    /// Says whether everything is as it is promised.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.tally.executed > 0
            && self.tally.refused.is_empty()
            && self.refused_by_services.is_empty()
            && self.tokens_of_rotation == 1
            && self.keys_seen == 3
            && self.old_key_dropped
            && self.same_services
            && self.stolen_calls > 0
            && self.stolen_calls == self.stolen_calls_listed
            && self.contained_after < Duration::from_secs(3)
            && self.contained_with == "GS-REVOKED"
            && !self.thief_came_back
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { executed, refused } = &self.tally;
        writeln!(f, "load:        {executed} calls executed by all three services, refused: {refused:?}")?;
        writeln!(f, "             refused by the services among themselves: {:?}", self.refused_by_services)?;
        writeln!(
            f,
            "rotation:    {} token made; keys in use one after the other: {}",
            self.tokens_of_rotation, self.keys_seen
        )?;
        writeln!(f, "             old key dropped at its end: {}", self.old_key_dropped)?;
        writeln!(f, "others:      same processes, same configuration: {}", self.same_services)?;
        let thief = if thief::is_root_enough() { "as root" } else { "of memory that was left open for it" };
        writeln!(
            f,
            "theft:       {thief}; {} calls executed with the stolen key, {} of them listed by the records of index",
            self.stolen_calls, self.stolen_calls_listed
        )?;
        write!(
            f,
            "containment: refused with {} {:.1} s after the revocation was published; came back: {}",
            self.contained_with,
            self.contained_after.as_secs_f64(),
            self.thief_came_back
        )
    }
}

/// A service that was started.
pub(crate) struct Started {
    process: Child,
    client: Client,
    folder: PathBuf,
    configuration: Vec<u8>,
}

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs all of it, with the program of the services.
///
/// # Errors
/// When something cannot be started, or does not happen in time.
pub async fn run(service: &Path) -> Result<Report, Fault> {
    let outer = tempfile::tempdir()?;
    let revocations = outer.path().join("revocations");
    fs::create_dir(&revocations)?;
    let realm = Realm::new()?;
    let dids = Dids {
        root: realm.root.public_key(),
        upload: realm.upload.public_key(),
        access: realm.access.public_key(),
        index: realm.index.public_key(),
    };
    let [upload, access, index] = start(service, outer.path(), &revocations, &dids, RENEW_AFTER)?;

    // Admission: each gets its chain, once, and its first running key.
    let chain = realm.admit(realm.upload.public_key(), UPLOAD)?;
    give(&upload, "granted.ucan", &chain)?;
    give(&access, "granted.ucan", &realm.admit(realm.access.public_key(), ACCESS)?)?;
    let first = asked(&upload, realm.upload.public_key(), None).await?;
    give(&upload, "running-1.ucan", &[realm.run(&realm.upload, first.key, UPLOAD, LIFE)?])?;
    let of_access = asked(&access, realm.access.public_key(), None).await?;
    give(&access, "running-1.ucan", &[realm.run(&realm.access, of_access.key, ACCESS, 24 * 60 * 60)?])?;
    in_use(&access, of_access.key).await?;
    in_use(&upload, first.key).await?;
    let key = RunningKey::generate()?;
    let proofs = realm.admit(key.public_key(), PUT)?;
    let load = Load::start(Arc::new(Caller { key, proofs, root: dids.root, upload: dids.upload }), port(&upload)?);

    // Rotation: upload asks early, by itself; one token is the answer.
    let second = asked(&upload, realm.upload.public_key(), Some(first.key)).await?;
    let running = realm.run(&realm.upload, second.key, UPLOAD, 3 * LIFE)?;
    let before = tokens(outer.path())?;
    give(&upload, "running-2.ucan", std::slice::from_ref(&running))?;
    let tokens_of_rotation = tokens(outer.path())? - before;
    in_use(&upload, second.key).await?;
    let gone = until(async || Ok(!keys(&upload).await?.iter().any(|(key, _)| *key == first.key.to_string()))).await;
    let old_key_dropped = gone.is_ok();

    // Theft: the running key, out of the memory of upload, with its delegations.
    let proofs: Vec<Vec<u8>> = chain.into_iter().chain([running.clone()]).collect();
    let (pid, key) = (upload.process.id(), second.key);
    let thief = tokio::task::spawn_blocking(move || Thief::search(pid, key, proofs)).await??;
    let steal = async || -> Result<(Option<String>, String), Fault> {
        let (call, id) = thief.invoke(realm.root.public_key(), realm.index.public_key(), INDEX)?;
        Ok((index.client.post("/index", &call).await?.refusal(), id))
    };
    let mut stolen = Vec::new();
    for _ in 0..5 {
        if let (None, id) = steal().await? {
            stolen.push(id);
        }
    }

    // Containment: first the next key, so that nobody waits; then the stolen one is taken back.
    let third = asked(&upload, realm.upload.public_key(), Some(second.key)).await?;
    give(&upload, "running-3.ucan", &[realm.run(&realm.upload, third.key, UPLOAD, 24 * 60 * 60)?])?;
    in_use(&upload, third.key).await?;
    // What was signed just before is on its way still.
    tokio::time::sleep(Duration::from_millis(500)).await;
    put(&revocations.join("upload-running-2.ucan"), &revoke(&realm.upload, &running)?)?;
    let published = Instant::now();
    let contained_with = loop {
        match steal().await? {
            (Some(code), _) => break code,
            (None, _) if published.elapsed() > PATIENCE => return Err("the thief was not stopped".into()),
            (None, id) => stolen.push(id),
        }
    };
    let contained_after = published.elapsed();
    let mut thief_came_back = false;
    let mut thieves_refusals = 1;
    while published.elapsed() < contained_after + Duration::from_secs(2) {
        match steal().await? {
            (None, _) => thief_came_back = true,
            (Some(_), _) => thieves_refusals += 1,
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let tally = load.stop().await?;

    let (mut refused_by_services, same_services) = status_of(&[&upload, &access, &index]).await?;
    if refused_by_services.get(&contained_with) == Some(&thieves_refusals) {
        refused_by_services.remove(&contained_with);
    }
    Ok(Report {
        tally,
        refused_by_services,
        tokens_of_rotation,
        keys_seen: signers(&index, &realm.upload.public_key())?.len(),
        old_key_dropped,
        same_services,
        stolen_calls: stolen.len(),
        stolen_calls_listed: listed(&index, &second.key, &stolen)?,
        contained_after,
        contained_with,
        thief_came_back,
    })
}

/// Asks services what they refused, and whether they are who was started.
pub(crate) async fn status_of(services: &[&Started]) -> Result<(BTreeMap<String, u64>, bool), Fault> {
    let (mut refused, mut same) = (BTreeMap::new(), true);
    for started in services {
        let status = started.client.get("/status").await?.body;
        same &= status.get("pid").and_then(Value::as_u64) == Some(started.process.id().into());
        same &= fs::read(started.folder.join("config.json"))? == started.configuration;
        for (code, count) in status.get("refusals").and_then(Value::as_object).into_iter().flatten() {
            *refused.entry(code.clone()).or_default() += count.as_u64().unwrap_or_default();
        }
    }
    Ok((refused, same))
}

/// Who is who.
pub(crate) struct Dids {
    pub(crate) root: PublicKey,
    pub(crate) upload: PublicKey,
    pub(crate) access: PublicKey,
    pub(crate) index: PublicKey,
}

/// Writes the configurations and starts the three.
pub(crate) fn start(
    service: &Path,
    outer: &Path,
    revocations: &Path,
    dids: &Dids,
    renew_after_percent: u8,
) -> Result<[Started; 3], Fault> {
    let roles = [
        ("upload", Role::Upload, dids.upload),
        ("access", Role::Access, dids.access),
        ("index", Role::Index, dids.index),
    ];
    // All at once, so that no two are alike; given back just before the services take them.
    let held = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0"));
    let mut peers = BTreeMap::new();
    for ((name, _, identity), listener) in roles.iter().zip(held) {
        let port = listener?.local_addr()?.port();
        peers.insert((*name).to_owned(), Peer { port, identity: identity.to_string() });
    }
    let started = roles.map(|(name, role, identity)| -> Result<Started, Fault> {
        let folder = outer.join(name);
        for folder in ["wallet", "state"] {
            fs::create_dir_all(outer.join(name).join(folder))?;
        }
        let port = peers.get(name).map(|peer| peer.port).unwrap_or_default();
        let config = Config {
            role,
            port,
            root: dids.root.to_string(),
            identity: identity.to_string(),
            wallet: folder.join("wallet"),
            revocations: revocations.into(),
            state: folder.join("state"),
            renew_after_percent,
            peers: peers.clone(),
        };
        let configuration = serde_json::to_vec_pretty(&config)?;
        fs::write(folder.join("config.json"), &configuration)?;
        let log = File::create(folder.join("log"))?;
        let mut command = Command::new(service);
        command.arg(folder.join("config.json")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        if !thief::is_root_enough() {
            command.arg(OPEN_MEMORY);
        }
        let process = command.spawn()?;
        Ok(Started { process, client: Client::new(port), folder, configuration })
    });
    let [upload, access, index] = started;
    Ok([upload?, access?, index?])
}

pub(crate) fn port(started: &Started) -> Result<u16, Fault> {
    Ok(Config::read(&started.folder.join("config.json"))?.port)
}

/// Puts tokens into the wallet of a service.
fn give(to: &Started, name: &str, tokens: &[Vec<u8>]) -> Result<(), Fault> {
    put(&to.folder.join("wallet").join(name), &container::write(tokens, Encoding::Base64Url)?)
}

/// Waits until a service asks for a running key, and reads that as whoever holds its identity does.
pub(crate) async fn asked(
    from: &Started,
    identity: PublicKey,
    previous: Option<PublicKey>,
) -> Result<RunningKeyRequest, Fault> {
    let path = from.folder.join("wallet").join(REQUEST_FILE);
    until(async || Ok(path.exists())).await?;
    let request = RunningKeyRequest::read(&fs::read(&path)?, identity, SystemClock.now())?;
    if request.previous != previous {
        return Err("the request is not by the process that was trusted before".into());
    }
    Ok(request)
}

/// Waits until a service signs with a key.
pub(crate) async fn in_use(service: &Started, key: PublicKey) -> Result<(), Fault> {
    until(async || Ok(keys(service).await?.contains(&(key.to_string(), true)))).await
}

/// Lists the running keys of a service, and whether they are in use.
pub(crate) async fn keys(service: &Started) -> Result<Vec<(String, bool)>, Fault> {
    let status = service.client.get("/status").await?.body;
    let keys = status.get("keys").and_then(Value::as_array).cloned().unwrap_or_default();
    let read = |it: &Value| Some((it.get("key")?.as_str()?.to_owned(), it.get("in_use")?.as_bool()?));
    Ok(keys.iter().filter_map(read).collect())
}

pub(crate) async fn until(what: impl AsyncFn() -> Result<bool, Fault>) -> Result<(), Fault> {
    let start = Instant::now();
    // What cannot be reached yet may be soon.
    while !what().await.unwrap_or(false) {
        if start.elapsed() > PATIENCE {
            return Err("what was waited for did not happen".into());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Counts the tokens that lie in wallets and among the revocations.
fn tokens(outer: &Path) -> Result<usize, Fault> {
    let mut count = 0;
    for folder in ["upload/wallet", "access/wallet", "index/wallet", "revocations"] {
        for entry in fs::read_dir(outer.join(folder))? {
            let path = entry?.path();
            if path.extension().is_some_and(|it| it == "ucan") && !path.ends_with(REQUEST_FILE) {
                count += container::read(&fs::read(path)?).map_or(1, |tokens| tokens.len());
            }
        }
    }
    Ok(count)
}

/// Reads the decision records of a service.
fn records(of: &Started) -> Result<Vec<Value>, Fault> {
    let text = fs::read_to_string(of.folder.join("state/decisions.jsonl"))?;
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// Returns who signed the invocation of a record, and for whom it runs.
fn signer(record: &Value) -> Option<(&str, &str)> {
    let [.., running, invocation] = record.get("chain")?.as_array()?.as_slice() else { return None };
    Some((invocation.get("issuer")?.as_str()?, running.get("issuer")?.as_str()?))
}

/// Lists the running keys with which an identity had something executed.
fn signers(of: &Started, identity: &PublicKey) -> Result<Vec<String>, Fault> {
    let records = records(of)?;
    let by = identity.to_string();
    let all = records.iter().filter_map(signer).filter(|(_, runs_for)| **runs_for == by);
    let mut keys: Vec<String> = all.map(|(key, _)| key.to_owned()).collect();
    keys.sort();
    keys.dedup();
    Ok(keys)
}

/// Counts which of some invocations are on record, under the key that was stolen.
fn listed(of: &Started, key: &PublicKey, ids: &[String]) -> Result<usize, Fault> {
    let key = key.to_string();
    let is_one = |record: &&Value| {
        let id = record.get("id").and_then(Value::as_str);
        signer(record).is_some_and(|(signer, _)| signer == key) && id.is_some_and(|id| ids.iter().any(|it| it == id))
    };
    Ok(records(of)?.iter().filter(is_one).count())
}
