//! Claims with the exact bytes they arrived in, believed by nobody.

use core::ops::Range;

use crate::ed25519::Signature;
use crate::error::DecodeFault;
use crate::statement::StatementId;

/// Decoded claims, not verified: they may be shown, and nothing else.
#[derive(Clone, Debug)]
pub struct Decoded<T> {
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
        Ok(Self { content, received: received.into(), signed, signature, id })
    }

    /// Returns the claims, for showing.
    pub const fn content(&self) -> &T {
        &self.content
    }

    /// Returns the whole token as it arrived.
    pub fn received(&self) -> &[u8] {
        &self.received
    }

    /// Returns the bytes that the signature covers.
    pub fn signed(&self) -> &[u8] {
        // `new` has checked the range, and nothing changes either field.
        self.received.get(self.signed.clone()).unwrap_or_default()
    }

    /// Returns the signature as it arrived.
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Returns the digest of the signed bytes.
    pub const fn id(&self) -> StatementId {
        self.id
    }
}
