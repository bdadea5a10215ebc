//! Finished tokens, and the way to make those that no encoder would write.

use core::fmt;

use data_encoding::BASE64URL_NOPAD;
use greatseal_core::signature::Signature;
use greatseal_core::{Anchor, Decoded, StatementId};
use greatseal_token::wascap::{Claims, decode, pin};

use super::TestKey;

/// The header of every genuine token.
pub const HEADER: &str = r#"{"typ":"jwt","alg":"Ed25519"}"#;

/// The bytes of a token, good or not.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Vec<u8>);

/// Writes one segment of a token.
#[must_use]
pub fn segment(bytes: impl AsRef<[u8]>) -> String {
    BASE64URL_NOPAD.encode(bytes.as_ref())
}

/// Signs any header and any claims as they stand.
#[must_use]
pub fn unchecked(header: &str, claims: &str, signer: &TestKey) -> Token {
    let signed = format!("{}.{}", segment(header), segment(claims));
    let signature = signer.sign(signed.as_bytes());
    Token::join(&signed, &signature)
}

impl Token {
    /// Takes bytes as they are.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Puts any signature under any signed part.
    #[must_use]
    pub fn join(signed: &str, signature: &Signature) -> Self {
        Self(format!("{signed}.{}", segment(signature.as_bytes())).into())
    }

    /// Returns the bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the text.
    #[must_use]
    pub fn text(&self) -> &str {
        core::str::from_utf8(&self.0).expect("only asked of tokens that are text")
    }

    /// Returns the part that the signature covers.
    #[must_use]
    pub fn signed(&self) -> &str {
        self.text().rsplit_once('.').expect("a token has dots").0
    }

    /// Returns the claims' JSON.
    #[must_use]
    pub fn claims(&self) -> String {
        let claims = self.text().split('.').nth(1).expect("a token has dots");
        let bytes = BASE64URL_NOPAD.decode(claims.as_bytes()).expect("only asked of claims in base64url");
        String::from_utf8(bytes).expect("only asked of claims that are text")
    }

    /// Returns this token under the signature of another.
    #[must_use]
    pub fn with_signature_of(&self, other: &Self) -> Self {
        let signature = other.text().rsplit_once('.').expect("a token has dots").1;
        Self(format!("{}.{signature}", self.signed()).into())
    }

    /// Returns the decoded token.
    #[must_use]
    #[track_caller]
    pub fn decoded(&self) -> Decoded<Claims> {
        decode(&self.0).expect("only asked of tokens that decode")
    }

    /// Returns the digest of the signed part.
    #[must_use]
    pub fn id(&self) -> StatementId {
        StatementId::of(self.signed().as_bytes())
    }

    /// Returns the anchor that pins exactly this token.
    #[must_use]
    #[track_caller]
    pub fn pin(&self) -> Anchor {
        pin(&self.decoded()).expect("only operators and accounts are pinned")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", String::from_utf8_lossy(&self.0))
    }
}
