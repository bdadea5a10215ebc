//! Thousands of UCANs that somebody else supplied: the verdict stays, and so does the work.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use greatseal_core::Code;
use greatseal_core::decide::Candidate;
use greatseal_testkit::codes::outcome;
use greatseal_testkit::ucan::{
    DIALECTS, Dialect, Principal, Question, Token, ask, chain, deed_against, delegation, ed25519, invocation,
    revocation,
};
use greatseal_token::ucan::Verifier;

const MANY: u64 = 2000;
/// Many times what it takes, in a build without optimisation on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

struct Scene {
    root: Principal,
    worker: Principal,
    stranger: Principal,
    proofs: Vec<Token>,
    call: Token,
}

impl Scene {
    fn new() -> Self {
        let [root, middle, worker, stranger] =
            ["root", "middle", "worker", "stranger"].map(|name| ed25519(&format!("flood {name}")));
        let proofs = chain(&[&root, &middle, &worker]);
        let call = invocation(&worker, &root).proofs(&proofs).sign();
        Self { root, worker, stranger, proofs, call }
    }

    fn asked(&self) -> Question {
        ask(&self.call).with(&self.proofs)
    }

    /// Asserts that these change nothing, and that no signature of theirs is looked at.
    #[track_caller]
    fn costs_nothing(&self, flood: &[Token]) {
        let began = Instant::now();
        let question = self.asked().with(flood);
        let mut verifier = Verifier::new(NonZeroUsize::new(2).unwrap());
        assert_eq!(
            outcome(&question.outcome_by(&mut verifier).into_decision()),
            outcome(&self.asked().outcome().into_decision())
        );
        let verified = |token: &Token| matches!(verifier.read(token.bytes()), Ok(Candidate::Verified(_)));
        assert_eq!(flood.iter().map(verified).filter(|verified| *verified).count(), 0);
        assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    }
}

#[test]
fn the_chain_itself_is_verified_and_remembered() {
    let scene = Scene::new();
    let mut verifier = Verifier::new(NonZeroUsize::MIN);
    scene.asked().outcome_by(&mut verifier);
    for token in scene.proofs.iter().chain([&scene.call]) {
        assert!(matches!(verifier.read(token.bytes()), Ok(Candidate::Verified(_))));
    }
}

#[test]
fn revocations_of_strangers() {
    let scene = Scene::new();
    let flood: Vec<Token> = (0..MANY)
        .map(|number| {
            let (dialect, _) = DIALECTS[number as usize % DIALECTS.len()];
            let target = &scene.proofs[number as usize % scene.proofs.len()];
            revocation(&scene.stranger, dialect, target, &[]).nonce(&number.to_be_bytes()).sign()
        })
        .collect();
    scene.costs_nothing(&flood);
    // Each is told as without effect, the forged no otherwise: nobody looked.
    let few = [flood[0].clone(), flood[1].forged()];
    assert_eq!(scene.asked().with(&few).ignored(), [Code::RevocationIgnored, Code::RevocationIgnored]);
}

#[test]
fn revocations_of_other_tokens_by_those_of_the_chain() {
    let scene = Scene::new();
    let other = delegation(&scene.root, &scene.stranger).sign();
    let flood: Vec<Token> = (0..MANY)
        .map(|number| revocation(&scene.root, Dialect::RevPth, &other, &[]).nonce(&number.to_be_bytes()).sign())
        .collect();
    scene.costs_nothing(&flood);
}

#[test]
fn delegations_that_no_proof_names() {
    let scene = Scene::new();
    let flood: Vec<Token> =
        (0..MANY).map(|number| delegation(&scene.root, &scene.worker).nonce(&number.to_be_bytes()).sign()).collect();
    scene.costs_nothing(&flood);
}

#[test]
fn deeds_of_strangers() {
    let scene = Scene::new();
    let flood: Vec<Token> =
        (0..200).map(|number| deed_against(&ed25519(&format!("flood deed {number}")), &scene.proofs[0])).collect();
    scene.asked().with(&flood).allowed();
    assert_eq!(scene.asked().with(&flood).ignored(), vec![Code::RevocationIgnored; flood.len()]);
}

#[test]
fn a_chain_that_does_not_follow_costs_no_signature() {
    let scene = Scene::new();
    for question in [
        ask(&scene.call).with(&scene.proofs[..1]),
        scene.asked().trust(&scene.stranger),
        scene.asked().addressed_to(&scene.stranger),
        scene.asked().later(1_000_000),
    ] {
        let mut verifier = Verifier::new(NonZeroUsize::MIN);
        assert!(outcome(&question.outcome_by(&mut verifier).into_decision()).is_err());
        assert!(matches!(verifier.read(scene.call.bytes()), Ok(Candidate::Decoded(_))));
    }
}
