//! What can be wrong with what was received, as facts.
//!
//! Messages are lower case without a final period; what to do about them stands in the table of
//! [`Code`], so that every way out of the program says the same.

use thiserror::Error;

use crate::code::Code;
use crate::key::{Nkey, PublicKey, Role};
use crate::limits::QUOTED_CHARS;
use crate::statement::StatementId;
use crate::succession::{SuccessionFault, TermsFault};
use crate::time::Timestamp;

/// A text is no key, or one of another role.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyFault {
    /// Of another length than 56 characters.
    #[error("an nkey has 56 characters, this has {found} bytes")]
    Length {
        /// Bytes of the text.
        found: usize,
    },
    /// A character outside upper-case base32.
    #[error("an nkey has upper-case letters and the digits 2 to 7 only")]
    Alphabet,
    /// A prefix byte that is no role.
    #[error("the prefix byte {found} is no role")]
    Prefix {
        /// The byte.
        found: u8,
    },
    /// A checksum that does not fit.
    #[error("the checksum does not fit: a character was changed or lost")]
    Checksum,
    /// A private seed, which must not be shown again.
    #[error("this is a private seed, not a public key; do not paste it anywhere")]
    Seed,
    /// No `did:key` in base58btc.
    #[error("this is no did:key in base58btc")]
    Did,
    /// A `did:key` of an algorithm that is not supported.
    #[error("this did:key is not an Ed25519 key")]
    DidAlgorithm,
    /// A good nkey of another role.
    #[error("a key of role {expected} belongs here, {found} is a key of role {}", found.role())]
    Role {
        /// The role that belongs here.
        expected: Role,
        /// The key that stands here.
        found: Nkey,
    },
}

impl KeyFault {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Role { .. } => Code::KeyRole,
            Self::Length { .. }
            | Self::Alphabet
            | Self::Prefix { .. }
            | Self::Checksum
            | Self::Seed
            | Self::Did
            | Self::DidAlgorithm => Code::KeyMalformed,
        }
    }
}

/// A signature does not hold (DESIGN section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SignatureFault {
    /// The issuer's key is not canonical or of small order.
    #[error("the issuer's key is of small order or not canonical, so anybody could have signed")]
    WeakKey,
    /// Anything else: R not canonical or of small order, S too large, or the equation fails.
    #[error("the signature does not verify under the issuer's key")]
    Invalid,
}

impl SignatureFault {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::WeakKey => Code::SignatureWeakKey,
            Self::Invalid => Code::SignatureInvalid,
        }
    }
}

/// A statement does not speak at the instant of the decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TimeFault {
    /// `now >= exp`.
    #[error("expired at {expired}, now is {now}")]
    Expired {
        /// First second after validity.
        expired: Timestamp,
        /// The instant of the decision.
        now: Timestamp,
    },
    /// `now < nbf`.
    #[error("not valid before {from}, now is {now}")]
    Early {
        /// First second of validity.
        from: Timestamp,
        /// The instant of the decision.
        now: Timestamp,
    },
    /// `iat` lies further ahead than clocks differ.
    #[error("issued at {issued_at}, which is more than five minutes after now ({now})")]
    IssuedAhead {
        /// When it says it was issued.
        issued_at: Timestamp,
        /// The instant of the decision.
        now: Timestamp,
    },
}

impl TimeFault {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Expired { .. } => Code::TimeExpired,
            Self::Early { .. } => Code::TimeEarly,
            Self::IssuedAhead { .. } => Code::TimeFuture,
        }
    }
}

