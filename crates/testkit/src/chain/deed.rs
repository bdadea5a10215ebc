//! Deeds: endorsements, countersignatures and revocations, signed by whoever is named.

use greatseal_core::Timestamp;
use greatseal_core::deed::{Act, Deed, Revocation, Target};
use greatseal_core::issue::Signable;
use greatseal_core::key::Spelled;
use greatseal_token::deed::{DeedText, encode};

use super::{TestKey, Token};

/// When deeds are made: before now by any machine's clock; no rule asks for more.
const MADE: u64 = 1_700_000_000;

/// Endorses an operator token.
#[must_use]
pub fn endorsement(by: &TestKey, of: &Token) -> Token {
    deed(by, Act::Endorse(of.id()))
}

/// Countersigns a listing or a module.
#[must_use]
pub fn countersignature(by: &TestKey, of: &Token) -> Token {
    deed(by, Act::Countersign(of.id()))
}

/// Revokes one statement, a deed's included.
#[must_use]
pub fn revocation(by: &TestKey, of: &Token) -> Token {
    revoke(by, Target::Statement(of.id()))
}

/// Revokes whatever one key said about another.
#[must_use]
pub fn edge_revocation(by: &TestKey, issuer: &TestKey, subject: &TestKey) -> Token {
    revoke(by, Target::Edge { issuer: spelled(issuer), subject: spelled(subject) })
}

/// Revokes whatever a key signed; by itself, this is the revocation that is sealed at its birth.
#[must_use]
pub fn key_revocation(by: &TestKey, of: &TestKey) -> Token {
    revoke(by, Target::Key(spelled(of)))
}

fn revoke(by: &TestKey, target: Target) -> Token {
    deed(by, Act::Revoke(Revocation { target, survivors: None }))
}

fn spelled(key: &TestKey) -> Spelled {
    Spelled::parse(&key.to_string()).expect("a key's own spelling")
}

/// Signs any deed.
#[must_use]
pub fn deed(by: &TestKey, act: Act) -> Token {
    let deed = Deed { signer: spelled(by), id: "1".into(), issued_at: Timestamp::from_secs(MADE), act };
    let request = encode(&deed).expect("a deed can be encoded").request();
    Token::new(DeedText::assemble(request.message(), &by.answer(&request)))
}
