//! A slow evaluator, written apart from the one it is compared with: over trees of JSON, without
//! steps, and with a `like` that tries everything.

use serde_json::{Number, Value as Json, json};

/// A segment of a selector.
#[derive(Clone, Debug)]
pub(crate) enum Go {
    Dotted(String),
    Quoted(String),
    Values,
    Index(i64),
    Slice(Option<i64>, Option<i64>),
}

/// A selector: segments, each with the number of its question marks.
#[derive(Clone, Debug)]
pub(crate) struct Path(pub(crate) Vec<(Go, usize)>);

/// A statement.
#[derive(Clone, Debug)]
pub(crate) enum Says {
    Equal(Path, Json),
    Unequal(Path, Json),
    Order(&'static str, Path, Number),
    Like(Path, String),
    Not(Box<Says>),
    And(Vec<Says>),
    Or(Vec<Says>),
    All(Path, Box<Says>),
    Any(Path, Box<Says>),
}

impl Path {
    /// Writes it.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for (go, marks) in &self.0 {
            match go {
                Go::Dotted(name) => text += &format!(".{name}"),
                Go::Quoted(name) => text += &format!("[{}]", Json::String(name.clone())),
                Go::Values => text += "[]",
                Go::Index(index) => text += &format!("[{index}]"),
                Go::Slice(from, to) => {
                    let write = |bound: &Option<i64>| bound.map(|bound| bound.to_string()).unwrap_or_default();
                    text += &format!("[{}:{}]", write(from), write(to));
                }
            }
            text += &"?".repeat(*marks);
        }
        if text.starts_with('.') { text } else { format!(".{text}") }
    }

    fn find(&self, args: &Json) -> Option<Json> {
        let mut here = args.clone();
        for (go, marks) in &self.0 {
            let next = match (go, &here) {
                (Go::Dotted(name) | Go::Quoted(name), Json::Object(members)) => members.get(name).cloned(),
                (Go::Values, Json::Array(_)) => Some(here.clone()),
                // Shorter names come first in DAG-CBOR.
                (Go::Values, Json::Object(members)) => {
                    let mut names: Vec<&String> = members.keys().collect();
                    names.sort_by_key(|name| (name.len(), name.as_bytes().to_vec()));
                    Some(Json::Array(names.into_iter().map(|name| members[name].clone()).collect()))
                }
                (Go::Index(index), Json::Array(items)) => {
                    let at = if *index < 0 { items.len() as i64 + index } else { *index };
                    if at < 0 { None } else { items.get(at as usize).cloned() }
                }
                (Go::Slice(from, to), Json::Array(items)) => {
                    let length = items.len() as i64;
                    let at = |bound: i64| if bound < 0 { bound + length } else { bound };
                    let (from, to) = (from.map_or(0, at), to.map_or(length, at));
                    let kept =
                        items.iter().enumerate().filter(|(index, _)| from <= *index as i64 && (*index as i64) < to);
                    Some(Json::Array(kept.map(|(_, item)| item.clone()).collect()))
                }
                _ => None,
            };
            here = match next {
                Some(next) => next,
                None if *marks > 0 => Json::Null,
                None => return None,
            };
        }
        Some(here)
    }
}

impl Says {
    /// Writes it.
    pub(crate) fn json(&self) -> Json {
        match self {
            Self::Equal(path, value) => json!(["==", path.text(), value]),
            Self::Unequal(path, value) => json!(["!=", path.text(), value]),
            Self::Order(operator, path, bound) => json!([operator, path.text(), bound]),
            Self::Like(path, pattern) => json!(["like", path.text(), pattern]),
            Self::Not(inner) => json!(["not", inner.json()]),
            Self::And(inner) => json!(["and", inner.iter().map(Self::json).collect::<Vec<_>>()]),
            Self::Or(inner) => json!(["or", inner.iter().map(Self::json).collect::<Vec<_>>()]),
            Self::All(path, inner) => json!(["all", path.text(), inner.json()]),
            Self::Any(path, inner) => json!(["any", path.text(), inner.json()]),
        }
    }

    /// Says whether it is true.
    pub(crate) fn is_true(&self, args: &Json) -> bool {
        match self {
            Self::Equal(path, value) => path.find(args).is_some_and(|found| equal(&found, value)),
            Self::Unequal(path, value) => path.find(args).is_some_and(|found| !equal(&found, value)),
            Self::Order(operator, path, bound) => match path.find(args) {
                Some(Json::Number(found)) => {
                    let (found, bound) = (found.as_f64().unwrap(), bound.as_f64().unwrap());
                    match *operator {
                        "<" => found < bound,
                        "<=" => found <= bound,
                        ">" => found > bound,
                        _ => found >= bound,
                    }
                }
                _ => false,
            },
            Self::Like(path, pattern) => match path.find(args) {
                Some(Json::String(text)) => {
                    like(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>())
                }
                _ => false,
            },
            Self::Not(inner) => !inner.is_true(args),
            Self::And(inner) => inner.iter().all(|says| says.is_true(args)),
            Self::Or(inner) => inner.is_empty() || inner.iter().any(|says| says.is_true(args)),
            Self::All(path, inner) => {
                collection(path.find(args)).is_some_and(|items| items.iter().all(|item| inner.is_true(item)))
            }
            Self::Any(path, inner) => collection(path.find(args))
                .is_some_and(|items| items.is_empty() || items.iter().any(|item| inner.is_true(item))),
        }
    }
}

fn collection(found: Option<Json>) -> Option<Vec<Json>> {
    match found? {
        Json::Array(items) => Some(items),
        Json::Object(members) => Some(members.into_iter().map(|(_, value)| value).collect()),
        _ => None,
    }
}

fn equal(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

fn like(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['\\', '*', rest @ ..] => text.first() == Some(&'*') && like(rest, &text[1..]),
        ['*', rest @ ..] => (0..=text.len()).any(|skipped| like(rest, &text[skipped..])),
        [first, rest @ ..] => text.first() == Some(first) && like(rest, &text[1..]),
    }
}
