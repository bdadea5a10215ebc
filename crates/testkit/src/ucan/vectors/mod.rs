//! The vectors of UCANs: read from every manifest under `vectors/ucan`, and our own, written.
//!
//! `cargo run -p greatseal-testkit --bin ucan-vectors` writes ours to `vectors/ucan/more`, always
//! the same bytes; a test compares. What they are about is what the shared ones leave out.

mod audiences;
mod chains;
mod collections;
mod payloads;
mod revocations;
mod separation;
mod spellings;

use std::collections::BTreeMap;

use data_encoding::BASE64;
use greatseal_core::Anchor;
use greatseal_core::key::{PublicKey, did};
use greatseal_core::view::{Audience, Separation};
use greatseal_token::deed::is_deed;
use greatseal_token::ucan::decode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{NOW, Question, Token, ask};
use crate::vectors::{Expected, Folder};

/// The folder of all of them, under `vectors/`.
pub const FOLDER: &str = "ucan";
/// Where ours are within it.
pub const OURS: &str = "more/manifest.json";

/// One case of a manifest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Case {
    /// Its name.
    pub id: String,
    /// `invocation`, `revocation`, `token` or `container`.
    pub kind: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The instant it is judged at, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<u64>,
    /// The verdict.
    pub expect: Expected,
    /// Why it is rejected; of an accepted one, a remark or nothing.
    pub reason: String,
    /// Whom it has to be addressed to; not checked, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// The root that is trusted; the subject, whoever that is, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<String>,
    /// The signing principals of the trusted root: separation is mandated, if there are any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signing_principals: Vec<String>,
    /// The policy that a case is about, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Value>,
    /// The arguments that it is asked of, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<Value>,
    /// The invocation, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invocation: Option<String>,
    /// Its CID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invocation_cid: Option<String>,
    /// A token that is no invocation, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// SHA-256 over the signed map of the invocation or token, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// What is supplied, in base64.
    #[serde(default)]
    pub proofs: Vec<String>,
    /// Its CIDs.
    #[serde(default)]
    pub proof_cids: Vec<String>,
    /// Revocations and deeds, in base64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revocations: Vec<String>,
    /// A container, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// What is in it, in base64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<String>,
}

