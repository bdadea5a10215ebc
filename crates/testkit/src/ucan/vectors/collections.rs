//! Policies over collections that are empty, missing or none.

use serde_json::{Value, json};

use super::Case;
use crate::ucan::{ask, delegation, ed25519, invocation};

/// Makes the cases.
pub(super) fn cases() -> Vec<Case> {
    let one = json!(["==", ".", 1]);
    let quantified = |quantifier: &str, selector: &str| json!([[quantifier, selector, one]]);
    let mut all: Vec<(String, Value, Value, bool)> = Vec::new();
    let mut add = |id: &str, policy: Value, args: Value, holds: bool| all.push((id.to_owned(), policy, args, holds));
    for quantifier in ["all", "any"] {
        let q = |what: &str| format!("{quantifier}-{what}");
        let over_x = || quantified(quantifier, ".x");
        add(&q("empty-list"), over_x(), json!({"x": []}), true);
        add(&q("empty-map"), over_x(), json!({"x": {}}), true);
        add(&q("empty-args"), quantified(quantifier, "."), json!({}), true);
        add(&q("empty-slice"), quantified(quantifier, ".x[5:9]"), json!({"x": [1, 2]}), true);
        add(&q("empty-values"), quantified(quantifier, ".x[]"), json!({"x": {}}), true);
        add(&q("missing"), over_x(), json!({}), false);
        add(&q("missing-optional"), quantified(quantifier, ".x?"), json!({}), false);
        add(&q("missing-index"), quantified(quantifier, ".x[0]"), json!({"x": []}), false);
        for (name, value) in [
            ("null", Value::Null),
            ("text", json!("1")),
            ("empty-text", json!("")),
            ("number", json!(1)),
            ("truth", json!(true)),
            ("bytes", json!({"/": {"bytes": "AQ"}})),
            ("empty-bytes", json!({"/": {"bytes": ""}})),
        ] {
            add(&q(&format!("of-{name}")), over_x(), json!({ "x": value }), false);
        }
        add(&q("not-empty"), json!([["not", [quantifier, ".x", one]]]), json!({"x": []}), false);
        add(&q("not-missing"), json!([["not", [quantifier, ".x", one]]]), json!({}), true);
        add(&q("one-of-one"), over_x(), json!({"x": [1]}), true);
        add(&q("none-of-one"), over_x(), json!({"x": [2]}), false);
        add(&q("some-of-list"), over_x(), json!({"x": [1, 2]}), quantifier == "any");
        add(&q("some-of-map"), over_x(), json!({"x": {"a": 1, "b": 2}}), quantifier == "any");
        add(&q("list-of-empty"), json!([[quantifier, ".x", ["all", ".", one]]]), json!({"x": [[], {}]}), true);
        add(&q("list-of-empty-any"), json!([[quantifier, ".x", ["any", ".", one]]]), json!({"x": [[], {}]}), true);
        add(&q("empty-or-not"), json!([[quantifier, ".x", ["not", ["or", []]]]]), json!({"x": [1]}), false);
    }
    for connective in ["and", "or"] {
        add(&format!("{connective}-empty"), json!([[connective, []]]), json!({}), true);
        add(&format!("{connective}-not-empty"), json!([["not", [connective, []]]]), json!({}), false);
        add(&format!("{connective}-of-empty"), json!([[connective, [["and", []], ["or", []]]]]), json!({}), true);
        let mixed = json!([[connective, [["or", []], ["==", ".x", 1]]]]);
        add(&format!("{connective}-empty-and-missing"), mixed, json!({}), connective == "or");
    }
    add("none", json!([]), json!({}), true);
    add("equal-empty-list", json!([["==", ".x", []]]), json!({"x": []}), true);
    add("equal-empty-map", json!([["==", ".x", {}]]), json!({"x": {}}), true);
    add("equal-empty-kinds", json!([["==", ".x", []]]), json!({"x": {}}), false);
    add("unequal-missing", json!([["!=", ".x", 1]]), json!({}), false);
    add("like-empty", json!([["like", ".x", ""]]), json!({"x": ""}), true);
    add("like-star-empty", json!([["like", ".x", "*"]]), json!({"x": ""}), true);
    add("like-missing", json!([["like", ".x", "*"]]), json!({}), false);

    let (root, worker) = (ed25519("collections root"), ed25519("collections worker"));
    let case = |(id, policy, args, holds): (String, Value, Value, bool)| {
        let proof = delegation(&root, &worker).policy(policy.clone()).sign();
        let call = invocation(&worker, &root).args(args.clone()).proofs([&proof]).sign();
        let case = Case::new(format!("empty-{id}"), (!holds).then_some("Policy"), &ask(&call).with([&proof]));
        Case { policy: Some(policy), args: Some(args), ..case }
    };
    all.into_iter().map(case).collect()
}
