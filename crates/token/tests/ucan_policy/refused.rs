//! What is no policy.

use greatseal_core::Code;
use greatseal_core::error::UcanFault;
use greatseal_token::ucan::cbor;
use greatseal_token::ucan::policy::Policy;
use serde_json::{Value as Json, json};

#[track_caller]
fn rule(policy: &Json) -> (usize, &'static str) {
    match Policy::from_json(policy) {
        Err(UcanFault::Policy { at, rule }) => (at, rule),
        other => panic!("{policy}: {other:?}"),
    }
}

#[test]
fn a_policy_is_a_list_of_lists() {
    for policy in [json!({}), json!(null), json!("=="), json!(1)] {
        assert_eq!(rule(&policy).1, "is not in a list, as those of a policy are");
    }
    for policy in [json!(["==", ".a", 1]), json!([{}]), json!([["and", ["=="]]]), json!([["not", "x"]])] {
        assert_eq!(rule(&policy).1, "holds a statement that is no list");
    }
    for policy in [json!([[]]), json!([[1, ".a", 1]]), json!([[["=="], ".a", 1]])] {
        assert_eq!(rule(&policy).1, "does not begin with an operator");
    }
}

#[test]
fn unknown_operators_are_refused_everywhere() {
    for name in ["bogus", "", "=", "===", "Not", "AND", "every", "some", "match", "none", "if"] {
        let bogus = json!([name, ".a", 1]);
        for policy in [
            json!([bogus]),
            json!([["not", bogus]]),
            json!([["or", [["==", ".", 1], bogus]]]),
            json!([["and", [bogus]]]),
            json!([["all", ".a", bogus]]),
            json!([["any", ".a", ["not", bogus]]]),
            json!([["or", []], bogus]),
        ] {
            assert_eq!(rule(&policy).1, "has an operator that does not exist", "{policy}");
        }
    }
}

#[test]
fn every_operator_has_exactly_its_arguments() {
    for operator in ["==", "!=", "<", "<=", ">", ">=", "like", "all", "any"] {
        for arguments in [vec![], vec![json!(".")], vec![json!("."), json!(1), json!(1)]] {
            let mut statement = vec![json!(operator)];
            statement.extend(arguments);
            assert_eq!(rule(&json!([statement])).1, "does not have a selector and one argument", "{statement:?}");
        }
        assert_eq!(rule(&json!([[operator, 1, 1]])).1, "has a selector that is no text");
    }
    for operator in ["not", "and", "or"] {
        for statement in [json!([operator]), json!([operator, [], []])] {
            assert_eq!(rule(&json!([statement])).1, "does not have exactly one argument", "{statement}");
        }
    }
    for operator in ["and", "or"] {
        assert_eq!(rule(&json!([[operator, "x"]])).1, "connects what is no list of statements");
        assert_eq!(rule(&json!([[operator, ["==", ".", 1]]])).1, "holds a statement that is no list");
    }
}

#[test]
fn orders_take_numbers_and_like_takes_a_text() {
    for operator in ["<", "<=", ">", ">="] {
        for bound in [json!("1"), json!(null), json!([1]), json!(true)] {
            assert_eq!(rule(&json!([["not", [operator, ".a", bound]]])).1, "orders by something that is no number");
        }
    }
    assert_eq!(rule(&json!([["like", ".a", 1]])).1, "has a pattern that is no text");
}

#[test]
fn selectors_are_strict_in_every_statement() {
    for selector in ["", "a", "..", ".a.", ".a..b", ".[:]", ".[01]", ".?", ".a[", ".['a']", ".a b"] {
        for operator in ["==", "<"] {
            let policy = json!([["not", [operator, selector, 1]]]);
            assert!(rule(&policy).1.starts_with("has a selector"), "{policy}");
        }
        assert!(rule(&json!([["like", selector, ""]])).1.starts_with("has a selector"));
        assert!(rule(&json!([["any", selector, ["and", []]]])).1.starts_with("has a selector"));
    }
}

#[test]
fn the_fault_says_where() {
    // [["and", []], ["not", ["x", ".", 1]]]: the statement that is none begins at byte 12.
    assert_eq!(rule(&json!([["and", []], ["not", ["x", ".", 1]]])), (12, "has an operator that does not exist"));
    assert_eq!(Policy::from_json(&json!([["x"]])).unwrap_err().code(), Code::UcanPolicySyntax);
}

#[test]
fn size_and_depth_are_bounded() {
    let of = |length: usize| Policy::from_json(&json!([["==", ".", "x".repeat(length)]]));
    // Around the text: two heads, "==", "." and a head of three bytes for the text.
    assert!(of(64 * 1024 - 10).is_ok());
    assert!(matches!(of(64 * 1024 - 9), Err(UcanFault::Policy { at: 0, .. })));

    let nested = |levels: usize| (0..levels).fold(json!(["and", []]), |inner, _| json!(["not", inner]));
    assert!(Policy::from_json(&json!([nested(61)])).is_ok());
    assert_eq!(Policy::from_json(&json!([nested(62)])).unwrap_err().code(), Code::UcanCbor);
}

#[test]
fn a_policy_goes_both_ways() {
    let readable =
        json!([["==", ".a", [1, 1.0, {"b": {"/": {"bytes": "AAE"}}}]], ["any", ".[\"x y\"]", ["like", ".", "*"]]]);
    let policy = Policy::from_json(&readable).unwrap();
    assert_eq!(policy.to_json(), readable);
    assert_eq!((policy.len(), policy.is_empty()), (2, false));
    assert_eq!(policy.encoded(), cbor::from_json(&readable).unwrap());
    assert_eq!(Policy::decode(cbor::validate(policy.encoded()).unwrap()).unwrap(), policy);
    assert_ne!(
        Policy::from_json(&json!([["==", ".a", 1]])).unwrap(),
        Policy::from_json(&json!([["==", ".a", 1.0]])).unwrap()
    );

    let empty = Policy::from_json(&json!([])).unwrap();
    assert_eq!((empty.encoded(), empty.len(), empty.is_empty(), empty.to_json()), (&[0x80][..], 0, true, json!([])));
    assert_eq!(empty, Policy::default());
}
