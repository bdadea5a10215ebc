//! Passphrases: how they come in, and that they go out again.

use std::fmt;
use std::io::{self, Read};
use std::path::Path;

use greatseal_core::key::Spelled;
use greatseal_core::limits::TEXT_FILE_BYTES;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

use crate::fault::CustodyFault;
use crate::name::KeyName;

/// A passphrase that is not empty; wiped when dropped.
pub struct Passphrase(SecretString);

impl Passphrase {
    /// Takes what a person has typed.
    ///
    /// # Errors
    /// [`CustodyFault::Passphrase`] when it is empty: that would be no lock at all.
    pub fn new(text: SecretString) -> Result<Self, CustodyFault> {
        if text.expose_secret().is_empty() {
            return Err(PassphraseFault::Empty.into());
        }
        Ok(Self(text))
    }

    /// Reads the first line, without its line break, and nothing of what follows it.
    ///
    /// What follows can be read by the next call, so that one pipe may hold several.
    ///
    /// # Errors
    /// [`CustodyFault::Passphrase`] when the line is empty, longer than
    /// [`TEXT_FILE_BYTES`], not UTF-8, or cannot be read.
    pub fn from_reader(mut reader: impl Read) -> Result<Self, CustodyFault> {
        let limit = usize::try_from(TEXT_FILE_BYTES).unwrap_or(usize::MAX);
        // As large as it may ever be, so that it never moves and leaves a copy behind.
        let mut line = Zeroizing::new(Vec::with_capacity(limit));
        let mut byte = Zeroizing::new([0u8; 1]);
        loop {
            match reader.read(byte.as_mut()) {
                Ok(0) => break,
                Ok(_) if *byte == [b'\n'] => break,
                Ok(_) if line.len() >= limit => return Err(PassphraseFault::TooLong { limit }.into()),
                Ok(_) => line.extend_from_slice(byte.as_ref()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(PassphraseFault::Unreadable { kind: error.kind(), message: error.to_string() }.into());
                }
            }
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        let text = std::str::from_utf8(&line).map_err(|_| PassphraseFault::Encoding)?;
        let passphrase = Self::new(SecretString::from(text));
        byte.zeroize();
        passphrase
    }

    /// Returns a copy for the crate that encrypts; it wipes its own.
    pub(crate) fn secret(&self) -> SecretString {
        self.0.clone()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// There is no usable passphrase.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PassphraseFault {
    /// Of no characters.
    #[error("the passphrase is empty")]
    Empty,
    /// A line that does not end.
    #[error("the first line is longer than {limit} bytes, which no passphrase is")]
    TooLong {
        /// Bytes that are read.
        limit: usize,
    },
    /// Bytes that are no text.
    #[error("the passphrase is no UTF-8 text")]
    Encoding,
    /// A file or pipe that cannot be read.
    #[error("the passphrase cannot be read: {message}")]
    Unreadable {
        /// The kind of the system's error.
        kind: io::ErrorKind,
        /// What the system said.
        message: String,
    },
    /// Nobody who could be asked for the PIN of a device.
    #[error("there is nobody to ask: {question}")]
    NobodyForPin {
        /// What would be asked.
        question: String,
    },
    /// Nobody who could be asked.
    #[error("there is nobody to ask for the passphrase of {name}")]
    Nobody {
        /// The key that is locked.
        name: KeyName,
    },
}

/// Somebody or something that knows passphrases: a terminal, a file, a test.
pub trait PassphraseSource: Send + Sync {
    /// Returns the passphrase of a key; asked at most once per custodian.
    ///
    /// # Errors
    /// [`CustodyFault::Passphrase`] when there is none to be had.
    fn passphrase(&self, name: &KeyName, public: &Spelled) -> Result<Passphrase, CustodyFault>;

    /// Returns the passphrase of a file with age identities that opens a key's file.
    ///
    /// # Errors
    /// As for [`Self::passphrase`], which is asked where this is not written.
    fn identity_passphrase(&self, file: &Path, name: &KeyName, public: &Spelled) -> Result<Passphrase, CustodyFault> {
        let _ = file;
        self.passphrase(name, public)
    }

    /// Returns the PIN of a device, or what else the plugin of an age identity asks for.
    ///
    /// # Errors
    /// [`CustodyFault::Passphrase`] when there is none to be had, as where this is not written:
    /// devices lock themselves when they are given passphrases for PINs.
    fn pin(&self, question: &str) -> Result<Passphrase, CustodyFault> {
        Err(PassphraseFault::NobodyForPin { question: question.into() }.into())
    }

    /// Passes on what a plugin wants a person to know, such as that a device waits to be touched.
    fn tell(&self, message: &str) {
        let _ = message;
    }
}

impl<F: Fn(&KeyName, &Spelled) -> Result<Passphrase, CustodyFault> + Send + Sync> PassphraseSource for F {
    fn passphrase(&self, name: &KeyName, public: &Spelled) -> Result<Passphrase, CustodyFault> {
        self(name, public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<String, CustodyFault> {
        Passphrase::from_reader(bytes).map(|passphrase| passphrase.0.expose_secret().into())
    }

    #[test]
    fn the_first_line_is_the_passphrase() {
        for bytes in ["open sesame", "open sesame\n", "open sesame\r\n", "open sesame\nand more\n"] {
            assert_eq!(read(bytes.as_bytes()).unwrap(), "open sesame");
        }
        assert_eq!(read(b" \n").unwrap(), " ");
        assert_eq!(read(b"a\r\r\n").unwrap(), "a\r");
    }

    #[test]
    fn several_can_come_through_one_pipe() {
        let mut pipe = b"old\nnew\n".as_slice();
        assert_eq!(Passphrase::from_reader(&mut pipe).unwrap().0.expose_secret(), "old");
        assert_eq!(Passphrase::from_reader(&mut pipe).unwrap().0.expose_secret(), "new");
        assert_eq!(Passphrase::from_reader(&mut pipe).unwrap_err(), PassphraseFault::Empty.into());
    }

    #[test]
    fn what_is_none_is_refused() {
        assert_eq!(read(b"").unwrap_err(), PassphraseFault::Empty.into());
        assert_eq!(read(b"\nsecret\n").unwrap_err(), PassphraseFault::Empty.into());
        assert_eq!(read(b"\xff\xfe\n").unwrap_err(), PassphraseFault::Encoding.into());
        let limit = usize::try_from(TEXT_FILE_BYTES).unwrap();
        assert!(read(&vec![b'a'; limit]).is_ok());
        assert_eq!(read(&vec![b'a'; limit + 1]).unwrap_err(), PassphraseFault::TooLong { limit }.into());
        assert!(Passphrase::new(SecretString::from("")).is_err());
    }

    #[test]
    fn it_does_not_show_itself() {
        let passphrase = Passphrase::new(SecretString::from("open sesame")).unwrap();
        assert_eq!(format!("{passphrase:?}"), "Passphrase(…)");
    }
}
