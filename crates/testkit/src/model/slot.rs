//! Tokens that say something else in every history.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use greatseal_core::key::{Account, Key, Nkey, Operator, PublicKey};
use greatseal_core::statement::{Family, Grant};
use greatseal_core::succession::Succession;
use greatseal_core::time::{Timestamp, Validity};
use greatseal_core::verify::verify;
use greatseal_core::{Decoded, Statement, StatementId, Verified};

use crate::chain::{TestKey, operator};

/// Histories that one generation of slots is used for.
const TURNS: usize = 256;

/// Slots that are made at once.
const MORE: usize = 32;

/// What a slot says in one history.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) issuer: Nkey,
    pub(super) issued_at: Timestamp,
    pub(super) validity: Validity,
    pub(super) content: Content,
}

/// Whom it is about, and what it says about them.
#[derive(Debug)]
pub(super) enum Content {
    Operator { subject: Key<Operator>, signers: Vec<Key<Operator>>, succession: Option<Succession> },
    Account { subject: Key<Account>, signers: Vec<Key<Account>> },
    Code { subject: Nkey, revision: i32 },
}

/// Claims with a row for each history of a generation; only that of the present turn is read.
///
/// Rows are written once and never changed, so that what the graph borrows stays as it is.
#[derive(Debug)]
pub(super) struct Slot {
    own: PublicKey,
    turn: Arc<AtomicUsize>,
    rows: Box<[OnceLock<Row>]>,
}

impl Slot {
    fn row(&self) -> Option<&Row> {
        self.rows.get(self.turn.load(Ordering::Relaxed)).and_then(OnceLock::get)
    }
}

impl Statement for Slot {
    fn family(&self) -> Family {
        Family::Wascap
    }

    fn signer(&self) -> PublicKey {
        self.row().map_or(self.own, |row| row.issuer.public_key())
    }

    fn issued_at(&self) -> Timestamp {
        self.row().map_or(Timestamp::from_secs(0), |row| row.issued_at)
    }

    fn validity(&self) -> Validity {
        self.row().map_or_else(Validity::default, |row| row.validity)
    }

    fn grant(&self) -> Grant<'_> {
        let Some(Row { issuer, content, .. }) = self.row() else { return Grant::Nothing { what: "blank" } };
        let issuer = *issuer;
        match content {
            Content::Operator { subject, signers, succession } => {
                Grant::Operator { issuer, subject: *subject, signers, succession: succession.as_ref() }
            }
            Content::Account { subject, signers } => Grant::Account { issuer, subject: *subject, signers },
            Content::Code { subject, revision } => Grant::Code { issuer, subject: *subject, revision: *revision },
        }
    }
}

/// One generation of slots.
pub(super) struct Slots {
    turn: Arc<AtomicUsize>,
    verified: Vec<Verified<Slot>>,
}

impl Slots {
    pub(super) fn new() -> Self {
        // Before the first turn no slot says anything.
        Self { turn: Arc::new(AtomicUsize::new(usize::MAX)), verified: Vec::new() }
    }

    /// Begins the next history; the last one's slots say nothing more.
    pub(super) fn next_turn(&mut self) {
        let next = self.turn.load(Ordering::Relaxed).wrapping_add(1);
        if next < TURNS {
            self.turn.store(next, Ordering::Relaxed);
        } else {
            *self = Self::new();
            self.turn.store(0, Ordering::Relaxed);
        }
    }

    /// Lets a slot say something in this history.
    pub(super) fn say(&mut self, place: usize, row: Row) {
        while self.verified.len() <= place {
            self.grow();
        }
        let turn = self.turn.load(Ordering::Relaxed);
        let free = self.verified.get(place).and_then(|slot| slot.content().rows.get(turn));
        assert!(free.is_some_and(|free| free.set(row).is_ok()), "a slot says one thing in a history");
    }

    /// Returns a slot that says something.
    pub(super) fn token(&self, place: usize) -> Option<Verified<Slot>> {
        self.verified.get(place).filter(|slot| slot.content().row().is_some()).cloned()
    }

    /// Makes more slots, each verified under its own key while it says nothing.
    fn grow(&mut self) {
        let key = operator("signs the slots of the model");
        let own = key.nkey().public_key();
        let first = self.verified.len();
        let blank = (first..first + MORE).map(|place| self.blank(place, own, &key)).collect();
        let verified = verify(blank, NonZeroUsize::MIN);
        self.verified.extend(verified.into_iter().map(|verdict| verdict.expect("signed just now")));
    }

    fn blank(&self, place: usize, own: PublicKey, key: &TestKey) -> Decoded<Slot> {
        let signed = bytes(place);
        let rows = (0..TURNS).map(|_| OnceLock::new()).collect();
        let slot = Slot { own, turn: Arc::clone(&self.turn), rows };
        Decoded::new(slot, &signed, 0..signed.len(), key.sign(&signed)).expect("all of it is signed")
    }
}

/// Returns the id that a slot has in every generation.
pub(super) fn id(place: usize) -> StatementId {
    StatementId::of(&bytes(place))
}

fn bytes(place: usize) -> Vec<u8> {
    format!("slot {place} of the model").into_bytes()
}
