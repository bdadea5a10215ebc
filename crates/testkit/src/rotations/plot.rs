//! The report as a picture, in SVG.
//!
//! One panel for each count; in it a group for each event, in that a column for each number of
//! services. A dot is the average over all services, the end of its line the worst. Heights grow as
//! the logarithm of the count plus one, so that zero has its place.

use std::fmt::Write as _;

use super::report::{Cost, Report, Row};
use super::{Arrangement, Event};

const WIDTH: f64 = 860.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 64.0;
const PANEL: f64 = 170.0;
const GAP: f64 = 44.0;
const BOTTOM: f64 = 58.0;
/// Where the grid lines are; the last is the top.
const TICKS: [usize; 9] = [0, 1, 2, 5, 10, 20, 50, 100, 1000];

/// Colours that stand out from white and from black.
const STYLE: &str = "\
text { font: 12px system-ui, sans-serif; fill: #333 }
.title { font-weight: 600 }
.small { font-size: 11px }
.grid { stroke: #999; stroke-opacity: 0.35; stroke-width: 1 }
.line { stroke-width: 2; fill: none }
.direct { stroke: #d1495b; fill: #d1495b }
.stable { stroke: #2a7fba; fill: #2a7fba }
.stable-per-callee { stroke: #3a9d5d; fill: #3a9d5d }
@media (prefers-color-scheme: dark) { text { fill: #ddd } .direct { stroke: #ff7d8d; fill: #ff7d8d } .stable { stroke: #6bb8ee; fill: #6bb8ee } .stable-per-callee { stroke: #74d296; fill: #74d296 } }
";

/// What is counted of an event.
type Count = fn(&Cost) -> usize;

const PANELS: [(&str, Count); 3] = [
    ("tokens newly made", Cost::tokens),
    ("parties who had to act", |cost| cost.parties),
    ("signatures by keys that should be offline", Cost::offline),
];

/// Draws the report.
#[must_use]
pub fn plot(report: &Report) -> String {
    let mut sizes: Vec<usize> = report.rows.iter().map(|row| row.services).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let height = TOP + PANELS.len() as f64 * (PANEL + GAP) - GAP + BOTTOM;
    let mut svg = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"what\">\n\
         <title id=\"what\">What a rotation and a theft cost, for services that delegate to each other and for stable \
         identities below one root</title>\n<style>\n{STYLE}</style>"
    );
    legend(&mut svg);
    for (at, (title, count)) in PANELS.into_iter().enumerate() {
        let top = TOP + at as f64 * (PANEL + GAP);
        grid(&mut svg, title, top);
        columns(&mut svg, report, &sizes, |row, svg, x| point(svg, row, count, x, top));
    }
    axis(&mut svg, &sizes, height - BOTTOM);
    svg.push_str("</svg>\n");
    svg
}

fn legend(svg: &mut String) {
    let mut x = LEFT;
    for arrangement in Arrangement::ALL {
        let class = arrangement.name();
        let _ = writeln!(svg, "<circle class=\"{class}\" cx=\"{x}\" cy=\"18\" r=\"4.5\"/>");
        let _ = writeln!(svg, "<text x=\"{}\" y=\"22\">{}</text>", x + 10.0, arrangement.word());
        x += 40.0 + 6.6 * arrangement.word().len() as f64;
    }
    let _ = writeln!(
        svg,
        "<text class=\"small\" x=\"{LEFT}\" y=\"40\">dot: average over all services; bar above it: the worst; \
         logarithmic</text>"
    );
}

fn grid(svg: &mut String, title: &str, top: f64) {
    for tick in TICKS {
        let y = height_of(tick as f64, top);
        let _ =
            writeln!(svg, "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>", WIDTH - RIGHT);
        let _ = writeln!(
            svg,
            "<text class=\"small\" text-anchor=\"end\" x=\"{}\" y=\"{:.1}\">{tick}</text>",
            LEFT - 6.0,
            y + 4.0
        );
    }
    let _ = writeln!(svg, "<text class=\"title\" x=\"{LEFT}\" y=\"{:.1}\">{title}</text>", top - 7.0);
}

/// Calls for each point with the middle of its column.
fn columns(svg: &mut String, report: &Report, sizes: &[usize], mut each: impl FnMut(&Row, &mut String, f64)) {
    for (group, event) in Event::ALL.into_iter().enumerate() {
        for (column, services) in sizes.iter().enumerate() {
            for (place, arrangement) in Arrangement::ALL.into_iter().enumerate() {
                if let Some(row) = report.row(*services, arrangement, event) {
                    each(row, svg, middle(group, column, sizes.len()) + 14.0 * (place as f64 - 1.0));
                }
            }
        }
    }
}

fn point(svg: &mut String, row: &Row, count: fn(&Cost) -> usize, x: f64, top: f64) {
    let class = row.arrangement.name();
    let (average, worst) = (row.average(count), row.worst(count));
    let (y, end) = (height_of(average, top), height_of(worst as f64, top));
    if y - end > 0.5 {
        let _ = writeln!(
            svg,
            "<path class=\"line {class}\" d=\"M{x:.1} {y:.1}V{end:.1}M{:.1} {end:.1}H{:.1}\"/>",
            x - 4.0,
            x + 4.0
        );
    }
    let _ = writeln!(
        svg,
        "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"><title>{}, {}, {} services: {average:.1} on \
         average, {worst} at worst</title></circle>",
        row.arrangement.word(),
        row.event.word(),
        row.services
    );
}

fn axis(svg: &mut String, sizes: &[usize], y: f64) {
    for (group, event) in Event::ALL.into_iter().enumerate() {
        for (column, services) in sizes.iter().enumerate() {
            let x = middle(group, column, sizes.len());
            let _ = writeln!(
                svg,
                "<text class=\"small\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{services}</text>",
                y + 18.0
            );
        }
        let x = LEFT + (group as f64 + 0.5) * group_width();
        let _ =
            writeln!(svg, "<text text-anchor=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>", y + 36.0, event.word());
    }
    let _ = writeln!(
        svg,
        "<text class=\"small\" text-anchor=\"end\" x=\"{}\" y=\"{:.1}\">services</text>",
        LEFT - 6.0,
        y + 18.0
    );
}

fn group_width() -> f64 {
    (WIDTH - LEFT - RIGHT) / Event::ALL.len() as f64
}

fn middle(group: usize, column: usize, columns: usize) -> f64 {
    LEFT + group_width() * (group as f64 + (column as f64 + 0.5) / columns.max(1) as f64)
}

fn height_of(count: f64, top: f64) -> f64 {
    let [.., most] = TICKS;
    top + PANEL * (1.0 - (count + 1.0).ln() / (most as f64 + 1.0).ln())
}
