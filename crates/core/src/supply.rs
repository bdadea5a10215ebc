//! What a decision is taken over: tokens and deeds, as a heap or as they stand in a log.

use std::collections::BTreeMap;

use crate::cid::Cid;
use crate::decide::Candidate;
use crate::deed::Deed;
use crate::error::DecodeFault;
use crate::log::{Inclusion, Leaf, LogRoot};

/// Something that was handed to a verifier.
#[derive(Debug)]
pub enum Heard<T> {
    /// A token.
    Token(Candidate<T>),
    /// A deed that supports a token or takes something back.
    Deed(Candidate<Deed>),
}

/// A proof that came beside a token or deed, and the hash of the entry it is about.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The entry, hashed from the exact bytes of the token or deed.
    pub leaf: Leaf,
    /// Where it stands, and the way to the root.
    pub inclusion: Inclusion,
}

/// Everything at hand for one or more decisions.
///
/// `T` is the family's claims. What a target is asked about has to be among the tokens.
#[derive(Debug)]
pub struct Supply<T> {
    pub(crate) tokens: Vec<Candidate<T>>,
    pub(crate) deeds: Vec<Candidate<Deed>>,
    pub(crate) proofs: Vec<(Subject, Proof)>,
    pub(crate) log: Option<LogOrder>,
    /// Why bytes that a UCAN may name as a proof are no token.
    pub(crate) malformed: BTreeMap<Cid, DecodeFault>,
}

/// Something that was supplied, by its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Among the tokens.
    Token(usize),
    /// Among the deeds.
    Deed(usize),
}

/// In which order things were heard.
#[derive(Debug)]
pub(crate) struct LogOrder {
    /// For each token, its place.
    pub(crate) tokens: Vec<usize>,
    /// For each deed, its place.
    pub(crate) deeds: Vec<usize>,
    /// Places below this are those of the log; what was heard beside it comes after.
    pub(crate) size: usize,
    /// The log's own roots at the sizes that somebody may ask about.
    pub(crate) roots: BTreeMap<u64, LogRoot>,
}

impl<T> Default for Supply<T> {
    fn default() -> Self {
        Self::heap(Vec::new())
    }
}

impl<T> From<Vec<Candidate<T>>> for Supply<T> {
    fn from(tokens: Vec<Candidate<T>>) -> Self {
        Self::heap(tokens)
    }
}

impl<T> Supply<T> {
    /// Takes tokens in no order: each decision knows only what it is handed (*stateless*).
    #[must_use]
    pub const fn heap(tokens: Vec<Candidate<T>>) -> Self {
        Self { tokens, deeds: Vec::new(), proofs: Vec::new(), log: None, malformed: BTreeMap::new() }
    }

    /// Notes bytes that could not be read, so that whoever names them as a proof is told why.
    #[must_use]
    pub fn with_malformed(mut self, malformed: impl IntoIterator<Item = (Cid, DecodeFault)>) -> Self {
        self.malformed.extend(malformed);
        self
    }

    /// Adds deeds.
    #[must_use]
    pub fn with_deeds(mut self, deeds: impl IntoIterator<Item = Candidate<Deed>>) -> Self {
        for deed in deeds {
            self.add(Heard::Deed(deed), []);
        }
        self
    }

    /// Adds what came with proofs that it is inside a log, or without.
    ///
    /// A proof counts for a revocation that names exactly its size and root, whatever log that is.
    pub fn add(&mut self, heard: Heard<T>, proofs: impl IntoIterator<Item = Proof>) -> &mut Self {
        // At least as many as came before, so that places grow.
        let place = self.log.as_ref().map(|log| log.size + log.tokens.len() + log.deeds.len());
        let subject = match heard {
            Heard::Token(token) => {
                self.tokens.push(token);
                Subject::Token(self.tokens.len() - 1)
            }
            Heard::Deed(deed) => {
                self.deeds.push(deed);
                Subject::Deed(self.deeds.len() - 1)
            }
        };
        if let (Some(log), Some(place)) = (&mut self.log, place) {
            match subject {
                Subject::Token(_) => log.tokens.push(place),
                Subject::Deed(_) => log.deeds.push(place),
            }
        }
        self.proofs.extend(proofs.into_iter().map(|proof| (subject, proof)));
        self
    }

    /// Adds a token that is asked about, heard last, and returns its position among the tokens.
    pub fn ask(&mut self, target: Candidate<T>, proofs: impl IntoIterator<Item = Proof>) -> usize {
        self.add(Heard::Token(target), proofs);
        self.tokens.len() - 1
    }

    /// Takes a whole log in its order (*snapshot*): everything in it is proven to be inside.
    ///
    /// An entry that is neither token nor deed is `None`; it has its place all the same. `roots`
    /// are the log's own at the sizes that revocations name; a size that is left out spares nothing. What is [added](Self::add) afterwards was heard after the log.
    #[must_use]
    pub fn log(entries: Vec<Option<Heard<T>>>, roots: BTreeMap<u64, LogRoot>) -> Self {
        let mut supply = Self::heap(Vec::new());
        let mut order = LogOrder { tokens: Vec::new(), deeds: Vec::new(), size: entries.len(), roots };
        for (place, heard) in entries.into_iter().enumerate() {
            match heard {
                Some(Heard::Token(token)) => {
                    supply.tokens.push(token);
                    order.tokens.push(place);
                }
                Some(Heard::Deed(deed)) => {
                    supply.deeds.push(deed);
                    order.deeds.push(place);
                }
                None => {}
            }
        }
        supply.log = Some(order);
        supply
    }
}
