//! Taking delegations back: an invocation of `/ucan/revoke` by somebody at or above them.

use greatseal_core::key::PublicKey;
use greatseal_core::{Cid, Code};

use super::{Desk, Filed, Outcome};
use crate::capability::{Book, Entry, State, revocation};
use crate::order::Order;
use crate::problem::Problem;
use crate::realm::Name;

impl Desk {
    /// Takes delegations back, all or none.
    ///
    /// # Errors
    /// `GS-DELEGATION-LAPSED` for one that is over already; else what keeps the order from being
    /// carried out.
    pub(crate) fn take_back(&mut self, order: &str, names: &[Name]) -> Result<Outcome<Vec<Filed>>, Problem> {
        let book = Book::read(&self.realm, self.now)?;
        let mut entries = Vec::new();
        for name in names {
            let entry = book.find(name.as_str())?;
            let over = match book.state(entry).0 {
                State::Expired => Some("has expired"),
                State::Revoked => Some("was revoked before"),
                State::Current | State::Future | State::Unheld | State::Invalid => None,
            };
            if let Some(over) = over {
                return Err(Problem::new(Code::DelegationLapsed, format!("{name} {over}")));
            }
            entries.push(entry);
        }
        let order = self.revocations(Order::new(order, self.now), &book, &entries)?;
        self.carry_out(order)
    }

    /// Adds revocations to an order.
    pub(super) fn revocations(&self, mut order: Order, book: &Book, entries: &[&Entry]) -> Result<Order, Problem> {
        for entry in entries {
            let (by, path) = self.revoker(book, entry)?;
            order = order.take_back(revocation(by, entry.cid, path, self.now)?);
        }
        Ok(order)
    }

    /// Picks who takes a delegation back, its issuer or the nearest above it that is at hand, and the
    /// way from the revoker's own delegation to it.
    ///
    /// If none is at hand, the nearest is asked that is one of the realm's.
    fn revoker(&self, book: &Book, entry: &Entry) -> Result<(PublicKey, Vec<Cid>), Problem> {
        let above = book.above(entry);
        let chain: Vec<&Entry> = above.into_iter().chain([entry]).collect();
        let mut asked = None;
        for (place, link) in chain.iter().enumerate().rev() {
            let Some(key) = self.named(&link.issuer) else { continue };
            let path = || chain.iter().skip(place).map(|link| link.cid).collect();
            if self.ring.has(&key.public_key())? {
                return Ok((link.issuer, path()));
            }
            if asked.is_none() {
                asked = Some((link.issuer, path()));
            }
        }
        asked.ok_or_else(|| {
            let fault = format!("nobody of this realm stands at or above {}", entry.name);
            Problem::new(Code::RevocationVoters, fault)
        })
    }
}
