//! The tokens of a realm: current ones in `tokens/`, superseded ones in `history/`.

use std::path::{Path, PathBuf};

use greatseal_core::decide::Candidate;
use greatseal_core::deed::Deed;
use greatseal_core::supply::Supply;
use greatseal_core::{Code, Decoded};
use greatseal_custody::KeyName;
use greatseal_token::deed;
use greatseal_token::wascap::{self, Claims, Entity};

use super::place::Place;
use super::{Name, Realm, own};
use crate::files;
use crate::problem::Problem;
use crate::text;

/// The operator's token and the accounts', as they stand in the realm's folder.
#[derive(Debug, Default)]
pub(crate) struct Current {
    pub(crate) operator: Option<(PathBuf, Decoded<Claims>)>,
    pub(crate) accounts: Vec<(Name, PathBuf, Decoded<Claims>)>,
}

impl Current {
    /// Returns all of them, to build chains from.
    pub(crate) fn candidates(&self) -> Vec<Candidate<Claims>> {
        let operator = self.operator.iter().map(|(_, token)| token);
        let accounts = self.accounts.iter().map(|(_, _, token)| token);
        operator.chain(accounts).cloned().map(Candidate::Decoded).collect()
    }
}

impl Realm {
    /// Hands over everything that this realm's verifiers know: current tokens, the operator tokens
    /// that were superseded, endorsements, countersignatures and revocations.
    ///
    /// # Errors
    /// When something in those folders is none of these.
    pub(crate) fn supply(&self) -> Result<Supply<Claims>, Problem> {
        let mut tokens = self.tokens()?.candidates();
        tokens.extend(self.superseded()?.into_iter().map(Candidate::Decoded));
        let deeds = self.deeds()?.into_iter().map(|(_, deed)| Candidate::Decoded(deed));
        Ok(Supply::heap(tokens).with_deeds(deeds))
    }

    /// Reads the operator tokens that were superseded.
    ///
    /// # Errors
    /// When a file that is named as one is none.
    pub(crate) fn superseded(&self) -> Result<Vec<Decoded<Claims>>, Problem> {
        let mut tokens = Vec::new();
        for path in own_files(&self.folder.join("history"))? {
            let is_operator = |name: &str| name.starts_with("operator-") && name.ends_with(".jwt");
            if path.file_name().and_then(|name| name.to_str()).is_some_and(is_operator) {
                tokens.push(read_token(&path)?);
            }
        }
        Ok(tokens)
    }

    /// Reads the tokens of an account that were replaced, as far as the history keeps them.
    ///
    /// # Errors
    /// When the history is damaged.
    pub(crate) fn replaced(&self, account: &KeyName) -> Result<Vec<Decoded<Claims>>, Problem> {
        let path = Place::of(&self.folder, &self.account_path(account))?;
        let mut tokens = Vec::new();
        for change in self.changes()? {
            for changed in change.record.files.iter().filter(|changed| changed.path == path) {
                let was = change.was(changed)?;
                tokens.extend(was.and_then(|bytes| wascap::decode(bytes.trim_ascii()).ok()));
            }
        }
        Ok(tokens)
    }

    /// Reads what is in `endorsements/` and `revocations/`.
    ///
    /// # Errors
    /// When a file there is no deed.
    pub(crate) fn deeds(&self) -> Result<Vec<(PathBuf, Decoded<Deed>)>, Problem> {
        let mut deeds = Vec::new();
        for folder in ["endorsements", "revocations"] {
            for path in own_files(&self.folder.join(folder))? {
                if path.extension().is_none_or(|ending| ending != "jwt") {
                    continue;
                }
                let bytes = files::read(&path, greatseal_core::limits::TOKEN_BYTES as u64 + 1)?;
                let deed = deed::decode(bytes.trim_ascii())
                    .map_err(|fault| Problem::new(fault.code(), format!("{}: {fault}", text::path(&path))))?;
                deeds.push((path, deed));
            }
        }
        Ok(deeds)
    }

    pub(crate) fn operator_path(&self) -> PathBuf {
        self.folder.join("tokens").join("operator.jwt")
    }

    pub(crate) fn account_path(&self, name: &KeyName) -> PathBuf {
        self.folder.join("tokens").join(format!("account-{}.jwt", own(name)))
    }

    /// Reads the current tokens.
    ///
    /// # Errors
    /// When a file that is named as a token is none: a realm's folder does not hold such by chance.
    pub(crate) fn tokens(&self) -> Result<Current, Problem> {
        let mut current = Current::default();
        for path in files::list(&self.folder.join("tokens"))? {
            let Some(stem) = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".jwt"))
            else {
                continue;
            };
            let token = read_token(&path)?;
            let wrong = |what: &str| {
                Problem::new(Code::RealmMalformed, format!("{} does not hold {what}", text::path(&path)))
                    .hint("Take the last good file from version control.")
            };
            if stem == "operator" {
                if !matches!(token.content().entity, Entity::Operator(_)) {
                    return Err(wrong("an operator's token"));
                }
                current.operator = Some((path, token));
            } else if let Some(name) = stem.strip_prefix("account-") {
                if !matches!(token.content().entity, Entity::Account(_)) {
                    return Err(wrong("an account's token"));
                }
                current.accounts.push((Name::parse(name)?, path, token));
            }
        }
        Ok(current)
    }
}

/// Lists a folder's own files; none when it is not there, as version control keeps no empty folders.
pub(super) fn own_files(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let all = files::list(folder)?;
    Ok(all.into_iter().filter(|path| path.parent() == Some(folder)).collect())
}

fn read_token(path: &Path) -> Result<Decoded<Claims>, Problem> {
    let bytes = files::read(path, greatseal_core::limits::TOKEN_BYTES as u64 + 1)?;
    wascap::decode(bytes.trim_ascii())
        .map_err(|fault| Problem::new(fault.code(), format!("{}: {fault}", text::path(path))))
}
