//! Signing modules.

use std::path::PathBuf;

use data_encoding::HEXUPPER;
use greatseal_core::Code;
use greatseal_core::deed::Act;
use greatseal_core::key::{Account, Key, Nkey, Role};
use greatseal_custody::KeyName;
use greatseal_token::wascap::module::{self, ModuleFile};
use greatseal_token::wascap::{self, Claims, Entity, Module};

use super::account::countersigned;
use super::filed::refused;
use super::keys::NewKeys;
use super::{Desk, Filed, Outcome, REVISION};
use crate::order::{Filing, ModuleFiling, Order};
use crate::problem::Problem;
use crate::realm::{Current, own};

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
pub(crate) struct NewModule {
    /// Where the module is, in case its token has to wait.
    pub(crate) file: PathBuf,
    /// Where the signed module goes.
    pub(crate) out: PathBuf,
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

/// Returns the keys that may issue an account's modules, the likeliest first.
///
/// A plain chain lets the identity sign as well; where listings are countersigned, an account with
/// signing keys issues by those only (rule 9 of succession).
fn issuers(current: &Current, account: &Claims, identity: Nkey) -> Vec<Nkey> {
    let mut keys = account.entity.signers();
    if keys.is_empty() || !countersigned(current) {
        keys.push(identity);
    }
    keys
}

impl Desk {
    /// Picks the key of an account that signs its modules and providers: the one that was wanted, else
    /// one that is at hand. Returns the realm's tokens too.
    ///
    /// # Errors
    /// `GS-NAME-UNKNOWN` for an account that the realm does not have; `GS-CODE-ISSUER` for a key that
    /// verifiers would refuse.
    pub(super) fn code_issuer(&self, name: &KeyName, by: Option<&KeyName>) -> Result<(Current, Nkey), Problem> {
        let current = self.realm.tokens()?;
        self.operator(&current)?;
        let account = self.realm.nkey(name)?;
        let Some((_, _, token)) = current.accounts.iter().find(|(_, _, token)| {
            token.content().entity.subject().is_some_and(|subject| subject.raw() == account.raw())
        }) else {
            return Err(Problem::new(Code::NameUnknown, format!("this realm has no account {name}"))
                .hint("`greatseal account list` shows the accounts there are."));
        };
        let keys = issuers(&current, token.content(), account);
        let wanted = by.map(|name| self.realm.nkey(name)).transpose()?;
        let signed_by = self.signer(&keys, wanted, Code::CodeIssuer)?;
        Ok((current, signed_by))
    }

    /// Signs a module's bytes; a token that they carry already is replaced.
    ///
    /// # Errors
    /// Whatever is wrong with the module, the account or custody.
    pub(crate) fn sign_module(&mut self, bytes: Vec<u8>, order: &NewModule) -> Result<Outcome<SignedModule>, Problem> {
        let (current, signed_by) = self.code_issuer(&order.account, order.by.as_ref())?;

        let hash = HEXUPPER.encode(&module::strip(&bytes).map_err(refused)?.hash());
        let older = ModuleFile::read(&bytes).ok().and_then(|file| wascap::decode(file.token()?).ok());
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
        let filing = ModuleFiling { file: order.file.clone(), out: order.out.clone(), bytes: Some(bytes) };
        let name = match &order.key {
            ModuleKey::Named(name) | ModuleKey::New(name) => format!("module-{}", own(name)),
            ModuleKey::Public(_) => "module".into(),
        };
        let unsigned = wascap::encode(&claims)?;
        let id = unsigned.id();
        let mut waiting = Order::new(name, self.now).sign(unsigned, Filing::Module(filing)).in_place_of(older.as_ref());
        // A log gives a module to the account of its first publication that its own key agreed to.
        for (_, key) in new_keys.nkeys().filter(|_| countersigned(&current)) {
            waiting = waiting.witness(self.deed(key, Act::Countersign(id))?);
        }
        self.carry_out(waiting.with_keys(new_keys))?.map(|filed| {
            let (_, bytes, _) = Filed::only(filed)?;
            Ok(SignedModule { bytes, subject: subject.nkey(), signed_by, hash })
        })
    }

    fn module_key(&self, key: &ModuleKey) -> Result<(Key<greatseal_core::key::Module>, NewKeys), Problem> {
        let of_module = |key: Nkey| Key::try_from(key).map_err(|fault| Problem::new(fault.code(), fault.to_string()));
        match key {
            ModuleKey::Public(key) => Ok((*key, NewKeys::default())),
            ModuleKey::Named(name) => match self.realm.nkey(name) {
                Ok(key) => Ok((of_module(key)?, NewKeys::default())),
                Err(problem) => Err(problem.hint(format!(
                    "A module is known by a key of its own. Make it with `greatseal key create {} --role module`, or add `--new-key`.",
                    own(name)
                ))),
            },
            ModuleKey::New(name) => {
                if self.realm.key(name).is_ok() {
                    return Err(Problem::new(Code::NameTaken, format!("this realm has a key {name} already"))
                        .hint("Leave `--new-key` out to sign a new revision under it."));
                }
                let new_keys = self.draw_keys(core::slice::from_ref(name), Role::Module)?;
                let drawn = new_keys.nkeys().next().map(|(_, key)| key);
                match drawn {
                    Some(key) => Ok((of_module(key)?, new_keys)),
                    None => Err(Problem::usage("a module needs a key")),
                }
            }
        }
    }
}
