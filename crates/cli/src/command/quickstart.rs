//! `greatseal quickstart`: the main job, from the first key to a refused forgery.

use clap::Args;
use greatseal_core::code::Exit;

use crate::clock;
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::quickstart::Tour;

/// Shows the whole thing at work in a new folder: keys, tokens, verification, attacks refused.
#[derive(Debug, Args)]
#[command(after_help = "It asks nothing and touches nothing but the folder it makes below this one.")]
pub(crate) struct Quickstart {}

pub(crate) fn run(_: &Quickstart, format: Format) -> Result<Exit, Problem> {
    let report = Tour::begin(clock::now()?)?.run()?;
    output::answer(format, &report, || report.people());
    Ok(Exit::Ok)
}
