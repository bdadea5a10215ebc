//! Values that a policy compares with.

use greatseal_core::error::PolicyFault;
use greatseal_core::limits::POLICY_STEPS;
use greatseal_core::steps::Steps;

use super::number::Number;
use super::resolve::Found;
use super::{cost, equal};
use crate::ucan::cbor::{self, Value};

/// A value of a policy. Lists and maps stay as they are written: a tree of them would take a
/// multiple of the room in a verifier's memory.
#[derive(Debug)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Number(Number),
    Bytes(Box<[u8]>),
    Text(Box<str>),
    Link(Box<[u8]>),
    /// The canonical bytes of a list.
    List(Box<[u8]>),
    /// The canonical bytes of a map.
    Map(Box<[u8]>),
}

impl Literal {
    /// Keeps a value.
    pub(super) fn of(value: Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Integer(value) => Self::Number(Number::Integer(value)),
            Value::Float(value) => Self::Number(Number::Float(value)),
            Value::Bytes(bytes) => Self::Bytes(bytes.into()),
            Value::Text(text) => Self::Text(text.into()),
            Value::Link(cid) => Self::Link(cid.into()),
            Value::List(list) => Self::List(list.encoded().into()),
            Value::Map(map) => Self::Map(map.encoded().into()),
        }
    }

    /// Says whether what was found equals it.
    ///
    /// # Errors
    /// [`PolicyFault::Steps`] when the budget is spent.
    pub(super) fn equals(&self, found: Found<'_>, steps: &mut Steps) -> Result<bool, PolicyFault> {
        let value = match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(Number::Integer(value)) => Value::Integer(*value),
            Self::Number(Number::Float(value)) => Value::Float(*value),
            Self::Bytes(bytes) => Value::Bytes(bytes),
            Self::Text(text) => Value::Text(text),
            Self::Link(cid) => Value::Link(cid),
            Self::List(encoded) => match found {
                Found::One(Value::List(list)) if list.encoded().len() == encoded.len() => {
                    steps.take(cost::bytes(encoded.len()))?;
                    if *list.encoded() == **encoded {
                        return Ok(true);
                    }
                    open(encoded, steps)?
                }
                Found::One(Value::List(_)) | Found::Part(_) => open(encoded, steps)?,
                Found::One(_) => return Ok(false),
            },
            Self::Map(encoded) => match found {
                Found::One(Value::Map(map)) if map.encoded().len() == encoded.len() => {
                    steps.take(cost::bytes(encoded.len()))?;
                    if *map.encoded() == **encoded {
                        return Ok(true);
                    }
                    open(encoded, steps)?
                }
                Found::One(Value::Map(_)) => open(encoded, steps)?,
                Found::One(_) | Found::Part(_) => return Ok(false),
            },
        };
        equal::found(found, value, steps)
    }
}

/// Opens bytes that were canonical when they were kept.
fn open<'a>(encoded: &'a [u8], steps: &mut Steps) -> Result<Value<'a>, PolicyFault> {
    // They still are. Were they not, neither true nor false would be safe under every `not`.
    let value = cbor::validate(encoded).map_err(|_| PolicyFault::Steps { limit: POLICY_STEPS })?;
    steps.take(cost::bytes(encoded.len()) + cost::value(value, false))?;
    Ok(value)
}
