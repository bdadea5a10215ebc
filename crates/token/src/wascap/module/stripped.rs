//! A file without its token, as it is hashed and signed.

use core::fmt;
use core::ops::Deref;

use greatseal_core::error::ModuleFault;
use greatseal_core::limits::MODULE_BYTES;
use sha2::{Digest, Sha256};

use super::section::{encoded, write_token};
use super::walk::{Piece, Walk};

/// Drops every token section, enclosed ones included, and writes the rest as wascap 0.16 does: in
/// order, every section's length minimal.
///
/// # Errors
/// [`ModuleFault::TooLarge`], [`ModuleFault::Encoding`] and [`ModuleFault::Malformed`]: what is
/// not well-framed could only be signed as something else than it is.
pub fn strip(bytes: &[u8]) -> Result<Stripped, ModuleFault> {
    let walk = Walk::new(bytes)?;
    // Nothing is added and no length grows, so the copy is never larger than the file.
    let mut stripped = Vec::with_capacity(bytes.len());
    // Where the content of each section begins that encloses what comes next.
    let mut open = Vec::new();
    for piece in walk {
        match piece? {
            Piece::Header(header) => stripped.extend_from_slice(header),
            Piece::Section(section) if section.token().is_some() => {}
            Piece::Section(section) => section.write(&mut stripped),
            Piece::Enter { id } => {
                stripped.push(id);
                open.push(stripped.len());
            }
            Piece::Leave => {
                // The walk leaves only what it entered.
                let content = open.pop().unwrap_or_default();
                let length = stripped.len() - content;
                stripped.splice(content..content, encoded(length));
            }
        }
    }
    Ok(Stripped(stripped))
}

/// A WebAssembly file without a token section, ready to be hashed and signed.
#[derive(Clone, PartialEq, Eq)]
pub struct Stripped(Vec<u8>);

impl Stripped {
    /// Hashes the bytes (SHA-256), which is what a token vouches for.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }
}

impl Deref for Stripped {
    type Target = [u8];

    /// Returns the bytes of the file.
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Stripped {
    /// Leaves the bytes out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stripped").field("len", &self.0.len()).finish_non_exhaustive()
    }
}

/// Appends the token as the last section.
///
/// # Errors
/// [`ModuleFault::TooLarge`] for a file that nobody would read back.
pub fn embed(stripped: Stripped, token: &str) -> Result<Vec<u8>, ModuleFault> {
    let Stripped(mut bytes) = stripped;
    write_token(token, &mut bytes);
    let found = bytes.len() as u64;
    if found > MODULE_BYTES {
        return Err(ModuleFault::TooLarge { found, limit: MODULE_BYTES });
    }
    Ok(bytes)
}
