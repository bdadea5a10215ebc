//! Running keys: a service's identity lets another key run for it, and nobody else has to act.

use std::path::PathBuf;

use greatseal_core::key::PublicKey;
use greatseal_core::{Code, Timestamp};
use greatseal_token::ucan::Policy;

use super::{Desk, Filed, NewDelegation, Outcome};
use crate::capability::{Book, Entry, Grant, Purpose, Span, Who, Window, is_running};
use crate::order::Order;
use crate::problem::Problem;
use crate::realm::Name;

/// Which key is to run for a service, and for how long.
#[derive(Debug)]
pub(crate) struct Rotation {
    pub(crate) service: Name,
    pub(crate) key: PublicKey,
    /// From when on; at once, if absent.
    pub(crate) from: Option<Timestamp>,
    pub(crate) lasts: Span,
    /// Whether the running keys before it are taken back rather than left to expire.
    pub(crate) revoke_old: bool,
    /// A folder that gets copies.
    pub(crate) out: Option<PathBuf>,
}

impl Desk {
    /// Lets a key run for a service: one delegation for each thing that was granted to it.
    ///
    /// # Errors
    /// `GS-KEY-REUSED` for a key that has another part in the realm, `GS-REVOKED` for one that was
    /// taken back, `GS-UCAN-NO-PROOF` for a service that holds nothing; else what keeps the order
    /// from being carried out.
    pub(crate) fn rotate(&mut self, rotation: &Rotation) -> Result<Outcome<Vec<Filed>>, Problem> {
        let Rotation { service, key, from, lasts, revoke_old, out } = rotation;
        let (known, identity) = self.realm.service(service)?;
        if known.retired.is_some() {
            return Err(Problem::new(Code::ServiceRetired, format!("the service {service} is retired")));
        }
        let identity = identity.public_key();
        let book = Book::read(&self.realm, self.now)?;
        let who = Who::of(&self.realm, &book);
        self.must_be_fresh(&book, &who, service, key)?;
        let window = Window::of(self.now, *from, *lasts);
        let held = book.holding(window.first(self.now));
        let mut granted: Vec<(PublicKey, &greatseal_core::Command)> = held
            .iter()
            .filter(|(_, it)| it.audience == identity)
            .filter_map(|(_, it)| Some((it.subject?, it.command)))
            .collect();
        granted.sort();
        granted.dedup();
        if granted.is_empty() {
            let fault = format!("the service {service} holds nothing that a running key could use");
            return Err(Problem::new(Code::UcanNoProof, fault)
                .hint(format!("Grant it something: `greatseal delegation create --from root-signing-1 --to {service} --command /… --for 365d`.")));
        }
        let new: Vec<NewDelegation> = granted
            .into_iter()
            .map(|(subject, command)| NewDelegation {
                grant: Grant {
                    from: identity,
                    to: *key,
                    subject,
                    command: command.clone(),
                    // The policies of what it rests on hold for it too.
                    policy: Policy::default(),
                    window,
                    purpose: Purpose::RunningKey,
                },
                copy_to: out.clone(),
            })
            .collect();
        let mut order = self.delegations(Order::new(format!("rotate-{service}"), self.now), &new, &[])?;
        if *revoke_old {
            let old: Vec<&Entry> =
                running(&book, &identity).into_iter().filter(|entry| entry.audience != *key).collect();
            order = self.revocations(order, &book, &old)?;
        }
        self.carry_out(order)
    }

    /// Refuses a key that is something else already, or was taken back.
    fn must_be_fresh(&self, book: &Book, who: &Who<'_>, service: &Name, key: &PublicKey) -> Result<(), Problem> {
        let reused = |what: String| {
            Err(Problem::new(Code::KeyReused, format!("{key} is {what} already"))
                .hint("A running key is for one service and nothing else: have the service's wallet make a new one."))
        };
        if let Some(name) = who.named(key) {
            return reused(format!("the key {name}"));
        }
        if let Some(other) = who.runs(key).filter(|other| *other != service) {
            return reused(format!("a running key of {other}"));
        }
        if book.was_revoked(key) {
            let fault = format!("the running key {} was revoked", key.short());
            return Err(Problem::new(Code::Revoked, fault)
                .hint("A revoked key is not brought back: have the service's wallet make a new one."));
        }
        Ok(())
    }
}

/// Lists the delegations by which keys run for a service now or will.
pub(crate) fn running<'b>(book: &'b Book, identity: &PublicKey) -> Vec<&'b Entry> {
    let runs = |entry: &&Entry| entry.issuer == *identity && is_running(entry.content());
    book.entries().iter().filter(runs).filter(|entry| book.state(entry).0.lives()).collect()
}
