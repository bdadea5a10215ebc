//! Payloads of delegations and invocations, and chains of them.
//!
//! What decodes says what stands there, and is written again byte for byte. A chain is allowed
//! exactly if the rules of the format, applied naively to who signed what, allow it.

use std::num::NonZeroUsize;
use std::sync::OnceLock;

use ed25519_zebra::{SigningKey, VerificationKeyBytes};
use greatseal_core::decide::Candidate;
use greatseal_core::issue::Signable as _;
use greatseal_core::key::{PublicKey, RawKey};
use greatseal_core::signature::Signature;
use greatseal_core::view::Audience;
use greatseal_core::{Anchor, Cid, Command, Decision, Policy as Strictness, Timestamp, View};
use greatseal_token::ucan::cbor::MapBuf;
use greatseal_token::ucan::{Delegation, Invocation, Policy, Revokes, Ucan, UcanEnvelope, Verifier, decode, encode};
use serde_json::json;

use crate::input::Input;
use crate::naive::cbor::{Tree, read};
use crate::ucan_envelope::signable;

const NOW: u64 = 1_000;
const HEADERS: [[u8; 8]; 3] = [
    [0x34, 0x01, 0xed, 0x01, 0xed, 0x01, 0x13, 0x71],
    [0x34, 0x01, 0xec, 0x01, 0x80, 0x24, 0x12, 0x71],
    [0x34, 0x01, 0xec, 0x01, 0xe7, 0x01, 0x12, 0x71],
];
const TAGS: [&str; 4] = ["ucan/dlg@1.0.0", "ucan/inv@1.0.0", "ucan/dlg@1.0.0-rc.1", "ucan/inv@1.0.0-rc.1"];
const COMMANDS: [&str; 4] = ["/", "/a", "/a/b", "/ab"];
const KEYS: usize = 4;
const LONGEST: usize = 6;

/// Takes which tag, header and signer, and a payload; or, behind a byte of 128 and more, a chain.
pub fn check(data: &[u8]) {
    match data.split_first() {
        Some((how @ 0..128, payload)) => token(*how, payload),
        Some((_, program)) => chain(&mut Input::new(program)),
        None => {}
    }
}

/// The keys that sign; the first is the root.
fn keys() -> &'static [(SigningKey, PublicKey); KEYS] {
    static MADE: OnceLock<[(SigningKey, PublicKey); KEYS]> = OnceLock::new();
    MADE.get_or_init(|| {
        [1, 2, 3, 4].map(|seed| {
            let key = SigningKey::from([seed; 32]);
            let public = VerificationKeyBytes::from(&key);
            (key, PublicKey::Ed25519(RawKey::new(public.into())))
        })
    })
}

fn sign(by: usize, message: &[u8]) -> Signature {
    Signature::new(keys()[by % KEYS].0.sign(message).to_bytes())
}

fn token(how: u8, payload: &[u8]) {
    let (tag, header, signer) = (how % 4, how / 4 % 3, how / 12);
    let mut message = vec![0xa2, 0x61, b'h', 0x48];
    message.extend(HEADERS[usize::from(header)]);
    message.extend(Tree::Text(TAGS[usize::from(tag)].into()).write());
    message.extend(payload);
    signable(&message);
    let bytes = UcanEnvelope::assemble(&message, &sign(usize::from(signer), &message));
    let Ok(decoded) = decode(&bytes) else { return };
    let tree = read(payload).expect("a naive reader takes the payload");
    says(decoded.content(), &tree);
    let written = encode(decoded.content()).expect("what was read can be written");
    assert_eq!(written.request().message(), message, "written otherwise than read");

    // Judged alone, by itself and from somewhere else: any answer, the same out of the memory.
    let mut verifier = Verifier::new(NonZeroUsize::MIN);
    for audience in [Audience::Unchecked, Audience::Unset, Audience::Key(keys()[0].1)] {
        for anchors in [vec![Anchor::Subject], vec![Anchor::Root(keys()[0].1)], Vec::new()] {
            let view = View::new(Strictness::Strict, anchors, Timestamp::from_secs(NOW)).addressed_to(audience);
            let mut ask = || {
                let target = verifier.read(&bytes).expect("it was read before");
                let with = verifier.read(&bytes).into_iter().collect::<Vec<_>>();
                code(&verifier.judge(vec![target], with, &view).into_decision())
            };
            assert_eq!(ask(), ask(), "remembered otherwise");
        }
    }
}

fn code(decision: &Decision) -> Option<String> {
    match decision {
        Decision::Allow(_) => None,
        Decision::Deny(deny) => Some(deny.closest().fault.code().to_string()),
    }
}

