//! Selectors: paths into the arguments.

use super::syntax::Syntax;

/// A path into a value, segment by segment; none for `.`, the whole.
#[derive(Debug)]
pub(super) struct Selector {
    segments: Box<[Segment]>,
}

/// One segment of a path.
#[derive(Debug)]
pub(super) struct Segment {
    /// Where it leads.
    pub(super) step: Step,
    /// Whether it gives null where it would lead nowhere.
    pub(super) optional: bool,
}

/// Where a segment leads.
#[derive(Debug)]
pub(super) enum Step {
    /// The value of a key: `.key` or `["any key"]`.
    Key(Box<str>),
    /// The values of a map as a list, or a list as it is: `[]`.
    Values,
    /// One item, counted from the end when negative: `[0]`, `[-1]`.
    Index(i64),
    /// The items from one on and before another: `[1:3]`, `[1:]`, `[:-1]`.
    Slice(Option<i64>, Option<i64>),
}

impl Selector {
    /// Reads a selector.
    ///
    /// It begins with a dot. Every segment is `.name`, or one in brackets, which may have a dot
    /// before it, as one peer writes. A name begins with a letter or `_` and goes on with
    /// letters, digits, `_`, `-` and `$`; any other key is written as a JSON string in brackets.
    /// Numbers are decimal without superfluous zeros. Any number of `?` after a segment is one.
    ///
    /// # Errors
    /// The rule that is broken.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let Some(rest) = text.strip_prefix('.') else {
            return Err("has a selector that does not begin with a dot");
        };
        // Nearly all have one.
        let mut segments = Vec::with_capacity(usize::from(!rest.is_empty()));
        let mut source = Syntax::new(rest);
        let mut dotted = true;
        while !source.is_empty() {
            let step = if source.take('[') {
                bracket(&mut source)?
            } else if dotted {
                Step::Key(source.name()?.into())
            } else {
                return Err("has a selector with something between two segments");
            };
            let mut optional = false;
            while source.take('?') {
                optional = true;
            }
            segments.push(Segment { step, optional });
            dotted = source.take('.');
            if dotted && source.is_empty() {
                return Err("has a selector that ends in a dot");
            }
        }
        Ok(Self { segments: segments.into_boxed_slice() })
    }

    /// Returns the segments.
    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }
}

/// Reads what follows an opening bracket, up to the closing one.
fn bracket(source: &mut Syntax<'_>) -> Result<Step, &'static str> {
    if source.take(']') {
        return Ok(Step::Values);
    }
    let step = if source.peek() == Some('"') {
        Step::Key(source.string()?.into())
    } else {
        let from = source.integer()?;
        if source.take(':') {
            let to = source.integer()?;
            if from.is_none() && to.is_none() {
                return Err("has a selector with a slice of no bounds");
            }
            Step::Slice(from, to)
        } else {
            Step::Index(from.ok_or("has a selector with brackets around neither key nor number")?)
        }
    };
    if source.take(']') { Ok(step) } else { Err("has a selector with an open bracket") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a selector's segments, so that a test is a line.
    fn shape(text: &str) -> String {
        match Selector::parse(text) {
            Err(rule) => rule.to_owned(),
            Ok(selector) => selector
                .segments()
                .iter()
                .map(|s| format!("{:?}{} ", s.step, if s.optional { "?" } else { "" }))
                .collect(),
        }
    }

    #[test]
    fn segments_are_read() {
        assert_eq!(shape("."), "");
        assert_eq!(shape(".foo"), "Key(\"foo\") ");
        assert_eq!(shape(".bar0_"), "Key(\"bar0_\") ");
        assert_eq!(shape(".payment.amount?"), "Key(\"payment\") Key(\"amount\")? ");
        assert_eq!(shape(".a?.b"), "Key(\"a\")? Key(\"b\") ");
        assert_eq!(shape(".foo???"), "Key(\"foo\")? ");
        assert_eq!(shape(r#".["any key"]"#), "Key(\"any key\") ");
        assert_eq!(shape(r#".["a\"b]"]"#), "Key(\"a\\\"b]\") ");
        assert_eq!(shape(r#".[""]"#), "Key(\"\") ");
        assert_eq!(shape(".[]"), "Values ");
        assert_eq!(shape(".a[0][-1]"), "Key(\"a\") Index(0) Index(-1) ");
        assert_eq!(
            shape(".[7:11][2:][:42][0:-2]?"),
            "Slice(Some(7), Some(11)) Slice(Some(2), None) Slice(None, Some(42)) Slice(Some(0), Some(-2))? "
        );
        assert_eq!(
            shape(r#".foo.["bar"].[138]?.baz[1:]"#),
            "Key(\"foo\") Key(\"bar\") Index(138)? Key(\"baz\") Slice(Some(1), None) "
        );
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "a",
            "..",
            "...",
            ".a..b",
            ".a.",
            ".[0].",
            "[0]",
            r#"["a"]"#,
            ".?",
            ".a ",
            ". a",
            ".a b",
            ".1a",
            ".$",
            ".-a",
            ".[",
            ".[0",
            ".[0]b",
            ".a]",
            ".[a]",
            ".['a']",
            ".[ 0]",
            ".[0 ]",
            ".[+1]",
            ".[01]",
            ".[-0]",
            ".[--1]",
            ".[-]",
            ".[0x1]",
            ".[1.0]",
            ".[1e3]",
            ".[:]",
            ".[1:2:3]",
            ".[9007199254740992]",
            ".[99999999999999999999]",
            r#".["a]"#,
            r#".["a""#,
            r#".["\x"]"#,
            r#".["\ud800"]"#,
            ".[\"\n\"]",
            r#".["a"b]"#,
            ".a?b",
            ".a|.b",
            ".a,.b",
            ".a+1",
            ".a()",
            ".*",
        ] {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
    }
}
