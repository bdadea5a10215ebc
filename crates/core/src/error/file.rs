//! What is wrong with the files that tokens vouch for: modules and provider archives.

use thiserror::Error;

use super::Quoted;
use crate::code::Code;

/// A WebAssembly file cannot be taken, or is not the one its token vouches for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ModuleFault {
    /// Not well-formed.
    #[error("at byte {at}: {detail}")]
    Malformed {
        /// Byte offset in the file.
        at: u64,
        /// What the parser said.
        detail: Quoted,
    },
    /// A version or layer that is not read.
    #[error("version {version}, layer {layer} of the binary format is not read")]
    Encoding {
        /// The version field.
        version: u16,
        /// The layer field.
        layer: u16,
    },
    /// Larger than allowed.
    #[error("{found} bytes, at most {limit} are read")]
    TooLarge {
        /// Bytes found.
        found: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// No token section.
    #[error("it carries no token section")]
    Unsigned,
    /// A second token section, or one inside a nested module.
    #[error("a token section {place} at byte {at}")]
    Ambiguous {
        /// Where: a second one, or nested.
        place: &'static str,
        /// Byte offset in the file.
        at: u64,
    },
    /// The token section's lengths are not minimal.
    #[error("the token section at byte {at} has padded lengths")]
    Padded {
        /// Byte offset in the file.
        at: u64,
    },
    /// The hash in the token is of other bytes.
    #[error("the token vouches for {expected}, the module hashes to {found}")]
    Hash {
        /// What the token says, upper-case hexadecimal.
        expected: String,
        /// What the bytes hash to, upper-case hexadecimal.
        found: String,
    },
}

impl ModuleFault {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Malformed { .. } => Code::ModuleMalformed,
            Self::Encoding { .. } => Code::ModuleEncoding,
            Self::TooLarge { .. } => Code::ModuleTooLarge,
            Self::Unsigned => Code::ModuleUnsigned,
            Self::Ambiguous { .. } => Code::ModuleAmbiguous,
            Self::Padded { .. } => Code::ModulePadded,
            Self::Hash { .. } => Code::ModuleHash,
        }
    }
}

/// A provider archive cannot be taken, or is not the one its token vouches for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ArchiveFault {
    /// The source itself failed, which says nothing about the archive.
    #[error("it could not be read to its end: {detail}")]
    Source {
        /// What the system said.
        detail: Quoted,
    },
    /// Not well-formed: a broken gzip stream, a wrong checksum, an end too early.
    #[error("at byte {at} of the tar: {detail}")]
    Malformed {
        /// Byte offset in the unpacked tar.
        at: u64,
        /// What is wrong there.
        detail: Quoted,
    },
    /// Something behind its end.
    #[error("there is more behind the end of the {what}")]
    Trailing {
        /// What has ended.
        what: &'static str,
    },
    /// Larger than allowed, as it lies or unpacked.
    #[error("more than {limit} bytes {place}")]
    TooLarge {
        /// Bytes allowed.
        limit: u64,
        /// As it lies, or unpacked.
        place: &'static str,
    },
    /// More files than allowed.
    #[error("more than {limit} files")]
    TooMany {
        /// Files allowed.
        limit: usize,
    },
    /// Unpacks to far more than any archive of programs does.
    #[error("it unpacks to more than {ratio} times its size")]
    Bomb {
        /// Times allowed.
        ratio: u64,
    },
    /// An entry that no provider archive has.
    #[error("the entry {name} {problem}")]
    Entry {
        /// The name in its header.
        name: Quoted,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A name twice.
    #[error("the entry {name} occurs twice")]
    Duplicate {
        /// The name.
        name: Quoted,
    },
    /// The token is not the first entry.
    #[error("it begins with {found}, not with claims.jwt")]
    Unsigned {
        /// What it begins with.
        found: Quoted,
    },
    /// A file that the token says nothing about.
    #[error("the token vouches for no file {name}")]
    Unlisted {
        /// The file.
        name: Quoted,
    },
    /// A file that the token vouches for and that is not there.
    #[error("the token vouches for {target}, and there is no such file")]
    Missing {
        /// The name under `target_hashes`.
        target: Quoted,
    },
    /// Not one program in it.
    #[error("it holds no program for any target")]
    Empty,
    /// The hash in the token is of other bytes.
    #[error("the token vouches for {expected} as {name}, which hashes to {found}")]
    Hash {
        /// The file.
        name: Quoted,
        /// What the token says, upper-case hexadecimal.
        expected: String,
        /// What the bytes hash to, upper-case hexadecimal.
        found: String,
    },
}

impl ArchiveFault {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Source { .. } => Code::Io,
            Self::Malformed { .. } => Code::ArchiveMalformed,
            Self::Trailing { .. } => Code::ArchiveTrailing,
            Self::TooLarge { .. } | Self::TooMany { .. } => Code::ArchiveTooLarge,
            Self::Bomb { .. } => Code::ArchiveBomb,
            Self::Entry { .. } => Code::ArchiveEntry,
            Self::Duplicate { .. } => Code::ArchiveDuplicate,
            Self::Unsigned { .. } => Code::ArchiveUnsigned,
            Self::Unlisted { .. } => Code::ArchiveUnlisted,
            Self::Missing { .. } | Self::Empty => Code::ArchiveMissing,
            Self::Hash { .. } => Code::ArchiveHash,
        }
    }
}
