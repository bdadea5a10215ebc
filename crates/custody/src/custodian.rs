//! What every place that keeps keys can do: describe a key, and sign a request with it.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use greatseal_core::issue::SigningRequest;
use greatseal_core::key::PublicKey;
use greatseal_core::signature::{Signature, verify};
use greatseal_core::statement::Kind;

use crate::examination::Examination;
use crate::fault::CustodyFault;
use crate::uri::KeyUri;

/// A holder of one private key. Callers use [`sign`], which trusts no custodian.
///
/// An implementation signs the request's exact message, with pure Ed25519 or with ECDSA over P-256
/// and SHA-256 (`r ‖ s`), and returns what it got. It gives up at the deadline, whatever the place
/// does, and asks again within it only where nothing was answered: refused, sealed, throttled.
/// Making and importing keys are not here: see [`crate::place`].
pub trait Custodian: Send + Sync {
    /// Says which key this is and what it takes to use it, without unlocking it.
    ///
    /// # Errors
    /// [`CustodyFault`] when the place cannot be reached.
    fn describe(&self) -> Result<Description, CustodyFault>;

    /// Signs the request's message.
    ///
    /// # Errors
    /// [`CustodyFault`] when the key cannot be reached or unlocked, is not the pinned one, or the
    /// deadline has passed.
    fn sign(&self, request: &SigningRequest, deadline: Deadline) -> Result<Signature, CustodyFault>;

    /// Signs several requests, each as [`Self::sign`] would; the answers stand in the requests' order.
    ///
    /// A place that takes batches is sent at most [`Description::batch`] at once; others sign one
    /// after another.
    fn sign_batch(&self, requests: &[SigningRequest], deadline: Deadline) -> Vec<Result<Signature, CustodyFault>> {
        requests.iter().map(|request| self.sign(request, deadline)).collect()
    }

    /// Asks the place itself what it holds and claims: nothing of it is proof.
    ///
    /// # Errors
    /// [`CustodyFault`] when the place cannot be reached or unlocked, or does not know the key.
    fn examine(&self, deadline: Deadline) -> Result<Examination, CustodyFault>;
}

/// What is known of a key in custody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The pinned public key: the one that was written down when the key came into custody, not
    /// whatever the place says now.
    pub public_key: PublicKey,
    /// Where the private half is.
    pub uri: KeyUri,
    /// What it takes to make it sign.
    pub lock: Lock,
    /// Bytes of the largest message it signs; the message is always sent whole.
    pub largest_message: usize,
    /// Requests that it takes at once; 1 where it has no batches.
    pub batch: NonZeroUsize,
}

/// What it takes to make a key sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Nothing beyond reaching it.
    None,
    /// A passphrase, once.
    Passphrase,
    /// An age identity, once: a file, or a device behind a plugin.
    Identity,
    /// A touch of the device, each time.
    Touch,
    /// A PIN, given to the device.
    Pin,
    /// Several people or machines together.
    Quorum,
}

impl Lock {
    /// Returns the word used in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Passphrase => "passphrase",
            Self::Identity => "identity",
            Self::Touch => "touch",
            Self::Pin => "pin",
            Self::Quorum => "quorum",
        }
    }
}

/// An instant of the monotonic clock after which nobody waits for custody any more.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// Counts from now. A time too long for the clock to express is no deadline.
    #[must_use]
    pub fn after(time: Duration) -> Self {
        Self(Instant::now().checked_add(time))
    }

    /// Returns how long there is left.
    ///
    /// # Errors
    /// [`CustodyFault::Deadline`] when nothing is.
    pub fn remaining(&self) -> Result<Duration, CustodyFault> {
        let left = self.0.map_or(Duration::MAX, |at| at.saturating_duration_since(Instant::now()));
        if left.is_zero() { Err(CustodyFault::Deadline) } else { Ok(left) }
    }
}

