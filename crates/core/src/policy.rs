//! The named policies (DESIGN section 6).

use core::fmt;

/// How the rules that good custom asks for are held: `strict` everywhere unless one says otherwise.
///
/// What an attacker could use is required under both: signatures, times, self-issued operators,
/// the issuer's role, and modules that never speak for themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Separation is required.
    #[default]
    Strict,
    /// Separation is recommended: what is missing is told as a notice. A named choice, shown in
    /// every answer.
    Relaxed,
}

impl Policy {
    /// Returns the word used on the command line and in answers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Relaxed => "relaxed",
        }
    }

    /// Says whether separation is required rather than recommended.
    #[must_use]
    pub const fn requires_separation(self) -> bool {
        match self {
            Self::Strict => true,
            Self::Relaxed => false,
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
