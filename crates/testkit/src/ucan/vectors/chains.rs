//! What follows from what: powerlines, roots, lengths, times, proofs, and delegations that are asked about themselves.

use serde_json::json;

use super::Case;
use crate::ucan::{
    Dialect, Draft, Principal, Question, Token, ask, chain, delegation, ed25519, invocation, p256, revocation,
    secp256k1,
};

/// Delegations of one chain.
const LONGEST: usize = 64;

/// Makes the cases.
pub(super) fn cases() -> Vec<Case> {
    [powerlines(), roots(), lengths(), times(), proofs(), delegations()].into_iter().flatten().collect()
}

/// Asks about an invocation by somebody that rests on exactly these.
fn call(by: &Principal, about: &Principal, proofs: &[Token]) -> Question {
    ask(&invocation(by, about).proofs(proofs).sign()).with(proofs)
}

fn powerlines() -> Vec<Case> {
    let [root, other, first, second, third] =
        ["root", "other root", "first", "second", "third"].map(|name| ed25519(&format!("powerline {name}")));
    let top = delegation(&root, &first).sign();
    let line = |from, to| delegation(from, to).powerline();
    let (one, two) = (line(&first, &second).sign(), line(&second, &third).sign());
    let mine = [top.clone(), one.clone()];
    let theirs = [delegation(&other, &first).sign(), one.clone()];
    let narrow = delegation(&root, &first).command("/crud").sign();
    let swapped = delegation(&second, &third).about(&other).sign();
    let again = line(&root, &second).sign();
    vec![
        Case::accept("powerline-of-one-root", &call(&second, &root, &mine)),
        Case::accept("powerline-of-another-root", &call(&second, &other, &theirs))
            .note("the same powerline passes on what its issuer was given by either root"),
        Case::reject("powerline-mixed-roots", "Subject", &call(&second, &other, &mine)),
        Case::accept("powerline-twice", &call(&third, &root, &[top.clone(), one.clone(), two])),
        Case::reject("powerline-widens", "Command", &call(&second, &root, &[narrow, one.clone()])),
        Case::reject("powerline-then-another-subject", "Subject", &call(&third, &root, &[top.clone(), one, swapped])),
        Case::reject("powerline-first-by-root", "PowerlineRoot", &call(&second, &root, std::slice::from_ref(&again))),
        Case::accept(
            "powerline-by-root-below-itself",
            &call(&second, &root, &[delegation(&root, &root).sign(), again]),
        )
        .note("the root may delegate to itself first"),
        Case::reject("powerline-policy", "Policy", &{
            let strict = line(&first, &second).policy(json!([["==", ".a", 1]])).sign();
            call(&second, &root, &[top, strict])
        }),
    ]
}

fn roots() -> Vec<Case> {
    let [root, other, worker] = ["root", "other", "worker"].map(|name| ed25519(&format!("roots {name}")));
    let proofs = chain(&[&root, &worker]);
    let asked = || call(&worker, &root, &proofs);
    let alone = invocation(&root, &root).sign();
    vec![
        Case::accept("root-trusted", &asked().trust(&root)),
        Case::reject("root-untrusted", "Untrusted", &asked().trust(&other)),
        Case::reject("root-untrusted-issuer-trusted", "Untrusted", &asked().trust(&worker)),
        Case::accept("root-alone-trusted", &ask(&alone).trust(&root)),
        Case::reject("root-alone-untrusted", "Untrusted", &ask(&alone).trust(&other)),
        Case::reject("root-untrusted-before-signature", "Untrusted", &ask(&alone.forged()).trust(&other)),
        Case::reject(
            "root-alone-but-another-subject",
            "NoProof",
            &ask(&invocation(&worker, &root).sign()).trust(&root),
        ),
        Case::accept("root-alone-with-own-proof", &{
            let own = delegation(&root, &root).sign();
            call(&root, &root, &[own])
        })
        .note("proofs are looked at, also where none is needed"),
        Case::reject("root-alone-with-missing-proof", "UnavailableProof", &{
            ask(&invocation(&root, &root).proofs(&proofs).sign())
        }),
        Case::reject("root-alone-with-foreign-proof", "PrincipalAlignment", &call(&root, &root, &proofs)),
    ]
}

