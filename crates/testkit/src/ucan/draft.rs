//! UCANs that wait for their signature: payloads as JSON, so that wrong ones can be written too.

use data_encoding::BASE64_NOPAD;
use greatseal_core::key::PublicKey;
use greatseal_core::statement::Kind;
use greatseal_token::ucan::cbor;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::token::replaced;
use super::{HOUR, NOW, Principal, Token};

/// A payload, its tag and header, and who is to sign it.
#[derive(Clone, Debug)]
pub struct Draft {
    kind: Kind,
    /// Behind the tag's name.
    version: String,
    header: Option<Vec<u8>>,
    signer: Principal,
    payload: Map<String, Value>,
    patches: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Begins a delegation of everything that is the issuer's own, for an hour.
#[must_use]
pub fn delegation(from: &Principal, to: &Principal) -> Draft {
    let payload = json!({
        "iss": from.did(), "aud": to.did(), "sub": from.did(), "cmd": "/", "pol": [], "exp": NOW + HOUR,
    });
    Draft::new(Kind::UcanDelegation, from, payload)
}

/// Begins an invocation of `/do` about a subject, for an hour, addressed to the subject.
#[must_use]
pub fn invocation(by: &Principal, about: &Principal) -> Draft {
    let payload = json!({
        "iss": by.did(), "sub": about.did(), "cmd": "/do", "args": {}, "prf": [], "exp": NOW + HOUR,
    });
    Draft::new(Kind::UcanInvocation, by, payload)
}

/// Delegates everything from the first to the last, about the first.
///
/// # Panics
/// For fewer than two.
#[must_use]
pub fn chain(principals: &[&Principal]) -> Vec<Token> {
    let root = *principals.first().expect("a chain has a root");
    principals.iter().zip(principals.iter().skip(1)).map(|(from, to)| delegation(from, to).about(root).sign()).collect()
}

impl Draft {
    fn new(kind: Kind, signer: &Principal, payload: Value) -> Self {
        let Value::Object(payload) = payload else { panic!("a payload is an object") };
        let version = "1.0.0".to_owned();
        Self { kind, version, header: None, signer: signer.clone(), payload, patches: Vec::new() }
    }

    /// Sets any field to any value.
    #[must_use]
    pub fn field(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.payload.insert(name.to_owned(), value.into());
        self
    }

    /// Leaves a field out.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.payload.remove(name);
        self
    }

    /// Names whose capability it is.
    #[must_use]
    pub fn about(self, subject: &Principal) -> Self {
        self.field("sub", subject.did())
    }

    /// Delegates whatever the issuer was given, or will be.
    #[must_use]
    pub fn powerline(self) -> Self {
        self.field("sub", Value::Null)
    }

    /// Names the command.
    #[must_use]
    pub fn command(self, command: &str) -> Self {
        self.field("cmd", command)
    }

    /// Sets the policy.
    #[must_use]
    pub fn policy(self, policy: Value) -> Self {
        self.field("pol", policy)
    }

    /// Sets the arguments.
    #[must_use]
    pub fn args(self, args: Value) -> Self {
        self.field("args", args)
    }

    /// Rests on these, root first.
    #[must_use]
    pub fn proofs<'t>(self, proofs: impl IntoIterator<Item = &'t Token>) -> Self {
        let links: Vec<Value> = proofs.into_iter().map(Token::link).collect();
        self.field("prf", links)
    }

    /// Addresses an invocation to somebody else than its subject.
    #[must_use]
    pub fn to(self, audience: &Principal) -> Self {
        self.field("aud", audience.did())
    }

    /// Makes it speak for the last time so many seconds from now.
    #[must_use]
    pub fn expires(self, from_now: i64) -> Self {
        self.field("exp", NOW.saturating_add_signed(from_now))
    }

    /// Makes it speak forever.
    #[must_use]
    pub fn forever(self) -> Self {
        self.field("exp", Value::Null)
    }

    /// Makes it speak for the first time so many seconds from now.
    #[must_use]
    pub fn begins(self, from_now: i64) -> Self {
        self.field("nbf", NOW.saturating_add_signed(from_now))
    }

    /// Sets the nonce, which otherwise follows from everything else.
    #[must_use]
    pub fn nonce(self, nonce: &[u8]) -> Self {
        self.field("nonce", bytes(nonce))
    }

    /// Writes another version behind the name in the tag.
    #[must_use]
    pub fn version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.version);
        self
    }

    /// Writes the tag of the release candidate.
    #[must_use]
    pub fn rc1(self) -> Self {
        self.version("1.0.0-rc.1")
    }

    /// Writes another signature header than the signer's.
    #[must_use]
    pub fn header(mut self, header: &[u8]) -> Self {
        self.header = Some(header.to_vec());
        self
    }

    /// Replaces the only occurrence of some bytes before signing, for what no encoder writes.
    #[must_use]
    pub fn patched(mut self, from: &[u8], to: &[u8]) -> Self {
        self.patches.push((from.to_vec(), to.to_vec()));
        self
    }

    /// Returns the bytes that are signed.
    #[must_use]
    #[track_caller]
    pub fn message(&self) -> Vec<u8> {
        let mut payload = self.payload.clone();
        if !payload.contains_key("nonce") {
            let all = Value::Object(payload.clone()).to_string();
            let digest = Sha256::digest(all.as_bytes());
            payload.insert("nonce".to_owned(), bytes(digest.get(..12).expect("a digest is longer")));
        }
        let header = self.header.clone().unwrap_or_else(|| header_of(&self.signer.key()).to_vec());
        let name = self.kind.header().split('@').next().unwrap_or_default();
        let map = json!({ "h": bytes(&header), (format!("{name}@{}", self.version)): payload });
        let message = cbor::from_json(&map).unwrap_or_else(|fault| panic!("it cannot be written: {fault}"));
        self.patches.iter().fold(message, |message, (from, to)| replaced(&message, from, to))
    }

    /// Signs it as its issuer.
    #[must_use]
    #[track_caller]
    pub fn sign(&self) -> Token {
        Token::around(&self.message(), &self.signer)
    }
}

/// Writes bytes as DAG-JSON has them.
fn bytes(bytes: &[u8]) -> Value {
    json!({ "/": { "bytes": BASE64_NOPAD.encode(bytes) } })
}

/// Returns the signature header of a key, written down a second time on purpose.
pub(super) const fn header_of(key: &PublicKey) -> &'static [u8] {
    match key {
        PublicKey::Ed25519(_) => b"\x34\x01\xed\x01\xed\x01\x13\x71",
        PublicKey::P256(_) => b"\x34\x01\xec\x01\x80\x24\x12\x71",
        PublicKey::Secp256k1(_) => b"\x34\x01\xec\x01\xe7\x01\x12\x71",
    }
}
