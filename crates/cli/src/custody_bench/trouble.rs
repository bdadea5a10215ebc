//! How long it takes until an outage is told: a place of the same kind that is not there, or is silent.
//!
//! Nothing is done to the key's own place. What is asked instead is a file that is not there, a socket
//! or a port of this machine on which nobody listens, and one that accepts and never answers. No secret
//! is sent to them: a token for the service is one that we make up.

use std::path::Path;
use std::time::{Duration, Instant};

use greatseal_core::Timestamp;
use greatseal_core::issue::SigningRequest;
use greatseal_custody::{CustodyFault, Deadline, FileCustodian, FileName, KeyName, KeyUri, Keystore, sign};

use super::place::Spot;
use super::report::Outage;
use super::sample::{Effort, tenth};
use crate::problem::Problem;

/// How long a place that is silent is waited for: what a user's call would wait is its own deadline.
const SILENCE: Duration = Duration::from_secs(1);

/// A port below 1024, which only the system's own programs may open, and none does.
const NOBODY: &str = "127.0.0.1:1";

/// Measures every kind of outage that can be had.
///
/// # Errors
/// When there is no temporary folder.
pub(super) fn outages(spot: Spot<'_>, probe: &SigningRequest, effort: &Effort) -> Result<Vec<Outage>, Problem> {
    let folder = tempfile::tempdir().map_err(|error| Problem::io("cannot make", &std::env::temp_dir(), &error))?;
    let silence = effort.timeout.min(SILENCE);
    let mut outages = Vec::new();
    match &spot.entry.uri {
        KeyUri::File(file) => outages.extend(gone(spot, file, folder.path(), probe, silence)),
        KeyUri::Vault(_) | KeyUri::AwsKms(_) => {
            outages.extend(at(
                spot,
                NOBODY,
                folder.path(),
                probe,
                silence,
                "refused",
                "a port on which nobody listens",
            ));
            // The build for the offline machine opens no ports, and has no such places either.
            #[cfg(feature = "online")]
            if let Some((_listener, address)) = super::silent::port() {
                let how = "a port that accepts and never answers, until the deadline of 1 s";
                outages.extend(at(spot, &address, folder.path(), probe, silence, "silent", how));
            }
        }
        KeyUri::SshAgent(_) => sockets(spot, folder.path(), probe, silence, &mut outages),
        KeyUri::Pkcs11(_) => {
            let module = folder.path().join("no-module.so");
            let uri = with(&spot.entry.uri, "module-path", &module.to_string_lossy());
            outages.extend(
                uri.and_then(|uri| {
                    asked(spot, uri, folder.path(), probe, silence, "gone", "a module that is not there")
                }),
            );
        }
        KeyUri::Offline => {}
    }
    Ok(outages)
}

/// A key file that is not there.
fn gone(spot: Spot<'_>, file: &FileName, folder: &Path, probe: &SigningRequest, silence: Duration) -> Option<Outage> {
    let Ok(keys) = Keystore::open(folder.join("keys")) else { return None };
    let source = std::sync::Arc::clone(&spot.around.passphrases);
    let (name, public) = (spot.entry.name.clone(), spot.entry.public);
    let custodian = FileCustodian::new(keys.folder(), file.clone(), name, public, source);
    let start = Instant::now();
    let fault = sign(&custodian, probe, Deadline::after(silence)).err()?;
    Some(outage("gone", "a file that is not there", &fault, start.elapsed()))
}

/// A service at another address.
fn at(
    spot: Spot<'_>,
    address: &str,
    folder: &Path,
    probe: &SigningRequest,
    silence: Duration,
    kind: &'static str,
    how: &'static str,
) -> Option<Outage> {
    let token = folder.join("token");
    write_private(&token).ok()?;
    let uri = match &spot.entry.uri {
        KeyUri::Vault(_) => {
            let moved = with(&spot.entry.uri, "address", &format!("http://{address}"))?;
            with(&moved, "token-file", &token.to_string_lossy())?
        }
        KeyUri::AwsKms(_) => {
            // `awskms://[ENDPOINT]/KEY`
            let text = spot.entry.uri.to_string();
            let (_, rest) = text.strip_prefix("awskms://")?.split_once('/')?;
            format!("awskms://{address}/{rest}").parse().ok()?
        }
        KeyUri::File(_) | KeyUri::SshAgent(_) | KeyUri::Pkcs11(_) | KeyUri::Offline => return None,
    };
    asked(spot, uri, folder, probe, silence, kind, how)
}

