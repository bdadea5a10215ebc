//! One pin: a token that is trusted, or a bare key.

use std::path::{Path, PathBuf};

use greatseal_core::key::{Key, Role, Spelled};
use greatseal_core::limits::PIN_STEPS;
use greatseal_core::{Anchor, Decoded, Timestamp};
use greatseal_token::wascap::{self, Claims};
use serde::{Deserialize, Serialize};

use super::folder::{self, malformed};
use crate::problem::Problem;
use crate::realm::Name;

/// The version of `pin.toml` that this program writes and reads.
///
/// Rules for changing: unknown fields are refused, so every new field raises it.
const SCHEMA: u32 = 1;
const PIN: &str = "pin.toml";
const TOKEN: &str = "token.jwt";
/// Statements that led on from the token, one folder for each step.
pub(super) const FOLLOWED: &str = "followed";
/// Revocations that counted, by who signed them.
pub(super) const REVOKED: &str = "revoked";
const OWN: &str = "own";
const BELOW: &str = "below";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    schema: u32,
    key: String,
    /// The statement's id, for a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    statement: Option<String>,
    since: u64,
}

/// What is to be pinned.
#[derive(Debug)]
pub(crate) struct NewPin {
    anchor: Anchor,
    key: Spelled,
    token: Option<Vec<u8>>,
    since: Timestamp,
}

impl NewPin {
    /// Pins a token by its text, without the blanks around it.
    ///
    /// # Errors
    /// For an anchor that is nobody in particular.
    pub(crate) fn token(anchor: Anchor, token: &[u8], since: Timestamp) -> Result<Self, Problem> {
        Ok(Self { token: Some(token.to_vec()), ..Self::key(anchor, since)? })
    }

    /// Trusts a bare key.
    ///
    /// # Errors
    /// For an anchor that is nobody in particular.
    pub(crate) fn key(anchor: Anchor, since: Timestamp) -> Result<Self, Problem> {
        let key = anchor.subject().ok_or_else(|| {
            Problem::usage("`subject` is whoever a token names, which cannot be pinned")
                .hint("Name an operator's or account's key or token, or the DID of a root.")
        })?;
        Ok(Self { anchor, key, token: None, since })
    }

    pub(crate) fn key_of(&self) -> Spelled {
        self.key
    }

    /// Writes it down as files.
    pub(super) fn files(&self) -> Result<Vec<(String, Vec<u8>)>, Problem> {
        let written = Written {
            schema: SCHEMA,
            key: self.key.to_string(),
            statement: statement(&self.anchor),
            since: self.since.as_secs(),
        };
        let text = toml::to_string(&written).map_err(|error| malformed(Path::new(PIN), &error.to_string()))?;
        let text =
            format!("# Whom you trust: written by `greatseal trust add`. Keep it where only you can write.\n{text}");
        let mut files = vec![(PIN.to_owned(), text.into_bytes())];
        files.extend(self.token.as_ref().map(|token| (TOKEN.to_owned(), [token, &b"\n"[..]].concat())));
        Ok(files)
    }
}

/// A pin in the store.
#[derive(Debug)]
pub(crate) struct Pin {
    name: Name,
    anchor: Anchor,
    key: Spelled,
    since: Timestamp,
    token: Option<(PathBuf, Decoded<Claims>)>,
    followed: Vec<Vec<Vec<u8>>>,
    revoked: Vec<Revoked>,
}

/// A revocation that counted once under a pin.
#[derive(Clone, Debug)]
pub(crate) struct Revoked {
    /// Whether its signer is of the pin's own side, rather than of those below it.
    pub(crate) own: bool,
    /// Its statement's id, which is its name in the store.
    pub(crate) id: String,
    /// Its exact text.
    pub(crate) text: Vec<u8>,
}

impl Revoked {
    /// Names its place below a pin's folder.
    pub(super) fn place(&self) -> [&str; 3] {
        [REVOKED, if self.own { OWN } else { BELOW }, &self.id]
    }
}

impl Pin {
    /// Reads a pin's folder, and insists that its parts agree.
    pub(super) fn read(name: Name, path: &Path) -> Result<Self, Problem> {
        folder::must_be_folder(path)?;
        let file = path.join(PIN);
        let bytes = folder::read(&file)?.ok_or_else(|| malformed(&file, "it is missing"))?;
        let text = String::from_utf8(bytes).map_err(|_| malformed(&file, "it is no UTF-8 text"))?;
        let written: Written = toml::from_str(&text).map_err(|error| malformed(&file, &error.to_string()))?;
        if written.schema != SCHEMA {
            return Err(malformed(&file, &format!("schema {}, and this greatseal knows {SCHEMA}", written.schema)));
        }
        let key = Spelled::parse(&written.key).map_err(|fault| malformed(&file, &fault.to_string()))?;
        let bare = bare(key).ok_or_else(|| malformed(&file, &format!("nothing follows from trusting {key}")))?;
        let token = path.join(TOKEN);
        let (anchor, token) = match folder::read(&token)? {
            Some(bytes) => {
                let decoded =
                    wascap::decode(bytes.trim_ascii()).map_err(|fault| malformed(&token, &fault.to_string()))?;
                let anchor = wascap::pin(&decoded).ok_or_else(|| malformed(&token, "it cannot be pinned"))?;
                (anchor, Some((token, decoded)))
            }
            None => (bare, None),
        };
        // Both have to say the same, so that neither is changed or lost alone.
        if anchor.subject() != Some(key) || statement(&anchor) != written.statement {
            return Err(malformed(&file, "it names another token than the one beside it"));
        }
        let since = Timestamp::from_secs(written.since);
        let (followed, revoked) = (followed(&path.join(FOLLOWED))?, revoked(&path.join(REVOKED))?);
        Ok(Self { name, anchor, key, since, token, followed, revoked })
    }

