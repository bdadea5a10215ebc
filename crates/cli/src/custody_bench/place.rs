//! One key in its place: signatures, rates, batches, opening.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use greatseal_core::issue::SigningRequest;
use greatseal_core::key::Spelled;
use greatseal_core::signature::verify;
use greatseal_custody::{
    Custodian, CustodyFault, Deadline, Entry, KeyName, Keystore, Passphrase, PassphraseSource, Surroundings, sign,
    sign_batch,
};

use super::cure::{self, Scene};
use super::report::{Batch, ColdOpen, Failure, KeyReport, Rate, Sign};
use super::sample::{CLIENTS, Effort, Times, rate, tenth};
use super::trouble;
use crate::custody_check::probe;
use crate::problem::Problem;

/// Sizes of batches that are tried, where the place takes batches.
const BATCHES: [usize; 2] = [10, 100];

/// Probes that are signed again and again: each is signed anew, whatever was signed before.
const PROBES: usize = 64;

/// A key's place, and all that is needed to reach it.
#[derive(Clone, Copy)]
pub(super) struct Spot<'a> {
    pub(super) store: &'a Keystore,
    pub(super) entry: &'a Entry,
    pub(super) around: &'a Surroundings,
}

/// Measures a key. What keeps it from signing is in the report.
///
/// `asks` says that a person is asked for what unlocks it; then it is opened once.
///
/// # Errors
/// Only of this machine: no randomness, no temporary folder.
pub(crate) fn measure(
    name: &KeyName,
    (store, entry): &(Keystore, Entry),
    around: &Surroundings,
    asks: bool,
    effort: &Effort,
    scene: &Scene,
) -> Result<KeyReport, Problem> {
    let mut report = KeyReport::new(name, &entry.public, Some(entry.uri.to_string()));
    let spot = Spot { store, entry, around };
    let probes = probe::requests(entry.public.public_key(), PROBES)?;
    let Some(first) = probes.first() else { return Ok(report) };
    let mut opened = Times::default();
    let custodian = match open(spot, first, &mut opened, effort) {
        Ok(custodian) => custodian,
        Err(fault) => {
            report.failure = Some(Failure { code: fault.code().text(), message: fault.to_string() });
            return Ok(report);
        }
    };
    while !asks && opened.count() < effort.opened {
        if open(spot, first, &mut opened, effort).is_err() {
            break;
        }
    }
    report.cold_open = Some(ColdOpen { samples: opened.count(), p50_ms: tenth(opened.p50() / 1000.0) });
    if let Err(fault) = signing(&*custodian, &probes, effort, &mut report) {
        report.failure = Some(Failure { code: fault.code().text(), message: fault.to_string() });
        return Ok(report);
    }
    report.outages = trouble::outages(spot, first, effort)?;
    report.direct = Some(cure::direct(&*custodian, effort, scene)?);
    report.running = Some(cure::running(&*custodian, effort, scene)?);
    Ok(report)
}

impl KeyReport {
    /// Names a key of which nothing was measured yet.
    pub(crate) fn new(name: &KeyName, public: &Spelled, place: Option<String>) -> Self {
        Self {
            name: name.to_string(),
            place,
            algorithm: public.public_key().algorithm(),
            lock: None,
            largest_message: None,
            failure: None,
            sign: None,
            rates: Vec::new(),
            batches: Vec::new(),
            cold_open: None,
            outages: Vec::new(),
            direct: None,
            running: None,
        }
    }
}

/// From nothing to the first signature; the time that a person took to type is taken off.
fn open(
    spot: Spot<'_>,
    probe: &SigningRequest,
    times: &mut Times,
    effort: &Effort,
) -> Result<Box<dyn Custodian>, CustodyFault> {
    let asked = Arc::new(Mutex::new(Duration::ZERO));
    let (inner, noted) = (Arc::clone(&spot.around.passphrases), Arc::clone(&asked));
    let timed = move |name: &KeyName, public: &Spelled| -> Result<Passphrase, CustodyFault> {
        let start = Instant::now();
        let answer = inner.passphrase(name, public);
        *noted.lock().unwrap_or_else(PoisonError::into_inner) += start.elapsed();
        answer
    };
    let passphrases: Arc<dyn PassphraseSource> = Arc::new(timed);
    let around = Surroundings { passphrases, ..spot.around.clone() };
    let start = Instant::now();
    let custodian = spot.store.custodian(&spot.entry.name, &around)?;
    // Unlocking a file, and a person who types, have their own time.
    let patience = effort.timeout.max(Duration::from_secs(greatseal_core::limits::UNLOCK_SECONDS));
    sign(&*custodian, probe, Deadline::after(patience))?;
    let typing = *asked.lock().unwrap_or_else(PoisonError::into_inner);
    times.push(start.elapsed().saturating_sub(typing));
    Ok(custodian)
}

/// Measures signatures one at a time, by several clients, and in batches.
fn signing(
    custodian: &dyn Custodian,
    probes: &[SigningRequest],
    effort: &Effort,
    report: &mut KeyReport,
) -> Result<(), CustodyFault> {
    let description = custodian.describe()?;
    report.lock = Some(description.lock.word());
    report.largest_message = Some(description.largest_message);
    let deadline = || Deadline::after(effort.timeout);
    let (mut own, mut whole, mut verification) = (Times::default(), Times::default(), Times::default());
    let start = Instant::now();
    let mut turn = probes.iter().cycle();
    while effort.goes_on(whole.count(), start) {
        // In turns, so that what else the machine does falls on both alike.
        let (Some(one), Some(other)) = (turn.next(), turn.next()) else { break };
        let signature = own.time(|| custodian.sign(one, deadline()))?;
        whole.time(|| sign(custodian, other, deadline()))?;
        verification.time(|| verify(one.signer(), one.message(), &signature)).map_err(CustodyFault::Result)?;
    }
    report.sign = Some(Sign {
        samples: whole.count(),
        p50_us: whole.p50(),
        p99_us: whole.p99(),
        own_p50_us: own.p50(),
        own_p99_us: own.p99(),
        verify_p50_us: verification.p50(),
    });
    let next = AtomicUsize::new(0);
    let one = || {
        let probe = probes.get(next.fetch_add(1, Ordering::Relaxed) % probes.len().max(1));
        probe.is_some_and(|probe| sign(custodian, probe, deadline()).is_ok())
    };
    report.rates =
        CLIENTS.into_iter().map(|clients| Rate { clients, per_second: rate(clients, effort.time, one) }).collect();
    if description.batch.get() > 1 {
        for size in BATCHES {
            let batch: Vec<SigningRequest> = probes.iter().cycle().take(size).cloned().collect();
            let all = || {
                let answers = sign_batch(custodian, &batch, deadline());
                answers.is_ok_and(|answers| answers.iter().all(Result::is_ok))
            };
            let per_second = tenth(rate(1, effort.time, all) * size as f64);
            report.batches.push(Batch { size, per_second });
        }
    }
    Ok(())
}
