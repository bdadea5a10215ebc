//! Opening a key file by whatever it is encrypted to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use greatseal_core::key::Spelled;

use crate::custodian::Deadline;
use crate::encrypted::{self, Kind};
use crate::fault::CustodyFault;
use crate::identities::Identities;
use crate::name::KeyName;
use crate::passphrase::PassphraseSource;
use crate::place::Surroundings;
#[cfg(feature = "age-plugin")]
use crate::plugin::{self, Ask};
use crate::seed::Seed;

/// Whoever knows passphrases, and the files with identities.
pub(crate) struct Unlocker {
    source: Arc<dyn PassphraseSource>,
    identities: Vec<PathBuf>,
}

impl Unlocker {
    pub(crate) fn new(source: Arc<dyn PassphraseSource>, identities: Vec<PathBuf>) -> Self {
        Self { source, identities }
    }

    pub(crate) fn with_identities(self, identities: Vec<PathBuf>) -> Self {
        Self { identities, ..self }
    }

    pub(crate) fn of(around: &Surroundings) -> Self {
        Self::new(Arc::clone(&around.passphrases), around.identities.clone())
    }

    /// Says whether there is any identity to try.
    pub(crate) fn has_identities(&self) -> bool {
        !self.identities.is_empty()
    }

    /// Asks, decrypts and compares, in this order.
    ///
    /// The deadline ends what plugins do; typing and scrypt, which is bounded, are not cut short.
    pub(crate) fn unlock(
        &self,
        bytes: &[u8],
        path: &Path,
        name: &KeyName,
        pinned: Spelled,
        deadline: Deadline,
    ) -> Result<Seed, CustodyFault> {
        let seed = match encrypted::kind(bytes).map_err(|refusal| refusal.of(path))? {
            Kind::Passphrase => {
                let passphrase = self.source.passphrase(name, &pinned)?;
                encrypted::decrypt(bytes, &passphrase).map_err(|refusal| refusal.of(path))?
            }
            Kind::Recipients => self.by_identity(bytes, path, name, pinned, deadline)?,
        };
        if seed.nkey().public_key() != pinned.public_key() {
            return Err(CustodyFault::Pin { pinned, found: seed.nkey().into() });
        }
        Ok(seed)
    }

    #[cfg_attr(not(feature = "age-plugin"), expect(unused_variables, reason = "nothing waits without plugins"))]
    fn by_identity(
        &self,
        bytes: &[u8],
        path: &Path,
        name: &KeyName,
        pinned: Spelled,
        deadline: Deadline,
    ) -> Result<Seed, CustodyFault> {
        if !self.has_identities() {
            let problem = format!(
                "{} is encrypted to recipients: name the file with an identity of one of them, `--identity FILE`",
                path.display()
            );
            return Err(CustodyFault::Setup { problem });
        }
        let ask = |file: &Path| self.source.identity_passphrase(file, name, &pinned);
        let identities = Identities::read(&self.identities, ask)?;
        if let Some(seed) = encrypted::decrypt_by(bytes, &identities.own).map_err(|refusal| refusal.of(path))? {
            return Ok(seed);
        }
        #[cfg(feature = "age-plugin")]
        {
            let ask = Ask::new(Arc::clone(&self.source));
            if let Some(seed) = plugin::decrypt(bytes, path, &identities.plugins, &ask, deadline)? {
                return Ok(seed);
            }
        }
        Err(CustodyFault::NotAddressed { path: path.into() })
    }
}
