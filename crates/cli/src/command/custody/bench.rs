//! `greatseal custody bench`: what each place costs, and what running keys make of it.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use clap::Args;
use greatseal_core::Code;
use greatseal_core::code::Exit;
use greatseal_core::limits::CUSTODY_PROBE_SECONDS;

use super::keys::{self, Known};
use crate::custody_bench::{Effort, Failure, KeyReport, Report, Scene, measure, people, plot, yardstick};
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::realm::write_new;
use crate::secrets::{Custody, InRealm};

/// Measures what signing costs where keys are kept, and what running keys make of it.
///
/// Every key signs some thousand probes, statements that are worth nothing to anybody; a service that
/// charges for signatures charges for these. Nothing is written to the realm or to custody.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal custody bench payments-signing-1 --passphrase-file secret.txt\n  greatseal custody bench --all --plot custody.svg --output json\n  greatseal custody bench upload-1 --outage 120 --lifetime 3600\n\nOnly numbers of one run may be compared. docs/custody/bench.md says what each of them is."
)]
pub(crate) struct Bench {
    /// Keys to measure, by their names.
    #[arg(value_name = "KEY", required_unless_present = "all")]
    names: Vec<String>,
    /// Measures every key that custody here can use.
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// Tries everything out in a moment: no number means much.
    #[arg(long)]
    quick: bool,
    /// Draws the comparison into a new file, as SVG.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// How long the outage is that is played.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    outage: u64,
    /// How many tokens are wanted in a second of it.
    #[arg(long, value_name = "TOKENS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1000))]
    rate: u64,
    /// For how long a running key is delegated to.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(2..=86_400))]
    lifetime: u64,
    /// How long a place may take for one call.
    #[arg(long, value_name = "SECONDS", default_value_t = CUSTODY_PROBE_SECONDS, conflicts_with = "custody_timeout", value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

pub(crate) fn run(bench: &Bench, format: Format) -> Result<Exit, Problem> {
    let realm = keys::realm(&bench.realm)?;
    let known = keys::known(&bench.custody, realm.as_ref(), &bench.names)?;
    if let Some(file) = bench.plot.as_ref().filter(|file| file.exists()) {
        // Told before minutes of measuring.
        let fault = format!("{} exists already", crate::text::path(file));
        return Err(Problem::new(Code::Io, fault).hint("Name a new file: nothing is overwritten."));
    }
    let (around, asks) = (bench.custody.surroundings()?, bench.custody.asks());
    let (effort, scene) = (effort(bench), scene(bench));
    let tell = |what: &str| {
        if !bench.quick {
            output::remark(&format!("measuring {what} …"));
        }
    };
    tell("what a signature costs in memory");
    let yardstick = yardstick(&effort)?;
    let mut reports = Vec::new();
    for key in &known {
        match key.here() {
            Some(at) => {
                tell(key.name.as_str());
                reports.push(measure(&key.name, at, &around, asks, &effort, &scene)?);
            }
            // Of all keys, those that are here; one that was named is told.
            None if bench.all => {}
            None => reports.push(elsewhere(key)),
        }
    }
    let mut report = Report {
        quick: bench.quick,
        cores: thread::available_parallelism().map_or(1, NonZeroUsize::get),
        timeout_seconds: effort.timeout.as_secs(),
        yardstick,
        scene,
        keys: reports,
        bars: Vec::new(),
    };
    report.judge();
    if let Some(file) = &bench.plot {
        write_new(file, plot(&report).as_bytes())?;
    }
    output::answer(format, &report, || people(&report));
    // One that measured nothing of what was asked for did not work.
    let failed = report.keys.iter().all(|key| key.failure.is_some());
    Ok(if failed && !report.keys.is_empty() { Exit::KeyUnavailable } else { Exit::Ok })
}

fn elsewhere(key: &Known) -> KeyReport {
    let place = key.at.as_ref().map(|(_, entry)| entry.uri.to_string());
    let message = "custody here cannot make it sign".to_owned();
    let failure = Some(Failure { code: Code::CustodyMissing.text(), message });
    KeyReport { failure, ..KeyReport::new(&key.name, &key.public, place) }
}

fn effort(bench: &Bench) -> Effort {
    let timeout = Duration::from_secs(bench.custody.timeout().unwrap_or(bench.timeout));
    if bench.quick {
        Effort { time: Duration::from_millis(20), samples: 40, opened: 1, timeout }
    } else {
        Effort { time: Duration::from_secs(2), samples: 3000, opened: 3, timeout }
    }
}

fn scene(bench: &Bench) -> Scene {
    Scene {
        outage_seconds: bench.outage,
        tokens_per_second: bench.rate,
        lifetime_seconds: bench.lifetime,
        renew_after_percent: RENEW_AFTER_PERCENT,
        clock: "a played clock: seconds are not waited for, and every signature is real",
    }
}

/// As the wallet of a service does unless it is told otherwise (`docs/building-services.md`).
const RENEW_AFTER_PERCENT: u64 = 50;
