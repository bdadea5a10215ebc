//! Seeds of `decisions`: the chains of the vectors by the places of their keys, and realms of our own.

use std::path::PathBuf;

use greatseal_core::key::{Nkey, RawKey, Role};
use greatseal_fuzz::decisions::{ANCHORS, Anchor, KEYS, Kind, Offset, Record, write};
use greatseal_token::wascap::{Claims, decode};
use serde_json::Value;

use crate::vectors;

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let named = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with('v') && name.ends_with(".json")
    };
    let mut inputs = Vec::new();
    for path in vectors().into_iter().filter(named) {
        let case: Value = serde_json::from_slice(&std::fs::read(path).expect("it can be read")).expect("it is JSON");
        inputs.extend(of_case(&case, false));
        inputs.extend(of_case(&case, true));
    }
    inputs.extend(own());
    inputs
}

/// Writes the tokens of one case, each key by its place among them.
fn of_case(case: &Value, relaxed: bool) -> Option<Vec<u8>> {
    let at = case.get("at")?.as_u64()?;
    let texts = |name: &str| match case.get(name) {
        Some(Value::Array(texts)) => texts.clone(),
        Some(Value::String(text)) => vec![Value::String(text.clone())],
        _ => Vec::new(),
    };
    let mut keys = Vec::new();
    let mut anchors = [Anchor::Nothing; ANCHORS];
    for (anchor, text) in anchors.iter_mut().zip(texts("trusted_operators")) {
        let key = Nkey::parse(text.as_str()?).ok()?;
        *anchor = Anchor::Operator(place(&mut keys, key.raw())?);
    }
    let mut records = Vec::new();
    for name in ["operator_tokens", "account_tokens", "actor_token"] {
        for text in texts(name) {
            let decoded = decode(text.as_str()?.as_bytes()).ok()?;
            records.push(record(decoded.content(), at, &mut keys)?);
        }
    }
    Some(write(relaxed, anchors, 1, u8::try_from(records.len().checked_sub(1)?).ok()?, &records))
}

fn record(claims: &Claims, at: u64, keys: &mut Vec<RawKey>) -> Option<Record> {
    let subject = claims.entity.subject()?;
    let kind = match subject.role() {
        Role::Operator => Kind::Operator,
        Role::Account => Kind::Account,
        Role::Module => Kind::Module,
        Role::Provider => Kind::Provider,
        _ => return None,
    };
    let offset = |seconds: u64| Offset::nearest(seconds.wrapping_sub(at).cast_signed());
    let usual = if matches!(kind, Kind::Operator | Kind::Account) { Role::Operator } else { Role::Account };
    let role = match claims.issuer.role() {
        role if role == usual => 0,
        role => Role::ALL.iter().position(|other| *other == role)? as u8 + 8,
    };
    let validity = claims.terms.validity;
    let mut signers = 0;
    for key in claims.entity.signers() {
        signers |= 1 << place(keys, key.raw())?;
    }
    Some(Record {
        kind,
        null: false,
        file: 0,
        role,
        subject: place(keys, subject.raw())?,
        issuer: place(keys, claims.issuer.raw())?,
        signers,
        issued_at: offset(claims.terms.issued_at.as_secs()),
        not_before: validity.not_before.map_or(Offset::FIRST, |at| offset(at.as_secs())),
        expires: validity.expires.map_or(Offset::LAST, |at| offset(at.as_secs())),
        damage: [0; 3],
    })
}

fn place(keys: &mut Vec<RawKey>, key: &RawKey) -> Option<u8> {
    let at = keys.iter().position(|other| other == key).unwrap_or_else(|| {
        keys.push(*key);
        keys.len() - 1
    });
    (at < KEYS).then_some(at as u8)
}

fn token(kind: Kind, subject: u8, issuer: u8, signers: &[u8]) -> Record {
    Record {
        kind,
        null: false,
        file: 0,
        role: 0,
        subject,
        issuer,
        signers: signers.iter().fold(0, |all, key| all | 1 << key),
        issued_at: Offset::nearest(-1000),
        not_before: Offset::FIRST,
        expires: Offset::LAST,
        damage: [0; 3],
    }
}

