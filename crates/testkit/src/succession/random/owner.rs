//! What an owner does: nothing that an honest and somewhat careless one would not.

use super::Dice;
use crate::succession::script::Script;
use crate::succession::{Key, Survivors, Target, Terms, Time};

/// An owner, with every key that it ever made.
#[derive(Debug)]
pub(super) struct Owner {
    identity: String,
    next: Option<String>,
    signers: Vec<String>,
    terms: Option<Terms>,
    token: String,
    accounts: Vec<Tenant>,
    modules: Vec<Published>,
    born: usize,
    /// Whether it lists one key for several accounts now and then.
    careless: bool,
}

/// One account.
#[derive(Clone, Debug)]
struct Tenant {
    identity: String,
    signers: Vec<String>,
    listing: String,
}

/// One module.
#[derive(Clone, Debug)]
struct Published {
    key: String,
    account: usize,
    rev: i64,
}

impl Owner {
    /// Creates an operator of one to five signing keys.
    pub(super) fn create(dice: &mut Dice, script: &mut Script) -> Self {
        let mut owner = Self {
            identity: "I1".to_owned(),
            next: dice.percent(90).then(|| "I2".to_owned()),
            signers: Vec::new(),
            terms: None,
            token: String::new(),
            accounts: Vec::new(),
            modules: Vec::new(),
            born: 2,
            careless: dice.percent(33),
        };
        let count = [1, 2, 3, 3, 3, 4, 5].get(dice.below(7)).copied().unwrap_or(3);
        owner.signers = (0..count).map(|_| owner.key("S")).collect();
        if dice.percent(88) {
            let accounts = if dice.percent(75) { Some("countersigned".to_owned()) } else { Some("plain".to_owned()) };
            let next = owner.next.as_deref().map(Key::from);
            let threshold = threshold(dice, owner.signers.len());
            owner.terms = Some(Terms { seq: 0, prev: None, threshold, next, pair: dice.percent(85), accounts });
        }
        owner.token = script.operator("T", &owner.identity, &owner.signers, owner.terms.clone());
        owner
    }

    /// Returns the id of the token it stands at.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// Does one thing.
    pub(super) fn act(&mut self, dice: &mut Dice, script: &mut Script) {
        match dice.below(20) {
            0..=3 => self.succeed(dice, script),
            4..=6 => self.open_account(dice, script),
            7..=9 => self.relist(dice, script),
            10..=14 => self.publish(dice, script),
            15..=17 => self.revoke(dice, script),
            18 => self.strike(dice, script),
            _ => self.endorse_late(dice, script),
        }
    }

    /// Names a key that nobody had.
    fn key(&mut self, letter: &str) -> String {
        self.born += 1;
        format!("{letter}{}", self.born)
    }

    /// Reissues its token: the same, with other keys, or by the next identity.
    fn succeed(&mut self, dice: &mut Dice, script: &mut Script) {
        let rotates = self.next.is_some() && dice.percent(30);
        let issuer = if rotates { self.next.clone().unwrap_or_default() } else { self.identity.clone() };
        let next = if rotates || dice.percent(30) { Some(self.key("I")) } else { self.next.clone() };
        let kept = match dice.below(10) {
            0 => 0,
            1..=2 => 70,
            _ => 100,
        };
        let mut signers = dice.some(&self.signers, kept);
        let wanted = signers.len() + usize::from(dice.percent(40));
        while signers.len() < wanted.max(1) {
            signers.push(self.key("S"));
        }
        let terms = self.terms.as_ref().map(|old| Terms {
            seq: old.seq + 1,
            prev: Some(self.token.clone()),
            threshold: threshold(dice, signers.len()),
            next: next.as_deref().map(Key::from),
            pair: if dice.percent(10) { !old.pair } else { old.pair },
            accounts: old.accounts.clone(),
        });
        let token = script.operator("T", &issuer, &signers, terms.clone());
        spread(dice, script);
        let needed = self.terms.as_ref().map_or(0, |old| usize::try_from(old.threshold).unwrap_or(0));
        let endorsers = match dice.below(10) {
            0 => needed.saturating_sub(1),
            1..=3 => needed,
            _ => self.signers.len(),
        };
        let mut hands = self.signers.clone();
        dice.shuffle(&mut hands);
        for hand in hands.iter().take(endorsers) {
            script.endorse(hand, &token);
        }
        let other = if rotates { Some(&self.identity) } else { self.next.as_ref() };
        let paired = other.filter(|_| dice.percent(45)).map(|other| script.endorse(other, &token)).is_some();
        // A draft that gathered too little stays a draft, and some are left lying with enough.
        let paired = paired && self.terms.as_ref().is_some_and(|old| old.pair);
        if (endorsers >= needed || paired) && dice.percent(90) {
            (self.identity, self.next, self.signers, self.terms, self.token) = (issuer, next, signers, terms, token);
        }
    }

    fn open_account(&mut self, dice: &mut Dice, script: &mut Script) {
        let identity = self.key("A");
        let mut signers: Vec<String> = (0..dice.below(4)).map(|_| self.key("a")).collect();
        if self.careless && dice.percent(50) {
            signers.extend(dice.pick(&self.accounts).and_then(|other| other.signers.first()).cloned());
        }
        self.accounts.push(Tenant { identity, signers, listing: String::new() });
        self.list(dice, script, self.accounts.len() - 1, None);
    }