    pub(crate) fn name(&self) -> &Name {
        &self.name
    }

    pub(crate) fn anchor(&self) -> &Anchor {
        &self.anchor
    }

    pub(crate) fn key(&self) -> Spelled {
        self.key
    }

    pub(crate) fn since(&self) -> Timestamp {
        self.since
    }

    /// Returns the pinned token as it was pinned, and where it lies; none for a bare key.
    pub(crate) fn token(&self) -> Option<&(PathBuf, Decoded<Claims>)> {
        self.token.as_ref()
    }

    /// Returns the statements that led on from the pinned token, step by step.
    pub(crate) fn followed(&self) -> &[Vec<Vec<u8>>] {
        &self.followed
    }

    /// Returns the revocations that counted under it.
    pub(crate) fn revoked(&self) -> &[Revoked] {
        &self.revoked
    }

    /// Returns every remembered statement, with its path below the pin's folder.
    pub(crate) fn remembered(&self) -> impl Iterator<Item = (PathBuf, &[u8])> {
        let numbered = self.followed.iter().enumerate().flat_map(|(step, statements)| {
            statements.iter().enumerate().map(move |(number, text)| {
                let place = [FOLLOWED.to_owned(), (step + 1).to_string(), (number + 1).to_string()];
                (PathBuf::from_iter(place), text.as_slice())
            })
        });
        numbered
            .chain(self.revoked.iter().map(|revoked| (PathBuf::from_iter(revoked.place()), revoked.text.as_slice())))
    }
}

/// Returns the id of the statement that an anchor pins.
pub(crate) fn statement(anchor: &Anchor) -> Option<String> {
    match anchor {
        Anchor::OperatorToken { id, .. } | Anchor::AccountToken { id, .. } => Some(id.to_string()),
        Anchor::Operator(_) | Anchor::Account(_) | Anchor::Root(_) | Anchor::Subject => None,
    }
}

/// Says what trusting a bare key means; none for a key from which nothing follows.
pub(crate) fn bare(key: Spelled) -> Option<Anchor> {
    let nkey = match key {
        Spelled::Did(root) => return Some(Anchor::Root(root)),
        Spelled::Nkey(nkey) => nkey,
    };
    match nkey.role() {
        Role::Operator => Some(Anchor::Operator(Key::new(*nkey.raw()))),
        Role::Account => Some(Anchor::Account(Key::new(*nkey.raw()))),
        Role::User | Role::Module | Role::Provider | Role::Host | Role::Cluster | Role::Curve => None,
    }
}

/// Names what kind of principal an anchor is.
pub(crate) fn role_word(anchor: &Anchor) -> &'static str {
    match anchor {
        Anchor::Operator(_) | Anchor::OperatorToken { .. } => Role::Operator.word(),
        Anchor::Account(_) | Anchor::AccountToken { .. } => Role::Account.word(),
        Anchor::Root(_) => "root",
        Anchor::Subject => "subject",
    }
}

/// Reads steps and their statements, each numbered from 1; a gap would be a step that was lost.
fn followed(path: &Path) -> Result<Vec<Vec<Vec<u8>>>, Problem> {
    if std::fs::symlink_metadata(path).is_err() {
        return Ok(Vec::new());
    }
    folder::must_be_folder(path)?;
    let count = |path: &Path| -> Result<usize, Problem> {
        Ok(folder::list(path)?.iter().filter(|name| !name.starts_with('.')).count())
    };
    let steps = count(path)?;
    if steps > PIN_STEPS {
        return Err(malformed(path, &format!("it holds more than {PIN_STEPS} steps")));
    }
    let step = |number: usize| {
        let path = path.join(number.to_string());
        folder::must_be_folder(&path)?;
        let statement = |number: usize| {
            let path = path.join(number.to_string());
            folder::read(&path)?.ok_or_else(|| malformed(&path, "it is missing"))
        };
        (1..=count(&path)?).map(statement).collect()
    };
    (1..=steps).map(step).collect()
}

/// Reads the revocations, in the order of their ids.
fn revoked(path: &Path) -> Result<Vec<Revoked>, Problem> {
    let mut found = Vec::new();
    if std::fs::symlink_metadata(path).is_err() {
        return Ok(found);
    }
    folder::must_be_folder(path)?;
    for (name, own) in [(OWN, true), (BELOW, false)] {
        let path = path.join(name);
        if std::fs::symlink_metadata(&path).is_err() {
            continue;
        }
        folder::must_be_folder(&path)?;
        for id in folder::list(&path)?.into_iter().filter(|name| !name.starts_with('.')) {
            let path = path.join(&id);
            // It may have made room for another since the folder was listed.
            found.extend(folder::read(&path)?.map(|text| Revoked { own, id, text }));
        }
    }
    Ok(found)
}
