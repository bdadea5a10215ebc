//! What a file is: a token, a module, a provider archive, or none of them.

use std::path::{Path, PathBuf};

use greatseal_core::Code;
use greatseal_core::error::{ArchiveFault, DecodeFault, Fault, ModuleFault, Quoted};
use greatseal_core::limits::{MODULE_BYTES, TOKEN_BYTES};
use greatseal_token::wascap::archive::{self, ArchiveFile};
use greatseal_token::wascap::module::ModuleFile;
use greatseal_token::wascap::{self, module};

use crate::files::{self, Opened};
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
            let limit = if module::is_wasm(opened.head()) { MODULE_BYTES } else { TOKEN_BYTES as u64 };
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
        if bytes.len() > TOKEN_BYTES {
            return Self::Neither(DecodeFault::TooLarge { found: bytes.len(), limit: TOKEN_BYTES }.into());
        }
        let token = bytes.trim_ascii();
        if token.is_empty() {
            Self::Neither(DecodeFault::Empty.into())
        } else if token.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.=+/".contains(byte)) {
            Self::Token(token.to_vec())
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
        Kind::Token(_) => Err(named(Code::ModuleMalformed, "this is a token's text, not a WebAssembly file".into())),
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

/// Tokens supplied beside the one in question, and what was passed over.
#[derive(Debug, Default)]
pub(crate) struct Supplied {
    /// Path and text of each token.
    pub(crate) tokens: Vec<(PathBuf, Vec<u8>)>,
    /// What was passed over.
    pub(crate) ignored: Vec<Ignored>,
}

/// A file that was passed over.
#[derive(Clone, Debug, serde::Serialize)]
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

impl Supplied {
    /// Reads files and folders, in any mixture.
    ///
    /// # Errors
    /// When a path does not exist or cannot be read.
    pub(crate) fn read(paths: &[PathBuf]) -> Result<Self, Problem> {
        let mut supplied = Self::default();
        for path in paths {
            for file in files::list(path)? {
                let input = Input::read(&file)?;
                match input.kind {
                    Kind::Token(token) => supplied.tokens.push((file, token)),
                    // A newer token of the same module counts, wherever it stands.
                    Kind::Module(bytes) => match embedded(&bytes) {
                        Ok(token) => supplied.tokens.push((file, token)),
                        Err(fault) => supplied.ignored.push(Ignored::fault(&file, &fault.into())),
                    },
                    Kind::Archive(archive) => match archived(archive) {
                        Ok(token) => supplied.tokens.push((file, token)),
                        Err(fault) => supplied.ignored.push(Ignored::fault(&file, &fault.into())),
                    },
                    Kind::Neither(fault) => supplied.ignored.push(Ignored::fault(&file, &fault)),
                }
            }
        }
        Ok(supplied)
    }

    /// Adds the tokens of files that are judged in the same call: a newer one replaces an older.
    pub(crate) fn add_tokens_of(&mut self, files: &[PathBuf]) {
        for file in files {
            // What cannot be read is told where it is judged.
            let token = match Input::read(file).map(|input| input.kind) {
                Ok(Kind::Token(token)) => Some(token),
                Ok(Kind::Module(bytes)) => embedded(&bytes).ok(),
                Ok(Kind::Archive(archive)) => archived(archive).ok(),
                Ok(Kind::Neither(_)) | Err(_) => None,
            };
            let readable = token.filter(|token| wascap::decode(token).is_ok());
            self.tokens.extend(readable.map(|token| (file.clone(), token)));
        }
    }
}
