//! Foreign text in messages.

use crate::limits::QUOTED_CHARS;

/// A piece of foreign text made fit for a message: bounded, without control characters, and
/// without anything that looks like a seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quoted(String);

impl Quoted {
    /// Quotes at most [`QUOTED_CHARS`] characters of it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        if looks_like_seed(text) {
            return Self("(a private seed, not repeated)".into());
        }
        let mut quoted: String = text.chars().take(QUOTED_CHARS).flat_map(char::escape_debug).collect();
        if text.chars().nth(QUOTED_CHARS).is_some() {
            quoted.push('…');
        }
        Self(format!("\"{quoted}\""))
    }

    /// Takes a sentence of our own or of a parser that repeats no secret.
    #[must_use]
    pub fn sentence(text: &str) -> Self {
        let Self(quoted) = Self::new(text);
        Self(quoted.trim_matches('"').into())
    }
}

impl core::fmt::Display for Quoted {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Says whether a text holds 58 characters in a row that could be an nkey seed, more around them included.
fn looks_like_seed(text: &str) -> bool {
    let begins =
        |run: &str| run.len().checked_sub(58).and_then(|last| run.get(..=last)).is_some_and(|it| it.contains('S'));
    text.split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit())).any(begins)
}

#[cfg(test)]
mod tests {
    use super::Quoted;

    #[test]
    fn a_seed_is_never_repeated() {
        let seed = "SOAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H2AJA";
        for text in [seed.to_owned(), format!("{seed}A"), format!("2{seed}"), format!("at {seed}, line 1")] {
            assert!(!Quoted::new(&text).to_string().contains("AAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJR"), "{text}");
            assert!(!Quoted::sentence(&text).to_string().contains("AAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJR"), "{text}");
        }
        let public = "OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT";
        assert_eq!(Quoted::new(public).to_string(), format!("\"{public}\""));
    }
}
