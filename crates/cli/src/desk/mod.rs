//! Where tokens are issued: a realm, custody, and the hour.
//!
//! Commands and `quickstart` work here, so that both take the same road: claims are encoded, an
//! order goes to custody, near or far, the result is checked as any reader would, and only then is
//! it filed.

mod account;
mod asked;
mod carry;
mod delegate;
mod filed;
mod keys;
mod module;
mod moving;
mod operator;
mod provider;
mod receive;
mod reissue;
mod revoke;
mod ring;
mod root;
mod rotate;
mod service;
mod succeed;
mod take_back;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use greatseal_core::deed::{Act, Deed};
use greatseal_core::issue::{Issued, Unsigned};
use greatseal_core::key::{Key, Nkey, Operator, PublicKey, Spelled};
use greatseal_core::supply::Supply;
use greatseal_core::time::Validity;
use greatseal_core::{Anchor, Code, Decision, Decoded, Timestamp, View};
use greatseal_custody::{Keystore, Passphrase, Protection, Recipients};
use greatseal_token::deed::{self, DeedText};
use greatseal_token::wascap::{self, Claims, Terms, Verifier};

pub(crate) use account::{NewAccount, NextListing};
pub(crate) use carry::{Outcome, Waiting};
pub(crate) use delegate::{NewDelegation, hand_out};
pub(crate) use filed::Filed;
pub(crate) use keys::NewKeys;
pub(crate) use module::{ModuleKey, NewModule, SignedModule};
pub(crate) use moving::{Job, Moving, Stage};
pub(crate) use operator::{NewOperator, NewSuccession};
pub(crate) use provider::{Before, ProviderKey, ProviderOrder, gather};
pub(crate) use receive::Received;
pub(crate) use reissue::Reissue;
pub(crate) use revoke::{Revoke, Voters};
pub(crate) use ring::Keyring;
pub(crate) use root::NewRoot;
pub(crate) use rotate::{Rotation, running};
pub(crate) use service::{NewService, live_of};
pub(crate) use succeed::{NextToken, Succeeded};

use crate::clock::DAY;
use crate::order::Draft;
use crate::problem::Problem;
use crate::realm::{Current, Realm};
use crate::sealed;
use crate::sealed::SealedStore;

/// The revision that wascap 0.16 writes.
const REVISION: u32 = 3;

/// Says what protects the files of keys that are about to be made.
pub(crate) type NewProtection = dyn Fn() -> Result<Protector, Problem>;

/// What protects the file of a new key.
pub(crate) enum Protector {
    Passphrase(Passphrase),
    Recipients(Recipients),
}

impl Protector {
    pub(crate) const fn protection(&self) -> Protection<'_> {
        match self {
            Self::Passphrase(passphrase) => Protection::Passphrase(passphrase),
            Self::Recipients(recipients) => Protection::Recipients(recipients),
        }
    }
}

/// A realm with custody at hand.
pub(crate) struct Desk {
    pub(crate) realm: Realm,
    pub(crate) ring: Keyring,
    /// Where each new key's own revocation is kept.
    pub(crate) sealed: SealedStore,
    /// Custody that is to be carried elsewhere: the next identity's.
    pub(crate) apart: Keystore,
    pub(crate) new_protection: Box<NewProtection>,
    pub(crate) now: Timestamp,
}

/// A wascap token that was issued and filed.
#[derive(Debug)]
pub(crate) struct Saved {
    pub(crate) path: PathBuf,
    pub(crate) token: Issued<Claims>,
    pub(crate) signed_by: Nkey,
}

impl Desk {
    /// Issues claims with a key that is at hand, and files nothing.
    ///
    /// # Errors
    /// `GS-CUSTODY-MISSING` when custody here does not have the key.
    pub(crate) fn issue(&self, claims: &Claims) -> Result<Issued<Claims>, Problem> {
        let draft = Draft::from(wascap::encode(claims)?);
        draft.must_be_fit()?;
        let signature = self.ring.sign(draft.request())?;
        draft.finish(&signature, &self.view())?.into_wascap()
    }

    /// Returns the folder with keys that are to be carried elsewhere.
    pub(crate) fn apart_folder(&self) -> &Path {
        self.apart.folder()
    }

