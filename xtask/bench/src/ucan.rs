//! UCANs: an invocation over a chain of delegations with policies, as a service gets them, in a container.

use std::rc::Rc;

use ed25519_dalek_2::{Signature as Ed25519Signature, Signer as _, SigningKey, VerifyingKey};
use greatseal_core::key::{EcKey, PublicKey, RawKey};
use greatseal_core::limits::{CHAIN_BYTES, CHAIN_LINKS, POLICY_BYTES, UCAN_BYTES};
use greatseal_core::view::Audience;
use greatseal_core::{Anchor, Cid, Code, Command, Decision, Policy as Strictness, Signature, Timestamp, View};
use greatseal_token::ucan::cbor::{Entries, MapBuf, Writer};
use greatseal_token::ucan::container::{self, Encoding};
use greatseal_token::ucan::{Delegation, Invocation, Policy, Ucan, Verifier, encode};
use serde_json::{Value as Json, json};

use crate::failure::Failure;
use crate::material::{NOW, signing_key};
use crate::measure::{Subject, apart, together};
use crate::ours::ONE;

/// Invocations that are taken one after the other while the delegations stay.
const INVOCATIONS: usize = 16;

/// Bytes of the message of each verification that a chain is compared with.
const MESSAGE: usize = 500;

/// Lengths of chains, in delegations, and the names of their rows.
pub(crate) const CHAINS: [(usize, &str, &str); 3] = [
    (1, "ucan-1-cold", "ucan-1-upper-warm"),
    (3, "ucan-3-cold", "ucan-3-upper-warm"),
    (10, "ucan-10-cold", "ucan-10-upper-warm"),
];

/// Makes as many `verify_strict` with parsed keys as a chain has signatures, each by another key.
fn verifications(count: usize) -> impl FnMut(u32) -> std::time::Duration {
    let message = [0x5a; MESSAGE];
    let all: Vec<(VerifyingKey, Ed25519Signature)> = (0..count)
        .map(|at| {
            let key = signing_key(&format!("ucan baseline {at}"));
            (key.verifying_key(), key.sign(&message))
        })
        .collect();
    together(move || all.iter().filter(|(key, signature)| key.verify_strict(&message, signature).is_ok()).count())
}

/// A key of either algorithm.
#[derive(Clone)]
enum Pair {
    Ed25519(Box<SigningKey>),
    P256(p256::ecdsa::SigningKey),
}

impl Pair {
    fn ed25519(name: &str) -> Self {
        Self::Ed25519(Box::new(signing_key(name)))
    }

    fn p256(name: &str) -> Result<Self, Failure> {
        let made = p256::ecdsa::SigningKey::from_slice(&signing_key(name).to_bytes());
        made.map(Self::P256).map_err(|_| Failure::Refused { name: "ucan-3-p256-cold" })
    }

