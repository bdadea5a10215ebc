//! Signing modules.

use data_encoding::HEXUPPER;
use greatseal_core::key::{Account, Key, Nkey, Role};
use greatseal_core::{Code, Fault};
use greatseal_custody::KeyName;
use greatseal_token::wascap::module::{self, ModuleFile};
use greatseal_token::wascap::{Claims, Entity, Module};

use super::keys::NewKeys;
use super::{Desk, REVISION};
use crate::problem::Problem;

/// Which key the module is known by.
#[derive(Debug)]
pub(crate) enum ModuleKey {
    /// One that the realm knows by name.
    Named(KeyName),
    /// One that is about to be made under this name.
    New(KeyName),
    /// One whose public half is all that is known; nothing else is needed.
    Public(Key<greatseal_core::key::Module>),
}

/// What is to be signed, and as what.
#[derive(Debug)]
pub(crate) struct ModuleOrder {
    pub(crate) account: KeyName,
    pub(crate) key: ModuleKey,
    /// Which of the account's keys signs; any that is at hand, if absent.
    pub(crate) by: Option<KeyName>,
    pub(crate) title: String,
    pub(crate) rev: Option<i32>,
    pub(crate) ver: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) call_alias: Option<String>,
    pub(crate) days: Option<u32>,
}

/// A signed module.
#[derive(Debug)]
pub(crate) struct SignedModule {
    pub(crate) bytes: Vec<u8>,
    pub(crate) subject: Nkey,
    pub(crate) signed_by: Nkey,
    pub(crate) hash: String,
}

impl Desk {
    /// Signs a module's bytes; a token that they carry already is replaced.
    ///
    /// # Errors
    /// Whatever is wrong with the module, the account or custody. Nothing is written here but a new
    /// key, once everything else has succeeded.
    pub(crate) fn sign_module(&mut self, bytes: &[u8], order: &ModuleOrder) -> Result<SignedModule, Problem> {
        let current = self.realm.tokens()?;
        let (operator, _) = self.operator(&current)?;
        let account = self.realm.key(&order.account)?;
        let Some((_, _, token)) = current.accounts.iter().find(|(_, _, token)| {
            token.content().entity.subject().is_some_and(|subject| subject.raw() == account.raw())
        }) else {
            return Err(Problem::new(Code::NameUnknown, format!("this realm has no account {}", order.account))
                .hint("`greatseal account list` shows the accounts there are."));
        };
        // A plain chain lets the identity sign as well; its signing keys come first.
        let mut keys = token.content().entity.signers();
        keys.push(account);
        let wanted = order.by.as_ref().map(|name| self.realm.key(name)).transpose()?;
        let signed_by = self.usable(&keys, wanted)?;

        let stripped = module::strip(bytes).map_err(refused)?;
        let hash = HEXUPPER.encode(&stripped.hash());
        let (subject, new_keys) = self.module_key(&order.key)?;
        let claims = Claims {
            terms: self.terms(order.days.unwrap_or(self.realm.file().lifetimes.module))?,
            issuer: Key::<Account>::new(*signed_by.raw()).nkey(),
            entity: Entity::Module(Module {
                subject,
                name: Some(order.title.clone()),
                hash: hash.clone(),
                tags: Some(order.tags.clone()),
                caps: None,
                rev: order.rev,
                ver: order.ver.clone(),
                call_alias: order.call_alias.as_deref().map(Module::normal_alias),
                provider: false,
            }),
            revision: Some(REVISION),
            succession: None,
        };
        let token = self.issue(&claims)?;
        let text = String::from_utf8_lossy(token.bytes()).into_owned();
        let signed = module::embed(stripped, &text).map_err(refused)?;
        let file = ModuleFile::read(&signed).map_err(refused)?;
        self.must_speak(operator, current.candidates(), |verifier, with, view| {
            Some(verifier.decide_module(&file, with, view))
        })?;
        self.keep_keys(&new_keys)?;
        self.realm.add_keys(&new_keys.keys)?;
        Ok(SignedModule { bytes: signed, subject: subject.nkey(), signed_by, hash })
    }

    fn module_key(&self, key: &ModuleKey) -> Result<(Key<greatseal_core::key::Module>, NewKeys), Problem> {
        let of_module = |key: Nkey| Key::try_from(key).map_err(|fault| Problem::new(fault.code(), fault.to_string()));
        match key {
            ModuleKey::Public(key) => Ok((*key, NewKeys::default())),
            ModuleKey::Named(name) => match self.realm.key(name) {
                Ok(key) => Ok((of_module(key)?, NewKeys::default())),
                Err(problem) => Err(problem.hint(format!(
                    "A module is known by a key of its own. Make it with `greatseal key create {} --role module`, or add `--new-key`.",
                    crate::realm::own(name)
                ))),
            },
            ModuleKey::New(name) => {
                if self.realm.key(name).is_ok() {
                    return Err(Problem::new(Code::NameTaken, format!("this realm has a key {name} already"))
                        .hint("Leave `--new-key` out to sign a new revision under it."));
                }
                let new_keys = self.draw_keys(core::slice::from_ref(name), Role::Module)?;
                match new_keys.keys.first() {
                    Some((_, key)) => Ok((of_module(*key)?, new_keys)),
                    None => Err(Problem::usage("a module needs a key")),
                }
            }
        }
    }
}

fn refused(fault: greatseal_core::error::ModuleFault) -> Problem {
    let fault = Fault::from(fault);
    Problem::new(fault.code(), fault.to_string())
}
