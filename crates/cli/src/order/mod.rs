//! Orders: what an issuing command wants signed, and what happens once it is.
//!
//! ```text
//! command ─► Order ─carry out─► filed                              every key is at hand
//!                     └─► request file ─► answer file ─► filed     some key is elsewhere
//! ```
//!
//! An order is filed as a whole or not at all. To teach it another kind of statement: [`draft`]; to
//! teach it another place to file one: [`filing`].

mod answer;
mod digest;
mod draft;
mod file;
mod filing;
mod sheet;

use greatseal_core::issue::Unsigned;
use greatseal_core::key::PublicKey;
use greatseal_core::limits::{CLOCK_SKEW_SECONDS, REQUEST_SECONDS, REQUEST_STATEMENTS};
use greatseal_core::signature::Signature;
use greatseal_core::{Code, Decoded, Timestamp};
use greatseal_custody::SignedStatement;
use greatseal_token::deed::DeedText;
use greatseal_token::ucan::UcanEnvelope;
use greatseal_token::wascap::Claims;

pub(crate) use answer::{Answer, Answered};
pub(crate) use digest::RequestDigest;
pub(crate) use draft::{Draft, Finished};
pub(crate) use filing::{
    DeedFiling, DelegationFiling, Filing, ModuleFiling, ProviderFiling, RevocationFiling, Sources,
};
pub(crate) use sheet::Sheet;

use crate::clock;
use crate::desk::NewKeys;
use crate::problem::Problem;
use crate::realm::Note;

/// Statements to be signed together, and what follows from it.
#[derive(Debug)]
pub(crate) struct Order {
    /// Names the request, if it comes to one: `account-payments`.
    pub(crate) name: String,
    pub(crate) created: Timestamp,
    pub(crate) items: Vec<Item>,
    /// Keys that custody keeps from here on, and that the realm names once everything is signed.
    pub(crate) keys: NewKeys,
    /// What the realm's file says beside, once everything is signed.
    pub(crate) notes: Vec<Note>,
}

/// One statement of an order.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) draft: Draft,
    pub(crate) filing: Filing,
    /// The statement id, in hexadecimal digits, of the token that stands in its place until it is
    /// filed and then moves to `history/`.
    pub(crate) replaces: Option<String>,
    /// What the same key signed before about the same subject, to show the difference.
    pub(crate) previous: Option<SignedStatement>,
    /// The signature, once there is one; verified whenever it is set.
    pub(crate) signature: Option<Signature>,
}

impl Order {
    /// Begins an order; `name` is short and tells people what it is for.
    pub(crate) fn new(name: impl Into<String>, now: Timestamp) -> Self {
        Self { name: name.into(), created: now, items: Vec::new(), keys: NewKeys::default(), notes: Vec::new() }
    }

    /// Has keys kept in custody and named in the realm with it.
    #[must_use]
    pub(crate) fn with_keys(mut self, keys: NewKeys) -> Self {
        self.keys = keys;
        self
    }

    /// Has something noted in the realm's file with it.
    #[must_use]
    pub(crate) fn noting(mut self, note: Note) -> Self {
        self.notes.push(note);
        self
    }

    /// Adds a statement, and where it goes when it is signed.
    #[must_use]
    pub(crate) fn sign(mut self, draft: impl Into<Draft>, filing: Filing) -> Self {
        self.items.push(Item { draft: draft.into(), filing, replaces: None, previous: None, signature: None });
        self
    }

    /// Adds a deed; its file is named after it.
    #[must_use]
    pub(crate) fn witness(self, unsigned: Unsigned<DeedText>) -> Self {
        let filing = Filing::Deed(DeedFiling::of(unsigned.content(), unsigned.id()));
        self.sign(unsigned, filing)
    }

    /// Adds the revocation of a delegation; its file is named after it.
    #[must_use]
    pub(crate) fn take_back(self, unsigned: Unsigned<UcanEnvelope>) -> Self {
        let filing = Filing::UcanRevocation(RevocationFiling::of(unsigned.content(), unsigned.id()));
        self.sign(unsigned, filing)
    }

