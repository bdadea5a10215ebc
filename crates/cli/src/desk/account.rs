//! Making accounts.

use greatseal_core::Code;
use greatseal_core::deed::Act;
use greatseal_core::key::{Account, Key, Nkey, Role};
use greatseal_core::succession::AccountRule;
use greatseal_custody::KeyName;
use greatseal_token::wascap::{self, Claims, Entity, Listing};

use super::{Desk, Filed, Outcome, REVISION, Saved};
use crate::order::{Filing, Order};
use crate::problem::Problem;
use crate::realm::{Current, Name, own};

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
    /// `GS-REALM-EXISTS` when there is an account of that name, or a request for one.
    pub(crate) fn create_account(&mut self, new: &NewAccount) -> Result<Outcome<Saved>, Problem> {
        let path = self.realm.account_path(&new.name);
        if path.exists() {
            return Err(Problem::new(Code::RealmExists, format!("there is an account {} already", new.name))
                .hint(format!("`greatseal account show {}` shows it.", own(&new.name))));
        }
        let current = self.realm.tokens()?;
        let (operator, listed) = self.operator(&current)?;
        let wanted = new.by.as_ref().map(|name| self.realm.nkey(name)).transpose()?;
        // An operator that was made without signing keys has but its identity.
        let by = if listed.is_empty() { vec![operator.nkey()] } else { listed };
        let signed_by = self.signer(&by, wanted, Code::AccountIssuer)?;

        let mut names = vec![new.name.clone()];
        names.extend(self.signing_names(Some(&new.name), new.signing_keys)?);
        let new_keys = self.draw_keys(&names, Role::Account)?;
        let keys: Vec<(&KeyName, Nkey)> = new_keys.nkeys().collect();
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
            succession: None,
        };
        let unsigned = wascap::encode(&claims)?;
        let id = unsigned.id();
        let mut order = Order::new(format!("account-{}", own(&new.name)), self.now)
            .sign(unsigned, Filing::Account(Name::parse(own(&new.name))?));
        if countersigned(&current) {
            for (_, key) in &keys {
                order = order.witness(self.deed(*key, Act::Countersign(id))?);
            }
        }
        self.carry_out(order.with_keys(new_keys))?.map(Filed::saved)
    }

    /// Makes an account's next token, with the countersignatures of its own side.
    ///
    /// # Errors
    /// `GS-NAME-UNKNOWN` for an account that the realm does not have; else what keeps the order from
    /// being carried out.
    pub(crate) fn relist_account(&mut self, next: &NextListing) -> Result<Outcome<Saved>, Problem> {
        let current = self.realm.tokens()?;
        let (operator, listed) = self.operator(&current)?;
        let short = Name::parse(own(&next.account))?;
        let Some((_, _, older)) = current.accounts.iter().find(|(name, _, _)| *name == short) else {
            return Err(Problem::new(Code::NameUnknown, format!("this realm has no account {}", next.account))
                .hint("`greatseal account list` shows the accounts there are."));
        };
        let Entity::Account(listing) = &older.content().entity else {
            return Err(Problem::new(Code::RealmMalformed, "the account's token is of another kind"));
        };
        let wanted = next.by.as_ref().map(|name| self.realm.nkey(name)).transpose()?;
        let by = if listed.is_empty() { vec![operator.nkey()] } else { listed };
        let signed_by = self.signer(&by, wanted, Code::AccountIssuer)?;

        let old: Vec<Key<Account>> = listing.signers.clone().unwrap_or_default();
        let removed = next.remove.iter().map(|name| self.realm.nkey(name)).collect::<Result<Vec<_>, _>>()?;
        if let Some(stranger) = removed.iter().find(|key| !old.iter().any(|listed| listed.raw() == key.raw())) {
            let fault = format!("{} is no signing key of {}", self.realm.show(stranger), next.account);
            return Err(Problem::new(Code::NameUnknown, fault));
        }
        let stays = |key: &&Key<Account>| !removed.iter().any(|removed| removed.raw() == key.raw());
        let mut signers: Vec<Key<Account>> = old.iter().filter(stays).copied().collect();
        let new_keys = self.draw_keys(&next.add, Role::Account)?;
        for (name, key) in new_keys.nkeys() {
            if signers.iter().any(|listed| listed.raw() == key.raw()) {
                return Err(Problem::new(Code::NameTaken, format!("{name} is a signing key of the account already")));
            }
            signers.push(Key::new(*key.raw()));
        }
        let claims = Claims {
            terms: self.terms_after(next.days.unwrap_or(self.realm.file().lifetimes.account), older)?,
            issuer: signed_by,
            entity: Entity::Account(Listing {
                subject: listing.subject,
                name: listing.name.clone(),
                signers: Some(signers.clone()),
            }),
            revision: Some(REVISION),
            succession: None,
        };
        let unsigned = wascap::encode(&claims)?;
        let id = unsigned.id();
        let mut order = Order::new(format!("account-{}", own(&next.account)), self.now)
            .sign(unsigned, Filing::Account(short))
            .replacing(older);
        if countersigned(&current) {
            for key in self.own_side(listing.subject, &old, &signers)? {
                order = order.witness(self.deed(key, Act::Countersign(id))?);
            }
        }
        self.carry_out(order.with_keys(new_keys))?.map(Filed::saved)
    }

    /// Picks who countersigns: every listed key, which else would not speak, and the account's own
    /// side as it was: its identity, or a majority of the signing keys that are at hand.
    fn own_side(
        &self,
        identity: Key<Account>,
        old: &[Key<Account>],
        listed: &[Key<Account>],
    ) -> Result<Vec<Nkey>, Problem> {
        let mut chosen: Vec<Nkey> = listed.iter().map(Key::nkey).collect();
        if self.ring.has(&identity.nkey().public_key())? {
            chosen.insert(0, identity.nkey());
            return Ok(chosen);
        }
        for key in old.iter().map(Key::nkey) {
            if !chosen.contains(&key) && self.ring.has(&key.public_key())? {
                chosen.push(key);
            }
        }
        let agreeing = old.iter().filter(|key| chosen.contains(&key.nkey())).count();
        if 2 * agreeing <= old.len() || old.is_empty() {
            // Not enough of them, so the identity is asked, wherever it is.
            chosen.insert(0, identity.nkey());
        }
        Ok(chosen)
    }
}

/// What becomes different with an account's next token.
#[derive(Debug)]
pub(crate) struct NextListing {
    pub(crate) account: KeyName,
    /// Signing keys to list, made where nobody knows them yet.
    pub(crate) add: Vec<KeyName>,
    /// Signing keys to list no more.
    pub(crate) remove: Vec<KeyName>,
    /// Which of the operator's signing keys signs; any that is at hand, if absent.
    pub(crate) by: Option<KeyName>,
    pub(crate) days: Option<u32>,
}

/// Says whether the operator's token asks for the countersignatures of its accounts.
pub(super) fn countersigned(current: &Current) -> bool {
    let claim = current.operator.as_ref().and_then(|(_, token)| token.content().succession.as_ref());
    claim.is_some_and(|claim| claim.terms().accounts == AccountRule::Countersigned)
}
