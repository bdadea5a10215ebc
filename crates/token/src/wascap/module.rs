//! WebAssembly files that carry a token: where it stands, what it vouches for, how it is put in.
//!
//! A token vouches for the raw bytes of its file with only its own section cut out, so everything
//! else, padded lengths and foreign custom sections included, is under the signature. What stands
//! outside it is the token section itself: there is at most one, at the top level, in the only
//! spelling a section can have. Of everything else the framing is checked, not whether a runtime
//! would take it. Nothing here knows what a token says.

mod section;
mod stripped;
mod walk;

use core::fmt;

use greatseal_core::error::ModuleFault;
use sha2::{Digest, Sha256};
use wasmparser::Parser;

pub use self::stripped::{Stripped, embed, strip};
use self::walk::{Piece, Walk};

/// Says whether bytes begin like WebAssembly, whatever follows.
#[must_use]
pub fn is_wasm(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\0asm")
}

/// The two kinds of WebAssembly files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A core module.
    Module,
    /// A component, which may enclose modules and components.
    Component,
}

impl Kind {
    /// Returns the word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Module => "module",
            Self::Component => "component",
        }
    }
}

/// A well-framed WebAssembly file with at most one token, borrowed.
#[derive(Clone, Copy)]
pub struct ModuleFile<'a> {
    kind: Kind,
    bytes: &'a [u8],
    /// What stands before the token section; all of it when there is none.
    before: &'a [u8],
    token: Option<&'a [u8]>,
    /// What stands behind the token section.
    after: &'a [u8],
}

impl<'a> ModuleFile<'a> {
    /// Reads a file to its end, enclosed modules and components included, and copies nothing.
    ///
    /// # Errors
    /// [`ModuleFault::TooLarge`], [`ModuleFault::Encoding`] and [`ModuleFault::Malformed`] for
    /// what is no file that everybody reads alike; [`ModuleFault::Ambiguous`] for a second token
    /// section and for one that an enclosed module carries; [`ModuleFault::Padded`] for one
    /// whose lengths are not minimal: they are cut out, so no hash would vouch for them.
    pub fn read(bytes: &'a [u8]) -> Result<Self, ModuleFault> {
        let kind = if Parser::is_component(bytes) { Kind::Component } else { Kind::Module };
        let mut file = Self { kind, bytes, before: bytes, token: None, after: &[] };
        for piece in Walk::new(bytes)? {
            let Piece::Section(section) = piece? else { continue };
            let Some(token) = section.token() else { continue };
            let at = section.at;
            if section.depth > 0 {
                return Err(ModuleFault::Ambiguous { place: "stands inside a nested module", at });
            }
            if file.token.is_some() {
                return Err(ModuleFault::Ambiguous { place: "is the second one", at });
            }
            if !section.is_minimal() {
                return Err(ModuleFault::Padded { at });
            }
            file = Self { before: section.before, token: Some(token), after: section.after, ..file };
        }
        Ok(file)
    }

    /// Says which kind of file it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns how many bytes the file has.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "nothing empty is a file")]
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Returns what the token section holds, not yet known to be a token.
    #[must_use]
    pub const fn token(&self) -> Option<&'a [u8]> {
        self.token
    }

    /// Hashes the raw bytes without the token section (SHA-256).
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::new().chain_update(self.before).chain_update(self.after).finalize().into()
    }

    /// Walks the custom sections of the top level in the order of the file: the name, which is
    /// foreign text, and how many bytes are under it.
    ///
    /// There may be very many, so take as many as are shown.
    pub fn custom_sections(&self) -> impl Iterator<Item = (&'a str, usize)> + use<'a> {
        // The file was read to its end, so nothing is left that could fail.
        Walk::new(self.bytes).into_iter().flatten().filter_map(|piece| match piece {
            Ok(Piece::Section(section)) if section.depth == 0 => section.custom.map(|it| (it.name, it.data.len())),
            Ok(Piece::Section(_) | Piece::Header(_) | Piece::Enter { .. } | Piece::Leave) | Err(_) => None,
        })
    }
}

impl fmt::Debug for ModuleFile<'_> {
    /// Leaves the bytes out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModuleFile")
            .field("kind", &self.kind)
            .field("len", &self.len())
            .field("token", &self.token.map(<[u8]>::len))
            .finish_non_exhaustive()
    }
}
