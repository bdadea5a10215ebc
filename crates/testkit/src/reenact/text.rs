//! Statements of a history as the texts of tokens and deeds, malformed ones included.
//!
//! Written by hand, so that also what our own encoder refuses can be said.

use greatseal_core::key::{Nkey, Role, Spelled};
use greatseal_core::log::LogRoot;
use greatseal_core::statement::{Kind, StatementId};
use greatseal_core::succession::Commitment;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::stage::BEGINNING;
use crate::chain::{TestKey, key};
use crate::succession::{
    Account, Claim, History, Key, Module, Operator, Revocation, Role as Part, Statement, Support, Target, Terms, Time,
    Times,
};

/// Returns the key of a name; both roles of one letter are one nkey role.
pub(super) fn real(history: &History, name: &Key) -> TestKey {
    let role = match history.role(name) {
        Some(Part::OperatorIdentity | Part::OperatorSigner) | None => Role::Operator,
        Some(Part::AccountIdentity | Part::AccountSigner) => Role::Account,
        Some(Part::Module) => Role::Module,
    };
    // The seed follows from the name alone, so that one raw key can be spelled in every role.
    key(Role::Operator, name.raw()).spelled(role)
}

/// Turns an instant into seconds.
pub(crate) fn seconds(time: Time) -> u64 {
    let seconds = (time.0 as f64 / Time::SECOND as f64).round() as i64;
    BEGINNING.saturating_add_signed(seconds)
}

/// How statements are spoken of before they are written.
pub(super) trait Names {
    /// Returns the id of a statement; of one that is not written, one that nothing has.
    fn id(&self, name: &str) -> StatementId;
    /// Returns the root of the history's log at a size, or another log's.
    fn root(&self, size: u64, word: Option<&str>) -> LogRoot;
}

/// Returns the kind of a statement and its claims.
pub(super) fn claims(history: &History, statement: &Statement, names: &impl Names) -> (Kind, String) {
    match statement {
        Statement::Operator(it) => (Kind::WascapToken, operator(history, it, names)),
        Statement::Account(it) => (Kind::WascapToken, account(history, it)),
        Statement::Module(it) => (Kind::WascapToken, module(history, it)),
        Statement::Endorsement(it) => (Kind::Endorsement, support(history, it, names)),
        Statement::Countersignature(it) => (Kind::Countersignature, support(history, it, names)),
        Statement::Revocation(it) => (Kind::Revocation, revocation(history, it, names)),
    }
}

fn nkey(history: &History, role: Role, name: &Key) -> String {
    Nkey::new(role, *real(history, name).nkey().raw()).to_string()
}

fn spelled(history: &History, name: &Key) -> String {
    let nkey = real(history, name).nkey();
    if name.0 == name.raw() { nkey.to_string() } else { Spelled::Did(nkey.public_key()).to_string() }
}

/// Writes the members that every wascap token has, then `wascap`.
fn token(id: &str, times: Times, iss: &str, sub: &str, wascap: Value) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("jti".into(), id.into());
    claims.insert("iat".into(), times.iat.map_or(0, seconds).into());
    claims.insert("iss".into(), iss.into());
    claims.insert("sub".into(), sub.into());
    if let Some(exp) = times.exp {
        claims.insert("exp".into(), seconds(exp).into());
    }
    if let Some(nbf) = times.nbf {
        claims.insert("nbf".into(), seconds(nbf).into());
    }
    claims.insert("wascap".into(), wascap);
    claims
}

fn operator(history: &History, it: &Operator, names: &impl Names) -> String {
    let key = |name: &Key| nkey(history, Role::Operator, name);
    let signers: Vec<String> = it.signers.iter().map(key).collect();
    let wascap = json!({ "name": it.id, "valid_signers": signers });
    let claims = token(&it.id, it.times, &key(&it.issuer), &key(&it.subject), wascap);
    let mut text = Value::Object(claims).to_string();
    let repeated: &[Terms] = match &it.claim {
        None => &[],
        Some(Claim::Once(terms)) => std::slice::from_ref(terms),
        Some(Claim::Repeated(terms)) => terms,
    };
    for terms in repeated {
        let closing = text.pop();
        assert_eq!(closing, Some('}'));
        text += &format!(",\"greatseal\":{}}}", claim(history, terms, names));
    }
    text
}

fn claim(history: &History, terms: &Terms, names: &impl Names) -> Value {
    let next = terms.next.as_ref().map(|next| Commitment::to(real(history, next).nkey().raw()).to_string());
    let accounts = if terms.accounts.as_deref() == Some("countersigned") { "countersigned" } else { "plain" };
    json!({
        "seq": terms.seq,
        "prev": terms.prev.as_ref().map(|prev| names.id(prev).to_string()),
        "threshold": terms.threshold,
        "next": next,
        "pair": terms.pair,
        "accounts": accounts,
    })
}

fn account(history: &History, it: &Account) -> String {
    let key = |name: &Key| nkey(history, Role::Account, name);
    let signers: Vec<String> = it.signers.iter().map(key).collect();
    let wascap = json!({ "name": it.id, "valid_signers": signers });
    let issuer = nkey(history, Role::Operator, &it.issuer);
    Value::Object(token(&it.id, it.times, &issuer, &key(&it.subject), wascap)).to_string()
}

fn module(history: &History, it: &Module) -> String {
    let hash = data_encoding::HEXUPPER.encode(&Sha256::digest(it.id.as_bytes()));
    let wascap = json!({ "name": it.id, "hash": hash, "rev": it.rev, "prov": false });
    let issuer = nkey(history, Role::Account, &it.issuer);
    let subject = nkey(history, Role::Module, &it.subject);
    Value::Object(token(&it.id, it.times, &issuer, &subject, wascap)).to_string()
}

fn support(history: &History, it: &Support, names: &impl Names) -> String {
    let (iat, iss) = (it.iat.map_or(0, seconds), spelled(history, &it.by));
    json!({ "jti": it.id, "iat": iat, "iss": iss, "of": names.id(&it.of).to_string() }).to_string()
}

fn revocation(history: &History, it: &Revocation, names: &impl Names) -> String {
    let (iat, iss) = (it.iat.map_or(0, seconds), spelled(history, &it.by));
    let mut claims = Map::new();
    claims.insert("jti".into(), it.id.clone().into());
    claims.insert("iat".into(), iat.into());
    claims.insert("iss".into(), iss.into());
    let (member, value) = match &it.target {
        Target::Statement(id) => ("statement", names.id(id).to_string().into()),
        Target::Edge { issuer, subject } => {
            ("edge", json!({ "issuer": spelled(history, issuer), "subject": spelled(history, subject) }))
        }
        Target::All(key) => ("key", spelled(history, key).into()),
    };
    claims.insert(member.into(), value);
    if let Some(survivors) = &it.log {
        let size = u64::try_from(survivors.size).unwrap_or(0);
        claims.insert("log_size".into(), size.into());
        claims.insert("log_root".into(), names.root(size, survivors.root.as_deref()).to_string().into());
    }
    Value::Object(claims).to_string()
}
