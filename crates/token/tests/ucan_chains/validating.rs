//! A test for each sentence of "Validating an invocation" of the format notes, in their order.

use std::num::NonZeroUsize;

use greatseal_core::limits::{CHAIN_LINKS, UCAN_BYTES};
use greatseal_core::view::Audience;
use greatseal_core::{Code, Decision};
use greatseal_testkit::codes::{denied, outcome};
use greatseal_testkit::ucan::{
    Dialect, Draft, HOUR, NOW, Principal, Question, Token, ask, chain, delegation, ed25519, invocation, revocation,
};
use greatseal_token::ucan::Verifier;
use serde_json::json;

fn people() -> [Principal; 4] {
    ["root", "middle", "worker", "stranger"].map(|name| ed25519(&format!("validating {name}")))
}

fn call(by: &Principal, about: &Principal, proofs: &[Token]) -> Question {
    ask(&invocation(by, about).proofs(proofs).sign()).with(proofs)
}

/// A token of exactly so many bytes.
fn of_size(draft: impl Fn(usize) -> Draft, bytes: usize) -> Token {
    let base = draft(UCAN_BYTES / 2).sign().bytes().len() - UCAN_BYTES / 2;
    let token = draft(bytes - base).sign();
    assert_eq!(token.bytes().len(), bytes);
    token
}

#[test]
fn first_size_limits() {
    let [root, middle, ..] = people();
    let filled = |length: usize| invocation(&root, &root).nonce(b"").args(json!({"x": "x".repeat(length)}));
    ask(&of_size(filled, UCAN_BYTES)).allowed();
    assert_eq!(ask(&of_size(filled, UCAN_BYTES + 1)).denied(), Code::TokenTooLarge);
    // The same of a proof, and its own fault is told.
    let filled = |length: usize| delegation(&root, &middle).nonce(b"").field("meta", json!({"x": "x".repeat(length)}));
    call(&middle, &root, &[of_size(filled, UCAN_BYTES)]).allowed();
    assert_eq!(call(&middle, &root, &[of_size(filled, UCAN_BYTES + 1)]).denied(), Code::TokenTooLarge);
    // What a decision weighs together.
    let heavy = |at: u8| {
        let draft = move |root: &Principal| delegation(root, root).nonce(&[at]);
        of_size(|length| draft(&root).field("meta", json!({"x": "x".repeat(length)})), UCAN_BYTES)
    };
    let heavy: Vec<Token> = (0..5).map(heavy).collect();
    call(&root, &root, &heavy[..3]).allowed();
    assert_eq!(call(&root, &root, &heavy).denied(), Code::ChainTooLarge);
}

#[test]
fn first_the_length_of_chains() {
    let people: Vec<Principal> = (0..=CHAIN_LINKS + 1).map(|depth| ed25519(&format!("long {depth}"))).collect();
    let people: Vec<&Principal> = people.iter().collect();
    for (length, expected) in [(CHAIN_LINKS, None), (CHAIN_LINKS + 1, Some(Code::ChainTooLarge))] {
        let proofs = chain(&people[..=length]);
        let decision = call(people[length], people[0], &proofs).outcome().into_decision();
        assert_eq!(outcome(&decision).err(), expected);
        // Nobody looks for thousands of proofs.
        let named: Vec<&Token> = std::iter::repeat_n(&proofs[0], 1000).collect();
        assert_eq!(ask(&invocation(people[1], people[0]).proofs(named).sign()).denied(), Code::ChainTooLarge);
    }
}

#[test]
fn then_strict_decoding_exact_tag_and_fields() {
    let [root, ..] = people();
    let draft = invocation(&root, &root);
    for (draft, code) in [
        (draft.clone().version("1.0.1"), Code::UcanTag),
        (draft.clone().field("fct", json!([])), Code::UcanField),
        (draft.clone().without("exp"), Code::UcanField),
        (draft.clone().header(b"\x34\x01\xec\x01\x80\x24\x12\x71"), Code::UcanVarsig),
        (draft.clone().command("/Do"), Code::UcanCommandSyntax),
    ] {
        assert_eq!(ask(&draft.sign()).denied(), code);
    }
    assert_eq!(ask(&draft.sign().followed_by(&[0])).denied(), Code::UcanCbor);
}

#[test]
fn then_whom_it_is_addressed_to() {
    let [root, middle, worker, stranger] = people();
    let proofs = chain(&[&root, &worker]);
    let silent = call(&worker, &root, &proofs);
    let named = ask(&invocation(&worker, &root).to(&middle).proofs(&proofs).sign()).with(&proofs);
    silent.clone().addressed_to(&root).allowed();
    named.clone().addressed_to(&middle).allowed();
    for (question, who) in
        [(&silent, &middle), (&silent, &worker), (&named, &root), (&named, &worker), (&named, &stranger)]
    {
        assert_eq!(question.clone().addressed_to(who).denied(), Code::UcanAudience);
    }
    // Whoever does not say whom he is gets nothing; looking without executing is said by name.
    assert_eq!(silent.clone().audience(Audience::Unset).denied(), Code::UcanAudience);
    silent.audience(Audience::Unchecked).allowed();
    // Nor does whoever asks about a delegation.
    let held = ask(&delegation(&root, &worker).sign());
    assert_eq!(held.clone().audience(Audience::Unset).denied(), Code::UcanAudience);
    assert_eq!(held.clone().addressed_to(&stranger).denied(), Code::UcanAudience);
    held.addressed_to(&worker).allowed();
}

