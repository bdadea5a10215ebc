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
mod names;
mod tls;
mod token;

use std::num::NonZeroU64;

use greatseal_core::error::Quoted;
use greatseal_core::key::Spelled;

use self::custodian::VaultCustodian;
use self::engine::Engine;
use self::generate::Generator;
use crate::custodian::{Custodian, Deadline};
use crate::fault::CustodyFault;
use crate::place::{Generate, Import, Placed, Surroundings};
use crate::uri::{KeyUri, VaultUri};

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

/// Looks up a version of a key, the newest where the URI names none; what it returns names one.
pub(super) fn look_up(uri: &VaultUri, around: &Surroundings, deadline: Deadline) -> Result<Placed, CustodyFault> {
    let name = named(uri)?;
    let engine = Engine::open(uri, around)?;
    let key = engine.key(name, deadline)?;
    let version = uri.version().or(NonZeroU64::new(key.latest())).unwrap_or(NonZeroU64::MIN);
    let public_key = key.public_key(&engine, name, version)?;
    Ok(Placed { uri: KeyUri::Vault(engine.uri().pinned(name, version)), public_key })
}

/// Opens an engine in which keys can be made.
pub(super) fn generator(uri: &VaultUri, around: &Surroundings) -> Result<Box<dyn Generate>, CustodyFault> {
    nameless(uri)?;
    Ok(Box::new(Generator::new(Engine::open(uri, around)?)))
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
