//! Claims with the exact bytes they arrived in, believed by nobody.

use core::ops::Range;
use std::sync::Arc;

use crate::error::DecodeFault;
use crate::signature::Signature;
use crate::statement::StatementId;

/// Decoded claims, not verified: they may be shown, and nothing else. Cheap to copy.
#[derive(Debug)]
pub struct Decoded<T>(Arc<Token<T>>);

// Derived `Clone` would ask it of the claims.
impl<T> Clone for Decoded<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[derive(Debug)]
struct Token<T> {
    content: T,
    received: Box<[u8]>,
    signed: Range<usize>,
    signature: Signature,
    id: StatementId,
}

impl<T> Decoded<T> {
    /// Joins claims to the bytes they were read from.
    ///
    /// `received` is the whole token, `signed` the part of it that the signature covers.
    ///
    /// # Errors
    /// [`DecodeFault::Frame`] when `signed` is no part of `received`.
    pub fn new(content: T, received: &[u8], signed: Range<usize>, signature: Signature) -> Result<Self, DecodeFault> {
        let covered = received
            .get(signed.clone())
            .ok_or(DecodeFault::Frame { rule: "the signed part lies outside the token" })?;
        let id = StatementId::of(covered);
        Ok(Self(Arc::new(Token { content, received: received.into(), signed, signature, id })))
    }

    /// Returns the claims, for showing.
    #[must_use]
    pub fn content(&self) -> &T {
        &self.0.content
    }

    /// Returns the whole token as it arrived.
    #[must_use]
    pub fn received(&self) -> &[u8] {
        &self.0.received
    }

    /// Returns the bytes that the signature covers.
    #[must_use]
    pub fn signed(&self) -> &[u8] {
        // `new` has checked the range, and nothing changes either field.
        self.0.received.get(self.0.signed.clone()).unwrap_or_default()
    }

    /// Returns the signature as it arrived.
    #[must_use]
    pub fn signature(&self) -> &Signature {
        &self.0.signature
    }

    /// Returns the digest of the signed bytes.
    #[must_use]
    pub fn id(&self) -> StatementId {
        self.0.id
    }
}
