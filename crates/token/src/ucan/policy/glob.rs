//! Patterns of `like`: text in which `*` stands for any run of characters.

use greatseal_core::error::PolicyFault;
use greatseal_core::steps::Steps;

use super::cost;

/// A pattern, taken apart at its stars.
///
/// Only `*` is special, and `\*` is a literal star. A backslash before anything else, another
/// backslash included, is a literal backslash, because the specification knows one special
/// character and one escape; so `\\*` is a backslash and then a literal star, and a backslash
/// right before a run of any characters cannot be written.
///
/// Between two stars only the leftmost place of a piece has to be tried: whatever matches further
/// right matches after the leftmost place, too. That is why there is no way back here, and why
/// time grows with the lengths added, not multiplied.
#[derive(Debug)]
pub(super) struct Glob {
    /// What stands before the first star, or the whole pattern.
    head: Box<str>,
    /// What comes after stars; none when there is no star.
    stars: Option<Stars>,
}

/// The pieces after stars, in their order.
#[derive(Debug)]
struct Stars {
    /// The pieces between two stars; none is empty.
    middle: Box<[Box<str>]>,
    /// What stands after the last star.
    tail: Box<str>,
}

impl Glob {
    /// Takes a pattern apart. Every text is one.
    pub(super) fn parse(pattern: &str) -> Self {
        if pattern.contains('\\') { Self::parse_escaped(pattern) } else { Self::parse_plain(pattern) }
    }

    /// Takes a pattern apart in which every star is one.
    fn parse_plain(pattern: &str) -> Self {
        let Some((head, rest)) = pattern.split_once('*') else {
            return Self { head: pattern.into(), stars: None };
        };
        let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
        let middle = middle.split('*').filter(|piece| !piece.is_empty()).map(Box::from).collect();
        Self { head: head.into(), stars: Some(Stars { middle, tail: tail.into() }) }
    }

    fn parse_escaped(pattern: &str) -> Self {
        let mut head = None;
        let mut middle = Vec::new();
        let mut piece = String::new();
        let mut characters = pattern.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '\\' if characters.next_if_eq(&'*').is_some() => piece.push('*'),
                '*' => {
                    let ended = std::mem::take(&mut piece).into_boxed_str();
                    if head.is_none() {
                        head = Some(ended);
                    } else if !ended.is_empty() {
                        middle.push(ended);
                    }
                }
                other => piece.push(other),
            }
        }
        let last = piece.into_boxed_str();
        match head {
            Some(head) => Self { head, stars: Some(Stars { middle: middle.into_boxed_slice(), tail: last }) },
            None => Self { head: last, stars: None },
        }
    }

    /// Says whether the pattern matches the whole text.
    ///
    /// # Errors
    /// [`PolicyFault::Steps`] when the budget is spent.
    pub(super) fn matches(&self, text: &str, steps: &mut Steps) -> Result<bool, PolicyFault> {
        steps.take(cost::bytes(self.head.len().min(text.len())))?;
        let Some(stars) = &self.stars else {
            return Ok(*self.head == *text);
        };
        let Some(rest) = text.strip_prefix(&*self.head) else {
            return Ok(false);
        };
        steps.take(cost::bytes(stars.tail.len().min(rest.len())))?;
        let Some(mut rest) = rest.strip_suffix(&*stars.tail) else {
            return Ok(false);
        };
        for piece in &stars.middle {
            // The search of the standard library takes linear time at its worst. What it looked
            // at is paid afterwards, when it is known: at most one text too much.
            let found = rest.split_once(&**piece);
            let passed = found.map_or(rest.len(), |(before, _)| before.len() + piece.len());
            steps.take(cost::search(passed))?;
            let Some((_, after)) = found else {
                return Ok(false);
            };
            rest = after;
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(pattern: &str, text: &str) -> bool {
        Glob::parse(pattern).matches(text, &mut Steps::default()).unwrap()
    }

    #[test]
    fn a_backslash_escapes_a_star_and_nothing_else() {
        assert!(like(r"foo\*", "foo*"));
        assert!(!like(r"foo\*", "foo*bar"));
        assert!(like(r"\n", r"\n"));
        assert!(like(r"\\", r"\\"));
        assert!(!like(r"\\", r"\"));
        assert!(like(r"\\*", r"\*"));
        assert!(!like(r"\\*", r"\anything"));
        assert!(like(r"end\", r"end\"));
    }

    #[test]
    fn with_and_without_escapes_a_pattern_is_taken_apart_alike() {
        for pattern in ["", "a", "*", "**", "a*", "*a", "a*b", "**a**bc*d**", "é*é", "a*b*c*d"] {
            let (plain, escaped) = (Glob::parse_plain(pattern), Glob::parse_escaped(pattern));
            assert_eq!(format!("{plain:?}"), format!("{escaped:?}"), "{pattern}");
        }
    }

    #[test]
    fn pieces_do_not_overlap() {
        assert!(!like("a*a", "a"));
        assert!(like("a*a", "aa"));
        assert!(like("*ab", "abab"));
        assert!(!like("ab*ba", "aba"));
        assert!(!like("*aba*ab*", "abab"));
        assert!(like("*", ""));
        assert!(like("***", "x"));
        assert!(like("", ""));
        assert!(!like("", "x"));
    }

    #[test]
    fn characters_are_never_cut() {
        assert!(like("*é*", "caféine"));
        assert!(!like("*é", "e"));
    }

    #[test]
    fn a_spent_budget_is_no_answer() {
        let pattern = Glob::parse("*a*b*");
        let answer = pattern.matches(&"a".repeat(1000), &mut Steps::new(2));
        assert!(matches!(answer, Err(PolicyFault::Steps { .. })));
    }
}
