//! The characters of a selector, read from left to right.

/// The largest number in a selector: what every reader holds exactly.
const LARGEST: i64 = (1 << 53) - 1;

/// What is left of a selector.
#[derive(Debug)]
pub(super) struct Syntax<'a>(&'a str);

impl<'a> Syntax<'a> {
    /// Starts at the beginning of a text.
    pub(super) const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// Says whether nothing is left.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the next character.
    pub(super) fn peek(&self) -> Option<char> {
        self.0.chars().next()
    }

    /// Takes the next character if it is this one.
    pub(super) fn take(&mut self, character: char) -> bool {
        match self.0.strip_prefix(character) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    /// Takes a name.
    pub(super) fn name(&mut self) -> Result<&'a str, &'static str> {
        if !self.peek().is_some_and(|first| first.is_alphabetic() || first == '_') {
            return Err("has a selector with a name that does not begin with a letter or `_`");
        }
        let ends = |other: char| !(other.is_alphanumeric() || matches!(other, '_' | '-' | '$'));
        Ok(self.split(self.0.find(ends).unwrap_or(self.0.len())))
    }

    /// Takes a string as JSON writes it.
    pub(super) fn string(&mut self) -> Result<String, &'static str> {
        let mut escaped = false;
        let closing = self.0.char_indices().skip(1).find(|(_, character)| match character {
            _ if escaped => {
                escaped = false;
                false
            }
            '\\' => {
                escaped = true;
                false
            }
            other => *other == '"',
        });
        let Some((closing, _)) = closing else {
            return Err("has a selector with an open string");
        };
        serde_json::from_str(self.split(closing + 1)).map_err(|_| "has a selector with a key that is no JSON string")
    }

    /// Takes a number, if there is one.
    pub(super) fn integer(&mut self) -> Result<Option<i64>, &'static str> {
        let length = self.0.find(|other: char| other != '-' && !other.is_ascii_digit()).unwrap_or(self.0.len());
        let text = self.split(length);
        if text.is_empty() {
            return Ok(None);
        }
        let digits = text.strip_prefix('-').unwrap_or(text);
        if text == "-0" || (digits.len() > 1 && digits.starts_with('0')) {
            return Err("has a selector with a number that can be written shorter");
        }
        let number: i64 = text.parse().map_err(|_| "has a selector with a number that is none")?;
        if number.unsigned_abs() > LARGEST.unsigned_abs() {
            return Err("has a selector with a number beyond 2^53-1");
        }
        Ok(Some(number))
    }

    /// Takes so many bytes, at most what is left.
    fn split(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.0.split_at_checked(length).unwrap_or((self.0, ""));
        self.0 = rest;
        taken
    }
}
