//! The claim `greatseal` of an operator token: who may decide which token comes next.
//!
//! Rules 1 and 2 of succession, `docs/succession.md`.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::code::Code;
use crate::key::{Nkey, RawKey};
use crate::statement::StatementId;
use crate::time::Timestamp;

/// What the claim says, before it is known whether it may be said about these keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The place of the token in its line of descent.
    pub seq: u64,
    /// The token before it.
    pub prev: Option<StatementId>,
    /// How many of the signing keys are a quorum.
    pub threshold: u64,
    /// The next identity; without one only the identity itself issues, and there is no pair.
    pub next: Option<Commitment>,
    /// Whether both identities together may do without a quorum.
    pub pair: bool,
    /// What the accounts' own sides have to say.
    pub accounts: AccountRule,
}

/// Says whether so many signing keys are a quorum: the one count of votes there is.
#[must_use]
pub const fn is_quorum(threshold: u64, keys: u64) -> bool {
    keys >= threshold
}

/// Whether an account's own side has to agree to its listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountRule {
    /// The rules of plain wascap chains.
    Plain,
    /// A listing speaks only with the countersignature of the account's own side (rule 9).
    Countersigned,
}

impl AccountRule {
    /// Returns the word in the claim.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Countersigned => "countersigned",
        }
    }

    /// Finds the rule of a word; nothing for any other, which a reader must not take for plain.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Plain, Self::Countersigned].into_iter().find(|rule| rule.word() == word)
    }
}

/// SHA-256 of a raw key: names a key that is not shown yet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Commitment([u8; 32]);

impl Commitment {
    /// Commits to a key.
    #[must_use]
    pub fn to(key: &RawKey) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }

    /// Takes the 32 bytes of a digest.
    #[must_use]
    pub const fn from_digest(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// Says whether this is the key that was meant.
    #[must_use]
    pub fn opens(&self, key: &RawKey) -> bool {
        *self == Self::to(key)
    }
}

impl core::fmt::Display for Commitment {
    /// Writes 64 lower-case hexadecimal digits.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl core::fmt::Debug for Commitment {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Commitment({self})")
    }
}

/// The claim of a token that may carry it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Succession(Terms);

impl Succession {
    /// Holds terms against the identity and the signing keys of their token (rule 1).
    ///
    /// # Errors
    /// [`TermsFault`] when the two do not go together; such a token is as if absent.
    pub fn new<'k>(
        terms: Terms,
        identity: &RawKey,
        signers: impl IntoIterator<Item = &'k RawKey>,
    ) -> Result<Self, TermsFault> {
        let mut known = BTreeSet::new();
        for signer in signers {
            if signer == identity {
                return Err(TermsFault::ListsIdentity);
            }
            if terms.next.is_some_and(|next| next.opens(signer)) {
                return Err(TermsFault::ListsNext);
            }
            if !known.insert(signer) {
                return Err(TermsFault::ListedTwice);
            }
        }
        if terms.next.is_some_and(|next| next.opens(identity)) {
            return Err(TermsFault::NextIsIdentity);
        }
        let signers = known.len() as u64;
        if terms.threshold > signers || terms.threshold <= signers / 2 {
            return Err(TermsFault::Threshold { found: terms.threshold, signers });
        }
        Ok(Self(terms))
    }

    /// Returns what it says.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.0
    }

    /// Returns the least threshold that so many signing keys may have: more than half.
    #[must_use]
    pub const fn least_threshold(signers: u64) -> u64 {
        signers / 2 + 1
    }
}

/// Why a claim cannot stand in its token (rule 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TermsFault {
    /// The identity would be a signing key.
    #[error("the identity is among the signing keys")]
    ListsIdentity,
    /// The next identity would be a signing key.
    #[error("the next identity is among the signing keys")]
    ListsNext,
    /// One raw key would count twice.
    #[error("a signing key is listed twice")]
    ListedTwice,
    /// The pair would be one key.
    #[error("the next identity is the identity itself")]
    NextIsIdentity,
    /// Two different quorums could agree to different things, or none could be reached.
    #[error(
        "a threshold of {found} does not fit {signers} signing keys: it has to be more than half, and not more than all"
    )]
    Threshold {
        /// What the claim says.
        found: u64,
        /// How many signing keys there are.
        signers: u64,
    },
}