    fn public(&self) -> PublicKey {
        match self {
            Self::Ed25519(key) => PublicKey::Ed25519(RawKey::new(key.verifying_key().to_bytes())),
            Self::P256(key) => {
                let point = key.verifying_key().to_sec1_point(true);
                PublicKey::P256(EcKey::new(point.as_bytes().try_into().unwrap_or([0; 33])))
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Signature {
        match self {
            Self::Ed25519(key) => Signature::new(key.sign(message).to_bytes()),
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature = p256::ecdsa::signature::Signer::sign(key, message);
                Signature::new(signature.to_bytes().into())
            }
        }
    }

    fn issue(&self, said: impl Into<Ucan>) -> Result<Vec<u8>, Failure> {
        let unsigned = encode(&said.into())?;
        let signature = self.sign(unsigned.request().message());
        let view = View::new(Strictness::Strict, Vec::new(), Timestamp::from_secs(NOW));
        Ok(unsigned.finish(&signature, &view)?.bytes().to_vec())
    }
}

/// A chain from the root down to whoever invokes.
struct Chain {
    keys: Vec<Pair>,
    delegations: Vec<Vec<u8>>,
}

impl Chain {
    /// Makes a chain of so many delegations, whose policies are all the same.
    fn new(keys: Vec<Pair>, policy: &Policy) -> Result<Self, Failure> {
        let root = keys.first().map(Pair::public).ok_or(Failure::Refused { name: "ucan" })?;
        let delegations = keys
            .iter()
            .zip(keys.iter().skip(1))
            .enumerate()
            .map(|(depth, (from, to))| {
                let said = Delegation::new(
                    from.public(),
                    to.public(),
                    Some(root),
                    command(if depth == 0 { "/crud" } else { "/crud/update" })?,
                    policy.clone(),
                    &[0x11; 12],
                    Some(Timestamp::from_secs(NOW + 86_400)),
                );
                from.issue(said)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { keys, delegations })
    }

    fn usual(length: usize) -> Result<Self, Failure> {
        let keys = (0..=length).map(|at| Pair::ed25519(&format!("ucan {at}"))).collect();
        Self::new(keys, &usual_policy()?)
    }

    /// Invokes; each number makes another invocation.
    fn invoke(&self, args: MapBuf, number: u8) -> Result<Vec<u8>, Failure> {
        let (Some(root), Some(by)) = (self.keys.first(), self.keys.last()) else {
            return Err(Failure::Refused { name: "ucan" });
        };
        let proofs: Vec<Cid> = self.delegations.iter().map(|token| Cid::of(token)).collect();
        let said = Invocation::new(
            by.public(),
            root.public(),
            command("/crud/update")?,
            args,
            &proofs,
            &[number; 12],
            Some(Timestamp::from_secs(NOW + 60)),
        );
        by.issue(said.to(service().public()))
    }

    fn view(&self) -> View {
        let anchors = self.keys.first().map(|root| Anchor::Root(root.public())).into_iter().collect();
        View::new(Strictness::Strict, anchors, Timestamp::from_secs(NOW))
            .addressed_to(Audience::Key(service().public()))
    }

    fn packed(&self, invocation: Vec<u8>) -> Result<Vec<u8>, Failure> {
        let all: Vec<Vec<u8>> = self.delegations.iter().cloned().chain([invocation]).collect();
        container::write(&all, Encoding::Raw).map_err(|_| Failure::Refused { name: "ucan" })
    }

    fn question(&self, args: MapBuf, number: u8) -> Result<Question, Failure> {
        let container = self.packed(self.invoke(args, number)?)?;
        Ok(Question { view: Rc::new(self.view()), container })
    }
}

/// Whom everything is addressed to.
fn service() -> Pair {
    Pair::ed25519("ucan service")
}

fn command(text: &str) -> Result<Command, Failure> {
    Command::parse(text).map_err(|_| Failure::Refused { name: "ucan" })
}

fn policy(json: &Json) -> Result<Policy, Failure> {
    Policy::from_json(json).map_err(|_| Failure::Refused { name: "ucan" })
}

fn usual_policy() -> Result<Policy, Failure> {
    policy(&json!([["like", ".uri", "https://example.org/*"], ["<", ".size", 1_000_000], ["==", ".kind", "text"]]))
}

fn usual_args() -> Result<MapBuf, Failure> {
    let args = json!({"uri": "https://example.org/a/document", "size": 4096, "kind": "text"});
    MapBuf::from_json(&args).map_err(|_| Failure::Refused { name: "ucan" })
}

/// What a service is asked: one container, from bytes to decision.
#[derive(Clone)]
struct Question {
    view: Rc<View>,
    container: Vec<u8>,
}

impl Question {
    fn ask(&self, verifier: &mut Verifier) -> Option<Decision> {
        let tokens = container::read(&self.container).ok()?;
        let mut target = None;
        let mut with = Vec::with_capacity(tokens.len());
        for token in &tokens {
            let candidate = verifier.read(token).ok()?;
            if candidate.content().invocation().is_some() {
                target = Some(candidate);
            } else {
                with.push(candidate);
            }
        }
        Some(verifier.judge(vec![target?], with, &self.view).into_decision())
    }

    /// Makes sure that what is timed answers as it has to, also out of the memory.
    fn checked(self, name: &'static str, wanted: Option<Code>) -> Result<Self, Failure> {
        let mut verifier = Verifier::new(ONE);
        for _ in 0..2 {
            let found = match self.ask(&mut verifier) {
                Some(Decision::Allow(_)) => None,
                Some(Decision::Deny(deny)) => Some(deny.closest().fault.code()),
                None => Some(Code::UcanContainer),
            };
            if found != wanted {
                return Err(Failure::Refused { name });
            }
        }
        Ok(self)
    }

    fn cold(
        self,
        name: &'static str,
        what: &str,
        verifications: impl FnMut(u32) -> std::time::Duration + 'static,
    ) -> Subject {
        let detail = format!("{what}: {} bytes in a container", self.container.len());
        let ask = move |verifier: &mut Verifier| self.ask(verifier);
        Subject::new(name, detail, apart(|| Verifier::new(ONE), ask), verifications)
    }
}

/// Makes every row of ours.
pub(crate) fn rows() -> Result<Vec<Subject>, Failure> {
    let mut subjects = Vec::new();
    for (length, cold, warm) in CHAINS {
        let chain = Chain::usual(length)?;
        let question = chain.question(usual_args()?, 0)?.checked(cold, None)?;
        let later = (1..=INVOCATIONS)
            .map(|number| chain.question(usual_args()?, number as u8)?.checked(warm, None))
            .collect::<Result<Vec<_>, Failure>>()?;
        let what = format!("invocation over {length} with three statements each");
        let first = question.clone();
        subjects.push(question.cold(cold, &what, verifications(length + 1)));
        let prepare = move || {
            let mut verifier = Verifier::new(ONE);
            first.ask(&mut verifier);
            verifier
        };
        let count = later.len();
        let ask = move |verifier: &mut Verifier| later.iter().map(|it| it.ask(verifier)).collect::<Vec<_>>();
        let detail = format!("{what}, the delegations remembered");
        subjects.push(Subject::new(warm, detail, apart(prepare, ask), verifications(1)).per(count));
    }
    subjects.push(p256()?);
    subjects.extend(worst()?);
    Ok(subjects)
}

fn p256() -> Result<Subject, Failure> {
    const NAME: &str = "ucan-3-p256-cold";
    let keys = (0..=3).map(|at| Pair::p256(&format!("ucan P-256 {at}"))).collect::<Result<_, _>>()?;
    let question = Chain::new(keys, &usual_policy()?)?.question(usual_args()?, 0)?.checked(NAME, None)?;
    Ok(question.cold(NAME, "the same over 3, all keys P-256", verifications(4)))
}

/// Room that the rest of an invocation takes.
const ARGS: usize = UCAN_BYTES - 4096;

/// Makes the rows of what a stranger can ask for at most.
fn worst() -> Result<Vec<Subject>, Failure> {
    let nulls = args(|to| list(to, ARGS - 64, Writer::null))?;
    let text = args(|to| to.text(&"a".repeat(ARGS - 64)))?;
    let deep = args(|to| {
        (0..56).for_each(|_| to.list(2));
        list(to, ARGS - 512, Writer::null);
        (0..56).for_each(|_| to.null());
    })?;
    let inner = json!(["not", ["==", ".", 1]]);
    let nested = (0..50).fold(inner.clone(), |inner, _| json!(["all", ".", inner]));
    let cases = [
        ("ucan-worst-policy", "a full policy over a million values", filled(&json!(["all", ".a", inner])), nulls),
        (
            "ucan-worst-glob",
            "a full policy of patterns over a text of a MiB",
            filled(&json!(["like", ".a", "*a*a*"])),
            text,
        ),
        ("ucan-worst-nesting", "50 quantifiers in each other over lists as deep", json!([["all", ".a", nested]]), deep),
    ];
    let mut subjects = Vec::new();
    for (name, what, statements, args) in cases {
        let keys = (0..=1).map(|at| Pair::ed25519(&format!("ucan {at}"))).collect();
        let question = Chain::new(keys, &policy(&statements)?)?.question(args, 0)?;
        // Nobody is told that it holds: the budget is spent before that is known.
        let question = question.checked(name, Some(Code::UcanSteps))?;
        subjects.push(question.cold(name, what, verifications(1)));
    }
    const FULL: &str = "ucan-chain-64-full-policies";
    let room = (CHAIN_BYTES - 16 * 1024) / CHAIN_LINKS - 512;
    let one = json!(["and", []]);
    let statements = Json::Array(vec![one; room.min(POLICY_BYTES) / 6]);
    let keys = (0..=CHAIN_LINKS).map(|at| Pair::ed25519(&format!("ucan {at}"))).collect();
    let question = Chain::new(keys, &policy(&statements)?)?.question(usual_args()?, 0)?.checked(FULL, None)?;
    subjects.push(question.cold(
        FULL,
        "64 delegations, each with ten thousand statements",
        verifications(CHAIN_LINKS + 1),
    ));
    Ok(subjects)
}

/// Repeats a statement until the policy is full.
fn filled(statement: &Json) -> Json {
    let one = greatseal_token::ucan::cbor::from_json(statement).map_or(1, |bytes| bytes.len());
    Json::Array(vec![statement.clone(); (POLICY_BYTES - 8) / one])
}

fn args(write: impl Fn(&mut Writer)) -> Result<MapBuf, Failure> {
    let mut entries = Entries::default();
    write(entries.entry("a"));
    let mut writer = Writer::default();
    writer.map(entries).ok().and_then(|()| MapBuf::new(&writer.finish()).ok()).ok_or(Failure::Refused { name: "ucan" })
}

fn list(to: &mut Writer, length: usize, item: impl Fn(&mut Writer)) {
    to.list(length);
    (0..length).for_each(|_| item(to));
}

/// A chain in raw tokens, for a peer.
pub(crate) struct Tokens {
    /// How many delegations.
    pub(crate) length: usize,
    pub(crate) delegations: Vec<Vec<u8>>,
    pub(crate) invocation: Vec<u8>,
}

/// Returns the tokens of the three chains.
pub(crate) fn for_peers() -> Result<Vec<Tokens>, Failure> {
    let tokens = |(length, ..): &(usize, &str, &str)| {
        let chain = Chain::usual(*length)?;
        let invocation = chain.invoke(usual_args()?, 0)?;
        Ok(Tokens { length: *length, delegations: chain.delegations, invocation })
    };
    CHAINS.iter().map(tokens).collect()
}

/// Returns whom they are addressed to.
pub(crate) fn audience() -> String {
    service().public().to_string()
}
