//! What can go wrong with keys in custody, as facts; never with a secret in them.

use std::io;
use std::path::{Path, PathBuf};

use greatseal_core::Code;
use greatseal_core::error::{Quoted, SignatureFault};
use greatseal_core::key::{PublicKey, Spelled};
use thiserror::Error;

use crate::name::KeyName;
use crate::passphrase::PassphraseFault;

/// A text is no seed. It says how, and repeats nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SeedFault {
    /// Of another length than 58 characters.
    #[error("a seed has 58 characters, this has {found}")]
    Length {
        /// Bytes of the text.
        found: usize,
    },
    /// A character outside upper-case base32.
    #[error("a seed has upper-case letters and the digits 2 to 7 only")]
    Alphabet,
    /// Bits of the last character that mean nothing are set.
    #[error("the last character carries bits that no seed has")]
    TrailingBits,
    /// A checksum that does not fit.
    #[error("the checksum does not fit: a character was changed or lost")]
    Checksum,
    /// It does not begin as seeds do, with `S`.
    #[error("this is no seed: a seed begins with S")]
    Prefix,
    /// Bits of the second prefix byte that mean nothing are set.
    #[error("the prefix carries bits that no seed has")]
    PrefixBits,
    /// A second letter that is no role.
    #[error("the role byte {found} is no role")]
    Role {
        /// The byte.
        found: u8,
    },
    /// A curve key.
    #[error("a curve key encrypts and cannot sign")]
    Curve,
}

