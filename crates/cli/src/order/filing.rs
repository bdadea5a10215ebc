//! Where a statement goes in the realm once it is signed.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use greatseal_core::deed::{Act, Deed};
use greatseal_core::statement::StatementId;
use greatseal_core::{Cid, Code};
use greatseal_token::ucan::{Invocation, Ucan};
use greatseal_token::wascap::Entity;
use greatseal_token::wascap::archive::{Parts, Target};
use serde::{Deserialize, Serialize};

use super::draft::Draft;
use crate::problem::Problem;
use crate::realm::{Name, Realm};
use crate::text::short_digest;

/// Where a statement goes.
#[derive(Debug)]
pub(crate) enum Filing {
    /// `tokens/operator.jwt`.
    Operator,
    /// `tokens/account-NAME.jwt`.
    Account(Name),
    /// Into a copy of a module.
    Module(ModuleFiling),
    /// Into a provider archive, with the files that it vouches for.
    Provider(ProviderFiling),
    /// `endorsements/` or `revocations/`, by what it is and about.
    Deed(DeedFiling),
    /// `delegations/NAME.ucan`.
    Delegation(DelegationFiling),
    /// `revocations/`, by what it takes back.
    UcanRevocation(RevocationFiling),
}

/// What a delegation is called, and where else it is wanted.
#[derive(Clone, Debug)]
pub(crate) struct DelegationFiling {
    pub(crate) name: Name,
    /// A folder that gets a copy, with the delegations that it rests on.
    pub(crate) copy_to: Option<PathBuf>,
}

/// Which file the revocation of a UCAN goes into: its name follows from it alone.
#[derive(Clone, Debug)]
pub(crate) struct RevocationFiling {
    stem: String,
}

impl RevocationFiling {
    /// Names the file of a revocation that is to be signed.
    pub(crate) fn of(content: &Ucan, id: StatementId) -> Self {
        let digest = |of: &Cid| data_encoding::HEXLOWER.encode(of.digest());
        let token = content.invocation().and_then(Invocation::revokes).map(|it| digest(&it.token));
        let (token, id) = (token.unwrap_or_default(), id.to_string());
        Self { stem: format!("revocation-{}-{}", short_digest(&token), short_digest(&id)) }
    }
}

/// Which files a provider's token goes with.
#[derive(Debug)]
pub(crate) struct ProviderFiling {
    /// Where they are.
    pub(crate) sources: Sources,
    /// Where the archive is written.
    pub(crate) out: PathBuf,
    /// Whether it is gzipped.
    pub(crate) compress: bool,
    /// The files' bytes, if they were read already.
    pub(crate) parts: Option<Parts>,
}

/// Where a provider's files are: in an archive, and beside or in the place of its files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    pub(crate) archive: Option<PathBuf>,
    pub(crate) programs: BTreeMap<Target, PathBuf>,
    pub(crate) world: Option<PathBuf>,
}

/// Which file a deed goes into: its name follows from the deed alone.
#[derive(Debug)]
pub(crate) struct DeedFiling {
    folder: &'static str,
    stem: String,
}

impl DeedFiling {
    /// Names the file of a deed that is to be signed.
    pub(crate) fn of(deed: &Deed, id: StatementId) -> Self {
        let short = |id: StatementId| short_digest(&id.to_string()).to_owned();
        let (folder, about) = match &deed.act {
            Act::Endorse(of) | Act::Countersign(of) => ("endorsements", format!("-{}", short(*of))),
            Act::Revoke(_) => ("revocations", String::new()),
        };
        Self { folder, stem: format!("{}{about}-{}", deed.act.word(), short(id)) }
    }

    fn path(&self, realm: &Realm) -> PathBuf {
        realm.folder().join(self.folder).join(format!("{}.jwt", self.stem))
    }
}