/// Has a request signed: the one road to a signature.
///
/// The request is checked against the pinned key before the custodian is asked, and what comes
/// back is verified with the same function as any reader uses, so that a custodian that lies,
/// or holds another key by now, yields an error and never a signature.
///
/// # Errors
/// [`CustodyFault::Kind`], [`CustodyFault::Signer`], [`CustodyFault::TooLarge`] or
/// [`CustodyFault::Deadline`] before anything is asked; then whatever the custodian says;
/// [`CustodyFault::Result`] when what it returned is not the pinned key's signature.
pub fn sign(
    custodian: &dyn Custodian,
    request: &SigningRequest,
    deadline: Deadline,
) -> Result<Signature, CustodyFault> {
    let Description { public_key, largest_message: limit, .. } = custodian.describe()?;
    admit(request, public_key, limit)?;
    deadline.remaining()?;
    accept(request, public_key, custodian.sign(request, deadline)?)
}

/// Has several requests signed: the same road, in as few calls as the place takes.
///
/// The answers stand in the requests' order, each with its own fault; a request that is refused
/// before it is sent keeps no other from being signed.
///
/// # Errors
/// What [`Custodian::describe`] says; all else is told per request.
pub fn sign_batch(
    custodian: &dyn Custodian,
    requests: &[SigningRequest],
    deadline: Deadline,
) -> Result<Vec<Result<Signature, CustodyFault>>, CustodyFault> {
    let Description { public_key, largest_message: limit, batch, .. } = custodian.describe()?;
    let mut answers = Vec::with_capacity(requests.len());
    for chunk in requests.chunks(batch.get()) {
        let refusals: Vec<_> = chunk
            .iter()
            .map(|request| admit(request, public_key, limit).and_then(|()| deadline.remaining().map(|_| ())).err())
            .collect();
        let fit: Vec<SigningRequest> =
            chunk.iter().zip(&refusals).filter(|(_, refusal)| refusal.is_none()).map(|(it, _)| it.clone()).collect();
        let mut signed = if fit.is_empty() { Vec::new() } else { custodian.sign_batch(&fit, deadline) }.into_iter();
        for (request, refusal) in chunk.iter().zip(refusals) {
            answers.push(match refusal {
                Some(fault) => Err(fault),
                // A place that answers with too few has not answered.
                None => signed
                    .next()
                    .unwrap_or(Err(CustodyFault::Deadline))
                    .and_then(|signature| accept(request, public_key, signature)),
            });
        }
    }
    Ok(answers)
}

/// Refuses a request before anybody is asked.
pub(crate) fn admit(request: &SigningRequest, pinned: PublicKey, limit: usize) -> Result<(), CustodyFault> {
    check(request, pinned)?;
    let found = request.message().len();
    if found > limit { Err(CustodyFault::TooLarge { found, limit }) } else { Ok(()) }
}

/// Verifies what came back with the same function as any reader uses.
pub(crate) fn accept(
    request: &SigningRequest,
    pinned: PublicKey,
    signature: Signature,
) -> Result<Signature, CustodyFault> {
    verify(&pinned, request.message(), &signature).map_err(CustodyFault::Result)?;
    Ok(signature)
}

/// Refuses what is no statement, and requests for another key, compared by raw bytes.
pub(crate) fn check(request: &SigningRequest, pinned: PublicKey) -> Result<(), CustodyFault> {
    if Kind::of(request.message()) != Some(request.kind()) {
        return Err(CustodyFault::Kind);
    }
    if *request.signer() != pinned {
        return Err(CustodyFault::Signer { asked: *request.signer(), pinned });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_passes() {
        assert_eq!(Deadline::after(Duration::ZERO).remaining().unwrap_err(), CustodyFault::Deadline);
        let left = Deadline::after(Duration::from_secs(60)).remaining().unwrap();
        assert!(left <= Duration::from_secs(60) && left > Duration::from_secs(1));
        assert_eq!(Deadline::after(Duration::MAX).remaining().unwrap(), Duration::MAX);
    }
}
