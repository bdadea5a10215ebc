//! Signing providers: the files of an archive, and the token that vouches for them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use greatseal_core::deed::Act;
use greatseal_core::key::{Account, Key, Nkey, Provider as Role, Role as RoleWord};
use greatseal_core::limits::ARCHIVE_BYTES;
use greatseal_core::{Code, Decoded, Fault};
use greatseal_custody::KeyName;
use greatseal_token::wascap::archive::{ArchiveFile, Parts};
use greatseal_token::wascap::{self, Claims, Entity, Provider};
use serde_json::Value;

use super::account::countersigned;
use super::keys::NewKeys;
use super::{Desk, Filed, Outcome, REVISION};
use crate::files;
use crate::input::{Input, Kind};
use crate::order::{Filing, Finished, Order, ProviderFiling, Sources};
use crate::problem::Problem;
use crate::text;

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
    /// Where the files are, so that they can be read again when a signature has come.
    pub(crate) sources: Sources,
    pub(crate) out: PathBuf,
    pub(crate) compress: bool,
}

/// A signed provider archive.
#[derive(Debug)]
pub(crate) struct SignedProvider {
    pub(crate) size: usize,
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
    pub(crate) fn sign_provider(
        &mut self,
        parts: Parts,
        order: &ProviderOrder,
    ) -> Result<Outcome<SignedProvider>, Problem> {
        let (current, signed_by) = self.code_issuer(&order.account, order.by.as_ref())?;

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
        let unsigned = wascap::encode(&claims)?;
        let id = unsigned.id();
        let filing = ProviderFiling {
            sources: order.sources.clone(),
            out: order.out.clone(),
            compress: order.compress,
            parts: Some(parts),
        };
        let name = match &order.key {
            ProviderKey::Named(name) | ProviderKey::New(name) => format!("provider-{}", crate::realm::own(name)),
            ProviderKey::Public(_) => "provider".into(),
        };
        let mut waiting = Order::new(name, self.now).sign(unsigned, Filing::Provider(filing));
        // A log gives a provider to the account of its first publication that its own key agreed to.
        for (_, key) in new_keys.nkeys().filter(|_| countersigned(&current)) {
            waiting = waiting.witness(self.deed(key, Act::Countersign(id))?);
        }
        self.carry_out(waiting.with_keys(new_keys))?.map(|filed| {
            let (_, bytes, _) = Filed::only(filed)?;
            Ok(SignedProvider { size: bytes.len(), subject: subject.nkey(), signed_by, hashes })
        })
    }

    fn provider_key(&self, key: &ProviderKey) -> Result<(Key<Role>, NewKeys), Problem> {
        let of_provider = |key: Nkey| Key::try_from(key).map_err(|fault| Problem::new(fault.code(), fault.to_string()));
        match key {
            ProviderKey::Public(key) => Ok((*key, NewKeys::default())),
            ProviderKey::Named(name) => match self.realm.nkey(name) {
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
                let drawn = new_keys.nkeys().next().map(|(_, key)| key);
                match drawn {
                    Some(key) => Ok((of_provider(key)?, new_keys)),
                    None => Err(Problem::usage("a provider needs a key")),
                }
            }
        }
    }
}

/// What an archive was before it is signed anew.
#[derive(Debug, Default)]
pub(crate) struct Before {
    pub(crate) parts: Parts,
    pub(crate) said: Option<Provider>,
    /// The token that said so.
    pub(crate) token: Option<Decoded<Claims>>,
    pub(crate) gzipped: bool,
}

impl Before {
    /// Reads an archive whose files are those that its token vouches for.
    ///
    /// Nobody's signature is asked for: whoever signs it anew vouches for it. But a file that was
    /// swapped since somebody last did should not get a new signature unnoticed.
    pub(crate) fn read(path: &Path) -> Result<Self, Problem> {
        let label = text::path(path);
        let named = |fault: Fault| Problem::new(fault.code(), format!("{label}: {fault}"));
        let archive = match Input::read(path)?.kind {
            Kind::Archive(archive) => archive,
            Kind::Neither(fault) => return Err(named(fault)),
            Kind::Token(_) | Kind::Ucans(_) | Kind::Deed(_) | Kind::Module(_) => {
                let why = format!("{label} is no provider archive");
                return Err(
                    Problem::new(Code::ArchiveMalformed, why).hint("Name programs with `--target TARGET=FILE`.")
                );
            }
        };
        let file = ArchiveFile::open(archive).map_err(|fault| named(fault.into()))?;
        let gzipped = file.is_gzipped();
        let decoded = wascap::decode(file.token()).map_err(|fault| named(fault.into()))?;
        let Entity::Provider(said) = decoded.content().entity.clone() else {
            let why = format!("{label}: its token is about a {}", decoded.content().entity.word());
            return Err(Problem::new(Code::ClaimsEntity, why));
        };
        let (contents, parts) = file.parts().map_err(|fault| named(fault.into()))?;
        contents.check(&said.target_hashes).map_err(|fault| {
            named(fault.into()).hint("It was changed after it was signed. To sign it all the same, name its files.")
        })?;
        Ok(Self { parts, said: Some(said), token: Some(decoded), gzipped })
    }
}

/// Packs a token with the files that it vouches for, and with no others.
pub(super) fn pack(filing: ProviderFiling, statement: &Finished) -> Result<Vec<u8>, Problem> {
    let ProviderFiling { sources, out: _, compress, parts } = filing;
    let parts = match parts {
        Some(parts) => parts,
        None => gather(&sources)?,
    };
    if let Some(Entity::Provider(claims)) = statement.wascap().map(|token| &token.verified().content().entity)
        && claims.target_hashes != parts.hashes()
    {
        return Err(Problem::new(Code::ArchiveHash, "the files are not those that the token vouches for")
            .hint("They were changed since the request was made: bring back those that were, or cancel the request."));
    }
    let token = statement.file_bytes()?;
    parts.pack(token.trim_ascii_end(), compress).map_err(refused)
}

/// Reads a provider's files: those of the archive, and beside or in their place those that are named.
///
/// # Errors
/// When one cannot be read, or all of them are larger than an archive may be.
pub(crate) fn gather(sources: &Sources) -> Result<Parts, Problem> {
    let mut parts = match &sources.archive {
        Some(archive) => Before::read(archive)?.parts,
        None => Parts::default(),
    };
    let kept: u64 = parts.targets.values().chain(&parts.world).map(|bytes| bytes.len() as u64).sum();
    // All of it is held at once, so all of it counts.
    let mut left = ARCHIVE_BYTES.saturating_sub(kept);
    let mut take = |path: &Path| {
        let bytes = files::read(path, left)?;
        left = left.saturating_sub(bytes.len() as u64);
        Ok::<_, Problem>(bytes)
    };
    for (target, path) in &sources.programs {
        parts.targets.insert(target.clone(), take(path)?);
    }
    if let Some(world) = &sources.world {
        parts.world = Some(take(world)?);
    }
    if parts.targets.is_empty() {
        return Err(Problem::usage("there is no program to sign")
            .hint("Name one for each target: `--target x86_64-linux=FILE`, or an archive that has them."));
    }
    Ok(parts)
}

/// Passes on what is wrong with an archive.
pub(crate) fn refused(fault: greatseal_core::error::ArchiveFault) -> Problem {
    let fault = Fault::from(fault);
    Problem::new(fault.code(), fault.to_string())
}
