//! What a selector leads to.

use std::cmp::Ordering;

use greatseal_core::error::PolicyFault;
use greatseal_core::steps::Steps;

use super::cost;
use super::selector::{Segment, Selector, Step};
use crate::ucan::cbor::{Items, List, Map, Pairs, Value};

/// What a selector leads to: always one value, as the specification has it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found<'a> {
    /// A value as it lies in the arguments.
    One(Value<'a>),
    /// A list that does not lie there as such.
    Part(Part<'a>),
}

/// A part of a list, or of the values of a map in the order of their names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    whole: Whole<'a>,
    from: usize,
    to: usize,
}

#[derive(Clone, Copy, Debug)]
enum Whole<'a> {
    List(List<'a>),
    Values(Map<'a>),
}

/// The values of a list or a map, each paid for as it is read.
#[derive(Clone, Debug)]
enum Paid<'a> {
    List(Items<'a>),
    Values(Pairs<'a>),
}

impl<'a> Whole<'a> {
    const fn items(self) -> Paid<'a> {
        match self {
            Self::List(list) => Paid::List(list.iter()),
            Self::Values(map) => Paid::Values(map.iter()),
        }
    }
}

impl<'a> Paid<'a> {
    fn next(&mut self, steps: &mut Steps) -> Result<Option<Value<'a>>, PolicyFault> {
        let (value, last) = match self {
            Self::List(items) => (items.next(), items.len() == 0),
            Self::Values(pairs) => match pairs.next() {
                Some((name, value)) => {
                    steps.take(cost::name(name))?;
                    (Some(value), pairs.len() == 0)
                }
                None => (None, true),
            },
        };
        if let Some(value) = value {
            steps.take(cost::value(value, last))?;
        }
        Ok(value)
    }
}

impl Selector {
    /// Follows the path from a value; none if it leads nowhere.
    ///
    /// Names are found among the names of a map and nowhere else, so a list has no `.length`, and
    /// nothing a `.constructor`. A missing name leads nowhere, as in both peers: the sentence of
    /// the specification that it gives null contradicts the one before it.
    ///
    /// # Errors
    /// [`PolicyFault::Steps`] when the budget is spent.
    pub(super) fn resolve<'a>(&self, from: Value<'a>, steps: &mut Steps) -> Result<Option<Found<'a>>, PolicyFault> {
        let mut here = Found::One(from);
        for Segment { step, optional } in self.segments() {
            steps.take(1)?;
            here = match here.follow(step, steps)? {
                Some(found) => found,
                None if *optional => Found::One(Value::Null),
                // At once, even if a later segment is optional.
                None => return Ok(None),
            };
        }
        Ok(Some(here))
    }
}

impl<'a> Found<'a> {
    fn follow(self, step: &Step, steps: &mut Steps) -> Result<Option<Self>, PolicyFault> {
        match step {
            Step::Key(name) => match self {
                Self::One(Value::Map(map)) => Ok(look_up(map, name, steps)?.map(Self::One)),
                Self::One(_) | Self::Part(_) => Ok(None),
            },
            Step::Values => Ok(match self {
                Self::One(Value::Map(map)) => Some(Self::Part(Part::values(map))),
                Self::One(Value::List(_)) | Self::Part(_) => Some(self),
                Self::One(_) => None,
            }),
            Step::Index(index) => match self {
                Self::One(Value::List(list)) => Part::list(list).item(*index, steps),
                Self::Part(part) => part.item(*index, steps),
                Self::One(Value::Bytes(bytes)) => Ok(position(*index, bytes.len())
                    .and_then(|at| bytes.get(at))
                    .map(|byte| Self::One(Value::Integer(i64::from(*byte))))),
                Self::One(_) => Ok(None),
            },
            Step::Slice(from, to) => Ok(match self {
                Self::One(Value::List(list)) => Some(Self::Part(Part::list(list).slice(*from, *to))),
                Self::Part(part) => Some(Self::Part(part.slice(*from, *to))),
                Self::One(Value::Bytes(bytes)) => {
                    let (from, to) = bounds(*from, *to, bytes.len());
                    bytes.get(from..to).map(|bytes| Self::One(Value::Bytes(bytes)))
                }
                Self::One(_) => None,
            }),
        }
    }

