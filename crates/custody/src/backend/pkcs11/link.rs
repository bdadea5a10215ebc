//! One thread's session with a token, opened when it is needed and again when it was lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cryptoki::context::Pkcs11;
use cryptoki::error::Error;
use cryptoki::session::Session;
use cryptoki::slot::{Limit, Slot, TokenInfo};
use greatseal_core::error::Quoted;
use greatseal_core::key::{Nkey, PublicKey, Spelled};

use super::key::{Key, Objects};
use super::login::{Door, login};
use super::module::{BETWEEN, Inside, Module};
use super::trouble::Trouble;
use crate::fault::CustodyFault;
use crate::passphrase::Passphrase;
use crate::uri::Pkcs11Uri;

/// Sessions with one token at once, where it allows as many.
const SESSIONS: u64 = 4;

/// What all sessions of one custodian have in common.
pub(super) struct Target {
    pub(super) uri: Pkcs11Uri,
    /// The token, for messages.
    pub(super) place: String,
    /// The key that must be there.
    pub(super) pinned: Option<Spelled>,
    /// What sessions are for.
    pub(super) purpose: Purpose,
    /// How many threads are to work at once: one, until the token has said how many sessions it has.
    pub(super) crew: Arc<AtomicUsize>,
}

/// What sessions are for, and so how they are opened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Looking at what everybody may see: no login.
    Look,
    /// Signing.
    Sign,
    /// Making objects: a session that may write, and only one.
    Make,
}

/// What one thread holds: no session yet, or one.
pub(super) struct Link {
    target: Arc<Target>,
    module: Option<Arc<Module>>,
    live: Option<Live>,
}

/// An open session, logged in as far as its purpose asks.
pub(super) struct Live {
    pub(super) target: Arc<Target>,
    /// Never closed by itself: only under the initialisation that it was opened in, because the
    /// next one gives the same number to others.
    pub(super) session: Session,
    slot: Slot,
    generation: u64,
    key: Option<Key>,
}

impl Link {
    pub(super) const fn new(target: Arc<Target>) -> Self {
        Self { target, module: None, live: None }
    }

    /// Does something in the session, and once more in a new one if the old one was lost.
    pub(super) fn visit<R>(
        &mut self,
        pin: Option<&Passphrase>,
        act: &dyn Fn(&mut Live) -> Result<R, Trouble>,
    ) -> Result<R, Trouble> {
        let module = match &self.module {
            Some(module) => Arc::clone(module),
            None => Arc::clone(self.module.insert(Module::of(self.target.uri.module_path())?)),
        };
        let mut restarted = false;
        loop {
            let inside = module.enter()?;
            let generation = inside.generation();
            // The numbers of sessions of an earlier initialisation mean nothing, or something else.
            let held = self.live.take().filter(|live| live.generation == generation);
            let fresh = held.is_none();
            let mut slot = None;
            let answer = match held.map_or_else(|| self.open(&module, &inside, pin), Ok) {
                Ok(mut live) => {
                    slot = Some(live.slot.id());
                    let answer = act(&mut live);
                    match answer {
                        Ok(_) => self.live = Some(live),
                        // An operation may be half done in it.
                        Err(_) => live.close(&inside),
                    }
                    answer
                }
                Err(trouble) => Err(trouble),
            };
            drop(inside);
            match answer {
                Err(Trouble::Lost { .. }) if !fresh => {}
                Err(Trouble::Lost { .. }) if !restarted => {
                    module.restart(generation, slot, BETWEEN);
                    restarted = true;
                }
                // Each PIN comes here once, so that there is nothing to slow down.
                Err(Trouble::Refused { fault, slot }) => {
                    module.restart(generation, Some(slot), Duration::ZERO);
                    return Err(fault.into());
                }
                answer => return answer,
            }
        }
    }

