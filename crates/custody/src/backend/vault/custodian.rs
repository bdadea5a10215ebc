//! Signing with a pinned version of a key.

use std::fmt;
use std::num::{NonZeroU64, NonZeroUsize};

use data_encoding::BASE64;
use greatseal_core::issue::SigningRequest;
use greatseal_core::key::PublicKey;
use greatseal_core::limits::UCAN_BYTES;
use greatseal_core::signature::Signature;
use serde::Serialize;

use super::answer::{NoSignature, Signed, SignedAll, SignedItem, is_about_version, signature};
use super::engine::{Call, Engine};
use crate::custodian::{Custodian, Deadline, Description, Lock, check};
use crate::examination::Examination;
use crate::fault::CustodyFault;
use crate::uri::{KeyUri, VaultKind, VaultUri};

/// Messages of one batch. OpenBao refuses 500 for the number of strings; 100 it takes.
const BATCH: NonZeroUsize = NonZeroUsize::new(100).unwrap();
/// Base64 characters of all messages of one batch, so that a request stays far under the 32 MiB
/// that servers take.
const BATCH_CHARS: usize = 4 * 1024 * 1024;
/// Vault reads no JSON text longer than 1 MiB (`max_json_string_value_length`), which is so much
/// before base64.
const VAULT_BYTES: usize = 768 * 1024;

/// One version of one key, with its pinned public half.
pub(super) struct VaultCustodian {
    engine: Engine,
    uri: VaultUri,
    key: String,
    version: NonZeroU64,
    pinned: PublicKey,
}

/// What is asked for: the pinned version, and for ECDSA the digest and the form of the signature.
/// Ed25519 ignores both: it is pure, over the whole message.
#[derive(Serialize)]
struct Question<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_input: Option<Vec<Input>>,
    key_version: NonZeroU64,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash_algorithm: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    marshaling_algorithm: Option<&'a str>,
}

#[derive(Serialize)]
struct Input {
    input: String,
}

impl VaultCustodian {
    pub(super) fn new(
        engine: Engine,
        uri: VaultUri,
        key: String,
        version: NonZeroU64,
        pinned: PublicKey,
    ) -> Result<Self, CustodyFault> {
        match pinned {
            PublicKey::Ed25519(_) | PublicKey::P256(_) => Ok(Self { engine, uri, key, version, pinned }),
            PublicKey::Secp256k1(_) => {
                let problem = format!("{} has no keys on secp256k1", engine.name());
                Err(CustodyFault::Unsupported { problem })
            }
        }
    }

    const fn largest_message(&self) -> usize {
        match self.uri.kind() {
            VaultKind::OpenBao => UCAN_BYTES,
            VaultKind::HashicorpVault => VAULT_BYTES,
        }
    }

    /// Asks for signatures over one message or several.
    fn question(&self, messages: &[&[u8]]) -> Result<Call, CustodyFault> {
        let mut inputs: Vec<_> = messages.iter().map(|message| Input { input: BASE64.encode(message) }).collect();
        let single = if inputs.len() == 1 { inputs.pop().map(|one| one.input) } else { None };
        let ecdsa = matches!(self.pinned, PublicKey::P256(_));
        let question = Question {
            batch_input: single.is_none().then_some(inputs),
            input: single,
            key_version: self.version,
            hash_algorithm: ecdsa.then_some("sha2-256"),
            marshaling_algorithm: ecdsa.then_some("jws"),
        };
        let body = serde_json::to_vec(&question).map_err(|error| self.engine.nonsense(&error.to_string()))?;
        Ok(Call::post("sign", self.engine.path(&["sign", &self.key]), body))
    }

    /// Reads a signature by the pinned version.
    fn signature(&self, text: &str) -> Result<Signature, CustodyFault> {
        signature(text, self.version.get(), &self.pinned).map_err(|problem| match problem {
            NoSignature::Version(found) => {
                let problem = format!("version {} is pinned, and version {found} signed", self.version);
                self.engine.version(&self.key, problem)
            }
            NoSignature::Malformed => self.engine.nonsense("a signature that is none"),
        })
    }

