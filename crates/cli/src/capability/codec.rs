//! How a UCAN lies in a file, and what stands in it for people.
//!
//! A file in `delegations/` is a container of one token in base64url, so that version control shows
//! it as text. Containers of more, and bare tokens, are read where somebody brings one.

use std::path::Path;

use greatseal_core::issue::Unsigned;
use greatseal_core::key::PublicKey;
use greatseal_core::limits::NONCE_BYTES;
use greatseal_core::{Cid, Code, Command, Decoded, Timestamp};
use greatseal_token::ucan::cbor::MapBuf;
use greatseal_token::ucan::container::Encoding;
use greatseal_token::ucan::{self, Delegation, Invocation, Policy, REVOKE, Revokes, UcanEnvelope, file};
use serde_json::{Value, json};

pub(crate) use greatseal_token::ucan::Ucan;

use super::Window;
use crate::files;
use crate::input::{Input, Kind};
use crate::problem::Problem;
use crate::sealed::nonce;
use crate::text;

/// The name under `meta` of what delegations say beside, for no rule to look at: when they were
/// made, and what for.
const META: &str = "greatseal";
const MADE: &str = "made";
const FOR: &str = "for";
const RUNNING_KEY: &str = "running-key";

/// What a delegation is to say.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) from: PublicKey,
    pub(crate) to: PublicKey,
    pub(crate) subject: PublicKey,
    pub(crate) command: Command,
    pub(crate) policy: Policy,
    pub(crate) window: Window,
    pub(crate) purpose: Purpose,
}

/// What a delegation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Somebody gets a capability.
    Capability,
    /// A service's identity lets a key run for it; it says so in its `meta`.
    RunningKey,
}

impl Grant {
    /// Writes the delegation down.
    ///
    /// # Errors
    /// What any reader would refuse.
    pub(crate) fn encode(&self, now: Timestamp) -> Result<Unsigned<UcanEnvelope>, Problem> {
        let Self { from, to, subject, command, policy, window, purpose } = self;
        let (command, policy) = (command.clone(), policy.clone());
        let mut it =
            Delegation::new(*from, *to, Some(*subject), command, policy, &nonce::<NONCE_BYTES>()?, window.until);
        if let Some(from) = window.from {
            it = it.not_before(from);
        }
        let beside = match purpose {
            Purpose::Capability => json!({ META: { MADE: now.as_secs() } }),
            Purpose::RunningKey => json!({ META: { MADE: now.as_secs(), FOR: RUNNING_KEY } }),
        };
        it = it.with_meta(MapBuf::from_json(&beside).map_err(refused)?);
        Ok(ucan::encode(&it.into())?)
    }
}

/// Writes down that a token is taken back; `path` is the chain from the revoker's own delegation on.
///
/// # Errors
/// What keeps it from being written.
pub(crate) fn revocation(
    by: PublicKey,
    token: Cid,
    path: Vec<Cid>,
    now: Timestamp,
) -> Result<Unsigned<UcanEnvelope>, Problem> {
    let args = Revokes { token, path: path.into() }.to_args();
    let command = Command::parse(REVOKE).map_err(|fault| refused(fault.into()))?;
    // About oneself, so that it rests on nothing; and without an end, for nothing undoes it.
    Ok(ucan::encode(&Invocation::new(by, by, command, args, &[], &nonce::<NONCE_BYTES>()?, None).made_at(now).into())?)
}

/// Says whether a delegation lets a key run for a service, by what its issuer wrote in it.
pub(crate) fn is_running(content: &Ucan) -> bool {
    beside(content, FOR).is_some_and(|what| what == RUNNING_KEY)
}

/// Returns when a UCAN was made, where its issuer says so.
pub(crate) fn made_at(content: &Ucan) -> Option<Timestamp> {
    let delegation = || beside(content, MADE).as_ref().and_then(Value::as_u64).map(Timestamp::from_secs);
    content.invocation().and_then(Invocation::issued_at).or_else(delegation)
}

fn beside(content: &Ucan, name: &str) -> Option<Value> {
    let meta = Value::from(content.delegation()?.meta()?);
    meta.get(META)?.get(name).cloned()
}

/// Returns the policy of a delegation.
pub(crate) fn policy(content: &Ucan) -> Policy {
    content.delegation().map(|it| it.policy().clone()).unwrap_or_default()
}

/// Reads a policy: JSON, or the name of a file with it.
///
/// # Errors
/// `GS-UCAN-POLICY-SYNTAX` and others for what is no policy.
pub(crate) fn read_policy(text: &str) -> Result<Policy, Problem> {
    let (from_file, place);
    let json = if text.trim_start().starts_with('[') {
        place = "the policy".to_owned();
        text
    } else {
        let bytes = files::read(Path::new(text), greatseal_core::limits::TEXT_FILE_BYTES)?;
        from_file = String::from_utf8_lossy(&bytes).into_owned();
        place = text::path(Path::new(text));
        &from_file
    };
    let json: Value = serde_json::from_str(json)
        .map_err(|error| Problem::new(Code::UcanPolicySyntax, format!("{place} is no JSON: {error}")))?;
    Policy::from_json(&json).map_err(|fault| refused(fault).within(&place))
}

/// Puts a token into a container in text, as it is filed.
///
/// # Errors
/// When it is too large to be read again.
pub(crate) fn container(token: &[u8]) -> Result<Vec<u8>, Problem> {
    file::write(&[token], Encoding::Base64Url).map_err(undecoded)
}

/// Reads the one token of a file in the realm.
///
/// # Errors
/// `GS-REALM-MALFORMED` when it holds more or less than one; what is wrong with the token.
pub(super) fn read_file(path: &Path) -> Result<Decoded<Ucan>, Problem> {
    let mut tokens = read_tokens(path)?;
    match (tokens.pop(), tokens.pop()) {
        (Some(token), None) => Ok(token),
        (_, more) => {
            let found = if more.is_some() { "more than one token" } else { "no token" };
            Err(Problem::new(Code::RealmMalformed, format!("{} holds {found}", text::path(path)))
                .hint("Take the last good file from version control."))
        }
    }
}

/// Reads the UCANs of a file: a container in any encoding, or one bare token.
///
/// # Errors
/// What is wrong with the file, or with a token in it.
fn read_tokens(path: &Path) -> Result<Vec<Decoded<Ucan>>, Problem> {
    let input = Input::read(path)?;
    let label = input.label();
    let read: Result<Vec<_>, _> = match input.kind {
        Kind::Ucans(ucans) => ucans.tokens.iter().map(|token| ucan::decode(token)).collect(),
        Kind::Neither(fault) => return Err(Problem::new(fault.code(), fault.to_string()).within(&label)),
        Kind::Token(_) | Kind::Deed(_) | Kind::Module(_) | Kind::Archive(_) => {
            return Err(Problem::new(Code::TokenUnknown, format!("{label} holds no UCAN")));
        }
    };
    read.map_err(|fault| undecoded(fault).within(&label))
}

fn refused(fault: greatseal_core::error::UcanFault) -> Problem {
    Problem::new(fault.code(), fault.to_string())
}

fn undecoded(fault: greatseal_core::error::DecodeFault) -> Problem {
    Problem::new(fault.code(), fault.to_string())
}
