//! Keys by name and role.

use core::fmt;

use ed25519_zebra::{SigningKey, VerificationKeyBytes};
use greatseal_core::issue::SigningRequest;
use greatseal_core::key::{Key, KeyRole, Nkey, RawKey, Role};
use greatseal_core::signature::Signature;
use sha2::{Digest, Sha256};

/// Told apart from every seed that anybody might really use.
const DOMAIN: &[u8] = b"greatseal testkit, TEST ONLY, protects nothing: ";

/// A key pair whose seed follows from its name and role.
#[derive(Clone)]
pub struct TestKey {
    role: Role,
    seed: [u8; 32],
}

/// Returns the key of that role and name.
#[must_use]
pub fn key(role: Role, name: &str) -> TestKey {
    let seed = Sha256::new().chain_update(DOMAIN).chain_update(role.word()).chain_update(" ").chain_update(name);
    TestKey { role, seed: seed.finalize().into() }
}

/// Returns the operator key of that name.
#[must_use]
pub fn operator(name: &str) -> TestKey {
    key(Role::Operator, name)
}

/// Returns the account key of that name.
#[must_use]
pub fn account(name: &str) -> TestKey {
    key(Role::Account, name)
}

/// Returns the module key of that name.
#[must_use]
pub fn module(name: &str) -> TestKey {
    key(Role::Module, name)
}

/// Returns the provider key of that name.
#[must_use]
pub fn provider(name: &str) -> TestKey {
    key(Role::Provider, name)
}

impl TestKey {
    /// Returns the same raw key, spelled under another letter.
    #[must_use]
    pub fn spelled(&self, role: Role) -> Self {
        Self { role, seed: self.seed }
    }

    /// Returns the public key with its role.
    #[must_use]
    pub fn nkey(&self) -> Nkey {
        let public = VerificationKeyBytes::from(&SigningKey::from(self.seed));
        Nkey::new(self.role, RawKey::new(public.into()))
    }

    /// Returns the public key for a place of role `R`, whatever letter it is spelled under.
    #[must_use]
    pub fn typed<R: KeyRole>(&self) -> Key<R> {
        Key::new(*self.nkey().raw())
    }

    /// Returns the role.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Returns the seed, for handing it to a peer.
    #[must_use]
    pub const fn seed(&self) -> [u8; 32] {
        self.seed
    }

    /// Signs anything, as custody never would.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature::new(SigningKey::from(self.seed).sign(message).to_bytes())
    }

    /// Answers a request as custody does: only for this key.
    #[must_use]
    pub fn answer(&self, request: &SigningRequest) -> Signature {
        assert_eq!(request.signer(), &self.nkey().public_key(), "the request asks for another key");
        self.sign(request.message())
    }
}

impl fmt::Display for TestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.nkey().fmt(f)
    }
}

impl fmt::Debug for TestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TestKey({})", self.nkey())
    }
}
