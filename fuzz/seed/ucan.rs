//! Seeds of the UCAN targets: tokens, policies and containers of the vectors, and chains.

use std::fs;

use data_encoding::BASE64;
use greatseal_fuzz::naive::cbor::{Tree, read};
use greatseal_token::ucan::cbor;
use greatseal_token::ucan::container;
use serde_json::Value as Json;

use crate::{json, vectors};

/// Every token of the manifest and the fixtures, raw.
fn tokens() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let files = vectors().into_iter().filter(|path| path.components().any(|part| part.as_os_str() == "ucan"));
    for path in files {
        let bytes = fs::read(&path).expect("vectors can be read");
        if let Ok(tokens) = container::read(&bytes) {
            found.extend(tokens);
        }
        if let Ok(json) = serde_json::from_slice::<Json>(&bytes) {
            texts(&json, &mut |text| {
                found.extend(BASE64.decode(text.as_bytes()).ok().filter(|bytes| bytes.first() == Some(&0x82)));
            });
        }
    }
    found.sort();
    found.dedup();
    found.retain(|token| token.len() <= 2048);
    found
}

/// Calls for every text that stands anywhere.
fn texts(json: &Json, each: &mut impl FnMut(&str)) {
    match json {
        Json::String(text) => each(text),
        Json::Array(items) => items.iter().for_each(|item| texts(item, each)),
        Json::Object(members) => members.values().for_each(|value| texts(value, each)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

pub(crate) fn envelopes() -> Vec<Vec<u8>> {
    let mut inputs = tokens();
    let messages: Vec<Vec<u8>> = inputs
        .iter()
        .step_by(5)
        .filter(|token| token.len() > 67)
        .map(|token| [&[0][..], &token[67..]].concat())
        .collect();
    inputs.extend(messages);
    inputs
}

pub(crate) fn payloads() -> Vec<Vec<u8>> {
    let mut inputs = Vec::new();
    for token in tokens() {
        let Some(Tree::List(items)) = read(&token) else { continue };
        let Some(Tree::Map(pairs)) = items.get(1) else { continue };
        if let [(_, Tree::Bytes(header)), (tag, payload)] = &pairs[..] {
            let algorithm = match header.get(4) {
                Some(0x80) => 1,
                Some(0xe7) => 2,
                _ => 0,
            };
            let kind = u8::from(tag.starts_with("ucan/inv")) + if tag.ends_with("rc.1") { 2 } else { 0 };
            inputs.push([&[kind + 4 * algorithm][..], &payload.write()].concat());
        }
    }
    // Chains: root 0 to 1 to 2 to 3, which invokes; each link from, to, subject, command, policy, times, damage.
    for length in 0..4_u8 {
        for (policy, times, damage) in [(0, 0, 0), (1, 5, 0), (2, 6, 0), (3, 4, 0), (0, 0, 7)] {
            let mut program = vec![0x80, length];
            for at in 0..length {
                let subject = if at == 1 { 4 } else { 0 };
                program.extend([at, at + 1, subject, at.min(2), policy, times, 0, damage]);
            }
            // By, subject, audience, command, amount, expires, damage, who judges, anchor, order.
            program.extend([length, 0, 3, 2, 1, 7, 0, 3, 0, 0]);
            inputs.push(program.clone());
            // Taken back by the root, or by a stranger.
            program.extend([2, 0, length.saturating_sub(1), 0, 3, 0, 0]);
            inputs.push(program);
        }
    }
    inputs
}

pub(crate) fn policies() -> Vec<Vec<u8>> {
    let mut inputs = Vec::new();
    // The other copy of the fixture is no strict JSON.
    for file in ["ucan/fixtures/iso-ucan/policy.json"] {
        let fixture = json(file);
        for group in ["valid", "invalid"] {
            for case in fixture[group].as_array().into_iter().flatten() {
                for policy in case["policies"].as_array().into_iter().flatten() {
                    let both = Json::Array(vec![policy.clone(), case["args"].clone()]);
                    inputs.extend(cbor::from_json(&both).ok());
                }
            }
        }
    }
    // Delegations' own policies, and globs.
    for token in tokens() {
        let Some(Tree::List(items)) = read(&token) else { continue };
        let Some(Tree::Map(pairs)) = items.get(1) else { continue };
        if let Some(policy) = pairs.get(1).and_then(|(_, payload)| payload.get("pol")) {
            let args = Tree::Map(vec![("uri".into(), Tree::Text("https://example.org/x".into()))]);
            inputs.push(Tree::List(vec![policy.clone(), args]).write());
        }
    }
    for (pattern, text) in [(r"a*b\*c", "aXb*c"), ("*a*a*a*b", "aaaaaaaaaaaa"), (r"\\*", r"\*"), ("é*", "éa")] {
        let both = serde_json::json!([[["like", ".a", pattern]], {"a": text}]);
        inputs.extend(cbor::from_json(&both).ok());
    }
    inputs
}

pub(crate) fn selectors() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for file in ["ucan/fixtures/iso-ucan/policy.json", "ucan/manifest.json"] {
        texts(&json(file), &mut |text| {
            if text.starts_with('.') && text.len() < 200 {
                found.push(text.as_bytes().to_vec());
            }
        });
    }
    let more = [
        ".",
        ".a",
        ".a.a[0]",
        ".a.a[-1].b",
        ".a.a[1:]",
        ".a.a[:-2][0]",
        ".a.b[0]",
        ".a.b[1:3]",
        ".a[\"\"]",
        ".[]",
        ".b[][0]",
        ".b[2][0][0][0]",
        ".é[\"a b\"]",
        ".é[\"\\\"\"]",
        ".é[\"]\"][0]",
        ".é[\"\\\\\"].a",
        "._?",
        ".x?.y?",
        ".x?.y",
        ".a-$.a.a.a.a",
        ".[\"a\"]??",
        ".b[9007199254740991]",
        ".b[-9007199254740992]",
        ".b[-0]",
        ".b[01]",
        ".b[:]",
        ".a..b",
        ".a.",
        ".b[\"\\u0061\"]",
    ];
    found.extend(more.map(|text| text.as_bytes().to_vec()));
    found
}

pub(crate) fn containers() -> Vec<Vec<u8>> {
    let mut inputs = Vec::new();
    for path in vectors().into_iter().filter(|path| path.to_string_lossy().contains("fixtures/container/")) {
        inputs.push(fs::read(path).expect("vectors can be read"));
    }
    for case in json("ucan/manifest.json")["cases"].as_array().into_iter().flatten() {
        let text = case["container"].as_str().unwrap_or_default();
        inputs.extend(BASE64.decode(text.as_bytes()).ok().filter(|bytes| !bytes.is_empty()));
    }
    for encoding in 0..6_u8 {
        for plain in [&b"\xa1\x66ctn-v1\x80"[..], b"\xa1\x66ctn-v1\x82\x41a\x42bb", b"\xa1\x66ctn-v1\x82\x41a\x41a"] {
            inputs.push([&[encoding, 0][..], plain].concat());
        }
        inputs.push([&[encoding, 255][..], b"\xa1\x66ctn-v1\x81\x59\xff\xff\0\0\0\0"].concat());
    }
    inputs.retain(|input| input.len() <= 4096);
    inputs
}
