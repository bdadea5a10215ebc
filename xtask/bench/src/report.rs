//! The rows as a table or as JSON, and what is missing from them.

use serde_json::json;

use crate::measure::Measured;
use crate::row::{Machine, ROWS, Row};

/// What a run found, in the order of [`ROWS`].
pub(crate) struct Report {
    machine: Machine,
    /// A smoke run judges nothing.
    judged: bool,
    lines: Vec<Line>,
    problems: Vec<String>,
}

struct Line {
    row: &'static Row,
    ratio: f64,
    ok: Option<bool>,
    detail: String,
}

/// One number for a row.
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) ratio: f64,
    pub(crate) detail: String,
}

impl From<Measured> for Figure {
    fn from(measured: Measured) -> Self {
        let micros = 1e6 * measured.seconds;
        let baseline = 1e6 * measured.baseline;
        let detail = format!(
            "{} ({micros:.2} of {baseline:.2} µs, median +{:.0} %)",
            measured.detail,
            100.0 * (measured.noise - 1.0)
        );
        Self { name: measured.name, ratio: measured.ratio(), detail }
    }
}

impl Report {
    /// Holds the figures against the list: each row once, and nothing else, but for what is left out
    /// for a reason that was told.
    pub(crate) fn new(machine: Machine, judged: bool, figures: Vec<Figure>, left_out: &dyn Fn(&str) -> bool) -> Self {
        let mut problems: Vec<String> = figures
            .iter()
            .filter(|figure| ROWS.iter().all(|row| row.name != figure.name))
            .map(|figure| format!("{}: measured, but no row of the report", figure.name))
            .collect();
        let mut lines = Vec::new();
        for row in ROWS {
            let mut found = figures.iter().filter(|figure| figure.name == row.name);
            match (found.next(), found.next()) {
                (Some(figure), None) if figure.ratio.is_finite() => {
                    let ok = row.bar.met(machine, figure.ratio).filter(|_| judged);
                    lines.push(Line { row, ratio: figure.ratio, ok, detail: figure.detail.clone() });
                    if ok == Some(false) {
                        let bar = row.bar.number(machine).unwrap_or(f64::NAN);
                        problems.push(format!(
                            "{}: bar missed, {:.3} is not {} {bar:.3}",
                            row.name,
                            figure.ratio,
                            row.bar.sign()
                        ));
                    }
                }
                (Some(_), None) => problems.push(format!("{}: no number came out", row.name)),
                (Some(_), Some(_)) => problems.push(format!("{}: measured twice", row.name)),
                (None, _) if left_out(row.name) => {}
                (None, _) => problems.push(format!("{}: row missing", row.name)),
            }
        }
        Self { machine, judged, lines, problems }
    }

    /// Returns the bars missed and the rows that are not as they should be.
    pub(crate) fn problems(self) -> Vec<String> {
        self.problems
    }

    /// Writes one JSON object a line.
    pub(crate) fn json(&self) -> String {
        let object = |line: &Line| {
            let rounded = |ratio: f64| (ratio * 1e4).round() / 1e4;
            let object = json!({
                "name": line.row.name,
                "ratio": rounded(line.ratio),
                "bar": line.row.bar.number(self.machine).map(rounded),
                "ok": line.ok,
                "unit": line.row.unit,
                "bars": self.machine.word(),
                "detail": line.detail,
            });
            format!("{object}\n")
        };
        self.lines.iter().map(object).collect()
    }

    /// Writes a table.
    pub(crate) fn table(&self) -> String {
        let mut text = format!(
            "1.00 = ed25519-dalek 2.2.0 verify_strict, key parsed, 500 bytes, same rounds; bars: {}\n",
            self.machine.word()
        );
        let width = ROWS.iter().map(|row| row.name.len()).max().unwrap_or(0);
        for line in &self.lines {
            let bar = match line.row.bar.number(self.machine) {
                Some(bar) => format!("{} {bar:.2}", line.row.bar.sign()),
                None => String::new(),
            };
            let verdict = match line.ok {
                Some(true) => "met",
                Some(false) => "MISSED",
                None => "",
            };
            text.push_str(&format!(
                "{:width$}  {:>7.3}  {bar:>6}  {verdict:<6}  {}; {}\n",
                line.row.name, line.ratio, line.row.unit, line.detail
            ));
        }
        if !self.judged {
            text.push_str("a smoke run: nothing of this is judged\n");
        }
        text
    }
}
