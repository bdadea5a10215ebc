//! A thief with access to the host of a service: he takes the running key out of its memory.
//!
//! Nothing gives the key away, so he tries whatever lies there until one has the public key that
//! the stolen delegation names. A running key lies there expanded: a scalar, and a prefix for nonces, for which any
//! other will do. On systems without `/proc` he finds nothing.
//!
//! The services protect their memory, so only a thief who is root there gets at it. Where this program is not, it
//! starts them with [`OPEN_MEMORY`], so that the rest of the story can be told.

use curve25519_dalek::Scalar;
use ed25519_dalek::VerifyingKey;
use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign};
use greatseal_core::key::PublicKey;
use greatseal_core::signature::Signature;
use greatseal_core::{Policy, View};
use greatseal_service::clock::{Clock, SystemClock};
use greatseal_testkit::secrets::Search;
use sha2::Sha512;

use crate::Fault;
use crate::realm::{invocation, pack};

/// Option of a service: it does not protect its memory.
pub const OPEN_MEMORY: &str = "--open-memory";

/// Says whether this process may read the memory of those that protect theirs: the right `CAP_SYS_PTRACE`.
#[must_use]
pub fn is_root_enough() -> bool {
    const CAP_SYS_PTRACE: u64 = 1 << 19;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let rights = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    rights.and_then(|rights| u64::from_str_radix(rights.trim(), 16).ok()).is_some_and(|it| it & CAP_SYS_PTRACE != 0)
}

/// A stolen key, with the delegations that it is worth.
#[derive(Debug)]
pub struct Thief {
    key: ExpandedSecretKey,
    public: PublicKey,
    proofs: Vec<Vec<u8>>,
}

impl Thief {
    /// Searches a process for the private half of a key.
    ///
    /// # Errors
    /// When there is no such process, or the key is not found.
    pub fn search(pid: u32, public: PublicKey, proofs: Vec<Vec<u8>>) -> Result<Self, Fault> {
        let finds = Search::of(public).over_process(pid)?;
        let key = finds
            .iter()
            .map(|find| ExpandedSecretKey {
                scalar: Scalar::from_bytes_mod_order(*find.secret()),
                hash_prefix: [7; 32],
            })
            .find(|key| VerifyingKey::from(key).as_bytes() == public.as_bytes())
            .ok_or("the key is not in the memory of that process")?;
        Ok(Self { key, public, proofs })
    }

    /// Invokes what the stolen delegation allows; returns the statement id beside.
    ///
    /// # Errors
    /// What the format says.
    pub fn invoke(&self, subject: PublicKey, audience: PublicKey, command: &str) -> Result<(String, String), Fault> {
        let unsigned = invocation(self.public, subject, audience, command, &self.proofs)?;
        let (request, public) = (unsigned.request(), VerifyingKey::from(&self.key));
        let signature = Signature::new(raw_sign::<Sha512>(&self.key, request.message(), &public).to_bytes());
        let view = View::new(Policy::Strict, Vec::new(), SystemClock.now());
        let id = unsigned.id().to_string();
        Ok((pack(unsigned.finish(&signature, &view)?.bytes(), &self.proofs)?, id))
    }
}