/// Something keeps a key from being kept, unlocked or used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CustodyFault {
    /// A message of no known kind.
    #[error("the bytes are no statement that this version knows")]
    Kind,
    /// A request for another key's signature.
    #[error("the request asks for the signature of {asked}, this key is {pinned}")]
    Signer {
        /// The key the request names.
        asked: PublicKey,
        /// The key in custody.
        pinned: PublicKey,
    },
    /// A message larger than the custodian signs.
    #[error("{found} bytes, this custody signs at most {limit}")]
    TooLarge {
        /// Bytes of the message.
        found: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// A custodian returned something else than the signature asked for.
    #[error("custody returned something else than the signature asked for: {0}")]
    Result(SignatureFault),
    /// A running key that is no longer the one that was drawn.
    #[error("the running key has changed in memory since it was drawn, so what it signed was thrown away")]
    Memory,
    /// Another process keeps the lock on the table of keys.
    #[error("another process has been holding {} for long", path.display())]
    Busy {
        /// The lock's file.
        path: PathBuf,
    },
    /// The deadline passed.
    #[error("custody did not answer before the deadline")]
    Deadline,

    /// No key of that name.
    #[error("there is no key {name} in {}", folder.display())]
    Missing {
        /// The name asked for.
        name: KeyName,
        /// The folder that was looked in.
        folder: PathBuf,
    },
    /// The table names a key file that is not there.
    #[error("the key file {} is gone", path.display())]
    Gone {
        /// Where it should be.
        path: PathBuf,
    },
    /// A key that this machine does not hold.
    #[error("the key {name} is kept offline, so its signature has to be carried")]
    Offline {
        /// The name asked for.
        name: KeyName,
    },
    /// Another key than the pinned one.
    #[error("{pinned} is pinned, but custody holds {found}")]
    Pin {
        /// The key that belongs here.
        pinned: Spelled,
        /// The key that was found.
        found: Spelled,
    },
    /// A place that does not answer: refused, dropped, throttled, or not there.
    #[error("cannot reach {place}: {message}")]
    Unreachable {
        /// The place: an address, a socket, a module.
        place: String,
        /// What the system or the place said.
        message: String,
    },
    /// A place that is sealed until its keepers open it.
    #[error("{place} is sealed")]
    Sealed {
        /// The place.
        place: String,
    },
    /// A place that does not let us.
    #[error("{place} does not let us {action}: {message}")]
    Denied {
        /// The place.
        place: String,
        /// What was tried, as an infinitive: `sign`.
        action: &'static str,
        /// What it said.
        message: Quoted,
    },
    /// A place that is reached and has no such key.
    #[error("{place} has no key {key}")]
    NoSuchKey {
        /// The place.
        place: String,
        /// The key's name or fingerprint there.
        key: String,
    },
    /// A PIN or passphrase that a device does not take.
    #[error("{place} does not take the PIN: {message}")]
    DeviceLocked {
        /// The place.
        place: String,
        /// What it said, such as how many tries are left.
        message: String,
    },
    /// A key that was rotated underneath: the pinned version signs no more, or another one answered.
    #[error("{place}, key {key}: {problem}")]
    Version {
        /// The place.
        place: String,
        /// The key's name there.
        key: String,
        /// What happened to the version.
        problem: String,
    },
    /// An answer that cannot be understood, or a refusal that is none of the others.
    #[error("{place} answered: {message}")]
    Answer {
        /// The place.
        place: String,
        /// What it answered.
        message: Quoted,
    },
    /// A thing that this build, or this place, cannot do.
    #[error("{problem}")]
    Unsupported {
        /// What, and what could.
        problem: String,
    },
    /// Something on this machine that is needed to reach the place is not there.
    #[error("{problem}")]
    Setup {
        /// What is missing, and where it is looked for.
        problem: String,
    },
    /// A key file that the passphrase does not open.
    #[error("the passphrase does not open {}", path.display())]
    Locked {
        /// The key file.
        path: PathBuf,
    },
    /// A key file whose recipients are others.
    #[error("none of the identities given opens {}", path.display())]
    NotAddressed {
        /// The key file.
        path: PathBuf,
    },
    /// A text that is no recipient.
    #[error("{found} is no recipient for a key file: {problem}")]
    Recipient {
        /// The text.
        found: Quoted,
        /// What is wrong with it.
        problem: String,
    },
    /// No usable passphrase.
    #[error(transparent)]
    Passphrase(#[from] PassphraseFault),
    /// A name in use.
    #[error("there is a key {name} already")]
    Exists {
        /// The name.
        name: KeyName,
    },
    /// A key that is kept under another name.
    #[error("{key} is the key {name} already")]
    SameKey {
        /// The key that was to be added.
        key: Spelled,
        /// The name it has.
        name: KeyName,
    },
    /// A key file that the table does not know: the write of the table did not happen.
    #[error("{} is in the way: a key file that no name refers to; move it away", path.display())]
    Orphan {
        /// The file.
        path: PathBuf,
    },
    /// Others may look into the folder or a file in it.
    #[error("{} has mode {mode:o}, at most {allowed:o} is accepted", path.display())]
    Permissions {
        /// The folder or file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// The bits that may be set.
        allowed: u32,
    },
    /// A socket of somebody else.
    #[error("{} belongs to the user {owner}, and we are {us}", path.display())]
    Owner {
        /// The socket.
        path: PathBuf,
        /// The number of its owner.
        owner: u32,
        /// Ours.
        us: u32,
    },
    /// A damaged key file, or something that is no file.
    #[error("{}: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A key file that opens, but holds no seed.
    #[error("{} holds no seed: {fault}", path.display())]
    NoSeed {
        /// The file.
        path: PathBuf,
        /// Why.
        fault: SeedFault,
    },
    /// A key file that asks for more work than any of ours.
    #[error("{} asks for scrypt with 2^{asked} rounds, at most 2^{limit} are done", path.display())]
    Work {
        /// The file.
        path: PathBuf,
        /// Binary logarithm of the rounds it asks for.
        asked: u8,
        /// Binary logarithm of the rounds that are done.
        limit: u8,
    },
    /// A table of keys that cannot be read.
    #[error("{}, line {line}, column {column}: {problem}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong there.
        problem: Quoted,
    },
    /// A file larger than anything of its kind.
    #[error("{} is larger than {limit} bytes", path.display())]
    FileTooLarge {
        /// The file.
        path: PathBuf,
        /// Bytes that are read.
        limit: u64,
    },
    /// A text to import that is no seed.
    #[error(transparent)]
    Seed(#[from] SeedFault),
    /// A file of another program's that is not brought in.
    #[error("{}: {problem}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: &'static str,
    },
    /// A name that no key can have.
    #[error("{found} cannot be the name of a key")]
    Name {
        /// The text.
        found: Quoted,
    },
    /// A text that is no key URI.
    #[error("{found} is no place for a key: {problem}")]
    Uri {
        /// The text.
        found: Quoted,
        /// What is wrong with it.
        problem: String,
    },
    /// A work factor outside the range that is offered.
    #[error("the work factor {asked} is not between {least} and {most}")]
    WorkFactor {
        /// What was asked for.
        asked: u8,
        /// The least.
        least: u8,
        /// The most.
        most: u8,
    },
    /// The system's randomness failed.
    #[error("the system gave no randomness: {message}")]
    Randomness {
        /// What the system said.
        message: String,
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

impl CustodyFault {
    pub(crate) fn io(action: &'static str, path: &Path, error: &io::Error) -> Self {
        Self::Io { action, path: path.into(), kind: error.kind(), message: error.to_string() }
    }

    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Kind => Code::SignKind,
            Self::Signer { .. } => Code::SignSigner,
            Self::TooLarge { .. } => Code::CustodyTooLarge,
            Self::Result(_) => Code::SignResult,
            Self::Memory => Code::CustodyMemory,
            Self::Deadline | Self::Busy { .. } => Code::CustodyDeadline,
            Self::Missing { .. } | Self::Gone { .. } | Self::Offline { .. } | Self::NoSuchKey { .. } => {
                Code::CustodyMissing
            }
            Self::Unreachable { .. } => Code::CustodyUnreachable,
            Self::Sealed { .. } => Code::CustodySealed,
            Self::Denied { .. } => Code::CustodyDenied,
            Self::Version { .. } => Code::CustodyVersion,
            Self::Answer { .. } => Code::CustodyAnswer,
            Self::Unsupported { .. } => Code::CustodyUnsupported,
            Self::Setup { .. } => Code::CustodySetup,
            Self::Pin { .. } => Code::CustodyPin,
            Self::Locked { .. } | Self::DeviceLocked { .. } | Self::NotAddressed { .. } => Code::CustodyLocked,
            Self::Passphrase(_) => Code::CustodyPassphrase,
            Self::Exists { .. } | Self::SameKey { .. } | Self::Orphan { .. } => Code::CustodyExists,
            Self::Permissions { .. } | Self::Owner { .. } => Code::CustodyPermissions,
            Self::Malformed { .. } | Self::NoSeed { .. } | Self::Work { .. } | Self::Table { .. } => {
                Code::CustodyMalformed
            }
            Self::FileTooLarge { .. } => Code::FileTooLarge,
            Self::Seed(_) | Self::Foreign { .. } => Code::SeedMalformed,
            Self::Name { .. } => Code::NameInvalid,
            Self::Uri { .. } | Self::Recipient { .. } | Self::WorkFactor { .. } => Code::Usage,
            Self::Randomness { .. } | Self::Io { .. } => Code::Io,
        }
    }
}
