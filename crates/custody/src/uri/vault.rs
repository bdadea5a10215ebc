//! `openbao://KEY?…`, `hashivault://KEY?…`: a key of a transit engine.

use core::net::{Ipv4Addr, Ipv6Addr};
use std::fmt;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use greatseal_core::error::Quoted;

use super::query;
use crate::fault::CustodyFault;

/// Where both servers mount their transit engine unless told otherwise.
const MOUNT: &str = "transit";
/// Characters of a key's name; ours have at most 194.
const KEY_CHARS: usize = 255;
const PARAMETERS: &str = "address, mount, version, namespace, token-file, ca-file";

/// Which of the two servers: they speak alike, and name themselves differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VaultKind {
    /// OpenBao.
    OpenBao,
    /// HashiCorp Vault.
    HashicorpVault,
}

impl VaultKind {
    const fn scheme(self) -> &'static str {
        match self {
            Self::OpenBao => "openbao",
            Self::HashicorpVault => "hashivault",
        }
    }

    /// Returns the name that people know it by.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenBao => "OpenBao",
            Self::HashicorpVault => "Vault",
        }
    }
}

/// A key of a transit engine, or the engine alone.
///
/// Parameters, all optional: `address`, `mount` (`transit`), `version`, `namespace`, `token-file`,
/// `ca-file`. A secret is none of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultUri {
    kind: VaultKind,
    key: Option<String>,
    address: Option<Address>,
    mount: String,
    version: Option<NonZeroU64>,
    namespace: Option<String>,
    token_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
}

impl VaultUri {
    /// Reads the whole URI, scheme included.
    ///
    /// # Errors
    /// [`CustodyFault::Uri`], naming what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, CustodyFault> {
        // Without what follows the question mark: somebody may have put a token there.
        let found = || Quoted::new(text.split('?').next().unwrap_or_default());
        Self::read(text).map_err(|problem| CustodyFault::Uri { found: found(), problem })
    }

    fn read(text: &str) -> Result<Self, String> {
        let (kind, rest) = if let Some(rest) = text.strip_prefix("openbao://") {
            (VaultKind::OpenBao, rest)
        } else if let Some(rest) = text.strip_prefix("hashivault://") {
            (VaultKind::HashicorpVault, rest)
        } else {
            return Err("it begins with openbao:// or hashivault://, then the key's name".into());
        };
        let (key, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        if !key.is_empty() && !is_key(key) {
            return Err(
                "the name of a transit key has letters, digits, '_', and inside also '-' and '.'; the server's \
                 address goes into `?address=`"
                    .into(),
            );
        }
        let mut uri = Self {
            kind,
            key: (!key.is_empty()).then(|| key.into()),
            address: None,
            mount: MOUNT.into(),
            version: None,
            namespace: None,
            token_file: None,
            ca_file: None,
        };
        for (name, value) in query::parse(parameters, '&')? {
            match name {
                "address" => uri.address = Some(Address::parse(&value)?),
                "mount" => uri.mount = segments(name, &value)?,
                "version" => uri.version = Some(version(&value)?),
                "namespace" => uri.namespace = Some(segments(name, &value)?),
                "token-file" => uri.token_file = Some(file(name, &value)?),
                "ca-file" => uri.ca_file = Some(file(name, &value)?),
                other => {
                    return Err(format!("there is no `{}`; the parameters are {PARAMETERS}", other.escape_debug()));
                }
            }
        }
        if uri.key.is_none() && uri.version.is_some() {
            return Err("a version belongs to a key, and it names none".into());
        }
        Ok(uri)
    }

    /// Returns which server it is.
    #[must_use]
    pub const fn kind(&self) -> VaultKind {
        self.kind
    }

    /// Returns the key's name; none where the URI names the engine alone.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Returns the key's version.
    #[must_use]
    pub const fn version(&self) -> Option<NonZeroU64> {
        self.version
    }

    /// Returns where the engine is mounted.
    #[must_use]
    pub fn mount(&self) -> &str {
        &self.mount
    }
}

#[cfg_attr(not(feature = "vault"), allow(dead_code, reason = "only the backend asks for these"))]
impl VaultUri {
    /// Returns the server's address; none where the URI leaves it to the surroundings.
    pub(crate) fn address(&self) -> Option<&str> {
        self.address.as_ref().map(|address| address.0.as_str())
    }

