//! Policies in words.

use std::fmt::{self, Write};

use data_encoding::HEXLOWER;

use crate::ucan::cbor::{List, Value};

/// Shows a list of statements, connected by a word.
pub(super) struct Statements<'a>(pub(super) List<'a>, pub(super) &'static str);

impl fmt::Display for Statements<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, value) in self.0.iter().enumerate() {
            if index > 0 {
                write!(f, " {} ", self.1)?;
            }
            Shown(value).statement(f)?;
        }
        Ok(())
    }
}

/// Shows a value or a statement of a decoded policy.
struct Shown<'a>(Value<'a>);

impl Shown<'_> {
    fn statement(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Value::List(list) = self.0 else { return write!(f, "{self}") };
        let mut items = list.iter();
        match (items.next(), items.next(), items.next()) {
            (Some(Value::Text("not")), Some(inner), _) => {
                f.write_str("not (")?;
                Shown(inner).statement(f)?;
                f.write_char(')')
            }
            (Some(Value::Text("and" | "or")), Some(Value::List(inner)), _) if inner.is_empty() => f.write_str("true"),
            (Some(Value::Text("and")), Some(Value::List(inner)), _) => write!(f, "({})", Statements(inner, "and")),
            (Some(Value::Text("or")), Some(Value::List(inner)), _) => write!(f, "({})", Statements(inner, "or")),
            (Some(Value::Text(quantifier @ ("all" | "any"))), Some(Value::Text(selector)), Some(inner)) => {
                write!(f, "{quantifier} of {} (", Plain(selector))?;
                Shown(inner).statement(f)?;
                f.write_char(')')
            }
            (Some(Value::Text(operator)), Some(Value::Text(selector)), Some(argument)) => {
                write!(f, "{} {operator} {}", Plain(selector), Shown(argument))
            }
            // A policy was decoded, so there is no other statement.
            _ => write!(f, "{self}"),
        }
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Integer(value) => write!(f, "{value}"),
            Value::Float(value) => write!(f, "{value:?}"),
            Value::Bytes(bytes) => write!(f, "bytes {}", HEXLOWER.encode(bytes)),
            Value::Link(cid) => write!(f, "link {}", HEXLOWER.encode(cid)),
            Value::Text(text) => write!(f, "\"{}\"", Quoted(text)),
            Value::List(list) => {
                f.write_char('[')?;
                for (index, item) in list.iter().enumerate() {
                    write!(f, "{}{}", if index > 0 { ", " } else { "" }, Shown(item))?;
                }
                f.write_char(']')
            }
            Value::Map(map) => {
                f.write_char('{')?;
                for (index, (name, value)) in map.iter().enumerate() {
                    write!(f, "{}\"{}\": {}", if index > 0 { ", " } else { "" }, Quoted(name), Shown(value))?;
                }
                f.write_char('}')
            }
        }
    }
}

/// Text between double quotes, nothing in it that a terminal would obey.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '\'' => f.write_char(character)?,
                other => write!(f, "{}", other.escape_debug())?,
            }
        }
        Ok(())
    }
}

/// A selector, whose quotes and backslashes are its own, and nothing a terminal would obey.
struct Plain<'a>(&'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '"' | '\'' | '\\' => f.write_char(character)?,
                other => write!(f, "{}", other.escape_debug())?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::ucan::policy::Policy;

    #[test]
    fn policies_are_shown_on_one_line() {
        for (json, text) in [
            (json!([]), "no conditions"),
            (json!([["and", []]]), "true"),
            (json!([["==", ".a", [1, 1.0, null]], ["like", ".b", "*@x"]]), r#".a == [1, 1.0, null] and .b like "*@x""#),
            (
                json!([["all", ".to", ["not", ["or", [["<", ".n", 1], ["!=", ".m", {"k": true}]]]]]]),
                r#"all of .to (not ((.n < 1 or .m != {"k": true})))"#,
            ),
            (json!([["==", ".", {"/": {"bytes": "AAE"}}]]), ". == bytes 0001"),
            (json!([["==", r#".["a\" b"]"#, "\" or \\"]]), r#".["a\" b"] == "\" or \\""#),
            (json!([["==", ".[\"\u{202e}\"]", "\u{1b}[2J\n\u{202e}"]]), r#".["\u{202e}"] == "\u{1b}[2J\n\u{202e}""#),
        ] {
            assert_eq!(Policy::from_json(&json).unwrap().to_string(), text);
        }
    }
}
