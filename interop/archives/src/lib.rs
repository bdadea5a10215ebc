//! The keys and the peer's writer, for the program and the tests.

use std::error::Error;
use std::path::Path;

use greatseal_testkit::chain::{Realm, TestKey, provider};
use provider_archive::ProviderArchive;
use nkeys::{KeyPair, KeyPairType};

/// Programs by target.
pub type Programs<'a> = &'a [(&'a str, &'a [u8])];

/// The realm that the archives are signed in; its keys follow from its name and protect nothing.
#[must_use]
pub fn realm() -> Realm {
    Realm::new("archives")
}

/// The account's signing key.
#[must_use]
pub fn issuer() -> TestKey {
    realm().account_signer
}

/// The provider.
#[must_use]
pub fn subject() -> TestKey {
    provider("archives")
}

/// Writes an archive with the peer.
///
/// # Errors
/// Whatever the peer says.
pub async fn write(
    path: &Path,
    programs: Programs<'_>,
    world: Option<&[u8]>,
    compress: bool,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let pair = |kind, key: &TestKey| KeyPair::new_from_raw(kind, key.seed());
    let mut archive = ProviderArchive::new("Archived", "greatseal", Some(3), Some("0.3.0".into()));
    for (target, program) in programs {
        archive.add_library(target, program)?;
    }
    if let Some(world) = world {
        archive.add_wit_world(world)?;
        archive.set_schema(serde_json::json!({ "type": "object" }))?;
    }
    let (issuer, subject) = (pair(KeyPairType::Account, &issuer())?, pair(KeyPairType::Service, &subject())?);
    archive.write(path, &issuer, &subject, compress).await
}
