//! What was taken back: UCAN revocations and Greatseal's own deeds, out of a folder.
//!
//! A revocation that was seen once counts for as long as the process lives, also when its file is
//! gone: taking back is irreversible. Whether it is by somebody who may is not decided here; only
//! what could matter is handed on, and verified with the chain that it is about.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use greatseal_core::decide::Candidate;
use greatseal_core::deed::Act;
use greatseal_core::error::{DecodeFault, DelegationFault, Quoted};
use greatseal_core::key::PublicKey;
use greatseal_core::limits::{HEARD_REVOCATIONS, KNOWN_REVOCATIONS};
use greatseal_core::supply::Supply;
use greatseal_core::{Cid, Statement, Timestamp};
use greatseal_token::ucan::{Ucan, Verifier};
use greatseal_token::{deed, ucan};

use crate::folder::{Folder, Read1, Report, Unreadable};
use crate::material::{Material, take_apart};

/// What a chain could be taken back by.
#[derive(Debug, Default)]
pub struct Found {
    /// The bytes of UCAN revocations.
    pub ucans: Vec<Arc<[u8]>>,
    /// The texts of deeds.
    pub deeds: Vec<Arc<[u8]>>,
}

impl Found {
    /// Asks for whatever could take one of these tokens back: by any of its names, or by its issuer.
    pub(crate) fn about<'t>(
        revocations: &dyn Revocations,
        tokens: impl Iterator<Item = &'t Ucan> + Clone,
        now: Timestamp,
    ) -> Result<Self, DelegationFault> {
        let names = tokens.clone().filter_map(Ucan::aliases);
        let cids: Vec<Cid> = names.flat_map(|it| core::iter::once(it.cid).chain(it.twin)).collect();
        let issuers: Vec<PublicKey> = tokens.map(Statement::signer).collect();
        revocations.look_up(&cids, &issuers, now)
    }

    /// Joins tokens with what was found about them, for a decision.
    pub(crate) fn beside(
        &self,
        mut tokens: Vec<Candidate<Ucan>>,
        verifier: &mut Verifier,
    ) -> Result<Supply<Ucan>, DecodeFault> {
        for token in &self.ucans {
            tokens.push(verifier.read(token)?);
        }
        let deeds = self.deeds.iter().map(|deed| verifier.read_deed(deed)).collect::<Result<Vec<_>, _>>()?;
        Ok(Supply::heap(tokens).with_deeds(deeds))
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.ucans.is_empty() && self.deeds.is_empty()
    }
}

/// Somewhere to ask what was taken back.
pub trait Revocations: Send + Sync {
    /// Finds whatever names one of these CIDs, and the deeds of these issuers.
    ///
    /// # Errors
    /// [`DelegationFault::LookUp`] when it cannot be found out: the call is refused then.
    fn look_up(&self, cids: &[Cid], issuers: &[PublicKey], now: Timestamp) -> Result<Found, DelegationFault>;
}

/// Nothing is ever taken back: a named choice, for realms that rely on short expiries alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoRevocations;

impl Revocations for NoRevocations {
    fn look_up(&self, _: &[Cid], _: &[PublicKey], _: Timestamp) -> Result<Found, DelegationFault> {
        Ok(Found::default())
    }
}

/// A folder of revocations, looked at again when it is asked and a second has passed.
pub struct RevocationFolder {
    state: Mutex<State>,
    report: Report,
}

struct State {
    folder: Folder,
    known: Known,
    /// Why what was read last does not count.
    failed: Option<String>,
}

/// Everything that was ever seen.
#[derive(Debug, Default)]
struct Known {
    ucans: BTreeMap<Cid, Vec<Arc<[u8]>>>,
    deeds: BTreeMap<PublicKey, Vec<Arc<[u8]>>>,
    count: usize,
}

