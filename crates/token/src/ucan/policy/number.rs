//! Numbers, compared across integer and float.

use std::cmp::Ordering;

use crate::ucan::cbor::Value;

/// A number of a policy or of arguments.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    /// A whole number.
    Integer(i64),
    /// Any other, neither NaN nor infinite.
    Float(f64),
}

impl Number {
    /// Reads a value, if it is a number.
    pub(super) const fn of(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Integer(value) => Some(Self::Integer(value)),
            Value::Float(value) => Some(Self::Float(value)),
            Value::Null
            | Value::Bool(_)
            | Value::Bytes(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Map(_)
            | Value::Link(_) => None,
        }
    }

    /// Compares what two numbers are worth; none for NaN, which no decoder lets pass.
    pub(super) fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => Some(a.cmp(&b)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(&b),
            (Self::Integer(a), Self::Float(b)) => compare(a, b),
            (Self::Float(a), Self::Integer(b)) => compare(b, a).map(Ordering::reverse),
        }
    }
}

/// Compares without turning the integer into a float, which could round it.
fn compare(integer: i64, float: f64) -> Option<Ordering> {
    /// 2^63, which a float holds exactly.
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if float.is_nan() {
        return None;
    }
    if float >= BEYOND {
        return Some(Ordering::Less);
    }
    if float < -BEYOND {
        return Some(Ordering::Greater);
    }
    // Within the bounds just checked, the whole part is an integer exactly.
    let whole = float.trunc();
    Some(integer.cmp(&(whole as i64)).then_with(|| whole.total_cmp(&float)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_and_floats_compare_by_worth() {
        for (integer, float, expected) in [
            (1, 1.0, Ordering::Equal),
            (1, 1.5, Ordering::Less),
            (2, 1.5, Ordering::Greater),
            (-1, -1.5, Ordering::Greater),
            (-2, -1.5, Ordering::Less),
            (0, -0.0, Ordering::Equal),
            (0, 5e-324, Ordering::Less),
            (0, -5e-324, Ordering::Greater),
            ((1 << 53) - 1, 9_007_199_254_740_991.0, Ordering::Equal),
            ((1 << 53) + 1, 9_007_199_254_740_992.0, Ordering::Greater),
            (i64::MAX, 9_223_372_036_854_775_808.0, Ordering::Less),
            (i64::MIN, -9_223_372_036_854_775_808.0, Ordering::Equal),
            (i64::MIN, f64::MIN, Ordering::Greater),
            (i64::MAX, f64::MAX, Ordering::Less),
        ] {
            let (a, b) = (Number::Integer(integer), Number::Float(float));
            assert_eq!(a.compare(b), Some(expected), "{integer} {float}");
            assert_eq!(b.compare(a), Some(expected.reverse()), "{float} {integer}");
        }
    }

    #[test]
    fn nan_is_not_compared() {
        for other in [Number::Integer(0), Number::Float(0.0)] {
            assert_eq!(other.compare(Number::Float(f64::NAN)), None);
            assert_eq!(Number::Float(f64::NAN).compare(other), None);
        }
    }
}
