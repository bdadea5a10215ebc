//! Making keys in the engine.

use std::num::NonZeroU64;

use super::engine::{Call, Engine};
use crate::custodian::Deadline;
use crate::fault::CustodyFault;
use crate::name::KeyName;
use crate::place::{Algorithm, Generate, Placed};
use crate::uri::KeyUri;

/// An engine in which keys can be made.
pub(super) struct Generator {
    engine: Engine,
}

impl Generator {
    pub(super) const fn new(engine: Engine) -> Self {
        Self { engine }
    }
}

impl Generate for Generator {
    /// The engine says that all went well when there is a key of that name already, and makes
    /// nothing: so it is asked before. Gap: of two that make the same name in the same moment, both
    /// get the one key.
    fn generate(&self, name: &KeyName, algorithm: Algorithm, deadline: Deadline) -> Result<Placed, CustodyFault> {
        let engine = &self.engine;
        // Names hold no dot, so different names are different keys.
        let key = name.as_str().replace('/', ".");
        if engine.find_key(&key, deadline)?.is_some() {
            return Err(CustodyFault::Exists { name: name.clone() });
        }
        let kind = match algorithm {
            Algorithm::Ed25519 => "ed25519",
            Algorithm::P256 => "ecdsa-p256",
        };
        let body = serde_json::json!({ "type": kind, "exportable": false, "allow_plaintext_backup": false });
        let call = Call::post("make a key", engine.path(&["keys", &key]), body.to_string().into_bytes());
        let reply = engine.ask(&call, deadline)?;
        if !matches!(reply.status, 200 | 204) {
            return Err(engine.refusal(&reply, &key));
        }
        let made = engine.key(&key, deadline)?;
        if !made.is_fresh() {
            return Err(CustodyFault::Exists { name: name.clone() });
        }
        let version = NonZeroU64::MIN;
        let public_key = made.public_key(engine, &key, version)?;
        let matches = match algorithm {
            Algorithm::Ed25519 => public_key.ed25519().is_some(),
            Algorithm::P256 => public_key.ed25519().is_none(),
        };
        if !matches {
            return Err(CustodyFault::Exists { name: name.clone() });
        }
        Ok(Placed { uri: KeyUri::Vault(engine.uri().pinned(&key, version)), public_key })
    }
}
