//! Any claims there can be.

use std::collections::BTreeMap;

use greatseal_core::key::{Key, KeyRole, Nkey, RawKey, Role};
use greatseal_core::time::{Timestamp, Validity};
use greatseal_token::wascap::{Claims, Entity, Host, Invocation, Listing, Module, Provider, Terms, TokenId};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

fn raw() -> impl Strategy<Value = RawKey> {
    any::<[u8; 32]>().prop_map(RawKey::new)
}

fn typed<R: KeyRole + 'static>() -> impl Strategy<Value = Key<R>> {
    raw().prop_map(Key::new)
}

fn listing<R: KeyRole + core::fmt::Debug + 'static>() -> impl Strategy<Value = Listing<R>> {
    (typed(), option::of(any::<String>()), option::of(vec(typed(), 0..4)))
        .prop_map(|(subject, name, signers)| Listing { subject, name, signers })
}

fn texts() -> impl Strategy<Value = Option<Vec<String>>> {
    option::of(vec(any::<String>(), 0..3))
}

fn text_map() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map(any::<String>(), any::<String>(), 0..4)
}

fn module() -> impl Strategy<Value = Module> {
    let first = (typed(), option::of(any::<String>()), any::<String>(), texts(), texts());
    let second = (any::<Option<i32>>(), option::of(any::<String>()), option::of(any::<String>()), any::<bool>());
    (first, second).prop_map(|((subject, name, hash, tags, caps), (rev, ver, call_alias, provider))| Module {
        subject,
        name,
        hash,
        tags,
        caps,
        rev,
        ver,
        call_alias,
        provider,
    })
}

/// Schemas without fractions: JSON texts of those are read to the nearest, not always the same, number.
fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(any::<String>(), inner, 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn provider() -> impl Strategy<Value = Provider> {
    let first = (typed(), option::of(any::<String>()), option::of(any::<String>()), any::<String>());
    let second = (any::<Option<i32>>(), option::of(any::<String>()), text_map(), option::of(schema()));
    (first, second).prop_map(|((subject, name, capid, vendor), (rev, ver, target_hashes, config_schema))| Provider {
        subject,
        name,
        capid,
        vendor,
        rev,
        ver,
        target_hashes,
        config_schema,
    })
}

fn entity() -> impl Strategy<Value = Entity> {
    let host = (typed(), option::of(any::<String>()), option::of(text_map()))
        .prop_map(|(subject, name, labels)| Host { subject, name, labels });
    let invocation = any::<[String; 4]>().prop_map(|[subject, target_url, origin_url, hash]| Invocation {
        subject,
        target_url,
        origin_url,
        hash,
    });
    prop_oneof![
        listing().prop_map(Entity::Operator),
        listing().prop_map(Entity::Account),
        listing().prop_map(Entity::Cluster),
        module().prop_map(Entity::Module),
        provider().prop_map(Entity::Provider),
        host.prop_map(Entity::Host),
        invocation.prop_map(Entity::Invocation),
        any::<String>().prop_map(|subject| Entity::Untyped { subject }),
    ]
}

/// Claims about anything, by any key that can sign.
pub(crate) fn claims() -> impl Strategy<Value = Claims> {
    let time = || option::of(any::<u64>().prop_map(Timestamp::from_secs));
    let terms = (any::<u128>(), any::<u64>(), time(), time()).prop_map(|(id, issued_at, not_before, expires)| Terms {
        id: TokenId::from_entropy(id),
        issued_at: Timestamp::from_secs(issued_at),
        validity: Validity { not_before, expires },
    });
    // X keys agree on secrets and sign nothing.
    let roles: Vec<Role> = Role::ALL.into_iter().filter(|role| *role != Role::Curve).collect();
    let issuer = (select(roles), raw()).prop_map(|(role, raw)| Nkey::new(role, raw));
    (terms, issuer, entity(), any::<Option<u32>>()).prop_map(|(terms, issuer, entity, revision)| Claims {
        terms,
        issuer,
        entity,
        revision,
        succession: None,
    })
}
