//! Why there is no report, or none to be content with.

use greatseal_core::error::ModuleFault;
use greatseal_core::issue::IssueFault;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}\nusage: greatseal-bench [--output human|json] [--quick] [--only BEGIN]")]
    Usage(String),
    #[error("a token could not be made: {0}")]
    Issue(#[from] IssueFault),
    #[error("a module could not be made: {0}")]
    Module(#[from] ModuleFault),
    #[error("{name}: what was to be timed does not answer as it has to")]
    Refused { name: &'static str },
    #[error("{path}: {source}")]
    File { path: &'static str, source: std::io::Error },
    #[error("{}", .0.join("\n"))]
    Report(Vec<String>),
}

impl Failure {
    /// 2 for a wrong call, 1 for everything else.
    pub(crate) fn exit_code(&self) -> u8 {
        if let Self::Usage(_) = self { 2 } else { 1 }
    }
}
