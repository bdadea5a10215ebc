//! Deep equality.

use greatseal_core::error::PolicyFault;
use greatseal_core::steps::Steps;

use super::cost;
use super::number::Number;
use super::resolve::{Found, Part};
use crate::ucan::cbor::{List, Map, Value};

/// Says whether what was found equals a value: the same kind and content all the way down, numbers
/// by what they are worth.
///
/// # Errors
/// [`PolicyFault::Steps`] when the budget is spent.
pub(super) fn found(found: Found<'_>, value: Value<'_>, steps: &mut Steps) -> Result<bool, PolicyFault> {
    match (found, value) {
        (Found::One(one), value) => same(one, value, steps),
        (Found::Part(part), Value::List(list)) => items(part, list, steps),
        (
            Found::Part(_),
            Value::Null
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Bytes(_)
            | Value::Text(_)
            | Value::Map(_)
            | Value::Link(_),
        ) => Ok(false),
    }
}

/// Compares two values. Nesting was bounded when they were decoded.
fn same(a: Value<'_>, b: Value<'_>, steps: &mut Steps) -> Result<bool, PolicyFault> {
    steps.take(1)?;
    match (a, b) {
        (Value::Null, Value::Null) => Ok(true),
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        (Value::Integer(_) | Value::Float(_), Value::Integer(_) | Value::Float(_)) => {
            Ok(match (Number::of(a), Number::of(b)) {
                (Some(a), Some(b)) => a.compare(b).is_some_and(std::cmp::Ordering::is_eq),
                _ => false,
            })
        }
        (Value::Bytes(a), Value::Bytes(b)) | (Value::Link(a), Value::Link(b)) => bytes(a, b, steps),
        (Value::Text(a), Value::Text(b)) => bytes(a.as_bytes(), b.as_bytes(), steps),
        (Value::List(a), Value::List(b)) => match Found::One(Value::List(a)).collection() {
            Some(part) => items(part, b, steps),
            None => Ok(false),
        },
        (Value::Map(a), Value::Map(b)) => pairs(a, b, steps),
        (
            Value::Null
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Bytes(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Map(_)
            | Value::Link(_),
            _,
        ) => Ok(false),
    }
}

fn bytes(a: &[u8], b: &[u8], steps: &mut Steps) -> Result<bool, PolicyFault> {
    if a.len() != b.len() {
        return Ok(false);
    }
    steps.take(cost::bytes(a.len()))?;
    Ok(a == b)
}

fn items(a: Part<'_>, b: List<'_>, steps: &mut Steps) -> Result<bool, PolicyFault> {
    if a.len() != b.len() {
        return Ok(false);
    }
    let mut others = b.iter();
    let mut equal = true;
    a.each(steps, |value, steps| {
        equal = match others.next() {
            Some(other) => {
                steps.take(cost::value(other, others.len() == 0))?;
                same(value, other, steps)?
            }
            None => false,
        };
        Ok(equal)
    })?;
    Ok(equal)
}

fn pairs(a: Map<'_>, b: Map<'_>, steps: &mut Steps) -> Result<bool, PolicyFault> {
    if a.len() != b.len() {
        return Ok(false);
    }
    // Both are sorted, so equal names stand at equal places.
    let (mut left, mut right) = (a.iter(), b.iter());
    while let (Some((name, value)), Some((other_name, other))) = (left.next(), right.next()) {
        let last = left.len() == 0;
        steps.take(cost::name(name) + cost::value(value, last))?;
        steps.take(cost::name(other_name) + cost::value(other, last))?;
        if !bytes(name.as_bytes(), other_name.as_bytes(), steps)? || !same(value, other, steps)? {
            return Ok(false);
        }
    }
    Ok(true)
}
