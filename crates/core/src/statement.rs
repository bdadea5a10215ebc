//! What every statement has, whatever its format, and the table of everything that is ever signed.

use core::fmt;

use sha2::{Digest, Sha256};

use crate::cid::Cid;
use crate::command::Command;
use crate::error::PolicyFault;
use crate::key::{Account, Key, Nkey, Operator, PublicKey};
use crate::steps::Steps;
use crate::succession::Succession;
use crate::time::{Timestamp, Validity};

/// SHA-256 over the exact signed bytes: signatures can be rewritten, statements cannot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatementId([u8; 32]);

impl StatementId {
    /// Hashes the signed bytes.
    #[must_use]
    pub fn of(signed: &[u8]) -> Self {
        Self(Sha256::digest(signed).into())
    }

    /// Takes the 32 bytes of a digest that somebody names.
    #[must_use]
    pub const fn from_digest(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// Returns the 32 bytes of the digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for StatementId {
    /// Writes 64 lower-case hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for StatementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StatementId({self})")
    }
}

/// A family of tokens that share their rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Operators, accounts, modules and providers of wasmCloud.
    Wascap,
    /// Delegations and invocations (UCAN 1.0).
    Ucan,
    /// Greatseal's own deeds, which support and revoke tokens of other families.
    Greatseal,
}

impl Family {
    /// Returns the word used in answers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Wascap => "wascap",
            Self::Ucan => "ucan",
            Self::Greatseal => "greatseal",
        }
    }
}

/// Claims that somebody signs.
pub trait Statement {
    /// Returns the family whose rules apply.
    fn family(&self) -> Family;
    /// Returns the key under which the signature has to verify.
    fn signer(&self) -> PublicKey;
    /// Returns the instant the issuer says it was made.
    fn issued_at(&self) -> Timestamp;
    /// Returns when it speaks.
    fn validity(&self) -> Validity;
    /// Returns what it says in the words of the rules.
    fn grant(&self) -> Grant<'_>;

    /// Returns the instant that the statement itself names as its end, for showing.
    fn expires(&self) -> Option<Timestamp> {
        self.validity().expires
    }

    /// Judges what another statement asks for by the policies of this one, within a budget.
    ///
    /// # Errors
    /// [`PolicyFault`]; always, in a family that has no policies.
    fn permits(&self, _asked: &Self, _steps: &mut Steps) -> Result<(), PolicyFault>
    where
        Self: Sized,
    {
        Err(PolicyFault::None)
    }
}

/// What a statement says about who may speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant<'a> {
    /// An operator names its signing keys.
    Operator {
        /// The key that signed.
        issuer: Nkey,
        /// The operator's identity.
        subject: Key<Operator>,
        /// The signing keys it lists.
        signers: &'a [Key<Operator>],
        /// The claim `greatseal`, if the token carries it.
        succession: Option<&'a Succession>,
    },
    /// An operator makes an account and names the account's signing keys.
    Account {
        /// The key that signed.
        issuer: Nkey,
        /// The account's identity.
        subject: Key<Account>,
        /// The signing keys it lists.
        signers: &'a [Key<Account>],
    },
    /// An account vouches for code: a module or a provider.
    Code {
        /// The key that signed.
        issuer: Nkey,
        /// The identity of the code.
        subject: Nkey,
        /// Its revision; 0 where the token names none.
        revision: i32,
    },
    /// Somebody passes a capability on (UCAN).
    Delegation(Delegating<'a>),
    /// Somebody makes use of a capability (UCAN).
    Invocation(Invoking<'a>),
    /// A statement that no rule derives authority from (clusters, hosts, invocations).
    Nothing {
        /// The word for it.
        what: &'static str,
    },
}

impl<'a> Grant<'a> {
    /// Returns the delegation that it is, if it is one.
    #[must_use]
    pub const fn delegation(self) -> Option<Delegating<'a>> {
        match self {
            Self::Delegation(it) => Some(it),
            Self::Operator { .. }
            | Self::Account { .. }
            | Self::Code { .. }
            | Self::Invocation(_)
            | Self::Nothing { .. } => None,
        }
    }

    /// Returns the invocation that it is, if it is one.
    #[must_use]
    pub const fn invocation(self) -> Option<Invoking<'a>> {
        match self {
            Self::Invocation(it) => Some(it),
            Self::Operator { .. }
            | Self::Account { .. }
            | Self::Code { .. }
            | Self::Delegation(_)
            | Self::Nothing { .. } => None,
        }
    }
}