/// The claims are those that stand there, and nothing stands there besides.
fn says(content: &Ucan, tree: &Tree) {
    let text = |name: &str| match tree.get(name) {
        Some(Tree::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let whole = |name: &str| match tree.get(name) {
        Some(Tree::Integer(number)) => u64::try_from(*number).ok().map(Timestamp::from_secs),
        _ => None,
    };
    let bytes = |name: &str| tree.get(name).map(Tree::write);
    assert_eq!(text("iss"), Some(content.issuer().to_string()));
    assert_eq!(text("cmd").as_deref(), Some(content.command().as_str()));
    assert_eq!(text("sub"), content.subject().map(|key| key.to_string()));
    assert_eq!(whole("exp"), content.expires());
    assert!(matches!(tree.get("exp"), Some(Tree::Null | Tree::Integer(_))));
    let Tree::Map(pairs) = tree else { panic!("a payload is a map") };
    let known: &[&str] = match content {
        Ucan::Delegation(it) => {
            assert_eq!(text("aud"), Some(it.audience().to_string()));
            assert_eq!(bytes("pol").as_deref(), Some(it.policy().encoded()));
            assert_eq!(whole("nbf"), it.begins());
            assert!(matches!(tree.get("nonce"), Some(Tree::Bytes(nonce)) if nonce == it.nonce()));
            assert_eq!(bytes("meta").as_deref(), it.meta().map(MapBuf::encoded));
            &["iss", "aud", "sub", "cmd", "pol", "nonce", "exp", "nbf", "meta"]
        }
        Ucan::Invocation(it) => {
            assert_eq!(text("aud").or(text("sub")), Some(it.audience().to_string()));
            assert_eq!(bytes("args").as_deref(), Some(it.args().encoded()));
            assert_eq!(whole("iat"), it.issued_at());
            assert!(matches!(tree.get("nonce"), Some(Tree::Bytes(nonce)) if nonce == it.nonce()));
            assert_eq!(bytes("meta").as_deref(), it.meta().map(MapBuf::encoded));
            let link = |tree: &Tree| matches!(tree, Tree::Link(_));
            assert!(
                matches!(tree.get("prf"), Some(Tree::List(prf)) if prf.len() == it.proofs().len() && prf.iter().all(link))
            );
            &["iss", "aud", "sub", "cmd", "args", "prf", "nonce", "exp", "iat", "meta", "cause"]
        }
    };
    assert!(pairs.iter().all(|(name, _)| known.contains(&name.as_str())), "a field that nobody knows was passed over");
}

/// A delegation as it was made, and whether its signature is good.
struct Link {
    from: usize,
    to: usize,
    subject: Option<usize>,
    command: usize,
    policy: u8,
    begins: Option<u64>,
    expires: Option<u64>,
    signed: bool,
    bytes: Vec<u8>,
}

fn chain(input: &mut Input<'_>) {
    let count = usize::from(input.byte()) % (LONGEST + 1);
    let links: Vec<Link> = (0..count).map(|at| link(input, at)).collect();
    let cids: Vec<Cid> = links.iter().map(|link| Cid::of(&link.bytes)).collect();

    let [by, subject, audience, command, amount, expires, damage, me, anchor, order] = input.array();
    // Proofs in order, unless something else is asked for.
    let mut proofs: Vec<usize> = (0..count).collect();
    if order % 4 == 3 && count > 0 {
        proofs = input.take(usize::from(order / 4) % (LONGEST + 1)).iter().map(|at| usize::from(*at) % count).collect();
    }
    let (by, subject) = (usize::from(by) % KEYS, usize::from(subject) % KEYS);
    let audience = Some(usize::from(audience) % (KEYS + 1)).filter(|at| *at < KEYS);
    let command = usize::from(command) % COMMANDS.len();
    let expires = instant(expires);
    let args = MapBuf::from_json(&json!({"amount": amount % 4, "to": ["x", "y"]})).expect("it is a map");
    let named: Vec<Cid> = proofs.iter().map(|at| cids[*at]).collect();
    let said = Invocation::new(
        keys()[by].1,
        keys()[subject].1,
        Command::parse(COMMANDS[command]).expect("it is one"),
        args,
        &named,
        b"n",
        expires.map(Timestamp::from_secs),
    );
    let said = match audience {
        Some(audience) => said.to(keys()[audience].1),
        None => said,
    };
    let signed = damage % 8 != 7;
    let bytes = finish(&said.into(), by, signed);

    // Revocations: by whom, and of which delegation, or of the invocation.
    let revocations: Vec<(usize, usize, bool, Vec<u8>)> = (0..usize::from(input.byte()) % 4)
        .map(|at| {
            let [by, of, damage] = input.array();
            let (by, of, signed) = (usize::from(by) % KEYS, usize::from(of) % (count + 1), damage % 8 != 7);
            let token = cids.get(of).copied().unwrap_or_else(|| Cid::of(&bytes));
            let args = Revokes { token, path: Box::default() }.to_args();
            let (key, nonce) = (keys()[by].1, [at as u8]);
            let command = Command::parse("/ucan/revoke").expect("it is one");
            let it = Invocation::new(key, key, command, args, &[], &nonce, None);
            (by, of, signed, finish(&it.into(), by, signed))
        })
        .collect();

    let me = Some(usize::from(me) % (KEYS + 1)).filter(|at| *at < KEYS);
    let root = Some(usize::from(anchor) % (KEYS + 1)).filter(|at| *at < KEYS);
    let anchors = vec![root.map_or(Anchor::Subject, |root| Anchor::Root(keys()[root].1))];
    let view = View::new(Strictness::Strict, anchors, Timestamp::from_secs(NOW))
        .addressed_to(me.map_or(Audience::Unchecked, |me| Audience::Key(keys()[me].1)));

    let expected = {
        let path: Vec<&Link> = proofs.iter().map(|at| &links[*at]).collect();
        let addressed = me.is_none_or(|me| me == audience.unwrap_or(subject));
        let anchored = root.is_none_or(|root| root == subject);
        let timely = expires.is_none_or(|last| NOW <= last)
            && path
                .iter()
                .all(|it| it.begins.is_none_or(|first| first <= NOW) && it.expires.is_none_or(|last| NOW <= last));
        let signed = signed && path.iter().all(|it| it.signed);
        let begins = path.first().is_none_or(|it| it.subject == Some(it.from) && it.from == subject);
        let follows = path.windows(2).all(|two| two[0].to == two[1].from && covers(two[0].command, two[1].command));
        let ends = match path.last() {
            Some(last) => last.to == by && covers(last.command, command),
            None => by == subject,
        };
        let subjects = path.iter().all(|it| it.subject.is_none_or(|own| own == subject));
        let permitted = path.iter().all(|it| permits(it.policy, amount % 4));
        let living = revocations.iter().all(|(who, of, signed, _)| {
            // At or above what is taken back.
            let place = if *of == count { Some(path.len()) } else { proofs.iter().position(|at| at == of) };
            let above = |place: usize| {
                path.iter().take(place + 1).any(|it| it.from == *who) || (place == path.len() && by == *who)
            };
            !signed || place.is_none_or(|place| !above(place))
        });
        addressed && anchored && timely && signed && begins && follows && ends && subjects && permitted && living
    };
    // A delegation that stands twice in one path has two places; the rules look at each.
    let twice = proofs.iter().enumerate().any(|(at, it)| proofs[..at].contains(it));

    let mut verifier = Verifier::new(NonZeroUsize::MIN);
    let mut answers = Vec::new();
    for turn in 0..3 {
        let mut with: Vec<Candidate<Ucan>> = links
            .iter()
            .map(|link| &link.bytes)
            .chain(revocations.iter().map(|(.., bytes)| bytes))
            .map(|bytes| verifier.read(bytes).expect("it was made well"))
            .collect();
        if turn == 1 {
            with.reverse();
        }
        let target = verifier.read(&bytes).expect("it was made well");
        answers.push(code(&verifier.judge(vec![target], with, &view).into_decision()));
    }
    assert!(answers.iter().all(|answer| answer.is_none() == answers[0].is_none()), "{answers:?}");
    if !twice {
        assert_eq!(answers[0].is_none(), expected, "{answers:?}");
    }
}

fn link(input: &mut Input<'_>, at: usize) -> Link {
    let [from, to, subject, command, policy, begins, expires, damage] = input.array();
    let (from, to) = (usize::from(from) % KEYS, usize::from(to) % KEYS);
    let subject = Some(usize::from(subject) % (KEYS + 1)).filter(|at| *at < KEYS);
    let command = usize::from(command) % COMMANDS.len();
    let policy = policy % 6;
    let (begins, expires, signed) = (instant(begins), instant(expires), damage % 8 != 7);
    let said = Delegation::new(
        keys()[from].1,
        keys()[to].1,
        subject.map(|at| keys()[at].1),
        Command::parse(COMMANDS[command]).expect("it is one"),
        Policy::from_json(&statements(policy)).expect("it is one"),
        &[at as u8],
        expires.map(Timestamp::from_secs),
    );
    let said = match begins {
        Some(begins) => said.not_before(Timestamp::from_secs(begins)),
        None => said,
    };
    let bytes = finish(&said.into(), from, signed);
    Link { from, to, subject, command, policy, begins, expires, signed, bytes }
}

/// Signs, or damages the signature.
fn finish(said: &Ucan, by: usize, signed: bool) -> Vec<u8> {
    let unsigned = encode(said).expect("it can be written");
    let message = unsigned.request().message().to_vec();
    let mut bytes = UcanEnvelope::assemble(&message, &sign(by, &message));
    if !signed {
        bytes[10] ^= 1;
    }
    bytes
}

/// Mostly none; else around now.
fn instant(byte: u8) -> Option<u64> {
    match byte % 8 {
        0..4 => None,
        4 => Some(NOW - 1),
        5 => Some(NOW),
        6 => Some(NOW + 1),
        _ => Some(NOW + 100),
    }
}

fn statements(policy: u8) -> serde_json::Value {
    match policy {
        1 => json!([["<", ".amount", 2]]),
        2 => json!([["like", ".to[0]", "x*"], ["not", ["==", ".amount", 3]]]),
        3 => json!([["all", ".to", ["!=", ".", "z"]]]),
        4 => json!([["==", ".missing", null]]),
        _ => json!([]),
    }
}

fn permits(policy: u8, amount: u8) -> bool {
    match policy {
        1 => amount < 2,
        2 => amount != 3,
        4 => false,
        _ => true,
    }
}

fn covers(above: usize, below: usize) -> bool {
    above == 0 || above == below || (above == 1 && below == 2)
}
