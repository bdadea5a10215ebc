//! What is wrong with bytes that should be a token.

use thiserror::Error;

use super::{KeyFault, Quoted, UcanFault};
use crate::code::Code;
use crate::succession::TermsFault;

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
    /// Bytes that are no UCAN.
    #[error(transparent)]
    Ucan(#[from] UcanFault),
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
            Self::Ucan(fault) => fault.code(),
        }
    }
}
