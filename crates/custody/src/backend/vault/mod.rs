//! Keys in the transit engine of OpenBao or HashiCorp Vault, over HTTP.
//!
//! Both servers speak the same protocol; what is said of OpenBao here was seen of version 2.7.2.
//! A key has versions there, and rotating it makes another one sign: the version is pinned with
//! the public key, and both are checked in every answer.

mod answer;
mod custodian;
mod engine;
mod examine;
mod generate;
mod key;
mod tls;
mod token;

use std::num::NonZeroU64;

use greatseal_core::error::Quoted;
use greatseal_core::key::{PublicKey, Spelled};

use self::custodian::VaultCustodian;
use self::engine::Engine;
use self::generate::Generator;
use crate::custodian::{Custodian, Deadline};
use crate::fault::CustodyFault;
use crate::place::{Generate, Import, Surroundings};
use crate::uri::VaultUri;

/// Opens the custodian of a pinned version of a key; no server is reached yet.
pub(super) fn custodian(
    uri: VaultUri,
    pinned: Spelled,
    around: &Surroundings,
) -> Result<Box<dyn Custodian>, CustodyFault> {
    let key = named(&uri)?.to_owned();
    let version = uri.version().ok_or_else(|| refuse(&uri, VERSIONLESS.into()))?;
    let engine = Engine::open(&uri, around)?;
    Ok(Box::new(VaultCustodian::new(engine, uri, key, version, pinned.public_key())?))
}

/// Asks for the public key of the version that the URI names.
pub(super) fn public_key(
    uri: &VaultUri,
    around: &Surroundings,
    deadline: Deadline,
) -> Result<PublicKey, CustodyFault> {
    let name = named(uri)?;
    let engine = Engine::open(uri, around)?;
    let key = engine.key(name, deadline)?;
    match uri.version() {
        Some(version) => key.public_key(&engine, name, version),
        None => {
            let whole = NonZeroU64::new(key.latest()).map(|latest| uri.pinned(engine.address().clone(), name, latest));
            let newest = whole.map(|whole| format!("; the newest is {whole}")).unwrap_or_default();
            Err(refuse(uri, format!("{VERSIONLESS}{newest}")))
        }
    }
}

/// Opens an engine in which keys can be made.
pub(super) fn generator(uri: &VaultUri, around: &Surroundings) -> Result<Box<dyn Generate>, CustodyFault> {
    nameless(uri)?;
    Ok(Box::new(Generator::new(Engine::open(uri, around)?, uri.clone())))
}

/// Refuses: the server takes keys only wrapped by RSA, for which there is no well-kept library that
/// does not also do the half of RSA that leaks its timing (RUSTSEC-2023-0071).
pub(super) fn importer(uri: &VaultUri, _around: &Surroundings) -> Result<Box<dyn Import>, CustodyFault> {
    nameless(uri)?;
    let server = uri.kind().name();
    let problem = format!(
        "{server} takes keys only wrapped by its own client: bring the key in with `bao transit import` or \
         `vault transit import`, then adopt it with `greatseal key pin`; docs/custody/openbao.md shows how"
    );
    Err(CustodyFault::Unsupported { problem })
}

const VERSIONLESS: &str = "it names no version, and rotating the key there would change who signs: add `version=`";

fn named(uri: &VaultUri) -> Result<&str, CustodyFault> {
    uri.key().ok_or_else(|| refuse(uri, "it names the engine alone; a key's name follows the //".into()))
}

fn nameless(uri: &VaultUri) -> Result<(), CustodyFault> {
    match uri.key() {
        None => Ok(()),
        Some(_) => Err(refuse(uri, "it names a key; the place for a new one has no name behind the //".into())),
    }
}

fn refuse(uri: &VaultUri, problem: String) -> CustodyFault {
    CustodyFault::Uri { found: Quoted::new(&uri.to_string()), problem }
}
