//! Named steps, one after the other, each with the time it took.

use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::house::House;

pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&House) -> Result<Outcome, Failure>,
}

/// How a step that did not fail ended. Whatever was left out carries its reason.
pub(crate) enum Outcome {
    Done,
    Skipped(String),
    Warned(String),
}

impl Outcome {
    fn describe(&self) -> String {
        match self {
            Self::Done => "done".into(),
            Self::Skipped(reason) => format!("SKIPPED: {reason}"),
            Self::Warned(reason) => format!("WARNING: {reason}"),
        }
    }
}

/// Runs the steps of a verb and stops at the first that fails.
pub(crate) fn run_all(house: &House, verb: &str, steps: &[Step]) -> Result<(), Failure> {
    let began = Instant::now();
    let count = steps.len();
    let mut report = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        let label = format!("[{verb} {}/{count}] {}", index + 1, step.name);
        println!("{label}");
        let step_began = Instant::now();
        let outcome = (step.run)(house);
        let took = step_began.elapsed();
        match outcome {
            Ok(outcome) => {
                let told = outcome.describe();
                println!("{label}: {told} ({})\n", seconds(took));
                report.push((step.name, took, told));
            }
            Err(failure) => {
                println!("{label}: FAILED ({})", seconds(took));
                return Err(failure);
            }
        }
    }
    println!("{verb}: {count} steps in {}", seconds(began.elapsed()));
    for (name, took, told) in report {
        println!("  {name:<12} {:>9}  {told}", seconds(took));
    }
    Ok(())
}

pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house() -> House {
        House { root: ".".into(), target: "target".into() }
    }

    fn failing(_: &House) -> Result<Outcome, Failure> {
        Err(Failure::NoHouse)
    }

    #[test]
    fn stops_at_the_first_failure() {
        fn never(_: &House) -> Result<Outcome, Failure> {
            panic!("this step must not run");
        }
        let steps = [Step { name: "fails", run: failing }, Step { name: "never", run: never }];
        assert!(matches!(run_all(&house(), "verb", &steps), Err(Failure::NoHouse)));
    }

    #[test]
    fn skips_and_warnings_do_not_fail() {
        let steps = [
            Step { name: "skips", run: |_| Ok(Outcome::Skipped("no reason".into())) },
            Step { name: "warns", run: |_| Ok(Outcome::Warned("no reason".into())) },
        ];
        assert!(run_all(&house(), "verb", &steps).is_ok());
    }
}