/// Reads base64.
///
/// # Panics
/// When it is none.
#[must_use]
#[track_caller]
pub fn bytes(text: &str) -> Vec<u8> {
    BASE64.decode(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

impl Case {
    /// Makes a case of a question.
    fn new(id: impl Into<String>, reason: Option<&str>, question: &Question) -> Self {
        let target = question.target();
        let (taken_back, given): (Vec<&Token>, Vec<&Token>) =
            question.supplied().iter().partition(|token| takes_back(token));
        let texts = |tokens: &[&Token]| tokens.iter().map(|token| token.base64()).collect::<Vec<_>>();
        let delegates = decode(target.bytes()).is_ok_and(|token| token.content().delegation().is_some());
        let view = question.view();
        let audience = match view.audience() {
            Audience::Key(key) => Some(key.to_string()),
            Audience::Unchecked => None,
            Audience::Unset => panic!("a manifest cannot leave it unsaid"),
        };
        let trust = view.anchors().iter().find_map(Anchor::root);
        let signing: Vec<&PublicKey> =
            trust.iter().flat_map(|root| view.separations(*root)).flat_map(|it| &it.signing).collect();
        let kind = match (delegates, taken_back.is_empty()) {
            (true, _) => "token",
            (false, true) => "invocation",
            (false, false) => "revocation",
        };
        Self {
            id: id.into(),
            kind: kind.to_owned(),
            note: String::new(),
            now: Some(view.now().as_secs()),
            expect: if reason.is_some() { Expected::Reject } else { Expected::Accept },
            reason: reason.unwrap_or_default().to_owned(),
            audience,
            trust: trust.map(|key| key.to_string()),
            signing_principals: signing.iter().map(ToString::to_string).collect(),
            policy: None,
            args: None,
            invocation: (!delegates).then(|| target.base64()),
            invocation_cid: (!delegates).then(|| target.cid().to_string()),
            token: delegates.then(|| target.base64()),
            statement: Some(target.id().to_string()),
            proofs: texts(&given),
            proof_cids: given.iter().map(|token| token.cid().to_string()).collect(),
            revocations: texts(&taken_back),
            container: None,
            tokens: Vec::new(),
        }
    }

    fn accept(id: impl Into<String>, question: &Question) -> Self {
        Self::new(id, None, question)
    }

    fn reject(id: impl Into<String>, reason: &str, question: &Question) -> Self {
        Self::new(id, Some(reason), question)
    }

    fn note(mut self, note: &str) -> Self {
        note.clone_into(&mut self.note);
        self
    }

    /// Returns the token asked about; none for a container.
    #[must_use]
    pub fn target(&self) -> Option<Vec<u8>> {
        self.invocation.as_ref().or(self.token.as_ref()).map(|text| bytes(text))
    }

    /// Returns what to ask; nothing for a container.
    ///
    /// # Panics
    /// For names that are no keys.
    #[must_use]
    #[track_caller]
    pub fn question(&self) -> Option<Question> {
        let target = Token::new(self.target()?);
        let key = |text: &String| did::parse(text).unwrap_or_else(|fault| panic!("{}: {fault}", self.id));
        let supplied: Vec<Token> =
            self.proofs.iter().chain(&self.revocations).map(|text| Token::new(bytes(text))).collect();
        let mut question = ask(&target).with(&supplied).at(self.now.unwrap_or(NOW));
        if let Some(audience) = &self.audience {
            question = question.audience(Audience::Key(key(audience)));
        }
        if let Some(root) = self.trust.as_ref().map(key) {
            question = question.anchor(Anchor::Root(root));
            if !self.signing_principals.is_empty() {
                let signing = self.signing_principals.iter().map(key).collect();
                question = question.separation(Separation { root, signing });
            }
        }
        Some(question)
    }
}

fn takes_back(token: &Token) -> bool {
    let revokes =
        |token: &Token| decode(token.bytes()).is_ok_and(|it| it.content().command().as_str() == "/ucan/revoke");
    is_deed(token.bytes()) || revokes(token)
}

/// Reads every manifest, by its path from the folder.
///
/// # Panics
/// When there is none, or two cases have one name.
#[must_use]
pub fn manifests(folder: &Folder) -> BTreeMap<String, Vec<Case>> {
    #[derive(Deserialize)]
    struct Manifest {
        cases: Vec<Case>,
    }
    let names = folder.files().into_iter().filter(|file| file.ends_with("manifest.json"));
    let all: BTreeMap<String, Vec<Case>> =
        names.map(|name| (name.clone(), folder.json::<Manifest>(&name).cases)).collect();
    let mut ids: Vec<&str> = all.values().flatten().map(|case| &*case.id).collect();
    let cases = ids.len();
    assert!(cases > 0, "there are no vectors");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), cases, "two cases of one name");
    all
}

/// Makes every case of ours.
#[must_use]
pub fn ours() -> Vec<Case> {
    let all = [
        audiences::cases(),
        collections::cases(),
        spellings::cases(),
        revocations::cases(),
        separation::cases(),
        chains::cases(),
        payloads::cases(),
    ];
    all.into_iter().flatten().collect()
}

/// Makes our manifest.
///
/// # Panics
/// Never: a manifest can be written.
#[must_use]
pub fn manifest() -> Vec<u8> {
    let manifest = json!({
        "format": 1,
        "made_by": "cargo run -p greatseal-testkit --bin ucan-vectors; expectations by reading the specification",
        "tag_version": "1.0.0",
        "cases": ours(),
    });
    let mut text = serde_json::to_string_pretty(&manifest).expect("a manifest can be written");
    text.push('\n');
    text.into_bytes()
}
