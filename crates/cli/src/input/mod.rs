//! What a file is: a token, UCANs, a deed, a module, a provider archive, or none of them.

mod supplied;

use std::path::{Path, PathBuf};

use greatseal_core::Code;
use greatseal_core::error::{ArchiveFault, DecodeFault, Fault, ModuleFault, Quoted};
use greatseal_core::limits::{MODULE_BYTES, TOKEN_BYTES};
use greatseal_token::deed;
use greatseal_token::ucan::file::{self, Form};
use greatseal_token::wascap::archive::{self, ArchiveFile};
use greatseal_token::wascap::module;
use greatseal_token::wascap::module::ModuleFile;

pub(crate) use greatseal_token::ucan::file::Ucans;
pub(crate) use supplied::{Ignored, Supplied};

use crate::files::Opened;
use crate::problem::Problem;
use crate::text;

/// A file that was read, with what it is.
#[derive(Debug)]
pub(crate) struct Input {
    /// Where it came from, for messages.
    pub(crate) path: PathBuf,
    /// What is in it.
    pub(crate) kind: Kind,
}

/// What is in a file.
#[derive(Debug)]
pub(crate) enum Kind {
    /// A token's text, without the blanks around it.
    Token(Vec<u8>),
    /// A UCAN, or a container of several.
    Ucans(Ucans),
    /// The text of a deed: an endorsement, a countersignature or a revocation, without the blanks around it.
    Deed(Vec<u8>),
    /// A WebAssembly module or component.
    Module(Vec<u8>),
    /// A provider archive, of which nothing was read yet but its beginning: it may be large.
    Archive(Opened),
    /// None of them, and why.
    Neither(Fault),
}

impl Input {
    /// Reads a file and finds out what it is.
    ///
    /// # Errors
    /// Only when it cannot be read; what is in it is never an error here.
    pub(crate) fn read(path: &Path) -> Result<Self, Problem> {
        let opened = Opened::open(path)?;
        let kind = if archive::is_archive(opened.head()) {
            Kind::Archive(opened)
        } else {
            let text = || Form::of(opened.head()).map_or(TOKEN_BYTES, Form::limit) as u64;
            let limit = if module::is_wasm(opened.head()) { MODULE_BYTES } else { text() };
            Kind::of(opened.read_up_to(limit)?)
        };
        Ok(Self { path: path.into(), kind })
    }

    /// Names the file.
    pub(crate) fn label(&self) -> String {
        text::path(&self.path)
    }
}

impl Kind {
    /// Tells a token from a module, all of it read.
    fn of(bytes: Vec<u8>) -> Self {
        if module::is_wasm(&bytes) {
            let found = bytes.len() as u64;
            return if found > MODULE_BYTES {
                Self::Neither(ModuleFault::TooLarge { found, limit: MODULE_BYTES }.into())
            } else {
                Self::Module(bytes)
            };
        }
        if let Some(ucans) = file::read(&bytes) {
            return ucans.map_or_else(|fault| Self::Neither(fault.into()), Self::Ucans);
        }
        if bytes.len() > TOKEN_BYTES {
            return Self::Neither(DecodeFault::TooLarge { found: bytes.len(), limit: TOKEN_BYTES }.into());
        }
        let token = bytes.trim_ascii();
        if token.is_empty() {
            Self::Neither(DecodeFault::Empty.into())
        } else if token.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.=+/".contains(byte)) {
            let text = token.to_vec();
            if deed::is_deed(&text) { Self::Deed(text) } else { Self::Token(text) }
        } else {
            let start = token.get(..32).unwrap_or(token);
            let found = Quoted::new(&String::from_utf8_lossy(start));
            Self::Neither(DecodeFault::Unknown { found }.into())
        }
    }
}

/// Reads a file that has to be a WebAssembly module or component.
///
/// # Errors
/// When it cannot be read, or is something else.
pub(crate) fn read_module(path: &Path) -> Result<Vec<u8>, Problem> {
    let named = |code: Code, why: String| Problem::new(code, format!("{}: {why}", text::path(path)));
    match Input::read(path)?.kind {
        Kind::Module(bytes) => Ok(bytes),
        Kind::Token(_) | Kind::Ucans(_) | Kind::Deed(_) => {
            Err(named(Code::ModuleMalformed, "this is a token's text, not a WebAssembly file".into()))
        }
        Kind::Archive(_) => {
            let why = "this is a provider archive, not a WebAssembly file";
            Err(named(Code::ModuleMalformed, why.into()).hint("Sign it with `greatseal provider sign`."))
        }
        Kind::Neither(fault) => Err(named(fault.code(), fault.to_string())),
    }
}

/// Takes the token out of a module's bytes.
pub(crate) fn embedded(bytes: &[u8]) -> Result<Vec<u8>, ModuleFault> {
    ModuleFile::read(bytes)?.token().map(<[u8]>::to_vec).ok_or(ModuleFault::Unsigned)
}

/// Takes the token out of a provider archive, and reads no further.
pub(crate) fn archived(archive: Opened) -> Result<Vec<u8>, ArchiveFault> {
    ArchiveFile::open(archive).map(|file| file.token().to_vec())
}
