//! `ssh-agent:SHA256:…`: a key in an agent of OpenSSH, by its fingerprint.

use std::fmt;
use std::path::{Path, PathBuf};

use data_encoding::BASE64_NOPAD;
use greatseal_core::error::Quoted;

use super::query;
use crate::fault::CustodyFault;

const SCHEME: &str = "ssh-agent:";
const HASH: &str = "SHA256:";
const SOCKET: &str = "socket";

/// A key in an agent, or the agent alone.
///
/// `ssh-agent:[SHA256:FINGERPRINT][?socket=/PATH]`. The fingerprint is the one that `ssh-add -l`
/// prints: base64 without padding of the SHA-256 of the public key as SSH writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshAgentUri {
    fingerprint: Option<[u8; 32]>,
    socket: Option<PathBuf>,
}

impl SshAgentUri {
    /// Reads the whole URI, scheme included.
    ///
    /// # Errors
    /// [`CustodyFault::Uri`], naming what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, CustodyFault> {
        let refuse = |problem: &str| CustodyFault::Uri { found: Quoted::new(text), problem: problem.into() };
        let rest = text.strip_prefix(SCHEME).ok_or_else(|| refuse("it does not begin with ssh-agent:"))?;
        let (key, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let fingerprint = match key {
            "" => None,
            key => Some(fingerprint(key).ok_or_else(|| {
                refuse("a key is named by its fingerprint as `ssh-add -l` prints it, SHA256: and 43 characters")
            })?),
        };
        let mut socket = None;
        for (name, value) in query::parse(parameters, '&').map_err(|problem| refuse(&problem))? {
            match name {
                SOCKET if Path::new(&value).is_absolute() => socket = Some(PathBuf::from(value)),
                SOCKET => return Err(refuse("socket is no absolute path")),
                _ => return Err(refuse("there is one parameter, socket")),
            }
        }
        Ok(Self { fingerprint, socket })
    }

    /// Returns the SHA-256 of the public key as SSH writes it, unless the agent alone is named.
    #[must_use]
    pub const fn fingerprint(&self) -> Option<&[u8; 32]> {
        self.fingerprint.as_ref()
    }

    /// Returns the agent's socket, where the URI names one.
    #[must_use]
    pub fn socket(&self) -> Option<&Path> {
        self.socket.as_deref()
    }

    /// Names a key of the same agent.
    #[must_use]
    pub fn with_fingerprint(&self, fingerprint: [u8; 32]) -> Self {
        Self { fingerprint: Some(fingerprint), socket: self.socket.clone() }
    }

    /// Writes a fingerprint as `ssh-add -l` does.
    #[must_use]
    pub fn spell(fingerprint: &[u8; 32]) -> String {
        format!("{HASH}{}", BASE64_NOPAD.encode(fingerprint))
    }
}

fn fingerprint(text: &str) -> Option<[u8; 32]> {
    BASE64_NOPAD.decode(text.strip_prefix(HASH)?.as_bytes()).ok()?.try_into().ok()
}

impl fmt::Display for SshAgentUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SCHEME)?;
        if let Some(fingerprint) = &self.fingerprint {
            f.write_str(&Self::spell(fingerprint))?;
        }
        if let Some(socket) = &self.socket {
            // Only UTF-8 comes in.
            write!(f, "?{SOCKET}={}", query::encode(&socket.to_string_lossy()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU";

    #[test]
    fn text_goes_both_ways() {
        for text in [
            "ssh-agent:".to_owned(),
            format!("ssh-agent:{KEY}"),
            "ssh-agent:?socket=/run/agent.sock".into(),
            format!("ssh-agent:{KEY}?socket=/run/user/1000/an%20agent%3F%25.sock"),
        ] {
            assert_eq!(SshAgentUri::parse(&text).unwrap().to_string(), text);
        }
        let uri = SshAgentUri::parse(&format!("ssh-agent:{KEY}?socket=/a%20b")).unwrap();
        assert_eq!(uri.socket(), Some(Path::new("/a b")));
        assert_eq!(uri.fingerprint().map(SshAgentUri::spell).as_deref(), Some(KEY));
        let place = SshAgentUri::parse("ssh-agent:?socket=/a%20b").unwrap();
        assert_eq!(place.with_fingerprint(*uri.fingerprint().unwrap()), uri);
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "ssh-agent".to_owned(),
            "SSH-AGENT:".into(),
            "ssh-agent:x".into(),
            format!("ssh-agent:{}", KEY.replace("SHA256", "MD5")),
            format!("ssh-agent:{}", KEY.replace("SHA256", "sha256")),
            format!("ssh-agent:{KEY}="),
            format!("ssh-agent:{}", &KEY[..KEY.len() - 1]),
            // Bits of the last character that mean nothing.
            format!("ssh-agent:{}", KEY.replace("OqU", "OqV")),
            format!("ssh-agent:{}", KEY.replace('+', "-")),
            format!("ssh-agent://{KEY}"),
            "ssh-agent:?socket=agent.sock".into(),
            "ssh-agent:?socket=".into(),
            "ssh-agent:?socket".into(),
            "ssh-agent:?socket=/a&socket=/b".into(),
            "ssh-agent:?socket=/a&confirm=yes".into(),
            "ssh-agent:?socket=/a%0a".into(),
            "ssh-agent:?socket=/a%".into(),
        ] {
            let fault = SshAgentUri::parse(&text).unwrap_err();
            assert!(matches!(fault, CustodyFault::Uri { .. }), "{text}");
        }
    }
}
