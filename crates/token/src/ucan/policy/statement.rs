//! Statements, and how they are decoded.

use greatseal_core::error::UcanFault;

use super::glob::Glob;
use super::literal::Literal;
use super::number::Number;
use super::selector::Selector;
use crate::ucan::cbor::{List, Value};

/// One statement over a value.
#[derive(Debug)]
pub(super) enum Statement {
    /// `==`, and `!=` when negated.
    Equal { selector: Selector, literal: Literal, negated: bool },
    /// `<`, `<=`, `>` and `>=`.
    Order { selector: Selector, order: Order, bound: Number },
    /// `like`.
    Like { selector: Selector, glob: Box<Glob> },
    /// `not`.
    Not(Box<Self>),
    /// `and`.
    And(Box<[Self]>),
    /// `or`.
    Or(Box<[Self]>),
    /// `all` and `any`.
    Quantified { selector: Selector, quantifier: Quantifier, inner: Box<Self> },
}

/// How a number has to compare with the bound.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    /// `<`.
    Less,
    /// `<=`.
    AtMost,
    /// `>`.
    Greater,
    /// `>=`.
    AtLeast,
}

/// Of how many values an inner statement has to hold.
#[derive(Clone, Copy, Debug)]
pub(super) enum Quantifier {
    /// Of every one.
    All,
    /// Of at least one, if there are any.
    Any,
}

impl Statement {
    /// Decodes every statement of a list; `levels` may still be opened.
    ///
    /// # Errors
    /// [`UcanFault::Policy`] naming the first rule that is broken, and where.
    pub(super) fn decode_all(list: List<'_>, levels: usize) -> Result<Box<[Self]>, UcanFault> {
        // As much room as is needed, at once: collecting results would grow it and cut it back.
        let mut statements = Vec::with_capacity(list.len());
        for value in list {
            statements.push(Self::decode(value, list.at(), levels)?);
        }
        Ok(statements.into_boxed_slice())
    }

    /// Decodes a statement that stands in the list at `at`.
    fn decode(value: Value<'_>, at: usize, levels: usize) -> Result<Self, UcanFault> {
        let Value::List(list) = value else {
            return Err(UcanFault::Policy { at, rule: "holds a statement that is no list" });
        };
        let at = list.at();
        let broken = |rule| UcanFault::Policy { at, rule };
        let levels = levels.checked_sub(1).ok_or(broken("is nested deeper than any token"))?;
        let mut items = list.iter();
        let Some(Value::Text(operator)) = items.next() else {
            return Err(broken("does not begin with an operator"));
        };
        let parts = (items.next(), items.next(), items.next());
        let selected = |parts| match parts {
            (Some(Value::Text(selector)), Some(argument), None) => {
                Selector::parse(selector).map(|selector| (selector, argument)).map_err(broken)
            }
            (Some(_), Some(_), None) => Err(broken("has a selector that is no text")),
            _ => Err(broken("does not have a selector and one argument")),
        };
        let lone = |parts| match parts {
            (Some(argument), None, None) => Ok(argument),
            _ => Err(broken("does not have exactly one argument")),
        };
        match operator {
            "==" | "!=" => {
                let (selector, argument) = selected(parts)?;
                Ok(Self::Equal { selector, literal: Literal::of(argument), negated: operator == "!=" })
            }
            "<" => Self::order(selected(parts)?, Order::Less, at),
            "<=" => Self::order(selected(parts)?, Order::AtMost, at),
            ">" => Self::order(selected(parts)?, Order::Greater, at),
            ">=" => Self::order(selected(parts)?, Order::AtLeast, at),
            "like" => {
                let (selector, argument) = selected(parts)?;
                let Value::Text(pattern) = argument else {
                    return Err(broken("has a pattern that is no text"));
                };
                Ok(Self::Like { selector, glob: Box::new(Glob::parse(pattern)) })
            }
            "not" => Ok(Self::Not(Box::new(Self::decode(lone(parts)?, at, levels)?))),
            "and" => Self::connected(lone(parts)?, at, levels).map(Self::And),
            "or" => Self::connected(lone(parts)?, at, levels).map(Self::Or),
            "all" => Self::quantified(selected(parts)?, Quantifier::All, at, levels),
            "any" => Self::quantified(selected(parts)?, Quantifier::Any, at, levels),
            _ => Err(broken("has an operator that does not exist")),
        }
    }

    /// Makes a comparison. The specification's schema takes numbers alone, and an order among
    /// other things would be false without `not` and true with it.
    fn order((selector, argument): (Selector, Value<'_>), order: Order, at: usize) -> Result<Self, UcanFault> {
        let rule = "orders by something that is no number";
        let bound = Number::of(argument).ok_or(UcanFault::Policy { at, rule })?;
        Ok(Self::Order { selector, order, bound })
    }

    fn connected(argument: Value<'_>, at: usize, levels: usize) -> Result<Box<[Self]>, UcanFault> {
        let Value::List(list) = argument else {
            return Err(UcanFault::Policy { at, rule: "connects what is no list of statements" });
        };
        Self::decode_all(list, levels)
    }

    fn quantified(
        (selector, argument): (Selector, Value<'_>),
        quantifier: Quantifier,
        at: usize,
        levels: usize,
    ) -> Result<Self, UcanFault> {
        let inner = Box::new(Self::decode(argument, at, levels)?);
        Ok(Self::Quantified { selector, quantifier, inner })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_takes_little_room() {
        // The smallest has six bytes, and a verifier remembers thousands of tokens.
        assert!(size_of::<Statement>() <= 48, "{}", size_of::<Statement>());
    }
}
