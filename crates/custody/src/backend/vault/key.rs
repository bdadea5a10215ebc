//! What the engine says of a key, and the public half of one of its versions.

use std::num::NonZeroU64;

use data_encoding::BASE64;
use greatseal_core::error::Quoted;
use greatseal_core::key::{EcKey, PublicKey, RawKey};

use super::answer::KeyAnswer;
use super::engine::{Call, Engine};
use crate::custodian::Deadline;
use crate::examination::{Extractable, Origin, Versions};
use crate::fault::CustodyFault;

/// What stands before the point of a P-256 key in a SubjectPublicKeyInfo (RFC 5480): algorithm,
/// curve, and that the point is not compressed.
const P256_PREFIX: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// A key as the engine tells of it.
pub(super) struct TransitKey(KeyAnswer);

impl Engine {
    /// Asks for a key.
    pub(super) fn key(&self, name: &str, deadline: Deadline) -> Result<TransitKey, CustodyFault> {
        self.find_key(name, deadline)?.ok_or_else(|| self.no_such_key(name))
    }

    /// Asks for a key that may not be there.
    pub(super) fn find_key(&self, name: &str, deadline: Deadline) -> Result<Option<TransitKey>, CustodyFault> {
        let reply = self.ask(&Call::get("read the key", self.path(&["keys", name])), deadline)?;
        if reply.status == 404 && reply.errors().is_some_and(|errors| errors.is_empty()) {
            return Ok(None);
        }
        if reply.status != 200 {
            return Err(self.refusal(&reply, name));
        }
        self.read(&reply).map(|answer| Some(TransitKey(answer)))
    }
}

impl TransitKey {
    pub(super) const fn latest(&self) -> u64 {
        self.0.latest_version
    }

    /// Says whether it was made inside just now, as we make keys.
    pub(super) fn is_fresh(&self) -> bool {
        let KeyAnswer { latest_version, exportable, allow_plaintext_backup, imported_key, .. } = &self.0;
        *latest_version == 1 && !exportable && !allow_plaintext_backup && *imported_key != Some(true)
    }

    /// Returns the versions, the pinned one among them.
    pub(super) fn versions(&self, pinned: NonZeroU64) -> Versions {
        let KeyAnswer { latest_version: latest, min_decryption_version, min_encryption_version, .. } = self.0;
        // A least of 0 for encryption means the newest when none is asked for, and we always ask for one.
        let least = min_decryption_version.max(min_encryption_version).max(1);
        Versions { pinned: pinned.get(), latest, least }
    }

    pub(super) const fn origin(&self) -> Origin {
        match self.0.imported_key {
            Some(true) => Origin::Imported,
            Some(false) => Origin::GeneratedInside,
            None => Origin::Unknown,
        }
    }

    /// "Not exportable" holds until somebody configures it otherwise, for the versions there are too.
    pub(super) const fn extractable(&self) -> Extractable {
        if self.0.exportable || self.0.allow_plaintext_backup { Extractable::Yes } else { Extractable::Configurable }
    }

    /// Returns the public half of a version.
    pub(super) fn public_key(
        &self,
        engine: &Engine,
        name: &str,
        version: NonZeroU64,
    ) -> Result<PublicKey, CustodyFault> {
        let KeyAnswer { kind, keys, latest_version: latest, derived, .. } = &self.0;
        let unsupported = |what: &str| {
            let problem =
                format!("{}, key {name}: {what}; keys that sign tokens are ed25519 or ecdsa-p256", engine.name());
            CustodyFault::Unsupported { problem }
        };
        if *derived {
            return Err(unsupported("each use derives another key from it"));
        }
        if !matches!(kind.as_str(), "ed25519" | "ecdsa-p256") {
            return Err(unsupported(&format!("it is of the type {}", Quoted::new(kind))));
        }
        let Some(entry) = keys.get(&version.to_string()) else {
            let problem = if version.get() > *latest {
                format!("version {version} is pinned, the newest is {latest}")
            } else {
                format!(
                    "version {version} is pinned and signs no more: somebody raised the least version, now of {latest}"
                )
            };
            return Err(engine.version(name, problem));
        };
        let text = entry.get("public_key").and_then(serde_json::Value::as_str).unwrap_or_default();
        let key = if kind == "ed25519" { ed25519(text) } else { p256(text) };
        key.ok_or_else(|| engine.nonsense("a public key that is none"))
    }
}

fn ed25519(text: &str) -> Option<PublicKey> {
    let bytes: [u8; 32] = BASE64.decode(text.as_bytes()).ok()?.try_into().ok()?;
    Some(PublicKey::Ed25519(RawKey::new(bytes)))
}

/// Reads a SubjectPublicKeyInfo in PEM, and compresses the point; whether it is one, core finds
/// when it verifies.
fn p256(text: &str) -> Option<PublicKey> {
    let inner = text.trim().strip_prefix("-----BEGIN PUBLIC KEY-----")?.strip_suffix("-----END PUBLIC KEY-----")?;
    let base64: String = inner.split_ascii_whitespace().collect();
    let der = BASE64.decode(base64.as_bytes()).ok()?;
    let (x, y) = der.strip_prefix(&P256_PREFIX)?.split_at_checked(32)?;
    let y: [u8; 32] = y.try_into().ok()?;
    let mut point = [2; 33];
    let (sign, rest) = point.split_first_mut()?;
    *sign += y.last()? & 1;
    rest.copy_from_slice(x);
    Some(PublicKey::P256(EcKey::new(point)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by OpenBao 2.7.2.
    const PEM: &str = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEVg+glWcmEv42Pql3X4LhXfqVZbaV\n\
                       NFHdmcgi2ciu+xymyrbE9XynDSv4HDMrx+iJ/50p/GsMDUOSFOHUeaKOmg==\n-----END PUBLIC KEY-----\n";

    #[test]
    fn a_point_is_compressed() {
        let Some(PublicKey::P256(key)) = p256(PEM) else { panic!("no key") };
        let x = "560fa095672612fe363ea9775f82e15dfa9565b6953451dd99c822d9c8aefb1c";
        assert_eq!(data_encoding::HEXLOWER.encode(key.as_bytes()), format!("02{x}"));
    }

    #[test]
    fn what_is_no_key_is_none() {
        let short = PEM.replace("HUeaKOmg==", "");
        for text in [
            "",
            "x",
            &PEM.replace("MFkw", "MFow"),
            &PEM.replace("DAQcDQgAEV", "DAQcDQgACV"),
            &short,
            &PEM.replace("BEGIN", "END"),
        ] {
            assert_eq!(p256(text), None, "{text}");
        }
        for text in ["", "AAAA", PEM] {
            assert_eq!(ed25519(text), None);
        }
        assert!(ed25519("XpdHa8uVtKtp5n63jsgKuQKVhFTmQg5Z1mj9I+26Yl8=").is_some());
    }
}
