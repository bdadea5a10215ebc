//! The numbers, for programs.
//!
//! Every field is always there; `null` where a thing was not measured. Rules for changing it: fields are
//! added and never change their meaning; another meaning gets another name.

use serde::Serialize;

/// All that was measured in one run: only numbers of the same run may be compared.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Whether it was only tried out: then no number means much.
    pub(crate) quick: bool,
    pub(crate) cores: usize,
    /// How long a call might take.
    pub(crate) timeout_seconds: u64,
    pub(crate) yardstick: Yardstick,
    pub(crate) scene: Scene,
    pub(crate) keys: Vec<KeyReport>,
    pub(crate) bars: Vec<Bar>,
}

/// What things cost in memory, in microseconds at p50.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Yardstick {
    pub(crate) samples: usize,
    /// Bytes of the message that was signed: an invocation with two proofs.
    pub(crate) message_bytes: usize,
    /// One signature by a key that was expanded before, and nothing else.
    pub(crate) bare_us: f64,
    /// One signature from a seed, as a key file's: expanded and wiped each time, not verified.
    pub(crate) seed_us: f64,
    /// One local verification.
    pub(crate) verify_us: f64,
    /// A running key's signature: wiped, and its key compared with the one that was drawn.
    pub(crate) running_us: f64,
    /// An invocation built, encoded, and read back.
    pub(crate) encode_us: f64,
    /// A token by a running key: encoded, signed, joined.
    pub(crate) token_us: f64,
    /// The same, and read as any reader would, which verifies it: what a wallet does before it sends it.
    pub(crate) finished_us: f64,
    /// The same from a seed, expanded each time, and without any verification; nobody issues so.
    pub(crate) unverified_us: f64,
    /// The same with a bare key: the least that a token can cost with this encoding.
    pub(crate) least_us: f64,
}

/// What the outage and the running keys were.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Scene {
    pub(crate) outage_seconds: u64,
    /// Tokens that are wanted in a second of the clock that is played.
    pub(crate) tokens_per_second: u64,
    /// For how long a running key is delegated to.
    pub(crate) lifetime_seconds: u64,
    /// Percent of its life after which the next one is asked for.
    pub(crate) renew_after_percent: u64,
    /// What the clock is: seconds are played and not waited for, and every signature is real.
    pub(crate) clock: &'static str,
}

/// One key.
#[derive(Debug, Serialize)]
pub(crate) struct KeyReport {
    pub(crate) name: String,
    pub(crate) place: Option<String>,
    pub(crate) algorithm: &'static str,
    pub(crate) lock: Option<&'static str>,
    pub(crate) largest_message: Option<usize>,
    /// Why it was not measured.
    pub(crate) failure: Option<Failure>,
    pub(crate) sign: Option<Sign>,
    pub(crate) rates: Vec<Rate>,
    pub(crate) batches: Vec<Batch>,
    pub(crate) cold_open: Option<ColdOpen>,
    pub(crate) outages: Vec<Outage>,
    /// UCANs signed in custody, each.
    pub(crate) direct: Option<Issuing>,
    /// UCANs signed by a running key, to which custody delegates.
    pub(crate) running: Option<Issuing>,
}

/// Why a key was not measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Failure {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

/// One signature at a time, in microseconds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sign {
    pub(crate) samples: usize,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// The place's own call, before anything is checked or verified.
    pub(crate) own_p50_us: f64,
    pub(crate) own_p99_us: f64,
    /// One local verification of the same signatures.
    pub(crate) verify_p50_us: f64,
}

/// Signatures in a second.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Rate {
    pub(crate) clients: usize,
    pub(crate) per_second: f64,
}

/// Signatures in a second, so many at once.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Batch {
    pub(crate) size: usize,
    pub(crate) per_second: f64,
}

/// From nothing to the first signature.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct ColdOpen {
    pub(crate) samples: usize,
    pub(crate) p50_ms: f64,
}

/// How long it takes until an outage is told.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Outage {
    pub(crate) kind: &'static str,
    /// What was done to have it.
    pub(crate) how: &'static str,
    /// The code of what is told.
    pub(crate) code: &'static str,
    pub(crate) error_ms: f64,
}

/// What it takes to issue UCANs one way.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Issuing {
    pub(crate) samples: usize,
    pub(crate) token_p50_us: f64,
    pub(crate) token_p99_us: f64,
    pub(crate) rates: Vec<Rate>,
    pub(crate) outage: Issued,
    pub(crate) shown_per_1000: Shown,
}

/// Tokens during an outage.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Issued {
    pub(crate) wanted: u64,
    pub(crate) issued: u64,
}

/// What custody sees of a thousand tokens.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Shown {
    /// Statements that it signs.
    pub(crate) statements: usize,
    pub(crate) bytes: usize,
    /// Members of these statements' payloads, such as `cmd` and `args`.
    pub(crate) claims: usize,
}

/// What had to be held.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Bar {
    pub(crate) bar: &'static str,
    /// The key, where it is about one.
    pub(crate) key: Option<String>,
    pub(crate) found_us: f64,
    pub(crate) allowed_us: f64,
    pub(crate) held: bool,
}

impl Bar {
    pub(crate) fn new(bar: &'static str, key: Option<String>, found_us: f64, allowed_us: f64) -> Self {
        let allowed_us = super::sample::tenth(allowed_us);
        Self { bar, key, found_us, allowed_us, held: found_us <= allowed_us }
    }
}

/// What a place's call may cost on top of the place's own.
pub(crate) const OVERHEAD: &str = "signing costs at most 15 % more than the place's own call, and one verification";
/// What a token may cost beneath a running key.
pub(crate) const TOKEN: &str = "a token by a running key costs at most 1.5 times one bare signature";

impl Report {
    /// Compares what was found with what has to be held.
    pub(crate) fn judge(&mut self) {
        let of = |key: &KeyReport| {
            let sign = key.sign.as_ref()?;
            let allowed = sign.own_p50_us * 1.15 + sign.verify_p50_us;
            Some(Bar::new(OVERHEAD, Some(key.name.clone()), sign.p50_us, allowed))
        };
        self.bars = self.keys.iter().filter_map(of).collect();
        let Yardstick { token_us, bare_us, .. } = self.yardstick;
        self.bars.push(Bar::new(TOKEN, None, token_us, bare_us * 1.5));
    }
}
