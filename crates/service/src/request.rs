//! How a service asks for a running key, and how whoever holds its identity reads that.
//!
//! A request is a container of invocations of `/greatseal/running-key`, addressed to the service's
//! identity, without proofs: `sub` and `iss` are the key that speaks. The new key asks for itself,
//! which shows that the service holds it: `{service, key}`, and `previous` where the process has a
//! running key already. Then that key speaks too, by `/greatseal/running-key/vouch` with the same
//! arguments: whoever approves sees that the process that asks is the one that was trusted before.
//! None of it authorises anything.

use std::num::NonZeroUsize;

use greatseal_core::decide::{Candidate, Decision};
use greatseal_core::error::Fault;
use greatseal_core::key::{PublicKey, did};
use greatseal_core::supply::Supply;
use greatseal_core::view::Audience;
use greatseal_core::{Anchor, Command, Policy, Timestamp, View};
use greatseal_custody::RunningKey;
use greatseal_token::ucan::cbor::{MapBuf, Value};
use greatseal_token::ucan::container::{self, Encoding};
use greatseal_token::ucan::{Invocation, Ucan, Verifier, encode};

use crate::fault::ServiceFault;
use crate::material::{Material, take_apart};
use crate::wallet::{finish, nonce};

/// What a request invokes.
pub const RUNNING_KEY: &str = "/greatseal/running-key";

/// What the key that is in use invokes beside, for the new one.
pub const VOUCH: &str = "/greatseal/running-key/vouch";

/// The file in the wallet's folder that a request is written to.
pub const REQUEST_FILE: &str = "request.ucan";

/// A request that was read and verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunningKeyRequest {
    /// The identity of the service that asks.
    pub service: PublicKey,
    /// The key it asks for; the request is signed by it.
    pub key: PublicKey,
    /// The running key that vouches for the new one, if there was one; it signed too.
    pub previous: Option<PublicKey>,
    /// The last second in which the request is worth an answer.
    pub expires: Timestamp,
}

impl RunningKeyRequest {
    /// Reads a request from a container in any encoding, and believes it.
    ///
    /// Whether `previous` is a key that was delegated to is for the caller to look up.
    ///
    /// # Errors
    /// [`ServiceFault::Request`] when it asks for something else, [`ServiceFault::Refused`] when it
    /// is not signed, out of date, or for another service.
    pub fn read(bytes: &[u8], service: PublicKey, now: Timestamp) -> Result<Self, ServiceFault> {
        let other = |why| ServiceFault::Request { why };
        let Material::Ucans(tokens) = take_apart(bytes)? else { return Err(other("it is a deed")) };
        let mut verifier = Verifier::new(NonZeroUsize::MIN);
        let view = View::new(Policy::Strict, vec![Anchor::Subject], now).addressed_to(Audience::Key(service));
        let mut said = Vec::new();
        for token in &tokens {
            said.push(Said::read(verifier.read(token)?, &mut verifier, &view)?);
        }
        let asked = match &*said {
            [asked] | [asked, _] | [_, asked] if asked.speaks_for_itself() => asked,
            _ => return Err(other("no key asks for itself")),
        };
        let vouched = said.iter().find(|it| it.vouches);
        let sound = asked.service == service
            && match (asked.previous, vouched, said.len()) {
                (None, None, 1) => true,
                (Some(previous), Some(it), 2) => {
                    it.speaker == previous
                        && it.previous == Some(previous)
                        && it.key == asked.key
                        && it.service == service
                }
                _ => false,
            };
        if !sound {
            return Err(other("what its keys say does not agree"));
        }
        Ok(Self { service, key: asked.key, previous: asked.previous, expires: asked.expires })
    }

    /// Writes the request of a new key, vouched for by the one that is in use.
    pub(crate) fn write(
        service: PublicKey,
        new: &RunningKey,
        previous: Option<&RunningKey>,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<u8>, ServiceFault> {
        let mut json = serde_json::json!({ "service": service.to_string(), "key": new.public_key().to_string() });
        if let (Some(previous), Some(members)) = (previous, json.as_object_mut()) {
            members.insert("previous".into(), previous.public_key().to_string().into());
        }
        // Two short texts or three: nothing that CBOR could not hold.
        let args = MapBuf::from_json(&json).map_err(greatseal_core::error::DecodeFault::from)?;
        let mut tokens = Vec::new();
        for (key, command) in core::iter::once((new, RUNNING_KEY)).chain(previous.map(|key| (key, VOUCH))) {
            let speaker = key.public_key();
            let command = command_of(command)?;
            let invocation =
                Invocation::new(speaker, speaker, command, args.clone(), &[], &nonce()?, Some(expires)).to(service);
            let unsigned = encode(&Ucan::from(invocation.made_at(now)))?;
            tokens.push(finish(unsigned, key, now)?.0);
        }
        Ok(container::write(&tokens, Encoding::Base64Url)?)
    }
}

fn command_of(text: &str) -> Result<Command, ServiceFault> {
    Command::parse(text).map_err(|_| ServiceFault::Request { why: "the command is none" })
}

/// One invocation of a request.
struct Said {
    speaker: PublicKey,
    vouches: bool,
    service: PublicKey,
    key: PublicKey,
    previous: Option<PublicKey>,
    expires: Timestamp,
}

impl Said {
    fn read(candidate: Candidate<Ucan>, verifier: &mut Verifier, view: &View) -> Result<Self, ServiceFault> {
        let other = |why| ServiceFault::Request { why };
        let Some(invocation) = candidate.content().invocation().cloned() else {
            return Err(other("it holds something else than invocations"));
        };
        let vouches = match invocation.command().as_str() {
            RUNNING_KEY => false,
            VOUCH => true,
            _ => return Err(other("it invokes something else than /greatseal/running-key")),
        };
        let expires = invocation.expires().ok_or_else(|| other("it never expires"))?;
        if let Decision::Deny(deny) = verifier.judge(vec![candidate], Supply::default(), view).into_decision() {
            let fault: Fault = deny.closest().fault.clone();
            return Err(ServiceFault::Refused(fault));
        }
        let args = invocation.args().map();
        let key = |name: &str| match args.get(name) {
            Some(Value::Text(text)) => did::parse(text).map(Some).map_err(|_| other("an argument of it is no key")),
            Some(_) => Err(other("an argument of it is no key")),
            None => Ok(None),
        };
        let missing = || other("an argument of it is missing");
        Ok(Self {
            speaker: invocation.issuer(),
            vouches,
            service: key("service")?.ok_or_else(missing)?,
            key: key("key")?.ok_or_else(missing)?,
            previous: key("previous")?,
            expires,
        })
    }

    fn speaks_for_itself(&self) -> bool {
        !self.vouches && self.speaker == self.key
    }
}