    /// Lists an account again: the same, or with other keys.
    fn relist(&mut self, dice: &mut Dice, script: &mut Script) {
        let place = dice.below(self.accounts.len());
        let Some(before) = self.accounts.get(place).cloned() else { return };
        let mut signers = if dice.percent(35) { before.signers.clone() } else { dice.some(&before.signers, 60) };
        if dice.percent(50) {
            signers.push(self.key("a"));
        }
        if self.careless
            && dice.percent(60)
            && let Some(key) = dice.pick(&self.accounts).and_then(|other| other.signers.first()).cloned()
            && !signers.contains(&key)
        {
            signers.push(key);
        }
        if let Some(tenant) = self.accounts.get_mut(place) {
            tenant.signers = signers;
        }
        self.list(dice, script, place, Some(&before));
    }

    fn list(&mut self, dice: &mut Dice, script: &mut Script, place: usize, before: Option<&Tenant>) {
        let Some(signer) = dice.pick(&self.signers).cloned() else { return };
        let Some(tenant) = self.accounts.get_mut(place) else { return };
        tenant.listing = script.account("L", &signer, &tenant.identity, &tenant.signers);
        spread(dice, script);
        let own = before.map(|before| before.signers.clone()).unwrap_or_default();
        if own.is_empty() || dice.percent(65) {
            if dice.percent(95) {
                script.countersign(&tenant.identity, &tenant.listing);
            }
        } else {
            for key in own.iter().take(own.len() / 2 + usize::from(dice.percent(85))) {
                script.countersign(key, &tenant.listing);
            }
        }
        for key in dice.some(&tenant.signers, 88) {
            script.countersign(&key, &tenant.listing);
        }
    }

    fn publish(&mut self, dice: &mut Dice, script: &mut Script) {
        if self.accounts.is_empty() {
            return;
        }
        let again = dice.pick(&self.modules).cloned().filter(|_| dice.percent(50));
        let published = again.map(|old| Published { rev: old.rev + dice.between(-1, 2), ..old });
        let published = published.unwrap_or_else(|| Published {
            key: self.key("M"),
            account: dice.below(self.accounts.len()),
            rev: dice.between(0, 5),
        });
        let Some(tenant) = self.accounts.get(published.account) else { return };
        let shared = |key: &&String| self.accounts.iter().filter(|it| it.signers.contains(key)).count() > 1;
        let shared = tenant.signers.iter().find(shared).filter(|_| dice.percent(60));
        let one = dice.pick(&tenant.signers).filter(|_| dice.percent(85));
        let issuer = shared.or(one).unwrap_or(&tenant.identity);
        let module = script.module("m", issuer, &published.key, published.rev);
        spread(dice, script);
        if dice.percent(55) {
            script.countersign(&published.key, &module);
        }
        self.modules.push(published);
    }

    /// Takes something back by the key that said it.
    fn revoke(&mut self, dice: &mut Dice, script: &mut Script) {
        let Some(statement) = dice.pick(script.statements()).cloned() else { return };
        let log = survivors(dice, script);
        let said = super::said(&statement);
        if super::made_by_a_thief(said.by.raw()) {
            return;
        }
        let target = match dice.below(4) {
            0 => Target::Statement(said.id.clone()),
            1 => said.edge.unwrap_or(Target::All(said.by.clone())),
            _ => Target::All(said.by.clone()),
        };
        script.revoke(said.by.raw(), target, log);
    }

    /// Takes one of its signing keys back by the others.
    fn strike(&mut self, dice: &mut Dice, script: &mut Script) {
        let Some(struck) = dice.pick(&self.signers).cloned() else { return };
        let edge = Target::Edge { issuer: Key::from(self.identity.as_str()), subject: Key::from(struck.as_str()) };
        let log = survivors(dice, script);
        for voter in dice.some(&self.signers, 80) {
            let target = if dice.percent(50) { edge.clone() } else { Target::All(Key::from(struck.as_str())) };
            script.revoke(&voter, target, log.clone());
        }
    }

    /// Strengthens some token after the fact.
    fn endorse_late(&mut self, dice: &mut Dice, script: &mut Script) {
        let tokens: Vec<String> = super::tokens(script).into_iter().filter(|id| id.starts_with('T')).collect();
        let Some(token) = dice.pick(&tokens).cloned() else { return };
        let identities = [Some(self.identity.clone()), self.next.clone()].into_iter().flatten();
        let hands: Vec<String> = self.signers.iter().cloned().chain(identities).collect();
        for hand in dice.some(&hands, 30) {
            script.endorse(&hand, &token);
        }
    }
}

/// Returns a threshold above half, most often the least.
fn threshold(dice: &mut Dice, signers: usize) -> i64 {
    let signers = i64::try_from(signers).unwrap_or(0);
    let least = signers / 2 + 1;
    if dice.percent(75) { least } else { dice.between(least, signers) }
}

/// Gives the last token a life of its own now and then.
pub(super) fn spread(dice: &mut Dice, script: &mut Script) {
    let made = script.clock();
    if dice.percent(12) {
        let life = dice.between(1, 40) * Time::DAY;
        script.timed(|times| times.exp = Some(made.plus(life)));
    }
    if dice.percent(5) {
        let wait = dice.between(1, 20) * Time::DAY;
        script.timed(|times| times.nbf = Some(made.plus(wait)));
    }
}

/// Names a log of about the present size, or of another root, or none.
pub(super) fn survivors(dice: &mut Dice, script: &Script) -> Option<Survivors> {
    if dice.percent(55) {
        return None;
    }
    let written = i64::try_from(script.statements().len()).unwrap_or(0);
    let size = if dice.percent(60) { written } else { dice.between(0, written) };
    let root = match dice.below(8) {
        0 => Some("other".to_owned()),
        1 => Some("log".to_owned()),
        _ => None,
    };
    Some(Survivors { size, root })
}
