//! One test for each sentence of the page on policies (formats/ucan.md).

use greatseal_core::error::PolicyFault;
use greatseal_core::steps::Steps;
use greatseal_token::ucan::cbor::{self, Entries, Writer};
use greatseal_token::ucan::policy::Policy;
use serde_json::{Value as Json, json};

use crate::{evaluate, is_true};

#[test]
fn every_statement_applies_to_the_args() {
    let policy = json!([["==", ".a", 1], ["==", ".b", 2], ["==", ".c", 3]]);
    assert_eq!(evaluate(&policy, &json!({"a": 1, "b": 2, "c": 3})), Ok(()));
    assert_eq!(evaluate(&policy, &json!({"a": 1, "b": 0, "c": 0})), Err(PolicyFault::False { statement: 1 }));
    assert_eq!(evaluate(&json!([]), &json!({})), Ok(()));
}

#[test]
fn comparisons() {
    let args = json!({"n": 5, "f": 2.5, "s": "x", "l": [1, {"k": null}], "m": {"a": 1, "b": [true]}});
    for statement in [
        json!(["==", ".n", 5]),
        json!(["!=", ".n", 6]),
        json!(["!=", ".n", "5"]),
        json!(["<", ".n", 6]),
        json!(["<=", ".n", 5]),
        json!([">", ".n", 4]),
        json!([">=", ".n", 5]),
        json!(["<", ".f", 2.75]),
        json!(["like", ".s", "x"]),
        json!(["==", ".l", [1, {"k": null}]]),
        json!(["==", ".m", {"b": [true], "a": 1}]),
        json!(["!=", ".m", {"a": 1}]),
        json!(["!=", ".l", [1]]),
        json!(["!=", ".l[1]", {"j": null}]),
        json!(["==", ".l[1].k", null]),
    ] {
        assert!(is_true(&statement, &args), "{statement}");
    }
    for statement in [
        json!(["==", ".n", 6]),
        json!(["!=", ".n", 5]),
        json!(["<", ".n", 5]),
        json!(["<=", ".n", 4]),
        json!([">", ".n", 5]),
        json!([">=", ".n", 6]),
        json!(["==", ".l", [{"k": null}, 1]]),
        json!(["==", ".m", {"a": 1, "b": [false]}]),
        json!(["!=", ".m", {"a": 1, "b": [true]}]),
    ] {
        assert!(!is_true(&statement, &args), "{statement}");
    }
}

#[test]
fn connectives_and_not() {
    let (yes, no) = (json!(["==", ".", {}]), json!(["==", ".", 1]));
    for (statement, expected) in [
        (json!(["and", [yes, yes]]), true),
        (json!(["and", [yes, no]]), false),
        (json!(["or", [no, yes]]), true),
        (json!(["or", [no, no]]), false),
        (json!(["not", no]), true),
        (json!(["not", yes]), false),
        (json!(["not", ["and", [yes, no]]]), true),
        (json!(["not", ["not", yes]]), true),
    ] {
        assert_eq!(is_true(&statement, &json!({})), expected, "{statement}");
    }
}

#[test]
fn all_and_any_range_over_a_list() {
    let inner = json!([">", ".b", 1]);
    for (list, all, any) in [
        (json!([{"b": 1}, {"b": 2}]), false, true),
        (json!([{"b": 2}, {"b": 3}]), true, true),
        (json!([{"b": 0}, {"c": 2}]), false, false),
    ] {
        let args = json!({"a": list});
        assert_eq!(is_true(&json!(["all", ".a", inner]), &args), all, "{args}");
        assert_eq!(is_true(&json!(["any", ".a", inner]), &args), any, "{args}");
    }
}

#[test]
fn numbers_compare_across_integer_and_float() {
    let args = json!({"i": 1, "f": 1.0, "l": [1, {"k": 2.0}], "big": 9_007_199_254_740_991_i64, "z": -0.0});
    for statement in [
        json!(["==", ".i", 1.0]),
        json!(["==", ".f", 1]),
        json!(["<=", ".i", 1.0]),
        json!(["<", ".i", 1.5]),
        json!([">", ".f", 0]),
        json!(["==", ".l", [1.0, {"k": 2}]]),
        json!(["==", ".l[:1]", [1.0]]),
        json!(["==", ".big", 9_007_199_254_740_991.0]),
        json!([">", ".big", 9_007_199_254_740_990.0]),
        json!(["==", ".z", 0]),
        json!(["not", ["==", ".i", true]]),
    ] {
        assert!(is_true(&statement, &args), "{statement}");
    }
}

