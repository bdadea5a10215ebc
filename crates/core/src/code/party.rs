//! With what number a command ends, and who has to act.

/// The exit codes of the command (DESIGN section 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// It worked, or the answer is *allow*.
    Ok,
    /// It did not work.
    Error,
    /// The call's words are off.
    Usage,
    /// The answer is *deny*.
    Deny,
    /// A key could not be reached or unlocked.
    KeyUnavailable,
    /// It worked, and somebody should look at what was found.
    Findings,
}

impl Exit {
    /// Returns the number the process ends with.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Error => 1,
            Self::Usage => 2,
            Self::Deny => 3,
            Self::KeyUnavailable => 4,
            Self::Findings => 7,
        }
    }
}

/// Who has to act when a code appears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// Whoever made or issued the token.
    Author,
    /// Whoever called: other arguments, files or trust.
    Caller,
    /// Whoever keeps the key.
    Custodian,
    /// The machine: disk, permissions.
    Machine,
}

impl Party {
    /// Returns the words for it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Author => "whoever issued the token",
            Self::Caller => "whoever called",
            Self::Custodian => "whoever keeps the key",
            Self::Machine => "whoever runs the machine",
        }
    }
}
