//! Roots that have signing principals.

use super::Case;
use crate::ucan::{Dialect, Question, Token, ask, delegation, ed25519, invocation, p256, revocation};

/// Makes the cases.
pub(super) fn cases() -> Vec<Case> {
    let root = ed25519("separation root");
    let (signing, other) = (p256("separation signing"), ed25519("separation other signing"));
    let (service, worker) = (ed25519("separation service"), ed25519("separation worker"));
    let held = |question: Question| question.trust(&root).mandating(&root, [&signing, &other]);
    let up = delegation(&root, &signing);
    let down = delegation(&signing, &service).about(&root);
    let case = |id: &str, breaks: bool, proofs: &[Token], by: &crate::ucan::Principal| {
        let call = invocation(by, &root).proofs(proofs).sign();
        let reason = breaks.then_some("Separation");
        Case::new(format!("separation-{id}"), reason, &held(ask(&call).with(proofs)))
    };
    let direct = delegation(&root, &service).sign();
    let below = delegation(&service, &worker).about(&root);
    let revoking = invocation(&root, &root).command("/ucan/revoke");
    let kept = ask(&invocation(&service, &root).proofs([&direct]).sign()).with([&direct]).trust(&root);
    vec![
        case("kept", false, &[up.sign(), down.sign()], &service),
        case("kept-further", false, &[up.sign(), down.sign(), below.sign()], &worker),
        case("kept-root-without-expiry", false, &[up.clone().forever().sign(), down.sign()], &service),
        case("signing-principal-invokes", false, &[up.sign()], &signing),
        case("other-signing-principal", false, &[delegation(&root, &other).sign()], &other),
        case("root-to-service", true, std::slice::from_ref(&direct), &service),
        case("no-expiry-below", true, &[up.sign(), down.clone().forever().sign()], &service),
        case("no-expiry-further-below", true, &[up.sign(), down.sign(), below.clone().forever().sign()], &worker),
        case("no-subject-below", true, &[up.sign(), down.clone().powerline().sign()], &service),
        case("no-subject-further-below", true, &[up.sign(), down.sign(), below.clone().powerline().sign()], &worker),
        Case::reject("separation-root-invokes", "Separation", &held(ask(&invocation(&root, &root).sign()))),
        Case::accept(
            "separation-root-revokes",
            &held(ask(&revocation(&root, Dialect::RevPth, &direct, &[&direct]).sign())),
        )
        .note("what takes something back needs no delegation"),
        Case::reject("separation-root-revokes-nothing", "Separation", &held(ask(&revoking.sign())))
            .note("a revocation that takes nothing back is an invocation like any other"),
        Case::reject("separation-before-times", "Separation", &{
            let late = delegation(&root, &service).expires(-1).sign();
            held(ask(&invocation(&service, &root).proofs([&late]).sign()).with([&late]))
        }),
        Case::reject("separation-of-delegation", "Separation", &held(ask(&direct))),
        Case::accept("separation-of-delegation-kept", &held(ask(&down.sign()).with([&up.sign()]))),
        Case::reject(
            "separation-of-delegation-no-expiry",
            "Separation",
            &held(ask(&down.clone().forever().sign()).with([&up.sign()])),
        ),
        Case::accept("separation-not-mandated", &kept),
    ]
}
