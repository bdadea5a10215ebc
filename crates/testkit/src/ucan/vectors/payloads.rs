//! What a token may hold: nonces, integers, nesting, principals, signature headers, commands.

use data_encoding::BASE64_NOPAD;
use serde_json::{Value, json};

use super::Case;
use crate::ucan::{Draft, Principal, Token, ask, delegation, ed25519, invocation, p256, secp256k1};

/// Levels of a token around its arguments: the list, the signed map, the payload.
const AROUND_ARGS: usize = 3;
/// Levels of any token.
const DEEPEST: usize = 64;
/// Bytes of any command.
const LONGEST_COMMAND: usize = 1024;

/// Makes the cases.
pub(super) fn cases() -> Vec<Case> {
    [integers(), nesting(), principals(), varsigs(), others()].into_iter().flatten().collect()
}

fn alone(draft: &Draft) -> crate::ucan::Question {
    ask(&draft.sign())
}

fn integers() -> Vec<Case> {
    let root = ed25519("integers root");
    let with = |bytes: &[u8]| {
        let draft = invocation(&root, &root).args(json!({"n": "here"}));
        alone(&draft.patched(b"\x64here", bytes))
    };
    let mut cases: Vec<Case> = [
        ("largest", None, &b"\x1b\x00\x1f\xff\xff\xff\xff\xff\xff"[..]),
        ("smallest", None, b"\x3b\x00\x1f\xff\xff\xff\xff\xff\xfe"),
        ("too-large", Some("IntegerRange"), b"\x1b\x00\x20\x00\x00\x00\x00\x00\x00"),
        ("too-small", Some("IntegerRange"), b"\x3b\x00\x1f\xff\xff\xff\xff\xff\xff"),
        ("largest-of-63-bits", Some("IntegerRange"), b"\x1b\x7f\xff\xff\xff\xff\xff\xff\xff"),
        ("largest-of-64-bits", Some("IntegerRange"), b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff"),
        ("smallest-of-65-bits", Some("IntegerRange"), b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff"),
        ("bignum", Some("Canonical"), b"\xc2\x49\x01\x00\x00\x00\x00\x00\x00\x00\x00"),
        ("float-as-large", None, b"\xfb\x43\x40\x00\x00\x00\x00\x00\x00"),
        ("float-largest", None, b"\xfb\x7f\xef\xff\xff\xff\xff\xff\xff"),
        ("float-infinite", Some("Canonical"), b"\xfb\x7f\xf0\x00\x00\x00\x00\x00\x00"),
        ("float-nan", Some("Canonical"), b"\xfb\x7f\xf8\x00\x00\x00\x00\x00\x00"),
        ("float-of-32-bits", Some("Canonical"), b"\xfa\x3f\x80\x00\x00"),
        ("float-of-16-bits", Some("Canonical"), b"\xf9\x3c\x00"),
    ]
    .into_iter()
    .map(|(name, reason, bytes)| Case::new(format!("number-{name}"), reason, &with(bytes)))
    .collect();
    let exp = |bytes: &[u8]| alone(&invocation(&root, &root).field("exp", "here").patched(b"\x64here", bytes));
    cases.extend([
        Case::reject("number-exp-too-large", "IntegerRange", &exp(b"\x1b\x00\x20\x00\x00\x00\x00\x00\x00")),
        Case::reject("number-exp-negative", "Schema", &exp(b"\x20")),
        Case::reject("number-exp-float", "Schema", &exp(b"\xfb\x43\x40\x00\x00\x00\x00\x00\x00")),
        Case::reject("number-in-meta-too-large", "IntegerRange", &{
            let draft = invocation(&root, &root).field("meta", json!({"n": "here"}));
            alone(&draft.patched(b"\x64here", b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff"))
        }),
    ]);
    cases
}

fn nesting() -> Vec<Case> {
    let root = ed25519("nesting root");
    // The arguments' own map is one level, so that many lists are left.
    let deep = |levels: usize, open: Value| {
        let inner = (0..levels - AROUND_ARGS - 2).fold(open, |inner, _| json!([inner]));
        alone(&invocation(&root, &root).args(json!({ "x": inner })))
    };
    let nested_not = |levels: usize| {
        let worker = ed25519("nesting worker");
        let statement = (0..levels).fold(json!(["==", ".a", 1]), |inner, _| json!(["not", inner]));
        let proof = delegation(&root, &worker).policy(json!([statement])).sign();
        ask(&invocation(&worker, &root).args(json!({"a": 1})).proofs([&proof]).sign()).with([&proof])
    };
    vec![
        Case::accept("nested-64", &deep(DEEPEST, json!([]))),
        Case::reject("nested-65", "Canonical", &deep(DEEPEST + 1, json!([]))),
        Case::reject("nested-65-map", "Canonical", &deep(DEEPEST + 1, json!({}))),
        Case::accept("nested-policy", &nested_not(40)),
        Case::reject("nested-policy-odd", "Policy", &nested_not(41)),
    ]
}

/// Writes any bytes as the key of a `did:key`.
fn did(codec: &[u8], key: &[u8]) -> String {
    format!("did:key:z{}", bs58::encode([codec, key].concat()).into_string())
}

fn principals() -> Vec<Case> {
    let (root, ec) = (ed25519("principals root"), p256("principals"));
    let raw = root.key();
    let point = ec.key();
    let uncompressed = ec.uncompressed().expect("it is a P-256 key");
    let good = root.did();
    let unsupported = [
        ("bls-g1", did(b"\xea\x01", &[7; 48])),
        ("bls-g2", did(b"\xeb\x01", &[7; 96])),
        ("bls-g1-under-g2", did(b"\xeb\x01", &[7; 48])),
        ("p384", did(b"\x81\x24", &[2; 49])),
        ("x25519", did(b"\xec\x01", raw.as_bytes())),
        ("web", "did:web:example.com".to_owned()),
        ("uncompressed-p256", did(b"\x80\x24", &uncompressed)),
        ("p256-without-parity", did(b"\x80\x24", point.as_bytes().split_at(1).1)),
        ("ed25519-31-bytes", did(b"\xed\x01", raw.as_bytes().split_at(31).0)),
        ("ed25519-33-bytes", did(b"\xed\x01", &[raw.as_bytes(), &[0][..]].concat())),
        ("ed25519-long-codec", did(b"\xed\x81\x00", raw.as_bytes())),
        ("fragment", format!("{good}#{}", good.split_at(8).1)),
        ("base64", format!("did:key:u{}", BASE64_NOPAD.encode(&[b"\xed\x01", raw.as_bytes()].concat()))),
        ("upper-case", good.replacen("did:key", "DID:KEY", 1)),
        ("space", format!("{good} ")),
        ("empty", String::new()),
    ];
    let mut cases = Vec::new();
    for (name, text) in &unsupported {
        for field in ["iss", "aud", "sub"] {
            let call = invocation(&root, &root).to(&root).field(field, text.as_str());
            cases.push(Case::reject(format!("principal-{name}-{field}"), "Principal", &alone(&call)));
        }
    }
    let off_curve = did(b"\x80\x24", &[&[2][..], &[0xff; 32]].concat());
    let nobody = invocation(&ec, &ec).field("iss", off_curve.as_str()).field("sub", off_curve.as_str());
    cases.push(Case::reject("principal-point-off-the-curve", "WeakKey", &alone(&nobody)));
    cases
}

fn varsigs() -> Vec<Case> {
    let keys: [(&str, Principal, &[u8]); 3] = [
        ("ed25519", ed25519("varsig"), b"\x34\x01\xed\x01\xed\x01\x13\x71"),
        ("p256", p256("varsig"), b"\x34\x01\xec\x01\x80\x24\x12\x71"),
        ("secp256k1", secp256k1("varsig"), b"\x34\x01\xec\x01\xe7\x01\x12\x71"),
    ];
    let mut cases = Vec::new();
    for (name, key, own) in &keys {
        for (other, _, header) in &keys {
            let call = invocation(key, key).header(header);
            let reason = (own != header).then_some("Varsig");
            cases.push(Case::new(format!("varsig-{name}-with-header-of-{other}"), reason, &alone(&call)));
        }
        let bls = invocation(key, key).header(b"\x34\x01\xb1\x01\xea\x01\x12\x71");
        cases.push(Case::reject(format!("varsig-{name}-with-header-of-bls"), "Varsig", &alone(&bls)));
        let other = ed25519("varsig other");
        let swapped = invocation(key, key).sign().signed_by(&other);
        cases.push(Case::reject(format!("varsig-{name}-signed-by-another"), "Signature", &ask(&swapped)));
        let zero = Token::new([&b"\x82\x58\x40"[..], &[0; 64], invocation(key, key).sign().message()].concat());
        cases.push(Case::reject(format!("varsig-{name}-signature-of-zeros"), "Signature", &ask(&zero)));
    }
    cases
}

fn others() -> Vec<Case> {
    let (root, worker) = (ed25519("others root"), ed25519("others worker"));
    let resting = |proof: &Token, command: &str| {
        ask(&invocation(&worker, &root).command(command).proofs([proof]).sign()).with([proof])
    };
    let long = |bytes: usize| format!("/{}", "a".repeat(bytes - 1));
    let (rc1, released) = (delegation(&root, &worker).rc1(), delegation(&root, &worker));
    let mut cases = vec![
        Case::accept("nonce-empty", &resting(&released.clone().nonce(b"").sign(), "/do")),
        Case::accept("nonce-empty-invocation", &alone(&invocation(&root, &root).nonce(b""))),
        Case::accept("nonce-long", &alone(&invocation(&root, &root).nonce(&[7; 1000]))),
        Case::accept(
            "tag-rc1-below-released",
            &ask(&invocation(&worker, &root).rc1().proofs([&released.sign()]).sign()).with([&released.sign()]),
        ),
        Case::accept("tag-released-below-rc1", &resting(&rc1.sign(), "/do")),
        Case::reject("tag-rc2", "PayloadTag", &alone(&invocation(&root, &root).version("1.0.0-rc.2"))),
        Case::reject("tag-1.0", "PayloadTag", &alone(&invocation(&root, &root).version("1.0"))),
        Case::reject("tag-empty-version", "PayloadTag", &alone(&invocation(&root, &root).version(""))),
        Case::accept("command-longest", &alone(&invocation(&root, &root).command(&long(LONGEST_COMMAND)))),
        Case::reject(
            "command-too-long",
            "CommandSyntax",
            &alone(&invocation(&root, &root).command(&long(LONGEST_COMMAND + 1))),
        ),
        Case::accept("cause", &alone(&invocation(&root, &root).field("cause", released.sign().link()))),
        Case::reject("cause-null", "Schema", &alone(&invocation(&root, &root).field("cause", Value::Null))),
        Case::reject("meta-null", "Schema", &alone(&invocation(&root, &root).field("meta", Value::Null))),
        Case::reject("nbf-null", "Schema", &resting(&released.clone().field("nbf", Value::Null).sign(), "/do")),
        Case::reject("invocation-with-nbf", "Schema", &alone(&invocation(&root, &root).begins(0))),
        Case::reject("invocation-null-subject", "Schema", &alone(&invocation(&root, &root).powerline())),
        Case::accept(
            "meta-any",
            &alone(&invocation(&root, &root).field("meta", json!({"": {"constructor": [null, -0.5]}}))),
        ),
    ];
    for (id, held, asked, covers) in [
        ("root-covers", "/", "/any/thing", true),
        ("same", "/crud", "/crud", true),
        ("narrower", "/crud", "/crud/read", true),
        ("wider", "/crud/read", "/crud", false),
        ("prefix-only", "/crud", "/crudextra", false),
        ("prefix-only-reversed", "/crudextra", "/crud", false),
        ("root-not-covered", "/crud", "/", false),
    ] {
        let proof = released.clone().command(held).sign();
        cases.push(Case::new(format!("command-{id}"), (!covers).then_some("Command"), &resting(&proof, asked)));
    }
    cases
}