    /// Writes an address down where there is none yet.
    ///
    /// # Errors
    /// A sentence on what is wrong with the address, which repeats nothing of it.
    pub(crate) fn or_at(&self, address: &str) -> Result<Self, String> {
        let address = self.address.clone().map_or_else(|| Address::parse(address), Ok)?;
        Ok(Self { address: Some(address), ..self.clone() })
    }

    pub(crate) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    pub(crate) fn token_file(&self) -> Option<&Path> {
        self.token_file.as_deref()
    }

    pub(crate) fn ca_file(&self) -> Option<&Path> {
        self.ca_file.as_deref()
    }

    /// Returns a key of the same engine, in a version that is written down.
    pub(crate) fn pinned(&self, key: &str, version: NonZeroU64) -> Self {
        Self { key: Some(key.into()), version: Some(version), ..self.clone() }
    }
}

impl fmt::Display for VaultUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, key, address, mount, version, namespace, token_file, ca_file } = self;
        write!(f, "{}://{}", kind.scheme(), key.as_deref().unwrap_or_default())?;
        let mut mark = '?';
        let path = |path: &PathBuf| path.to_string_lossy().into_owned();
        for (name, value) in [
            ("address", address.as_ref().map(|address| address.0.clone())),
            ("mount", (mount != MOUNT).then(|| mount.clone())),
            ("version", version.map(|version| version.to_string())),
            ("namespace", namespace.clone()),
            ("token-file", token_file.as_ref().map(path)),
            ("ca-file", ca_file.as_ref().map(path)),
        ] {
            if let Some(value) = value {
                write!(f, "{mark}{name}={}", query::encode(&value))?;
                mark = '&';
            }
        }
        Ok(())
    }
}

/// `https://HOST[:PORT]`, or `http://` to this machine alone: a token is sent there.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Address(String);

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// A sentence on what is wrong with it, which repeats nothing of it.
    fn parse(text: &str) -> Result<Self, String> {
        let plain = text.strip_suffix('/').unwrap_or(text);
        let (secure, authority) = if let Some(authority) = plain.strip_prefix("https://") {
            (true, authority)
        } else if let Some(authority) = plain.strip_prefix("http://") {
            (false, authority)
        } else {
            return Err("an address begins with https://, or with http:// for this machine alone".into());
        };
        let host = host(authority).ok_or("an address is https://HOST or https://HOST:PORT and nothing more")?;
        if !secure && !is_this_machine(host) {
            return Err("an address without TLS is only one of this machine: a token is sent there".into());
        }
        Ok(Self(plain.into()))
    }
}

/// Returns the host of `HOST[:PORT]`, without the brackets of IPv6.
fn host(authority: &str) -> Option<&str> {
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        host.parse::<Ipv6Addr>().ok()?;
        (host, if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
    } else {
        let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        if host.is_empty() || !host.bytes().all(allowed) {
            return None;
        }
        (host, port)
    };
    let is_port =
        |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|it| it > 0);
    port.is_none_or(is_port).then_some(host)
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
        || host.parse::<Ipv6Addr>().is_ok_and(|ip| ip.is_loopback())
}

/// The names that both servers take for keys: what goes into a path as it is.
fn is_key(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let inner = |byte: u8| word(byte) || matches!(byte, b'-' | b'.');
    text.len() <= KEY_CHARS
        && text.bytes().all(inner)
        && text.bytes().next().is_some_and(word)
        && text.bytes().last().is_some_and(word)
}

/// Reads a mount or a namespace: one or more plain names, joined by `/`.
fn segments(name: &str, value: &str) -> Result<String, String> {
    let value = value.strip_suffix('/').unwrap_or(value);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let plain = |part: &str| !part.is_empty() && part.bytes().all(allowed) && !part.bytes().all(|byte| byte == b'.');
    if value.len() <= KEY_CHARS && value.split('/').all(plain) {
        Ok(value.into())
    } else {
        Err(format!("{name} is one name or several, joined by '/', of letters, digits, '_', '-' and '.'"))
    }
}

fn version(value: &str) -> Result<NonZeroU64, String> {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit()) && !value.starts_with('0');
    let number = if digits { value.parse().ok() } else { None };
    number.ok_or_else(|| "a version is a whole number from 1, without leading zeros".into())
}

