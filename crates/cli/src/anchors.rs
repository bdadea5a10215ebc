//! Whom a verification trusts: keys, tokens that are pinned, and what is remembered under them.

use std::path::{Path, PathBuf};

use greatseal_core::decide::Candidate;
use greatseal_core::key::Spelled;
use greatseal_core::{Anchor, Code};
use greatseal_token::wascap::{self, Claims};

use crate::input::{Input, Kind};
use crate::problem::Problem;
use crate::trust::{Memory, TrustStore, bare};

/// Anchors, and the tokens that some of them pin.
#[derive(Debug, Default)]
pub(crate) struct Trust {
    pub(crate) anchors: Vec<Anchor>,
    pub(crate) pinned: Vec<(PathBuf, Candidate<Claims>)>,
    /// For anchors of the trust store, in order: what each remembers. Empty when trust was named.
    pub(crate) memories: Vec<Memory>,
}

impl Trust {
    /// Reads what `--trust` names.
    ///
    /// # Errors
    /// For a word that is neither an operator's or account's key nor a file with such a token.
    pub(crate) fn read(words: &[String]) -> Result<Self, Problem> {
        Self::read_for(words, "--trust")
    }

    /// Reads the same for another option or command, which messages name.
    pub(crate) fn read_for(words: &[String], asked: &str) -> Result<Self, Problem> {
        let mut trust = Self::default();
        for word in words {
            trust.add(word, asked)?;
        }
        Ok(trust)
    }

    /// Takes what the trust store pins and remembers.
    ///
    /// # Errors
    /// When the store is damaged: whom one trusts is not guessed.
    pub(crate) fn of_store(store: &TrustStore) -> Result<Self, Problem> {
        let mut trust = Self::default();
        for pin in store.pins()? {
            trust.anchors.push(*pin.anchor());
            trust.pinned.extend(pin.token().cloned().map(|(path, token)| (path, Candidate::Decoded(token))));
            trust.memories.push(Memory::of(store, &pin)?);
        }
        Ok(trust)
    }

    fn add(&mut self, word: &str, asked: &str) -> Result<(), Problem> {
        if word == "subject" {
            self.anchors.push(Anchor::Subject);
            return Ok(());
        }
        let fault = match Spelled::parse(word) {
            Ok(key) => return self.add_key(key, asked),
            Err(fault) => fault,
        };
        let path = Path::new(word);
        if path.exists() {
            return self.add_token(path, asked);
        }
        Err(Problem::usage(format!("{asked} {}: neither a file nor a key: {fault}", crate::text::name(word))))
    }

    fn add_key(&mut self, key: Spelled, asked: &str) -> Result<(), Problem> {
        let anchor = bare(key).ok_or_else(|| {
            Problem::usage(format!("{asked} {key}: nothing follows from trusting a key of this role"))
                .hint("Name an operator's key (O…), an account's key (A…), or the DID of a root (did:key:z…).")
        })?;
        self.anchors.push(anchor);
        Ok(())
    }

    fn add_token(&mut self, path: &Path, asked: &str) -> Result<(), Problem> {
        let refuse = |code: Code, why: String| {
            Problem::usage(format!("{asked} {}: {why} [{code}]", crate::text::path(path)))
                .hint("Name the file of an operator or account token.")
        };
        let token = match Input::read(path)?.kind {
            Kind::Token(token) => token,
            Kind::Ucans(_) => {
                let why = "a UCAN cannot be trusted by itself; trust its root, by its DID";
                return Err(refuse(Code::NoRule, why.into()));
            }
            Kind::Deed(_) => {
                let why = "a deed cannot be trusted by itself; give it with `--with`";
                return Err(refuse(Code::NoRule, why.into()));
            }
            Kind::Module(_) => return Err(refuse(Code::NoRule, "a module cannot be trusted by itself".into())),
            Kind::Archive(_) => return Err(refuse(Code::NoRule, "a provider cannot be trusted by itself".into())),
            Kind::Neither(fault) => return Err(refuse(fault.code(), fault.to_string())),
        };
        let decoded = wascap::decode(&token).map_err(|fault| refuse(fault.code(), fault.to_string()))?;
        let anchor = wascap::pin(&decoded).ok_or_else(|| {
            refuse(Code::NoRule, format!("a token of kind {} cannot be trusted", decoded.content().entity.word()))
        })?;
        self.anchors.push(anchor);
        self.pinned.push((path.into(), Candidate::Decoded(decoded)));
        Ok(())
    }
}
