//! Why a verb stopped.

use std::io;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The call itself was wrong; the usage text follows the message.
    #[error("{0}")]
    Usage(String),
    #[error("this command failed ({status}):\n  {shown}")]
    Command { shown: String, status: String },
    #[error("this command could not be started ({source}):\n  {shown}")]
    Start { shown: String, source: io::Error },
    #[error("{}: {source}", .path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{}: {source}", .path.display())]
    Toml { path: PathBuf, source: Box<toml::de::Error> },
    #[error(transparent)]
    Metadata(#[from] Box<cargo_metadata::Error>),
    #[error("no repository of Greatseal above the current folder: no `xtask/Cargo.toml` was found")]
    NoHouse,
    #[error("{tool} is missing: {advice}")]
    Missing { tool: &'static str, advice: &'static str },
    /// A check ran and found something; one line each.
    #[error("{what}:\n  {}", .lines.join("\n  "))]
    Findings { what: String, lines: Vec<String> },
}

impl Failure {
    /// 2 for a wrong call, 1 for everything else.
    pub(crate) fn exit_code(&self) -> u8 {
        if let Self::Usage(_) = self { 2 } else { 1 }
    }
}