#[test]
fn a_token_is_valid_at_its_exp_and_at_its_nbf() {
    let [root, worker, ..] = people();
    let proof = delegation(&root, &worker).begins(10).expires(20).sign();
    let token = invocation(&worker, &root).expires(30).proofs([&proof]).sign();
    for (now, expected) in [
        (9, Some(Code::TimeEarly)),
        (10, None),
        (20, None),
        (21, Some(Code::TimeExpired)),
        (31, Some(Code::TimeExpired)),
    ] {
        let decision = ask(&token).with([&proof]).later(now).outcome().into_decision();
        assert_eq!(outcome(&decision).err(), expected, "{now}");
    }
    // No skew is granted to anybody.
    let alone = invocation(&root, &root).sign();
    ask(&alone).at(NOW + HOUR).allowed();
    assert_eq!(ask(&alone).at(NOW + HOUR + 1).denied(), Code::TimeExpired);
    ask(&invocation(&root, &root).forever().sign()).at(u64::MAX).allowed();
}

#[test]
fn then_every_proof_found_by_the_cid_of_its_bytes() {
    let [root, middle, worker, _] = people();
    let proofs = chain(&[&root, &middle, &worker]);
    let token = invocation(&worker, &root).proofs(&proofs).sign();
    for left in [&proofs[..1], &proofs[1..], &[]] {
        assert_eq!(ask(&token).with(left).denied(), Code::UcanProofMissing);
    }
    // Another token between the same people is not that proof.
    let other = delegation(&root, &middle).nonce(b"other").sign();
    assert_eq!(ask(&token).with([&other, &proofs[1]]).denied(), Code::UcanProofMissing);
    assert_eq!(ask(&token).with([&proofs[0].forged(), &proofs[1]]).denied(), Code::UcanProofMissing);
}

#[test]
fn then_the_walk_root_first() {
    let [root, middle, worker, stranger] = people();
    let (up, down) = (delegation(&root, &middle), delegation(&middle, &worker).about(&root));
    let judged = |proofs: &[Token]| outcome(&call(&worker, &root, proofs).outcome().into_decision()).err();
    for (proofs, expected) in [
        (vec![up.sign(), down.sign()], None),
        // The first delegation's issuer is its subject, which is not null.
        (vec![up.clone().powerline().sign(), down.sign()], Some(Code::UcanPowerlineRoot)),
        (vec![up.clone().about(&stranger).sign(), down.sign()], Some(Code::UcanRoot)),
        (vec![delegation(&stranger, &middle).about(&root).sign(), down.sign()], Some(Code::UcanRoot)),
        // Each issuer is the audience before.
        (vec![delegation(&root, &stranger).sign(), down.sign()], Some(Code::UcanAlignment)),
        (vec![up.sign(), up.sign(), down.sign()], Some(Code::UcanAlignment)),
        // Each subject is the invocation's, or null below the root.
        (vec![up.sign(), down.clone().powerline().sign()], None),
        (vec![up.sign(), down.clone().about(&middle).sign()], Some(Code::UcanSubject)),
        // Each command equals or narrows the one before, by whole segments.
        (vec![up.clone().command("/do").sign(), down.clone().command("/do").sign()], None),
        (vec![up.clone().command("/do").sign(), down.sign()], Some(Code::UcanCommand)),
        (vec![up.clone().command("/d").sign(), down.clone().command("/do").sign()], Some(Code::UcanCommand)),
        // The last audience is the invocation's issuer, and its command covers the invocation's.
        (vec![up.sign(), delegation(&middle, &stranger).about(&root).sign()], Some(Code::UcanAlignment)),
        (vec![up.sign(), down.clone().command("/other").sign()], Some(Code::UcanCommand)),
        (vec![up.sign(), down.clone().command("/do/more").sign()], Some(Code::UcanCommand)),
        // Without proofs the issuer is the subject.
        (vec![], Some(Code::UcanNoProof)),
    ] {
        assert_eq!(judged(&proofs), expected, "{proofs:?}");
    }
    ask(&invocation(&root, &root).sign()).allowed();
    // The root's subject has to be the invocation's too.
    let theirs = chain(&[&stranger, &worker]);
    assert_eq!(judged(&theirs), Some(Code::UcanSubject));
}

#[test]
fn then_the_times_of_every_delegation() {
    let [root, middle, worker, _] = people();
    let drafts = [delegation(&root, &middle), delegation(&middle, &worker).about(&root)];
    for spoilt in 0..2 {
        for (change, code) in [
            ((|draft: Draft| draft.expires(-1)) as fn(Draft) -> Draft, Code::TimeExpired),
            (|draft: Draft| draft.begins(1), Code::TimeEarly),
        ] {
            let mut drafts = drafts.clone();
            drafts[spoilt] = change(drafts[spoilt].clone());
            assert_eq!(call(&worker, &root, &drafts.each_ref().map(|draft| draft.sign())).denied(), code);
        }
    }
}

