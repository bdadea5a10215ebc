//! Whom a UCAN is addressed to.

use serde_json::Value;

use super::Case;
use crate::ucan::{Principal, Token, ask, chain, ed25519, invocation, p256, secp256k1};

/// Makes the cases.
pub(super) fn cases() -> Vec<Case> {
    let (root, worker, stranger) = (ed25519("audience root"), ed25519("audience worker"), ed25519("audience stranger"));
    let service = p256("audience service");
    let proofs = chain(&[&root, &worker]);
    let call = invocation(&worker, &root).proofs(&proofs);
    let (silent, named) = (call.sign(), call.clone().to(&service).sign());
    let asked = |token: &Token, who: &Principal| ask(token).with(&proofs).addressed_to(who);
    let mut cases = vec![
        Case::accept("audience-named", &asked(&named, &service)).note("a P-256 audience"),
        Case::reject("audience-named-another", "Audience", &asked(&named, &stranger)),
        Case::reject("audience-named-not-subject", "Audience", &asked(&named, &root))
            .note("the subject is not addressed where somebody else is"),
        Case::reject("audience-named-not-issuer", "Audience", &asked(&named, &worker)),
        Case::reject("audience-same-name-other-algorithm", "Audience", &asked(&named, &ed25519("audience service"))),
        Case::accept("audience-absent-subject", &asked(&silent, &root))
            .note("without aud it is addressed to its subject"),
        Case::reject("audience-absent-another", "Audience", &asked(&silent, &service)),
        Case::reject("audience-absent-issuer", "Audience", &asked(&silent, &worker)),
        Case::accept("audience-subject-named", &asked(&call.clone().to(&root).sign(), &root)),
        Case::accept("audience-issuer-named", &asked(&call.clone().to(&worker).sign(), &worker)),
        Case::accept("audience-not-asked", &ask(&named).with(&proofs)),
        Case::reject("audience-null", "Schema", &asked(&call.clone().field("aud", Value::Null).sign(), &root)),
        Case::reject(
            "audience-before-times",
            "Audience",
            &asked(&call.clone().to(&service).expires(-1).sign(), &stranger),
        )
        .note("whom it is addressed to is asked before its times"),
        Case::reject("audience-before-proofs", "Audience", &ask(&named).addressed_to(&stranger)),
        Case::reject("audience-before-signature", "Audience", &asked(&named.forged(), &stranger)),
        Case::accept("audience-of-delegation", &ask(&proofs[0]).addressed_to(&worker)),
        Case::reject("audience-of-delegation-another", "Audience", &ask(&proofs[0]).addressed_to(&stranger)),
    ];
    for (name, subject) in [("p256", p256("audience subject")), ("secp256k1", secp256k1("audience subject"))] {
        let token = invocation(&subject, &subject).sign();
        cases.push(Case::accept(format!("audience-subject-{name}"), &ask(&token).addressed_to(&subject)));
        cases.push(Case::reject(
            format!("audience-subject-{name}-another"),
            "Audience",
            &ask(&token).addressed_to(&service),
        ));
    }
    cases
}
