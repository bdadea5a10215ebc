//! A test for each sentence of "Revocation" of the format notes.

use std::num::NonZeroUsize;

use greatseal_core::{Code, Decision};
use greatseal_testkit::codes::{denied, outcome};
use greatseal_testkit::ucan::{
    DIALECTS, Dialect, Principal, Question, Token, ask, chain, delegation, ed25519, invocation, p256, revocation,
};
use greatseal_token::ucan::Verifier;
use serde_json::json;

struct Scene {
    people: [Principal; 4],
    stranger: Principal,
    /// Delegations, root first, then the invocation.
    tokens: Vec<Token>,
}

impl Scene {
    fn new() -> Self {
        let people = ["root", "first", "second", "caller"].map(|name| ed25519(&format!("taken back {name}")));
        let mut tokens = chain(&people.each_ref());
        tokens.push(invocation(&people[3], &people[0]).proofs(&tokens).sign());
        Self { people, stranger: ed25519("taken back stranger"), tokens }
    }

    fn asked(&self) -> Question {
        ask(&self.tokens[3]).with(&self.tokens[..3])
    }
}

#[test]
fn it_is_an_invocation_of_ucan_revoke() {
    let scene = Scene::new();
    let revocation = |command: &str| {
        let draft = revocation(&scene.people[0], Dialect::RevPth, &scene.tokens[0], &[]);
        draft.command(command).sign()
    };
    assert_eq!(scene.asked().with([&revocation("/ucan/revoke")]).denied(), Code::Revoked);
    for command in ["/ucan", "/ucan/revoke/all", "/ucan/revoked", "/", "/do"] {
        scene.asked().with([&revocation(command)]).allowed();
    }
    // A delegation that says as much is none.
    let delegation = delegation(&scene.people[0], &scene.stranger).command("/ucan/revoke").sign();
    scene.asked().with([&delegation]).allowed();
}

#[test]
fn every_dialect_counts_for_those_at_or_above_and_for_nobody_else() {
    let scene = Scene::new();
    for (dialect, name) in DIALECTS {
        for (position, token) in scene.tokens.iter().enumerate() {
            let path: Vec<&Token> = scene.tokens[..3].iter().collect();
            for (depth, by) in scene.people.iter().chain([&scene.stranger]).enumerate() {
                let question = scene.asked().with([&revocation(by, dialect, token, &path).sign()]);
                let expected = if depth <= position {
                    Err(Code::Revoked)
                } else {
                    outcome(&scene.asked().outcome().into_decision())
                };
                assert_eq!(outcome(&question.outcome().into_decision()), expected, "{name}: {position} by {depth}");
            }
        }
    }
}

#[test]
fn rev_alone_takes_the_chain_at_hand_for_the_path() {
    let scene = Scene::new();
    let by = |depth: usize| revocation(&scene.people[depth], Dialect::Rev, &scene.tokens[2], &[]).sign();
    for depth in 0..3 {
        assert_eq!(scene.asked().with([&by(depth)]).denied(), Code::Revoked);
    }
    // In a chain that does not lead through whoever revoked, it takes nothing back.
    let [root, first, second, caller] = &scene.people;
    let last = delegation(second, caller).about(root).sign();
    let direct = [delegation(root, second).sign(), last.clone()];
    let around = [delegation(root, first).sign(), delegation(first, second).about(root).sign(), last.clone()];
    let by_first = revocation(first, Dialect::Rev, &last, &[]).sign();
    let asked = |proofs: &[Token]| ask(&invocation(caller, root).proofs(proofs).sign()).with(proofs).with([&by_first]);
    asked(&direct).allowed();
    assert_eq!(asked(&around).denied(), Code::Revoked);
}

#[test]
fn a_mere_audience_and_downstream_have_no_effect_and_it_is_told() {
    let scene = Scene::new();
    for by in [&scene.people[3], &scene.people[2], &scene.stranger] {
        let token = revocation(by, Dialect::RevPth, &scene.tokens[1], &[]).sign();
        let question = scene.asked().with([&token]);
        question.allowed();
        assert_eq!(question.ignored(), [Code::RevocationIgnored]);
    }
    let forged = revocation(&scene.people[0], Dialect::RevPth, &scene.tokens[1], &[]).sign().forged();
    assert_eq!(scene.asked().with([&forged]).ignored(), [Code::SignatureInvalid]);
    let heard = revocation(&scene.people[0], Dialect::RevPth, &scene.tokens[1], &[]).sign();
    assert_eq!(scene.asked().with([&heard]).ignored(), []);
}

