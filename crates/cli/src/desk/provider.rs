//! Signing providers: the files of an archive, and the token that vouches for them.

use std::collections::BTreeMap;

use greatseal_core::key::{Account, Key, Nkey, Provider as Role, Role as RoleWord};
use greatseal_core::{Code, Fault};
use greatseal_custody::KeyName;
use greatseal_token::wascap::archive::{ArchiveFile, Parts};
use greatseal_token::wascap::{Claims, Entity, Provider};
use serde_json::Value;

use super::keys::NewKeys;
use super::{Desk, REVISION};
use crate::problem::Problem;

/// Which key the provider is known by.
#[derive(Debug)]
pub(crate) enum ProviderKey {
    /// One that the realm knows by name.
    Named(KeyName),
    /// One that is about to be made under this name.
    New(KeyName),
    /// One whose public half is all that is known; nothing else is needed.
    Public(Key<Role>),
}

/// What the token says beside the hashes, and who signs it.
#[derive(Debug)]
pub(crate) struct ProviderOrder {
    pub(crate) account: KeyName,
    pub(crate) key: ProviderKey,
    /// Which of the account's keys signs; any that is at hand, if absent.
    pub(crate) by: Option<KeyName>,
    pub(crate) title: String,
    pub(crate) vendor: String,
    pub(crate) rev: Option<i32>,
    pub(crate) ver: Option<String>,
    pub(crate) config_schema: Option<Value>,
    pub(crate) days: Option<u32>,
    pub(crate) compress: bool,
}

/// A signed provider archive.
#[derive(Debug)]
pub(crate) struct SignedProvider {
    pub(crate) bytes: Vec<u8>,
    pub(crate) subject: Nkey,
    pub(crate) signed_by: Nkey,
    pub(crate) hashes: BTreeMap<String, String>,
}

impl Desk {
    /// Signs files and packs them with the token.
    ///
    /// # Errors
    /// Whatever is wrong with the files, the account or custody. Nothing is written here but a new
    /// key, once everything else has succeeded.
    pub(crate) fn sign_provider(&mut self, parts: &Parts, order: &ProviderOrder) -> Result<SignedProvider, Problem> {
        let current = self.realm.tokens()?;
        let (operator, _) = self.operator(&current)?;
        let account = self.realm.key(&order.account)?;
        let Some((_, _, token)) = current.accounts.iter().find(|(_, _, token)| {
            token.content().entity.subject().is_some_and(|subject| subject.raw() == account.raw())
        }) else {
            return Err(Problem::new(Code::NameUnknown, format!("this realm has no account {}", order.account))
                .hint("`greatseal account list` shows the accounts there are."));
        };
        let keys = super::module::issuers(&current, token.content(), account);
        let wanted = order.by.as_ref().map(|name| self.realm.key(name)).transpose()?;
        let signed_by = self.signer(&keys, wanted, Code::CodeIssuer)?;

        let hashes = parts.hashes();
        let (subject, new_keys) = self.provider_key(&order.key)?;
        let claims = Claims {
            terms: self.terms(order.days.unwrap_or(self.realm.file().lifetimes.module))?,
            issuer: Key::<Account>::new(*signed_by.raw()).nkey(),
            entity: Entity::Provider(Provider {
                subject,
                name: Some(order.title.clone()),
                capid: None,
                vendor: order.vendor.clone(),
                rev: order.rev,
                ver: order.ver.clone(),
                target_hashes: hashes.clone(),
                config_schema: order.config_schema.clone(),
            }),
            revision: Some(REVISION),
            succession: None,
        };
        let token = self.issue(&claims)?;
        let bytes = parts.pack(token.bytes(), order.compress).map_err(refused)?;
        let file = ArchiveFile::open(&*bytes).map_err(refused)?;
        let anchor = current.operator.as_ref().and_then(|(_, token)| Self::anchor(token));
        let anchor = anchor.unwrap_or(greatseal_core::Anchor::Operator(operator));
        self.must_speak(anchor, self.realm.supply()?, |verifier, with, view| {
            verifier.decide_archive(file, with, view)
        })?;
        self.keep_keys(&new_keys)?;
        self.realm.add_keys(&new_keys.keys)?;
        Ok(SignedProvider { bytes, subject: subject.nkey(), signed_by, hashes })
    }

    fn provider_key(&self, key: &ProviderKey) -> Result<(Key<Role>, NewKeys), Problem> {
        let of_provider = |key: Nkey| Key::try_from(key).map_err(|fault| Problem::new(fault.code(), fault.to_string()));
        match key {
            ProviderKey::Public(key) => Ok((*key, NewKeys::default())),
            ProviderKey::Named(name) => match self.realm.key(name) {
                Ok(key) => Ok((of_provider(key)?, NewKeys::default())),
                Err(problem) => Err(problem.hint(format!(
                    "A provider is known by a key of its own. Make it with `greatseal key create {} --role provider`, or add `--new-key`.",
                    crate::realm::own(name)
                ))),
            },
            ProviderKey::New(name) => {
                if self.realm.key(name).is_ok() {
                    return Err(Problem::new(Code::NameTaken, format!("this realm has a key {name} already"))
                        .hint("Leave `--new-key` out to sign a new revision under it."));
                }
                let new_keys = self.draw_keys(core::slice::from_ref(name), RoleWord::Provider)?;
                match new_keys.keys.first() {
                    Some((_, key)) => Ok((of_provider(*key)?, new_keys)),
                    None => Err(Problem::usage("a provider needs a key")),
                }
            }
        }
    }
}

/// Passes on what is wrong with an archive.
pub(crate) fn refused(fault: greatseal_core::error::ArchiveFault) -> Problem {
    let fault = Fault::from(fault);
    Problem::new(fault.code(), fault.to_string())
}
