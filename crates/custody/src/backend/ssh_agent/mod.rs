//! Keys in an agent of OpenSSH, spoken to over its Unix socket (draft-ietf-sshm-ssh-agent-05).
//!
//! The protocol is written here, because the one client that is kept reads every key of the agent
//! with a library of SSH keys, which brings an older generation of the curve crates with it, and
//! has no time-outs. Four messages are needed.

#[cfg(not(unix))]
compile_error!("the feature ssh-agent needs Unix sockets");

mod socket;
mod wire;

use std::fmt;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::OnceLock;

use greatseal_core::error::Quoted;
use greatseal_core::issue::SigningRequest;
use greatseal_core::key::{PublicKey, Spelled};
use greatseal_core::signature::Signature;

use self::socket::Agent;
use self::wire::{Answer, Held, Identity, Request};
use crate::custodian::{Custodian, Deadline, Description, Lock, check};
use crate::examination::{Audit, Examination, Extractable, Origin, Rights};
use crate::fault::CustodyFault;
use crate::name::KeyName;
use crate::place::{Import, Placed, Surroundings};
use crate::seed::Seed;
use crate::uri::{KeyUri, SshAgentUri};

/// Opens the custodian of a key; the agent is not reached yet.
pub(super) fn custodian(
    uri: SshAgentUri,
    pinned: Spelled,
    around: &Surroundings,
) -> Result<Box<dyn Custodian>, CustodyFault> {
    let fingerprint = *named(&uri)?;
    if let PublicKey::Secp256k1(_) = pinned.public_key() {
        return Err(unsupported("an agent has no keys of secp256k1"));
    }
    let agent = agent(&uri, around)?;
    Ok(Box::new(AgentCustodian { agent, uri, fingerprint, pinned, blob: OnceLock::new() }))
}

/// Asks the agent for the public key with the URI's fingerprint.
pub(super) fn public_key(
    uri: &SshAgentUri,
    around: &Surroundings,
    deadline: Deadline,
) -> Result<PublicKey, CustodyFault> {
    let fingerprint = named(uri)?;
    let agent = agent(uri, around)?;
    let identity = find(&agent, fingerprint, deadline)?;
    usable(&agent, &identity)
}

/// Opens the agent for keys to be brought in.
pub(super) fn importer(uri: &SshAgentUri, around: &Surroundings) -> Result<Box<dyn Import>, CustodyFault> {
    if uri.fingerprint().is_some() {
        let problem = "the agent alone is named where a key is brought in: ssh-agent:".into();
        return Err(CustodyFault::Uri { found: Quoted::new(&uri.to_string()), problem });
    }
    Ok(Box::new(Importer { agent: agent(uri, around)?, uri: uri.clone() }))
}

fn named(uri: &SshAgentUri) -> Result<&[u8; 32], CustodyFault> {
    uri.fingerprint().ok_or_else(|| CustodyFault::Uri {
        found: Quoted::new(&uri.to_string()),
        problem: "it names no key of the agent: `ssh-add -l` lists their fingerprints".into(),
    })
}

/// The URI's own socket, or else the one that the surroundings name.
fn agent(uri: &SshAgentUri, around: &Surroundings) -> Result<Agent, CustodyFault> {
    let socket = uri.socket().or(around.agent_socket.as_deref()).filter(|path| *path != Path::new(""));
    let problem = "no agent is known: SSH_AUTH_SOCK is not set, and the key's URI has no ?socket=/PATH";
    let socket = socket.ok_or_else(|| CustodyFault::Setup { problem: problem.into() })?;
    Ok(Agent::new(socket.into()))
}

fn unsupported(problem: &str) -> CustodyFault {
    CustodyFault::Unsupported { problem: problem.into() }
}

/// A key in an agent.
struct AgentCustodian {
    agent: Agent,
    uri: SshAgentUri,
    fingerprint: [u8; 32],
    pinned: Spelled,
    /// The pinned key as SSH writes it, once it is known to be the one that the URI names.
    blob: OnceLock<Vec<u8>>,
}

impl AgentCustodian {
    fn blob(&self, deadline: Deadline) -> Result<&[u8], CustodyFault> {
        if let Some(blob) = self.blob.get() {
            return Ok(blob);
        }
        let blob = match self.pinned.public_key().ed25519().map(wire::ed25519_blob) {
            Some(blob) if wire::fingerprint(&blob) == self.fingerprint => blob,
            // Of a P-256 key only half is pinned; and another key is told as what it is.
            _ => {
                let identity = find(&self.agent, &self.fingerprint, deadline)?;
                let found = usable(&self.agent, &identity)?;
                if found != self.pinned.public_key() {
                    return Err(CustodyFault::Pin { pinned: self.pinned, found: Spelled::Did(found) });
                }
                identity.blob
            }
        };
        Ok(self.blob.get_or_init(|| blob))
    }

    /// Finds out why the agent does not sign: it has one word for every refusal.
    fn refusal(&self, deadline: Deadline) -> CustodyFault {
        match find(&self.agent, &self.fingerprint, deadline) {
            Ok(_) => CustodyFault::Denied {
                place: self.agent.place(),
                action: "sign",
                message: Quoted::sentence("it has the key; a confirmation was declined, or could not be asked for"),
            },
            Err(fault) => fault,
        }
    }
}

impl Custodian for AgentCustodian {
    fn describe(&self) -> Result<Description, CustodyFault> {
        let public_key = self.pinned.public_key();
        Ok(Description {
            public_key,
            uri: KeyUri::SshAgent(self.uri.clone()),
            lock: Lock::None,
            largest_message: wire::largest_data(&public_key),
            batch: NonZeroUsize::MIN,
        })
    }

