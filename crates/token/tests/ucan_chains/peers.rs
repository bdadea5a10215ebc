//! "What peers accept and we refuse" and "Where peers disagree" of the format notes, as far as chains are concerned.

use greatseal_core::Code;
use greatseal_testkit::ucan::{Principal, Question, Token, ask, chain, delegation, ed25519, invocation};
use serde_json::{Value, json};

fn people() -> [Principal; 4] {
    ["root", "middle", "worker", "stranger"].map(|name| ed25519(&format!("peers {name}")))
}

fn call(by: &Principal, about: &Principal, proofs: &[Token]) -> Question {
    ask(&invocation(by, about).proofs(proofs).sign()).with(proofs)
}

/// Asks for these arguments under this policy.
fn under(policy: Value, args: Value) -> Question {
    let [root, middle, ..] = people();
    let proof = delegation(&root, &middle).policy(policy).sign();
    ask(&invocation(&middle, &root).args(args).proofs([&proof]).sign()).with([&proof])
}

#[test]
fn forged_tokens_are_refused() {
    let [root, middle, worker, stranger] = people();
    let proofs = chain(&[&root, &middle, &worker]);
    call(&worker, &root, &proofs).allowed();
    let forged = [proofs[0].signed_by(&stranger), proofs[1].clone()];
    assert_eq!(call(&worker, &root, &forged).denied(), Code::SignatureInvalid);
    let token = invocation(&worker, &root).proofs(&proofs).sign();
    assert_eq!(ask(&token.signed_by(&stranger)).with(&proofs).denied(), Code::SignatureInvalid);
}

#[test]
fn expired_tokens_are_refused() {
    let [root, middle, ..] = people();
    let proof = delegation(&root, &middle).expires(-1).sign();
    assert_eq!(call(&middle, &root, &[proof]).denied(), Code::TimeExpired);
    assert_eq!(ask(&invocation(&root, &root).expires(-1).sign()).denied(), Code::TimeExpired);
}

#[test]
fn early_tokens_are_refused() {
    let [root, middle, ..] = people();
    let proof = delegation(&root, &middle).begins(1).sign();
    assert_eq!(call(&middle, &root, &[proof]).denied(), Code::TimeEarly);
}

#[test]
fn signatures_over_the_payload_alone_are_refused() {
    let [root, ..] = people();
    let token = invocation(&root, &root).sign();
    let message = token.message();
    // The map's head, `h` and its value, the tag's head and its text stand before the payload.
    let payload = &message[1 + 2 + 9 + 1 + "ucan/inv@1.0.0".len()..];
    let signature = root.sign(payload);
    let spoilt = Token::new([&b"\x82\x58\x40"[..], signature.as_bytes(), message].concat());
    assert_eq!(ask(&spoilt).denied(), Code::SignatureInvalid);
    assert_eq!(payload[0] >> 5, 5, "it is a map");
}

#[test]
fn a_star_that_is_escaped_stands_for_itself() {
    let policy = || json!([["like", ".x", "foo\\*bar"]]);
    under(policy(), json!({"x": "foo*bar"})).allowed();
    assert_eq!(under(policy(), json!({"x": "foo-bar"})).denied(), Code::UcanPolicy);
    let end = || json!([["like", ".x", "foo\\*"]]);
    under(end(), json!({"x": "foo*"})).allowed();
    assert_eq!(under(end(), json!({"x": "foo*bar"})).denied(), Code::UcanPolicy);
}

#[test]
fn an_optional_selector_does_not_fall_back_to_the_root() {
    let policy = || json!([["==", ".payment.amount?", 5]]);
    assert_eq!(under(policy(), json!({"amount": 5})).denied(), Code::UcanPolicy);
    assert_eq!(under(policy(), json!({"amount": 5, "payment": {}})).denied(), Code::UcanPolicy);
    under(policy(), json!({"payment": {"amount": 5}})).allowed();
}

#[test]
fn commands_are_compared_by_segments() {
    let [root, middle, ..] = people();
    let proofs = [delegation(&root, &middle).command("/crud").sign()];
    let asked = |command: &str| ask(&invocation(&middle, &root).command(command).proofs(&proofs).sign()).with(&proofs);
    asked("/crud").allowed();
    asked("/crud/extra").allowed();
    assert_eq!(asked("/crudextra").denied(), Code::UcanCommand);
    assert_eq!(asked("/cru").denied(), Code::UcanCommand);
}

#[test]
fn other_versions_of_the_tag_are_refused() {
    let [root, middle, ..] = people();
    for version in ["1.0.0-rc.2", "1.0", "1.0.0-rc", "2.0.0", "0.10.0", "1.0.0+1"] {
        assert_eq!(ask(&invocation(&root, &root).version(version).sign()).denied(), Code::UcanTag);
        let proof = delegation(&root, &middle).version(version).sign();
        assert_eq!(call(&middle, &root, &[proof]).denied(), Code::UcanTag);
    }
}

#[test]
fn unknown_operators_are_refused_wherever_they_stand() {
    for policy in [
        json!([["~=", ".x", 1]]),
        json!([["not", ["~=", ".x", 1]]]),
        json!([["or", [["==", ".x", 1], ["~=", ".x", 1]]]]),
        json!([["all", ".none", ["not", ["~=", ".", 1]]]]),
    ] {
        assert_eq!(under(policy, json!({"x": 1})).denied(), Code::UcanPolicySyntax);
    }
}

#[test]
fn selectors_resolve_nothing_that_is_inherited() {
    for name in ["constructor", "__proto__", "toString", "length"] {
        for policy in [json!([["!=", format!(".{name}"), 1]]), json!([["like", format!(".x.{name}"), "*"]])] {
            assert_eq!(under(policy, json!({"x": "text"})).denied(), Code::UcanPolicy, "{name}");
        }
    }
}

#[test]
fn a_glob_takes_bounded_time() {
    let pattern = "*a".repeat(40) + "b";
    let began = std::time::Instant::now();
    let text = "a".repeat(10_000);
    assert!(
        [Code::UcanPolicy, Code::UcanSteps]
            .contains(&under(json!([["like", ".x", pattern]]), json!({"x": text})).denied())
    );
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
}

#[test]
fn proofs_stand_root_first() {
    let [root, middle, worker, _] = people();
    let mut proofs = chain(&[&root, &middle, &worker]);
    call(&worker, &root, &proofs).allowed();
    proofs.reverse();
    assert_eq!(call(&worker, &root, &proofs).denied(), Code::UcanRoot);
}

#[test]
fn a_self_signed_invocation_needs_no_proofs() {
    let [root, ..] = people();
    ask(&invocation(&root, &root).sign()).allowed();
    ask(&invocation(&root, &root).sign()).trust(&root).addressed_to(&root).allowed();
}

#[test]
fn a_middle_that_widens_is_refused_though_the_invocation_stays_inside() {
    let [root, middle, worker, _] = people();
    let proofs = [
        delegation(&root, &middle).command("/crud/read").sign(),
        delegation(&middle, &worker).about(&root).command("/crud").sign(),
    ];
    let token = invocation(&worker, &root).command("/crud/read").proofs(&proofs).sign();
    assert_eq!(ask(&token).with(&proofs).denied(), Code::UcanCommand);
}

#[test]
fn older_versions_which_are_jwts_are_refused() {
    let jwt = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsInVjdiI6IjAuMTAuMCJ9.eyJhdHQiOltdLCJleHAiOm51bGx9.AAAA";
    assert_eq!(ask(&Token::new(jwt)).denied(), Code::UcanCbor);
}
