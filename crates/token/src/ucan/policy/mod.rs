//! The policy language: statements over the arguments of an invocation.
//!
//! A policy is decoded into statements once, so that what no reader knows is refused before
//! anything is asked of it, also under `not` and in branches that are never reached. Where the
//! specification leaves something open:
//!
//! - a missing name leads nowhere, as in both peers, and makes the statement false, `!=` included;
//!   a segment with `?` gives null instead, and the path goes on from there;
//! - `[]` gives the values of a map as a list, and a list as it is, for a selector leads to one
//!   value; it is no iteration, so `.a[].b` leads nowhere where `.a` is a list;
//! - indices and slices are of lists and bytes, never of texts, which are no list of anything;
//! - what `<` and its like compare with is a number, and the pattern of `like` a text.

mod cost;
mod equal;
mod evaluate;
mod glob;
mod literal;
mod number;
mod resolve;
mod selector;
mod statement;
mod syntax;
mod text;

use std::fmt;
use std::sync::Arc;

use greatseal_core::error::{PolicyFault, UcanFault};
use greatseal_core::limits::{CBOR_DEPTH, POLICY_BYTES};
use greatseal_core::steps::Steps;

use self::statement::Statement;
use crate::ucan::cbor::{self, Value};

/// The canonical bytes of a policy without statements.
const EMPTY: [u8; 1] = [0x80];

/// The policy of a delegation: statements that all have to be true of the arguments.
///
/// Cheap to clone, for verified tokens are remembered and handed out again.
#[derive(Clone, Debug, Default)]
pub struct Policy(Option<Arc<Compiled>>);

/// What is kept of a policy that has statements.
#[derive(Debug)]
struct Compiled {
    encoded: Box<[u8]>,
    statements: Box<[Statement]>,
}

impl Policy {
    /// Decodes a policy.
    ///
    /// # Errors
    /// [`UcanFault::Policy`] naming the first rule that is broken, and where.
    pub fn decode(value: Value<'_>) -> Result<Self, UcanFault> {
        let Value::List(list) = value else {
            return Err(UcanFault::Policy { at: 0, rule: "is not in a list, as those of a policy are" });
        };
        if list.encoded().len() > POLICY_BYTES {
            return Err(UcanFault::Policy { at: list.at(), rule: "belongs to a policy of more than 64 KiB" });
        }
        if list.is_empty() {
            return Ok(Self::default());
        }
        let statements = Statement::decode_all(list, CBOR_DEPTH)?;
        Ok(Self(Some(Arc::new(Compiled { encoded: list.encoded().into(), statements }))))
    }

    /// Reads a policy from readable JSON, as [`cbor::from_json`] takes it.
    ///
    /// # Errors
    /// [`UcanFault`] for what DAG-CBOR cannot hold, and for what is no policy; offsets are those
    /// in the policy's bytes.
    pub fn from_json(json: &serde_json::Value) -> Result<Self, UcanFault> {
        Self::decode(cbor::validate(&cbor::from_json(json)?)?)
    }

    /// Shows the policy as JSON.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        // Bytes of which a policy was decoded are canonical.
        cbor::validate(self.encoded()).map_or(serde_json::Value::Null, cbor::to_json)
    }

    /// Returns its canonical bytes.
    #[must_use]
    pub fn encoded(&self) -> &[u8] {
        self.0.as_ref().map_or(&EMPTY, |compiled| &compiled.encoded)
    }

    /// Returns how many statements it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.statements().len()
    }

    /// Says whether it has no statements, and so is true of everything.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Checks that every statement is true of the arguments.
    ///
    /// # Errors
    /// [`PolicyFault::False`] with the first statement that is not, [`PolicyFault::Steps`] when
    /// the budget is spent before that is known.
    pub fn holds(&self, args: Value<'_>, steps: &mut Steps) -> Result<(), PolicyFault> {
        for (statement, what) in self.statements().iter().enumerate() {
            if !what.holds(args, steps)? {
                return Err(PolicyFault::False { statement });
            }
        }
        Ok(())
    }

    fn statements(&self) -> &[Statement] {
        self.0.as_ref().map_or(&[], |compiled| &compiled.statements)
    }
}

/// Equal are policies of the same bytes.
impl PartialEq for Policy {
    fn eq(&self, other: &Self) -> bool {
        self.encoded() == other.encoded()
    }
}

impl Eq for Policy {}

/// Shows the statements on one line, for people.
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match cbor::validate(self.encoded()) {
            Ok(Value::List(list)) if !list.is_empty() => text::Statements(list, "and").fmt(f),
            _ => f.write_str("no conditions"),
        }
    }
}
