//! What keeps a service from calling, as facts.

use std::io;
use std::path::{Path, PathBuf};

use greatseal_core::command::Command;
use greatseal_core::error::{DecodeFault, Fault};
use greatseal_core::issue::IssueFault;
use greatseal_core::key::PublicKey;
use greatseal_core::{Code, Timestamp};
use greatseal_custody::CustodyFault;
use thiserror::Error;

/// Something keeps a service from making a call, or from keeping its files.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ServiceFault {
    /// Nobody has delegated to a running key of this process yet.
    #[error(
        "no running key of this process was delegated to yet: have `greatseal service rotate {service} --for {} \
         --out {}` typed where the key of {identity} is",
        request.display(),
        folder.display()
    )]
    Waiting {
        /// The service, as the realm names it.
        service: String,
        /// Its identity.
        identity: PublicKey,
        /// The request that waits to be answered.
        request: PathBuf,
        /// Where the answer belongs.
        folder: PathBuf,
    },
    /// No chain of delegations leads to a running key of this process.
    #[error(
        "no delegations in {} lead from {subject} to a running key of {service} for {command} until {until}: have \
         `greatseal delegation create` typed for {identity}, or `greatseal service rotate {service} --for {} --out {}` \
         where its running key lacks it",
        folder.display(),
        request.display(),
        folder.display()
    )]
    NoRoute {
        /// The service, as the realm names it.
        service: String,
        /// Its identity.
        identity: PublicKey,
        /// What was to be invoked.
        command: Command,
        /// Whose capability it is.
        subject: PublicKey,
        /// The instant up to which the invocation was to speak.
        until: Timestamp,
        /// Where the delegations are kept.
        folder: PathBuf,
        /// Where requests for running keys are written.
        request: PathBuf,
    },
    /// A chain was found, and the invocation on top of it would be refused.
    #[error("whoever is called would refuse this invocation: {0}")]
    Refused(Fault),
    /// The invocation could not be encoded or finished.
    #[error(transparent)]
    Issue(#[from] IssueFault),
    /// The running key could not be drawn or did not sign.
    #[error(transparent)]
    Custody(#[from] CustodyFault),
    /// The container could not be written.
    #[error(transparent)]
    Decode(#[from] DecodeFault),
    /// The request is no request for a running key of that service.
    #[error("this does not ask for a running key: {why}")]
    Request {
        /// Why.
        why: &'static str,
    },
    /// A file that only one process may have open is open elsewhere.
    #[error("{} belongs to another process", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// A file of our own that was damaged.
    #[error("{} is damaged at byte {at}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The offset of what cannot be read.
        at: u64,
    },
    /// A folder with more than belongs into it.
    #[error("{} has more than {limit} {what}", path.display())]
    TooMuch {
        /// The folder.
        path: PathBuf,
        /// What there is too much of.
        what: &'static str,
        /// How much is read.
        limit: u64,
    },
    /// The system refused to read or write.
    #[error("cannot {action} {}: {message}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// The kind of the system's error.
        kind: io::ErrorKind,
        /// What the system said.
        message: String,
    },
}

impl ServiceFault {
    pub(crate) fn io(action: &'static str, path: &Path, error: &io::Error) -> Self {
        Self::Io { action, path: path.into(), kind: error.kind(), message: error.to_string() }
    }

    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Waiting { .. } => Code::WalletWaiting,
            Self::NoRoute { .. } => Code::WalletNoRoute,
            Self::Refused(fault) => fault.code(),
            Self::Issue(fault) => fault.code(),
            Self::Custody(fault) => fault.code(),
            Self::Decode(fault) => fault.code(),
            Self::Request { .. } => Code::RunningKeyRequest,
            Self::Busy { .. } | Self::Io { .. } => Code::Io,
            Self::Damaged { .. } => Code::ReplayDamaged,
            Self::TooMuch { .. } => Code::FileTooLarge,
        }
    }
}