fn lengths() -> Vec<Case> {
    let people: Vec<Principal> = (0..=LONGEST + 1).map(|depth| ed25519(&format!("length {depth}"))).collect();
    let people: Vec<&Principal> = people.iter().collect();
    let of = |length: usize| {
        let proofs = chain(&people[..=length]);
        call(people[length], people[0], &proofs)
    };
    let algorithms = [ed25519("length mixed"), p256("length mixed"), secp256k1("length mixed"), ed25519("length last")];
    let mixed = chain(&algorithms.iter().collect::<Vec<_>>());
    vec![
        Case::accept("length-64", &of(LONGEST)),
        Case::reject("length-65", "TooLong", &of(LONGEST + 1)),
        Case::accept("length-3-of-every-algorithm", &call(&algorithms[3], &algorithms[0], &mixed)),
    ]
}

fn times() -> Vec<Case> {
    let [root, middle, worker] = ["root", "middle", "worker"].map(|name| ed25519(&format!("times {name}")));
    let (up, down) = (delegation(&root, &middle), delegation(&middle, &worker).about(&root));
    let asked = |up: &Draft, down: &Draft, late: &dyn Fn(Draft) -> Draft| {
        let proofs = [up.sign(), down.sign()];
        ask(&late(invocation(&worker, &root).proofs(&proofs)).sign()).with(&proofs)
    };
    let same = |draft: Draft| draft;
    type Change = fn(Draft) -> Draft;
    let edges: [(&str, Option<&str>, Change); 11] = [
        ("exp-now", None, |draft| draft.expires(0)),
        ("exp-one-later", None, |draft| draft.expires(1)),
        ("exp-one-before", Some("Expired"), |draft| draft.expires(-1)),
        ("exp-1970", Some("Expired"), |draft| draft.field("exp", 0)),
        ("exp-never", None, Draft::forever),
        ("exp-far", None, |draft| draft.field("exp", 9_007_199_254_740_991_u64)),
        ("nbf-now", None, |draft| draft.begins(0)),
        ("nbf-one-before", None, |draft| draft.begins(-1)),
        ("nbf-one-later", Some("TooEarly"), |draft| draft.begins(1)),
        ("nbf-and-exp-now", None, |draft| draft.begins(0).expires(0)),
        ("nbf-later-than-exp", Some("TooEarly"), |draft| draft.begins(20).expires(10)),
    ];
    let mut cases = Vec::new();
    for (name, reason, change) in edges {
        let first = asked(&change(up.clone()), &down, &same);
        let last = asked(&up, &change(down.clone()), &same);
        cases.push(Case::new(format!("time-{name}-first"), reason, &first));
        cases.push(Case::new(format!("time-{name}-last"), reason, &last));
        if name.starts_with("exp") {
            cases.push(Case::new(format!("time-{name}-invocation"), reason, &asked(&up, &down, &change)));
        }
    }
    cases.extend([
        Case::reject("time-nbf-later-than-exp-between", "Expired", &{
            asked(&up.clone().begins(20).expires(10), &down, &same).later(15)
        })
        .note("a window that ends before it begins never opens"),
        Case::accept("time-iat-future", &asked(&up, &down, &|it| it.field("iat", 4_000_000_000_u64)))
            .note("iat says nothing that a rule uses"),
        Case::accept("time-iat-after-exp", &asked(&up, &down, &|it| it.field("iat", 1).expires(0))),
        Case::reject("time-before-policy", "Expired", &{
            asked(&up.clone().policy(json!([["==", ".a", 1]])).expires(-1), &down, &same)
        }),
        Case::reject("time-of-invocation-before-proofs", "Expired", &{
            ask(&invocation(&worker, &root).proofs([&up.sign()]).expires(-1).sign())
        })
        .note("its own times are asked before its proofs"),
        Case::reject("time-of-proof-after-walk", "PrincipalAlignment", &{
            let late = up.clone().expires(-1).sign();
            call(&worker, &root, &[late])
        })
        .note("whether the chain follows is asked before everybody's times"),
    ]);
    cases
}

