//! The policy language of UCANs: the official cases, every sentence of its page, what peers let
//! pass, a slow evaluator that was written apart from it, and the worst that fits the limits.
#![allow(clippy::disallowed_methods, reason = "the worst policies are timed, and nothing hangs on the time")]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking"
)]

mod apart;
mod random;
mod refused;
mod sentences;
mod traps;
mod vectors;
mod worst;

use greatseal_core::error::PolicyFault;
use greatseal_core::steps::Steps;
use greatseal_token::ucan::cbor;
use greatseal_token::ucan::policy::Policy;
use serde_json::Value as Json;

/// Evaluates a policy, both of them readable.
#[track_caller]
fn evaluate(policy: &Json, args: &Json) -> Result<(), PolicyFault> {
    let policy = Policy::from_json(policy).unwrap();
    let args = cbor::from_json(args).unwrap();
    policy.holds(cbor::validate(&args).unwrap(), &mut Steps::default())
}

/// Says whether one statement is true.
#[track_caller]
fn is_true(statement: &Json, args: &Json) -> bool {
    match evaluate(&Json::Array(vec![statement.clone()]), args) {
        Ok(()) => true,
        Err(PolicyFault::False { statement: 0 }) => false,
        other => panic!("{statement}: {other:?}"),
    }
}
