//! How long a verification took here, beside a bare signature check.

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::Instant;

use greatseal_core::View;
use greatseal_core::signature;
use greatseal_core::supply::Supply;
use greatseal_core::{Code, Statement};
use greatseal_token::wascap::module::ModuleFile;
use greatseal_token::wascap::{self, Verifier};
use serde::Serialize;

use super::Signed;
use crate::desk::Desk;
use crate::files;
use crate::problem::Problem;

/// Measurements of each, of which the median counts.
const ROUNDS: usize = 101;

/// Microseconds.
#[derive(Debug, Serialize)]
pub(crate) struct Timing {
    /// A chain of three tokens, from bytes to decision, nothing remembered.
    pub(crate) chain_cold_us: f64,
    /// The same chain once more, remembered.
    pub(crate) chain_warm_us: f64,
    /// One bare signature check over one token.
    pub(crate) signature_us: f64,
}

/// Measures on the tokens of the tour's first file.
pub(super) fn measure(desk: &Desk, signed: &[Signed; 2], view: &View) -> Result<Timing, Problem> {
    let [echo, _] = signed;
    let file = ModuleFile::read(&echo.module.bytes).map_err(|fault| Problem::new(fault.code(), fault.to_string()))?;
    let target = file.token().unwrap_or_default();
    let decoded = wascap::decode(target).map_err(|fault| Problem::new(fault.code(), fault.to_string()))?;
    let key = decoded.content().signer();

    let above: Vec<Vec<u8>> = [desk.realm.operator_path(), desk.realm.account_path(&desk.realm.name("payments")?)]
        .iter()
        .map(|path| {
            files::read(path, greatseal_core::limits::TOKEN_BYTES as u64 + 1).map(|text| text.trim_ascii().to_vec())
        })
        .collect::<Result<_, _>>()?;
    let deeds: Vec<Vec<u8>> = desk.realm.deeds()?.iter().map(|(_, deed)| deed.received().to_vec()).collect();
    let chain = |verifier: &mut Verifier| {
        let tokens = above.iter().filter_map(|token| verifier.read(token).ok()).collect();
        let hands: Vec<_> = deeds.iter().filter_map(|deed| verifier.read_deed(deed).ok()).collect();
        let with = Supply::heap(tokens).with_deeds(hands);
        let target = verifier.read(target).ok();
        black_box(verifier.decide(target.into_iter().collect(), with, view));
    };
    let mut warm = Verifier::new(NonZeroUsize::MIN);
    chain(&mut warm);
    let (mut cold_times, mut warm_times, mut bare_times) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let mut fresh = Verifier::new(NonZeroUsize::MIN);
        cold_times.push(time(|| chain(&mut fresh)));
        warm_times.push(time(|| chain(&mut warm)));
        bare_times.push(time(|| {
            let bare = signature::verify(black_box(&key), decoded.signed(), decoded.signature());
            let _ = black_box(bare);
        }));
    }
    match (median(cold_times), median(warm_times), median(bare_times)) {
        (Some(chain_cold_us), Some(chain_warm_us), Some(signature_us)) => {
            Ok(Timing { chain_cold_us, chain_warm_us, signature_us })
        }
        _ => Err(Problem::new(Code::Io, "the clock gave no measurements")),
    }
}

fn time(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1e6
}

fn median(mut times: Vec<f64>) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied()
}