fn proofs() -> Vec<Case> {
    let [root, middle, worker, other] =
        ["root", "middle", "worker", "other"].map(|name| ed25519(&format!("proofs {name}")));
    let proofs = chain(&[&root, &middle, &worker]);
    let asked = || call(&worker, &root, &proofs);
    let unrelated = [delegation(&other, &worker).sign(), delegation(&root, &other).expires(-5).sign()];
    let resting =
        |last: &Token| ask(&invocation(&worker, &root).proofs([&proofs[0], last]).sign()).with([&proofs[0], last]);
    let draft = || delegation(&middle, &worker).about(&root);
    let unsorted = draft().field("meta", json!({"a": 1, "b": 2})).patched(b"\x61a\x01\x61b\x02", b"\x61b\x02\x61a\x01");
    let revoked = revocation(&other, Dialect::Rev, &unrelated[0], &[]).sign();
    let repeated = [proofs[0].clone(), proofs[0].clone(), proofs[1].clone()];
    vec![
        Case::accept("proof-supplied-twice", &asked().with(&proofs)),
        Case::accept("proof-supplied-in-reverse", &asked().reordered(<[Token]>::reverse)),
        Case::accept("proof-unreferenced", &asked().with(&unrelated)),
        Case::accept("proof-unreferenced-forged", &asked().with([&proofs[1].forged()])),
        Case::accept(
            "proof-unreferenced-malformed",
            &asked().with([&Token::new(b"\x82\x00\x00".to_vec()), &unsorted.sign()]),
        ),
        Case::accept("proof-unreferenced-revoked", &asked().with([&unrelated[0], &revoked])),
        Case::reject("proof-named-twice", "PrincipalAlignment", &call(&worker, &root, &repeated)),
        Case::accept("proof-to-itself-named-twice", &{
            let own = delegation(&root, &root).sign();
            call(&worker, &root, &[own.clone(), own, delegation(&root, &worker).sign()])
        })
        .note("each follows from the one before, so nothing forbids it"),
        Case::reject("proof-missing-first", "UnavailableProof", &{
            ask(&invocation(&worker, &root).proofs(&proofs).sign()).with([&proofs[1]])
        }),
        Case::reject("proof-missing-all", "UnavailableProof", &ask(&invocation(&worker, &root).proofs(&proofs).sign())),
        Case::reject("proof-unknown-field", "Schema", &resting(&draft().field("fct", json!([])).sign()))
            .note("why a proof that is named is none, not that it is missing"),
        Case::reject("proof-unsorted", "Canonical", &resting(&unsorted.sign())),
        Case::reject("proof-trailing-byte", "Canonical", &resting(&proofs[1].followed_by(&[0]))),
        Case::reject("proof-unknown-tag", "PayloadTag", &resting(&draft().version("0.9.0").sign())),
        Case::reject(
            "proof-of-another-varsig",
            "Varsig",
            &resting(&draft().header(b"\x34\x01\xec\x01\x80\x24\x12\x71").sign()),
        ),
        Case::reject("proof-bad-command", "CommandSyntax", &resting(&draft().command("/Do").sign())),
        Case::reject("proof-bad-policy", "Policy", &resting(&draft().policy(json!([["~", ".a", 1]])).sign())),
        Case::reject("proof-is-an-invocation", "ProofKind", &resting(&invocation(&middle, &root).to(&worker).sign())),
        Case::reject("proof-forged", "Signature", &resting(&proofs[1].forged())),
        Case::reject("proof-signed-by-audience", "Signature", &resting(&proofs[1].signed_by(&worker))),
        Case::reject("proof-tampered-command", "Signature", &{
            let narrow = draft().command("/narrow").sign().tampered(b"\x67/narrow", b"\x61/");
            resting(&narrow)
        }),
    ]
}

