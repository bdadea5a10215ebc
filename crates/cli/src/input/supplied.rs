//! What is supplied beside the file in question: tokens, deeds, and what was passed over.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use greatseal_core::error::Fault;
use greatseal_core::{Code, Statement};
use greatseal_token::wascap;

use super::{Input, Kind, archived, embedded};
use crate::files;
use crate::problem::Problem;
use crate::text;

/// Tokens and deeds supplied beside the one in question, and what was passed over.
#[derive(Debug, Default)]
pub(crate) struct Supplied {
    /// Path and text of each token.
    pub(crate) tokens: Vec<(PathBuf, Vec<u8>)>,
    /// Path and bytes of each UCAN.
    pub(crate) ucans: Vec<(PathBuf, Vec<u8>)>,
    /// Path and text of each deed, every text once.
    pub(crate) deeds: Vec<(PathBuf, Vec<u8>)>,
    /// What was passed over.
    pub(crate) ignored: Vec<Ignored>,
    known: BTreeSet<Vec<u8>>,
}

/// A file that was passed over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub(crate) struct Ignored {
    /// Which file.
    pub(crate) file: String,
    /// Which rule it breaks.
    pub(crate) code: &'static str,
    /// Why, in words.
    pub(crate) reason: String,
}

impl Ignored {
    pub(crate) fn new(path: &Path, code: Code, reason: impl Into<String>) -> Self {
        Self { file: text::path(path), code: code.text(), reason: reason.into() }
    }

    pub(crate) fn fault(path: &Path, fault: &Fault) -> Self {
        Self::new(path, fault.code(), text::sentence(fault))
    }
}

const NO_REVOCATION: &str = "no revocation; it has no effect here: tokens are given by `--with`";

impl Supplied {
    /// Reads files and folders, in any mixture; of `revocations` only the deeds.
    ///
    /// # Errors
    /// When a path does not exist or cannot be read.
    pub(crate) fn read(with: &[PathBuf], revocations: &[PathBuf]) -> Result<Self, Problem> {
        let mut supplied = Self::default();
        for path in with {
            for file in without_a_realms_own(files::list(path)?) {
                supplied.add(file)?;
            }
        }
        for path in revocations {
            for file in without_a_realms_own(files::list(path)?) {
                supplied.add_revocation(file)?;
            }
        }
        Ok(supplied)
    }

    fn add(&mut self, file: PathBuf) -> Result<(), Problem> {
        let token = match Input::read(&file)?.kind {
            Kind::Token(token) => Ok(token),
            Kind::Deed(deed) => {
                self.add_deed(file, deed);
                return Ok(());
            }
            Kind::Ucans(ucans) => {
                self.add_ucans(&file, ucans.tokens);
                return Ok(());
            }
            // A newer token of the same module counts, wherever it stands.
            Kind::Module(bytes) => embedded(&bytes).map_err(Fault::from),
            Kind::Archive(archive) => archived(archive).map_err(Fault::from),
            Kind::Neither(fault) => Err(fault),
        };
        match token {
            Ok(token) => self.tokens.push((file, token)),
            Err(fault) => self.ignored.push(Ignored::fault(&file, &fault)),
        }
        Ok(())
    }

    fn add_revocation(&mut self, file: PathBuf) -> Result<(), Problem> {
        match Input::read(&file)?.kind {
            Kind::Deed(deed) => self.add_deed(file, deed),
            Kind::Ucans(ucans) => {
                let (revocations, others): (Vec<_>, Vec<_>) =
                    ucans.tokens.into_iter().partition(|it| is_revocation(it));
                self.add_ucans(&file, revocations);
                if !others.is_empty() {
                    self.ignored.push(Ignored::new(&file, Code::NoRule, NO_REVOCATION));
                }
            }
            Kind::Neither(fault) => self.ignored.push(Ignored::fault(&file, &fault)),
            // It could change the answer, and nobody said that it should be heard as a token.
            Kind::Token(_) | Kind::Module(_) | Kind::Archive(_) => {
                self.ignored.push(Ignored::new(&file, Code::NoRule, NO_REVOCATION));
            }
        }
        Ok(())
    }

    fn add_ucans(&mut self, file: &Path, tokens: Vec<Vec<u8>>) {
        for token in tokens {
            if self.known.insert(token.clone()) {
                self.ucans.push((file.into(), token));
            }
        }
    }

    fn add_deed(&mut self, file: PathBuf, deed: Vec<u8>) {
        // A folder may be named by both options; what is ignored should be told once.
        if self.known.insert(deed.clone()) {
            self.deeds.push((file, deed));
        }
    }

    /// Adds the tokens of files that are judged in the same call: a newer one replaces an older.
    pub(crate) fn add_tokens_of(&mut self, files: &[PathBuf]) {
        for file in files {
            // What cannot be read is told where it is judged; so is a deed.
            let token = match Input::read(file).map(|input| input.kind) {
                Ok(Kind::Token(token)) => Some(token),
                Ok(Kind::Module(bytes)) => embedded(&bytes).ok(),
                Ok(Kind::Archive(archive)) => archived(archive).ok(),
                Ok(Kind::Deed(_) | Kind::Ucans(_) | Kind::Neither(_)) | Err(_) => None,
            };
            let readable = token.filter(|token| wascap::decode(token).is_ok());
            self.tokens.extend(readable.map(|token| (file.clone(), token)));
        }
    }
}

/// Says whether a UCAN takes something back; what cannot be decoded is told by whoever reads it.
fn is_revocation(token: &[u8]) -> bool {
    let decoded = greatseal_token::ucan::decode(token);
    decoded.map_or(true, |decoded| {
        decoded.content().grant().invocation().is_some_and(|invocation| invocation.revokes.is_some())
    })
}

/// Leaves out what a realm's folder holds beside tokens and deeds: nobody need be told of it.
fn without_a_realms_own(files: Vec<PathBuf>) -> Vec<PathBuf> {
    let is_realm = |file: &&PathBuf| file.file_name().is_some_and(|name| name == "greatseal.toml");
    let realms: Vec<PathBuf> = files.iter().filter(is_realm).filter_map(|file| Some(file.parent()?.into())).collect();
    let counts = |file: &PathBuf| {
        file.extension().is_some_and(|ending| ending == "jwt" || ending == "ucan")
            || !realms.iter().any(|realm| file.starts_with(realm))
    };
    files.into_iter().filter(counts).collect()
}