/// Which module a token goes into.
#[derive(Debug)]
pub(crate) struct ModuleFiling {
    /// The module as it is.
    pub(crate) file: PathBuf,
    /// Where the signed copy is written.
    pub(crate) out: PathBuf,
    /// The module's bytes, if they were read already.
    pub(crate) bytes: Option<Vec<u8>>,
}

/// A filing in a request file. Paths are seen from the realm's folder, with `/` between the parts.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "as", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Written {
    Operator {},
    Account {
        name: String,
    },
    Module {
        file: String,
        out: String,
    },
    Provider {
        #[serde(skip_serializing_if = "Option::is_none")]
        archive: Option<String>,
        programs: BTreeMap<String, String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        world: Option<String>,
        out: String,
        compress: bool,
    },
    Deed {},
    Delegation {
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        copy_to: Option<String>,
    },
    UcanRevocation {},
}

impl Filing {
    /// Returns the file that it makes.
    pub(crate) fn path(&self, realm: &Realm) -> Result<PathBuf, Problem> {
        match self {
            Self::Operator => Ok(realm.operator_path()),
            Self::Account(name) => Ok(realm.account_path(&realm.name(name.as_str())?)),
            Self::Module(module) => Ok(module.out.clone()),
            Self::Provider(provider) => Ok(provider.out.clone()),
            Self::Deed(deed) => Ok(deed.path(realm)),
            Self::Delegation(delegation) => Ok(realm.delegation_path(&delegation.name)),
            Self::UcanRevocation(revocation) => Ok(realm.ucan_revocation_path(&revocation.stem)),
        }
    }

    /// Insists that a statement is one that belongs there.
    ///
    /// # Errors
    /// `GS-REQUEST-ALTERED`: no command makes an order that does not agree with itself.
    pub(super) fn must_fit(&self, draft: &Draft) -> Result<(), Problem> {
        let entity = draft.wascap().map(|claims| &claims.entity);
        let fits = match self {
            Self::Operator => matches!(entity, Some(Entity::Operator(_))),
            Self::Account(_) => matches!(entity, Some(Entity::Account(_))),
            Self::Module(_) => matches!(entity, Some(Entity::Module(_))),
            Self::Provider(_) => matches!(entity, Some(Entity::Provider(_))),
            Self::Deed(_) => draft.deed().is_some(),
            Self::Delegation(_) => matches!(draft.ucan(), Some(Ucan::Delegation(_))),
            Self::UcanRevocation(_) => draft.ucan().and_then(Ucan::invocation).is_some_and(|it| it.revokes().is_some()),
        };
        if fits {
            return Ok(());
        }
        Err(Problem::new(
            Code::RequestAltered,
            format!("a statement would be filed as something else: {}", draft.about()),
        ))
    }

    pub(super) fn write(&self, realm: &Realm) -> Result<Written, Problem> {
        Ok(match self {
            Self::Operator => Written::Operator {},
            Self::Account(name) => Written::Account { name: name.as_str().into() },
            Self::Module(ModuleFiling { file, out, bytes: _ }) => {
                Written::Module { file: seen_from(realm, file)?, out: seen_from(realm, out)? }
            }
            Self::Provider(ProviderFiling { sources, out, compress, parts: _ }) => {
                let seen = |path: &PathBuf| seen_from(realm, path);
                let programs = sources.programs.iter();
                Written::Provider {
                    archive: sources.archive.as_ref().map(seen).transpose()?,
                    programs: programs
                        .map(|(target, path)| Ok((target.to_string(), seen(path)?)))
                        .collect::<Result<_, Problem>>()?,
                    world: sources.world.as_ref().map(seen).transpose()?,
                    out: seen(out)?,
                    compress: *compress,
                }
            }
            Self::Deed(_) => Written::Deed {},
            Self::Delegation(DelegationFiling { name, copy_to }) => {
                let copy_to = copy_to.as_ref().map(|folder| seen_from(realm, folder)).transpose()?;
                Written::Delegation { name: name.as_str().into(), copy_to }
            }
            Self::UcanRevocation(_) => Written::UcanRevocation {},
        })
    }