    /// Adds what is to be compared with the statement that was added last.
    ///
    /// A token by another key or about another subject is passed over: it is no earlier word of
    /// this signer.
    #[must_use]
    pub(crate) fn in_place_of(mut self, older: Option<&Decoded<Claims>>) -> Self {
        if let (Some(item), Some(older)) = (self.items.last_mut(), older) {
            let past = SignedStatement { message: older.signed().to_vec(), signature: *older.signature() };
            item.previous = Some(past).filter(|past| is_earlier_word(past, &item.draft));
        }
        self
    }

    /// Says which token in the realm the statement that was added last takes the place of; it is
    /// compared with it too, where the same key signed both.
    ///
    /// If another token stands there by the time that everything is signed, nothing is filed.
    #[must_use]
    pub(crate) fn replacing(mut self, older: &Decoded<Claims>) -> Self {
        if let Some(item) = self.items.last_mut() {
            item.replaces = Some(older.id().to_string());
        }
        self.in_place_of(Some(older))
    }

    /// Returns what two people compare.
    pub(crate) fn digest(&self) -> RequestDigest {
        RequestDigest::of(self.items.iter().map(|item| item.draft.id()))
    }

    /// Returns the keys whose signatures are still missing, each once.
    pub(crate) fn missing(&self) -> Vec<PublicKey> {
        let waiting = self.items.iter().filter(|item| item.signature.is_none());
        let mut keys: Vec<PublicKey> = waiting.map(|item| *item.draft.request().signer()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    pub(crate) fn is_signed(&self) -> bool {
        self.items.iter().all(|item| item.signature.is_some())
    }

    /// Returns the instant from which on nobody signs or answers it.
    pub(crate) const fn expires(&self) -> Timestamp {
        self.created.plus(REQUEST_SECONDS)
    }

    /// Insists on something to sign, no more than a person can look through, and decent texts.
    ///
    /// # Errors
    /// `GS-SIGN-TEXT`, `GS-REQUEST-MALFORMED`, `GS-REQUEST-ALTERED`.
    pub(crate) fn must_be_fit(&self) -> Result<(), Problem> {
        let (found, limit) = (self.items.len(), REQUEST_STATEMENTS);
        if found == 0 || found > limit {
            let fault = format!("a request holds 1 to {limit} statements, this has {found}");
            return Err(Problem::new(Code::RequestMalformed, fault));
        }
        for item in &self.items {
            item.draft.must_be_fit()?;
            item.filing.must_fit(&item.draft)?;
        }
        Ok(())
    }

    /// Insists that it is neither too old nor from the future, by what is written on it and by what
    /// the statements themselves say, which nobody changes unseen.
    ///
    /// # Errors
    /// `GS-REQUEST-OLD` and `GS-REQUEST-FUTURE`.
    pub(crate) fn must_be_timely(&self, now: Timestamp) -> Result<(), Problem> {
        let written = core::iter::once(self.created);
        for made in written.chain(self.items.iter().filter_map(|item| item.draft.issued_at())) {
            if made > now.plus(CLOCK_SKEW_SECONDS) {
                let fault = format!("it was made at {}, and now is {}", clock::show(made), clock::show(now));
                return Err(Problem::new(Code::RequestFuture, fault));
            }
            if made.plus(REQUEST_SECONDS) <= now {
                let fault = format!("it was made at {}, and now is {}", clock::show(made), clock::show(now));
                return Err(Problem::new(Code::RequestOld, fault));
            }
        }
        Ok(())
    }
}

/// Says whether something was signed by the key that a draft is for, about the same subject.
fn is_earlier_word(past: &SignedStatement, draft: &Draft) -> bool {
    past.is_by(draft.request().signer())
        && Draft::parse(past.message.clone()).is_ok_and(|older| older.about() == draft.about())
}
