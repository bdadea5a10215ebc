//! What can be wrong with UCANs, as facts.

use thiserror::Error;

use super::{DecodeFault, Quoted};
use crate::cid::Cid;
use crate::code::Code;
use crate::command::Command;
use crate::key::PublicKey;

/// A text or bytes are no CID of the kind that UCANs have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CidFault {
    /// Neither base32 nor base58btc.
    #[error("this is no CID in base32 (b…) or base58btc (z…)")]
    Text,
    /// Another version, codec or hash.
    #[error("this is no CIDv1 with dag-cbor and SHA-256")]
    Kind,
}

/// A text is no command.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the command {found} {rule}")]
pub struct CommandFault {
    /// The text.
    pub found: Quoted,
    /// The rule that is broken.
    pub rule: &'static str,
}

/// Bytes are no UCAN.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UcanFault {
    /// No strict DAG-CBOR.
    #[error("no strict DAG-CBOR at byte {at}: {rule}")]
    Cbor {
        /// The offset of the item that breaks the rule.
        at: usize,
        /// The rule.
        rule: &'static str,
    },
    /// An integer beyond ±(2^53−1).
    #[error("the integer at byte {at} is beyond 2^53-1, which not every reader can hold")]
    Integer {
        /// Its offset.
        at: usize,
    },
    /// Not an array of a signature and a map of header and payload.
    #[error("the envelope {rule}")]
    Envelope {
        /// The rule that is broken.
        rule: &'static str,
    },
    /// A payload tag other than the exact ones.
    #[error("the payload tag reads {found}")]
    Tag {
        /// The tag.
        found: Quoted,
    },
    /// A signature header that is not the issuer's.
    #[error("the signature header {rule}")]
    Varsig {
        /// The rule that is broken.
        rule: &'static str,
    },
    /// A field is missing, wrong or unknown.
    #[error("the field `{name}` {problem}")]
    Field {
        /// The field.
        name: Quoted,
        /// What is wrong.
        problem: Quoted,
    },
    /// A command that is none.
    #[error(transparent)]
    Command(#[from] CommandFault),
    /// A policy that is none.
    #[error("the policy statement at byte {at} {rule}")]
    Policy {
        /// Its offset.
        at: usize,
        /// The rule that is broken.
        rule: &'static str,
    },
    /// A container that is none.
    #[error("the container {rule}")]
    Container {
        /// The rule that is broken.
        rule: &'static str,
    },
}

impl UcanFault {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Cbor { .. } => Code::UcanCbor,
            Self::Integer { .. } => Code::UcanInteger,
            Self::Envelope { .. } => Code::UcanEnvelope,
            Self::Tag { .. } => Code::UcanTag,
            Self::Varsig { .. } => Code::UcanVarsig,
            Self::Field { .. } => Code::UcanField,
            Self::Command(_) => Code::UcanCommandSyntax,
            Self::Policy { .. } => Code::UcanPolicySyntax,
            Self::Container { .. } => Code::UcanContainer,
        }
    }
}

/// The arguments of an invocation are not what a policy asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PolicyFault {
    /// A statement is false.
    #[error("statement {statement} of the policy is false for these arguments")]
    False {
        /// Its position in the policy, from 0.
        statement: usize,
    },
    /// The budget is spent.
    #[error("the policies take more than {limit} steps")]
    Steps {
        /// Steps allowed.
        limit: u64,
    },
    /// There are no policies in this family.
    #[error("tokens of this family have no policies")]
    None,
}

impl PolicyFault {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::False { .. } => Code::UcanPolicy,
            Self::Steps { .. } => Code::UcanSteps,
            Self::None => Code::NoRule,
        }
    }
}