/// The names by which a finished UCAN may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aliases {
    /// The CID of the bytes received.
    pub cid: Cid,
    /// The CID of the same statement under the other signature that anybody can write, for ECDSA.
    pub twin: Option<Cid>,
}

impl Aliases {
    /// Says whether somebody who wrote this CID meant the statement.
    #[must_use]
    pub fn has(&self, cid: &Cid) -> bool {
        self.cid == *cid || self.twin == Some(*cid)
    }
}

/// A UCAN delegation in the words of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delegating<'a> {
    /// Its names; none before it is signed.
    pub aliases: Option<Aliases>,
    /// Who delegates.
    pub issuer: PublicKey,
    /// To whom.
    pub audience: PublicKey,
    /// Whose capability it is; whatever the issuer was given, if absent.
    pub subject: Option<PublicKey>,
    /// What may be invoked.
    pub command: &'a Command,
}

/// A UCAN invocation in the words of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invoking<'a> {
    /// Its names; none before it is signed.
    pub aliases: Option<Aliases>,
    /// Who invokes.
    pub issuer: PublicKey,
    /// Who is to execute it.
    pub audience: PublicKey,
    /// Whose capability it is.
    pub subject: PublicKey,
    /// What is invoked.
    pub command: &'a Command,
    /// The delegations it rests on, root first.
    pub proofs: &'a [Cid],
    /// The token it takes back, if it is a revocation.
    pub revokes: Option<Cid>,
}

/// Every kind of bytes that a key of ours may sign, one row each.
///
/// A row is recognised by how its bytes begin, and no beginning is the beginning of another, so
/// no signature can be read as one over something else. Custody refuses bytes of no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A wascap token.
    WascapToken,
    /// An endorsement of an operator token.
    Endorsement,
    /// A countersignature on a listing or a module.
    Countersignature,
    /// A revocation.
    Revocation,
    /// A UCAN delegation.
    UcanDelegation,
    /// A UCAN invocation; revocations and receipts of UCANs are invocations.
    UcanInvocation,
}

macro_rules! kinds {
    ($($kind:ident $tag:literal $header:literal [$($prefix:literal)+] $words:literal;)+) => {
        impl Kind {
            /// Every row.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// Returns the header of a JWT, or the payload tag of a UCAN.
            #[must_use]
            pub const fn header(self) -> &'static str {
                match self { $(Self::$kind => $header,)+ }
            }

            /// Returns how the signed bytes of this kind may begin; at least one beginning.
            ///
            /// For a JWT the header's base64url and a dot; for a UCAN the map's head, the
            /// signature header of each algorithm and the tag of each version.
            #[must_use]
            pub const fn prefixes(self) -> &'static [&'static [u8]] {
                match self { $(Self::$kind => &[$($prefix),+],)+ }
            }

            /// Returns the first of [`Self::prefixes`], the only one of a JWT.
            #[must_use]
            pub const fn prefix(self) -> &'static [u8] {
                match self.prefixes() { [first, ..] => first, [] => unreachable!() }
            }

            /// Returns the byte that stands for it in the entries of a log.
            #[must_use]
            pub const fn tag(self) -> u8 {
                match self { $(Self::$kind => $tag,)+ }
            }

            /// Returns the words shown to whoever is asked to sign.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self { $(Self::$kind => $words,)+ }
            }
        }
    };
}