/// An agent's socket that is not there, and one whose owner never answers.
fn sockets(spot: Spot<'_>, folder: &Path, probe: &SigningRequest, silence: Duration, outages: &mut Vec<Outage>) {
    let missing = folder.join("no-agent.sock");
    let uri = with(&spot.entry.uri, "socket", &missing.to_string_lossy());
    outages.extend(uri.and_then(|uri| asked(spot, uri, folder, probe, silence, "gone", "a socket that is not there")));
    #[cfg(unix)]
    {
        let silent = folder.join("silent.sock");
        if let Ok(_listener) = std::os::unix::net::UnixListener::bind(&silent) {
            let uri = with(&spot.entry.uri, "socket", &silent.to_string_lossy());
            let how = "a socket that accepts and never answers, until the deadline of 1 s";
            outages.extend(uri.and_then(|uri| asked(spot, uri, folder, probe, silence, "silent", how)));
        }
    }
}

/// Asks a place that is not there for a signature by the same key.
fn asked(
    spot: Spot<'_>,
    uri: KeyUri,
    folder: &Path,
    probe: &SigningRequest,
    silence: Duration,
    kind: &'static str,
    how: &'static str,
) -> Option<Outage> {
    // A table of its own for each, in a folder that goes away.
    let keys = Keystore::open(folder.join(format!("keys-{kind}"))).ok()?;
    let name = KeyName::parse("bench/outage").ok()?;
    keys.pin(&name, uri, spot.entry.public, Timestamp::from_secs(0)).ok()?;
    let start = Instant::now();
    let custodian = keys.custodian(&name, spot.around);
    let fault = custodian.and_then(|custodian| sign(&*custodian, probe, Deadline::after(silence))).err()?;
    Some(outage(kind, how, &fault, start.elapsed()))
}

fn outage(kind: &'static str, how: &'static str, fault: &CustodyFault, took: Duration) -> Outage {
    Outage { kind, how, code: fault.code().text(), error_ms: tenth(took.as_secs_f64() * 1000.0) }
}

/// Gives a URI another value of one parameter.
fn with(uri: &KeyUri, name: &str, value: &str) -> Option<KeyUri> {
    let text = uri.to_string();
    let (head, parameters) = text.split_once('?').unwrap_or((&text, ""));
    let mut kept: Vec<String> = parameters
        .split('&')
        .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(name))
        .map(str::to_owned)
        .collect();
    // What is escaped in a value of any of these URIs.
    let escaped: String = value
        .chars()
        .flat_map(|c| match c {
            '%' | '&' | '?' | '#' | '=' | '+' | ';' | ' ' | ':' => format!("%{:02X}", u32::from(c)).chars().collect(),
            other => vec![other],
        })
        .collect();
    kept.push(format!("{name}={escaped}"));
    format!("{head}?{}", kept.join("&")).parse().ok()
}

/// Writes a token that no service knows, for its owner alone.
fn write_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    std::io::Write::write_all(&mut options.open(path)?, b"no-token\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_replaced_or_added() {
        let uri: KeyUri = "openbao://payments?address=https%3A%2F%2Fbao.example&version=2".parse().unwrap();
        let moved = with(&uri, "address", "http://127.0.0.1:1").unwrap().to_string();
        assert!(
            moved.contains("127.0.0.1") && !moved.contains("bao.example") && moved.contains("version=2"),
            "{moved}"
        );
        let agent: KeyUri = "ssh-agent:".parse().unwrap();
        assert_eq!(with(&agent, "socket", "/run/a b").unwrap().to_string(), "ssh-agent:?socket=/run/a%20b");
    }
}
