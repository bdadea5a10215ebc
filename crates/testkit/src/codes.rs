//! Assertions on decisions: by code, never by text.

use std::collections::BTreeSet;

use greatseal_core::decide::Allow;
use greatseal_core::{Code, Decision};

/// Returns the allow.
///
/// # Panics
/// When it is denied, with every failure.
#[track_caller]
#[must_use]
pub fn allowed(decision: &Decision) -> &Allow {
    match decision {
        Decision::Allow(allow) => {
            assert!(!allow.chain().is_empty(), "an allow that names no chain");
            allow
        }
        Decision::Deny(deny) => {
            let failures: Vec<String> =
                deny.failures().map(|failure| format!("{}: {}", failure.fault.code(), failure.fault)).collect();
            panic!("denied: {failures:#?}")
        }
    }
}

/// Returns the code of the closest failure.
///
/// # Panics
/// When it is allowed, with the chain.
#[track_caller]
#[must_use]
pub fn denied(decision: &Decision) -> Code {
    match decision {
        Decision::Deny(deny) => deny.closest().fault.code(),
        Decision::Allow(allow) => panic!("allowed: {:#?}", allow.chain()),
    }
}

/// Returns the codes of all failures; none for an allow.
#[must_use]
pub fn all(decision: &Decision) -> BTreeSet<&'static str> {
    match decision {
        Decision::Deny(deny) => deny.failures().map(|failure| failure.fault.code().text()).collect(),
        Decision::Allow(_) => BTreeSet::new(),
    }
}

/// Returns the outcome in a form that can be compared: the chain, or the closest code.
///
/// # Errors
/// The code, for a denial.
pub fn outcome(decision: &Decision) -> Result<Vec<String>, Code> {
    match decision {
        Decision::Allow(allow) => Ok(allow.chain().iter().map(|link| link.id.to_string()).collect()),
        Decision::Deny(deny) => Err(deny.closest().fault.code()),
    }
}
