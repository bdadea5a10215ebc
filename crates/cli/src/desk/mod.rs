//! Where tokens are issued: a realm, custody, and the hour.
//!
//! Commands and `quickstart` work here, so that both take the same road: claims are encoded, a
//! request goes to custody, the result is checked as any reader would, and only then is it saved.

mod account;
mod keys;
mod module;
mod operator;
mod provider;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use greatseal_core::decide::Candidate;
use greatseal_core::issue::Issued;
use greatseal_core::key::{Key, Nkey, Operator};
use greatseal_core::time::Validity;
use greatseal_core::{Anchor, Code, Decision, Timestamp, View};
use greatseal_custody::{Custodian, Deadline, KeyName, Keystore, Passphrase, PassphraseSource};
use greatseal_token::wascap::{self, Claims, Terms, TokenId, Verifier};

pub(crate) use account::NewAccount;
pub(crate) use module::{ModuleKey, ModuleOrder, SignedModule};
pub(crate) use operator::NewOperator;
pub(crate) use provider::{ProviderKey, ProviderOrder};

use crate::clock::DAY;
use crate::problem::Problem;
use crate::realm::{Current, Realm};
use crate::text;

/// How long a person may take to unlock a key.
const PATIENCE: Duration = Duration::from_secs(600);

/// The revision that wascap 0.16 writes.
const REVISION: u32 = 3;

/// Gives the passphrase for keys that are about to be made.
pub(crate) type NewPassphrase = dyn Fn() -> Result<Passphrase, Problem>;

/// A realm with custody at hand.
pub(crate) struct Desk {
    pub(crate) realm: Realm,
    pub(crate) store: Keystore,
    pub(crate) unlock: Arc<dyn PassphraseSource>,
    pub(crate) new_passphrase: Box<NewPassphrase>,
    pub(crate) now: Timestamp,
    /// Custodians that have been asked before, so that a person unlocks each key once.
    pub(crate) unlocked: RefCell<BTreeMap<KeyName, Box<dyn Custodian>>>,
}

/// Something that was issued and saved.
#[derive(Debug)]
pub(crate) struct Saved {
    pub(crate) path: PathBuf,
    pub(crate) token: Issued<Claims>,
    pub(crate) signed_by: Nkey,
}

impl Desk {
    /// Issues claims: encoded, signed by whoever has the key, checked.
    pub(crate) fn issue(&self, claims: &Claims) -> Result<Issued<Claims>, Problem> {
        let unsigned = wascap::encode(claims)?;
        let request = unsigned.request();
        // A token is public for ever; a seed that was pasted into a title must not get there.
        if let Some((name, _)) = request.summary().iter().find(|(_, value)| text::fit(value) != *value) {
            return Err(Problem::usage(format!("the {name} holds a private seed or control characters"))
                .hint("Nothing was signed. A seed that was pasted anywhere should be replaced."));
        }
        let Some(entry) = self.store.find_by_key(request.signer())? else {
            return Err(self.not_in_custody(claims.issuer));
        };
        let mut unlocked = self.unlocked.borrow_mut();
        let custodian = match unlocked.entry(entry.name.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(self.store.custodian(&entry.name, Arc::clone(&self.unlock))?),
        };
        let signature = greatseal_custody::sign(&**custodian, &request, Deadline::after(PATIENCE))?;
        let view = View::new(self.realm.file().policy, Vec::new(), self.now);
        Ok(unsigned.finish(&signature, &view)?)
    }

    fn not_in_custody(&self, key: Nkey) -> Problem {
        Problem::new(Code::CustodyMissing, format!("custody here does not have the key {}", self.realm.show(&key)))
            .hint("Do this where that key is kept, or `greatseal key import NAME FILE` to bring it here.")
    }

    /// Picks a key that custody here can sign with.
    ///
    /// # Errors
    /// When it has none of them.
    fn usable(&self, keys: &[Nkey], wanted: Option<Nkey>) -> Result<Nkey, Problem> {
        if let Some(wanted) = wanted {
            return match self.store.at_hand(&wanted.public_key())? {
                Some(_) => Ok(wanted),
                None => Err(self.not_in_custody(wanted)),
            };
        }
        for key in keys {
            if self.store.at_hand(&key.public_key())?.is_some() {
                return Ok(*key);
            }
        }
        let names: Vec<String> = keys.iter().map(|key| self.realm.show(key)).collect();
        Err(Problem::new(
            Code::CustodyMissing,
            format!("custody here has none of the keys that could sign: {}", names.join(", ")),
        )
        .hint("Do this where one of them is kept, or `greatseal key import NAME FILE` to bring one here."))
    }

    /// Makes the terms of a token that speaks from now on for so many days.
    fn terms(&self, days: u32) -> Result<Terms, Problem> {
        let mut entropy = [0u8; 16];
        getrandom::fill(&mut entropy)
            .map_err(|error| Problem::new(Code::Io, format!("this machine gives no randomness: {error}")))?;
        Ok(Terms {
            id: TokenId::from_entropy(u128::from_le_bytes(entropy)),
            issued_at: self.now,
            validity: Validity { not_before: None, expires: Some(self.now.plus(u64::from(days).saturating_mul(DAY))) },
        })
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

    /// Checks with everybody's eyes that what was just issued speaks in this realm.
    fn must_speak(
        &self,
        operator: Key<Operator>,
        with: Vec<Candidate<Claims>>,
        judge: impl FnOnce(&mut Verifier, Vec<Candidate<Claims>>, &View) -> Option<Decision>,
    ) -> Result<(), Problem> {
        let view = View::new(self.realm.file().policy, vec![Anchor::Operator(operator)], self.now);
        match judge(&mut Verifier::new(NonZeroUsize::MIN), with, &view) {
            Some(Decision::Allow(_)) => Ok(()),
            Some(Decision::Deny(deny)) => {
                let failure = deny.closest();
                Err(Problem::new(failure.fault.code(), format!("verifiers would refuse this: {}", failure.fault)))
            }
            None => Err(Problem::new(Code::NoRule, "verifiers would refuse this")),
        }
    }
}