    /// Returns the value, unless it is a list that lies nowhere as such.
    pub(super) const fn one(self) -> Option<Value<'a>> {
        match self {
            Self::One(value) => Some(value),
            Self::Part(_) => None,
        }
    }

    /// Returns what a quantifier ranges over; none for what is no collection.
    pub(super) const fn collection(self) -> Option<Part<'a>> {
        match self {
            Self::One(Value::List(list)) => Some(Part::list(list)),
            Self::One(Value::Map(map)) => Some(Part::values(map)),
            Self::One(_) => None,
            Self::Part(part) => Some(part),
        }
    }
}

impl<'a> Part<'a> {
    const fn list(list: List<'a>) -> Self {
        Self { whole: Whole::List(list), from: 0, to: list.len() }
    }

    const fn values(map: Map<'a>) -> Self {
        Self { whole: Whole::Values(map), from: 0, to: map.len() }
    }

    /// Returns how many values it has.
    pub(super) const fn len(self) -> usize {
        self.to.saturating_sub(self.from)
    }

    /// Calls something with every value, until it says no.
    ///
    /// # Errors
    /// [`PolicyFault::Steps`] when the budget is spent.
    pub(super) fn each(
        self,
        steps: &mut Steps,
        mut goes_on: impl FnMut(Value<'a>, &mut Steps) -> Result<bool, PolicyFault>,
    ) -> Result<(), PolicyFault> {
        let mut items = self.whole.items();
        for at in 0..self.to {
            let Some(value) = items.next(steps)? else { break };
            if at >= self.from && !goes_on(value, steps)? {
                break;
            }
        }
        Ok(())
    }

    fn item(self, index: i64, steps: &mut Steps) -> Result<Option<Found<'a>>, PolicyFault> {
        let Some(at) = position(index, self.len()) else {
            return Ok(None);
        };
        let mut found = None;
        let single = Self { from: self.from + at, to: self.from + at + 1, ..self };
        single.each(steps, |value, _| {
            found = Some(Found::One(value));
            Ok(false)
        })?;
        Ok(found)
    }

    fn slice(self, from: Option<i64>, to: Option<i64>) -> Self {
        let (from, to) = bounds(from, to, self.len());
        Self { from: self.from + from, to: self.from + to, ..self }
    }
}

/// Finds the value of a name, walking over those before it.
fn look_up<'a>(map: Map<'a>, wanted: &str, steps: &mut Steps) -> Result<Option<Value<'a>>, PolicyFault> {
    let mut pairs = map.iter();
    while let Some((name, value)) = pairs.next() {
        steps.take(cost::name(name) + cost::value(value, pairs.len() == 0))?;
        if name.len() == wanted.len() {
            steps.take(cost::bytes(name.len()))?;
        }
        // Sorted as they are, shorter ones first, what comes after it tells that it is missing.
        match name.len().cmp(&wanted.len()).then_with(|| name.cmp(wanted)) {
            Ordering::Less => {}
            Ordering::Equal => return Ok(Some(value)),
            Ordering::Greater => return Ok(None),
        }
    }
    Ok(None)
}

/// Returns the position that an index means, counted from the end when negative.
fn position(index: i64, length: usize) -> Option<usize> {
    let at = match usize::try_from(index) {
        Ok(at) => at,
        Err(_) => length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?,
    };
    (at < length).then_some(at)
}

/// Returns the positions that the bounds of a slice mean: never outside, and never crossed.
fn bounds(from: Option<i64>, to: Option<i64>, length: usize) -> (usize, usize) {
    let clamped = |bound: i64| match usize::try_from(bound) {
        Ok(at) => at.min(length),
        Err(_) => length.saturating_sub(usize::try_from(bound.unsigned_abs()).unwrap_or(usize::MAX)),
    };
    let from = from.map_or(0, clamped);
    (from, to.map_or(length, clamped).max(from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_and_bounds() {
        assert_eq!(position(0, 0), None);
        assert_eq!(position(2, 3), Some(2));
        assert_eq!(position(3, 3), None);
        assert_eq!(position(-3, 3), Some(0));
        assert_eq!(position(-4, 3), None);
        assert_eq!(bounds(Some(0), Some(2), 3), (0, 2));
        assert_eq!(bounds(Some(1), None, 3), (1, 3));
        assert_eq!(bounds(None, Some(-1), 3), (0, 2));
        assert_eq!(bounds(Some(-2), None, 3), (1, 3));
        assert_eq!(bounds(Some(-9), Some(9), 3), (0, 3));
        assert_eq!(bounds(Some(5), Some(2), 3), (3, 3));
        assert_eq!(bounds(Some(2), Some(1), 3), (2, 2));
        assert_eq!(bounds(Some(i64::MIN), Some(i64::MAX), 3), (0, 3));
    }
}
