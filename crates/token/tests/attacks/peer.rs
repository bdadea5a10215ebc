//! What the published wascap 0.16.2 says.

use greatseal_testkit::chain::Token;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wascap::jwt::{Component, Token as Extracted, WascapEntity, validate_token};

/// Says whether it has nothing to object to when asked for claims of this type.
pub(crate) fn accepts<T: Serialize + DeserializeOwned + WascapEntity>(token: &Token) -> bool {
    validate_token::<T>(token.text())
        .is_ok_and(|found| found.signature_valid && !found.expired && !found.cannot_use_yet)
}

/// Returns the token it finds in a module and takes for the module's own.
pub(crate) fn extracts(file: &[u8]) -> Option<Extracted<Component>> {
    wascap::wasm::extract_claims(file).ok().flatten()
}
