//! A small random world: few keys and many tokens, so that everything happens in it.

use greatseal_core::key::Role;
use greatseal_core::{Anchor, Policy};
use greatseal_testkit::chain::{
    AT, ISSUED, Question, TestKey, Token, account_token, key, module_token, operator_token, verify,
};
use greatseal_token::wascap::{Claims, pin};
use proptest::collection::vec;
use proptest::prelude::*;

/// Identities that may be trusted; further operator keys only sign.
const TRUSTABLE: usize = 2;

/// A token and what its maker knows of it.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) token: Token,
    pub(crate) claims: Claims,
    /// Whether the signature is its own.
    pub(crate) authentic: bool,
}

/// Everybody there is.
pub(crate) struct World {
    operators: Vec<TestKey>,
    accounts: Vec<TestKey>,
    modules: Vec<TestKey>,
}

/// Tokens, whom to trust, and the policy.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) made: Vec<Made>,
    pub(crate) anchors: Vec<Anchor>,
    pub(crate) policy: Policy,
}

impl World {
    fn new() -> Self {
        let named = |role: Role, count: usize| (0..count).map(|n| key(role, &format!("world {n}"))).collect::<Vec<_>>();
        let mut world = Self {
            operators: named(Role::Operator, 4),
            accounts: named(Role::Account, 3),
            modules: named(Role::Module, 1),
        };
        // One raw key on every level.
        world.accounts.push(world.operators[3].spelled(Role::Account));
        world.modules.push(world.operators[3].spelled(Role::Module));
        world
    }

    /// A token out of six small numbers, more often good than not.
    fn make(&self, seed: [u8; 6]) -> Made {
        let [kind, subject, issuer, listed, age, flaw] = seed.map(usize::from);
        let pick = |keys: &[TestKey], number: usize| keys[number % keys.len()].clone();
        let subset = |keys: &[TestKey]| -> Vec<TestKey> {
            let chosen = keys.iter().enumerate().filter(|(bit, _)| listed >> bit & 1 == 1);
            chosen.map(|(_, key)| key.clone()).collect()
        };
        let draft = match kind % 3 {
            0 => {
                let identity = pick(&self.operators, subject % TRUSTABLE);
                let issuer = if issuer % 8 == 0 { pick(&self.operators, issuer / 8) } else { identity.clone() };
                // An identity among its own signing keys is refused so often that little else would happen.
                let signers: Vec<TestKey> = subset(&self.operators)
                    .into_iter()
                    .filter(|key| flaw % 16 == 9 || key.nkey() != identity.nkey())
                    .collect();
                operator_token(&identity).lists(&signers).by(&issuer)
            }
            1 => account_token(&pick(&self.accounts, subject), &pick(&self.operators, issuer))
                .lists(&subset(&self.accounts)),
            _ => module_token(&pick(&self.modules, subject), &pick(&self.accounts, issuer)),
        };
        let draft = draft.iat(ISSUED + age as u64 % 3).id(flaw as u128 / 16);
        let draft = match flaw % 16 {
            0 => draft.exp(AT),
            1 => draft.nbf(AT + 1),
            2 => draft.iat(AT + 301),
            3 => draft.exp(AT + 1).nbf(AT),
            _ => draft,
        };
        let authentic = flaw % 16 != 4;
        let token = draft.sign();
        let token = if authentic { token } else { token.with_signature_of(&draft.clone().id(99).sign()) };
        Made { token, claims: draft.claims().clone(), authentic }
    }
}

impl Scene {
    fn new(seeds: Vec<[u8; 6]>, trusted: u8, pinned: u8, relaxed: bool) -> Self {
        let world = World::new();
        let mut anchors: Vec<Anchor> = (0..TRUSTABLE)
            .filter(|bit| trusted >> bit & 1 == 1)
            .map(|bit| Anchor::Operator(world.operators[bit].typed()))
            .collect();
        if trusted & 0b1100 == 0b1100 {
            anchors.push(Anchor::Account(world.accounts[0].typed()));
        }
        let made: Vec<Made> = seeds.into_iter().map(|seed| world.make(seed)).collect();
        // Some of what there is gets pinned; an operator's key gives way to its pin.
        for (_, made) in made.iter().enumerate().filter(|(number, _)| number % 5 == usize::from(pinned)) {
            if let Some(anchor) = pin(&made.token.decoded()) {
                anchors.retain(|other| other.subject() != anchor.subject());
                anchors.push(anchor);
            }
        }
        Self { made, anchors, policy: if relaxed { Policy::Relaxed } else { Policy::Strict } }
    }

    /// Asks about one of the tokens, with all of them supplied.
    pub(crate) fn question(&self, target: &Token) -> Question<'static> {
        let question = verify(target).with(self.made.iter().map(|made| &made.token)).policy(self.policy);
        self.anchors.iter().fold(question, |question, anchor| question.anchor(*anchor))
    }
}

/// Scenes of up to fourteen tokens.
pub(crate) fn scenes() -> impl Strategy<Value = Scene> {
    (vec(any::<[u8; 6]>(), 1..14), 1..16u8, 0..20u8, any::<bool>())
        .prop_map(|(seeds, trusted, pinned, relaxed)| Scene::new(seeds, trusted, pinned, relaxed))
}