/// Bytes are no token of the expected form.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeFault {
    /// Nothing at all.
    #[error("there is nothing in it")]
    Empty,
    /// More than any genuine token has.
    #[error("{found} bytes, at most {limit} are read")]
    TooLarge {
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Neither a token nor anything that carries one.
    #[error("neither a token nor a WebAssembly module nor a provider archive: {found}")]
    Unknown {
        /// How it begins.
        found: Quoted,
    },
    /// Not three segments of unpadded base64url.
    #[error("{rule}")]
    Frame {
        /// The rule that is broken.
        rule: &'static str,
    },
    /// Another header.
    #[error("the header reads {found}")]
    Header {
        /// The header's text.
        found: Quoted,
    },
    /// Claims that are no strict JSON.
    #[error("the claims are no strict JSON: {detail}")]
    Json {
        /// What the parser said, with line and column.
        detail: Quoted,
    },
    /// A name twice in one object.
    #[error("{name} occurs twice in one object")]
    Duplicate {
        /// The name.
        name: Quoted,
    },
    /// Nested deeper than allowed.
    #[error("nested deeper than {limit} levels")]
    Depth {
        /// Levels allowed.
        limit: usize,
    },
    /// A claim is missing or wrong.
    #[error("claim `{name}` {problem}")]
    Field {
        /// The claim, with the names of what encloses it.
        name: &'static str,
        /// What is wrong with it.
        problem: Quoted,
    },
    /// Fields of another kind than the subject's.
    #[error("the subject is of role {subject}, and the field `{field}` under `wascap` {problem}")]
    Entity {
        /// The subject's role in words.
        subject: &'static str,
        /// The field that does not fit.
        field: &'static str,
        /// How it does not fit.
        problem: &'static str,
    },
    /// A subject that is no key.
    #[error("the subject {found} is no key: {fault}")]
    Subject {
        /// The subject's text.
        found: Quoted,
        /// Why.
        fault: KeyFault,
    },
    /// An issuer that is no key.
    #[error("the issuer {found} is no key: {fault}")]
    Issuer {
        /// The issuer's text.
        found: Quoted,
        /// Why.
        fault: KeyFault,
    },
    /// An entry of `valid_signers` that is no key of the right role.
    #[error("the signing key {found} cannot be one: {fault}")]
    Signer {
        /// The entry.
        found: Quoted,
        /// Why.
        fault: KeyFault,
    },
    /// A `greatseal` claim that cannot stand in its token.
    #[error("the claim `greatseal`: {0}")]
    Succession(#[from] TermsFault),
    /// A `greatseal` claim in a token that is not an operator's.
    #[error("only operators carry the claim `greatseal`")]
    SuccessionElsewhere,
}

impl DecodeFault {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Empty => Code::TokenEmpty,
            Self::TooLarge { .. } => Code::TokenTooLarge,
            Self::Unknown { .. } => Code::TokenUnknown,
            Self::Frame { .. } => Code::TokenFrame,
            Self::Header { .. } => Code::TokenHeader,
            Self::Json { .. } => Code::TokenJson,
            Self::Duplicate { .. } => Code::TokenDuplicate,
            Self::Depth { .. } => Code::TokenDepth,
            Self::Field { .. } => Code::ClaimsField,
            Self::Entity { .. } => Code::ClaimsEntity,
            Self::Subject { .. } => Code::ClaimsSubject,
            Self::Issuer { fault, .. } => fault.code(),
            Self::Signer { .. } => Code::ClaimsSigners,
            Self::Succession(_) | Self::SuccessionElsewhere => Code::ClaimsSuccession,
        }
    }
}

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

/// The tokens at hand do not make a chain.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChainFault {
    /// A token that the chain needs is not at hand.
    #[error("no {role} token was supplied that names {key}")]
    Incomplete {
        /// The kind of token that is missing.
        role: Role,
        /// The key it has to name.
        key: Nkey,
    },
    /// Too many bytes bear on the decision.
    #[error("{found} bytes of tokens bear on this decision, at most {limit} are verified")]
    TooLarge {
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The chain ends at somebody who is not trusted.
    #[error("operator {operator} is not trusted")]
    Untrusted {
        /// The operator at the end of the chain.
        operator: Nkey,
    },
    /// An operator token issued by somebody else.
    #[error("operator {operator} was issued by {issuer}")]
    NotSelfIssued {
        /// The operator.
        operator: Nkey,
        /// Who issued its token.
        issuer: Nkey,
    },
    /// An operator without signing keys.
    #[error("operator {operator} lists no signing keys")]
    NoSigners {
        /// The operator.
        operator: Nkey,
    },
    /// An operator that lists its identity.
    #[error("operator {operator} lists its own identity key among its signing keys")]
    ListsIdentity {
        /// The operator.
        operator: Nkey,
    },
    /// An account issued by the operator's identity key.
    #[error("account {account} was issued by the identity key of operator {operator}, not by a signing key")]
    ByIdentity {
        /// The account.
        account: Nkey,
        /// The operator.
        operator: Nkey,
    },
    /// An account issued by a key that the operator does not list now.
    #[error("account {account} was issued by {issuer}, which is no current signing key of operator {operator}")]
    AccountIssuer {
        /// The account.
        account: Nkey,
        /// Who issued its token.
        issuer: Nkey,
        /// The operator that should list that key.
        operator: Nkey,
    },
    /// An account issued by a key of another role.
    #[error("account {account} was issued by {issuer}, which is no operator key")]
    AccountIssuerRole {
        /// The account.
        account: Nkey,
        /// Who issued its token.
        issuer: Nkey,
    },
    /// Code that vouches for itself.
    #[error("{subject} vouches for itself")]
    SelfIssued {
        /// The module or provider.
        subject: Nkey,
    },
    /// Code issued by a key of no account at hand.
    #[error("{subject} was issued by {issuer}, which is {problem}")]
    CodeIssuer {
        /// The module or provider.
        subject: Nkey,
        /// Who issued its token.
        issuer: Nkey,
        /// Why that key does not count.
        problem: &'static str,
    },
    /// A signing key under two principals.
    #[error("{key} is a signing key of both {first} and {second}, so it speaks for neither")]
    Ambiguous {
        /// The signing key.
        key: Nkey,
        /// One principal.
        first: Nkey,
        /// The other.
        second: Nkey,
    },
    /// One raw key in two places.
    #[error("{first} and {second} are the same key in two places")]
    Reused {
        /// One spelling.
        first: Nkey,
        /// The other.
        second: Nkey,
    },
    /// A newer token of the same subject.
    #[error("{subject} has a newer token, issued at {newer_issued_at} (statement {newer})")]
    Superseded {
        /// The subject of both.
        subject: Nkey,
        /// The newer statement.
        newer: StatementId,
        /// When that one was issued.
        newer_issued_at: Timestamp,
    },
    /// A good token about somebody else than the caller asked for.
    #[error("it is about {}, not about {wanted}", found.map_or_else(|| "nobody".into(), |key| key.to_string()))]
    OtherSubject {
        /// Whom it is about.
        found: Option<PublicKey>,
        /// Whom the caller asked for.
        wanted: PublicKey,
    },
    /// A kind of token that no rule covers.
    #[error("nothing follows from {what} claims")]
    NoRule {
        /// The kind.
        what: &'static str,
    },
}

