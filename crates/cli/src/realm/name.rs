//! Names: `acme` for a realm, `acme/payments` for what belongs to it.

use std::fmt;

use greatseal_core::Code;
use greatseal_core::error::Quoted;
use greatseal_custody::KeyName;

use crate::problem::Problem;

/// A name of one part: a realm's, or the last part of a key's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name(KeyName);

impl Name {
    /// Reads a name.
    ///
    /// # Errors
    /// `GS-NAME-INVALID` for anything that could not be a file name everywhere.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        if text.contains('/') {
            return Err(Problem::new(Code::NameInvalid, format!("{} has a slash in it", Quoted::new(text))));
        }
        KeyName::parse(text)
            .map(Self)
            .map_err(|_| Problem::new(Code::NameInvalid, format!("{} cannot be a name", Quoted::new(text))))
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Completes a name: `payments` and `acme/payments` are `acme/payments` in the realm `acme`.
    ///
    /// # Errors
    /// `GS-NAME-INVALID` for another realm's name, or for no name at all.
    pub(crate) fn complete(&self, text: &str) -> Result<KeyName, Problem> {
        let own = match text.split_once('/') {
            None => text,
            Some((of, own)) if of == self.as_str() => own,
            Some((of, _)) => {
                let found = Quoted::new(text);
                let fault = format!("{found} names a key of {}, and this realm is {self}", Quoted::sentence(of));
                return Err(Problem::new(Code::NameInvalid, fault)
                    .hint(format!("Leave the part before the slash out, or write `{self}/…`.")));
            }
        };
        Ok(KeyName::parse(&format!("{self}/{}", Self::parse(own)?))?)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Returns the last part of a key's name.
pub(crate) fn own(name: &KeyName) -> &str {
    name.as_str().rsplit('/').next().unwrap_or_default()
}
