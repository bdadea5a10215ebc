//! One ECDSA statement under both of its signatures.

use super::Case;
use crate::ucan::{
    Dialect, Principal, Token, ask, deed_against, delegation, ed25519, invocation, p256, revocation, secp256k1,
};

/// Makes the cases.
pub(super) fn cases() -> Vec<Case> {
    [("p256", p256 as fn(&str) -> Principal), ("secp256k1", secp256k1)]
        .into_iter()
        .flat_map(|(name, key)| of(name, key))
        .collect()
}

fn of(algorithm: &str, key: fn(&str) -> Principal) -> Vec<Case> {
    let id = |name: &str| format!("spelling-{algorithm}-{name}");
    let (root, worker, caller) = (key("spelling root"), ed25519("spelling worker"), key("spelling caller"));
    let first = delegation(&root, &worker).sign();
    let other = first.rewritten();
    let call = |proof: &Token| invocation(&worker, &root).proofs([proof]).sign();
    let (by_first, by_other) = (call(&first), call(&other));
    let against = |token: &Token| revocation(&root, Dialect::RevPth, token, &[token]).sign();

    // The caller's own spelling, and a root whose deeds reach him.
    let owner = ed25519("spelling owner");
    let given = delegation(&owner, &caller).sign();
    let passed = delegation(&caller, &worker).about(&owner).sign();
    let asked = invocation(&caller, &owner).proofs([&given]).sign();
    let used = |passed: &Token| {
        let call = invocation(&worker, &owner).proofs([&given, passed]).sign();
        ask(&call).with([&given, passed])
    };
    let ask_call = |call: &Token| ask(call).with([&given]);
    let same = "both spellings are one statement: replay sees one";
    let by_root = by_first.signed_by(&root);
    vec![
        Case::accept(id("first"), &ask(&by_first).with([&first])),
        Case::accept(id("other"), &ask(&by_other).with([&other])),
        Case::accept(id("both-at-hand"), &ask(&by_first).with([&other, &first])),
        Case::reject(id("first-named-other-at-hand"), "UnavailableProof", &ask(&by_first).with([&other]))
            .note("proofs are found by the CIDs of their bytes"),
        Case::reject(id("revoked-first-as-first"), "Revoked", &ask(&by_first).with([&first, &against(&first)])),
        Case::reject(id("revoked-first-as-other"), "Revoked", &ask(&by_other).with([&other, &against(&first)]))
            .note("a CID is an alias of the statement, whichever signature it names"),
        Case::reject(id("revoked-other-as-first"), "Revoked", &ask(&by_first).with([&first, &against(&other)])),
        Case::reject(
            id("revocation-rewritten"),
            "Revoked",
            &ask(&by_first).with([&first, &against(&first).rewritten()]),
        ),
        Case::accept(id("revocation-forged"), &ask(&by_first).with([&first, &against(&first).forged()])),
        Case::accept(id("invocation-first"), &ask_call(&asked)).note(same),
        Case::accept(id("invocation-other"), &ask_call(&asked.rewritten())).note(same),
        Case::reject(
            id("invocation-other-revoked-as-first"),
            "Revoked",
            &ask_call(&asked.rewritten()).with([&revocation(&owner, Dialect::Rev, &asked, &[]).sign()]),
        ),
        Case::reject(
            id("invocation-revoked-by-itself"),
            "Revoked",
            &ask_call(&asked).with([&revocation(&caller, Dialect::Rev, &asked.rewritten(), &[]).sign()]),
        ),
        Case::accept(id("middle"), &used(&passed)),
        Case::accept(id("middle-other"), &used(&passed.rewritten())),
        Case::reject(id("middle-deed"), "Revoked", &used(&passed).with([&deed_against(&owner, &passed)]))
            .note("a deed names the statement, under either signature"),
        Case::reject(
            id("middle-other-deed"),
            "Revoked",
            &used(&passed.rewritten()).with([&deed_against(&owner, &passed)]),
        ),
        Case::reject(id("forged"), "Signature", &ask(&by_first.forged()).with([&first])),
        Case::reject(id("signed-by-another-algorithm"), "Signature", &ask(&by_root).with([&first])),
    ]
}