#[test]
fn it_is_irreversible() {
    let scene = Scene::new();
    let root = &scene.people[0];
    let first = revocation(root, Dialect::RevPth, &scene.tokens[1], &[]).sign();
    // Not by revoking the revocation, however deep, nor by expiry, nor by giving again under the same name.
    let second = revocation(root, Dialect::RevPth, &first, &[]).sign();
    let third = revocation(root, Dialect::RevPth, &second, &[]).sign();
    assert_eq!(scene.asked().with([&first, &second, &third]).denied(), Code::Revoked);
    let expired = revocation(root, Dialect::RevPth, &scene.tokens[1], &[]).expires(-100_000).sign();
    assert_eq!(scene.asked().with([&expired]).denied(), Code::Revoked);
    assert_eq!(scene.asked().with([&first, &scene.tokens[1]]).denied(), Code::Revoked);
    // A new delegation is another statement.
    let [_, one, two, caller] = &scene.people;
    let again = delegation(one, two).about(root).nonce(b"again").sign();
    let proofs = [scene.tokens[0].clone(), again, scene.tokens[2].clone()];
    ask(&invocation(caller, root).proofs(&proofs).sign()).with(&proofs).with([&first]).allowed();
}

#[test]
fn it_may_arrive_before_the_token_that_it_names() {
    let scene = Scene::new();
    let early = revocation(&scene.people[0], Dialect::RevPth, &scene.tokens[1], &[]).sign();
    let mut verifier = Verifier::new(NonZeroUsize::MIN);
    // Alone, and beside tokens that it does not touch, it is passed over; it is heard when the token comes.
    let alone = invocation(&scene.people[0], &scene.people[0]).sign();
    let before = ask(&alone).with([&early]);
    assert!(matches!(before.outcome_by(&mut verifier).into_decision(), Decision::Allow(_)));
    let after = scene.asked().with([&early]).reordered(<[Token]>::reverse);
    assert_eq!(denied(&after.outcome_by(&mut verifier).into_decision()), Code::Revoked);
}

#[test]
fn what_a_verifier_remembers_is_revoked_all_the_same() {
    let scene = Scene::new();
    let mut verifier = Verifier::new(NonZeroUsize::MIN);
    assert!(matches!(scene.asked().outcome_by(&mut verifier).into_decision(), Decision::Allow(_)));
    let late = revocation(&scene.people[1], Dialect::Ucan, &scene.tokens[1], &[]).sign();
    assert_eq!(denied(&scene.asked().with([&late]).outcome_by(&mut verifier).into_decision()), Code::Revoked);
    // What revokes is never remembered for whoever does not hand it in again: that is the caller's log.
    assert!(matches!(scene.asked().outcome_by(&mut verifier).into_decision(), Decision::Allow(_)));
}

#[test]
fn it_keys_on_the_statement_with_cids_as_aliases() {
    let (root, worker) = (p256("alias root"), ed25519("alias worker"));
    let first = delegation(&root, &worker).sign();
    let other = first.rewritten();
    assert_ne!(first.cid(), other.cid());
    assert_eq!(first.id(), other.id());
    for named in [&first, &other] {
        let back = revocation(&root, Dialect::RevPth, named, &[named]).sign();
        for used in [&first, &other] {
            let question = ask(&invocation(&worker, &root).proofs([used]).sign()).with([used]);
            question.allowed();
            assert_eq!(question.clone().with([&back]).denied(), Code::Revoked);
            assert_eq!(question.with([&back.rewritten()]).denied(), Code::Revoked);
        }
    }
}

#[test]
fn cids_are_read_in_base32_and_base58btc() {
    let scene = Scene::new();
    let root = &scene.people[0];
    let cid = scene.tokens[1].cid();
    let base58 = format!("z{}", bs58::encode(cid.to_bytes()).into_string());
    assert!(cid.to_string().starts_with("bafyrei"));
    for text in [cid.to_string(), base58] {
        let token = revocation(root, Dialect::Rev, &scene.tokens[1], &[]).args(json!({ "rev": text })).sign();
        assert_eq!(scene.asked().with([&token]).denied(), Code::Revoked, "{text}");
    }
}