/// Realms about what the vectors leave out: pins, accounts that are trusted, two operators, equals, damage.
fn own() -> Vec<Vec<u8>> {
    use Anchor::{Account, Nothing, Operator, Pin};
    let root = token(Kind::Operator, 0, 0, &[1, 2]);
    let other_root = token(Kind::Operator, 3, 3, &[4]);
    let tenant = token(Kind::Account, 5, 1, &[6, 7]);
    let other_tenant = token(Kind::Account, 8, 2, &[9]);
    let leaf = token(Kind::Module, 10, 6, &[]);
    let provider = token(Kind::Provider, 11, 9, &[]);
    let later = |record: Record| Record { issued_at: Offset::nearest(-500), ..record };
    let listing = |record: Record, signers: u16| Record { signers, ..record };
    let by = |record: Record, issuer: u8| Record { issuer, ..record };
    let damaged = |record: Record, how: u8| Record { damage: [how, 100, 1], ..record };
    let expired = |record: Record| Record { expires: Offset::nearest(0), ..record };
    let trusting = |anchor| [anchor, Nothing, Nothing];
    let realms: Vec<([Anchor; ANCHORS], Vec<Record>)> = vec![
        (trusting(Operator(0)), vec![root, tenant, leaf]),
        (trusting(Operator(0)), vec![root, tenant, other_tenant, leaf, provider]),
        (trusting(Pin(0)), vec![root, tenant, leaf]),
        (trusting(Pin(0)), vec![root, later(listing(root, 4)), tenant, leaf]),
        (trusting(Pin(1)), vec![root, tenant, leaf]),
        (trusting(Account(5)), vec![tenant, by(leaf, 5)]),
        (trusting(Account(5)), vec![tenant, leaf]),
        ([Operator(0), Account(5), Nothing], vec![root, tenant, leaf, by(leaf, 5)]),
        ([Operator(0), Operator(3), Nothing], vec![root, other_root, tenant, by(other_tenant, 4), leaf, provider]),
        // One account under two operators, and a key that both list.
        ([Operator(0), Operator(3), Nothing], vec![root, other_root, tenant, later(by(listing(tenant, 64), 4)), leaf]),
        ([Operator(0), Operator(3), Nothing], vec![root, listing(other_root, 18), tenant, leaf]),
        // The same operator, by its key and by one of its tokens.
        ([Operator(0), Pin(0), Nothing], vec![root, later(listing(root, 8)), tenant, by(later(tenant), 3), leaf]),
        // Newer tokens, and equals that list other keys.
        (trusting(Operator(0)), vec![root, later(listing(root, 4)), tenant, leaf]),
        (trusting(Operator(0)), vec![root, listing(root, 2), tenant, leaf]),
        (trusting(Operator(0)), vec![root, tenant, later(listing(tenant, 128)), leaf]),
        (trusting(Operator(0)), vec![root, tenant, listing(tenant, 192 + 2048), leaf]),
        (trusting(Operator(0)), vec![root, tenant, leaf, later(by(leaf, 7))]),
        (trusting(Operator(0)), vec![root, tenant, leaf, expired(later(leaf))]),
        (trusting(Operator(0)), vec![root, tenant, expired(later(tenant)), leaf]),
        // One key listed by two accounts; a key in two roles.
        (trusting(Operator(0)), vec![root, tenant, listing(other_tenant, 64), leaf]),
        (trusting(Operator(0)), vec![root, listing(tenant, 64 + 2), leaf]),
        (trusting(Operator(0)), vec![root, listing(tenant, 64 + 1024), leaf]),
        (trusting(Operator(0)), vec![root, by(tenant, 0), leaf]),
        (trusting(Operator(0)), vec![listing(root, 0), tenant, leaf]),
        (trusting(Operator(0)), vec![listing(root, 3), tenant, leaf]),
        (trusting(Operator(0)), vec![root, tenant, Record { role: 8, ..leaf }]),
        // The same token, whole and damaged in each way.
        (trusting(Pin(1)), vec![leaf, tenant, damaged(tenant, 2)]),
        (trusting(Pin(1)), vec![leaf, damaged(tenant, 2), tenant]),
        (trusting(Operator(0)), vec![damaged(root, 2), root, damaged(tenant, 3), tenant, damaged(leaf, 1), leaf]),
        (trusting(Operator(0)), vec![root, tenant, Record { file: 1, ..leaf }]),
    ];
    realms
        .into_iter()
        .flat_map(|(anchors, records)| {
            let last = records.len() as u8 - 1;
            [false, true].map(|relaxed| write(relaxed, anchors, last, last, &records))
        })
        .collect()
}