#[test]
fn a_wrong_type_makes_the_statement_false() {
    let args = json!({"s": "x", "n": 1, "l": [], "m": {}, "z": null, "b": true});
    for selector in [".s", ".l", ".m", ".z", ".b", "."] {
        for operator in ["<", "<=", ">", ">="] {
            assert!(!is_true(&json!([operator, selector, 1]), &args), "{selector}");
        }
    }
    for selector in [".n", ".l", ".m", ".z", ".b", "."] {
        assert!(!is_true(&json!(["like", selector, "*"]), &args), "{selector}");
    }
    // Another type is another value, so it is not equal, and `!=` is true.
    assert!(is_true(&json!(["!=", ".s", 1]), &args));
}

#[test]
fn an_unresolvable_selector_makes_the_statement_false() {
    let args = json!({"a": {}, "l": [1], "s": "x", "n": 1, "z": null});
    for selector in [
        ".b", ".a.b", ".a.b?.c", ".l[1]", ".l[-2]", ".l.x", ".s[0]", ".s[0:1]", ".n[]", ".z[]", ".z.a", ".a[0]",
        ".a[0:1]", ".b.c?",
    ] {
        for statement in [
            json!(["==", selector, 1]),
            json!(["==", selector, null]),
            json!(["!=", selector, 1]),
            json!(["!=", selector, null]),
            json!(["<", selector, 1]),
            json!(["like", selector, "*"]),
            json!(["all", selector, ["and", []]]),
            json!(["any", selector, ["and", []]]),
        ] {
            assert!(!is_true(&statement, &args), "{statement}");
        }
    }
}

#[test]
fn not_of_what_leads_nowhere_is_true() {
    for inner in
        [json!(["==", ".b", 1]), json!(["!=", ".b", 1]), json!(["<", ".s", 1]), json!(["all", ".n", ["or", []]])]
    {
        assert!(is_true(&json!(["not", inner]), &json!({"s": "x", "n": 1})), "{inner}");
    }
}

#[test]
fn like_knows_only_the_star() {
    for (pattern, text, expected) in [
        ("*", "", true),
        ("*", "any\nthing", true),
        ("a*c", "ac", true),
        ("a*c", "abbc", true),
        ("a?c", "abc", false),
        ("a?c", "a?c", true),
        ("[ab]", "a", false),
        ("a.c", "abc", false),
        (".*", "abc", false),
        ("a**c", "abc", true),
        ("^a$", "a", false),
        ("A", "a", false),
    ] {
        assert_eq!(is_true(&json!(["like", ".", pattern]), &json!(text)), expected, "{pattern} {text}");
    }
}

