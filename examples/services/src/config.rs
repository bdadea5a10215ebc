//! What a service is told once: whom it trusts, who it is, where its folders are. No secret.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Fault;

/// The configuration of one service, as a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What it does.
    pub role: Role,
    /// The port on loopback.
    pub port: u16,
    /// The DID of the root: the one anchor.
    pub root: String,
    /// The DID that calls to it are addressed to, and that its delegations are to.
    pub identity: String,
    /// Its wallet.
    pub wallet: PathBuf,
    /// The public folder of revocations that all share.
    pub revocations: PathBuf,
    /// Where it remembers what it executed, and records what it decided.
    pub state: PathBuf,
    /// The part of a running key's life after which it asks for the next, in percent.
    pub renew_after_percent: u8,
    /// Whom it calls.
    pub peers: BTreeMap<String, Peer>,
}

/// Another service, as this one knows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// Its port on loopback.
    pub port: u16,
    /// Its identity, which no rotation changes.
    pub identity: String,
}

/// What a service does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Takes files, asks `access` and tells `index`.
    Upload,
    /// Says who may, and asks `index` how much there is.
    Access,
    /// Knows what there is.
    Index,
}

impl Config {
    /// Reads a configuration.
    ///
    /// # Errors
    /// What the system or the JSON reader says.
    pub fn read(path: &Path) -> Result<Self, Fault> {
        Ok(serde_json::from_slice(&fs::read(path)?)?)
    }
}