    /// Returns what tokens are checked under when they are made.
    fn view(&self) -> View {
        View::new(self.realm.file().policy, Vec::new(), self.now)
    }

    /// Picks the key that is to sign: the one that was wanted, else one that is at hand, else one
    /// that custody knows to be kept elsewhere, else the first.
    ///
    /// # Errors
    /// `refusal` for a wanted key that is not at hand and not one of those that could sign: nobody
    /// should travel to a safe for a signature that verifiers refuse.
    fn signer<K: Copy + Into<Spelled>>(&self, keys: &[K], wanted: Option<K>, refusal: Code) -> Result<K, Problem> {
        let public = |key: K| -> PublicKey { key.into().public_key() };
        if let Some(wanted) = wanted {
            let could = keys.iter().any(|key| public(*key) == public(wanted));
            if could || self.ring.has(&public(wanted))? {
                return Ok(wanted);
            }
            let shown = self.realm.show(&wanted);
            return Err(Problem::new(refusal, format!("{shown} is none of the keys that could sign this")));
        }
        for key in keys {
            if self.ring.has(&public(*key))? {
                return Ok(*key);
            }
        }
        for key in keys {
            if self.ring.store.find_by_key(&public(*key))?.is_some() {
                return Ok(*key);
            }
        }
        keys.first().copied().ok_or_else(|| Problem::new(refusal, "there is no key that could sign this"))
    }

    /// Makes the terms of a token that speaks from now on for so many days.
    fn terms(&self, days: u32) -> Result<Terms, Problem> {
        Ok(Terms {
            id: sealed::token_id()?,
            issued_at: self.now,
            validity: Validity { not_before: None, expires: Some(self.now.plus(u64::from(days).saturating_mul(DAY))) },
        })
    }

    /// Makes the terms of a token that takes the place of another: later than it, in every case.
    fn terms_after(&self, days: u32, older: &Decoded<Claims>) -> Result<Terms, Problem> {
        let terms = self.terms(days)?;
        let later = older.content().terms.issued_at.plus(1);
        Ok(Terms { issued_at: terms.issued_at.max(later), ..terms })
    }

    /// Writes down what a key says about tokens, as of now.
    fn deed(&self, signer: Nkey, act: Act) -> Result<Unsigned<DeedText>, Problem> {
        let id = sealed::token_id()?.as_str().to_owned();
        Ok(deed::encode(&Deed { signer: signer.into(), id, issued_at: self.now, act })?)
    }

    /// Reads the realm's operator, without whom nothing is issued.
    fn operator(&self, current: &Current) -> Result<(Key<Operator>, Vec<Nkey>), Problem> {
        let Some((_, token)) = &current.operator else {
            return Err(Problem::new(Code::ChainIncomplete, "this realm has no operator yet")
                .hint("Make it: `greatseal operator create`."));
        };
        let entity = &token.content().entity;
        let wascap::Entity::Operator(listing) = entity else {
            let fault = format!("the operator's token is one of kind {}", entity.word());
            return Err(Problem::new(Code::RealmMalformed, fault));
        };
        Ok((listing.subject, entity.signers()))
    }

    /// Returns how this realm's own verifiers trust its operator: by its token, where that says who
    /// may succeed it, else by its key.
    pub(crate) fn anchor(token: &Decoded<Claims>) -> Option<Anchor> {
        if let (wascap::Entity::Operator(listing), None) = (&token.content().entity, &token.content().succession) {
            return Some(Anchor::Operator(listing.subject));
        }
        wascap::pin(token)
    }

    /// Checks with everybody's eyes that what was just issued speaks in this realm.
    fn must_speak(
        &self,
        anchor: Anchor,
        with: Supply<Claims>,
        judge: impl FnOnce(&mut Verifier, Supply<Claims>, &View) -> Decision,
    ) -> Result<(), Problem> {
        let view = View::new(self.realm.file().policy, vec![anchor], self.now);
        match judge(&mut Verifier::new(NonZeroUsize::MIN), with, &view) {
            Decision::Allow(_) => Ok(()),
            Decision::Deny(deny) => {
                let failure = deny.closest();
                Err(Problem::new(failure.fault.code(), format!("verifiers would refuse this: {}", failure.fault)))
            }
        }
    }
}
