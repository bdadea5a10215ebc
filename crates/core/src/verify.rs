//! The only maker of [`Verified`], for all families.

use core::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use crate::decoded::Decoded;
use crate::ed25519::{self, Signed};
use crate::error::SignatureFault;
use crate::key::{PublicKey, RawKey};
use crate::statement::{Statement, StatementId};

/// Claims whose signature verified under the key they name as issuer.
///
/// That the issuer may say so, and that the claims speak now, is for the graph to find out, at
/// each decision anew. Cheap to copy: verifiers remember these.
#[derive(Debug)]
pub struct Verified<T>(Arc<Decoded<T>>);

// Derived `Clone` would ask it of the claims.
impl<T> Clone for Verified<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Verified<T> {
    /// Returns the claims.
    #[must_use]
    pub fn content(&self) -> &T {
        self.0.content()
    }

    /// Returns the digest of the signed bytes.
    #[must_use]
    pub fn id(&self) -> StatementId {
        self.0.id()
    }

    /// Returns the whole token as it arrived.
    #[must_use]
    pub fn received(&self) -> &[u8] {
        self.0.received()
    }
}

/// Claims whose signature did not verify, kept to explain a denial.
#[derive(Debug)]
pub struct Refused<T> {
    decoded: Decoded<T>,
    fault: SignatureFault,
}

impl<T> Refused<T> {
    /// Returns the claims, for showing.
    pub const fn content(&self) -> &T {
        self.decoded.content()
    }

    /// Returns the digest of the signed bytes.
    pub const fn id(&self) -> StatementId {
        self.decoded.id()
    }

    /// Returns the whole token as it arrived.
    pub fn received(&self) -> &[u8] {
        self.decoded.received()
    }

    /// Returns why.
    pub const fn fault(&self) -> SignatureFault {
        self.fault
    }
}

/// Fewest signatures that are worth another thread.
const WORTH_A_THREAD: usize = 16;

/// Verifies signatures over the exact bytes received, all in one batch for each worker.
///
/// Returns a verdict for each, in order, the same as if each had come alone.
#[must_use]
pub fn verify<T: Statement + Send + Sync>(
    decoded: Vec<Decoded<T>>,
    workers: NonZeroUsize,
) -> Vec<Result<Verified<T>, Refused<T>>> {
    let verdicts = verdicts(&decoded, workers);
    decoded
        .into_iter()
        .zip(verdicts)
        .map(|(decoded, verdict)| match verdict {
            Ok(()) => Ok(Verified(Arc::new(decoded))),
            Err(fault) => Err(Refused { decoded, fault }),
        })
        .collect()
}

fn verdicts<T: Statement + Sync>(decoded: &[Decoded<T>], workers: NonZeroUsize) -> Vec<Result<(), SignatureFault>> {
    let share = decoded.len().div_ceil(workers.get()).max(WORTH_A_THREAD);
    if decoded.len() <= share {
        return batch(decoded);
    }
    thread::scope(|scope| {
        let others: Vec<_> = decoded.chunks(share).map(|share| scope.spawn(|| batch(share))).collect();
        // A worker does not panic; if one did, its verdicts would be refusals.
        let refused = |share: &[Decoded<T>]| vec![Err(SignatureFault::Invalid); share.len()];
        others
            .into_iter()
            .zip(decoded.chunks(share))
            .flat_map(|(worker, share)| worker.join().unwrap_or_else(|_| refused(share)))
            .collect()
    })
}

fn batch<T: Statement>(decoded: &[Decoded<T>]) -> Vec<Result<(), SignatureFault>> {
    let keys: Vec<RawKey> = decoded
        .iter()
        .map(|each| match each.content().signer() {
            PublicKey::Ed25519(raw) => raw,
        })
        .collect();
    let signed: Vec<Signed<'_>> = decoded
        .iter()
        .zip(&keys)
        .map(|(each, key)| Signed { key, message: each.signed(), signature: each.signature() })
        .collect();
    ed25519::verify_all(&signed)
}
