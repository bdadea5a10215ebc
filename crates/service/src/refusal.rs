//! Why a call is refused, as facts.

use greatseal_core::Code;
use greatseal_core::command::Command;
use greatseal_core::error::{DecodeFault, DelegationFault, Fault, Quoted};
use thiserror::Error;

/// A call is refused, before anything was executed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Nothing that could authorise it came with the call.
    #[error("the call carries no invocation")]
    Missing,
    /// More than one value where one container belongs, or something else than one.
    #[error("the header that carries the invocation {rule}")]
    Header {
        /// The rule that is broken.
        rule: &'static str,
    },
    /// Several invocations, or none among the tokens.
    #[error("the call carries {found} invocations, and exactly one is executed")]
    Invocations {
        /// How many there are.
        found: usize,
    },
    /// The invocation is of another command than the one executed here.
    #[error("the invocation is of {found}, and {wanted} is executed here")]
    Command {
        /// The command invoked.
        found: Command,
        /// The command that the route declares.
        wanted: Command,
    },
    /// The tokens are not to be believed.
    #[error(transparent)]
    Denied(#[from] Fault),
    /// The decision could not be recorded.
    #[error("the decision could not be recorded: {why}")]
    Unrecorded {
        /// Why; for the service's own log.
        why: Quoted,
    },
    /// The work was interrupted.
    #[error("the decision was interrupted")]
    Interrupted,
}

impl Refusal {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Missing => Code::CallUnsigned,
            Self::Header { .. } | Self::Invocations { .. } => Code::CallMalformed,
            Self::Command { .. } => Code::CallCommand,
            Self::Denied(fault) => fault.code(),
            Self::Unrecorded { .. } | Self::Interrupted => Code::CallUnrecorded,
        }
    }

    /// Returns what may be told to the caller: his own mistakes as they are, of the service's only
    /// the rule that is broken.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::Denied(Fault::Delegation(DelegationFault::LookUp { .. } | DelegationFault::ReplayFull { .. }))
            | Self::Unrecorded { .. }
            | Self::Interrupted => self.code().title().to_owned(),
            Self::Missing | Self::Header { .. } | Self::Invocations { .. } | Self::Command { .. } | Self::Denied(_) => {
                self.to_string()
            }
        }
    }
}

impl From<DecodeFault> for Refusal {
    fn from(fault: DecodeFault) -> Self {
        Self::Denied(fault.into())
    }
}

impl From<DelegationFault> for Refusal {
    fn from(fault: DelegationFault) -> Self {
        Self::Denied(fault.into())
    }
}