kinds! {
    WascapToken 1 r#"{"typ":"jwt","alg":"Ed25519"}"#
        [b"eyJ0eXAiOiJqd3QiLCJhbGciOiJFZDI1NTE5In0."] "wascap token";
    Endorsement 2 r#"{"typ":"greatseal-endorsement","alg":"Ed25519"}"#
        [b"eyJ0eXAiOiJncmVhdHNlYWwtZW5kb3JzZW1lbnQiLCJhbGciOiJFZDI1NTE5In0."] "endorsement of an operator token";
    Countersignature 3 r#"{"typ":"greatseal-countersignature","alg":"Ed25519"}"#
        [b"eyJ0eXAiOiJncmVhdHNlYWwtY291bnRlcnNpZ25hdHVyZSIsImFsZyI6IkVkMjU1MTkifQ."] "countersignature";
    Revocation 4 r#"{"typ":"greatseal-revocation","alg":"Ed25519"}"#
        [b"eyJ0eXAiOiJncmVhdHNlYWwtcmV2b2NhdGlvbiIsImFsZyI6IkVkMjU1MTkifQ."] "revocation";
    UcanDelegation 5 "ucan/dlg@1.0.0"
        [
            b"\xa2ahH\x34\x01\xed\x01\xed\x01\x13\x71\x6eucan/dlg@1.0.0"
            b"\xa2ahH\x34\x01\xec\x01\x80\x24\x12\x71\x6eucan/dlg@1.0.0"
            b"\xa2ahH\x34\x01\xec\x01\xe7\x01\x12\x71\x6eucan/dlg@1.0.0"
            b"\xa2ahH\x34\x01\xed\x01\xed\x01\x13\x71\x73ucan/dlg@1.0.0-rc.1"
            b"\xa2ahH\x34\x01\xec\x01\x80\x24\x12\x71\x73ucan/dlg@1.0.0-rc.1"
            b"\xa2ahH\x34\x01\xec\x01\xe7\x01\x12\x71\x73ucan/dlg@1.0.0-rc.1"
        ] "UCAN delegation";
    UcanInvocation 6 "ucan/inv@1.0.0"
        [
            b"\xa2ahH\x34\x01\xed\x01\xed\x01\x13\x71\x6eucan/inv@1.0.0"
            b"\xa2ahH\x34\x01\xec\x01\x80\x24\x12\x71\x6eucan/inv@1.0.0"
            b"\xa2ahH\x34\x01\xec\x01\xe7\x01\x12\x71\x6eucan/inv@1.0.0"
            b"\xa2ahH\x34\x01\xed\x01\xed\x01\x13\x71\x73ucan/inv@1.0.0-rc.1"
            b"\xa2ahH\x34\x01\xec\x01\x80\x24\x12\x71\x73ucan/inv@1.0.0-rc.1"
            b"\xa2ahH\x34\x01\xec\x01\xe7\x01\x12\x71\x73ucan/inv@1.0.0-rc.1"
        ] "UCAN invocation";
}

impl Kind {
    /// Recognises bytes that are about to be signed.
    #[must_use]
    pub fn of(message: &[u8]) -> Option<Self> {
        let begins = |kind: &Self| kind.prefixes().iter().any(|prefix| message.starts_with(prefix));
        Self::ALL.iter().copied().find(begins)
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn no_kind_can_be_read_as_another() {
        for a in Kind::ALL {
            for prefix in a.prefixes() {
                assert_eq!(Kind::of(prefix), Some(*a));
                for b in Kind::ALL.iter().flat_map(|kind| kind.prefixes()) {
                    assert!(prefix == b || !prefix.starts_with(b));
                }
            }
            assert!(Kind::ALL.iter().all(|b| a == b || a.tag() != b.tag()));
        }
        assert_eq!(Kind::of(b"anything else"), None);
    }

    #[test]
    fn a_prefix_is_the_text_of_its_header() {
        for kind in Kind::ALL.iter().filter(|kind| kind.prefixes().len() == 1) {
            let text = data_encoding::BASE64URL_NOPAD.encode(kind.header().as_bytes()) + ".";
            assert_eq!(kind.prefix(), text.as_bytes());
        }
    }
}