/// UCANs do not make a chain.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DelegationFault {
    /// Nobody said whom the invocation has to be addressed to.
    #[error("nobody said whom it has to be addressed to")]
    AudienceUnset,
    /// Addressed to somebody else.
    #[error("it is addressed to {found}, not to {wanted}")]
    Audience {
        /// Whom it is addressed to.
        found: PublicKey,
        /// Whom it has to be.
        wanted: PublicKey,
    },
    /// A proof is not at hand.
    #[error("the proof {cid} was not supplied")]
    ProofMissing {
        /// Its CID.
        cid: Cid,
    },
    /// A proof is at hand, and is no token.
    #[error("the proof {cid} is malformed: {fault}")]
    ProofMalformed {
        /// Its CID.
        cid: Cid,
        /// What is wrong with it.
        fault: Box<DecodeFault>,
    },
    /// A proof that is no delegation.
    #[error("the proof {cid} is no delegation")]
    ProofKind {
        /// Its CID.
        cid: Cid,
    },
    /// More proofs than any chain has.
    #[error("it names {found} proofs, at most {limit} are followed")]
    TooLong {
        /// Proofs named.
        found: usize,
        /// Proofs allowed.
        limit: usize,
    },
    /// Without proofs, by somebody else than the subject.
    #[error("it names no proof, and its issuer {issuer} is not its subject {subject}")]
    NoProof {
        /// Who issued it.
        issuer: PublicKey,
        /// Its subject.
        subject: PublicKey,
    },
    /// The first delegation is not by its subject.
    #[error("the first delegation is by {issuer}, not by its subject {subject}")]
    Root {
        /// Who issued it.
        issuer: PublicKey,
        /// Its subject.
        subject: PublicKey,
    },
    /// The first delegation has no subject.
    #[error("the first delegation names no subject, so it delegates nothing of anybody's")]
    PowerlineRoot,
    /// Issued by somebody else than the one delegated to.
    #[error("issued by {found}, and the delegation above it is to {wanted}")]
    Alignment {
        /// Who issued it.
        found: PublicKey,
        /// Whom the delegation above it names.
        wanted: PublicKey,
    },
    /// About another subject.
    #[error("about {found}, and the invocation is about {wanted}")]
    Subject {
        /// Whom it is about.
        found: PublicKey,
        /// Whom the invocation is about.
        wanted: PublicKey,
    },
    /// A command that the one above does not cover.
    #[error("the command {found} is not covered by {above} above it")]
    Command {
        /// The command.
        found: Command,
        /// The one above it.
        above: Command,
    },
    /// Arguments that a policy refuses.
    #[error(transparent)]
    Policy(#[from] PolicyFault),
    /// The root is not trusted.
    #[error("the root {root} is not trusted")]
    Untrusted {
        /// The subject and root of the chain.
        root: PublicKey,
    },
    /// Taken back by somebody who may.
    #[error("the delegation by {issuer} to {audience} was revoked by {by}")]
    Revoked {
        /// Who delegated.
        issuer: PublicKey,
        /// To whom.
        audience: PublicKey,
        /// Who took it back.
        by: PublicKey,
    },
    /// The root delegates to somebody who is no signing principal.
    #[error("separation is mandated, and {found} is no signing principal of the root")]
    SeparationAudience {
        /// Whom the root delegates to.
        found: PublicKey,
    },
    /// A delegation below the root that never expires.
    #[error("separation is mandated, and the delegation by {issuer} to {audience} never expires")]
    SeparationExpiry {
        /// Who delegated.
        issuer: PublicKey,
        /// To whom.
        audience: PublicKey,
    },
    /// A delegation of whatever its issuer may.
    #[error("separation is mandated, and the delegation by {issuer} to {audience} names no subject")]
    SeparationSubject {
        /// Who delegated.
        issuer: PublicKey,
        /// To whom.
        audience: PublicKey,
    },
    /// Invoked by the root itself.
    #[error("separation is mandated, and the root {root} invokes by itself")]
    SeparationRoot {
        /// The root.
        root: PublicKey,
    },
    /// Seen before.
    #[error("it was invoked before")]
    Replayed,
    /// It never expires, so nobody can remember it long enough.
    #[error("it never expires, so it cannot be protected from replay")]
    Unbounded,
    /// The memory against replay is full.
    #[error("{limit} invocations are remembered until they expire, and no more can be")]
    ReplayFull {
        /// Invocations remembered.
        limit: usize,
    },
    /// It could not be found out whether something was revoked or seen.
    #[error("{what} could not be looked up: {why}")]
    LookUp {
        /// What.
        what: &'static str,
        /// Why.
        why: Quoted,
    },
}

impl DelegationFault {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::AudienceUnset | Self::Audience { .. } => Code::UcanAudience,
            Self::ProofMissing { .. } => Code::UcanProofMissing,
            Self::ProofMalformed { fault, .. } => fault.code(),
            Self::ProofKind { .. } => Code::UcanProofKind,
            Self::TooLong { .. } => Code::ChainTooLarge,
            Self::NoProof { .. } => Code::UcanNoProof,
            Self::Root { .. } => Code::UcanRoot,
            Self::PowerlineRoot => Code::UcanPowerlineRoot,
            Self::Alignment { .. } => Code::UcanAlignment,
            Self::Subject { .. } => Code::UcanSubject,
            Self::Command { .. } => Code::UcanCommand,
            Self::Policy(fault) => fault.code(),
            Self::Untrusted { .. } => Code::RootUntrusted,
            Self::Revoked { .. } => Code::Revoked,
            Self::SeparationAudience { .. }
            | Self::SeparationExpiry { .. }
            | Self::SeparationSubject { .. }
            | Self::SeparationRoot { .. } => Code::UcanSeparation,
            Self::Replayed => Code::UcanReplay,
            Self::Unbounded => Code::UcanUnbounded,
            Self::ReplayFull { .. } => Code::UcanReplayFull,
            Self::LookUp { .. } => Code::UcanLookUp,
        }
    }
}