    fn sign(&self, request: &SigningRequest, deadline: Deadline) -> Result<Signature, CustodyFault> {
        let pinned = self.pinned.public_key();
        check(request, pinned)?;
        deadline.remaining()?;
        let (found, limit) = (request.message().len(), wire::largest_data(&pinned));
        if found > limit {
            return Err(CustodyFault::TooLarge { found, limit });
        }
        let asked = Request::sign(self.blob(deadline)?, request.message());
        let answer = self.agent.ask(&asked, deadline)?;
        match Answer::parse(&answer) {
            Some(Answer::Signature(bytes)) => wire::signature(bytes, &pinned)
                .ok_or_else(|| strange(&self.agent, "a signature of another kind than the key's")),
            Some(Answer::Failure) => Err(self.refusal(deadline)),
            Some(Answer::Success | Answer::Identities(_)) | None => {
                Err(strange(&self.agent, "something else than a signature"))
            }
        }
    }

    /// OpenSSH's agent gives no key back; others may, and it does not say which it is.
    fn examine(&self, deadline: Deadline) -> Result<Examination, CustodyFault> {
        deadline.remaining()?;
        let identity = find(&self.agent, &self.fingerprint, deadline)?;
        Ok(Examination {
            public_key: usable(&self.agent, &identity)?,
            origin: Origin::Imported,
            extractable: Extractable::Unknown,
            version: None,
            rights: Rights::Everything,
            audit: Audit::Off,
        })
    }
}

impl fmt::Debug for AgentCustodian {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AgentCustodian({}, {})", self.uri, self.pinned)
    }
}

/// An agent to which keys are brought.
struct Importer {
    agent: Agent,
    uri: SshAgentUri,
}

impl Import for Importer {
    /// The name becomes the key's comment. A key that is there already is not brought in again,
    /// because that would silently take its constraints away.
    fn import(&self, name: &KeyName, seed: &Seed, deadline: Deadline) -> Result<Placed, CustodyFault> {
        let blob = wire::ed25519_blob(seed.nkey().raw());
        let holds = |agent: &Agent| {
            list(agent, deadline).map(|identities| identities.iter().any(|identity| identity.blob == blob))
        };
        if holds(&self.agent)? {
            return Err(CustodyFault::Exists { name: name.clone() });
        }
        let answer = self.agent.ask(&Request::add(seed, name.as_str()), deadline)?;
        match Answer::parse(&answer) {
            Some(Answer::Success) if holds(&self.agent)? => Ok(Placed {
                uri: KeyUri::SshAgent(self.uri.with_fingerprint(wire::fingerprint(&blob))),
                public_key: seed.nkey().public_key(),
            }),
            Some(Answer::Failure) => Err(CustodyFault::Denied {
                place: self.agent.place(),
                action: "bring a key in",
                message: Quoted::sentence("it says no more; a locked agent refuses, and `ssh-add -X` unlocks it"),
            }),
            Some(Answer::Success) => Err(strange(&self.agent, "that it took the key, which it does not list")),
            Some(Answer::Identities(_) | Answer::Signature(_)) | None => {
                Err(strange(&self.agent, "something else than yes or no"))
            }
        }
    }
}

/// Finds a key by its fingerprint.
fn find(agent: &Agent, fingerprint: &[u8; 32], deadline: Deadline) -> Result<Identity, CustodyFault> {
    let identities = list(agent, deadline)?;
    let none = identities.is_empty();
    identities.into_iter().find(|identity| identity.fingerprint() == *fingerprint).ok_or_else(|| {
        let key = SshAgentUri::spell(fingerprint);
        // A locked agent answers as one that holds nothing.
        let hint = if none { ", nor any other: it may be locked, `ssh-add -X` unlocks it" } else { "" };
        CustodyFault::NoSuchKey { place: agent.place(), key: format!("{key}{hint}") }
    })
}

fn list(agent: &Agent, deadline: Deadline) -> Result<Vec<Identity>, CustodyFault> {
    let answer = agent.ask(&Request::identities(), deadline)?;
    match Answer::parse(&answer) {
        Some(Answer::Identities(bytes)) => {
            wire::identities(bytes).ok_or_else(|| strange(agent, "a damaged list of keys"))
        }
        Some(Answer::Failure) => Err(CustodyFault::Denied {
            place: agent.place(),
            action: "list its keys",
            message: Quoted::sentence("it says no more; it may be locked"),
        }),
        Some(Answer::Success | Answer::Signature(_)) | None => Err(strange(agent, "something else than its keys")),
    }
}

/// Returns the public key of one that signs the bytes it is given.
fn usable(agent: &Agent, identity: &Identity) -> Result<PublicKey, CustodyFault> {
    let key = SshAgentUri::spell(&identity.fingerprint());
    match identity.held() {
        Some(Held::Usable(key)) => Ok(key),
        Some(Held::Fido) => Err(unsupported(&format!(
            "{key} is a key of a FIDO device, which signs a structure around our bytes and never the bytes themselves: \
             use a key of the kind ssh-ed25519"
        ))),
        Some(Held::Other(kind)) => {
            let kind = Quoted::sentence(&kind);
            Err(unsupported(&format!("{key} is a key of the kind {kind}: use one of the kind ssh-ed25519")))
        }
        None => Err(strange(agent, "a damaged public key")),
    }
}

fn strange(agent: &Agent, what: &str) -> CustodyFault {
    CustodyFault::Answer { place: agent.place(), message: Quoted::sentence(what) }
}
