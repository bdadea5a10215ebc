//! Whether statements are true of a value.

use greatseal_core::error::PolicyFault;
use greatseal_core::steps::Steps;

use super::number::Number;
use super::resolve::Found;
use super::statement::{Order, Quantifier, Statement};
use crate::ucan::cbor::Value;

impl Statement {
    /// Says whether the statement is true of a value.
    ///
    /// What leads nowhere or has the wrong type makes the statement around it false, `!=`
    /// included, and `not` of that is true. A spent budget is neither, so it ends everything.
    ///
    /// # Errors
    /// [`PolicyFault::Steps`] when the budget is spent.
    pub(super) fn holds(&self, here: Value<'_>, steps: &mut Steps) -> Result<bool, PolicyFault> {
        steps.take(1)?;
        match self {
            Self::Equal { selector, literal, negated } => match selector.resolve(here, steps)? {
                Some(found) => Ok(literal.equals(found, steps)? != *negated),
                None => Ok(false),
            },
            Self::Order { selector, order, bound } => {
                let number = selector.resolve(here, steps)?.and_then(Found::one).and_then(Number::of);
                Ok(number.and_then(|number| number.compare(*bound)).is_some_and(|found| match order {
                    Order::Less => found.is_lt(),
                    Order::AtMost => found.is_le(),
                    Order::Greater => found.is_gt(),
                    Order::AtLeast => found.is_ge(),
                }))
            }
            Self::Like { selector, glob } => match selector.resolve(here, steps)?.and_then(Found::one) {
                Some(Value::Text(text)) => glob.matches(text, steps),
                Some(_) | None => Ok(false),
            },
            Self::Not(inner) => Ok(!inner.holds(here, steps)?),
            Self::And(inner) => {
                for statement in inner {
                    if !statement.holds(here, steps)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Or(inner) => {
                for statement in inner {
                    if statement.holds(here, steps)? {
                        return Ok(true);
                    }
                }
                Ok(inner.is_empty())
            }
            Self::Quantified { selector, quantifier, inner } => {
                let Some(part) = selector.resolve(here, steps)?.and_then(Found::collection) else {
                    return Ok(false);
                };
                // True of one is enough for `any`, false of one for `all`.
                let decides = match quantifier {
                    Quantifier::All => false,
                    Quantifier::Any => true,
                };
                let mut decided = false;
                part.each(steps, |value, steps| {
                    decided = inner.holds(value, steps)? == decides;
                    Ok(!decided)
                })?;
                Ok(part.len() == 0 || decided == decides)
            }
        }
    }
}