impl ChainFault {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Incomplete { .. } => Code::ChainIncomplete,
            Self::TooLarge { .. } => Code::ChainTooLarge,
            Self::Untrusted { .. } => Code::OperatorUntrusted,
            Self::NotSelfIssued { .. } => Code::OperatorNotSelfIssued,
            Self::NoSigners { .. } => Code::OperatorNoSigners,
            Self::ListsIdentity { .. } => Code::OperatorListsIdentity,
            Self::ByIdentity { .. } => Code::AccountByIdentity,
            Self::AccountIssuer { .. } | Self::AccountIssuerRole { .. } => Code::AccountIssuer,
            Self::SelfIssued { .. } => Code::CodeSelfIssued,
            Self::CodeIssuer { .. } => Code::CodeIssuer,
            Self::Ambiguous { .. } => Code::AuthorityAmbiguous,
            Self::Reused { .. } => Code::KeyReused,
            Self::Superseded { .. } => Code::Superseded,
            Self::OtherSubject { .. } => Code::SubjectOther,
            Self::NoRule { .. } => Code::NoRule,
        }
    }
}

/// Anything that keeps a token from being believed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// No key.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// No token.
    #[error(transparent)]
    Decode(#[from] DecodeFault),
    /// No signature.
    #[error(transparent)]
    Signature(#[from] SignatureFault),
    /// Not now.
    #[error(transparent)]
    Time(#[from] TimeFault),
    /// No module, or another.
    #[error(transparent)]
    Module(#[from] ModuleFault),
    /// No provider archive, or another.
    #[error(transparent)]
    Archive(#[from] ArchiveFault),
    /// No chain.
    #[error(transparent)]
    Chain(#[from] ChainFault),
    /// No voice, by the rules of succession.
    #[error(transparent)]
    Succession(#[from] SuccessionFault),
}

impl Fault {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Key(fault) => fault.code(),
            Self::Decode(fault) => fault.code(),
            Self::Signature(fault) => fault.code(),
            Self::Time(fault) => fault.code(),
            Self::Module(fault) => fault.code(),
            Self::Archive(fault) => fault.code(),
            Self::Chain(fault) => fault.code(),
            Self::Succession(fault) => fault.code(),
        }
    }
}

/// A piece of foreign text made fit for a message: bounded, without control characters, and
/// without anything that looks like a seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quoted(String);

impl Quoted {
    /// Quotes at most [`QUOTED_CHARS`] characters of it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        if looks_like_seed(text) {
            return Self("(a private seed, not repeated)".into());
        }
        let mut quoted: String = text.chars().take(QUOTED_CHARS).flat_map(char::escape_debug).collect();
        if text.chars().nth(QUOTED_CHARS).is_some() {
            quoted.push('…');
        }
        Self(format!("\"{quoted}\""))
    }

    /// Takes a sentence of our own or of a parser that repeats no secret.
    #[must_use]
    pub fn sentence(text: &str) -> Self {
        let Self(quoted) = Self::new(text);
        Self(quoted.trim_matches('"').into())
    }
}

impl core::fmt::Display for Quoted {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Says whether a text holds 58 characters in a row that could be an nkey seed, more around them included.
fn looks_like_seed(text: &str) -> bool {
    let begins =
        |run: &str| run.len().checked_sub(58).and_then(|last| run.get(..=last)).is_some_and(|it| it.contains('S'));
    text.split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit())).any(begins)
}

#[cfg(test)]
mod tests {
    use super::Quoted;

    #[test]
    fn a_seed_is_never_repeated() {
        let seed = "SOAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H2AJA";
        for text in [seed.to_owned(), format!("{seed}A"), format!("2{seed}"), format!("at {seed}, line 1")] {
            assert!(!Quoted::new(&text).to_string().contains("AAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJR"), "{text}");
            assert!(!Quoted::sentence(&text).to_string().contains("AAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJR"), "{text}");
        }
        let public = "OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT";
        assert_eq!(Quoted::new(public).to_string(), format!("\"{public}\""));
    }
}
