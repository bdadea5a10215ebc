//! What looking at things costs, in steps.
//!
//! A step is worth a few dozen nanoseconds at most, whatever it pays for, so that a spent budget is a bounded
//! time; the prices are measured by the test of the worst policies.

use crate::ucan::cbor::Value;

/// Bytes compared or searched for one step.
const BLOCK: usize = 16;

/// Bytes of a text read for one step.
const TEXT_BLOCK: usize = 32;

/// Items walked over for one step.
const ITEMS: usize = 4;

/// Returns the price of comparing so many bytes.
pub(super) const fn bytes(length: usize) -> u64 {
    1 + (length / BLOCK) as u64
}

/// Returns the price of a search over so many bytes. Setting it up takes as long as some eight
/// looks at a value, however short the text.
pub(super) const fn search(length: usize) -> u64 {
    8 + (length / BLOCK) as u64
}

/// Returns the price of having read a name of a map.
pub(super) const fn name(name: &str) -> u64 {
    (name.len() / TEXT_BLOCK) as u64
}

/// Returns the price of having read a value.
///
/// The end of a list or map is found by walking over all that it holds, except of the last one in
/// its list or map, which ends where that one ends.
pub(super) fn value(value: Value<'_>, last: bool) -> u64 {
    let walked = match value {
        Value::List(list) if !last => items(list.encoded()) / ITEMS,
        Value::Map(map) if !last => items(map.encoded()) / ITEMS,
        Value::Text(text) => text.len() / TEXT_BLOCK,
        Value::Null
        | Value::Bool(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Bytes(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Link(_) => 0,
    };
    1 + walked as u64
}

/// Counts the items in canonical bytes: what is not the content of a string begins with a head.
fn items(mut encoded: &[u8]) -> usize {
    let mut count = 0;
    while let Some((&first, rest)) = encoded.split_first() {
        count += 1;
        let argument = match first & 0x1f {
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            _ => 0,
        };
        let (argument, rest) = rest.split_at_checked(argument).unwrap_or((rest, &[]));
        encoded = match first >> 5 {
            2 | 3 => {
                let short = usize::from(first & 0x1f);
                let length = argument.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
                rest.get(if argument.is_empty() { short } else { length }..).unwrap_or(&[])
            }
            _ => rest,
        };
    }
    count
}

#[cfg(test)]
mod tests {
    use crate::ucan::cbor::from_json;
    use serde_json::json;

    use super::*;

    #[test]
    fn items_are_counted() {
        for (json, count) in [
            (json!(0), 1),
            (json!([]), 1),
            (json!([1, [2, 3], {"a": "x".repeat(300), "b": 70_000}]), 10),
            (json!({"a": {"/": {"bytes": "AAAA"}}, "b": 1.5, "c": "x".repeat(70_000)}), 7),
        ] {
            assert_eq!(items(&from_json(&json).unwrap()), count, "{json}");
        }
    }
}
