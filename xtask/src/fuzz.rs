//! `fuzz` and `fuzz-smoke`: the targets of `fuzz/fuzz_targets`, each for a number of seconds.
//!
//! `fuzz/` is a cargo-fuzz project of its own. On the stable toolchain there is no sanitizer, but
//! libFuzzer's coverage works. Seeds are read from `fuzz/corpus/TARGET`; what a run adds goes into
//! `target/fuzz-corpus/TARGET`, so that no run changes the tree, and is used again by the next one.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::command::Command;
use crate::failure::Failure;
use crate::house::House;
use crate::step::seconds;
use crate::tool;

const TARGETS: &str = "fuzz/fuzz_targets";
const SEEDS: &str = "fuzz/corpus";
const SECONDS: u64 = 60;
const SMOKE_SECONDS: u64 = 20;
/// A single input that takes longer than this many seconds is a finding.
const INPUT_SECONDS: u64 = 10;
/// How many lines of libFuzzer's report are shown when it finds something.
const SHOWN_LINES: usize = 120;

pub(crate) fn run(house: &House, arguments: &[String]) -> Result<(), Failure> {
    let call = Call::parse(arguments)?;
    fuzz(house, &call)
}

pub(crate) fn run_smoke(house: &House, _arguments: &[String]) -> Result<(), Failure> {
    let call = Call { targets: Vec::new(), seconds: SMOKE_SECONDS };
    fuzz(house, &call)
}

fn fuzz(house: &House, call: &Call) -> Result<(), Failure> {
    let targets = call.choose(targets(house)?)?;
    let tool = tool::FUZZ.path(house)?;
    for target in &targets {
        cargo_fuzz(house, &tool, "build").arg(target).run()?;
    }
    let mut rows = Vec::new();
    let mut broken = Vec::new();
    for target in &targets {
        let row = fuzz_one(house, &tool, target, call.seconds)?;
        if row.broken {
            broken.push(target.clone());
        }
        rows.push(row);
    }
    print!("{}", table(&rows));
    for row in rows.iter().filter(|row| row.seeds == 0) {
        println!("{}: no seeds in {SEEDS}/{}, so this run counts for little", row.target, row.target);
    }
    if broken.is_empty() {
        return Ok(());
    }
    Err(Failure::Findings {
        what: "fuzz targets with a finding (the inputs are under fuzz/artifacts)".into(),
        lines: broken,
    })
}

fn fuzz_one(house: &House, tool: &Path, target: &str, seconds_each: u64) -> Result<Row, Failure> {
    let grown = house.target.join("fuzz-corpus").join(target);
    fs::create_dir_all(&grown).map_err(|source| Failure::File { path: grown.clone(), source })?;
    let seeds = house.root.join(SEEDS).join(target);
    // libFuzzer writes into the first folder and only reads the others.
    let mut command = cargo_fuzz(house, tool, "run").arg(target).arg(&grown);
    let seed_count = count(&seeds);
    if seed_count > 0 {
        command = command.arg(&seeds);
    }
    let command = command
        .arg("--")
        .arg(format!("-max_total_time={seconds_each}"))
        .arg(format!("-timeout={INPUT_SECONDS}"))
        // Keeps cargo-fuzz from printing where in cargo-fuzz the finding was noticed.
        .env("RUST_LIB_BACKTRACE", "0");

    let mut progress = Progress::default();
    let mut last = VecDeque::new();
    let began = Instant::now();
    let ended = command.run_reading_errors(|line| {
        if progress.read(line) {
            println!("  {line}");
        }
        if last.len() == SHOWN_LINES {
            last.pop_front();
        }
        last.push_back(line.to_owned());
    });
    let took = began.elapsed();
    let broken = match ended {
        // A run without coverage says nothing about the target.
        Ok(()) => progress.edges.is_empty(),
        Err(Failure::Command { .. }) => true,
        Err(other) => return Err(other),
    };
    if broken {
        for line in &last {
            println!("{line}");
        }
    }
    Ok(Row { target: target.to_owned(), took: seconds(took), seeds: seed_count, progress, broken })
}

fn cargo_fuzz(house: &House, tool: &Path, verb: &str) -> Command {
    house
        .program(tool)
        .shown_as("cargo fuzz")
        .args([verb, "--fuzz-dir", "fuzz", "--sanitizer", "none", "--target-dir"])
        .arg(house.target.join("fuzz"))
}

/// The names of the targets, sorted. None at all is a failure: a check that runs nothing must not pass.
fn targets(house: &House) -> Result<Vec<String>, Failure> {
    let folder = house.root.join(TARGETS);
    let mut names: Vec<String> = files(&folder)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    if names.is_empty() {
        return Err(Failure::Findings {
            what: "nothing to fuzz".into(),
            lines: vec![format!("{TARGETS} holds no target yet")],
        });
    }
    Ok(names)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file())
        .collect()
}

fn count(folder: &Path) -> usize {
    files(folder).len()
}

#[derive(Debug, PartialEq, Eq)]
struct Call {
    /// None named means all.
    targets: Vec<String>,
    seconds: u64,
}

