//! Strict JSON: what two readers could read differently is refused.
//!
//! An object is an object and never an array, no name occurs twice in it (known or not, however
//! escaped), and nesting is bounded. The first fault is kept as a value beside serde's own error,
//! which can only carry text.

use core::cell::RefCell;
use core::fmt;
use std::borrow::Cow;
use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use greatseal_core::error::{DecodeFault, Quoted};
use greatseal_core::limits::JSON_DEPTH;
use greatseal_core::statement::StatementId;
use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// Where the first fault is kept.
#[derive(Debug, Default)]
pub(crate) struct Faults(RefCell<Option<DecodeFault>>);

impl Faults {
    /// Keeps the fault if it is the first, and returns serde's error for it.
    pub(crate) fn raise<E: de::Error>(&self, fault: DecodeFault) -> E {
        let error = E::custom(&fault);
        self.0.borrow_mut().get_or_insert(fault);
        error
    }

    /// Reads a member's value; what is wrong with it is told under `name`.
    pub(crate) fn member<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
        &self,
        map: &mut A,
        name: &'static str,
    ) -> Result<T, A::Error> {
        map.next_value().map_err(|error| {
            self.raise(DecodeFault::Field { name, problem: Quoted::sentence(&format!("is wrong: {error}")) })
        })
    }

    /// Puts a member's value where it belongs, unless something is there already.
    pub(crate) fn once<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
        &self,
        slot: &mut Option<T>,
        map: &mut A,
        name: &'static str,
    ) -> Result<(), A::Error> {
        if slot.is_some() {
            return Err(self.duplicate(name));
        }
        *slot = Some(self.member(map, name)?);
        Ok(())
    }

    /// Reports a name that occurs twice.
    pub(crate) fn duplicate<E: de::Error>(&self, name: &str) -> E {
        self.raise(DecodeFault::Duplicate { name: Quoted::new(name) })
    }
}

/// Reads one whole JSON document through `seed`.
pub(crate) fn read<'de, S: DeserializeSeed<'de>>(
    bytes: &'de [u8],
    faults: &Faults,
    seed: S,
) -> Result<S::Value, DecodeFault> {
    match str::from_utf8(bytes) {
        Ok(text) => read_from(serde_json::Deserializer::from_str(text), faults, seed),
        // Read again byte by byte, in order to tell where.
        Err(_) => read_from(serde_json::Deserializer::from_slice(bytes), faults, seed),
    }
}

fn read_from<'de, R: serde_json::de::Read<'de>, S: DeserializeSeed<'de>>(
    mut deserializer: serde_json::Deserializer<R>,
    faults: &Faults,
    seed: S,
) -> Result<S::Value, DecodeFault> {
    seed.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value)).map_err(|error| {
        let kept = faults.0.borrow_mut().take();
        kept.unwrap_or_else(|| DecodeFault::Json { detail: Quoted::sentence(&error.to_string()) })
    })
}

/// Makes the fault of a member that is wrong.
pub(crate) fn field(name: &'static str, problem: &str) -> DecodeFault {
    DecodeFault::Field { name, problem: Quoted::sentence(problem) }
}

/// Makes the fault of a member that nobody knows, where passing over it would soften a rule.
pub(crate) fn unknown(name: &str) -> DecodeFault {
    DecodeFault::Json { detail: Quoted::sentence(&format!("a member `{name}` is not known here")) }
}

/// Reads 32 bytes as 64 lower-case hexadecimal digits: one spelling only.
pub(crate) fn digest(name: &'static str, text: &str) -> Result<[u8; 32], DecodeFault> {
    let bytes = HEXLOWER.decode(text.as_bytes()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    bytes.ok_or_else(|| field(name, "has to be 64 lower-case hexadecimal digits"))
}

/// Reads a statement id.
pub(crate) fn statement_id(name: &'static str, text: &str) -> Result<StatementId, DecodeFault> {
    digest(name, text).map(StatementId::from_digest)
}

/// A text or a member's name, borrowed where it is spelled without escapes.
pub(crate) struct Text<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.into())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// An object of texts, no name twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Texts(pub(crate) BTreeMap<String, String>);

/// Reads [`Texts`] with the faults kept.
pub(crate) struct TextsSeed<'f>(pub(crate) &'f Faults);

impl<'de> DeserializeSeed<'de> for TextsSeed<'_> {
    type Value = Texts;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Texts, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for TextsSeed<'_> {
    type Value = Texts;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
        let mut texts = BTreeMap::new();
        while let Some((name, text)) = map.next_entry::<String, String>()? {
            if texts.contains_key(&name) {
                return Err(self.0.duplicate(&name));
            }
            texts.insert(name, text);
        }
        Ok(Texts(texts))
    }
}

/// Reads any value: members that are not known, and schemas.
pub(crate) struct AnyValue<'f> {
    /// Where faults are kept.
    pub(crate) faults: &'f Faults,
    /// How deep the value stands, the document itself being 1.
    pub(crate) depth: usize,
}

impl AnyValue<'_> {
    fn deeper<E: de::Error>(&self) -> Result<Self, E> {
        if self.depth >= JSON_DEPTH {
            return Err(self.faults.raise(DecodeFault::Depth { limit: JSON_DEPTH }));
        }
        Ok(Self { faults: self.faults, depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for AnyValue<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnyValue<'_> {
    type Value = Value;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(self.deeper()?)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = serde_json::Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if members.contains_key(&name) {
                return Err(self.faults.duplicate(&name));
            }
            let value = map.next_value_seed(self.deeper()?)?;
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}
