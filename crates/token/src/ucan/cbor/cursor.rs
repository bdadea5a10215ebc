//! Cursors over validated bytes.

use super::head::{self, Head};

/// A value, read in place; cheap to copy.
///
/// Equal are values of the same kind and the same bytes: an integer is no float here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer within ±(2^53−1).
    Integer(i64),
    /// A number that is neither NaN nor infinite.
    Float(f64),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Text.
    Text(&'a str),
    /// Values in their order.
    List(List<'a>),
    /// Values by name.
    Map(Map<'a>),
    /// The bytes of a CID of any kind.
    Link(&'a [u8]),
}

impl<'a> Value<'a> {
    /// Returns the integer that it is, if it is one.
    #[must_use]
    pub const fn as_integer(&self) -> Option<i64> {
        if let Self::Integer(value) = self { Some(*value) } else { None }
    }

    /// Returns the bytes that it is, if it is some.
    #[must_use]
    pub const fn as_bytes(&self) -> Option<&'a [u8]> {
        if let Self::Bytes(value) = self { Some(value) } else { None }
    }

    /// Returns the text that it is, if it is one.
    #[must_use]
    pub const fn as_text(&self) -> Option<&'a str> {
        if let Self::Text(value) = self { Some(value) } else { None }
    }

    /// Returns the list that it is, if it is one.
    #[must_use]
    pub const fn as_list(&self) -> Option<List<'a>> {
        if let Self::List(value) = self { Some(*value) } else { None }
    }

    /// Returns the map that it is, if it is one.
    #[must_use]
    pub const fn as_map(&self) -> Option<Map<'a>> {
        if let Self::Map(value) = self { Some(*value) } else { None }
    }

    /// Returns the bytes of the CID that it links to, if it is a link.
    #[must_use]
    pub const fn as_link(&self) -> Option<&'a [u8]> {
        if let Self::Link(value) = self { Some(value) } else { None }
    }

    /// Returns the word for its kind, for messages.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a truth value",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Bytes(_) => "bytes",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Link(_) => "a link",
        }
    }
}

/// Where a list or a map lies.
#[derive(Clone, Copy, Debug)]
struct Span<'a> {
    encoded: &'a [u8],
    /// What follows the head.
    content: &'a [u8],
    /// Items of a list, pairs of a map.
    length: usize,
    at: usize,
}

// Where it lies is no part of what it says; canonical bytes are.
impl PartialEq for Span<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.encoded == other.encoded
    }
}

impl<'a> Span<'a> {
    const fn start(&self) -> Rest<'a> {
        Rest { bytes: self.content, at: self.at + (self.encoded.len() - self.content.len()) }
    }
}

/// A list, read in place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct List<'a>(Span<'a>);

impl<'a> List<'a> {
    /// Returns how many values it holds.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.length
    }

    /// Says whether it holds none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.length == 0
    }

    /// Returns its values in their order.
    #[must_use]
    pub const fn iter(&self) -> Items<'a> {
        Items { rest: self.0.start(), left: self.0.length }
    }

    /// Returns the value at a position, walking over those before it.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Value<'a>> {
        self.iter().nth(index)
    }

    /// Returns its canonical bytes, head included.
    #[must_use]
    pub const fn encoded(&self) -> &'a [u8] {
        self.0.encoded
    }

    /// Returns its offset in the bytes that were validated.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.0.at
    }
}

impl<'a> IntoIterator for List<'a> {
    type Item = Value<'a>;
    type IntoIter = Items<'a>;
    fn into_iter(self) -> Items<'a> {
        self.iter()
    }
}

/// A map, read in place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Map<'a>(Span<'a>);

impl<'a> Map<'a> {
    /// Returns how many names it holds.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.length
    }

    /// Says whether it holds none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.length == 0
    }

    /// Returns names and values, shorter names first.
    #[must_use]
    pub const fn iter(&self) -> Pairs<'a> {
        Pairs { rest: self.0.start(), left: self.0.length }
    }

    /// Returns the value of a name, walking over those before it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value<'a>> {
        self.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// Returns its canonical bytes, head included.
    #[must_use]
    pub const fn encoded(&self) -> &'a [u8] {
        self.0.encoded
    }

    /// Returns its offset in the bytes that were validated.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.0.at
    }
}

impl Default for Map<'_> {
    /// Returns the map of no names.
    fn default() -> Self {
        Self(Span { encoded: &[head::MAP << 5], content: &[], length: 0, at: 0 })
    }
}

impl<'a> IntoIterator for Map<'a> {
    type Item = (&'a str, Value<'a>);
    type IntoIter = Pairs<'a>;
    fn into_iter(self) -> Pairs<'a> {
        self.iter()
    }
}

impl<'a> From<List<'a>> for Value<'a> {
    fn from(list: List<'a>) -> Self {
        Self::List(list)
    }
}

impl<'a> From<Map<'a>> for Value<'a> {
    fn from(map: Map<'a>) -> Self {
        Self::Map(map)
    }
}

/// The values of a list.
#[derive(Clone, Debug)]
pub struct Items<'a> {
    rest: Rest<'a>,
    left: usize,
}

impl<'a> Iterator for Items<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        self.left = self.left.checked_sub(1)?;
        self.rest.value(self.left == 0)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Items<'_> {}