#[test]
fn then_signatures_of_everything_that_it_rests_on() {
    let [root, middle, worker, stranger] = people();
    let good = chain(&[&root, &middle, &worker]);
    for spoilt in 0..2 {
        for token in [
            good[spoilt].forged(),
            good[spoilt].signed_by(&stranger),
            good[spoilt].with_signature_of(&good[1 - spoilt]),
        ] {
            let mut proofs = good.clone();
            proofs[spoilt] = token;
            assert_eq!(call(&worker, &root, &proofs).denied(), Code::SignatureInvalid);
        }
    }
    let token = invocation(&worker, &root).proofs(&good).sign();
    for forged in [token.forged(), token.signed_by(&root), token.with_signature_of(&good[0])] {
        assert_eq!(ask(&forged).with(&good).denied(), Code::SignatureInvalid);
    }
    // One that is remembered is remembered by all its bytes.
    let mut verifier = Verifier::new(NonZeroUsize::MIN);
    for _ in 0..2 {
        let allowed = ask(&token).with(&good).outcome_by(&mut verifier).into_decision();
        assert!(matches!(allowed, Decision::Allow(_)));
        let forged = ask(&token.forged()).with(&good).outcome_by(&mut verifier).into_decision();
        assert_eq!(denied(&forged), Code::SignatureInvalid);
    }
}

#[test]
fn then_policies_of_every_delegation_within_the_step_budget() {
    let [root, middle, worker, _] = people();
    let drafts = [delegation(&root, &middle), delegation(&middle, &worker).about(&root)];
    let wants = |at: usize, policy: serde_json::Value| {
        let mut drafts = drafts.clone();
        drafts[at] = drafts[at].clone().policy(policy);
        let proofs = drafts.each_ref().map(|draft| draft.sign());
        let args = json!({"n": 1, "x": (0..2000).collect::<Vec<_>>()});
        ask(&invocation(&worker, &root).args(args).proofs(&proofs).sign()).with(&proofs)
    };
    for at in 0..2 {
        wants(at, json!([["==", ".n", 1]])).allowed();
        assert_eq!(wants(at, json!([["==", ".n", 2]])).denied(), Code::UcanPolicy);
        let many: Vec<_> = (0..2000).map(|_| json!(["all", ".x", [">=", ".", 0]])).collect();
        assert_eq!(wants(at, json!(many)).denied(), Code::UcanSteps);
    }
}

#[test]
fn the_cheap_checks_come_first() {
    let [root, middle, worker, stranger] = people();
    // From the last check to the first: each token has one fault more, and tells that one.
    let strict = |draft: Draft| draft.policy(json!([["==", ".n", 1]]));
    let (up, down) = (strict(delegation(&root, &middle)), delegation(&middle, &worker).about(&root));
    let good = [up.sign(), down.sign()];
    assert_eq!(call(&worker, &root, &good).denied(), Code::UcanPolicy);
    let forged = [up.sign(), down.sign().forged()];
    assert_eq!(call(&worker, &root, &forged).denied(), Code::SignatureInvalid);
    let back = revocation(&root, Dialect::Rev, &good[0], &[]).sign();
    assert_eq!(call(&worker, &root, &forged).with([&back]).denied(), Code::Revoked);
    let late = [up.clone().expires(-1).sign(), down.sign().forged()];
    assert_eq!(call(&worker, &root, &late).denied(), Code::TimeExpired);
    assert_eq!(call(&worker, &root, &late).trust(&stranger).denied(), Code::RootUntrusted);
    let wide = [up.clone().command("/narrow").expires(-1).sign(), down.sign().forged()];
    assert_eq!(call(&worker, &root, &wide).trust(&stranger).denied(), Code::UcanCommand);
    assert_eq!(ask(&invocation(&worker, &root).proofs(&wide).sign()).trust(&stranger).denied(), Code::UcanProofMissing);
    let expired = invocation(&worker, &root).proofs(&wide).expires(-1);
    assert_eq!(ask(&expired.sign()).trust(&stranger).denied(), Code::TimeExpired);
    assert_eq!(ask(&expired.sign()).trust(&stranger).addressed_to(&stranger).denied(), Code::UcanAudience);
    let unknown = expired.field("more", 1).sign();
    assert_eq!(ask(&unknown).trust(&stranger).addressed_to(&stranger).denied(), Code::UcanField);
}

#[test]
fn what_replay_goes_by_is_one_for_both_signatures() {
    let key = greatseal_testkit::ucan::p256("validating replayed");
    let token = invocation(&key, &key).sign();
    let ids: Vec<_> =
        [token.clone(), token.rewritten()].iter().map(|token| ask(token).allowed().chain()[0].id).collect();
    assert_eq!(ids[0], ids[1]);
}
