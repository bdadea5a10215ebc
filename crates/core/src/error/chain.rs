//! Why tokens make no chain.

use thiserror::Error;

use crate::code::Code;
use crate::key::{Nkey, PublicKey, Role};
use crate::statement::StatementId;
use crate::time::Timestamp;

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