    /// Reads what was written; without a realm the paths are only for show.
    pub(super) fn read(written: Written, draft: &Draft, realm: Option<&Realm>) -> Result<Self, Problem> {
        let place = |path: String| realm.map_or_else(|| PathBuf::from(&path), |realm| realm.folder().join(&path));
        Ok(match written {
            Written::Operator {} => Self::Operator,
            Written::Account { name } => Self::Account(Name::parse(&name)?),
            Written::Module { file, out } => {
                Self::Module(ModuleFiling { file: place(file), out: place(out), bytes: None })
            }
            Written::Provider { archive, programs, world, out, compress } => {
                let target = |(name, path): (String, String)| {
                    let unknown = || Problem::new(Code::RequestMalformed, format!("{name:?} is no target"));
                    Target::parse(&name).map(|target| (target, place(path))).map_err(|_| unknown())
                };
                let programs = programs.into_iter().map(target).collect::<Result<_, _>>()?;
                let sources = Sources { archive: archive.map(place), programs, world: world.map(place) };
                Self::Provider(ProviderFiling { sources, out: place(out), compress, parts: None })
            }
            Written::Deed {} => match draft.deed() {
                Some(deed) => Self::Deed(DeedFiling::of(deed, draft.id())),
                None => return Err(Problem::new(Code::RequestAltered, "a token would be filed as a deed")),
            },
            Written::Delegation { name, copy_to } => {
                Self::Delegation(DelegationFiling { name: Name::parse(&name)?, copy_to: copy_to.map(place) })
            }
            Written::UcanRevocation {} => match draft.ucan() {
                Some(content) => Self::UcanRevocation(RevocationFiling::of(content, draft.id())),
                None => return Err(Problem::new(Code::RequestAltered, "a token would be filed as a revocation")),
            },
        })
    }
}

/// Spells a path as it is seen from the realm's folder, so that nobody's home is told to the world.
fn seen_from(realm: &Realm, path: &Path) -> Result<String, Problem> {
    if path == Path::new("-") {
        return Err(Problem::usage("a module from standard input cannot wait for a signature")
            .hint("Name the module's file: it is needed again when the signature has come."));
    }
    let absolute = |path: &Path| {
        let whole = std::path::absolute(path)?;
        // The file itself need not exist yet.
        let folder = whole.parent().unwrap_or(&whole).canonicalize()?;
        Ok(whole.file_name().map_or_else(|| folder.clone(), |name| folder.join(name)))
    };
    let path = absolute(path).map_err(|error: std::io::Error| Problem::io("cannot find", path, &error))?;
    let relative = relative(realm.folder(), &path).unwrap_or_else(|| path.clone());
    let parts: Option<Vec<&str>> = relative.components().map(|part| part.as_os_str().to_str()).collect();
    let spelled = parts.ok_or_else(|| Problem::usage("the module's path is no text, so no request can name it"))?;
    Ok(spelled.join("/").replace("//", "/"))
}

/// The way from a folder to a path, both absolute; none between two drives.
fn relative(from: &Path, to: &Path) -> Option<PathBuf> {
    let (mut from, mut to) = (from.components().peekable(), to.components().peekable());
    if from.peek() != to.peek() {
        return None;
    }
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    Some(from.map(|_| Component::ParentDir).chain(to).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_realm() {
        for (to, seen) in [
            ("/data/x/acme/a.wasm", "a.wasm"),
            ("/data/x/a.wasm", "../a.wasm"),
            ("/data/x/build/a.wasm", "../build/a.wasm"),
            ("/srv/a.wasm", "../../../srv/a.wasm"),
        ] {
            assert_eq!(relative(Path::new("/data/x/acme"), Path::new(to)), Some(PathBuf::from(seen)));
        }
    }
}
