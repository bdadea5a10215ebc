//! Who may take what back, and in which words.

use serde_json::json;

use super::Case;
use crate::ucan::{
    DIALECTS, Dialect, Principal, Question, Token, ask, chain, deed_against, deed_against_edge, deed_against_key,
    delegation, ed25519, invocation, revocation,
};

/// A chain of three delegations, an invocation, and somebody who has nothing to do with it.
pub(super) struct Scene {
    pub(super) root: Principal,
    pub(super) first: Principal,
    pub(super) second: Principal,
    pub(super) caller: Principal,
    pub(super) stranger: Principal,
    /// The delegations, root first, then the invocation.
    pub(super) tokens: Vec<Token>,
}

impl Scene {
    pub(super) fn new(name: &str) -> Self {
        let key = |role: &str| ed25519(&format!("{name} {role}"));
        let [root, first, second, caller, stranger] = ["root", "first", "second", "caller", "stranger"].map(key);
        let mut tokens = chain(&[&root, &first, &second, &caller]);
        tokens.push(invocation(&caller, &root).proofs(&tokens).sign());
        Self { root, first, second, caller, stranger, tokens }
    }

    fn people(&self) -> [(&'static str, &Principal); 5] {
        [
            ("root", &self.root),
            ("first", &self.first),
            ("second", &self.second),
            ("caller", &self.caller),
            ("stranger", &self.stranger),
        ]
    }

    fn path(&self) -> Vec<&Token> {
        self.tokens.iter().take(3).collect()
    }

    fn given(&self, taken_back: &[Token]) -> Question {
        ask(&self.tokens[3]).with(self.tokens.iter().take(3)).with(taken_back)
    }
}

/// Makes the cases.
pub(super) fn cases() -> Vec<Case> {
    let scene = Scene::new("revocation");
    let mut cases = Vec::new();
    let mut add = |id: String, counts: bool, taken_back: &[Token]| {
        cases.push(Case::new(id, counts.then_some("Revoked"), &scene.given(taken_back)));
    };
    // Who: the issuers of whatever stands at or above the one that is taken back.
    for (position, what) in ["first", "second", "third", "invocation"].into_iter().enumerate() {
        for (depth, (who, by)) in scene.people().into_iter().enumerate() {
            let token = revocation(by, Dialect::RevPth, &scene.tokens[position], &scene.path()).sign();
            add(format!("revoked-{what}-by-{who}"), depth <= position, &[token]);
        }
    }
    // In which words: of the second delegation, by one of each standing.
    for (dialect, name) in DIALECTS {
        for (who, by, counts) in [
            ("root", &scene.root, true),
            ("issuer", &scene.first, true),
            ("audience", &scene.second, false),
            ("downstream", &scene.caller, false),
            ("stranger", &scene.stranger, false),
        ] {
            let token = revocation(by, dialect, &scene.tokens[1], &scene.path()).sign();
            add(format!("revocation-{name}-by-{who}"), counts, &[token]);
        }
    }
    let second = &scene.tokens[1];
    let plain = || revocation(&scene.first, Dialect::RevPth, second, &scene.path());
    let with_args = |args| plain().args(args).sign();
    let cid = second.cid().to_string();
    add("revocation-expired".into(), true, &[plain().expires(-1000).sign()]);
    add("revocation-from-the-future".into(), true, &[plain().field("iat", 4_000_000_000_u64).sign()]);
    add("revocation-addressed-to-another".into(), true, &[plain().to(&scene.stranger).sign()]);
    add("revocation-about-the-root".into(), true, &[plain().about(&scene.root).sign()]);
    add("revocation-rc1".into(), true, &[plain().rc1().sign()]);
    add("revocation-cid-as-text".into(), true, &[with_args(json!({"rev": cid, "pth": [cid]}))]);
    add("revocation-empty-path".into(), true, &[with_args(json!({"rev": second.link(), "pth": []}))]);
    let elsewhere = json!({"rev": second.link(), "pth": [scene.tokens[2].link()]});
    add("revocation-other-path".into(), true, &[with_args(elsewhere)]);
    add("revocation-twice".into(), true, &[plain().sign(), plain().nonce(b"again").sign()]);
    add("revocation-beside-forged".into(), true, &[plain().sign().forged(), plain().sign()]);
    let undone = revocation(&scene.first, Dialect::RevPth, &plain().sign(), &[]).sign();
    add("revocation-revoked".into(), true, &[plain().sign(), undone]);
    add("revocation-forged".into(), false, &[plain().sign().forged()]);
    add("revocation-signed-by-stranger".into(), false, &[plain().sign().signed_by(&scene.stranger)]);
    let (link, other) = (second.link(), plain().sign().link());
    add("revocation-more-words".into(), true, &[with_args(json!({"rev": link, "pth": [], "more": 1}))]);
    add("revocation-path-of-another-kind".into(), true, &[with_args(json!({"rev": link, "pth": 1}))]);
    add("revocation-mixed-words".into(), true, &[with_args(json!({"rev": link, "proof": []}))]);
    add("revocation-newest-words-count".into(), true, &[with_args(json!({"rev": link, "ucan": other}))]);
    add("revocation-older-words-do-not".into(), false, &[with_args(json!({"rev": other, "ucan": link}))]);
    add("revocation-unknown-words".into(), false, &[with_args(json!({"revoked": link}))]);
    add("revocation-of-a-number".into(), false, &[with_args(json!({"rev": 1}))]);
    add("revocation-of-nothing".into(), false, &[with_args(json!({}))]);
    add("revocation-of-another".into(), false, &[with_args(json!({"rev": plain().sign().link()}))]);
    let proven = revocation(&scene.stranger, Dialect::Rev, second, &[]);
    let proof = delegation(&scene.root, &scene.stranger).sign();
    add("revocation-delegated-to-stranger".into(), false, &[proven.about(&scene.root).proofs([&proof]).sign()]);

    // Deeds of ours, in the same places.
    let [root, first, middle, caller, stranger] = scene.people().map(|(_, who)| who);
    add("deed-statement-by-root".into(), true, &[deed_against(root, second)]);
    add("deed-statement-by-issuer".into(), true, &[deed_against(first, second)]);
    add("deed-statement-by-audience".into(), false, &[deed_against(middle, second)]);
    add("deed-statement-by-stranger".into(), false, &[deed_against(stranger, second)]);
    add("deed-statement-of-invocation-by-root".into(), true, &[deed_against(root, &scene.tokens[3])]);
    add("deed-edge-by-root".into(), true, &[deed_against_edge(root, first, middle)]);
    add("deed-edge-by-issuer".into(), true, &[deed_against_edge(first, first, middle)]);
    add("deed-edge-of-others".into(), false, &[deed_against_edge(root, first, caller)]);
    add("deed-edge-by-downstream".into(), false, &[deed_against_edge(middle, root, first)]);
    add("deed-key-sealed-root".into(), true, &[deed_against_key(root, root)]);
    add("deed-key-sealed-middle".into(), true, &[deed_against_key(first, first)]);
    add("deed-key-sealed-caller".into(), true, &[deed_against_key(caller, caller)]);
    add("deed-key-by-root".into(), true, &[deed_against_key(root, middle)]);
    add("deed-key-by-downstream".into(), false, &[deed_against_key(middle, first)]);
    add("deed-key-by-stranger".into(), false, &[deed_against_key(stranger, first)]);
    add("deed-key-of-stranger".into(), false, &[deed_against_key(stranger, stranger)]);

    let alone = invocation(&scene.root, &scene.root).sign();
    let itself = revocation(&scene.root, Dialect::Rev, &alone, &[]).sign();
    cases.push(Case::reject("revoked-alone", "Revoked", &ask(&alone).with([&itself])));
    let against = revocation(&scene.root, Dialect::RevPth, second, &scene.path()).sign();
    cases.push(
        Case::accept("revocation-as-target", &ask(&against)).note("a revocation is an invocation like any other"),
    );
    // Judged later than the rest: a revocation that itself has long expired.
    let lasting = delegation(root, first).forever().sign();
    let call = invocation(first, root).proofs([&lasting]).forever().sign();
    let gone = revocation(root, Dialect::RevPth, &lasting, &[&lasting]).expires(10).sign();
    let years = ask(&call).with([&lasting, &gone]).later(100_000_000);
    cases.push(Case::reject("revocation-expired-for-years", "Revoked", &years));
    cases
}