/// Reads a path. One that depends on where a command is started would be another file tomorrow.
fn file(name: &str, value: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(value);
    if path.is_absolute() { Ok(path) } else { Err(format!("{name} is an absolute path")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_both_ways() {
        for text in [
            "openbao://",
            "hashivault://",
            "openbao://acme.payments-signing-1",
            "hashivault://k?version=1",
            "openbao://?address=https://bao.example.org&mount=team/transit",
            "openbao://k?address=https://bao.example.org:8200&mount=a/b.c&version=18446744073709551615\
             &namespace=team/a&token-file=/run/bao/token&ca-file=/etc/bao/our%20ca.pem",
            "openbao://k?address=http://127.0.0.1:8200",
            "openbao://k?address=http://[::1]:8200",
            "openbao://k?address=https://[2001:db8::1]",
        ] {
            let uri = VaultUri::parse(text).unwrap();
            assert_eq!(uri.to_string(), text);
            assert_eq!(VaultUri::parse(&uri.to_string()), Ok(uri));
        }
    }

    #[test]
    fn what_goes_without_saying_is_not_said() {
        let uri = VaultUri::parse("openbao://k?version=2&mount=transit/&address=https://a.example/").unwrap();
        assert_eq!(uri.to_string(), "openbao://k?address=https://a.example&version=2");
        assert_eq!((uri.key(), uri.mount(), uri.version()), (Some("k"), "transit", NonZeroU64::new(2)));
        assert_eq!((uri.kind(), uri.kind().name()), (VaultKind::OpenBao, "OpenBao"));
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "openbao:k",
            "openbao:/k",
            "vault://k",
            "openbao://a/b",
            "openbao://../sys/seal",
            "openbao://k%2f",
            "openbao://-k",
            "openbao://k.",
            "openbao://k#1",
            "openbao://bao.example.org:8200/k",
            "openbao://user@k",
            "openbao://k?version=0",
            "openbao://k?version=01",
            "openbao://k?version=-1",
            "openbao://k?version=+1",
            "openbao://k?version=",
            "openbao://k?version=18446744073709551616",
            "openbao://?version=1",
            "openbao://k?version=1&version=2",
            "openbao://k?mount=",
            "openbao://k?mount=/transit",
            "openbao://k?mount=a//b",
            "openbao://k?mount=../sys",
            "openbao://k?mount=a%3fb",
            "openbao://k?namespace=a%20b",
            "openbao://k?namespace=a%0ab",
            "openbao://k?token-file=token",
            "openbao://k?token-file=~/token",
            "openbao://k?ca-file=",
            "openbao://k?token=s.RKejzR0AhONviHtwGyjPRsjH",
            "openbao://k?skip-verify=true",
        ] {
            assert!(matches!(VaultUri::parse(text), Err(CustodyFault::Uri { .. })), "{text}");
        }
        assert!(VaultUri::parse(&format!("openbao://{}", "k".repeat(256))).is_err());
    }

    #[test]
    fn a_token_goes_to_no_other_machine_in_the_clear() {
        for address in [
            "http://bao.example.org",
            "http://10.0.0.1:8200",
            "http://localhost.example.org",
            "http://127.0.0.1.example.org",
            "http://127.0.0.1@example.org",
            "http://0.0.0.0:8200",
            "http://[::]:8200",
            "http://[::ffff:10.0.0.1]",
            "https://",
            "https://user:word@bao.example.org",
            "https://bao.example.org/v1",
            "https://bao.example.org?x",
            "https://bao.example.org:0",
            "https://bao.example.org:65536",
            "https://bao.example.org:",
            "https://bao example",
            "https://[::1",
            "https://::1",
            "HTTPS://bao.example.org",
            "unix:///run/bao.sock",
            "bao.example.org:8200",
        ] {
            assert!(Address::parse(address).is_err(), "{address}");
        }
        for address in ["http://localhost", "http://localhost:8200", "http://127.8.9.1:1", "http://[::1]"] {
            assert!(Address::parse(address).is_ok(), "{address}");
        }
        let uri = VaultUri::parse("openbao://k").unwrap();
        assert!(uri.or_at("http://bao.example.org").is_err());
        let there = uri.or_at("https://10.0.0.1:8200/").unwrap();
        assert_eq!(there.address(), Some("https://10.0.0.1:8200"));
        assert_eq!(there.or_at("https://elsewhere.example").unwrap(), there);
    }

    #[test]
    fn what_somebody_put_there_in_error_is_not_repeated() {
        let secret = "s.RKejzR0AhONviHtwGyjPRsjH";
        for text in [
            format!("openbao://k?token={secret}"),
            format!("openbao://k?address=https://{secret}@a.example"),
            format!("openbao://k?version={secret}"),
            format!("openbao://k?token-file={secret}"),
        ] {
            let fault = VaultUri::parse(&text).unwrap_err();
            assert!(!format!("{fault} {fault:?}").contains(secret), "{fault}");
        }
    }
}