/// The rules of succession keep a token from speaking.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SuccessionFault {
    /// Equals among the successors of one token, or a line of descent with a gap (rules 4 and 8).
    #[error("operator {operator} has successors of equal standing, or a gap between its tokens: {first} and {second}")]
    Fork {
        /// The identity of the token they follow.
        operator: Nkey,
        /// One of them.
        first: StatementId,
        /// Another.
        second: StatementId,
    },
    /// The only successor lost its endorsements (rule 5).
    #[error("the token of operator {operator} was superseded by {successor}, whose endorsements have been revoked")]
    Void {
        /// The identity of the token that does not speak again.
        operator: Nkey,
        /// The successor that was.
        successor: StatementId,
    },
    /// Expired so long ago that it is not even followed to its successor (rule 6).
    #[error("the token of operator {operator} expired at {expired}, more than 400 days ago")]
    Stale {
        /// The operator.
        operator: Nkey,
        /// First second after validity.
        expired: Timestamp,
    },
    /// An operator token that what is trusted does not lead to (rule 2).
    #[error("operator {operator}: no line of endorsed tokens leads to it from the one that is trusted ({trusted})")]
    NotSuccessor {
        /// Whose token it is.
        operator: Nkey,
        /// The current token of the line that is trusted.
        trusted: StatementId,
    },
    /// Superseded by an endorsed successor (rule 5).
    #[error("the token of operator {operator} was superseded by {successor}")]
    Followed {
        /// Whose token it is.
        operator: Nkey,
        /// The current token of the line.
        successor: StatementId,
    },
    /// Dead: taken back by somebody who may (rules 12 and 13).
    #[error("revoked: {subject}, by statement {by}")]
    Revoked {
        /// Whom or what the dead statement is about.
        subject: Nkey,
        /// The revocation; of a strike by several, one of them.
        by: StatementId,
    },
    /// A listing that its account's own side did not countersign (rule 9).
    #[error("the own side of account {account} did not countersign this listing")]
    NotCountersigned {
        /// The account.
        account: Nkey,
    },
    /// A listed key that did not countersign the listing (rule 9).
    #[error(
        "{subject} was issued by {issuer}, which did not countersign the listing of account {account} that names it"
    )]
    KeyNotCountersigned {
        /// The module or provider.
        subject: Nkey,
        /// Who issued its token.
        issuer: Nkey,
        /// The account that lists the key.
        account: Nkey,
    },
    /// A module that another account published first (rule 10).
    #[error("{subject} belongs to account {owner}, which published it first")]
    Owned {
        /// The module or provider.
        subject: Nkey,
        /// Its owner.
        owner: Nkey,
    },
}

impl SuccessionFault {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Fork { .. } => Code::SuccessionFork,
            Self::Void { .. } => Code::SuccessionVoid,
            Self::Stale { .. } => Code::SuccessionStale,
            Self::NotSuccessor { .. } => Code::SuccessionUnknown,
            Self::Followed { .. } => Code::Superseded,
            Self::Revoked { .. } => Code::Revoked,
            Self::NotCountersigned { .. } => Code::AccountNotCountersigned,
            Self::KeyNotCountersigned { .. } => Code::CodeNotCountersigned,
            Self::Owned { .. } => Code::CodeOwned,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> RawKey {
        RawKey::new([byte; 32])
    }

    fn judge(threshold: u64, next: u8, signers: &[u8]) -> Result<Succession, TermsFault> {
        let next = Some(Commitment::to(&key(next)));
        let terms = Terms { seq: 0, prev: None, threshold, next, pair: true, accounts: AccountRule::Countersigned };
        let signers: Vec<RawKey> = signers.iter().map(|byte| key(*byte)).collect();
        Succession::new(terms, &key(1), &signers)
    }

    #[test]
    fn only_a_majority_is_a_threshold() {
        for signers in 1..=5u64 {
            let keys: Vec<u8> = (10..10 + signers as u8).collect();
            for threshold in 0..=6 {
                let fits = 2 * threshold > signers && threshold <= signers;
                assert_eq!(judge(threshold, 2, &keys).is_ok(), fits, "{threshold} of {signers}");
            }
            assert!(judge(Succession::least_threshold(signers), 2, &keys).is_ok());
        }
        assert_eq!(judge(0, 2, &[]), Err(TermsFault::Threshold { found: 0, signers: 0 }));
        assert!(judge(u64::MAX, 2, &[3]).is_err());
    }

    #[test]
    fn no_key_stands_in_two_places() {
        assert_eq!(judge(1, 2, &[1]), Err(TermsFault::ListsIdentity));
        assert_eq!(judge(1, 2, &[2]), Err(TermsFault::ListsNext));
        assert_eq!(judge(1, 1, &[3]), Err(TermsFault::NextIsIdentity));
        assert_eq!(judge(2, 2, &[3, 3]), Err(TermsFault::ListedTwice));
    }
}