fn delegations() -> Vec<Case> {
    let [root, middle, worker, other] =
        ["root", "middle", "worker", "other"].map(|name| ed25519(&format!("delegations {name}")));
    let proofs = chain(&[&root, &middle, &worker]);
    let [top, held] = &proofs[..] else { unreachable!("a chain of two") };
    let asked = || ask(held).with([top]);
    let below = |top: &Draft| ask(held).with([&top.sign()]);
    let up = || delegation(&root, &middle);
    let against_top = revocation(&root, Dialect::RevPth, top, &[top]).sign();
    let line = delegation(&middle, &worker).powerline().sign();
    vec![
        Case::accept("delegation-by-root", &ask(top)),
        Case::accept("delegation-held", &asked()),
        Case::accept("delegation-held-trusted", &asked().trust(&root)),
        Case::reject("delegation-untrusted", "Untrusted", &asked().trust(&other)),
        Case::reject("delegation-not-held", "NoProof", &ask(held)),
        Case::reject(
            "delegation-not-held-by-stranger",
            "NoProof",
            &ask(&delegation(&other, &worker).about(&root).sign()).with([top]),
        ),
        Case::reject("delegation-wider-than-held", "NoProof", &below(&up().command("/narrow"))),
        Case::reject(
            "delegation-of-other-subject",
            "NoProof",
            &ask(&delegation(&middle, &worker).about(&other).sign()).with([top]),
        ),
        Case::reject("delegation-held-no-longer", "Expired", &below(&up().expires(-1))),
        Case::reject("delegation-held-not-yet", "TooEarly", &below(&up().begins(1))),
        Case::reject("delegation-expired", "Expired", &ask(&up().expires(-1).sign())),
        Case::reject("delegation-early", "TooEarly", &ask(&up().begins(1).sign())),
        Case::reject("delegation-forged", "Signature", &ask(&held.forged()).with([top])),
        Case::reject("delegation-held-revoked", "Revoked", &asked().with([&against_top])),
        Case::accept("delegation-held-another-way", &{
            let spare = up().forever().sign();
            asked().with([&against_top, &spare])
        }),
        Case::accept("delegation-held-past-a-revoker", &{
            // Long way round whoever took it back: the short way leads through him.
            let (short, to) = (delegation(&root, &other).sign(), delegation(&other, &middle).about(&root).sign());
            let against = revocation(&other, Dialect::RevPth, held, &[]).sign();
            let detour = ed25519("delegations detour");
            let long = [
                delegation(&root, &detour),
                delegation(&detour, &worker).about(&root),
                delegation(&worker, &middle).about(&root),
            ];
            let long = long.map(|draft| draft.sign());
            ask(held).with([&short, &to, &against]).with(&long)
        })
        .note("who took it back stands above it in one chain and not in the other"),
        Case::reject("delegation-revoked-by-all-above", "Revoked", &{
            let against = revocation(&root, Dialect::RevPth, held, &[]).sign();
            asked().with([&against])
        }),
        Case::accept("delegation-powerline-of-trusted", &ask(&line).with([top]).trust(&root)),
        Case::reject("delegation-powerline-of-nobody", "PowerlineRoot", &ask(&line).with([top]))
            .note("without a root that is named there is nothing that it passes on"),
        Case::reject(
            "delegation-powerline-by-root",
            "PowerlineRoot",
            &ask(&delegation(&root, &worker).powerline().sign()),
        ),
    ]
}
