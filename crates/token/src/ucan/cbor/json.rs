//! Between DAG-CBOR and readable JSON, by the conventions of DAG-JSON: a link is
//! `{"/": "bafy…"}`, bytes are `{"/": {"bytes": "base64 without padding"}}`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use greatseal_core::error::{Quoted, UcanFault};
use greatseal_core::limits::CBOR_DEPTH;
use serde_json::{Map, Number, Value as Json};

use super::cursor::Value;
use super::write::{Entries, Writer};
use super::{head, link};

/// The name that DAG-JSON keeps for links and bytes.
const RESERVED: &str = "/";
const BYTES: &str = "bytes";

/// Writes JSON as canonical DAG-CBOR.
///
/// # Errors
/// [`UcanFault`] for what DAG-CBOR cannot hold or not every reader can: integers beyond
/// ±(2^53−1), whole numbers as large written as floats (JSON readers make them of long integers),
/// a name `/` that is neither a link nor bytes, and nesting that is too deep.
pub fn from_json(json: &Json) -> Result<Vec<u8>, UcanFault> {
    let mut writer = Writer::default();
    write(json, &mut writer, CBOR_DEPTH)?;
    Ok(writer.finish())
}

fn write(json: &Json, to: &mut Writer, levels: usize) -> Result<(), UcanFault> {
    let deeper = || levels.checked_sub(1).ok_or(UcanFault::Cbor { at: 0, rule: "it is nested deeper than any token" });
    match json {
        Json::Null => to.null(),
        Json::Bool(value) => to.bool(*value),
        Json::Number(number) => write_number(number, to)?,
        Json::String(text) => to.text(text),
        Json::Array(items) => {
            let levels = deeper()?;
            to.list(items.len());
            for item in items {
                write(item, to, levels)?;
            }
        }
        Json::Object(members) => match members.get(RESERVED) {
            Some(inner) => write_reserved(members, inner, to)?,
            None => {
                let levels = deeper()?;
                let mut entries = Entries::default();
                for (name, value) in members {
                    write(value, entries.entry(name), levels)?;
                }
                to.map(entries)?;
            }
        },
    }
    Ok(())
}

fn write_number(number: &Number, to: &mut Writer) -> Result<(), UcanFault> {
    if let Some(value) = number.as_i64() {
        return to.integer(value);
    }
    match number.as_f64() {
        Some(value) if number.is_f64() && (value.fract() != 0.0 || value.abs() <= head::INTEGER_LIMIT as f64) => {
            to.float(value)
        }
        _ => Err(field(&number.to_string(), "is beyond 2^53-1, which not every reader can hold")),
    }
}

fn write_reserved(members: &Map<String, Json>, inner: &Json, to: &mut Writer) -> Result<(), UcanFault> {
    let bytes = inner.as_object().filter(|inner| inner.len() == 1).and_then(|inner| inner.get(BYTES)?.as_str());
    match (members.len(), inner.as_str().and_then(link::parse), bytes) {
        (1, Some(cid), _) => to.link_bytes(&cid),
        (1, None, Some(text)) => {
            let bytes = STANDARD_NO_PAD.decode(text);
            to.bytes(&bytes.map_err(|_| field(BYTES, "is no base64 without padding"))?);
        }
        _ => return Err(field(RESERVED, "stands for a link or for bytes alone, and is neither")),
    }
    Ok(())
}

fn field(name: &str, problem: &str) -> UcanFault {
    UcanFault::Field { name: Quoted::sentence(name), problem: Quoted::sentence(problem) }
}

/// Shows a value as JSON.
///
/// It is for people: a map that has the one name `/` looks like what DAG-JSON keeps it for.
#[must_use]
pub fn to_json(value: Value<'_>) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(value),
        Value::Integer(value) => Json::from(value),
        Value::Float(value) => Json::from(value),
        Value::Text(text) => Json::from(text),
        Value::Bytes(bytes) => reserved(reserved_as(BYTES, Json::from(STANDARD_NO_PAD.encode(bytes)))),
        Value::Link(cid) => reserved(Json::from(link::text(cid))),
        Value::List(list) => list.iter().map(to_json).collect(),
        Value::Map(map) => map.iter().map(|(name, value)| (name.to_owned(), to_json(value))).collect(),
    }
}

fn reserved(inner: Json) -> Json {
    reserved_as(RESERVED, inner)
}

fn reserved_as(name: &str, inner: Json) -> Json {
    Json::Object(Map::from_iter([(name.to_owned(), inner)]))
}

#[cfg(test)]
mod tests {
    use greatseal_core::{Cid, Code};
    use serde_json::json;

    use super::super::validate;
    use super::*;

    #[test]
    fn json_goes_both_ways() {
        let json = json!({
            "link": {"/": Cid::of(b"it").to_string()},
            "raw": {"/": "bafkqaaa"},
            "bytes": {"/": {"bytes": "AAEC/w"}},
            "numbers": [0, -1, 1.0, -0.5, 9_007_199_254_740_991_i64],
            "others": [null, true, false, "", "é", [], {}, {"bytes": "x"}],
        });
        let bytes = from_json(&json).unwrap();
        let value = validate(&bytes).unwrap();
        assert_eq!(to_json(value), json);
        let Value::Map(map) = value else { panic!("it is a map") };
        assert_eq!(map.get("bytes"), Some(Value::Bytes(&[0, 1, 2, 255])));
        assert_eq!(map.get("raw"), Some(Value::Link(&[1, 0x55, 0, 0])));
    }

    #[test]
    fn what_cannot_be_held_is_refused() {
        for (json, code) in [
            (json!(9_007_199_254_740_992_i64), Code::UcanInteger),
            (json!(-9_007_199_254_740_992_i64), Code::UcanInteger),
            (json!(u64::MAX), Code::UcanField),
            (serde_json::from_str("18446744073709551616").unwrap(), Code::UcanField),
            (json!({"/": "x"}), Code::UcanField),
            (json!({"/": "bafkqaaa", "a": 1}), Code::UcanField),
            (json!({"/": {"bytes": "AA=="}}), Code::UcanField),
            (json!({"/": {"bytes": "AA", "a": 1}}), Code::UcanField),
        ] {
            assert_eq!(from_json(&json).unwrap_err().code(), code, "{json}");
        }
        let deep = (0..CBOR_DEPTH).fold(json!([]), |inner, _| json!([inner]));
        assert_eq!(from_json(&deep).unwrap_err().code(), Code::UcanCbor);
    }
}
