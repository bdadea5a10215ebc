//! The three services: one program, told by its configuration what to do.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use greatseal_core::key::{PublicKey, did};
use greatseal_core::{Code, Command};
use greatseal_service::clock::{Clock, SystemClock};
use greatseal_service::http::Guard;
use greatseal_service::record::RecordFile;
use greatseal_service::replay::ReplayFile;
use greatseal_service::revocations::RevocationFolder;
use greatseal_service::{Allowed, Call, Gate, Refusal, Report, Rotation, Unreadable, Wallet};
use greatseal_token::ucan::cbor::MapBuf;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::Fault;
use crate::client::{Answer, Client};
use crate::config::{Config, Role};

/// What a client invokes at `upload`.
pub const PUT: &str = "/files/put";
/// What `upload` invokes at `access`, under the one prefix that it is granted.
pub const AUTHORIZE: &str = "/files/ingest/authorize";
/// What `upload` invokes at `index`, under the same prefix.
pub const INDEX: &str = "/files/ingest/index";
/// What `access` invokes at `index`.
pub const QUOTA: &str = "/files/quota/read";

/// Invocations that each service remembers: 20 minutes of a thousand a second.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1_199_999);
/// Seconds for which an invocation speaks.
const LIFETIME: u64 = 30;

/// A service that runs.
struct Running {
    root: PublicKey,
    wallet: Wallet,
    peers: BTreeMap<String, (PublicKey, Client)>,
    executed: AtomicU64,
    refusals: Mutex<BTreeMap<String, u64>>,
}

/// Serves until the process ends.
///
/// # Errors
/// What keeps it from starting.
pub async fn serve(config: Config) -> Result<(), Fault> {
    let (root, identity) = (did::parse(&config.root)?, did::parse(&config.identity)?);
    let report: Report = Arc::new(|path: &Path, why: &Unreadable| eprintln!("{}: {why}", path.display()));
    let revocations = Arc::new(RevocationFolder::new(&config.revocations, Arc::clone(&report)));
    let now = SystemClock.now();
    let replay = Arc::new(ReplayFile::open(config.state.join("replay"), REMEMBERED, now)?);
    let records = Arc::new(RecordFile::open(config.state.join("decisions.jsonl"))?);
    let gate = Arc::new(Gate::new(&[root], identity, revocations.clone(), replay, records));

    let rotation = Rotation { renew_after_percent: config.renew_after_percent, answer_within_seconds: 3600 };
    let name = format!("{:?}", config.role).to_lowercase();
    let wallet = Wallet::new(&name, identity, &config.wallet, rotation, revocations, report);
    let mut peers = BTreeMap::new();
    for (name, peer) in &config.peers {
        peers.insert(name.clone(), (did::parse(&peer.identity)?, Client::new(peer.port)));
    }
    let (executed, refusals) = (AtomicU64::new(0), Mutex::default());
    let running = Arc::new(Running { root, wallet, peers, executed, refusals });

    let heard = Arc::clone(&running);
    let refused = Arc::new(move |refusal: &Refusal| {
        eprintln!("refused: {}: {refusal}", refusal.code());
        let mut refusals = heard.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        *refusals.entry(refusal.code().text().to_owned()).or_default() += 1;
    });
    let guard = Guard::new(gate, Arc::new(SystemClock), refused);
    let requires = |command: &str| Command::parse(command).map(|command| guard.requires(command));
    let routes = match config.role {
        Role::Upload => Router::new().route("/put", post(put).layer(requires(PUT)?)),
        Role::Access => Router::new().route("/authorize", post(authorize).layer(requires(AUTHORIZE)?)),
        Role::Index => Router::new()
            .route("/index", post(done).layer(requires(INDEX)?))
            .route("/quota", post(done).layer(requires(QUOTA)?)),
    };
    let routes = routes.route("/status", get(status)).with_state(Arc::clone(&running));
    if config.role != Role::Index {
        tokio::spawn(tend(running));
    }
    let listener = TcpListener::bind(("127.0.0.1", config.port)).await?;
    axum::serve(listener, routes).await?;
    Ok(())
}

/// Looks after the running key, also while nobody calls.
async fn tend(running: Arc<Running>) {
    loop {
        let running = Arc::clone(&running);
        let tended = tokio::task::spawn_blocking(move || running.wallet.tend(SystemClock.now())).await;
        if let Ok(Err(fault)) = tended {
            eprintln!("{}: {fault}", fault.code());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// What a handler answers.
type Said = (StatusCode, Json<Value>);

async fn put(State(running): State<Arc<Running>>, Extension(allowed): Extension<Allowed>) -> Said {
    let args = allowed.invocation().args().clone();
    if let Err(said) = running.call("access", "/authorize", AUTHORIZE, args.clone()).await {
        return said;
    }
    match running.call("index", "/index", INDEX, args).await {
        Ok(()) => running.executed(),
        Err(said) => said,
    }
}

async fn authorize(State(running): State<Arc<Running>>, Extension(allowed): Extension<Allowed>) -> Said {
    let args = allowed.invocation().args().clone();
    match running.call("index", "/quota", QUOTA, args).await {
        Ok(()) => running.executed(),
        Err(said) => said,
    }
}

async fn done(State(running): State<Arc<Running>>, Extension(_): Extension<Allowed>) -> Said {
    running.executed()
}

async fn status(State(running): State<Arc<Running>>) -> Said {
    let refusals = running.refusals.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let keys: Vec<Value> = running
        .wallet
        .keys()
        .iter()
        .map(|it| json!({ "key": it.key.to_string(), "in_use": it.since.is_some() }))
        .collect();
    let executed = running.executed.load(Ordering::Relaxed);
    let said = json!({ "pid": process::id(), "keys": keys, "executed": executed, "refusals": refusals });
    (StatusCode::OK, Json(said))
}

impl Running {
    fn executed(&self) -> Said {
        self.executed.fetch_add(1, Ordering::Relaxed);
        (StatusCode::OK, Json(json!({ "done": true })))
    }

    /// Calls another service, with an invocation that is addressed to its identity.
    async fn call(self: &Arc<Self>, peer: &str, path: &str, command: &str, args: MapBuf) -> Result<(), Said> {
        let unable = |code: Code, why: String| {
            eprintln!("cannot call: {code}: {why}");
            (StatusCode::BAD_GATEWAY, Json(json!({ "code": code.text(), "detail": why })))
        };
        let Some((identity, _)) = self.peers.get(peer) else {
            return Err(unable(Code::Usage, format!("{peer} is not configured")));
        };
        let command = Command::parse(command).map_err(|fault| unable(Code::Usage, fault.to_string()))?;
        let call = Call { command, subject: self.root, audience: *identity, args, lifetime_seconds: LIFETIME };
        let running = Arc::clone(self);
        let made = tokio::task::spawn_blocking(move || running.wallet.invoke(&call, SystemClock.now())).await;
        let envelope = match made {
            Ok(Ok(envelope)) => envelope,
            Ok(Err(fault)) => return Err(unable(fault.code(), fault.to_string())),
            Err(fault) => return Err(unable(Code::Io, fault.to_string())),
        };
        let Some((_, client)) = self.peers.get(peer) else { return Ok(()) };
        match client.post(path, &envelope.container).await {
            Ok(Answer { status: 200, .. }) => Ok(()),
            Ok(answer) => Err((StatusCode::BAD_GATEWAY, Json(answer.body))),
            Err(fault) => Err(unable(Code::Io, fault.to_string())),
        }
    }
}
