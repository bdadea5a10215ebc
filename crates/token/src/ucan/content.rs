//! A UCAN of either kind, and what it says in the words of the rules.

use greatseal_core::Decoded;
use greatseal_core::cid::Cid;
use greatseal_core::command::Command;
use greatseal_core::ecdsa;
use greatseal_core::error::{DecodeFault, PolicyFault};
use greatseal_core::key::PublicKey;
use greatseal_core::statement::{Aliases, Delegating, Family, Grant, Invoking, Statement};
use greatseal_core::steps::Steps;
use greatseal_core::time::{Timestamp, Validity};

use super::delegation::Delegation;
use super::dids::Dids;
use super::envelope::{self, Payload, Said, Version};
use super::invocation::Invocation;

/// What a UCAN says.
#[derive(Clone, Debug, PartialEq)]
pub enum Ucan {
    /// Somebody passes a capability on.
    Delegation(Delegation),
    /// Somebody makes use of one.
    Invocation(Invocation),
}

/// Reads one token, without believing it: the exact bytes, up to 1 MiB.
///
/// # Errors
/// [`DecodeFault`] for whatever is not exactly a delegation or an invocation.
pub fn decode(received: &[u8]) -> Result<Decoded<Ucan>, DecodeFault> {
    decode_among(received, &Dids::default())
}

/// Reads one token as [`decode`] does, where the DIDs of others were read before.
pub(super) fn decode_among(received: &[u8], dids: &Dids) -> Result<Decoded<Ucan>, DecodeFault> {
    let envelope = envelope::open(received)?;
    let content = Ucan::read(&envelope.said, dids)?;
    let message = received.get(envelope.signed.clone()).unwrap_or_default();
    // Whoever sees an ECDSA signature can write the other one, under which the token has another CID.
    let twin = ecdsa::twin(&content.issuer(), &envelope.signature);
    let twin = twin.map(|twin| Cid::of(&envelope::join(message, &twin)));
    let content = content.named(Aliases { cid: Cid::of(received), twin });
    Decoded::new(content, received, envelope.signed, envelope.signature)
}

/// Says whether bytes begin like a UCAN: a list of two, and the head of a byte string.
#[must_use]
pub fn is_ucan(bytes: &[u8]) -> bool {
    matches!(bytes, [0x82, 0x40..=0x5b, ..])
}

impl Ucan {
    /// Reads what is signed.
    pub(super) fn read(said: &Said<'_>, dids: &Dids) -> Result<Self, DecodeFault> {
        match said.kind {
            Payload::Delegation => Delegation::read(said, dids).map(Self::Delegation),
            Payload::Invocation => Invocation::read(said, dids).map(Self::Invocation),
        }
    }

    pub(super) fn named(self, aliases: Aliases) -> Self {
        match self {
            Self::Delegation(it) => Self::Delegation(it.named(aliases)),
            Self::Invocation(it) => Self::Invocation(it.named(aliases)),
        }
    }

    /// Returns the delegation that it is, if it is one.
    #[must_use]
    pub const fn delegation(&self) -> Option<&Delegation> {
        match self {
            Self::Delegation(it) => Some(it),
            Self::Invocation(_) => None,
        }
    }

    /// Returns the invocation that it is, if it is one.
    #[must_use]
    pub const fn invocation(&self) -> Option<&Invocation> {
        match self {
            Self::Delegation(_) => None,
            Self::Invocation(it) => Some(it),
        }
    }

    /// Returns who signs it.
    #[must_use]
    pub const fn issuer(&self) -> PublicKey {
        match self {
            Self::Delegation(it) => it.issuer(),
            Self::Invocation(it) => it.issuer(),
        }
    }

    /// Returns to whom it is: of an invocation the subject, unless it names somebody.
    #[must_use]
    pub fn audience(&self) -> PublicKey {
        match self {
            Self::Delegation(it) => it.audience(),
            Self::Invocation(it) => it.audience(),
        }
    }

    /// Returns whose capability it is; of a delegation without one, whatever the issuer was given.
    #[must_use]
    pub const fn subject(&self) -> Option<PublicKey> {
        match self {
            Self::Delegation(it) => it.subject(),
            Self::Invocation(it) => Some(it.subject()),
        }
    }

    /// Returns what may be invoked, or is.
    #[must_use]
    pub const fn command(&self) -> &Command {
        match self {
            Self::Delegation(it) => it.command(),
            Self::Invocation(it) => it.command(),
        }
    }

    /// Returns the first second in which it speaks.
    #[must_use]
    pub const fn begins(&self) -> Option<Timestamp> {
        match self {
            Self::Delegation(it) => it.begins(),
            Self::Invocation(_) => None,
        }
    }

    /// Returns the last second in which it speaks.
    #[must_use]
    pub const fn expires(&self) -> Option<Timestamp> {
        match self {
            Self::Delegation(it) => it.expires(),
            Self::Invocation(it) => it.expires(),
        }
    }

    /// Returns the version of its tag.
    #[must_use]
    pub const fn version(&self) -> Version {
        match self {
            Self::Delegation(it) => it.version(),
            Self::Invocation(it) => it.version(),
        }
    }

    /// Returns its names; none before it is signed.
    #[must_use]
    pub const fn aliases(&self) -> Option<Aliases> {
        match self {
            Self::Delegation(it) => it.aliases(),
            Self::Invocation(it) => it.aliases(),
        }
    }
}

impl From<Delegation> for Ucan {
    fn from(it: Delegation) -> Self {
        Self::Delegation(it)
    }
}

impl From<Invocation> for Ucan {
    fn from(it: Invocation) -> Self {
        Self::Invocation(it)
    }
}

impl Statement for Ucan {
    fn family(&self) -> Family {
        Family::Ucan
    }

    fn signer(&self) -> PublicKey {
        self.issuer()
    }

    /// The epoch: delegations do not say, and the `iat` of an invocation is no claim that a rule uses.
    fn issued_at(&self) -> Timestamp {
        Timestamp::from_secs(0)
    }

    fn validity(&self) -> Validity {
        // UCANs still speak at their `exp`; a window ends with the first second after it.
        Validity { not_before: self.begins(), expires: Self::expires(self).map(|last| last.plus(1)) }
    }

    fn expires(&self) -> Option<Timestamp> {
        Self::expires(self)
    }

    fn grant(&self) -> Grant<'_> {
        match self {
            Self::Delegation(it) => Grant::Delegation(Delegating {
                aliases: it.aliases(),
                issuer: it.issuer(),
                audience: it.audience(),
                subject: it.subject(),
                command: it.command(),
            }),
            Self::Invocation(it) => Grant::Invocation(Invoking {
                aliases: it.aliases(),
                issuer: it.issuer(),
                audience: it.audience(),
                subject: it.subject(),
                command: it.command(),
                proofs: it.proofs(),
                revokes: it.revokes().map(|revokes| revokes.token),
            }),
        }
    }

    fn permits(&self, asked: &Self, steps: &mut Steps) -> Result<(), PolicyFault> {
        match (self, asked) {
            (Self::Delegation(it), Self::Invocation(asked)) => it.policy().holds(asked.args().map().into(), steps),
            (Self::Delegation(_), Self::Delegation(_)) | (Self::Invocation(_), _) => Err(PolicyFault::None),
        }
    }
}
