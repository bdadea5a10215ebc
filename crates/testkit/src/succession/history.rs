//! A history over abstract keys, as `vectors/succession/FORMAT.md` writes it down.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Key, Reason, Role, Time, Times};

/// Everything that was ever said, who listens and how, and what is asked.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct History {
    /// Its name.
    pub id: String,
    /// What it shows.
    pub title: String,
    /// The number of the case in `SUCCESSION.md`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<u32>,
    /// The keys that a thief holds. A comment: no rule reads it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stolen: Vec<Key>,
    /// The role of every key.
    pub keys: BTreeMap<String, Role>,
    /// All statements, known to the verifier or not.
    pub statements: Vec<Statement>,
    /// What the verifier trusts.
    pub anchor: Anchor,
    /// How the verifier learns.
    pub mode: Mode,
    /// When it is asked.
    pub now: Time,
    /// Ids handed to the verifier.
    pub supplied: Vec<String>,
    /// Ids in the order of the log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
    /// Ids that a stateless verifier sees proven inside the log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proofs: Vec<String>,
    /// The questions.
    pub queries: Vec<Query>,
}

impl History {
    /// Returns the statement of an id: the first, where a careless file has two.
    #[must_use]
    pub fn statement(&self, id: &str) -> Option<&Statement> {
        self.statements.iter().find(|statement| statement.id() == id)
    }

    /// Returns the role that the file gives a key.
    #[must_use]
    pub fn role(&self, key: &Key) -> Option<Role> {
        self.keys.get(key.raw()).copied()
    }
}

/// What a verifier trusts.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Anchor {
    /// An operator token, by its id.
    Token(String),
    /// A bare identity key.
    Key(Key),
}

/// How a verifier learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It knows what it was handed, in no order.
    Stateless,
    /// It knows a whole log, in order.
    Snapshot,
}

/// One question, and the answer that is expected.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Query {
    /// The statement asked about.
    pub id: String,
    /// The verdict.
    pub expect: Expect,
    /// Advice on why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// The verdict that a file expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Expect {
    /// It may be relied on.
    Allow,
    /// It may not.
    Deny,
}

/// Something that a key signed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Statement {
    /// An operator lists its signing keys.
    Operator(Operator),
    /// An operator's signing key lists an account and its signing keys.
    Account(Account),
    /// An account's key publishes a module.
    Module(Module),
    /// A key supports an operator token.
    Endorsement(Support),
    /// A key supports an account's listing or a module.
    Countersignature(Support),
    /// A key takes something back.
    Revocation(Revocation),
}

impl Statement {
    /// Returns its id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Operator(token) => &token.id,
            Self::Account(listing) => &listing.id,
            Self::Module(module) => &module.id,
            Self::Endorsement(support) | Self::Countersignature(support) => &support.id,
            Self::Revocation(revocation) => &revocation.id,
        }
    }

    /// Says whether it is one that somebody relies on by itself; others support or take back.
    #[must_use]
    pub fn is_token(&self) -> bool {
        matches!(self, Self::Operator(_) | Self::Account(_) | Self::Module(_))
    }

    /// Returns when its signer says it was made.
    #[must_use]
    pub fn iat(&self) -> Option<Time> {
        match self {
            Self::Operator(Operator { times, .. })
            | Self::Account(Account { times, .. })
            | Self::Module(Module { times, .. }) => times.iat,
            Self::Endorsement(support) | Self::Countersignature(support) => support.iat,
            Self::Revocation(revocation) => revocation.iat,
        }
    }
}

/// An operator token.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Operator {
    /// Statement id.
    pub id: String,
    /// Who signed it.
    pub issuer: Key,
    /// Whom it is about.
    pub subject: Key,
    /// The signing keys.
    pub signers: Vec<Key>,
    /// The claim `greatseal`.
    #[serde(default)]
    pub claim: Option<Claim>,
    /// Its times.
    #[serde(flatten)]
    pub times: Times,
}

/// The claim, as often as it was written.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Claim {
    /// Once, as it should be.
    Once(Terms),
    /// More than once: refused.
    Repeated(Vec<Terms>),
}

/// The terms of succession.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Terms {
    /// The place in the line.
    pub seq: i64,
    /// The token before.
    #[serde(default)]
    pub prev: Option<String>,
    /// How many signing keys are a quorum.
    pub threshold: i64,
    /// The next identity. Real tokens hold its hash; here it is named.
    #[serde(default)]
    pub next: Option<Key>,
    /// Whether both identities may do without a quorum.
    #[serde(default)]
    pub pair: bool,
    /// `countersigned`, or anything else.
    #[serde(default)]
    pub accounts: Option<String>,
}

/// An account's listing.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Account {
    /// Statement id.
    pub id: String,
    /// The operator's signing key.
    pub issuer: Key,
    /// The account's identity.
    pub subject: Key,
    /// The account's signing keys.
    pub signers: Vec<Key>,
    /// Its times.
    #[serde(flatten)]
    pub times: Times,
}

/// A published module.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Module {
    /// Statement id.
    pub id: String,
    /// The account's key.
    pub issuer: Key,
    /// The module's key.
    pub subject: Key,
    /// Its revision.
    #[serde(default)]
    pub rev: i64,
    /// Its times.
    #[serde(flatten)]
    pub times: Times,
}

/// An endorsement or a countersignature; it does not expire.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Support {
    /// Statement id.
    pub id: String,
    /// Who signed it.
    pub by: Key,
    /// The id of what it supports.
    pub of: String,
    /// Made, so it says.
    #[serde(default)]
    pub iat: Option<Time>,
}

/// A revocation; it does not expire and is never undone.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Revocation {
    /// Statement id.
    pub id: String,
    /// Who signed it.
    pub by: Key,
    /// What it takes back.
    pub target: Target,
    /// What survives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<Survivors>,
    /// Made, so it says.
    #[serde(default)]
    pub iat: Option<Time>,
}

/// What a revocation takes back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// One statement, by its id.
    Statement(String),
    /// Whatever the issuer said about the subject.
    Edge {
        /// Who said it.
        issuer: Key,
        /// About whom.
        subject: Key,
    },
    /// Whatever a key said.
    All(Key),
}

/// A log at one size: what is proven inside survives.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Survivors {
    /// How many entries.
    pub size: i64,
    /// Absent or `log`: this history's log. Any other word: another's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
}
