//! Whom a key file is encrypted to.

use std::fmt;

use age::{EncryptError, Encryptor, x25519};
use greatseal_core::error::Quoted;

use crate::fault::CustodyFault;
use crate::passphrase::Passphrase;
#[cfg(feature = "age-plugin")]
use crate::plugin;

/// What opens a key file that is about to be written.
#[derive(Clone, Copy, Debug)]
pub enum Protection<'a> {
    /// A passphrase.
    Passphrase(&'a Passphrase),
    /// The identity of any one of them.
    Recipients(&'a Recipients),
}

/// Recipients of age: `age1…`, and with the feature `age-plugin` `age1NAME1…`, which the program
/// `age-plugin-NAME` serves. At least one; each alone opens the file.
pub struct Recipients {
    own: Vec<x25519::Recipient>,
    #[cfg(feature = "age-plugin")]
    plugins: Vec<age::plugin::Recipient>,
}

impl Recipients {
    /// The most that one key file is encrypted to, so that no file of ours is refused for its size.
    pub const MOST: usize = 64;

    /// Reads recipients.
    ///
    /// # Errors
    /// [`CustodyFault::Recipient`] for a text that is none, and for none at all;
    /// [`CustodyFault::Unsupported`] for one of a plugin in a build without them.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, CustodyFault> {
        let mut recipients = Self {
            own: Vec::new(),
            #[cfg(feature = "age-plugin")]
            plugins: Vec::new(),
        };
        for (at, text) in texts.into_iter().enumerate() {
            recipients.add(at, text)?;
            if recipients.count() > Self::MOST {
                return Err(refuse(at, text, &format!("more than {} are not taken", Self::MOST)));
            }
        }
        if recipients.count() == 0 {
            let problem = "there is none at all".into();
            return Err(CustodyFault::Recipient { found: Quoted::new(""), problem });
        }
        Ok(recipients)
    }

    /// Returns what [`Self::parse`] reads of a file of recipients: a line each, without blank ones
    /// and comments.
    pub fn lines(text: &str) -> impl Iterator<Item = &str> {
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
    }

    /// Takes the text that is the `at`th from 0.
    fn add(&mut self, at: usize, text: &str) -> Result<(), CustodyFault> {
        if let Ok(recipient) = text.parse() {
            self.own.push(recipient);
            return Ok(());
        }
        if text.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("age-")) {
            // Perhaps a secret: it is not repeated.
            return Err(CustodyFault::Recipient {
                found: Quoted::sentence("an identity, which is not repeated here,"),
                problem: "files are encrypted to recipients, which begin with age1".into(),
            });
        }
        if text.starts_with("ssh-") {
            return Err(refuse(at, text, "keys of SSH are not taken: make one with `age-keygen`"));
        }
        let Some(plugin) = plugin_of(text) else {
            return Err(refuse(at, text, "it is none of age's, which begin with age1, or was changed"));
        };
        #[cfg(feature = "age-plugin")]
        {
            let recipient =
                text.parse().map_err(|problem| refuse(at, text, &format!("age-plugin-{plugin}: {problem}")))?;
            self.plugins.push(recipient);
            Ok(())
        }
        #[cfg(not(feature = "age-plugin"))]
        Err(without_plugins(&format!("a recipient of age-plugin-{plugin}")))
    }

    #[cfg(feature = "age-plugin")]
    fn count(&self) -> usize {
        self.own.len() + self.plugins.len()
    }

    #[cfg(not(feature = "age-plugin"))]
    fn count(&self) -> usize {
        self.own.len()
    }

    /// Draws a file's key and wraps it for each recipient.
    ///
    /// # Errors
    /// Where there are plugins, what keeps them from it; otherwise none that is known.
    pub(crate) fn encryptor(&self) -> Result<Encryptor, CustodyFault> {
        #[cfg(feature = "age-plugin")]
        if !self.plugins.is_empty() {
            return plugin::encryptor(self.own.clone(), self.plugins.clone());
        }
        let own = self.own.iter().map(|recipient| recipient as &dyn age::Recipient);
        Encryptor::with_recipients(own).map_err(|error| refused(&error))
    }
}

