//! Carrying out orders: signed and filed at once, or left as a request for another machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use greatseal_core::Code;
use greatseal_core::issue::SigningRequest;
use greatseal_core::key::PublicKey;

use super::{Desk, Filed};
use crate::order::{Order, RequestDigest};
use crate::problem::Problem;
use crate::realm::Write;
use crate::text;

/// How an order ended.
#[derive(Debug)]
pub(crate) enum Outcome<T> {
    /// It was signed, checked and filed.
    Done(T),
    /// A key that has to sign is elsewhere.
    Waiting(Waiting),
}

/// A request that waits in the realm.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) path: PathBuf,
    pub(crate) digest: RequestDigest,
    /// What is to be signed, a line for each statement.
    pub(crate) about: Vec<String>,
    /// Whose signatures are missing.
    pub(crate) missing: Vec<PublicKey>,
}

impl<T> Outcome<T> {
    /// Turns what was filed into something else; a request stays one.
    pub(crate) fn map<U>(self, turn: impl FnOnce(T) -> Result<U, Problem>) -> Result<Outcome<U>, Problem> {
        match self {
            Self::Done(done) => turn(done).map(Outcome::Done),
            Self::Waiting(waiting) => Ok(Outcome::Waiting(waiting)),
        }
    }

    /// Insists that nothing has to wait.
    ///
    /// # Errors
    /// `GS-CUSTODY-MISSING` when something does.
    pub(crate) fn done(self) -> Result<T, Problem> {
        match self {
            Self::Done(done) => Ok(done),
            Self::Waiting(waiting) => {
                Err(Problem::new(Code::CustodyMissing, format!("{} waits for a signature", text::path(&waiting.path))))
            }
        }
    }
}

impl Waiting {
    pub(super) fn of(order: &Order, path: PathBuf) -> Self {
        Self {
            path,
            digest: order.digest(),
            about: order.items.iter().map(|item| item.draft.about()).collect(),
            missing: order.missing(),
        }
    }
}

impl Desk {
    /// Signs what custody here can sign. If that is everything, it is checked and filed; else a
    /// request with the signatures made so far waits in the realm for the others.
    ///
    /// # Errors
    /// What keeps it from being signed, accepted by verifiers, or filed; then nothing was filed.
    pub(crate) fn carry_out(&mut self, mut order: Order) -> Result<Outcome<Vec<Filed>>, Problem> {
        order.must_be_fit()?;
        self.must_be_free(&order)?;
        self.realm.must_admit(&order.keys.keys)?;
        let mut at_hand: BTreeMap<PublicKey, Vec<usize>> = BTreeMap::new();
        for (place, item) in order.items.iter_mut().enumerate().filter(|(_, item)| item.signature.is_none()) {
            let request = item.draft.request();
            if let Some(signature) = order.keys.sign(request)? {
                item.signature = Some(signature);
            } else if self.ring.has(request.signer())? {
                at_hand.entry(*request.signer()).or_default().push(place);
            }
        }
        // What one key signs goes to it together: some places take many at once.
        for (signer, places) in at_hand {
            let requests: Vec<SigningRequest> = places
                .iter()
                .filter_map(|place| order.items.get(*place))
                .map(|it| it.draft.request().clone())
                .collect();
            for (place, signature) in places.into_iter().zip(self.ring.sign_all(&signer, &requests)?) {
                if let Some(item) = order.items.get_mut(place) {
                    item.signature = Some(signature);
                }
            }
        }
        if !order.is_signed() {
            return self.leave(&order).map(Outcome::Waiting);
        }
        self.file(order, None).map(Outcome::Done)
    }

    /// Keeps the new keys and leaves the request.
    fn leave(&mut self, order: &Order) -> Result<Waiting, Problem> {
        // Before any key is made: what cannot be written down is told at once.
        order.to_bytes(&self.realm)?;
        self.keep_keys(&order.keys)?;
        let path = self.save_new(order)?;
        Ok(Waiting::of(order, path))
    }

    /// Saves an order under a name that no other request has.
    fn save_new(&mut self, order: &Order) -> Result<PathBuf, Problem> {
        let bytes = order.to_bytes(&self.realm)?;
        let mut number = 1_u32;
        loop {
            let path = self.realm.request_path(&match number {
                1 => order.name.clone(),
                number => format!("{}-{number}", order.name),
            });
            if !path.exists() {
                return self.realm.write(&path, Write::New(bytes)).map(|()| path);
            }
            number += 1;
        }
    }

    /// Refuses an order for a place that another request is for already.
    fn must_be_free(&self, order: &Order) -> Result<(), Problem> {
        for (name, path) in self.realm.requests()? {
            // What cannot be read is told by whoever lists it, and is for no place.
            let Ok(other) = Order::read(&path, Some(&self.realm)) else { continue };
            if let Some(note) = order.notes.iter().find(|ours| other.notes.iter().any(|theirs| theirs.same_thing(ours)))
            {
                let fault = format!("the request {name} waits already, and would make {}", note.what());
                return Err(Problem::new(Code::RealmExists, fault).hint(format!(
                    "`greatseal request show {name}` shows it, `greatseal request cancel {name}` gives it up."
                )));
            }
            for theirs in &other.items {
                let theirs = theirs.filing.path(&self.realm)?;
                for ours in &order.items {
                    if same_place(&ours.filing.path(&self.realm)?, &theirs) {
                        let fault = format!("the request {name} waits already, and would make {}", text::path(&theirs));
                        return Err(Problem::new(Code::RealmExists, fault).hint(format!(
                            "`greatseal request show {name}` shows it, `greatseal request cancel {name}` gives it up."
                        )));
                    }
                }
            }
        }
        Ok(())
    }

    /// Shows a key by whatever name is known here: the realm's, else custody's.
    pub(crate) fn show_signer(&self, key: &PublicKey) -> String {
        match self.realm.name_of(key) {
            Some(name) => name.to_string(),
            None => self.ring.name_of(key).ok().flatten().map_or_else(|| key.to_string(), |name| name.to_string()),
        }
    }
}

/// Says whether two paths name the same file, which need not exist.
fn same_place(a: &Path, b: &Path) -> bool {
    let whole = |path: &Path| {
        let path = std::path::absolute(path).ok()?;
        Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?))
    };
    whole(a).is_some_and(|a| whole(b) == Some(a))
}

// Apart, because they use keys that protect nothing, which no shipped file may name.
#[cfg(test)]
#[path = "../../tests/desk/orders.rs"]
mod tests;