impl RevocationFolder {
    /// Names a folder; nothing is read yet. `report` hears about every file that is not made use of.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, report: Report) -> Self {
        let state = State { folder: Folder::new(path.into(), None), known: Known::default(), failed: None };
        Self { state: Mutex::new(state), report }
    }

    fn refresh(&self, state: &mut State, now: Timestamp) -> Result<(), DelegationFault> {
        match state.folder.changes(now) {
            Ok(None) => {}
            Ok(Some(files)) => state.failed = self.read(&mut state.known, &files).err(),
            Err(fault) => return Err(look_up(&fault.to_string())),
        }
        match &state.failed {
            Some(why) => {
                // Permissions change without a change of the files' own times everywhere.
                state.folder.forget();
                Err(look_up(why))
            }
            None => Ok(()),
        }
    }

    fn read(&self, known: &mut Known, files: &[Read1]) -> Result<(), String> {
        let mut failed = Ok(());
        for (path, bytes) in files {
            let unreadable = match bytes {
                Ok(bytes) => known.add(bytes).err(),
                Err(error) => {
                    // What it takes back is not known, so nothing is certain.
                    failed = Err(format!("cannot read {}: {error}", path.display()));
                    Some(Unreadable::Io { message: error.to_string() })
                }
            };
            if let Some(unreadable) = unreadable {
                (self.report)(path, &unreadable);
            }
        }
        if known.count > KNOWN_REVOCATIONS {
            return Err(format!("there are more than {KNOWN_REVOCATIONS} revocations"));
        }
        failed
    }
}

impl Known {
    fn add(&mut self, bytes: &[u8]) -> Result<(), Unreadable> {
        match take_apart(bytes)? {
            Material::Deed(text) => {
                let decoded = deed::decode(&text)?;
                match &decoded.content().act {
                    Act::Revoke(_) => {
                        let signer = decoded.content().signer();
                        self.count += usize::from(keep(self.deeds.entry(signer).or_default(), &text));
                        Ok(())
                    }
                    Act::Endorse(_) | Act::Countersign(_) => Err(Unreadable::Kind("it takes nothing back")),
                }
            }
            Material::Ucans(tokens) => {
                // One that is none does not hide the others.
                let mut first = Ok(());
                for token in tokens {
                    let added = self.add_ucan(&token);
                    first = first.and(added);
                }
                first
            }
        }
    }

    fn add_ucan(&mut self, token: &[u8]) -> Result<(), Unreadable> {
        let decoded = ucan::decode(token)?;
        let Some(revokes) = decoded.content().invocation().and_then(ucan::Invocation::revokes) else {
            return Err(Unreadable::Kind("a token in it takes nothing back"));
        };
        self.count += usize::from(keep(self.ucans.entry(revokes.token).or_default(), token));
        Ok(())
    }
}

/// Keeps a token once.
fn keep(kept: &mut Vec<Arc<[u8]>>, token: &[u8]) -> bool {
    let new = !kept.iter().any(|it| **it == *token);
    if new {
        kept.push(token.into());
    }
    new
}

impl Revocations for RevocationFolder {
    fn look_up(&self, cids: &[Cid], issuers: &[PublicKey], now: Timestamp) -> Result<Found, DelegationFault> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.refresh(&mut state, now)?;
        let ucans: Vec<Arc<[u8]>> =
            cids.iter().filter_map(|cid| state.known.ucans.get(cid)).flatten().cloned().collect();
        let mut issuers = issuers.to_vec();
        issuers.sort_unstable();
        issuers.dedup();
        let deeds: Vec<Arc<[u8]>> =
            issuers.iter().filter_map(|key| state.known.deeds.get(key)).flatten().cloned().collect();
        if ucans.len() + deeds.len() > HEARD_REVOCATIONS {
            return Err(look_up(&format!("more than {HEARD_REVOCATIONS} revocations could be meant")));
        }
        Ok(Found { ucans, deeds })
    }
}

fn look_up(why: &str) -> DelegationFault {
    DelegationFault::LookUp { what: "what was revoked", why: Quoted::sentence(why) }
}
