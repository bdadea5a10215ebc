//! Signing with a key in a token.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::ObjectHandle;
use greatseal_core::error::Quoted;
use greatseal_core::issue::SigningRequest;
use greatseal_core::key::{PublicKey, Spelled};
use greatseal_core::signature::Signature;
use sha2::{Digest, Sha256};

use super::access::Access;
use super::link::{Live, Purpose};
use super::trouble::Trouble;
use crate::custodian::{Custodian, Deadline, Description, Lock, check};
use crate::examination::{Audit, Examination, Rights};
use crate::fault::CustodyFault;
use crate::passphrase::PassphraseSource;
use crate::uri::{KeyUri, Pkcs11Uri};

/// A key in a token, its pinned public key, and whoever knows the token's PIN.
pub(super) struct TokenCustodian {
    pinned: Spelled,
    access: Access,
}

impl TokenCustodian {
    /// Reaches nothing yet.
    pub(super) fn new(uri: Pkcs11Uri, pinned: Spelled, source: Arc<dyn PassphraseSource>) -> Self {
        Self { pinned, access: Access::new(uri, Some(pinned), Purpose::Sign, source) }
    }
}

impl Custodian for TokenCustodian {
    fn describe(&self) -> Result<Description, CustodyFault> {
        Ok(Description {
            public_key: self.pinned.public_key(),
            uri: KeyUri::Pkcs11(self.access.uri().clone()),
            lock: Lock::Pin,
            largest_message: self.access.uri().max_message(),
            batch: NonZeroUsize::MIN,
        })
    }

    fn sign(&self, request: &SigningRequest, deadline: Deadline) -> Result<Signature, CustodyFault> {
        deadline.remaining()?;
        check(request, self.pinned.public_key())?;
        let work = Work::of(&self.pinned.public_key(), request.message())?;
        self.access.run(deadline, move |live, _| {
            let key = live.key()?.handle;
            work.sign(live, key)
        })
    }

    fn examine(&self, deadline: Deadline) -> Result<Examination, CustodyFault> {
        deadline.remaining()?;
        let place = self.access.place().to_owned();
        self.access.run(deadline, move |live, _| {
            // As it is now, and not as this session found it.
            let key = live.objects().key()?;
            let silent = || CustodyFault::Answer {
                place: place.clone(),
                message: Quoted::sentence("it keeps no public half of this key"),
            };
            let public_key = key.public.ok_or_else(silent)?;
            let (origin, extractable) = live.objects().claims(key.handle)?;
            let (rights, audit) = (Rights::Everything, Audit::Unknown);
            Ok(Examination { public_key, origin, extractable, version: None, rights, audit })
        })
    }
}

impl fmt::Debug for TokenCustodian {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenCustodian({}, {})", self.access.uri(), self.pinned)
    }
}

/// What is sent to a token for one signature.
pub(super) enum Work {
    /// Pure Ed25519: the whole message, and a mechanism without parameters.
    Ed25519(Vec<u8>),
    /// ECDSA over P-256: the digest. Hashing is ours, because not every token has SHA-256 for
    /// ECDSA, and because it makes the size of the message our affair alone.
    P256([u8; 32]),
}

impl Work {
    /// # Errors
    /// [`CustodyFault::Unsupported`] for a key on a curve that tokens are not used with.
    pub(super) fn of(key: &PublicKey, message: &[u8]) -> Result<Self, CustodyFault> {
        match key {
            PublicKey::Ed25519(_) => Ok(Self::Ed25519(message.into())),
            PublicKey::P256(_) => Ok(Self::P256(Sha256::digest(message).into())),
            PublicKey::Secp256k1(_) => {
                let problem = "keys in tokens are Ed25519 or P-256, and not secp256k1".into();
                Err(CustodyFault::Unsupported { problem })
            }
        }
    }

    /// Signs with a key of the session.
    pub(super) fn sign(&self, live: &Live, key: ObjectHandle) -> Result<Signature, Trouble> {
        let answer = match self {
            Self::Ed25519(message) => {
                let mechanism = Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Pure));
                live.session.sign(&mechanism, key, message)
            }
            Self::P256(digest) => live.session.sign(&Mechanism::Ecdsa, key, digest),
        };
        let bytes = answer.map_err(|error| live.trouble(&error, "sign"))?;
        let signature: [u8; 64] = bytes.as_slice().try_into().map_err(|_| CustodyFault::Answer {
            place: live.target.place.clone(),
            message: Quoted::sentence(&format!("a signature of {} bytes instead of 64", bytes.len())),
        })?;
        Ok(Signature::new(signature))
    }
}
