//! `bench`: speed against the bars of `docs/performance.md`, measured by `greatseal-bench`.
//!
//! A package of its own, because it names peers: nothing else compiles their trees. What it prints
//! is all there is on standard output, so that a program can read it.

use crate::failure::Failure;
use crate::house::House;

/// Built and run by this verb only; tests leave it out.
pub(crate) const PACKAGE: &str = "greatseal-bench";

pub(crate) fn run(house: &House, arguments: &[String]) -> Result<(), Failure> {
    house.cargo(["run", "--quiet", "--release", "--package", PACKAGE, "--"]).args(arguments).run_unannounced()
}
