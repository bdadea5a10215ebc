//! Asking whether a UCAN is to be believed.

use core::num::NonZeroUsize;

use greatseal_core::decide::{Allow, Outcome};
use greatseal_core::error::DecodeFault;
use greatseal_core::supply::Supply;
use greatseal_core::view::{Audience, Separation};
use greatseal_core::{Anchor, Cid, Code, Policy, Timestamp, View};
use greatseal_token::deed::is_deed;
use greatseal_token::ucan::Verifier;

use super::{NOW, Principal, Token};
use crate::codes;

/// A target, what is supplied with it, and from where it is looked at.
#[derive(Clone, Debug)]
#[must_use]
pub struct Question {
    target: Token,
    with: Vec<Token>,
    anchors: Vec<Anchor>,
    audience: Audience,
    separations: Vec<Separation>,
    at: u64,
}

/// Asks about a UCAN: whoever its subject is, whomever it is addressed to, at `NOW`.
pub fn ask(target: &Token) -> Question {
    Question {
        target: target.clone(),
        with: Vec::new(),
        anchors: Vec::new(),
        audience: Audience::Unchecked,
        separations: Vec::new(),
        at: NOW,
    }
}

impl Question {
    /// Supplies delegations, revocations and deeds; those that do not decode are noted as such, as the command does.
    pub fn with<'t>(mut self, tokens: impl IntoIterator<Item = &'t Token>) -> Self {
        self.with.extend(tokens.into_iter().cloned());
        self
    }

    /// Trusts a root, and then nobody who is not named.
    pub fn trust(self, root: &Principal) -> Self {
        self.anchor(Anchor::Root(root.key()))
    }

    /// Trusts this, and then nothing that is not named.
    pub fn anchor(mut self, anchor: Anchor) -> Self {
        self.anchors.push(anchor);
        self
    }

    /// Asks as this principal.
    pub fn addressed_to(self, audience: &Principal) -> Self {
        self.audience(Audience::Key(audience.key()))
    }

    /// Asks as somebody, nobody, or without saying.
    pub const fn audience(mut self, audience: Audience) -> Self {
        self.audience = audience;
        self
    }

    /// Holds the chains of a root to its separation.
    pub fn mandating<'p>(self, root: &Principal, signing: impl IntoIterator<Item = &'p Principal>) -> Self {
        let signing = signing.into_iter().map(Principal::key).collect();
        self.separation(Separation { root: root.key(), signing })
    }

    /// Holds the chains of a root to this.
    pub fn separation(mut self, separation: Separation) -> Self {
        self.separations.push(separation);
        self
    }

    /// Asks so many seconds from `NOW`.
    pub fn later(self, from_now: i64) -> Self {
        self.at(NOW.saturating_add_signed(from_now))
    }

    /// Asks at another instant.
    pub const fn at(mut self, seconds: u64) -> Self {
        self.at = seconds;
        self
    }

    /// Turns what is supplied into another order.
    pub fn reordered(mut self, order: impl FnOnce(&mut [Token])) -> Self {
        order(&mut self.with);
        self
    }

    /// Returns what is supplied beside the target.
    #[must_use]
    pub fn supplied(&self) -> &[Token] {
        &self.with
    }

    /// Returns the target.
    #[must_use]
    pub const fn target(&self) -> &Token {
        &self.target
    }

    /// Returns from where it is looked at.
    #[must_use]
    pub fn view(&self) -> View {
        let anchors = if self.anchors.is_empty() { vec![Anchor::Subject] } else { self.anchors.clone() };
        let view = View::new(Policy::Strict, anchors, Timestamp::from_secs(self.at)).addressed_to(self.audience);
        self.separations.iter().cloned().fold(view, View::mandating)
    }

    /// Decides with a verifier that remembers nothing.
    pub fn outcome(&self) -> Outcome {
        self.outcome_by(&mut Verifier::new(NonZeroUsize::MIN))
    }

    /// Decides with this verifier and its memory.
    pub fn outcome_by(&self, verifier: &mut Verifier) -> Outcome {
        let target = match verifier.read(self.target.bytes()) {
            Ok(target) => target,
            Err(fault) => return Outcome::because(fault.into()),
        };
        let (deeds, tokens): (Vec<&Token>, Vec<&Token>) = self.with.iter().partition(|token| is_deed(token.bytes()));
        let mut malformed: Vec<(Cid, DecodeFault)> = Vec::new();
        let mut read = Vec::new();
        for token in tokens {
            match verifier.read(token.bytes()) {
                Ok(candidate) => read.push(candidate),
                Err(fault) => malformed.push((token.cid(), fault)),
            }
        }
        let deeds: Vec<_> = deeds.into_iter().filter_map(|deed| verifier.read_deed(deed.bytes()).ok()).collect();
        let supply = Supply::heap(read).with_deeds(deeds).with_malformed(malformed);
        verifier.judge(vec![target], supply, &self.view())
    }

    /// Returns the allow.
    ///
    /// # Panics
    /// When it is denied, with the failures.
    #[track_caller]
    pub fn allowed(&self) -> Allow {
        codes::allowed(&self.outcome().into_decision()).clone()
    }

    /// Returns the code of the failure.
    ///
    /// # Panics
    /// When it is allowed, with the chain.
    #[track_caller]
    #[must_use]
    pub fn denied(&self) -> Code {
        codes::denied(&self.outcome().into_decision())
    }

    /// Returns the codes of what had no effect.
    #[must_use]
    pub fn ignored(&self) -> Vec<Code> {
        self.outcome().ignored.iter().map(|it| it.why.code()).collect()
    }
}
