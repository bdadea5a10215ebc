//! What a thief does: anything at all with the keys that he has.

use super::owner::{spread, survivors};
use super::{Dice, keys_of, said, tokens};
use crate::succession::script::Script;
use crate::succession::{Claim, Key, Role, Statement, Target, Terms};

/// A thief, with his own keys and those that he stole.
#[derive(Debug)]
pub(super) struct Thief {
    /// Written into the names of his own keys, so that several thieves share none.
    mark: &'static str,
    stolen: Vec<String>,
    /// Whether he has the sealed revocations of keys that he has not.
    sealed: bool,
}

impl Thief {
    /// Makes a thief who stole those keys.
    pub(super) fn new(mark: &'static str, stolen: Vec<String>, sealed: bool) -> Self {
        Self { mark, stolen, sealed }
    }

    /// Does one thing.
    pub(super) fn act(&self, dice: &mut Dice, script: &mut Script) {
        match dice.below(14) {
            0..=2 => self.succeed(dice, script),
            3 => self.endorse(dice, script),
            4..=6 => self.list(dice, script),
            7 => self.countersign(dice, script),
            8..=10 => self.publish(dice, script, None),
            _ => self.revoke(dice, script),
        }
    }

    /// Returns the keys of a role that he can sign with: stolen ones and a few of his own.
    fn hands(&self, letter: &str, role: Role, script: &Script) -> Vec<String> {
        let known = keys_of(script, role);
        let stolen = self.stolen.iter().filter(|key| known.contains(key)).cloned();
        stolen.chain((1..=2).map(|number| format!("{letter}{}{number}", self.mark))).collect()
    }

    fn one(&self, dice: &mut Dice, letter: &str, role: Role, script: &Script) -> String {
        let hands = self.hands(letter, role, script);
        // The stolen ones come first.
        let among = if dice.percent(60) { hands.len().saturating_sub(2).max(1) } else { hands.len() };
        hands.get(dice.below(among)).cloned().unwrap_or_default()
    }

    /// Issues an operator token in the line of another, or nearly so, and endorses it with what he has.
    fn succeed(&self, dice: &mut Dice, script: &mut Script) {
        let issuer = self.one(dice, "I", Role::OperatorIdentity, script);
        let Some(prev) = dice.pick(&tokens(script)).cloned() else { return };
        let signers = self.hands("S", Role::OperatorSigner, script);
        let mut signers = dice.some(&signers, 60);
        if signers.is_empty() {
            signers.push(self.one(dice, "S", Role::OperatorSigner, script));
        }
        let seq = script.token(&prev).and_then(|token| match &token.claim {
            Some(Claim::Once(terms)) => Some(terms.seq),
            Some(Claim::Repeated(_)) | None => None,
        });
        let next = self.one(dice, "I", Role::OperatorIdentity, script);
        let terms = Terms {
            seq: if dice.percent(85) { seq.unwrap_or(0) + 1 } else { dice.between(0, 9_007_199_254_740_992) },
            prev: if dice.percent(92) { Some(prev) } else { Some("Q0".to_owned()) },
            threshold: i64::try_from(signers.len() / 2 + 1).unwrap_or(1),
            next: (next != issuer).then(|| Key::from(next.as_str())),
            pair: dice.percent(80),
            accounts: dice.percent(75).then(|| "countersigned".to_owned()),
        };
        let terms = if dice.percent(92) { Some(terms) } else { None };
        let token = script.operator("X", &issuer, &signers, terms);
        spread(dice, script);
        let mut hands = self.hands("S", Role::OperatorSigner, script);
        hands.extend(self.hands("I", Role::OperatorIdentity, script));
        for hand in dice.some(&hands, 80) {
            script.endorse(&hand, &token);
        }
    }

    fn endorse(&self, dice: &mut Dice, script: &mut Script) {
        let role = if dice.percent(30) { ("I", Role::OperatorIdentity) } else { ("S", Role::OperatorSigner) };
        let by = self.one(dice, role.0, role.1, script);
        if let Some(token) = dice.pick(&tokens(script)).cloned() {
            script.endorse(&by, &token);
        }
    }

