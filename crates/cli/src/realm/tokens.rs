//! The tokens of a realm: current ones in `tokens/`, superseded ones in `history/`.

use std::path::PathBuf;

use greatseal_core::decide::Candidate;
use greatseal_core::issue::Issued;
use greatseal_core::{Code, Decoded};
use greatseal_custody::KeyName;
use greatseal_token::wascap::{self, Claims, Entity};

use super::{Name, Realm, Write, own};
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
            let bytes = files::read(&path, greatseal_core::limits::TOKEN_BYTES as u64 + 1)?;
            let token = wascap::decode(bytes.trim_ascii())
                .map_err(|fault| Problem::new(fault.code(), format!("{}: {fault}", text::path(&path))))?;
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

    /// Saves a new token under a name that has none yet.
    ///
    /// # Errors
    /// `GS-REALM-EXISTS` when the name has one.
    pub(crate) fn save(&mut self, path: &std::path::Path, token: &Issued<Claims>) -> Result<(), Problem> {
        let mut text = token.bytes().to_vec();
        text.push(b'\n');
        self.write(path, Write::New(text))
    }
}