/// The names and values of a map.
#[derive(Clone, Debug)]
pub struct Pairs<'a> {
    rest: Rest<'a>,
    left: usize,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, Value<'a>);

    fn next(&mut self) -> Option<(&'a str, Value<'a>)> {
        self.left = self.left.checked_sub(1)?;
        let Some(Value::Text(key)) = self.rest.value(false) else { return None };
        Some((key, self.rest.value(self.left == 0)?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Pairs<'_> {}

/// Opens the only item of validated bytes.
pub(super) fn last(bytes: &[u8], at: usize) -> Option<Value<'_>> {
    Rest { bytes, at }.value(true)
}

/// Validated bytes that are still to be read.
#[derive(Clone, Copy, Debug)]
struct Rest<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Rest<'a> {
    /// Reads a value; of the last one in its list or map it is known where it ends.
    fn value(&mut self, last: bool) -> Option<Value<'a>> {
        let (head, content) = head::split(self.bytes)?;
        let (value, rest) = match head.major() {
            head::UNSIGNED => (Value::Integer(i64::try_from(head.argument).ok()?), content),
            head::NEGATIVE => (Value::Integer(-1 - i64::try_from(head.argument).ok()?), content),
            head::BYTES => split(content, head).map(|(bytes, rest)| (Value::Bytes(bytes), rest))?,
            head::TEXT => {
                let (text, rest) = split(content, head)?;
                (Value::Text(str::from_utf8(text).ok()?), rest)
            }
            head::LIST | head::MAP => {
                let length = usize::try_from(head.argument).ok()?;
                let (encoded, content, rest) = if last {
                    (self.bytes, content, &[][..])
                } else {
                    let rest = after(content, head)?;
                    let within = content.len().checked_sub(rest.len())?;
                    let whole = self.bytes.len().checked_sub(rest.len())?;
                    (self.bytes.get(..whole)?, content.get(..within)?, rest)
                };
                let span = Span { encoded, content, length, at: self.at };
                (if head.major() == head::LIST { Value::List(List(span)) } else { Value::Map(Map(span)) }, rest)
            }
            head::TAG => {
                let (head, content) = head::split(content)?;
                let (link, rest) = split(content, head)?;
                (Value::Link(link.strip_prefix(&[head::LINK_PREFIX])?), rest)
            }
            _ => match head.first {
                head::FALSE => (Value::Bool(false), content),
                head::TRUE => (Value::Bool(true), content),
                head::FLOAT64 => (Value::Float(f64::from_bits(head.argument)), content),
                _ => (Value::Null, content),
            },
        };
        self.at += self.bytes.len() - rest.len();
        self.bytes = rest;
        Some(value)
    }
}

/// Splits the bytes of a string from what follows.
fn split(content: &[u8], head: Head) -> Option<(&[u8], &[u8])> {
    content.split_at_checked(usize::try_from(head.argument).ok()?)
}

/// Returns what follows a list or a map, whose head has just been read.
fn after(mut rest: &[u8], head: Head) -> Option<&[u8]> {
    let items = |head: Head| if head.major() == head::MAP { 2 * head.argument } else { head.argument };
    let mut left = items(head);
    while left > 0 {
        let (head, content) = head::split(rest)?;
        left -= 1;
        rest = match head.major() {
            head::BYTES | head::TEXT => split(content, head)?.1,
            head::LIST | head::MAP => {
                left += items(head);
                content
            }
            head::TAG => {
                left += 1;
                content
            }
            _ => content,
        };
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::super::validate;
    use super::*;

    #[test]
    fn values_are_read_in_place() {
        // [{"a": [1, -2], "bc": {"": h'00'}}, "x", [], 1.5, link, null]
        let bytes = b"\x86\xa2aa\x82\x01\x21bbc\xa1\x60A\x00ax\x80\xfb\x3f\xf8\0\0\0\0\0\0\xd8\x2aE\0\x01\x55\0\0\xf6";
        let Ok(Value::List(list)) = validate(bytes) else { panic!("it is a list") };
        assert_eq!((list.len(), list.at(), list.encoded()), (6, 0, &bytes[..]));
        let Some(Value::Map(map)) = list.get(0) else { panic!("it is a map") };
        assert_eq!((map.len(), map.at(), map.encoded()), (2, 1, &bytes[1..14]));
        let Some(Value::List(numbers)) = map.get("a") else { panic!("it is a list") };
        assert_eq!((numbers.at(), numbers.encoded()), (4, &bytes[4..7]));
        assert!(numbers.iter().eq([Value::Integer(1), Value::Integer(-2)]));
        let Some(Value::Map(inner)) = map.get("bc") else { panic!("it is a map") };
        assert_eq!((inner.at(), inner.encoded()), (10, &bytes[10..14]));
        assert!(inner.iter().eq([("", Value::Bytes(b"\0"))]));
        assert_eq!(map.get("b"), None);
        let words: Vec<&str> = list.iter().map(|value| value.word()).collect();
        assert_eq!(words, ["a map", "a text", "a list", "a float", "a link", "null"]);
        assert_eq!(list.get(4), Some(Value::Link(&[1, 0x55, 0, 0])));
        assert_eq!(list.get(6), None);
        assert_eq!(list.iter().len(), 6);
    }

    #[test]
    fn where_it_lies_is_no_part_of_a_value() {
        // [[1], [1], [1.0]]
        let Ok(Value::List(list)) = validate(b"\x83\x81\x01\x81\x01\x81\xfb\x3f\xf0\0\0\0\0\0\0") else { panic!() };
        assert_eq!(list.get(0), list.get(1));
        assert_ne!(list.get(0), list.get(2));
    }
}