    /// Lists an account of his own or somebody else's, with his keys or somebody else's.
    fn list(&self, dice: &mut Dice, script: &mut Script) {
        let issuer = self.one(dice, "S", Role::OperatorSigner, script);
        let own = self.one(dice, "A", Role::AccountIdentity, script);
        let subject = dice.pick(&keys_of(script, Role::AccountIdentity)).cloned().filter(|_| dice.percent(60));
        let mut signers = self.hands("a", Role::AccountSigner, script);
        signers.extend(keys_of(script, Role::AccountSigner));
        signers.sort();
        signers.dedup();
        // An account of his own without signing keys issues by its identity.
        let bare = subject.is_none() && dice.percent(50);
        let chance = if bare { 0 } else { 30 };
        let listing = script.account("Y", &issuer, subject.as_ref().unwrap_or(&own), &dice.some(&signers, chance));
        spread(dice, script);
        let mut hands = self.hands("A", Role::AccountIdentity, script);
        hands.extend(self.hands("a", Role::AccountSigner, script));
        for hand in dice.some(&hands, 70) {
            script.countersign(&hand, &listing);
        }
        if bare {
            self.publish(dice, script, Some(own));
        }
    }

    fn countersign(&self, dice: &mut Dice, script: &mut Script) {
        let mut hands = self.hands("A", Role::AccountIdentity, script);
        hands.extend(self.hands("a", Role::AccountSigner, script));
        hands.extend(self.hands("M", Role::Module, script));
        let things: Vec<String> = script
            .statements()
            .iter()
            .filter(|it| matches!(it, Statement::Account(_) | Statement::Module(_)))
            .map(|it| it.id().to_owned())
            .collect();
        if let (Some(by), Some(of)) = (dice.pick(&hands).cloned(), dice.pick(&things).cloned()) {
            script.countersign(&by, &of);
        }
    }

    /// Publishes a module, most often somebody else's.
    fn publish(&self, dice: &mut Dice, script: &mut Script, issuer: Option<String>) {
        let role = if dice.percent(40) { ("A", Role::AccountIdentity) } else { ("a", Role::AccountSigner) };
        let issuer = issuer.unwrap_or_else(|| self.one(dice, role.0, role.1, script));
        let own = self.one(dice, "M", Role::Module, script);
        let subject = dice.pick(&keys_of(script, Role::Module)).cloned().filter(|_| dice.percent(75));
        let rev = if dice.percent(25) { i64::from(i32::MAX) } else { dice.between(0, 9) };
        let module = script.module("n", &issuer, &subject.unwrap_or(own), rev);
        spread(dice, script);
        let hands = self.hands("M", Role::Module, script);
        for hand in dice.some(&hands, 50) {
            script.countersign(&hand, &module);
        }
    }

    /// Revokes upwards, sideways, downwards, whatever he can name.
    fn revoke(&self, dice: &mut Dice, script: &mut Script) {
        let keys: Vec<String> = script.keys().map(|(key, _)| key.to_owned()).collect();
        if self.sealed && dice.percent(40) {
            if let Some(key) = dice.pick(&keys).cloned() {
                script.revoke_all(&key);
            }
            return;
        }
        let own = self.hands("S", Role::OperatorSigner, script);
        let hands: Vec<String> = self.stolen.iter().filter(|key| keys.contains(key)).cloned().chain(own).collect();
        let by = dice.pick(&hands).cloned().unwrap_or_default();
        let Some(statement) = dice.pick(script.statements()).cloned() else { return };
        let said = said(&statement);
        let target = match dice.below(5) {
            0 => Target::Statement(said.id),
            1 => said.edge.unwrap_or(Target::Statement(statement.id().to_owned())),
            2 => Target::All(Key::from(by.as_str())),
            3 => Target::All(said.by),
            _ => Target::All(dice.pick(&keys).map_or(said.by, |key| Key::from(key.as_str()))),
        };
        let log = survivors(dice, script);
        script.revoke(&by, target, log);
    }
}
