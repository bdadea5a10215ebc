//! What peers let pass, or take too long over (formats, "What peers accept and we refuse").

use greatseal_core::steps::Steps;
use greatseal_token::ucan::cbor;
use greatseal_token::ucan::policy::Policy;
use serde_json::json;

use crate::is_true;

#[test]
fn an_escaped_star_at_the_end_is_no_wildcard() {
    let statement = json!(["like", ".e", "foo\\*"]);
    assert!(is_true(&statement, &json!({"e": "foo*"})));
    for text in ["foo*bar", "foo", "foo\\*", "foobar", "foo**"] {
        assert!(!is_true(&statement, &json!({"e": text})), "{text}");
    }
}

#[test]
fn an_optional_last_segment_is_not_looked_up_at_the_root() {
    let args = json!({"payment": {"amount": 9}, "amount": 1});
    assert!(!is_true(&json!(["==", ".payment.amount?", 1]), &args));
    assert!(is_true(&json!(["==", ".payment.amount?", 9]), &args));
    let args = json!({"payment": {}, "amount": 1});
    assert!(!is_true(&json!(["==", ".payment.amount?", 1]), &args));
    assert!(is_true(&json!(["==", ".payment.amount?", null]), &args));
}

#[test]
fn what_objects_have_by_birth_is_no_name() {
    for name in ["constructor", "__proto__", "toString", "hasOwnProperty", "length", "size", "prototype"] {
        for args in [json!({}), json!([1]), json!("x"), json!(1), json!(null), json!({"/": {"bytes": "AA"}})] {
            for nested in [json!({"a": args}), json!({"a": [args]})] {
                assert!(!is_true(&json!(["!=", format!(".a.{name}"), "x"]), &nested), "{name} {nested}");
                assert!(!is_true(&json!(["!=", format!(".a[\"{name}\"]"), "x"]), &nested), "{name} {nested}");
                assert!(!is_true(&json!(["!=", format!(".{name}"), "x"]), &nested), "{name} {nested}");
            }
        }
        assert!(is_true(&json!(["==", format!(".{name}"), 1]), &json!({name: 1})));
    }
}

#[test]
fn an_unknown_operator_under_not_is_refused() {
    assert!(Policy::from_json(&json!([["not", ["bogus", ".a", 1]]])).is_err());
}

#[test]
fn twenty_one_stars_against_forty_characters_take_few_steps() {
    // One peer needs 25.9 s for it.
    let pattern = format!("{}b", "*a".repeat(10));
    assert_eq!(pattern.len(), 21);
    let args = cbor::from_json(&json!({"e": format!("{}c", "a".repeat(39))})).unwrap();
    for pattern in [pattern, format!("{}b*", "a*".repeat(10)), "*".repeat(21) + "b"] {
        let policy = Policy::from_json(&json!([["like", ".e", pattern]])).unwrap();
        let mut steps = Steps::default();
        assert!(policy.holds(cbor::validate(&args).unwrap(), &mut steps).is_err());
        assert!(Steps::default().left() - steps.left() < 100);
    }
}

#[test]
fn quoted_keys_and_negative_indices_are_not_ignored() {
    // One peer drops what it cannot read of a selector, and looks at the whole instead.
    let args = json!({"role": "admin", "a b": 1, "l": [1, 2, 3]});
    assert!(!is_true(&json!(["!=", ".[\"role\"]", "admin"]), &args));
    assert!(is_true(&json!(["==", ".[\"a b\"]", 1]), &args));
    assert!(is_true(&json!(["==", ".l[-1]", 3]), &args));
}

#[test]
fn a_line_break_is_a_character_like_any_other() {
    assert!(is_true(&json!(["like", ".n", "*.txt"]), &json!({"n": "a\n.txt"})));
    assert!(!is_true(&json!(["like", ".n", "a"]), &json!({"n": "a\n"})));
}
