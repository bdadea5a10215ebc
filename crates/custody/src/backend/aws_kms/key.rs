//! One key of the service, as a custodian.

use std::fmt;
use std::num::NonZeroUsize;

use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, OriginType, SigningAlgorithmSpec};
use greatseal_core::issue::SigningRequest;
use greatseal_core::key::{PublicKey, Spelled};
use greatseal_core::limits::UCAN_BYTES;
use greatseal_core::signature::Signature;
use sha2::{Digest as _, Sha256};

use super::formats;
use super::service::{Again, Service};
use crate::custodian::{Custodian, Deadline, Description, Lock, check};
use crate::examination::{Audit, Examination, Extractable, Origin, Rights};
use crate::fault::CustodyFault;
use crate::uri::{AwsKmsUri, KeyUri};

/// Bytes of the largest message that the service takes whole (API reference, Sign, `Message`).
const RAW_BYTES: usize = 4_096;

/// A key of AWS KMS, and the key that is pinned for it.
pub(super) struct AwsKmsCustodian {
    uri: AwsKmsUri,
    pinned: PublicKey,
    service: Service,
}

impl AwsKmsCustodian {
    /// Takes a key by its URI; nothing is reached yet.
    pub(super) fn new(uri: AwsKmsUri, pinned: Spelled) -> Result<Self, CustodyFault> {
        named(&uri)?;
        let pinned = pinned.public_key();
        algorithm(&pinned)?;
        let service = Service::new(&uri);
        Ok(Self { uri, pinned, service })
    }

    /// Asks how a key came there. Who may sign need not be allowed to ask that.
    fn origin(&self, deadline: Deadline) -> Result<Origin, CustodyFault> {
        let id = named(&self.uri)?;
        let call = self.service.about("describe the key", id);
        let (told, id) = (call.clone(), id.to_owned());
        let answer = self.service.call(&call, Again::Unanswered, deadline, move |client| {
            let (call, id) = (told.clone(), id.clone());
            async move {
                let answer = client.describe_key().key_id(id).send().await.map_err(|error| call.trouble(error))?;
                let origin = answer.key_metadata().and_then(|key| key.origin());
                Ok(match origin {
                    Some(OriginType::AwsKms) => Origin::GeneratedInside,
                    Some(OriginType::External) => Origin::Imported,
                    // In modules that the customer runs: how it came there, those know.
                    _ => Origin::Unknown,
                })
            }
        });
        match answer {
            Err(CustodyFault::Denied { .. }) => Ok(Origin::Unknown),
            answer => answer,
        }
    }
}

impl Custodian for AwsKmsCustodian {
    fn describe(&self) -> Result<Description, CustodyFault> {
        Ok(Description {
            public_key: self.pinned,
            uri: KeyUri::AwsKms(self.uri.clone()),
            lock: Lock::None,
            // Pure Ed25519 needs the whole message there; of P-256 its digest is enough.
            largest_message: if self.pinned.ed25519().is_some() { RAW_BYTES } else { UCAN_BYTES },
            batch: NonZeroUsize::MIN,
        })
    }

    fn sign(&self, request: &SigningRequest, deadline: Deadline) -> Result<Signature, CustodyFault> {
        deadline.remaining()?;
        check(request, self.pinned)?;
        let (algorithm, pinned, id) = (algorithm(&self.pinned)?, self.pinned, named(&self.uri)?);
        let (kind, message) = match request.message() {
            whole if whole.len() <= RAW_BYTES => (MessageType::Raw, Blob::new(whole)),
            whole if pinned.ed25519().is_some() => {
                return Err(CustodyFault::TooLarge { found: whole.len(), limit: RAW_BYTES });
            }
            whole => (MessageType::Digest, Blob::new(Sha256::digest(whole).as_slice())),
        };
        let call = self.service.about("sign", id);
        let (told, id) = (call.clone(), id.to_owned());
        self.service.call(&call, Again::Unanswered, deadline, move |client| {
            let (call, id) = (told.clone(), id.clone());
            let (algorithm, kind, message) = (algorithm.clone(), kind.clone(), message.clone());
            async move {
                let sign = client.sign().key_id(id).signing_algorithm(algorithm).message_type(kind).message(message);
                let answer = sign.send().await.map_err(|error| call.trouble(error))?;
                let bytes = answer.signature().ok_or_else(|| call.nonsense("no signature"))?.as_ref();
                formats::signature(&pinned, bytes).ok_or_else(|| {
                    call.nonsense(&format!(
                        "{} bytes that are no signature of a {} key",
                        bytes.len(),
                        pinned.algorithm()
                    ))
                })
            }
        })
    }

    fn examine(&self, deadline: Deadline) -> Result<Examination, CustodyFault> {
        let held = self.service.public_key(named(&self.uri)?, deadline)?;
        Ok(Examination {
            public_key: held.public_key,
            origin: self.origin(deadline)?,
            // There is no operation that gives a private key out, for nobody.
            extractable: Extractable::Never,
            // An asymmetric key has one version, and is never rotated under its id.
            version: None,
            // Policies, grants and roles decide together, and the service does not say what comes of it.
            rights: Rights::Unknown,
            // CloudTrail is another service; whether somebody keeps its events, this one does not know.
            audit: Audit::Unknown,
        })
    }
}

impl fmt::Debug for AwsKmsCustodian {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AwsKmsCustodian({}, {})", self.uri, self.pinned)
    }
}

/// Returns the key that a URI names.
pub(super) fn named(uri: &AwsKmsUri) -> Result<&str, CustodyFault> {
    uri.key().ok_or_else(|| CustodyFault::Unsupported { problem: format!("{uri} names the service, and no key in it") })
}

/// Returns the service's name of our algorithm; its Ed25519ph is another signature, which no
/// verifier of ours takes.
fn algorithm(key: &PublicKey) -> Result<SigningAlgorithmSpec, CustodyFault> {
    match key {
        PublicKey::Ed25519(_) => Ok(SigningAlgorithmSpec::Ed25519Sha512),
        PublicKey::P256(_) => Ok(SigningAlgorithmSpec::EcdsaSha256),
        PublicKey::Secp256k1(_) => Err(CustodyFault::Unsupported {
            problem: "in AWS KMS we use Ed25519 and P-256, and this key is secp256k1".into(),
        }),
    }
}