impl Call {
    fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut call = Self { targets: Vec::new(), seconds: SECONDS };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            if argument == "--seconds" {
                call.seconds = rest
                    .next()
                    .and_then(|number| number.parse().ok())
                    .filter(|seconds| *seconds > 0)
                    .ok_or_else(|| Failure::Usage("`--seconds` needs a number above zero".into()))?;
            } else if argument.starts_with('-') {
                return Err(Failure::Usage(format!("`fuzz` has no option `{argument}`")));
            } else {
                call.targets.push(argument.clone());
            }
        }
        Ok(call)
    }

    fn choose(&self, present: Vec<String>) -> Result<Vec<String>, Failure> {
        if let Some(unknown) = self.targets.iter().find(|target| !present.contains(target)) {
            return Err(Failure::Usage(format!("there is no fuzz target `{unknown}`, only: {}", present.join(", "))));
        }
        if self.targets.is_empty() {
            return Ok(present);
        }
        Ok(self.targets.clone())
    }
}

/// The last figures that libFuzzer told, as it wrote them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Progress {
    runs: String,
    edges: String,
    features: String,
    corpus: String,
}

impl Progress {
    /// Takes the figures of a line such as
    /// `#8388608 pulse  cov: 12 ft: 13 corp: 5/13b lim: 4096 exec/s: 2796202 rss: 27Mb`;
    /// returns whether it is one worth showing while the run goes on.
    fn read(&mut self, line: &str) -> bool {
        let mut words = line.split_whitespace();
        let (Some(runs), Some(event)) = (words.next().and_then(|word| word.strip_prefix('#')), words.next()) else {
            return false;
        };
        while let Some(word) = words.next() {
            let place = match word {
                "cov:" => &mut self.edges,
                "ft:" => &mut self.features,
                "corp:" => &mut self.corpus,
                _ => continue,
            };
            *place = words.next().unwrap_or_default().to_owned();
            self.runs = runs.to_owned();
        }
        ["INITED", "pulse", "DONE"].contains(&event)
    }
}

struct Row {
    target: String,
    took: String,
    seeds: usize,
    progress: Progress,
    broken: bool,
}

fn table(rows: &[Row]) -> String {
    let mut text = format!(
        "\n{:<24} {:>9} {:>12} {:>6} {:>16} {:>9} {:>9}\n",
        "target", "time", "runs", "seeds", "corpus", "edges", "features"
    );
    for row in rows {
        let Progress { runs, edges, features, corpus } = &row.progress;
        text.push_str(&format!(
            "{:<24} {:>9} {runs:>12} {:>6} {corpus:>16} {edges:>9} {features:>9}{}\n",
            row.target,
            row.took,
            row.seeds,
            if row.broken { "  FINDING" } else { "" }
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Option<Call> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        Call::parse(&arguments).ok()
    }

    #[test]
    fn arguments() {
        let call = |targets: &[&str], seconds| {
            Some(Call { targets: targets.iter().map(ToString::to_string).collect(), seconds })
        };
        assert_eq!(parse(&[]), call(&[], SECONDS));
        assert_eq!(parse(&["jws", "--seconds", "5", "module"]), call(&["jws", "module"], 5));
        for wrong in [&["--seconds"][..], &["--seconds", "x"], &["--seconds", "0"], &["--all"]] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn only_present_targets_are_chosen() {
        let present = || vec!["jws".to_owned(), "module".to_owned()];
        let chosen = |named: &[&str]| parse(named).unwrap().choose(present());
        assert_eq!(chosen(&[]).unwrap(), present());
        assert_eq!(chosen(&["module"]).unwrap(), ["module"]);
        assert!(matches!(chosen(&["ucan"]), Err(Failure::Usage(_))));
    }

    #[test]
    fn figures_come_from_the_last_line_that_has_them() {
        let mut progress = Progress::default();
        assert!(!progress.read("INFO: Seed: 1912473925"));
        assert!(progress.read("#2\tINITED cov: 8 ft: 9 corp: 1/4b exec/s: 0 rss: 27Mb"));
        assert!(!progress.read("#23\tNEW    cov: 11 ft: 12 corp: 4/11b lim: 4 exec/s: 0 rss: 27Mb L: 1/4"));
        assert!(progress.read("#99\tDONE   cov: 12 ft: 13 corp: 5/13Kb lim: 4096 exec/s: 27 rss: 27Mb"));
        assert!(!progress.read("Done 99 runs in 5 second(s)"));
        let expected =
            Progress { runs: "99".into(), edges: "12".into(), features: "13".into(), corpus: "5/13Kb".into() };
        assert_eq!(progress, expected);
    }

    #[test]
    fn the_table_marks_a_finding() {
        let row = |broken| Row {
            target: "jws".into(),
            took: "1.0 s".into(),
            seeds: 3,
            progress: Progress::default(),
            broken,
        };
        assert!(table(&[row(true)]).contains("FINDING"));
        assert!(!table(&[row(false)]).contains("FINDING"));
    }
}
