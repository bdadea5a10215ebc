//! The numbers, for people.

use super::report::{Issuing, KeyReport, Rate, Report, Yardstick};
use crate::custody_check::place;
use crate::table::table;
use crate::text;

/// Tells a report.
pub(crate) fn people(report: &Report) -> String {
    let mut told = String::new();
    if report.quick {
        told += "tried out only: no number here means much\n\n";
    }
    told += &signatures(report);
    for key in &report.keys {
        if let Some(failure) = &key.failure {
            told += &format!("{} was not measured: {} [{}]\n", key.name, failure.message, failure.code);
        }
    }
    told += &outages(report);
    told += &issuing(report);
    told += &yardstick(&report.yardstick);
    told += "\n";
    for bar in &report.bars {
        let held = if bar.held { "held" } else { "missed" };
        let key = bar.key.as_ref().map(|key| format!("{key}: ")).unwrap_or_default();
        told +=
            &format!("{held:<7} {key}{}: {} of {} allowed\n", bar.bar, micros(bar.found_us), micros(bar.allowed_us));
    }
    told
}

fn signatures(report: &Report) -> String {
    let rows = report.keys.iter().map(|key| {
        let sign = key.sign.as_ref();
        let batch = |size| {
            let found = key.batches.iter().find(|batch| batch.size == size);
            found.map_or_else(none, |batch| count(batch.per_second))
        };
        [
            key.name.clone(),
            key.place.as_deref().map_or_else(|| "elsewhere".into(), place),
            sign.map_or_else(none, |it| micros(it.p50_us)),
            sign.map_or_else(none, |it| micros(it.p99_us)),
            sign.map_or_else(none, |it| micros(it.own_p50_us)),
            at(&key.rates, 1),
            at(&key.rates, 4),
            at(&key.rates, 16),
            batch(10),
            batch(100),
            key.cold_open.map_or_else(none, |it| format!("{:.0} ms", it.p50_ms)),
        ]
    });
    let headings =
        ["key", "place", "p50", "p99", "own call", "/s by 1", "by 4", "by 16", "in 10s", "in 100s", "opening"];
    format!("One signature, and how many in a second:\n{}", table(headings, rows.collect(), "no key was measured"))
}

fn outages(report: &Report) -> String {
    let all = report.keys.iter().flat_map(|key| key.outages.iter().map(move |outage| (key, outage)));
    let rows: Vec<_> = all
        .map(|(key, outage)| {
            [
                key.name.clone(),
                outage.kind.into(),
                format!("{:.1} ms", outage.error_ms),
                outage.code.into(),
                outage.how.into(),
            ]
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    format!("\nUntil an outage is told:\n{}", table(["key", "outage", "after", "code", "how"], rows, ""))
}

fn issuing(report: &Report) -> String {
    let scene = &report.scene;
    let row = |key: &KeyReport, by: &str, it: &Issuing| {
        let shown = it.shown_per_1000;
        [
            key.name.clone(),
            by.to_owned(),
            micros(it.token_p50_us),
            micros(it.token_p99_us),
            at(&it.rates, 1),
            at(&it.rates, 4),
            at(&it.rates, 16),
            format!("{} of {}", it.outage.issued, it.outage.wanted),
            shown.statements.to_string(),
            shown.bytes.to_string(),
            shown.claims.to_string(),
        ]
    };
    let ways = |key: &KeyReport| {
        let direct = key.direct.as_ref().map(|it| row(key, "custody", it));
        let running = key.running.as_ref().map(|it| row(key, "running key", it));
        direct.into_iter().chain(running).collect::<Vec<_>>()
    };
    let rows: Vec<_> = report.keys.iter().flat_map(ways).collect();
    if rows.is_empty() {
        return String::new();
    }
    let headings = [
        "key",
        "UCANs by",
        "p50",
        "p99",
        "/s by 1",
        "by 4",
        "by 16",
        "in the outage",
        "shown to custody",
        "bytes",
        "claims",
    ];
    format!(
        "\nUCANs, with custody signing each, and with running keys; an outage of {} s at {} tokens a second ({}), \
         running keys of {} s renewed after {} %; shown to custody of 1,000 tokens:\n{}",
        scene.outage_seconds,
        scene.tokens_per_second,
        scene.clock,
        scene.lifetime_seconds,
        scene.renew_after_percent,
        table(headings, rows, "")
    )
}

fn yardstick(it: &Yardstick) -> String {
    let rows = [
        ("one bare signature", it.bare_us),
        ("one from a seed, wiped", it.seed_us),
        ("one verification", it.verify_us),
        ("a running key's signature", it.running_us),
        ("an invocation, encoded and read back", it.encode_us),
        ("a token by a running key", it.token_us),
        ("the same, read and verified by a wallet", it.finished_us),
        ("a token from a seed, never verified", it.unverified_us),
        ("a token by a bare key: the least", it.least_us),
    ];
    let row = |(what, us): (&str, f64)| {
        let times = if it.bare_us > 0.0 { format!("{:.2}", us / it.bare_us) } else { none() };
        [what.to_owned(), micros(us), times]
    };
    let told = table(["in memory", "p50", "in bare signatures"], rows.map(row).to_vec(), "");
    format!("\nIn the same run, {} of {} bytes:\n{told}", text::count(it.samples, "sample"), it.message_bytes)
}

fn at(rates: &[Rate], clients: usize) -> String {
    rates.iter().find(|rate| rate.clients == clients).map_or_else(none, |rate| count(rate.per_second))
}

fn none() -> String {
    "–".into()
}

fn count(per_second: f64) -> String {
    format!("{per_second:.0}")
}

/// Writes microseconds as people read them: `36 µs`, `0.83 ms`, `1.2 s`.
pub(super) fn micros(us: f64) -> String {
    match us {
        us if us < 100.0 => format!("{us:.1} µs"),
        us if us < 1000.0 => format!("{us:.0} µs"),
        us if us < 1e6 => format!("{:.2} ms", us / 1e3),
        us => format!("{:.2} s", us / 1e6),
    }
}
