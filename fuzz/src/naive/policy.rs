//! Policies and selectors: read into trees, judged by going through everything, without a budget.

use super::cbor::Tree;
use super::json::{self, Json};

/// Where a segment of a selector leads.
#[derive(Clone, Debug, PartialEq)]
pub enum Go {
    Name(String),
    Values,
    Index(i64),
    Slice(Option<i64>, Option<i64>),
}

/// A selector: segments, and whether each may lead nowhere.
pub type Path = Vec<(Go, bool)>;

/// Reads a selector.
pub fn path(text: &str) -> Option<Path> {
    let letters: Vec<char> = text.chars().collect();
    let mut at = 1;
    if letters.first() != Some(&'.') {
        return None;
    }
    let mut path = Path::new();
    let mut dotted = true;
    while at < letters.len() {
        let go = if letters[at] == '[' {
            let close = closing(&letters, at)?;
            let inner: String = letters[at + 1..close].iter().collect();
            at = close + 1;
            bracket(&inner)?
        } else {
            let begin = at;
            if !dotted || !(letters[at].is_alphabetic() || letters[at] == '_') {
                return None;
            }
            while at < letters.len() && (letters[at].is_alphanumeric() || "_-$".contains(letters[at])) {
                at += 1;
            }
            Go::Name(letters[begin..at].iter().collect())
        };
        let marks = letters[at..].iter().take_while(|letter| **letter == '?').count();
        at += marks;
        path.push((go, marks > 0));
        dotted = letters.get(at) == Some(&'.');
        at += usize::from(dotted);
        if dotted && at == letters.len() {
            return None;
        }
    }
    Some(path)
}

