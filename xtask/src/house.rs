//! Where the repository is, and how cargo is called in it.

use std::path::{Path, PathBuf};

use cargo_metadata::{CargoOpt, Metadata, MetadataCommand};

use crate::command::Command;
use crate::failure::Failure;

pub(crate) struct House {
    pub(crate) root: PathBuf,
    /// Where cargo builds, `CARGO_TARGET_DIR` included.
    pub(crate) target: PathBuf,
}

impl House {
    /// Looks for the repository from the current folder upwards.
    pub(crate) fn find() -> Result<Self, Failure> {
        let here = std::env::current_dir().map_err(|source| Failure::File { path: ".".into(), source })?;
        let root = here
            .ancestors()
            .find(|folder| folder.join("xtask/Cargo.toml").is_file())
            .ok_or(Failure::NoHouse)?
            .to_path_buf();
        let metadata = MetadataCommand::new().current_dir(&root).no_deps().exec().map_err(Box::new)?;
        Ok(Self { root, target: metadata.target_directory.into_std_path_buf() })
    }

    /// The workspace and its resolved dependencies, every feature and platform included.
    pub(crate) fn metadata(&self) -> Result<Metadata, Failure> {
        let metadata =
            MetadataCommand::new().current_dir(&self.root).features(CargoOpt::AllFeatures).exec().map_err(Box::new)?;
        Ok(metadata)
    }

    /// A call of the cargo that runs this program.
    pub(crate) fn cargo<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Command::new(cargo, &self.root).shown_as("cargo").args(arguments)
    }

    /// A call of any program, from the root of the repository.
    pub(crate) fn program(&self, program: &Path) -> Command {
        Command::new(program.as_os_str().to_owned(), &self.root)
    }

    pub(crate) fn read(&self, path: &str) -> Result<String, Failure> {
        let path = self.root.join(path);
        std::fs::read_to_string(&path).map_err(|source| Failure::File { path, source })
    }
}
