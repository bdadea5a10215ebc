//! Making accounts.

use greatseal_core::Code;
use greatseal_core::decide::Candidate;
use greatseal_core::key::{Account, Key, Nkey, Role};
use greatseal_custody::KeyName;
use greatseal_token::wascap::{Claims, Entity, Listing};

use super::{Desk, REVISION, Saved};
use crate::problem::Problem;

/// What the account is to be.
#[derive(Debug)]
pub(crate) struct NewAccount {
    pub(crate) name: KeyName,
    /// The name shown to people.
    pub(crate) title: String,
    pub(crate) signing_keys: u8,
    /// Which of the operator's signing keys signs; any that is at hand, if absent.
    pub(crate) by: Option<KeyName>,
    pub(crate) days: Option<u32>,
}

impl Desk {
    /// Makes the account's keys and has its token signed by a signing key of the operator.
    ///
    /// # Errors
    /// `GS-REALM-EXISTS` when there is an account of that name; `GS-CUSTODY-MISSING` when none
    /// of the operator's signing keys is at hand.
    pub(crate) fn create_account(&mut self, new: &NewAccount) -> Result<Saved, Problem> {
        let path = self.realm.account_path(&new.name);
        if path.exists() {
            return Err(Problem::new(Code::RealmExists, format!("there is an account {} already", new.name))
                .hint(format!("`greatseal account show {}` shows it.", crate::realm::own(&new.name))));
        }
        let current = self.realm.tokens()?;
        let (operator, listed) = self.operator(&current)?;
        let wanted = new.by.as_ref().map(|name| self.realm.key(name)).transpose()?;
        // An operator that was made without signing keys has but its identity.
        let by = if listed.is_empty() { vec![operator.nkey()] } else { listed };
        let signed_by = self.usable(&by, wanted)?;

        let mut names = vec![new.name.clone()];
        names.extend(self.signing_names(Some(&new.name), new.signing_keys)?);
        let new_keys = self.draw_keys(&names, Role::Account)?;
        let keys = &new_keys.keys;
        let account = |key: &Nkey| Key::<Account>::new(*key.raw());
        let Some(((_, identity), signing)) = keys.split_first() else {
            return Err(Problem::usage("an account needs an identity key"));
        };
        let claims = Claims {
            terms: self.terms(new.days.unwrap_or(self.realm.file().lifetimes.account))?,
            issuer: signed_by,
            entity: Entity::Account(Listing {
                subject: account(identity),
                name: Some(new.title.clone()),
                signers: Some(signing.iter().map(|(_, key)| account(key)).collect()),
            }),
            revision: Some(REVISION),
        };
        let token = self.issue(&claims)?;
        let target = Candidate::Verified(token.verified().clone());
        self.must_speak(operator, current.candidates(), |verifier, with, view| {
            verifier.decide(vec![target], with, view).pop()
        })?;
        self.keep_keys(&new_keys)?;
        self.realm.together(|realm| {
            realm.add_keys(keys)?;
            realm.save(&path, &token)
        })?;
        Ok(Saved { path, token, signed_by })
    }
}
