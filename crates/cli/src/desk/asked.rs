//! Requests of wallets for running keys.

use std::path::Path;

use greatseal_core::key::PublicKey;

use super::Desk;
use crate::problem::Problem;
use crate::realm::Name;

/// What a wallet asks for, proven by the keys that it is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) key: PublicKey,
    /// The running key that vouches for it.
    pub(crate) previous: Option<PublicKey>,
}

impl Desk {
    /// Reads what a wallet asks for, and believes it only by the signatures of the keys that it is
    /// about.
    ///
    /// # Errors
    /// `GS-RUNNING-KEY-REQUEST` for anything but a request for this service; what is wrong with its
    /// signatures or times.
    #[cfg(feature = "online")]
    pub(crate) fn asked(&self, service: &Name, path: &Path) -> Result<Asked, Problem> {
        use greatseal_core::limits::TEXT_FILE_BYTES;
        use greatseal_service::ServiceFault;
        use greatseal_service::request::RunningKeyRequest;

        use crate::text;

        let (_, identity) = self.realm.service(service)?;
        let bytes = crate::files::read(path, TEXT_FILE_BYTES)?;
        let read = RunningKeyRequest::read(&bytes, identity.public_key(), self.now).map_err(|fault| {
            let (code, why) = match &fault {
                ServiceFault::Refused(fault) => (fault.code(), text::sentence(fault)),
                ServiceFault::Request { .. }
                | ServiceFault::Waiting { .. }
                | ServiceFault::NoRoute { .. }
                | ServiceFault::Issue(_)
                | ServiceFault::Custody(_)
                | ServiceFault::Decode(_)
                | ServiceFault::Busy { .. }
                | ServiceFault::Damaged { .. }
                | ServiceFault::Io { .. }
                | ServiceFault::TooMuch { .. } => (fault.code(), fault.to_string()),
            };
            Problem::new(code, why).within(&text::path(path))
        })?;
        Ok(Asked { key: read.key, previous: read.previous })
    }

    /// Refuses: the build for the offline machine has nothing of services in it.
    ///
    /// # Errors
    /// `GS-USAGE`, always.
    #[cfg(not(feature = "online"))]
    pub(crate) fn asked(&self, _service: &Name, _path: &Path) -> Result<Asked, Problem> {
        Err(Problem::usage("this build, for an offline machine, reads no requests of wallets")
            .hint("Name the key by its DID, `--key DID`, or sign what another machine left: `greatseal request sign`."))
    }
}
