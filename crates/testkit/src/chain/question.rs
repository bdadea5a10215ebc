//! Asking whether a token is to be believed.

use core::num::NonZeroUsize;
use std::borrow::Cow;

use greatseal_core::decide::{Allow, Deny};
use greatseal_core::key::{Key, Nkey, Role};
use greatseal_core::supply::Supply;
use greatseal_core::{Anchor, Code, Decision, Policy, Timestamp, View};
use greatseal_token::deed::is_deed;
use greatseal_token::wascap::Verifier;
use greatseal_token::wascap::archive::ArchiveFile;
use greatseal_token::wascap::module::ModuleFile;

use super::{AT, TestKey, Token};
use crate::codes;

/// A target, what is supplied with it, and from where it is looked at.
#[derive(Clone, Debug)]
#[must_use]
pub struct Question<'t> {
    target: Target<'t>,
    with: Vec<Token>,
    anchors: Vec<Anchor>,
    at: u64,
    policy: Policy,
}

#[derive(Clone, Debug)]
enum Target<'t> {
    Token(Token),
    Module(Cow<'t, [u8]>),
    Archive(Cow<'t, [u8]>),
}

/// Asks about a token: nothing is supplied or trusted yet, the policy is strict.
pub fn verify(target: &Token) -> Question<'static> {
    Question::new(Target::Token(target.clone()))
}

/// Asks about a module or component, its token and its bytes.
pub fn verify_module<'t>(file: impl Into<Cow<'t, [u8]>>) -> Question<'t> {
    Question::new(Target::Module(file.into()))
}

/// Asks about a provider archive, its token and its files.
pub fn verify_archive<'t>(file: impl Into<Cow<'t, [u8]>>) -> Question<'t> {
    Question::new(Target::Archive(file.into()))
}

impl<'t> Question<'t> {
    fn new(target: Target<'t>) -> Self {
        Self { target, with: Vec::new(), anchors: Vec::new(), at: AT, policy: Policy::Strict }
    }

    /// Supplies further tokens and deeds; those that do not decode are passed over, as the command does.
    pub fn with<'a>(mut self, tokens: impl IntoIterator<Item = &'a Token>) -> Self {
        self.with.extend(tokens.into_iter().cloned());
        self
    }

    /// Trusts an operator's or an account's bare key.
    pub fn trust(self, key: &TestKey) -> Self {
        self.trust_nkey(key.nkey())
    }

    /// Trusts an operator's or an account's bare key.
    ///
    /// # Panics
    /// For a key of another role.
    pub fn trust_nkey(self, key: Nkey) -> Self {
        let anchor = match key.role() {
            Role::Operator => Anchor::Operator(Key::new(*key.raw())),
            Role::Account => Anchor::Account(Key::new(*key.raw())),
            role @ (Role::User | Role::Module | Role::Provider | Role::Host | Role::Cluster | Role::Curve) => {
                panic!("nobody can trust a {role} key")
            }
        };
        self.anchor(anchor)
    }

    /// Trusts exactly this token, and supplies it, as the command does.
    pub fn pin(self, token: &Token) -> Self {
        self.anchor(token.pin()).with([token])
    }

    /// Trusts this.
    pub fn anchor(mut self, anchor: Anchor) -> Self {
        self.anchors.push(anchor);
        self
    }

    /// Asks at another instant.
    pub fn at(mut self, seconds: u64) -> Self {
        self.at = seconds;
        self
    }

    /// Asks under another policy.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Turns the supplied tokens into another order.
    pub fn reordered(mut self, order: impl FnOnce(&mut [Token])) -> Self {
        order(&mut self.with);
        self
    }

    /// Trusts nobody after all.
    pub fn untrusted(mut self) -> Self {
        self.anchors.clear();
        self
    }

    /// Returns the tokens supplied beside the target.
    #[must_use]
    pub fn supplied(&self) -> &[Token] {
        &self.with
    }

    /// Decides with a verifier that remembers nothing.
    pub fn decide(&self) -> Decision {
        self.decide_by(&mut Verifier::new(NonZeroUsize::MIN))
    }

    /// Decides with this verifier and its memory.
    pub fn decide_by(&self, verifier: &mut Verifier) -> Decision {
        let view = View::new(self.policy, self.anchors.clone(), Timestamp::from_secs(self.at));
        let (deeds, tokens): (Vec<&[u8]>, Vec<&[u8]>) =
            self.with.iter().map(Token::bytes).partition(|text| is_deed(text));
        let deeds: Vec<_> = deeds.into_iter().filter_map(|deed| verifier.read_deed(deed).ok()).collect();
        let tokens = verifier.read_all(&tokens).into_iter().filter_map(Result::ok).collect();
        let with = Supply::heap(tokens).with_deeds(deeds);
        match &self.target {
            Target::Token(token) => match verifier.read(token.bytes()) {
                Ok(target) => verifier.decide(vec![target], with, &view).pop().expect("one target, one decision"),
                Err(fault) => Decision::Deny(Deny::because(fault.into())),
            },
            Target::Module(file) => match ModuleFile::read(file) {
                Ok(file) => verifier.decide_module(&file, with, &view),
                Err(fault) => Decision::Deny(Deny::because(fault.into())),
            },
            Target::Archive(file) => match ArchiveFile::open(&**file) {
                Ok(file) => verifier.decide_archive(file, with, &view),
                Err(fault) => Decision::Deny(Deny::because(fault.into())),
            },
        }
    }

    /// Returns the allow.
    ///
    /// # Panics
    /// When it is denied, with the failures.
    #[track_caller]
    pub fn allowed(&self) -> Allow {
        codes::allowed(&self.decide()).clone()
    }

    /// Returns the code of the closest failure.
    ///
    /// # Panics
    /// When it is allowed, with the chain.
    #[track_caller]
    #[must_use]
    pub fn denied(&self) -> Code {
        codes::denied(&self.decide())
    }
}
