//! What takes a UCAN back: invocations of `/ucan/revoke` in every dialect, and deeds.

use greatseal_core::deed::{Act, Revocation, Target};
use greatseal_core::key::Spelled;
use serde_json::{Value, json};

use super::{Draft, Principal, Token, invocation};
use crate::chain::deed;

/// How the arguments of a revocation are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `{rev, pth}`, as we write it.
    RevPth,
    /// `{rev}`.
    Rev,
    /// `{revoke, path}`.
    RevokePath,
    /// `{ucan, proof}`.
    UcanProof,
    /// `{ucan}`.
    Ucan,
}

/// Every dialect there is, with a name for cases.
pub const DIALECTS: [(Dialect, &str); 5] = [
    (Dialect::RevPth, "rev-pth"),
    (Dialect::Rev, "rev"),
    (Dialect::RevokePath, "revoke-path"),
    (Dialect::UcanProof, "ucan-proof"),
    (Dialect::Ucan, "ucan"),
];

impl Dialect {
    /// Writes the arguments.
    #[must_use]
    pub fn args(self, token: &Token, path: &[&Token]) -> Value {
        let path: Vec<Value> = path.iter().map(|token| token.link()).collect();
        match self {
            Self::RevPth => json!({ "rev": token.link(), "pth": path }),
            Self::Rev => json!({ "rev": token.link() }),
            Self::RevokePath => json!({ "revoke": token.link(), "path": path }),
            Self::UcanProof => json!({ "ucan": token.link(), "proof": path }),
            Self::Ucan => json!({ "ucan": token.link() }),
        }
    }
}

/// Begins a revocation by somebody, about himself, that never expires.
#[must_use]
pub fn revocation(by: &Principal, dialect: Dialect, token: &Token, path: &[&Token]) -> Draft {
    invocation(by, by).command("/ucan/revoke").args(dialect.args(token, path)).forever()
}

/// Revokes one statement by a deed of Greatseal's.
#[must_use]
pub fn deed_against(by: &Principal, token: &Token) -> Token {
    revoke(by, Target::Statement(token.id()))
}

/// Revokes whatever one said about another by a deed of Greatseal's.
#[must_use]
pub fn deed_against_edge(by: &Principal, issuer: &Principal, audience: &Principal) -> Token {
    revoke(by, Target::Edge { issuer: spelled(issuer), subject: spelled(audience) })
}

/// Revokes whatever a key signed; by itself, this is the revocation that is sealed at its birth.
#[must_use]
pub fn deed_against_key(by: &Principal, of: &Principal) -> Token {
    revoke(by, Target::Key(spelled(of)))
}

fn revoke(by: &Principal, target: Target) -> Token {
    Token::new(deed(by.test_key(), Act::Revoke(Revocation { target, survivors: None })).bytes())
}

fn spelled(key: &Principal) -> Spelled {
    Spelled::Did(key.key())
}
