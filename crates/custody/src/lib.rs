//! The only room with secrets: where private keys live, and the one way to make them sign.
//!
//! ```text
//! SigningRequest ─sign─► Custodian ─► Signature, verified against the pinned key before it is returned
//! ```
//!
//! Every caller goes through [`sign()`], and every place to keep keys is a [`Custodian`]. The
//! first such place is a [`Keystore`]: a private folder with a table of names, pinned public keys
//! and key files encrypted to a passphrase or to recipients, which the stock `age` command opens too.
//!
//! This room reads files, randomness and the monotonic clock, but neither the environment, nor a
//! terminal, nor the time of day: those are arguments.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "keys live in files and come from randomness; the ban is for the rooms that decide"
)]

mod backend;
mod backup;
mod bare;
mod base32;
mod custodian;
mod encrypted;
mod examination;
mod fault;
mod file;
mod folder;
mod foreign;
mod identities;
mod keystore;
mod memory;
mod name;
mod passphrase;
pub mod place;
#[cfg(feature = "age-plugin")]
mod plugin;
mod process;
mod recipients;
mod running;
mod seed;
mod table;
mod unlock;
mod uri;
mod wipe;

pub use backend::{generator, importer, look_up};
pub use backup::{BACKUP_BYTES, Backup, BackupFault, Proof};
pub use bare::BareKey;
pub use custodian::{Custodian, Deadline, Description, Lock, sign, sign_batch};
pub use encrypted::WorkFactor;
pub use examination::{Audit, Examination, Extractable, Origin, Rights, Versions};
pub use fault::{CustodyFault, SeedFault};
pub use file::FileCustodian;
pub use keystore::{Keystore, Listing, Retired};
pub use memory::SignedStatement;
pub use name::KeyName;
pub use passphrase::{Passphrase, PassphraseFault, PassphraseSource};
pub use place::{Algorithm, Generate, Import, Placed, Surroundings};
pub use process::{Hardening, Prevention, harden_process};
pub use recipients::{Protection, Recipients};
pub use running::RunningKey;
pub use seed::Seed;
pub use table::Entry;
pub use uri::{AwsKmsUri, FileName, KeyUri, Pkcs11Uri, SshAgentUri, VaultKind, VaultUri};