#[test]
fn like_takes_a_backslash_and_star_for_a_star() {
    for (pattern, text, expected) in [
        (r"\*", "*", true),
        (r"\*", "", false),
        (r"\*", r"\*", false),
        (r"a\**", "a*bc", true),
        (r"a\**", "abc", false),
        (r"*\*", "abc*", true),
        (r"\\*", r"\*", true),
        (r"\\*", r"\x", false),
        (r"a\b", r"a\b", true),
        (r"a\", r"a\", true),
    ] {
        assert_eq!(is_true(&json!(["like", ".", pattern]), &json!(text)), expected, "{pattern} {text}");
    }
}

#[test]
fn like_matches_the_whole_string() {
    for (pattern, text) in [("b", "abc"), ("a*", "ba"), ("*a", "ab"), ("a*b", "ab "), ("a", "aa"), ("", "a")] {
        assert!(!is_true(&json!(["like", ".", pattern]), &json!(text)), "{pattern} {text}");
    }
}

#[test]
fn matching_takes_bounded_time() {
    let policy = Policy::from_json(&json!([["like", ".", "*a".repeat(10_000) + "b*"]])).unwrap();
    let args = cbor::from_json(&json!("a".repeat(500_000))).unwrap();
    let mut few = Steps::new(1000);
    assert!(matches!(policy.holds(cbor::validate(&args).unwrap(), &mut few), Err(PolicyFault::Steps { .. })));
    let mut enough = Steps::default();
    assert_eq!(policy.holds(cbor::validate(&args).unwrap(), &mut enough), Err(PolicyFault::False { statement: 0 }));
}

#[test]
fn selectors() {
    let args = json!({"foo": {"bar": [1, 2, 3]}, "any key": 4, "a\"b": 5, "": 6, "m": {"y": 8, "x": 7}, "héé": 9, "k-l$_1": 10});
    for (selector, expected) in [
        (".", args.clone()),
        (".foo", json!({"bar": [1, 2, 3]})),
        (".foo.bar", json!([1, 2, 3])),
        (".[\"any key\"]", json!(4)),
        (".[\"a\\\"b\"]", json!(5)),
        (".[\"\\u0061\\\"b\"]", json!(5)),
        (".[\"\"]", json!(6)),
        (".foo[\"bar\"][0]", json!(1)),
        (".foo.[\"bar\"].[0]", json!(1)),
        (".foo.bar[0]", json!(1)),
        (".foo.bar[-1]", json!(3)),
        (".foo.bar[-3]", json!(1)),
        (".foo.bar[1:2]", json!([2])),
        (".foo.bar[1:]", json!([2, 3])),
        (".foo.bar[:-1]", json!([1, 2])),
        (".foo.bar[-2:]", json!([2, 3])),
        (".foo.bar[0:99]", json!([1, 2, 3])),
        (".foo.bar[2:1]", json!([])),
        (".foo.bar[9:]", json!([])),
        (".foo.bar[1:][0]", json!(2)),
        (".foo.bar[1:][:1]", json!([2])),
        (".foo.bar[0:2][-1]", json!(2)),
        (".foo.bar[]", json!([1, 2, 3])),
        (".foo.bar[][1]", json!(2)),
        (".m[]", json!([7, 8])),
        (".m[][0]", json!(7)),
        (".m[][1:]", json!([8])),
        (".m[][]", json!([7, 8])),
        (".foo[][0][2]", json!(3)),
        (".héé", json!(9)),
        (".k-l$_1", json!(10)),
    ] {
        assert!(is_true(&json!(["==", selector, expected]), &args), "{selector}");
        assert!(!is_true(&json!(["!=", selector, expected]), &args), "{selector}");
        assert!(!is_true(&json!(["==", selector, "other"]), &args), "{selector}");
    }
}

#[test]
fn selectors_go_into_bytes() {
    let mut map = Entries::default();
    map.entry("b").bytes(&[0xd6, 0xa9, 0xc1, 0x8c, 0xf8, 0xc4]);
    let mut args = Writer::default();
    args.map(map).unwrap();
    let args = args.finish();
    let holds = |statement: Json| {
        let policy = Policy::from_json(&json!([statement])).unwrap();
        policy.holds(cbor::validate(&args).unwrap(), &mut Steps::default()).is_ok()
    };
    assert!(holds(json!(["==", ".b[3]", 140])));
    assert!(holds(json!(["==", ".b[-1]", 0xc4])));
    assert!(holds(json!(["<", ".b[0]", 256])));
    assert!(holds(json!(["==", ".b[1:3]", {"/": {"bytes": "qcE"}}])));
    assert!(holds(json!(["==", ".b[4:1]", {"/": {"bytes": ""}}])));
    assert!(!holds(json!(["==", ".b[6]", 0])));
    assert!(!holds(json!(["==", ".b[1:3]", "qcE"])));
    assert!(!holds(json!(["==", ".b[1:3]", [0xa9, 0xc1]])));
    assert!(!holds(json!(["any", ".b", [">=", ".", 0]])));
    assert!(!holds(json!(["any", ".b[]", [">=", ".", 0]])));
}

#[test]
fn a_question_mark_gives_null_where_it_would_fail() {
    let args = json!({"a": {}, "l": [1], "s": "x"});
    for selector in
        [".x?", ".x???", ".a.x?", ".l[9]?", ".l[-9]?", ".s.x?", ".s[0]?", ".s[]?", ".s[0:1]?", ".x?.y?", ".[\"x\"]?"]
    {
        assert!(is_true(&json!(["==", selector, null]), &args), "{selector}");
        assert!(is_true(&json!(["!=", selector, 1]), &args), "{selector}");
        assert!(!is_true(&json!(["<", selector, 1]), &args), "{selector}");
        assert!(!is_true(&json!(["like", selector, "*"]), &args), "{selector}");
        assert!(!is_true(&json!(["all", selector, ["or", []]]), &args), "{selector}");
    }
    // It does not make up for a segment before or after it.
    for selector in [".x.y?", ".x?.y", ".l[9][0]?", ".l[9]?[0]"] {
        assert!(!is_true(&json!(["==", selector, null]), &args), "{selector}");
    }
    assert!(is_true(&json!(["==", ".l?[0]?", 1]), &args));
}

#[test]
fn empty_and_is_true() {
    assert!(is_true(&json!(["and", []]), &json!({})));
}

#[test]
fn empty_or_is_true() {
    assert!(is_true(&json!(["or", []]), &json!({})));
}

#[test]
fn all_and_any_over_nothing_are_true() {
    let never = json!(["not", ["and", []]]);
    let args = json!({"l": [], "m": {}, "n": [1]});
    for selector in [".l", ".m", ".m[]", ".l[]", ".n[1:]", ".n[5:9]"] {
        for quantifier in ["all", "any"] {
            assert!(is_true(&json!([quantifier, selector, never]), &args), "{selector}");
        }
    }
    assert!(!is_true(&json!(["any", ".n", never]), &args));
    assert!(!is_true(&json!(["all", ".n", never]), &args));
}

#[test]
fn over_a_map_they_range_over_its_values() {
    let args =
        json!({"m": {"a": 1, "b": 2}, "deep": {"x": {"recipients": ["bob"]}, "y": {"recipients": ["bob", "eve"]}}});
    assert!(is_true(&json!(["all", ".m", [">", ".", 0]]), &args));
    assert!(!is_true(&json!(["all", ".m", [">", ".", 1]]), &args));
    assert!(is_true(&json!(["any", ".m", ["==", ".", 2]]), &args));
    assert!(!is_true(&json!(["any", ".m", ["==", ".", "a"]]), &args));
    assert!(is_true(&json!(["all", ".deep", ["any", ".recipients", ["==", ".", "bob"]]]), &args));
    assert!(!is_true(&json!(["all", ".deep", ["any", ".recipients", ["==", ".", "eve"]]]), &args));
    // The value of `recipients` is a list, so within it there is no such name.
    assert!(!is_true(&json!(["all", ".deep.x", ["any", ".recipients", ["==", ".", "bob"]]]), &args));
}

#[test]
fn over_a_non_collection_they_are_false() {
    let args = json!({"n": 1, "s": "", "z": null, "b": {"/": {"bytes": ""}}, "f": 0.5, "t": true});
    for selector in [".n", ".s", ".z", ".b", ".f", ".t", ".nothing", ".nothing?"] {
        for quantifier in ["all", "any"] {
            assert!(!is_true(&json!([quantifier, selector, ["and", []]]), &args), "{selector}");
        }
    }
}

#[test]
fn a_spent_budget_is_neither_true_nor_false() {
    let slow = json!(["all", ".", ["!=", ".", 0]]);
    let args = cbor::from_json(&Json::Array(vec![json!(1); 1000])).unwrap();
    for statement in [
        json!(slow),
        json!(["not", slow]),
        json!(["not", ["not", slow]]),
        json!(["or", [slow, ["and", []]]]),
        json!(["and", [slow, ["not", ["or", []]]]]),
        json!(["not", ["any", ".[]", ["not", slow]]]),
        json!(["any", ".", ["or", [slow, ["==", ".", 1], ["any", ".", slow]]]]),
    ] {
        let policy = Policy::from_json(&json!([statement, ["and", []]])).unwrap();
        let args = cbor::validate(&args).unwrap();
        for budget in 0..5 {
            let verdict = policy.holds(args, &mut Steps::new(budget));
            assert!(matches!(verdict, Err(PolicyFault::Steps { .. })), "{statement} {budget}: {verdict:?}");
        }
        // Whatever the budget, a verdict is the one of an unbounded budget.
        let settled = policy.holds(args, &mut Steps::default());
        for budget in (0..20_000).step_by(37) {
            match policy.holds(args, &mut Steps::new(budget)) {
                Err(PolicyFault::Steps { .. }) => {}
                other => assert_eq!(other, settled, "{statement} {budget}"),
            }
        }
    }
}
