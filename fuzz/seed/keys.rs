//! Seeds of `nkeys`: every key, seed and DID of the vectors, good and bad, and the parts of a few.

use greatseal_fuzz::naive::key;
use serde_json::Value;

use crate::json;

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let mut texts = Vec::new();
    for file in ["nkeys/vectors.json", "nkeys/did.json", "nkeys/refused.json"] {
        collect(&json(file), &mut texts);
    }
    let mut inputs: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).filter(|text| text.len() <= 300).collect();
    let key: [u8; 32] = std::array::from_fn(|at| at as u8);
    for (_, prefix) in key::ROLES {
        inputs.push([&[0, prefix], &key[..]].concat());
        inputs.push([&[1, 144 | prefix >> 5, (prefix & 31) << 3], &key[..]].concat());
    }
    inputs.push([&[0, 0], &key[..], &[5, 0, b'Z']].concat());
    inputs.push([&[1, 144, 0], &key[..], &[57, 0, b'7']].concat());
    inputs.push([&[2, 34, 0xed, 1], &key[..]].concat());
    inputs.push([&[2, 35, 0x80, 0x24], &key[..], &[2]].concat());
    inputs
}

/// Takes every text out of a document that is no description.
fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(value, texts)),
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if ["pub", "seed", "did", "text"].contains(&name.as_str()) => {
                        texts.push(text.clone())
                    }
                    other => collect(other, texts),
                }
            }
        }
        _ => {}
    }
}