/// Finds the bracket that closes, outside of a string.
fn closing(letters: &[char], open: usize) -> Option<usize> {
    let mut quoted = false;
    let mut at = open + 1;
    while at < letters.len() {
        match letters[at] {
            '\\' if quoted => at += 1,
            '"' => quoted = !quoted,
            ']' if !quoted => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

fn bracket(inner: &str) -> Option<Go> {
    if inner.is_empty() {
        return Some(Go::Values);
    }
    if inner.starts_with('"') {
        // JSON may have blanks around a text, a key may not.
        if !inner.ends_with('"') || inner.len() < 2 {
            return None;
        }
        return match json::read(inner.as_bytes())? {
            Json::Text(name) => Some(Go::Name(name)),
            _ => None,
        };
    }
    match inner.split_once(':') {
        None => Some(Go::Index(number(inner)?)),
        Some(("", "")) => None,
        Some((from, to)) => {
            let bound = |text: &str| if text.is_empty() { Some(None) } else { number(text).map(Some) };
            Some(Go::Slice(bound(from)?, bound(to)?))
        }
    }
}

fn number(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    (number.to_string() == text && number.abs() < 1 << 53).then_some(number)
}

/// Follows a selector.
pub fn find(path: &Path, from: &Tree) -> Option<Tree> {
    let mut here = from.clone();
    for (go, optional) in path {
        here = match follow(go, &here) {
            Some(next) => next,
            None if *optional => Tree::Null,
            None => return None,
        };
    }
    Some(here)
}

fn follow(go: &Go, here: &Tree) -> Option<Tree> {
    let index = |at: i64, length: usize| usize::try_from(if at < 0 { at + length as i64 } else { at }).ok();
    let within = |from: &Option<i64>, to: &Option<i64>, length: usize| {
        let place = |at: i64| (if at < 0 { at + length as i64 } else { at }).clamp(0, length as i64) as usize;
        let (from, to) = (from.map_or(0, place), to.map_or(length, place));
        from..to.max(from)
    };
    match (go, here) {
        (Go::Name(name), Tree::Map(_)) => here.get(name).cloned(),
        (Go::Values, Tree::List(_)) => Some(here.clone()),
        (Go::Values, Tree::Map(pairs)) => Some(Tree::List(pairs.iter().map(|(_, value)| value.clone()).collect())),
        (Go::Index(at), Tree::List(items)) => items.get(index(*at, items.len())?).cloned(),
        (Go::Index(at), Tree::Bytes(bytes)) => {
            bytes.get(index(*at, bytes.len())?).map(|byte| Tree::Integer(i64::from(*byte)))
        }
        (Go::Slice(from, to), Tree::List(items)) => Some(Tree::List(items[within(from, to, items.len())].to_vec())),
        (Go::Slice(from, to), Tree::Bytes(bytes)) => Some(Tree::Bytes(bytes[within(from, to, bytes.len())].to_vec())),
        _ => None,
    }
}

/// A statement.
#[derive(Clone, Debug)]
pub enum Says {
    Equal(Path, Tree, bool),
    Order(&'static str, Path, f64),
    Like(Path, String),
    Not(Box<Says>),
    Every(Vec<Says>),
    Some(Vec<Says>),
    All(Path, Box<Says>),
    Any(Path, Box<Says>),
}

/// Reads the statements of a policy.
pub fn read(policy: &Tree) -> Option<Vec<Says>> {
    match policy {
        Tree::List(statements) => statements.iter().map(statement).collect(),
        _ => None,
    }
}

fn statement(tree: &Tree) -> Option<Says> {
    let Tree::List(items) = tree else { return None };
    let Some(Tree::Text(operator)) = items.first() else { return None };
    let lone = || if let [_, argument] = &items[..] { Some(argument) } else { None };
    let selected = || match &items[..] {
        [_, Tree::Text(selector), argument] => Some((path(selector)?, argument)),
        _ => None,
    };
    let order = |operator| match selected()? {
        (path, Tree::Integer(bound)) => Some(Says::Order(operator, path, *bound as f64)),
        (path, Tree::Float(bound)) => Some(Says::Order(operator, path, *bound)),
        _ => None,
    };
    match operator.as_str() {
        "==" => selected().map(|(path, value)| Says::Equal(path, value.clone(), true)),
        "!=" => selected().map(|(path, value)| Says::Equal(path, value.clone(), false)),
        "<" => order("<"),
        "<=" => order("<="),
        ">" => order(">"),
        ">=" => order(">="),
        "like" => match selected()? {
            (path, Tree::Text(pattern)) => Some(Says::Like(path, pattern.clone())),
            _ => None,
        },
        "not" => Some(Says::Not(Box::new(statement(lone()?)?))),
        "and" => read(lone()?).map(Says::Every),
        "or" => read(lone()?).map(Says::Some),
        "all" => selected().and_then(|(path, inner)| Some(Says::All(path, Box::new(statement(inner)?)))),
        "any" => selected().and_then(|(path, inner)| Some(Says::Any(path, Box::new(statement(inner)?)))),
        _ => None,
    }
}

impl Says {
    /// Says whether it is true.
    pub fn is_true(&self, args: &Tree) -> bool {
        match self {
            Self::Equal(path, value, wanted) => find(path, args).is_some_and(|found| equal(&found, value) == *wanted),
            Self::Order(operator, path, bound) => {
                let found = match find(path, args) {
                    Some(Tree::Integer(found)) => found as f64,
                    Some(Tree::Float(found)) => found,
                    _ => return false,
                };
                match *operator {
                    "<" => found < *bound,
                    "<=" => found <= *bound,
                    ">" => found > *bound,
                    _ => found >= *bound,
                }
            }
            Self::Like(path, pattern) => match find(path, args) {
                Some(Tree::Text(text)) => like(pattern, &text),
                _ => false,
            },
            Self::Not(inner) => !inner.is_true(args),
            Self::Every(inner) => inner.iter().all(|says| says.is_true(args)),
            Self::Some(inner) => inner.is_empty() || inner.iter().any(|says| says.is_true(args)),
            Self::All(path, inner) => {
                items(find(path, args)).is_some_and(|items| items.iter().all(|item| inner.is_true(item)))
            }
            Self::Any(path, inner) => items(find(path, args))
                .is_some_and(|items| items.is_empty() || items.iter().any(|item| inner.is_true(item))),
        }
    }
}

fn items(found: Option<Tree>) -> Option<Vec<Tree>> {
    match found? {
        Tree::List(items) => Some(items),
        Tree::Map(pairs) => Some(pairs.into_iter().map(|(_, value)| value).collect()),
        _ => None,
    }
}

/// Compares values; an integer may be a float's equal.
pub fn equal(a: &Tree, b: &Tree) -> bool {
    match (a, b) {
        (Tree::Null, Tree::Null) => true,
        (Tree::Bool(a), Tree::Bool(b)) => a == b,
        (Tree::Integer(a), Tree::Integer(b)) => a == b,
        (Tree::Integer(a), Tree::Float(b)) | (Tree::Float(b), Tree::Integer(a)) => *a as f64 == *b,
        (Tree::Float(a), Tree::Float(b)) => a == b,
        (Tree::Bytes(a), Tree::Bytes(b)) | (Tree::Link(a), Tree::Link(b)) => a == b,
        (Tree::Text(a), Tree::Text(b)) => a == b,
        (Tree::List(a), Tree::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Tree::Map(a), Tree::Map(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && equal(&a.1, &b.1))
        }
        _ => false,
    }
}

/// Matches by a table of every prefix of the pattern against every prefix of the text.
fn like(pattern: &str, text: &str) -> bool {
    #[derive(PartialEq)]
    enum Piece {
        Any,
        One(char),
    }
    let mut pieces = Vec::new();
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        pieces.push(match letter {
            '\\' if letters.peek() == Some(&'*') => {
                letters.next();
                Piece::One('*')
            }
            '*' => Piece::Any,
            other => Piece::One(other),
        });
    }
    let text: Vec<char> = text.chars().collect();
    let mut row = vec![false; text.len() + 1];
    row[0] = true;
    for piece in &pieces {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            next[at] = match piece {
                Piece::Any => row[at] || (at > 0 && next[at - 1]),
                Piece::One(letter) => at > 0 && row[at - 1] && text[at - 1] == *letter,
            };
        }
        row = next;
    }
    row[text.len()]
}