    fn open(&self, module: &Module, inside: &Inside<'_>, pin: Option<&Passphrase>) -> Result<Live, Trouble> {
        let Target { uri, place, purpose, crew, .. } = &*self.target;
        // Whatever keeps a session from being opened keeps the token from being reached.
        let lost = Trouble::plainly_lost;
        let trouble = |error: &Error| lost(Trouble::of(error, place, "open a session"));
        let library = inside.library()?;
        let (slot, info) = self.find_token(library).map_err(lost)?;
        let session = match purpose {
            Purpose::Look | Purpose::Sign => library.open_ro_session_no_drop(slot),
            Purpose::Make => library.open_rw_session_no_drop(slot),
        }
        .map_err(|error| trouble(&error))?;
        inside.opened(slot);
        let target = Arc::clone(&self.target);
        let live = Live { target, session, slot, generation: inside.generation(), key: None };
        if *purpose != Purpose::Look {
            let door = Door { library, session: &live.session, slot, place };
            if let Err(trouble) = login(&mut module.logins(), &door, uri.pin_source(), pin) {
                live.close(inside);
                return Err(lost(trouble));
            }
        }
        if *purpose == Purpose::Sign {
            let most = if let Limit::Max(most) = info.max_session_count() { most.clamp(1, SESSIONS) } else { SESSIONS };
            crew.store(usize::try_from(most).unwrap_or(1), Ordering::Relaxed);
        }
        Ok(live)
    }

    /// Finds the one token that the URI names.
    fn find_token(&self, library: &Pkcs11) -> Result<(Slot, TokenInfo), Trouble> {
        let Target { uri, place, .. } = &*self.target;
        let slots = library.get_slots_with_token();
        let mut others = Vec::new();
        let mut found = Vec::new();
        for slot in slots.map_err(|error| Trouble::of(&error, place, "list its slots"))? {
            // A slot may lose its token while it is looked at.
            let Ok(info) = library.get_token_info(slot) else { continue };
            if !info.token_initialized() {
                continue;
            }
            if fits(uri, slot, &info) {
                found.push((slot, info));
            } else {
                others.push(info.label().escape_debug().to_string());
            }
        }
        if found.len() > 1 {
            let serials: Vec<_> =
                found.iter().map(|(slot, info)| format!("serial={} in slot-id={slot}", info.serial_number())).collect();
            let problem = format!("{} tokens fit: say which one with {}", serials.len(), serials.join(" or "));
            return Err(CustodyFault::Uri { found: Quoted::new(&uri.to_string()), problem }.into());
        }
        found.pop().ok_or_else(|| {
            let there = if others.is_empty() { "none is".into() } else { format!("there is {}", others.join(", ")) };
            Trouble::Lost { message: format!("it is in no slot; {there}"), vague: false }
        })
    }
}

/// Says whether a token has all the marks that the URI gives.
fn fits(uri: &Pkcs11Uri, slot: Slot, info: &TokenInfo) -> bool {
    let marks = uri.token();
    let is = |mark: &Option<String>, found: &str| mark.as_ref().is_none_or(|mark| mark == found);
    is(&marks.label, info.label())
        && is(&marks.manufacturer, info.manufacturer_id())
        && is(&marks.model, info.model())
        && is(&marks.serial, info.serial_number())
        && marks.slot.is_none_or(|id| id == slot.id())
}

impl Drop for Link {
    fn drop(&mut self) {
        let Some(live) = self.live.take() else { return };
        let Some(inside) = self.module.as_ref().and_then(|module| module.enter_if_ready()) else { return };
        if inside.generation() == live.generation {
            live.close(&inside);
        }
    }
}

impl Live {
    /// Returns the key of the URI; found once per session.
    ///
    /// # Errors
    /// [`CustodyFault::Pin`] when its public half is not the pinned key.
    pub(super) fn key(&mut self) -> Result<Key, Trouble> {
        if let Some(key) = self.key {
            return Ok(key);
        }
        let key = self.objects().key()?;
        if let (Some(pinned), Some(found)) = (self.target.pinned, key.public)
            && pinned.public_key() != found
        {
            return Err(CustodyFault::Pin { pinned, found: alike(&pinned, found) }.into());
        }
        Ok(*self.key.insert(key))
    }

    /// Returns the token's objects.
    pub(super) fn objects(&self) -> Objects<'_> {
        Objects { session: &self.session, uri: &self.target.uri, place: &self.target.place }
    }

    /// Sorts an error of the module.
    pub(super) fn trouble(&self, error: &Error, action: &'static str) -> Trouble {
        Trouble::of(error, &self.target.place, action)
    }

    fn close(self, inside: &Inside<'_>) {
        inside.closed(self.slot);
        // It may be closed already, by the token's removal.
        let _ = self.session.close();
    }
}

/// Spells the key that was found like the pinned one, so that a person can compare them.
fn alike(pinned: &Spelled, found: PublicKey) -> Spelled {
    match (pinned, found) {
        (Spelled::Nkey(nkey), PublicKey::Ed25519(raw)) => Nkey::new(nkey.role(), raw).into(),
        _ => Spelled::Did(found),
    }
}
