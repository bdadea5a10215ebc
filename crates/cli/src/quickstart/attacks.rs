//! What a thief or forger would try; each has to be refused for the right reason.

use std::num::NonZeroUsize;

use greatseal_core::decide::{Candidate, Deny};
use greatseal_core::issue::Signable;
use greatseal_core::key::{Key, Nkey, Operator, RawKey, Role};
use greatseal_core::signature::Signature;
use greatseal_core::succession::{AccountRule, Succession, Terms};
use greatseal_core::{Code, Decision, View};
use greatseal_token::wascap::module::{self, ModuleFile};
use greatseal_token::wascap::{self, Claims, Entity, Verifier};

use super::report::Report;
use super::{Signed, judge_module};
use crate::desk::Desk;
use crate::problem::Problem;

/// Tries them all and reports each.
pub(super) fn all(
    desk: &Desk,
    identity: Key<Operator>,
    signed: &[Signed; 2],
    view: &View,
    report: &mut Report,
) -> Result<(), Problem> {
    let [echo, greeter] = signed;
    report.attack(
        "a thief of the identity key makes an account",
        Code::AccountByIdentity,
        &by_identity(desk, identity, view)?,
    )?;
    report.attack(
        "a thief of the identity key makes himself the operator",
        Code::SuccessionUnknown,
        &usurped(desk, identity, view)?,
    )?;
    report.attack("a module signs itself", Code::CodeSelfIssued, &self_issued(desk, echo, view)?)?;
    report.attack("one bit of signed code is changed", Code::ModuleHash, &tampered(desk, echo, view)?)?;
    report.attack("a good token is moved to another module", Code::ModuleHash, &moved(desk, echo, greeter, view)?)?;
    report.attack("an account is forged without any private key", Code::SignatureWeakKey, &keyless(desk, view)?)
}

/// Reads the claims of the account that the tour made first, to vary them.
fn account_claims(desk: &Desk) -> Result<Claims, Problem> {
    let current = desk.realm.tokens()?;
    current
        .accounts
        .first()
        .map(|(_, _, token)| token.content().clone())
        .ok_or_else(|| Problem::new(Code::ChainIncomplete, "the tour made no account"))
}

fn judge(desk: &Desk, token: &[u8], view: &View) -> Result<Decision, Problem> {
    let mut verifier = Verifier::new(NonZeroUsize::MIN);
    match verifier.read(token) {
        Ok(target) => {
            // The operator's token alone: what the tour made for the real accounts is no part of this.
            let operator = desk.realm.tokens()?.operator;
            let with: Vec<_> = operator.into_iter().map(|(_, token)| Candidate::Decoded(token)).collect();
            Ok(verifier.judge(vec![target], with, view).into_decision())
        }
        Err(fault) => Ok(Decision::Deny(Deny::because(fault.into()))),
    }
}

fn by_identity(desk: &Desk, identity: Key<Operator>, view: &View) -> Result<Decision, Problem> {
    let claims = Claims { issuer: identity.nkey(), ..account_claims(desk)? };
    let token = desk.issue(&claims)?;
    judge(desk, token.bytes(), view)
}

/// With the identity key alone: a next token that lists a key of the thief's, and nobody's endorsement.
fn usurped(desk: &Desk, identity: Key<Operator>, view: &View) -> Result<Decision, Problem> {
    let Some((_, token)) = desk.realm.tokens()?.operator else {
        return Err(Problem::new(Code::ChainIncomplete, "the tour made no operator"));
    };
    let mut claims = token.content().clone();
    let thief = Key::<Operator>::new(*greatseal_custody::Seed::generate(Role::Operator)?.nkey().raw());
    if let Entity::Operator(listing) = &mut claims.entity {
        listing.signers = Some(vec![thief]);
    }
    let terms =
        Terms { seq: 1, prev: Some(token.id()), threshold: 1, next: None, pair: false, accounts: AccountRule::Plain };
    let claim = Succession::new(terms, identity.raw(), [thief.raw()]);
    claims.succession = Some(claim.map_err(|fault| Problem::new(Code::ClaimsSuccession, fault.to_string()))?);
    let usurped = desk.issue(&claims)?;
    judge(desk, usurped.bytes(), view)
}

fn self_issued(desk: &Desk, file: &Signed, view: &View) -> Result<Decision, Problem> {
    let read = ModuleFile::read(&file.module.bytes).map_err(|fault| Problem::new(fault.code(), fault.to_string()))?;
    let token = read.token().unwrap_or_default();
    let decoded = wascap::decode(token).map_err(|fault| Problem::new(fault.code(), fault.to_string()))?;
    let claims = Claims { issuer: file.module.subject, ..decoded.content().clone() };
    let token = desk.issue(&claims)?;
    let bytes = embed(&file.module.bytes, token.bytes())?;
    Ok(judge_module(&bytes, desk.realm.supply()?, view))
}

fn tampered(desk: &Desk, file: &Signed, view: &View) -> Result<Decision, Problem> {
    let mut bytes = file.module.bytes.clone();
    // In the midst of the code, where any byte is well-formed enough to be run.
    let place = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(place) {
        *byte ^= 1;
    }
    Ok(judge_module(&bytes, desk.realm.supply()?, view))
}

fn moved(desk: &Desk, from: &Signed, to: &Signed, view: &View) -> Result<Decision, Problem> {
    let read = ModuleFile::read(&from.module.bytes).map_err(|fault| Problem::new(fault.code(), fault.to_string()))?;
    let bytes = embed(&to.module.bytes, read.token().unwrap_or_default())?;
    Ok(judge_module(&bytes, desk.realm.supply()?, view))
}

/// Under the neutral point as public key, R = 0 and S = 0 satisfy the equation for every message:
/// a lax verifier says "signature valid" to this.
fn keyless(desk: &Desk, view: &View) -> Result<Decision, Problem> {
    let mut neutral = [0u8; 32];
    let mut zero = [0u8; 64];
    for first in [neutral.first_mut(), zero.first_mut()].into_iter().flatten() {
        *first = 1;
    }
    let issuer = Nkey::new(Role::Operator, RawKey::new(neutral));
    let mut claims = Claims { issuer, ..account_claims(desk)? };
    if let Entity::Account(listing) = &mut claims.entity {
        listing.name = Some("Nobody".into());
    }
    let message = wascap::encode(&claims)?.request().message().to_vec();
    judge(desk, &Claims::assemble(&message, &Signature::new(zero)), view)
}

fn embed(bytes: &[u8], token: &[u8]) -> Result<Vec<u8>, Problem> {
    module::strip(bytes)
        .and_then(|stripped| module::embed(stripped, &String::from_utf8_lossy(token)))
        .map_err(|fault| Problem::new(fault.code(), fault.to_string()))
}