    /// Has a few signed in one call.
    fn sign_together(
        &self,
        messages: &[&[u8]],
        deadline: Deadline,
    ) -> Result<Vec<Result<Signature, CustodyFault>>, CustodyFault> {
        deadline.remaining()?;
        let reply = self.engine.ask(&self.question(messages)?, deadline)?;
        if messages.len() == 1 {
            if reply.status != 200 {
                return Err(self.engine.refusal(&reply, &self.key));
            }
            let Signed { signature } = self.engine.read(&reply)?;
            return Ok(vec![self.signature(&signature)]);
        }
        // Vault tells by its status when some of them failed; each item tells for itself.
        let items = match (reply.status, self.engine.read::<SignedAll>(&reply)) {
            (200 | 400, Ok(SignedAll { batch_results })) => batch_results,
            (200, Err(fault)) => return Err(fault),
            _ => return Err(self.engine.refusal(&reply, &self.key)),
        };
        if items.len() != messages.len() {
            return Err(self.engine.nonsense("another number of signatures than was asked for"));
        }
        Ok(items.into_iter().map(|item| self.item(item)).collect())
    }

    fn item(&self, item: SignedItem) -> Result<Signature, CustodyFault> {
        match item {
            SignedItem { error: Some(error), .. } if !error.is_empty() => Err(if is_about_version(&error) {
                self.engine.version_refused(&self.key, &error)
            } else {
                self.engine.answered(&error)
            }),
            SignedItem { signature: Some(text), .. } => self.signature(&text),
            SignedItem { .. } => Err(self.engine.nonsense("neither a signature nor an error")),
        }
    }
}

impl Custodian for VaultCustodian {
    fn describe(&self) -> Result<Description, CustodyFault> {
        Ok(Description {
            public_key: self.pinned,
            uri: KeyUri::Vault(self.uri.clone()),
            lock: Lock::None,
            largest_message: self.largest_message(),
            batch: BATCH,
        })
    }

    fn sign(&self, request: &SigningRequest, deadline: Deadline) -> Result<Signature, CustodyFault> {
        deadline.remaining()?;
        check(request, self.pinned)?;
        let mut answers = self.sign_together(&[request.message()], deadline)?;
        answers.pop().unwrap_or(Err(CustodyFault::Deadline))
    }

    fn sign_batch(&self, requests: &[SigningRequest], deadline: Deadline) -> Vec<Result<Signature, CustodyFault>> {
        let refusals: Vec<_> = requests.iter().map(|request| check(request, self.pinned).err()).collect();
        let mut fit = requests.iter().zip(&refusals).filter(|(_, refusal)| refusal.is_none()).peekable();
        let mut signed = Vec::with_capacity(requests.len());
        let mut messages = Vec::new();
        let mut chars = 0;
        while let Some((request, _)) = fit.next() {
            messages.push(request.message());
            chars += BASE64.encode_len(request.message().len());
            let more = fit.peek().map(|(next, _)| BASE64.encode_len(next.message().len()));
            if more.is_none_or(|more| messages.len() == BATCH.get() || chars.saturating_add(more) > BATCH_CHARS) {
                match self.sign_together(&messages, deadline) {
                    Ok(answers) => signed.extend(answers),
                    Err(fault) => signed.extend(messages.iter().map(|_| Err(fault.clone()))),
                }
                messages.clear();
                chars = 0;
            }
        }
        let mut signed = signed.into_iter();
        let answer = |refusal: Option<CustodyFault>| match refusal {
            Some(fault) => Err(fault),
            None => signed.next().unwrap_or(Err(CustodyFault::Deadline)),
        };
        refusals.into_iter().map(answer).collect()
    }

    fn examine(&self, deadline: Deadline) -> Result<Examination, CustodyFault> {
        self.engine.examine(&self.key, self.version, deadline)
    }
}

impl fmt::Debug for VaultCustodian {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VaultCustodian({} version {} in {:?}, {})", self.key, self.version, self.engine, self.pinned)
    }
}
