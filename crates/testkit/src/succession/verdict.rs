//! What a question is answered with.

use serde::{Deserialize, Serialize};

use super::Expect;

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The statement may be relied on.
    Allow,
    /// It may not.
    Deny(Reason),
}

impl Verdict {
    /// Returns the answer without its reason, which is advice: where several hold, any may be given.
    #[must_use]
    pub fn expect(self) -> Expect {
        match self {
            Self::Allow => Expect::Allow,
            Self::Deny(_) => Expect::Deny,
        }
    }

    /// Says whether it allows.
    #[must_use]
    pub fn is_allow(self) -> bool {
        self.expect() == Expect::Allow
    }
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// The operator token is not one.
    Malformed,
    /// It, or the token or listing that it rests on, is valid no more.
    Expired,
    /// It is not valid yet.
    Early,
    /// It claims to be made in the future.
    Future,
    /// Another one took its place.
    Superseded,
    /// Two operator tokens of equal rank, or a line of descent with a gap.
    Fork,
    /// The only successor lost its support.
    Void,
    /// Nobody who may speaks for it.
    Unlisted,
    /// The account's own side, or the key itself, did not countersign.
    Countersign,
    /// It was taken back.
    Revoked,
    /// The module belongs to another account.
    Owner,
    /// The key belongs to two accounts.
    Ambiguous,
}
