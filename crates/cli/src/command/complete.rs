//! `greatseal completions` and `greatseal man`: for shells and for `man`.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use greatseal_core::code::Exit;

use crate::problem::Problem;

/// Prints completions for a shell.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  greatseal completions bash > ~/.local/share/bash-completion/completions/greatseal")]
pub(crate) struct Completions {
    /// Which shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Writes the manual pages into a folder.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  greatseal man ~/.local/share/man/man1")]
pub(crate) struct Man {
    /// The folder; it has to exist.
    folder: PathBuf,
}

pub(crate) fn completions(completions: &Completions) -> Exit {
    let mut command = crate::Arguments::command();
    clap_complete::generate(completions.shell, &mut command, "greatseal", &mut std::io::stdout());
    Exit::Ok
}

pub(crate) fn man(man: &Man) -> Result<Exit, Problem> {
    clap_mangen::generate_to(crate::Arguments::command(), &man.folder)
        .map_err(|error| Problem::io("cannot write manual pages into", &man.folder, &error))?;
    Ok(Exit::Ok)
}
