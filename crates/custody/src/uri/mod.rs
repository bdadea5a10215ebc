//! Where a key is kept: the URIs of `keys.toml` (DESIGN section 7).
//!
//! Every build reads and writes all of them, so that a table made with one build serves another;
//! whether a build can reach the place is another question, answered by [`crate::Keystore::custodian`].

mod aws_kms;
mod file;
mod pkcs11;
mod query;
mod ssh_agent;
mod vault;

use std::fmt;
use std::str::FromStr;

use greatseal_core::error::Quoted;

pub use aws_kms::AwsKmsUri;
pub use file::FileName;
pub use pkcs11::Pkcs11Uri;
pub use ssh_agent::SshAgentUri;
pub use vault::{VaultKind, VaultUri};

use crate::fault::CustodyFault;

/// Where the private half of a key is, in the spelling of `keys.toml`.
///
/// A URI without a key names the place alone, as generation and import take it: `ssh-agent:`,
/// `pkcs11:token=acme`, `openbao://`, `awskms:///`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyUri {
    /// `file:NAME.age`: encrypted in the private folder.
    File(FileName),
    /// `ssh-agent:SHA256:…`: in an agent of OpenSSH.
    SshAgent(SshAgentUri),
    /// `pkcs11:…` (RFC 7512): in a token behind a PKCS#11 module.
    Pkcs11(Pkcs11Uri),
    /// `openbao://KEY?…` or `hashivault://KEY?…`: in a transit engine.
    Vault(VaultUri),
    /// `awskms://[ENDPOINT]/KEY`: in AWS KMS.
    AwsKms(AwsKmsUri),
    /// `offline:`: not on this machine; requests are carried to it.
    Offline,
}

impl KeyUri {
    /// The schemes, for messages.
    const KNOWN: &'static str = "file:, ssh-agent:, pkcs11:, openbao:, hashivault:, awskms:, offline:";
}

impl FromStr for KeyUri {
    type Err = CustodyFault;

    /// Reads a URI.
    ///
    /// # Errors
    /// [`CustodyFault::Uri`], naming the schemes that there are.
    fn from_str(text: &str) -> Result<Self, CustodyFault> {
        let refuse = |problem: String| Err(CustodyFault::Uri { found: quoted(text), problem });
        match text.split_once(':') {
            Some(("file", file)) => FileName::parse(file).map(Self::File),
            Some(("ssh-agent", _)) => SshAgentUri::parse(text).map(Self::SshAgent),
            Some(("pkcs11", _)) => Pkcs11Uri::parse(text).map(Self::Pkcs11),
            Some(("openbao" | "hashivault", _)) => VaultUri::parse(text).map(Self::Vault),
            Some(("awskms", _)) => AwsKmsUri::parse(text).map(Self::AwsKms),
            Some(("offline", "")) => Ok(Self::Offline),
            Some(("offline", _)) => refuse("nothing follows offline:".into()),
            Some(_) => refuse(format!("the schemes are {}", Self::KNOWN)),
            None => refuse(format!("it begins with no scheme; there are {}", Self::KNOWN)),
        }
    }
}

/// Repeats a URI that is none; only its scheme where a password may stand before an `@`, or a secret
/// behind the question mark.
fn quoted(text: &str) -> Quoted {
    let secretive = |text: &str| text.contains(['@', '?']);
    match text.split_once(':') {
        _ if !secretive(text) => Quoted::new(text),
        Some((scheme, _)) if !secretive(scheme) => Quoted::new(&format!("{scheme}:…")),
        _ => Quoted::sentence("a text that is not repeated here"),
    }
}

impl fmt::Display for KeyUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(f, "file:{file}"),
            Self::SshAgent(uri) => uri.fmt(f),
            Self::Pkcs11(uri) => uri.fmt(f),
            Self::Vault(uri) => uri.fmt(f),
            Self::AwsKms(uri) => uri.fmt(f),
            Self::Offline => f.write_str("offline:"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::KeyName;

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
        for text in ["yubihsm:1", "FILE:a.age", "file", "", "offline", "offline:x", "a.age"] {
            assert!(text.parse::<KeyUri>().is_err(), "{text}");
        }
        let message = "yubihsm:1".parse::<KeyUri>().unwrap_err().to_string();
        assert!(message.contains("file:, ssh-agent:"), "{message}");
    }

    #[test]
    fn a_secret_in_a_uri_is_not_repeated() {
        for text in [
            "awskms://user:s3cret@host/a",
            "awskms://user:s3cret@host/a?region=eu",
            "awskms:///a?region=s3cret!",
            "vaults://user:s3cret@host/a",
            "vaults://host/a?token=s3cret",
            "offline:x?s3cret",
            "user@s3cret:host",
            "host?s3cret",
        ] {
            let fault = text.parse::<KeyUri>().unwrap_err();
            assert!(!format!("{fault} {fault:?}").contains("s3cret"), "{fault:?}");
        }
        let message = "vaults://user:s3cret@host/a".parse::<KeyUri>().unwrap_err().to_string();
        assert!(message.contains("\"vaults:…\""), "{message}");
        assert!("yubihsm:1".parse::<KeyUri>().unwrap_err().to_string().contains("yubihsm:1"));
    }
}
