//! The only maker of [`Verified`], for all families.

use core::num::NonZeroUsize;

use crate::decoded::Decoded;
use crate::ed25519::{self, Point, Signed};
use crate::error::SignatureFault;
use crate::key::PublicKey;
use crate::remembered::Points;
use crate::signature;
use crate::statement::{Statement, StatementId};
use crate::workers::share;

/// Claims whose signature verified under the key they name as issuer.
///
/// That the issuer may say so, and that the claims speak now, is for the graph to find out, at
/// each decision anew. Cheap to copy: verifiers remember these.
#[derive(Debug)]
pub struct Verified<T>(Decoded<T>);

// Derived `Clone` would ask it of the claims.
impl<T> Clone for Verified<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
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
    #[must_use]
    pub fn content(&self) -> &T {
        self.decoded.content()
    }

    /// Returns the digest of the signed bytes.
    #[must_use]
    pub fn id(&self) -> StatementId {
        self.decoded.id()
    }

    /// Returns the whole token as it arrived.
    #[must_use]
    pub fn received(&self) -> &[u8] {
        self.decoded.received()
    }

    /// Returns why.
    #[must_use]
    pub const fn fault(&self) -> SignatureFault {
        self.fault
    }
}

/// Fewest signatures that are worth another thread.
const WORTH_A_THREAD: NonZeroUsize = NonZeroUsize::MIN.saturating_add(15);

/// Verifies signatures over the exact bytes received, all in one batch for each worker.
///
/// Returns a verdict for each, in order, the same as if each had come alone.
#[must_use]
pub fn verify<T: Statement + Send + Sync>(
    decoded: Vec<Decoded<T>>,
    workers: NonZeroUsize,
) -> Vec<Result<Verified<T>, Refused<T>>> {
    let verdicts = share(&decoded, workers, WORTH_A_THREAD, batch, || Err(SignatureFault::Invalid));
    decoded.into_iter().zip(verdicts).map(|(decoded, verdict)| judged(decoded, verdict)).collect()
}

/// Verifies one signature, with the point of its key if that is remembered.
pub(crate) fn verify_one<T: Statement>(decoded: Decoded<T>, points: &mut Points) -> Result<Verified<T>, Refused<T>> {
    let verdict = match decoded.content().signer() {
        PublicKey::Ed25519(key) => match points.recall(&key) {
            Some(point) => point.verify(decoded.signed(), decoded.signature()),
            None => Point::of(&key).and_then(|point| {
                point.verify(decoded.signed(), decoded.signature())?;
                points.keep(&key, point);
                Ok(())
            }),
        },
        key @ (PublicKey::P256(_) | PublicKey::Secp256k1(_)) => {
            signature::verify(&key, decoded.signed(), decoded.signature())
        }
    };
    judged(decoded, verdict)
}

fn judged<T>(decoded: Decoded<T>, verdict: Result<(), SignatureFault>) -> Result<Verified<T>, Refused<T>> {
    match verdict {
        Ok(()) => Ok(Verified(decoded)),
        Err(fault) => Err(Refused { decoded, fault }),
    }
}

/// Judges Ed25519 signatures by equations over many, and the others each by itself.
fn batch<T: Statement>(decoded: &[Decoded<T>]) -> Vec<Result<(), SignatureFault>> {
    let keys: Vec<PublicKey> = decoded.iter().map(|each| each.content().signer()).collect();
    let ed25519 = decoded.iter().zip(&keys).filter_map(|(each, key)| {
        let key = key.ed25519()?;
        Some((Signed { key, message: each.signed(), signature: each.signature() }, each.id()))
    });
    let mut together = ed25519::verify_identified(&ed25519.collect::<Vec<_>>()).into_iter();
    let verdict = |(each, key): (&Decoded<T>, &PublicKey)| match key {
        // As many verdicts as were asked for, in their order.
        PublicKey::Ed25519(_) => together.next().unwrap_or(Err(SignatureFault::Invalid)),
        PublicKey::P256(_) | PublicKey::Secp256k1(_) => signature::verify(key, each.signed(), each.signature()),
    };
    decoded.iter().zip(&keys).map(verdict).collect()
}
