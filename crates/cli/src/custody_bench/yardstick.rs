//! What a signature, a verification and a token cost in memory: what all else is compared with.

use std::time::Instant;

use greatseal_core::issue::{Signable, SigningRequest, Unsigned};
use greatseal_core::key::{PublicKey, Role};
use greatseal_core::signature::{Signature, verify};
use greatseal_core::{Cid, Policy, View};
use greatseal_custody::{BareKey, RunningKey, Seed};
use greatseal_token::ucan::UcanEnvelope;
use greatseal_token::ucan::cbor::MapBuf;
use serde_json::json;

use super::report::Yardstick;
use super::sample::{Effort, Times};
use crate::custody_check::probe;
use crate::problem::Problem;

/// What every invocation of a run carries: arguments as small services have them, and two proofs.
#[derive(Clone, Debug)]
pub(super) struct Load {
    args: MapBuf,
    proofs: [Cid; 2],
}

impl Load {
    pub(super) fn new() -> Result<Self, Problem> {
        let args = probe::arguments(&json!({ "path": "/reports/2026/11/summary.csv", "bytes": 4096 }))?;
        Ok(Self { args, proofs: [Cid::of(b"no delegation"), Cid::of(b"nor this")] })
    }

    /// Builds an invocation, encodes it, and reads it back: all that is done before it is signed.
    pub(super) fn encode(&self, key: PublicKey) -> Result<Unsigned<UcanEnvelope>, Problem> {
        probe::call(key, &self.args, &self.proofs)
    }
}

/// Joins a signature to a token's bytes.
pub(super) fn join(request: &SigningRequest, signature: &Signature) -> Vec<u8> {
    UcanEnvelope::assemble(request.message(), signature)
}

/// Issues a token with a running key, by a signature of the key as it was drawn.
pub(super) fn token(load: &Load, key: &RunningKey) -> Result<Vec<u8>, Problem> {
    let request = load.encode(key.public_key())?.request();
    Ok(join(&request, &key.sign(&request)?))
}

/// Measures all of it, in turns, so that what else the machine does falls on all alike.
///
/// # Errors
/// When this machine gives no randomness.
pub(crate) fn yardstick(effort: &Effort) -> Result<Yardstick, Problem> {
    let load = Load::new()?;
    let (bare, seed, running) = (BareKey::draw()?, Seed::generate(Role::User)?, RunningKey::generate()?);
    let own = seed.nkey().public_key();
    // At the end of what it makes, so that a reader takes it: it is worth nothing for other reasons.
    let view = View::new(Policy::Strict, Vec::new(), probe::ENDED);
    let mut times: [Times; 9] = Default::default();
    let [bare_time, seed_time, verify_time, running_time, encode_time, token_time, finished, unverified, least] =
        &mut times;
    let mut message_bytes = 0;
    let start = Instant::now();
    while effort.goes_on(bare_time.count(), start) {
        let request = load.encode(bare.public_key())?.request();
        message_bytes = request.message().len();
        let signature = bare_time.time(|| bare.sign(&request));
        let good = verify_time.time(|| verify(&bare.public_key(), request.message(), &signature));
        good.map_err(|fault| Problem::new(fault.code(), fault.to_string()))?;
        let request = load.encode(own)?.request();
        seed_time.time(|| seed.sign(&request))?;
        let request = load.encode(running.public_key())?.request();
        running_time.time(|| running.sign(&request))?;
        encode_time.time(|| load.encode(own).map(|unsigned| unsigned.request()))?;
        token_time.time(|| token(&load, &running))?;
        finished.time(|| {
            let unsigned = load.encode(running.public_key())?;
            let signature = running.sign(&unsigned.request())?;
            Ok::<_, Problem>(unsigned.finish(&signature, &view)?)
        })?;
        unverified.time(|| {
            let request = load.encode(own)?.request();
            Ok::<_, Problem>(join(&request, &seed.sign(&request)?))
        })?;
        least.time(|| {
            let request = load.encode(bare.public_key())?.request();
            Ok::<_, Problem>(join(&request, &bare.sign(&request)))
        })?;
    }
    Ok(Yardstick {
        samples: bare_time.count(),
        message_bytes,
        bare_us: bare_time.p50(),
        seed_us: seed_time.p50(),
        verify_us: verify_time.p50(),
        running_us: running_time.p50(),
        encode_us: encode_time.p50(),
        token_us: token_time.p50(),
        finished_us: finished.p50(),
        unverified_us: unverified.p50(),
        least_us: least.p50(),
    })
}
