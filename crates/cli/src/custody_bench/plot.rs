//! The numbers as a picture, in SVG, in the manner of `docs/rotations.svg`.
//!
//! One panel for each question; in it a group for each key. Times, rates and bytes grow as logarithms;
//! what was issued during the outage is in percent.

use std::fmt::Write as _;

use super::report::{Issuing, KeyReport, Rate, Report};
use super::shown::micros;

const GROUP: f64 = 190.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 64.0;
const PANEL: f64 = 150.0;
const GAP: f64 = 44.0;
const BOTTOM: f64 = 56.0;
/// Keys that a picture has room for.
const KEYS: usize = 12;
/// Characters of a name beneath its group.
const NAME: usize = 28;

/// Colours that stand out from white and from black.
const STYLE: &str = "\
text { font: 12px system-ui, sans-serif; fill: #333 }
.title { font-weight: 600 }
.small { font-size: 11px }
.grid { stroke: #999; stroke-opacity: 0.35; stroke-width: 1 }
.custody { stroke: #d1495b; fill: #d1495b }
.running { stroke: #3a9d5d; fill: #3a9d5d }
.bare { stroke: #2a7fba; fill: #2a7fba }
@media (prefers-color-scheme: dark) { text { fill: #ddd } .custody { stroke: #ff7d8d; fill: #ff7d8d } .running { stroke: #74d296; fill: #74d296 } .bare { stroke: #6bb8ee; fill: #6bb8ee } }
.line { stroke-width: 2; fill: none }
";

/// A scale from bottom to top.
struct Scale {
    least: f64,
    most: f64,
    ticks: Vec<(f64, String)>,
    logarithmic: bool,
}

impl Scale {
    /// Powers of ten around the values.
    fn logarithmic(values: &[f64], tick: impl Fn(f64) -> String) -> Self {
        let positive = || values.iter().copied().filter(|value| *value > 0.0);
        let least = positive().fold(f64::INFINITY, f64::min).max(1e-3);
        // Nothing was measured: an empty panel.
        let least = if least.is_finite() { least } else { 1.0 };
        let most = positive().fold(0.0, f64::max).max(least);
        let first = least.log10().floor();
        let last = most.min(1e12).log10().ceil().max(first + 1.0);
        let count = (last - first) as usize;
        let powers = (0..=count).map(|step| 10f64.powf(first + step as f64));
        Self {
            least: 10f64.powf(first),
            most: 10f64.powf(last),
            ticks: powers.map(|at| (at, tick(at))).collect(),
            logarithmic: true,
        }
    }

    fn percent() -> Self {
        let ticks = [0.0, 25.0, 50.0, 75.0, 100.0].map(|at: f64| (at, format!("{at:.0} %"))).to_vec();
        Self { least: 0.0, most: 100.0, ticks, logarithmic: false }
    }

    fn y(&self, value: f64, top: f64) -> f64 {
        let part = if self.logarithmic {
            (value.max(self.least) / self.least).ln() / (self.most / self.least).ln()
        } else {
            (value - self.least) / (self.most - self.least)
        };
        top + PANEL * (1.0 - part)
    }
}

/// Draws a report.
pub(crate) fn plot(report: &Report) -> String {
    let measured = |key: &&KeyReport| key.sign.is_some();
    let keys: Vec<&KeyReport> = report.keys.iter().filter(measured).take(KEYS).collect();
    let width = (LEFT + GROUP * keys.len().max(1) as f64 + RIGHT).max(620.0);
    let height = TOP + 4.0 * (PANEL + GAP) - GAP + BOTTOM;
    let mut svg = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"what\">\n\
         <title id=\"what\">What each key's place costs, with custody signing every token and with running keys</title>\n\
         <style>\n{STYLE}</style>"
    );
    legend(&mut svg, report.quick);
    let mut draw = Drawing { svg: &mut svg, width, top: TOP };
    draw.times(report, &keys);
    draw.rates(&keys);
    draw.outages(report, &keys);
    draw.shown(&keys);
    for (at, key) in keys.iter().enumerate() {
        let (x, y) = (middle(at), height - BOTTOM + 20.0);
        text(&mut svg, "title", "middle", x, y, &shorten(&key.name));
        let place = key.place.as_deref().unwrap_or_default();
        let scheme = place.split(':').next().unwrap_or_default();
        text(&mut svg, "small", "middle", x, y + 17.0, scheme);
    }
    svg.push_str("</svg>\n");
    svg
}

struct Drawing<'a> {
    svg: &'a mut String,
    width: f64,
    top: f64,
}

impl Drawing<'_> {
    /// One token: p50 as a dot, p99 as the bar above it.
    fn times(&mut self, report: &Report, keys: &[&KeyReport]) {
        let of = |it: &Issuing| [it.token_p50_us, it.token_p99_us];
        let bare = report.yardstick.bare_us;
        let mut all: Vec<f64> = keys.iter().flat_map(|key| ways(key)).flat_map(|(_, it)| of(it)).collect();
        all.push(bare);
        let scale = Scale::logarithmic(&all, |at| micros(at).replace(".00 ", " ").replace(".0 ", " "));
        self.grid("one UCAN (dot: half of them; bar: 99 of 100)", &scale);
        for (at, key) in keys.iter().enumerate() {
            for (class, it) in ways(key) {
                let x = middle(at) + shift(class);
                let what =
                    format!("{}, {class}: p50 {}, p99 {}", key.name, micros(it.token_p50_us), micros(it.token_p99_us));
                self.bar(class, x, scale.y(it.token_p50_us, self.top), scale.y(it.token_p99_us, self.top));
                self.dot(class, x, scale.y(it.token_p50_us, self.top), &what);
            }
            let what = format!("one bare signature in memory: {}", micros(bare));
            self.dot("bare", middle(at) + shift("bare"), scale.y(bare, self.top), &what);
        }
        self.next();
    }

    /// Tokens in a second, by 1, 4 and 16 clients.
    fn rates(&mut self, keys: &[&KeyReport]) {
        let values = |rates: &[Rate]| rates.iter().map(|rate| rate.per_second).collect::<Vec<_>>();
        let all: Vec<f64> = keys.iter().flat_map(|key| ways(key)).flat_map(|(_, it)| values(&it.rates)).collect();
        let scale = Scale::logarithmic(&all, |at| format!("{at:.0}"));
        self.grid("UCANs a second, by 1, 4 and 16 clients", &scale);
        for (at, key) in keys.iter().enumerate() {
            for (class, it) in ways(key) {
                let x = |index: usize| middle(at) + 46.0 * (index as f64 - 1.0) + shift(class) / 3.0;
                let mut path = String::new();
                for (index, rate) in it.rates.iter().enumerate() {
                    let y = scale.y(rate.per_second, self.top);
                    let _ = write!(path, "{}{:.1} {y:.1}", if index == 0 { 'M' } else { 'L' }, x(index));
                }
                let _ = writeln!(self.svg, "<path class=\"line {class}\" d=\"{path}\"/>");
                for (index, rate) in it.rates.iter().enumerate() {
                    let what = format!("{}, {class}, {} clients: {:.0}/s", key.name, rate.clients, rate.per_second);
                    self.dot(class, x(index), scale.y(rate.per_second, self.top), &what);
                }
            }
        }
        self.next();
    }

    /// Of the tokens that were wanted during the outage, those that were issued.
    fn outages(&mut self, report: &Report, keys: &[&KeyReport]) {
        let scale = Scale::percent();
        let title = format!("issued during an outage of {} s", report.scene.outage_seconds);
        self.grid(&title, &scale);
        for (at, key) in keys.iter().enumerate() {
            for (class, it) in ways(key) {
                let (wanted, issued) = (it.outage.wanted, it.outage.issued);
                let part = if wanted == 0 { 0.0 } else { 100.0 * issued as f64 / wanted as f64 };
                let what = format!("{}, {class}: {issued} of {wanted}", key.name);
                self.column(class, middle(at) + shift(class) * 0.9 + 12.6, scale.y(part, self.top), &what);
            }
        }
        self.next();
    }

    /// Bytes that custody sees of a thousand tokens.
    fn shown(&mut self, keys: &[&KeyReport]) {
        let all: Vec<f64> =
            keys.iter().flat_map(|key| ways(key)).map(|(_, it)| it.shown_per_1000.bytes as f64).collect();
        let scale = Scale::logarithmic(&all, |at| format!("{at:.0}"));
        self.grid("bytes that custody sees of 1,000 UCANs", &scale);
        for (at, key) in keys.iter().enumerate() {
            for (class, it) in ways(key) {
                let bytes = it.shown_per_1000.bytes;
                let what =
                    format!("{}, {class}: {bytes} bytes in {} statements", key.name, it.shown_per_1000.statements);
                self.column(class, middle(at) + shift(class) * 0.9 + 12.6, scale.y(bytes as f64, self.top), &what);
            }
        }
        self.next();
    }

    fn next(&mut self) {
        self.top += PANEL + GAP;
    }

    fn grid(&mut self, title: &str, scale: &Scale) {
        for (at, label) in &scale.ticks {
            let y = scale.y(*at, self.top);
            let right = self.width - RIGHT;
            let _ =
                writeln!(self.svg, "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>");
            text(self.svg, "small", "end", LEFT - 6.0, y + 4.0, label);
        }
        text(self.svg, "title", "start", LEFT, self.top - 9.0, title);
    }

    fn dot(&mut self, class: &str, x: f64, y: f64, what: &str) {
        let _ = writeln!(
            self.svg,
            "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"><title>{}</title></circle>",
            escaped(what)
        );
    }

    fn bar(&mut self, class: &str, x: f64, from: f64, to: f64) {
        if from - to > 0.5 {
            let (left, right) = (x - 4.0, x + 4.0);
            let _ = writeln!(
                self.svg,
                "<path class=\"line {class}\" d=\"M{x:.1} {from:.1}V{to:.1}M{left:.1} {to:.1}H{right:.1}\"/>"
            );
        }
    }

    /// A column from the bottom up; what is nothing is a line at the bottom.
    fn column(&mut self, class: &str, x: f64, y: f64, what: &str) {
        let height = (self.top + PANEL - y).max(1.5);
        let (left, y) = (x - 11.0, self.top + PANEL - height);
        let _ = writeln!(
            self.svg,
            "<rect class=\"{class}\" x=\"{left:.1}\" y=\"{y:.1}\" width=\"22\" height=\"{height:.1}\"><title>{}</title></rect>",
            escaped(what)
        );
    }
}

fn legend(svg: &mut String, quick: bool) {
    let mut x = LEFT;
    for (class, words) in
        [("custody", "custody signs each"), ("running", "running keys"), ("bare", "one bare signature in memory")]
    {
        let _ = writeln!(svg, "<circle class=\"{class}\" cx=\"{x}\" cy=\"18\" r=\"4.5\"/>");
        text(svg, "", "start", x + 10.0, 22.0, words);
        x += 40.0 + 6.6 * words.len() as f64;
    }
    if quick {
        text(svg, "small", "start", LEFT, 40.0, "tried out only: no number here means much");
    }
}

fn ways(key: &KeyReport) -> impl Iterator<Item = (&'static str, &Issuing)> {
    let direct = key.direct.iter().map(|it| ("custody", it));
    direct.chain(key.running.iter().map(|it| ("running", it)))
}

/// Where a way stands beside the middle of its group.
fn shift(class: &str) -> f64 {
    match class {
        "custody" => -28.0,
        "running" => 0.0,
        _ => 28.0,
    }
}

fn middle(group: usize) -> f64 {
    LEFT + GROUP * (group as f64 + 0.5)
}

fn text(svg: &mut String, class: &str, anchor: &str, x: f64, y: f64, words: &str) {
    let _ = writeln!(
        svg,
        "<text class=\"{class}\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
        escaped(words)
    );
}

/// Keeps the end of a name, which tells keys of one realm apart.
fn shorten(name: &str) -> String {
    let count = name.chars().count();
    if count <= NAME {
        name.to_owned()
    } else {
        format!("…{}", name.chars().skip(count - NAME + 1).collect::<String>())
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_holds_what_it_is_made_for() {
        let scale = Scale::logarithmic(&[30.0, 4000.0, 0.0], |at| at.to_string());
        assert_eq!((scale.least, scale.most, scale.ticks.len()), (10.0, 10_000.0, 4));
        assert!((scale.y(10.0, 0.0) - PANEL).abs() < 1e-9 && scale.y(10_000.0, 0.0).abs() < 1e-9);
        assert_eq!(Scale::logarithmic(&[], |at| at.to_string()).ticks.len(), 2);
        assert_eq!(Scale::percent().y(50.0, 0.0), PANEL / 2.0);
    }

    #[test]
    fn names_are_written_so_that_no_reader_stumbles() {
        assert_eq!(escaped("<a & \"b\">"), "&lt;a &amp; &quot;b&quot;&gt;");
        assert_eq!(shorten(&"a".repeat(40)).chars().count(), NAME);
    }
}
