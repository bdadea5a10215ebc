//! Asking one place: what it says of a key, and whether a probe comes back signed.

use std::time::{Duration, Instant};

use greatseal_core::issue::SigningRequest;
use greatseal_custody::{Custodian, CustodyFault, Deadline, Description, Examination, PassphraseFault, sign};

/// What a place answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) description: Description,
    /// How long the probe's signature took, verified.
    pub(crate) signed: Result<Duration, CustodyFault>,
    /// What the place claims; not asked for where it did not even answer.
    pub(crate) examination: Result<Examination, CustodyFault>,
}

/// Asks a custodian for everything, each call within the time.
///
/// # Errors
/// When it cannot even describe the key.
pub(crate) fn ask(custodian: &dyn Custodian, probe: &SigningRequest, time: Duration) -> Result<Answer, CustodyFault> {
    let description = custodian.describe()?;
    let start = Instant::now();
    let signed = sign(custodian, probe, Deadline::after(time)).map(|_| start.elapsed());
    let examination = match &signed {
        // It would only be waited for once more.
        Err(fault) if is_silence(fault) => Err(fault.clone()),
        Ok(_) | Err(_) => custodian.examine(Deadline::after(time)),
    };
    Ok(Answer { description, signed, examination })
}

/// Says whether nobody answered.
pub(crate) const fn is_silence(fault: &CustodyFault) -> bool {
    matches!(fault, CustodyFault::Deadline | CustodyFault::Busy { .. } | CustodyFault::Unreachable { .. })
}

/// Says whether nobody was there to unlock the key, which says nothing of the key.
pub(crate) const fn is_unasked(fault: &CustodyFault) -> bool {
    matches!(fault, CustodyFault::Passphrase(PassphraseFault::Nobody { .. } | PassphraseFault::NobodyForPin { .. }))
}
