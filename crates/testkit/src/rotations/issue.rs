//! Keys, and the tokens that they sign.

use std::rc::Rc;

use ed25519_zebra::{SigningKey, VerificationKeyBytes};
use greatseal_core::issue::Signable as _;
use greatseal_core::key::{PublicKey, RawKey};
use greatseal_core::statement::{Delegating, Statement as _};
use greatseal_core::{Cid, Command, Policy as Strictness, Signature, Timestamp, View};
use greatseal_token::ucan::cbor::MapBuf;
use greatseal_token::ucan::{Delegation, Invocation, Policy, REVOKE, Revokes, Ucan, UcanEnvelope, encode};
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// When everything happens.
pub(super) const NOW: Timestamp = Timestamp::from_secs(1_795_000_000);

const DAY: u64 = 86_400;

/// A key pair whose seed follows from its name: it protects nothing.
#[derive(Clone)]
pub(super) struct Pair {
    secret: SigningKey,
    pub(super) public: PublicKey,
}

impl Pair {
    pub(super) fn new(name: &str) -> Self {
        let seed = Sha256::new().chain_update(b"greatseal rotations, TEST ONLY, protects nothing: ").chain_update(name);
        let secret = SigningKey::from(<[u8; 32]>::from(seed.finalize()));
        let public = VerificationKeyBytes::from(&secret);
        Self { secret, public: PublicKey::Ed25519(RawKey::new(public.into())) }
    }

    fn sign(&self, message: &[u8]) -> Signature {
        Signature::new(self.secret.sign(message).to_bytes())
    }

    /// Signs a token as custody does, and checks it as any reader does.
    fn issue(&self, ucan: &Ucan) -> (Rc<[u8]>, Ucan) {
        let unsigned = encode(ucan).expect("it can be written");
        let signature = self.sign(unsigned.request().message());
        let view = View::new(Strictness::Strict, Vec::new(), NOW);
        let issued = unsigned.finish(&signature, &view).expect("it is good");
        (issued.bytes().into(), issued.verified().content().clone())
    }

    /// Delegates for some days.
    pub(super) fn delegate(&self, what: Passed) -> Token {
        let Passed { to, subject, command, policy, days } = what;
        let expires = Some(NOW.plus(days * DAY));
        let nonce = Sha256::digest(format!("{:?} {to:?} {command}", self.public));
        let nonce = &nonce[..12];
        let delegation = Delegation::new(self.public, to, Some(subject), command, policy, nonce, expires);
        let (bytes, content) = self.issue(&delegation.into());
        Token { bytes, content }
    }

    /// Takes a delegation back.
    pub(super) fn revoke(&self, token: &Token) -> Rc<[u8]> {
        let args = Revokes { token: token.cid(), path: Box::default() }.to_args();
        let invocation = Invocation::new(self.public, self.public, command(REVOKE), args, &[], b"revocation", None);
        self.issue(&invocation.into()).0
    }

    /// Invokes a command of somebody's.
    pub(super) fn invoke(&self, what: Asked, proofs: &[&Token]) -> Rc<[u8]> {
        let Asked { subject, audience, command, args } = what;
        let proofs: Vec<Cid> = proofs.iter().map(|token| token.cid()).collect();
        let expires = Some(NOW.plus(60));
        let invocation = Invocation::new(self.public, subject, command, args, &proofs, b"call", expires);
        let unsigned = encode(&invocation.to(audience).into()).expect("it can be written");
        let request = unsigned.request();
        // Whoever is called checks it, and nobody before.
        UcanEnvelope::assemble(request.message(), &self.sign(request.message())).into()
    }
}

/// What is delegated.
pub(super) struct Passed {
    pub(super) to: PublicKey,
    pub(super) subject: PublicKey,
    pub(super) command: Command,
    pub(super) policy: Policy,
    pub(super) days: u64,
}

/// What is invoked.
pub(super) struct Asked {
    pub(super) subject: PublicKey,
    pub(super) audience: PublicKey,
    pub(super) command: Command,
    pub(super) args: MapBuf,
}

/// A delegation.
pub(super) struct Token {
    pub(super) bytes: Rc<[u8]>,
    content: Ucan,
}

impl Token {
    pub(super) fn cid(&self) -> Cid {
        self.content.aliases().expect("it is signed").cid
    }

    pub(super) fn delegating(&self) -> Delegating<'_> {
        self.content.grant().delegation().expect("it is a delegation")
    }
}

pub(super) fn command(text: &str) -> Command {
    Command::parse(text).expect("it is a command")
}

/// Returns the arguments of every call to a service: the route there takes no others.
pub(super) fn args(callee: usize) -> MapBuf {
    MapBuf::from_json(&json!({"to": name(callee)})).expect("it is a map")
}

/// Lets only calls to these services through.
pub(super) fn only_to(callees: &[usize]) -> Policy {
    let each: Vec<_> = callees.iter().map(|callee| json!(["==", ".to", name(*callee)])).collect();
    Policy::from_json(&json!([["or", each]])).expect("it is a policy")
}

pub(super) fn name(service: usize) -> String {
    format!("service-{service}")
}
