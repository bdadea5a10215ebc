//! UCAN 1.0: delegations and invocations in signed DAG-CBOR envelopes.

pub mod cbor;
pub mod policy;
