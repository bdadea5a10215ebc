//! Commands of UCANs: what a delegation allows and an invocation asks for.

use core::fmt;

use crate::error::{CommandFault, Quoted};
use crate::limits::COMMAND_BYTES;

/// A command such as `/crud/read`: lower case, beginning with a slash, no empty segment.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Command(Box<str>);

impl Command {
    /// Reads a command.
    ///
    /// # Errors
    /// [`CommandFault`] naming the rule that is broken.
    pub fn parse(text: &str) -> Result<Self, CommandFault> {
        let broken = |rule| CommandFault { found: Quoted::new(text), rule };
        if text.len() > COMMAND_BYTES {
            return Err(broken("is longer than any command"));
        }
        let Some(segments) = text.strip_prefix('/') else { return Err(broken("does not begin with a slash")) };
        if text.chars().any(char::is_uppercase) {
            return Err(broken("has upper-case letters"));
        }
        if !segments.is_empty() {
            if segments.ends_with('/') {
                return Err(broken("ends with a slash"));
            }
            if segments.split('/').any(str::is_empty) {
                return Err(broken("has an empty segment"));
            }
        }
        Ok(Self(text.into()))
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Says whether this command is `other` or stands above it, by whole segments: `/crud` covers
    /// `/crud/read`, not `/crudextra`.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        if &*self.0 == "/" {
            return true;
        }
        other.0.strip_prefix(&*self.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Command;

    #[test]
    fn whole_segments_count() {
        let command = |text| Command::parse(text).unwrap();
        for (wide, narrow, covers) in [
            ("/", "/", true),
            ("/", "/crud/read", true),
            ("/crud", "/crud", true),
            ("/crud", "/crud/read", true),
            ("/crud", "/crudextra", false),
            ("/crud/read", "/crud", false),
            ("/crud", "/", false),
            ("/a", "/b", false),
        ] {
            assert_eq!(command(wide).covers(&command(narrow)), covers, "{wide} {narrow}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "crud", "/Crud", "/crud/", "//", "/crud//read", "/ÄRGER", " /crud"] {
            assert!(Command::parse(text).is_err(), "{text}");
        }
        assert!(Command::parse(&format!("/{}", "a".repeat(100_000))).is_err());
        assert!(Command::parse("/straße/ärger").is_ok());
    }
}
