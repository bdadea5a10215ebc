//! Random policies over random arguments, against the evaluator written apart.

use greatseal_core::error::PolicyFault;
use greatseal_core::steps::Steps;
use greatseal_token::ucan::cbor;
use greatseal_token::ucan::policy::Policy;
use proptest::prelude::*;
use serde_json::{Map, Number, Value as Json};

use crate::apart::{Go, Path, Says};

/// Few names, some of which have to be quoted and some of which other languages know.
const NAMES: [&str; 8] = ["a", "b", "ab", "length", "constructor", "a b", "\"", "é"];

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        (-3_i64..4).prop_map(Number::from),
        (-6_i32..7).prop_map(|half| Number::from_f64(f64::from(half) / 2.0).unwrap()),
        prop_oneof![Just((1_i64 << 53) - 1), Just(1 - (1_i64 << 53))].prop_map(Number::from),
    ]
}

fn value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        number().prop_map(Json::Number),
        "[ab*\\\\]{0,4}".prop_map(Json::String),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
            prop::collection::vec((0..NAMES.len(), inner), 0..4).prop_map(|members| {
                Json::Object(members.into_iter().map(|(name, value)| (NAMES[name].to_owned(), value)).collect())
            }),
        ]
    })
}

fn path() -> impl Strategy<Value = Path> {
    let bound = || prop::option::of(-3_i64..4);
    let go = prop_oneof![
        4 => (0..5_usize).prop_map(|name| Go::Dotted(NAMES[name].to_owned())),
        2 => (0..NAMES.len()).prop_map(|name| Go::Quoted(NAMES[name].to_owned())),
        1 => Just(Go::Values),
        2 => (-3_i64..4).prop_map(Go::Index),
        1 => (bound(), bound())
            .prop_filter("a slice has a bound", |(from, to)| from.is_some() || to.is_some())
            .prop_map(|(from, to)| Go::Slice(from, to)),
    ];
    let marks = prop_oneof![4 => Just(0_usize), 1 => 1_usize..3];
    prop::collection::vec((go, marks), 0..4).prop_map(Path)
}

fn statement() -> impl Strategy<Value = Says> {
    let order = prop_oneof![Just("<"), Just("<="), Just(">"), Just(">=")];
    let leaf = prop_oneof![
        (path(), value()).prop_map(|(path, value)| Says::Equal(path, value)),
        (path(), value()).prop_map(|(path, value)| Says::Unequal(path, value)),
        (order, path(), number()).prop_map(|(order, path, bound)| Says::Order(order, path, bound)),
        (path(), "[ab*\\\\]{0,5}").prop_map(|(path, pattern)| Says::Like(path, pattern)),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        prop_oneof![
            boxed.clone().prop_map(Says::Not),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Says::And),
            prop::collection::vec(inner, 0..3).prop_map(Says::Or),
            (path(), boxed.clone()).prop_map(|(path, inner)| Says::All(path, inner)),
            (path(), boxed).prop_map(|(path, inner)| Says::Any(path, inner)),
        ]
    })
}

/// Arguments that have something at the path of a statement more often than chance would.
fn args() -> impl Strategy<Value = Json> {
    prop_oneof![
        value(),
        prop::collection::vec(value(), 3..6).prop_map(|values| {
            Json::Object(NAMES.iter().map(|name| (*name).to_owned()).zip(values).collect::<Map<_, _>>())
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn the_verdict_is_that_of_the_slow_evaluator(says in prop::collection::vec(statement(), 0..3), args in args()) {
        let policy = Json::Array(says.iter().map(Says::json).collect());
        let decoded = Policy::from_json(&policy).unwrap();
        let encoded = cbor::from_json(&args).unwrap();
        let expected = match says.iter().position(|says| !says.is_true(&args)) {
            None => Ok(()),
            Some(statement) => Err(PolicyFault::False { statement }),
        };
        let found = decoded.holds(cbor::validate(&encoded).unwrap(), &mut Steps::default());
        prop_assert_eq!(found, expected, "{} over {}", policy, args);
        prop_assert_eq!(decoded.to_json(), policy);
    }

    #[test]
    fn like_is_that_of_the_slow_evaluator(pattern in "[ab*\\\\é]{0,9}", text in "[ab*\\\\é]{0,9}") {
        let says = Says::Like(Path(Vec::new()), pattern);
        let args = Json::String(text);
        let policy = Policy::from_json(&Json::Array(vec![says.json()])).unwrap();
        let encoded = cbor::from_json(&args).unwrap();
        let found = policy.holds(cbor::validate(&encoded).unwrap(), &mut Steps::default());
        prop_assert_eq!(found.is_ok(), says.is_true(&args), "{:?} over {}", says, args);
    }

    #[test]
    fn no_selector_makes_it_panic(selector in "\\.?[.a-c\\[\\]\"\\\\?:0-9é -]{0,12}", args in value()) {
        let json = serde_json::json!([["==", selector, null]]);
        if let Ok(policy) = Policy::from_json(&json) {
            let encoded = cbor::from_json(&args).unwrap();
            let _ = policy.holds(cbor::validate(&encoded).unwrap(), &mut Steps::default());
        }
    }
}
