//! The types of issuing: one path for every command and every custody.
//!
//! ```text
//! Intent ─encode─► Unsigned<T> ─request─► SigningRequest ─custody─► Signature ─finish─► token bytes
//! ```

use core::fmt;
use core::num::NonZeroUsize;

use thiserror::Error;

use crate::code::Code;
use crate::decoded::Decoded;
use crate::error::{DecodeFault, Fault, SignatureFault};
use crate::key::PublicKey;
use crate::signature::Signature;
use crate::statement::{Kind, Statement, StatementId};
use crate::time::Timestamp;
use crate::verify::{Verified, verify};
use crate::view::View;

/// A format in which statements are written, signed and read back.
pub trait Signable {
    /// What is read out of it; where the claims are a type of the format's own, they are this too.
    type Content: Statement + Send + Sync;

    /// The rows of the table of everything that is ever signed.
    const KINDS: &'static [Kind];

    /// Reads the claims from the bytes that are to be signed, as strictly as from a token.
    ///
    /// # Errors
    /// [`DecodeFault`] for whatever a reader of the finished token would refuse.
    fn from_signing_bytes(message: &[u8]) -> Result<Self::Content, DecodeFault>;

    /// Joins signed bytes and signature into the bytes of a token.
    fn assemble(message: &[u8], signature: &Signature) -> Vec<u8>;

    /// Reads a finished token.
    ///
    /// # Errors
    /// [`DecodeFault`] for whatever any reader would refuse.
    fn decode(received: &[u8]) -> Result<Decoded<Self::Content>, DecodeFault>;

    /// Says in lines for a person what the claims say.
    fn summary(content: &Self::Content) -> Vec<(&'static str, String)>;
}

/// Encoded claims that wait for their signature.
pub struct Unsigned<T: Signable> {
    kind: Kind,
    content: T::Content,
    message: Box<[u8]>,
}

impl<T: Signable<Content: fmt::Debug>> fmt::Debug for Unsigned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsigned").field("kind", &self.kind).field("content", &self.content).finish_non_exhaustive()
    }
}

impl<T: Signable> Unsigned<T> {
    /// Takes encoded claims and reads them back: what a reader refuses is never signed.
    ///
    /// # Errors
    /// [`IssueFault::Kind`] for bytes of another kind, [`IssueFault::Content`] for claims that
    /// a reader would refuse.
    pub fn new(message: Vec<u8>) -> Result<Self, IssueFault> {
        let kind = Kind::of(&message).filter(|kind| T::KINDS.contains(kind)).ok_or(IssueFault::Kind)?;
        let content = T::from_signing_bytes(&message).map_err(|fault| IssueFault::Content(fault.into()))?;
        Ok(Self { kind, content, message: message.into() })
    }

    /// Returns the claims.
    pub const fn content(&self) -> &T::Content {
        &self.content
    }

    /// Returns the digest of the bytes to be signed: the statement id of the finished token.
    #[must_use]
    pub fn id(&self) -> StatementId {
        StatementId::of(&self.message)
    }

    /// Makes the request that custody answers; its summary is derived from the bytes.
    #[must_use]
    pub fn request(&self) -> SigningRequest {
        SigningRequest {
            kind: self.kind,
            signer: self.content.signer(),
            message: self.message.clone(),
            summarize: summary_of::<T>,
        }
    }

    /// Joins the signature and checks the result with the same function as any reader.
    ///
    /// The claims have to be such that they can speak at `view`'s instant or at their own
    /// `nbf`, whichever is later.
    ///
    /// # Errors
    /// [`IssueFault::Result`] when the signature is not the named signer's over this request,
    /// [`IssueFault::Content`] when the finished token would not speak.
    pub fn finish(self, signature: &Signature, view: &View) -> Result<Issued<T::Content>, IssueFault> {
        let bytes = T::assemble(&self.message, signature);
        let decoded = T::decode(&bytes).map_err(|fault| IssueFault::Content(fault.into()))?;
        let not_before = self.content.validity().not_before.unwrap_or(Timestamp::from_secs(0));
        let later = view.at(view.now().max(not_before));
        if let Some(fault) = later.standing(decoded.content()).fault() {
            return Err(IssueFault::Content(fault.into()));
        }
        match verify(vec![decoded], NonZeroUsize::MIN).pop() {
            Some(Ok(verified)) => Ok(Issued { bytes, verified }),
            Some(Err(refused)) => Err(IssueFault::Result(refused.fault())),
            None => Err(IssueFault::Result(SignatureFault::Invalid)),
        }
    }
}

/// A finished token that every reader can verify.
#[derive(Debug)]
pub struct Issued<T> {
    bytes: Vec<u8>,
    verified: Verified<T>,
}

impl<T> Issued<T> {
    /// Returns the bytes of the token.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the verified claims.
    pub const fn verified(&self) -> &Verified<T> {
        &self.verified
    }
}

/// What custody is asked to sign: a parsed statement of a known kind, whole, with a summary that
/// is derived from these very bytes.
#[derive(Clone)]
pub struct SigningRequest {
    kind: Kind,
    signer: PublicKey,
    message: Box<[u8]>,
    summarize: fn(&[u8]) -> Vec<(&'static str, String)>,
}

/// Reads what is about to be signed once more, and says it in lines.
///
/// Only where somebody looks: spelling out keys takes as long as encoding them, and nobody looks at
/// what a running key signs.
fn summary_of<T: Signable>(message: &[u8]) -> Vec<(&'static str, String)> {
    // They were read when the request was made.
    T::from_signing_bytes(message).map(|content| T::summary(&content)).unwrap_or_default()
}

// The lines follow from the bytes.
impl PartialEq for SigningRequest {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.signer == other.signer && self.message == other.message
    }
}

impl Eq for SigningRequest {}

impl fmt::Debug for SigningRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, signer, message, summarize: _ } = self;
        f.debug_struct("SigningRequest")
            .field("kind", kind)
            .field("signer", signer)
            .field("message", message)
            .finish_non_exhaustive()
    }
}

impl SigningRequest {
    /// Returns the kind of statement.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the key whose signature is asked for.
    #[must_use]
    pub const fn signer(&self) -> &PublicKey {
        &self.signer
    }

    /// Returns the bytes to be signed: the whole message, never a hash.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// Returns the digest of the bytes to be signed.
    #[must_use]
    pub fn id(&self) -> StatementId {
        StatementId::of(&self.message)
    }

    /// Returns lines for a person, derived from the bytes.
    #[must_use]
    pub fn summary(&self) -> Vec<(&'static str, String)> {
        (self.summarize)(&self.message)
    }
}

impl fmt::Display for SigningRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.kind.words())?;
        self.summary().iter().try_for_each(|(name, value)| writeln!(f, "  {name}: {value}"))
    }
}

/// Something keeps a token from being issued.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum IssueFault {
    /// Bytes of no known kind.
    #[error("the bytes are no statement that this version knows")]
    Kind,
    /// Claims that no reader would accept.
    #[error("no reader would accept this token: {0}")]
    Content(Fault),
    /// A signature that is not the one asked for.
    #[error("custody returned something else than the signature asked for: {0}")]
    Result(SignatureFault),
}

impl IssueFault {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Kind => Code::SignKind,
            Self::Content(fault) => fault.code(),
            Self::Result(_) => Code::SignResult,
        }
    }
}
