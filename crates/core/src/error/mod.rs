//! What can be wrong with what was received, as facts.
//!
//! Messages are lower case without a final period; what to do about them stands in the table of
//! [`Code`], so that every way out of the program says the same.

mod chain;
mod decode;
mod file;
mod key;
mod quoted;
mod ucan;

use thiserror::Error;

pub use chain::ChainFault;
pub use decode::DecodeFault;
pub use file::{ArchiveFault, ModuleFault};
pub use key::KeyFault;
pub use quoted::Quoted;
pub use ucan::{CidFault, CommandFault, DelegationFault, PolicyFault, UcanFault};

use crate::code::Code;
use crate::succession::SuccessionFault;
use crate::time::Timestamp;

/// A signature does not hold (DESIGN section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SignatureFault {
    /// The issuer's key is not canonical or of small order.
    #[error("the issuer's key is no point of its curve, of small order or not canonical, so anybody could have signed")]
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
    /// No chain of delegations.
    #[error(transparent)]
    Delegation(#[from] DelegationFault),
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
            Self::Delegation(fault) => fault.code(),
        }
    }
}
