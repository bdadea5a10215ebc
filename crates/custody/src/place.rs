//! Places in which keys can be made, or to which they can be brought.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use greatseal_core::key::PublicKey;

use crate::custodian::Deadline;
use crate::fault::CustodyFault;
use crate::name::KeyName;
use crate::passphrase::PassphraseSource;
use crate::seed::Seed;
use crate::uri::KeyUri;

/// The algorithm of a key that is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519: every family of tokens.
    Ed25519,
    /// ECDSA over P-256: UCANs alone.
    P256,
}

/// A key that is in its place now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Where, exactly: with everything that is needed to find it again.
    pub uri: KeyUri,
    /// Its public half, as the place told it.
    pub public_key: PublicKey,
}

/// A place that makes keys, whose private halves never leave it.
pub trait Generate {
    /// Makes a key; its name there is made of `name`. A name that is taken is refused.
    ///
    /// # Errors
    /// [`CustodyFault::Unsupported`] for an algorithm that it does not have; else what keeps it
    /// from being made.
    fn generate(&self, name: &KeyName, algorithm: Algorithm, deadline: Deadline) -> Result<Placed, CustodyFault>;
}

/// A place that takes keys which were made elsewhere.
pub trait Import {
    /// Brings a seed in; its name there is made of `name`. A name that is taken is refused.
    ///
    /// # Errors
    /// What keeps it from being brought in; then it is not there.
    fn import(&self, name: &KeyName, seed: &Seed, deadline: Deadline) -> Result<Placed, CustodyFault>;
}

/// What this room is told of its surroundings, which it does not look up itself.
#[derive(Clone)]
pub struct Surroundings {
    /// Who knows passphrases and PINs.
    pub passphrases: Arc<dyn PassphraseSource>,
    /// The user's home folder, below which clients of other programs keep their files.
    pub home: Option<PathBuf>,
    /// The socket of the agent of OpenSSH.
    pub agent_socket: Option<PathBuf>,
    /// The address of OpenBao or Vault, for URIs that name none.
    pub vault_address: Option<String>,
    /// Files with age identities, for key files that are encrypted to recipients.
    pub identities: Vec<PathBuf>,
}

impl Surroundings {
    /// Knows nothing but who is asked for passphrases.
    #[must_use]
    pub fn of(passphrases: Arc<dyn PassphraseSource>) -> Self {
        Self { passphrases, home: None, agent_socket: None, vault_address: None, identities: Vec::new() }
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passphrases: _, home, agent_socket, vault_address, identities } = self;
        f.debug_struct("Surroundings")
            .field("home", home)
            .field("agent_socket", agent_socket)
            .field("vault_address", vault_address)
            .field("identities", identities)
            .finish_non_exhaustive()
    }
}
