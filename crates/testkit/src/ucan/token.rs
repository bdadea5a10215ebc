//! Finished UCANs, and what anybody can do to one.

use core::fmt;

use data_encoding::BASE64;
use greatseal_core::cid::Cid;
use greatseal_core::issue::Signable as _;
use greatseal_core::signature::Signature;
use greatseal_core::{Decoded, StatementId, ecdsa};
use greatseal_token::ucan::{Ucan, UcanEnvelope, decode};
use serde_json::{Value, json};

use super::Principal;

/// The opening of an envelope and its 64 bytes of signature.
const BEFORE_MESSAGE: usize = 67;

/// The bytes of a UCAN or a deed, good or not.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token(Vec<u8>);

impl Token {
    /// Takes bytes as they are.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Signs any bytes as if they were the signed map of a UCAN.
    #[must_use]
    pub fn around(message: &[u8], signer: &Principal) -> Self {
        Self(UcanEnvelope::assemble(message, &signer.sign(message)))
    }

    /// Returns the bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the bytes in base64, as manifests have them.
    #[must_use]
    pub fn base64(&self) -> String {
        BASE64.encode(&self.0)
    }

    /// Returns the CID of these bytes.
    #[must_use]
    pub fn cid(&self) -> Cid {
        Cid::of(&self.0)
    }

    /// Returns a link to it, as arguments write it.
    #[must_use]
    pub fn link(&self) -> Value {
        json!({ "/": self.cid().to_string() })
    }

    /// Returns the bytes that the signature covers.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        self.0.get(BEFORE_MESSAGE..).expect("only asked of envelopes")
    }

    /// Returns what the statement is called, whatever its signature.
    #[must_use]
    pub fn id(&self) -> StatementId {
        StatementId::of(self.message())
    }

    /// Returns the decoded token.
    #[must_use]
    #[track_caller]
    pub fn decoded(&self) -> Decoded<Ucan> {
        decode(&self.0).unwrap_or_else(|fault| panic!("only asked of tokens that decode: {fault}"))
    }

    fn signature(&self) -> Signature {
        let bytes = self.0.get(3..BEFORE_MESSAGE).and_then(|bytes| bytes.try_into().ok());
        Signature::new(bytes.expect("only asked of envelopes"))
    }

    /// Returns the same statement under the other ECDSA signature that anybody can write.
    #[must_use]
    #[track_caller]
    pub fn rewritten(&self) -> Self {
        let signer = self.decoded().content().issuer();
        let twin = ecdsa::twin(&signer, &self.signature()).expect("only ECDSA signatures have another spelling");
        Self(UcanEnvelope::assemble(self.message(), &twin))
    }

    /// Returns it under the signature of another.
    #[must_use]
    pub fn with_signature_of(&self, other: &Self) -> Self {
        Self(UcanEnvelope::assemble(self.message(), &other.signature()))
    }

    /// Returns the same statement, signed by somebody else.
    #[must_use]
    pub fn signed_by(&self, other: &Principal) -> Self {
        Self::around(self.message(), other)
    }

    /// Returns it with one bit of its signature flipped.
    #[must_use]
    pub fn forged(&self) -> Self {
        let mut signature = *self.signature().as_bytes();
        signature[40] ^= 1;
        Self(UcanEnvelope::assemble(self.message(), &Signature::new(signature)))
    }

    /// Returns it with the only occurrence of some bytes replaced, the signature left as it is.
    ///
    /// # Panics
    /// When they occur more or less often than once.
    #[must_use]
    #[track_caller]
    pub fn tampered(&self, from: &[u8], to: &[u8]) -> Self {
        Self(replaced(&self.0, from, to))
    }

    /// Returns it with bytes added behind.
    #[must_use]
    pub fn followed_by(&self, bytes: &[u8]) -> Self {
        Self([&self.0, bytes].concat())
    }
}

/// Replaces the only occurrence of some bytes.
#[track_caller]
pub(super) fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let places: Vec<usize> =
        bytes.windows(from.len()).enumerate().filter(|(_, window)| *window == from).map(|(at, _)| at).collect();
    let [at] = places[..] else { panic!("{from:02x?} occurs at {places:?}") };
    let (before, rest) = bytes.split_at(at);
    [before, to, rest.split_at(from.len()).1].concat()
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", self.cid())
    }
}
