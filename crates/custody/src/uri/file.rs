//! `file:NAME.age`: the name of a key file in the private folder.

use std::fmt;

use greatseal_core::error::Quoted;

use crate::fault::CustodyFault;
use crate::name::KeyName;

/// Ending of key files, as `age` users expect it.
const ENDING: &str = ".age";
/// Bytes of a file's name on common file systems.
const FILE_NAME_BYTES: usize = 255;

/// The name of a key file in the private folder: one plain component that ends in `.age`.
///
/// It never leads out of the folder, because it holds no separator, no `..`, and no leading dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName(String);

impl FileName {
    /// Returns the file of a name. Names hold no dot, so different names have different files.
    #[must_use]
    pub fn of(name: &KeyName) -> Self {
        Self(name.as_str().replace('/', ".") + ENDING)
    }

    /// Reads a file name.
    ///
    /// # Errors
    /// [`CustodyFault::Uri`] for anything that is no plain name ending in `.age`.
    pub fn parse(text: &str) -> Result<Self, CustodyFault> {
        let refuse = |problem: &str| Err(CustodyFault::Uri { found: Quoted::new(text), problem: problem.into() });
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        if !text.bytes().all(plain) {
            return refuse("a key file lies in the private folder itself; its name has letters, digits, '.', '-', '_'");
        }
        if text.starts_with('.') || text.contains("..") {
            return refuse("the name of a key file begins with no dot and has no two in a row");
        }
        if text.len() <= ENDING.len() || !text.ends_with(ENDING) || text.len() > FILE_NAME_BYTES {
            return refuse("the name of a key file ends in .age and has at most 255 bytes");
        }
        Ok(Self(text.into()))
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