/// Recipients that age does not encrypt to together: those that resist quantum computers with others.
pub(crate) fn refused(error: &EncryptError) -> CustodyFault {
    CustodyFault::Unsupported { problem: Quoted::sentence(&error.to_string()).to_string() }
}

/// Names the plugin of a recipient: what stands between two `1`, which the digits of bech32 lack.
fn plugin_of(text: &str) -> Option<&str> {
    text.strip_prefix("age1")?.rsplit_once('1').map(|(name, _)| name).filter(|name| !name.is_empty())
}

/// Says what a build needs for what a plugin serves.
#[cfg(not(feature = "age-plugin"))]
pub(crate) fn without_plugins(what: &str) -> CustodyFault {
    let problem = format!("{}: build greatseal with `--features age-plugin`", Quoted::sentence(what));
    CustodyFault::Unsupported { problem }
}

/// Repeats only what looks like a recipient: another file may have been taken for one of them, and
/// hold passphrases or tokens.
fn refuse(at: usize, text: &str, problem: &str) -> CustodyFault {
    let found = if text.starts_with("age1") || text.starts_with("ssh-") {
        Quoted::new(text)
    } else {
        Quoted::sentence(&format!("number {}, which is not repeated here,", at + 1))
    };
    CustodyFault::Recipient { found, problem: problem.into() }
}

impl fmt::Debug for Recipients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipients({})", self.count())
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    const ONE: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

    #[test]
    fn recipients_are_read() {
        let other = x25519::Identity::generate().to_public().to_string();
        let file = format!("# mine\n{ONE}\n\n  {other}\r\n#{other}\n");
        assert_eq!(Recipients::parse(Recipients::lines(&file)).unwrap().count(), 2);
        assert!(Recipients::parse(vec![ONE; Recipients::MOST]).is_ok());
        assert!(Recipients::parse(vec![ONE; Recipients::MOST + 1]).is_err());
    }

    #[test]
    fn what_is_none_is_refused() {
        for texts in [
            vec![],
            vec![""],
            vec!["age1"],
            vec!["root"],
            vec![ONE, "x"],
            vec!["age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwk"],
            vec!["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGS1cPt05j1GNEJMJ2dDXNh/6B5TJFvb0FuIhPXRnb0Q"],
        ] {
            let fault = Recipients::parse(texts.iter().copied()).unwrap_err();
            assert!(matches!(fault, CustodyFault::Recipient { .. }), "{texts:?}: {fault}");
        }
    }

    #[test]
    fn an_identity_in_their_place_is_not_repeated() {
        let secret = x25519::Identity::generate().to_string();
        for text in [secret.expose_secret().to_owned(), secret.expose_secret().to_lowercase()] {
            let fault = Recipients::parse([text.as_str()]).unwrap_err();
            assert!(!format!("{fault} {fault:?}").contains(&text[20..40]), "{fault}");
            assert!(fault.to_string().contains("begin with age1"), "{fault}");
        }
    }

    #[test]
    fn what_is_of_another_kind_is_not_repeated() {
        for text in ["correct-horse", "hvs.CAESIJ-correct-horse", "-----BEGIN correct-horse", "AGE1correct-horse"] {
            let fault = Recipients::parse([ONE, text]).unwrap_err();
            assert!(!format!("{fault} {fault:?}").contains("correct-horse"), "{fault:?}");
            assert!(fault.to_string().starts_with("number 2, which is not repeated here, is no recipient"), "{fault}");
        }
        for text in ["age1zvkyg2", "ssh-ed25519 AAAA"] {
            assert!(Recipients::parse([text]).unwrap_err().to_string().contains(text));
        }
    }

    #[test]
    fn a_plugin_is_named() {
        assert_eq!(plugin_of("age1yubikey1qqqq"), Some("yubikey"));
        assert_eq!(plugin_of("age1a1b1qqqq"), Some("a1b"));
        for text in [ONE, "age11qqq", "yubikey1qqq", ""] {
            assert_eq!(plugin_of(text), None, "{text}");
        }
        let fault = Recipients::parse(["age1yubikey1qqqq"]).unwrap_err();
        assert!(fault.to_string().contains("age-plugin-yubikey"), "{fault}");
    }
}
