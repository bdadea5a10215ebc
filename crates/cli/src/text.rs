//! Foreign text made fit for a terminal.

use greatseal_core::Fault;
use greatseal_core::error::{ChainFault, Quoted, TimeFault};

use crate::clock;

/// Bounds a name that somebody else chose and takes the control characters out of it.
pub(crate) fn name(text: &str) -> String {
    Quoted::sentence(text).to_string()
}

/// Begins a sentence with a capital letter.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Says what is wrong, with instants as people read them.
pub(crate) fn sentence(fault: &Fault) -> String {
    match fault {
        Fault::Time(TimeFault::Expired { expired, now }) => {
            format!("it expired at {}, and now is {}", clock::show(*expired), clock::show(*now))
        }
        Fault::Time(TimeFault::Early { from, now }) => {
            format!("it does not speak before {}, and now is {}", clock::show(*from), clock::show(*now))
        }
        Fault::Time(TimeFault::IssuedAhead { issued_at, now }) => {
            format!("it says it was issued at {}, and now is {}", clock::show(*issued_at), clock::show(*now))
        }
        Fault::Chain(ChainFault::Superseded { subject, newer, newer_issued_at }) => {
            let at = clock::show(*newer_issued_at);
            format!("{subject} has a newer token, issued at {at} (statement {newer})")
        }
        Fault::Key(_) | Fault::Decode(_) | Fault::Signature(_) | Fault::Module(_) | Fault::Chain(_) => {
            fault.to_string()
        }
    }
}
