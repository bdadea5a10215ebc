//! What a realm says of a key: the largest statement it signed, and until when it is named.

use std::collections::BTreeMap;
use std::path::Path;

use greatseal_core::key::PublicKey;
use greatseal_core::{Decoded, Statement, Timestamp};
use greatseal_token::{deed, ucan, wascap};

use crate::capability::{Book, State, is_running};
use crate::clock::{self, DAY};
use crate::files;
use crate::input::{Input, Kind};
use crate::lapses;
use crate::problem::Problem;
use crate::realm::Realm;

/// Folders in which statements lie.
const FOLDERS: [&str; 5] = ["tokens", "delegations", "endorsements", "revocations", "history"];

/// What a key signed, and what names it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Issued {
    /// The largest statement that it signed: bytes, and the file in the realm.
    pub(crate) largest: Option<(usize, String)>,
    /// What ends soon or has ended, of what names it and of what it signed.
    pub(crate) ending: Vec<Ending>,
    /// The first end of anything current that names it or that it signed.
    pub(crate) until: Option<Timestamp>,
}

/// Something that ends.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    pub(crate) what: String,
    pub(crate) next: String,
}

/// What a realm knows of all keys.
#[derive(Debug, Default)]
pub(crate) struct AllIssued(BTreeMap<PublicKey, Issued>);

impl AllIssued {
    /// Reads a realm.
    ///
    /// # Errors
    /// When its tokens or delegations cannot be read. What is no statement in its history is passed over.
    pub(crate) fn read(realm: &Realm, now: Timestamp) -> Result<Self, Problem> {
        let mut all = Self::default();
        for folder in FOLDERS {
            let folder = realm.folder().join(folder);
            // Version control keeps no empty folders.
            if !folder.exists() {
                continue;
            }
            for path in files::list(&folder)? {
                if path.extension().is_some_and(|ending| ending == "jwt" || ending == "ucan") {
                    all.measure(realm.folder(), &path)?;
                }
            }
        }
        all.tokens(realm, now)?;
        all.delegations(realm, now)?;
        Ok(all)
    }

    /// Returns what is known of a key.
    pub(crate) fn of(&self, key: &PublicKey) -> Issued {
        self.0.get(key).cloned().unwrap_or_default()
    }

    fn measure(&mut self, realm: &Path, path: &Path) -> Result<(), Problem> {
        match Input::read(path)?.kind {
            Kind::Token(text) => self.signed(realm, path, wascap::decode(&text).ok().as_ref()),
            Kind::Deed(text) => self.signed(realm, path, deed::decode(&text).ok().as_ref()),
            Kind::Ucans(ucans) => {
                for token in &ucans.tokens {
                    self.signed(realm, path, ucan::decode(token).ok().as_ref());
                }
            }
            Kind::Module(_) | Kind::Archive(_) | Kind::Neither(_) => {}
        }
        Ok(())
    }

    fn signed<T: Statement>(&mut self, realm: &Path, path: &Path, statement: Option<&Decoded<T>>) {
        let Some(statement) = statement else { return };
        let bytes = statement.signed().len();
        let issued = self.0.entry(statement.content().signer()).or_default();
        if issued.largest.as_ref().is_none_or(|(most, _)| *most < bytes) {
            let file = path.strip_prefix(realm).unwrap_or(path).display().to_string();
            issued.largest = Some((bytes, file));
        }
    }

    /// Looks at the operator's and the accounts' current tokens.
    fn tokens(&mut self, realm: &Realm, now: Timestamp) -> Result<(), Problem> {
        let current = realm.tokens()?;
        let operator = current
            .operator
            .iter()
            .map(|(_, token)| ("the operator's token".to_owned(), "greatseal operator reissue".to_owned(), token));
        let accounts = current.accounts.iter().map(|(name, _, token)| {
            (format!("the token of the account {name}"), format!("greatseal account reissue {name}"), token)
        });
        let most = realm.file().warnings.days.iter().copied().max().unwrap_or_default();
        for (what, next, token) in operator.chain(accounts) {
            let claims = token.content();
            let Some(end) = claims.terms.validity.expires else { continue };
            let mut keys: Vec<PublicKey> = claims.entity.signers().iter().map(|key| key.public_key()).collect();
            keys.extend(claims.entity.subject().map(|key| key.public_key()));
            keys.push(claims.issuer.public_key());
            keys.sort_unstable();
            keys.dedup();
            let left = end.as_secs().saturating_sub(now.as_secs());
            for key in keys {
                let how = if key == claims.issuer.public_key() { "which it signed" } else { "which names it" };
                let ends = if left == 0 { "ended" } else { "ends" };
                let ending =
                    Ending { what: format!("{what}, {how}, {ends} on {}", clock::day(end)), next: next.clone() };
                self.ends(key, end, now, (left <= u64::from(most) * DAY).then_some(ending));
            }
        }
        Ok(())
    }

    /// Looks at delegations that hold, but for those to running keys, which are short on purpose.
    fn delegations(&mut self, realm: &Realm, now: Timestamp) -> Result<(), Problem> {
        let book = Book::read(realm, now)?;
        let current: Vec<_> = book
            .entries()
            .iter()
            .filter(|entry| !is_running(entry.content()) && book.state(entry).0 == State::Current)
            .collect();
        for entry in &current {
            let Some(end) = book.last(entry) else { continue };
            let alike = |other: &&&crate::capability::Entry| {
                (other.issuer, other.audience, other.subject) == (entry.issuer, entry.audience, entry.subject)
                    && other.command.covers(&entry.command)
            };
            // Another stands in for it.
            if current.iter().filter(alike).any(|other| book.last(other).is_none_or(|last| last > end)) {
                continue;
            }
            let left = end.as_secs().saturating_sub(now.as_secs());
            let soon = left <= lapses::margin(realm, entry, end);
            let own = entry.expires() == Some(end);
            for (key, how) in [(entry.issuer, "which it signed"), (entry.audience, "which names it")] {
                let ending = if own {
                    Some(Ending {
                        what: format!("the delegation {}, {how}, ends at {}", entry.name, clock::show(end)),
                        next: format!("greatseal delegation renew {}", entry.name),
                    })
                } else if key == entry.audience {
                    // Renewing this one would change nothing; its issuer is told of the one that ends.
                    Some(Ending {
                        what: format!("what the delegation {} rests on ends at {}", entry.name, clock::show(end)),
                        next: format!("greatseal delegation show {}", entry.name),
                    })
                } else {
                    None
                };
                self.ends(key, end, now, ending.filter(|_| soon));
            }
        }
        for entry in lapses::ended(realm, &book) {
            let Some(end) = entry.expires() else { continue };
            for (key, how) in [(entry.issuer, "which it signed"), (entry.audience, "which names it")] {
                let ending = Ending {
                    what: format!("the delegation {}, {how}, ended at {}", entry.name, clock::show(end)),
                    next: format!("greatseal delegation renew {}", entry.name),
                };
                self.ends(key, end, now, Some(ending));
            }
        }
        Ok(())
    }

    fn ends(&mut self, key: PublicKey, end: Timestamp, now: Timestamp, ending: Option<Ending>) {
        let issued = self.0.entry(key).or_default();
        issued.ending.extend(ending);
        if end > now {
            issued.until = Some(issued.until.map_or(end, |until| until.min(end)));
        }
    }
}
