//! Where a key is kept: `file:NAME.age` or `offline:`.

use std::fmt;
use std::str::FromStr;

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

/// Where the private half of a key is, in the spelling of `keys.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyUri {
    /// `file:NAME.age`: encrypted in the private folder.
    File(FileName),
    /// `offline:`: not on this machine; requests are carried to it.
    Offline,
}

impl KeyUri {
    /// The schemes that this build knows, for messages.
    const KNOWN: &'static str = "file:NAME.age, offline:";
}

impl FromStr for KeyUri {
    type Err = CustodyFault;

    /// Reads a URI.
    ///
    /// # Errors
    /// [`CustodyFault::Uri`], naming the schemes that this build knows.
    fn from_str(text: &str) -> Result<Self, CustodyFault> {
        let refuse = |problem: String| Err(CustodyFault::Uri { found: Quoted::new(text), problem });
        match text.split_once(':') {
            Some(("file", file)) => FileName::parse(file).map(Self::File),
            Some(("offline", "")) => Ok(Self::Offline),
            Some(("offline", _)) => refuse("nothing follows offline:".into()),
            Some(_) => refuse(format!("this build knows {}, no other scheme", Self::KNOWN)),
            None => refuse(format!("it begins with no scheme; this build knows {}", Self::KNOWN)),
        }
    }
}

impl fmt::Display for KeyUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(f, "file:{file}"),
            Self::Offline => f.write_str("offline:"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_both_ways() {
        for text in ["file:acme.payments-signing-1.age", "file:Root_2.age", "offline:"] {
            assert_eq!(text.parse::<KeyUri>().unwrap().to_string(), text);
        }
        let name = KeyName::parse("acme/payments-signing-1").unwrap();
        assert_eq!(KeyUri::File(FileName::of(&name)).to_string(), "file:acme.payments-signing-1.age");
    }

    #[test]
    fn every_name_has_a_file_of_its_own() {
        let mut files: Vec<_> = ["a/b", "a--b", "a-b", "ab", "a/b/c", "a/b-c"]
            .into_iter()
            .map(|name| FileName::of(&KeyName::parse(name).unwrap()))
            .collect();
        for file in &files {
            assert_eq!(FileName::parse(file.as_str()).as_ref(), Ok(file));
        }
        files.sort();
        files.dedup();
        assert_eq!(files.len(), 6);
    }

    #[test]
    fn nothing_leads_out_of_the_folder() {
        for file in [
            "",
            ".age",
            "..age",
            "../a.age",
            "a/../../b.age",
            "a/b.age",
            "/etc/a.age",
            "//host/a.age",
            "a\\b.age",
            "c:a.age",
            ".hidden.age",
            "a..age",
            "a%2fb.age",
            "a.age\0",
            "a.age\n",
            "~.age",
            "a.pem",
            "keys.toml",
            "ä.age",
            &format!("{}.age", "a".repeat(252)),
        ] {
            let fault = format!("file:{file}").parse::<KeyUri>().unwrap_err();
            assert!(matches!(fault, CustodyFault::Uri { .. }), "{file}");
        }
    }

    #[test]
    fn other_schemes_are_named_with_those_that_are_known() {
        for text in ["pkcs11:token=x", "FILE:a.age", "file", "", "offline", "offline:x", "a.age"] {
            assert!(text.parse::<KeyUri>().is_err(), "{text}");
        }
        let message = "pkcs11:token=x".parse::<KeyUri>().unwrap_err().to_string();
        assert!(message.contains("file:NAME.age, offline:"), "{message}");
    }
}
