//! Principals by name, for every algorithm that UCANs are read with.

use core::fmt;

use greatseal_core::key::{EcKey, PublicKey, Role};
use greatseal_core::signature::Signature;
use k256::ecdsa::signature::Signer as _;
use sha2::{Digest, Sha256};

use crate::chain::{TestKey, key};

/// Told apart from every seed that anybody might really use.
const DOMAIN: &[u8] = b"greatseal testkit UCAN, TEST ONLY, protects nothing: ";

/// A key pair that follows from its name and algorithm.
#[derive(Clone)]
pub struct Principal {
    name: String,
    secret: Secret,
}

#[derive(Clone)]
enum Secret {
    Ed25519(TestKey),
    P256(Box<p256::ecdsa::SigningKey>),
    Secp256k1(Box<k256::ecdsa::SigningKey>),
}

/// Returns the Ed25519 principal of that name.
#[must_use]
pub fn ed25519(name: &str) -> Principal {
    Principal { name: name.to_owned(), secret: Secret::Ed25519(key(Role::User, &format!("ucan {name}"))) }
}

/// Returns the P-256 principal of that name.
#[must_use]
pub fn p256(name: &str) -> Principal {
    let secret = p256::ecdsa::SigningKey::from_slice(&seed("p256", name)).expect("a digest is below the order");
    Principal { name: name.to_owned(), secret: Secret::P256(Box::new(secret)) }
}

/// Returns the secp256k1 principal of that name.
#[must_use]
pub fn secp256k1(name: &str) -> Principal {
    let secret = k256::ecdsa::SigningKey::from_slice(&seed("secp256k1", name)).expect("a digest is below the order");
    Principal { name: name.to_owned(), secret: Secret::Secp256k1(Box::new(secret)) }
}

fn seed(algorithm: &str, name: &str) -> [u8; 32] {
    let seed = Sha256::new().chain_update(DOMAIN).chain_update(algorithm).chain_update(" ").chain_update(name);
    seed.finalize().into()
}

impl Principal {
    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the public key.
    #[must_use]
    pub fn key(&self) -> PublicKey {
        let point = |bytes: &[u8]| EcKey::new(bytes.try_into().expect("a compressed point has 33 bytes"));
        match &self.secret {
            Secret::Ed25519(key) => key.nkey().public_key(),
            Secret::P256(key) => PublicKey::P256(point(key.verifying_key().to_sec1_point(true).as_bytes())),
            Secret::Secp256k1(key) => PublicKey::Secp256k1(point(key.verifying_key().to_sec1_point(true).as_bytes())),
        }
    }

    /// Returns the `did:key`.
    #[must_use]
    pub fn did(&self) -> String {
        self.key().to_string()
    }

    /// Returns the uncompressed point of a P-256 key, which no strict reader takes.
    #[must_use]
    pub fn uncompressed(&self) -> Option<Vec<u8>> {
        match &self.secret {
            Secret::P256(key) => Some(key.verifying_key().to_sec1_point(false).as_bytes().to_vec()),
            Secret::Ed25519(_) | Secret::Secp256k1(_) => None,
        }
    }

    /// Returns the same Ed25519 key as deeds are signed with.
    ///
    /// # Panics
    /// For a key of another algorithm: those sign no deeds.
    #[must_use]
    pub fn test_key(&self) -> &TestKey {
        match &self.secret {
            Secret::Ed25519(key) => key,
            Secret::P256(_) | Secret::Secp256k1(_) => panic!("only Ed25519 keys sign deeds"),
        }
    }

    /// Signs anything, as custody never would; the same bytes on every run (RFC 6979).
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        match &self.secret {
            Secret::Ed25519(key) => key.sign(message),
            Secret::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                Signature::new(signature.to_bytes().into())
            }
            Secret::Secp256k1(key) => {
                let signature: k256::ecdsa::Signature = key.sign(message);
                Signature::new(signature.to_bytes().into())
            }
        }
    }
}

impl PartialEq for Principal {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.key().short())
    }
}
