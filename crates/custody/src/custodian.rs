//! What every place that keeps keys can do: describe a key, and sign a request with it.

use std::time::{Duration, Instant};

use greatseal_core::issue::SigningRequest;
use greatseal_core::key::PublicKey;
use greatseal_core::signature::{Signature, verify};
use greatseal_core::statement::Kind;

use crate::fault::CustodyFault;
use crate::uri::KeyUri;

/// A holder of one private key. Callers use [`sign`], which trusts no custodian.
///
/// An implementation signs the request's exact message with pure Ed25519 and returns what it got;
/// it may not retry beyond the deadline. Making and importing keys are not here: few places can,
/// and those that can have functions of their own, such as [`crate::Keystore::create`].
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
}

/// What it takes to make a key sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Nothing beyond reaching it.
    None,
    /// A passphrase, once.
    Passphrase,
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
    let Description { public_key, largest_message: limit, uri: _, lock: _ } = custodian.describe()?;
    admit(request, public_key, limit)?;
    deadline.remaining()?;
    accept(request, public_key, custodian.sign(request, deadline)?)
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
