//! Services: made with a stable identity, and ended for good.

use greatseal_core::key::{PublicKey, Role};
use greatseal_core::{Code, Command};
use greatseal_custody::KeyName;
use greatseal_token::ucan::Policy;

use super::{Desk, Filed, NewDelegation, Outcome};
use crate::capability::{Book, Entry, Grant, Purpose, Span, State, Window};
use crate::order::Order;
use crate::problem::Problem;
use crate::realm::{Name, Note, Service};

/// What the service is to be.
#[derive(Debug)]
pub(crate) struct NewService {
    pub(crate) name: Name,
    /// What it may do, each with a delegation of its own.
    pub(crate) commands: Vec<Command>,
    /// On which conditions.
    pub(crate) policy: Policy,
    pub(crate) lasts: Span,
    /// Which signing principal delegates to it; any that is at hand, if absent.
    pub(crate) by: Option<KeyName>,
}

impl Desk {
    /// Makes the service's identity key and what it may do.
    ///
    /// # Errors
    /// `GS-NAME-TAKEN` when there is a service of that name; else what keeps the order from being
    /// carried out.
    pub(crate) fn create_service(&mut self, new: &NewService) -> Result<Outcome<Vec<Filed>>, Problem> {
        if self.realm.service(&new.name).is_ok() {
            return Err(Problem::new(Code::NameTaken, format!("this realm has a service {} already", new.name))
                .hint(format!("`greatseal service show {}` shows it.", new.name)));
        }
        let (root, subject) = self.realm.root()?;
        let subject = subject.public_key();
        let identity = self.realm.name(new.name.as_str())?;
        let signing = root.signing.iter().map(|name| self.realm.key(name)).collect::<Result<Vec<_>, _>>()?;
        let wanted = new.by.as_ref().map(|name| self.realm.key(name)).transpose()?;
        let keys = self.draw_keys(core::slice::from_ref(&identity), Role::User)?;
        let Some((_, key)) = keys.keys.first() else { return Err(Problem::usage("a service needs a key")) };
        let to = key.public_key();
        let note = Note::Service(new.name.clone(), Service { identity, retired: None });
        if new.commands.is_empty() {
            self.settle(&keys, &[note])?;
            return Ok(Outcome::Done(Vec::new()));
        }
        let from = self.signer(&signing, wanted, Code::UcanSeparation)?.public_key();
        let grant = |command: &Command| Grant {
            from,
            to,
            subject,
            command: command.clone(),
            policy: new.policy.clone(),
            window: Window::of(self.now, None, new.lasts),
            purpose: Purpose::Capability,
        };
        let new_delegations: Vec<NewDelegation> = new.commands.iter().map(|it| grant(it).into()).collect();
        let order = Order::new(format!("service-{}", new.name), self.now);
        let order = self.delegations(order, &new_delegations, &keys.keys)?;
        self.carry_out(order.with_keys(keys).noting(note))
    }

    /// Ends a service: what it holds and what it delegated is taken back, and nothing is delegated
    /// by or to it any more.
    ///
    /// # Errors
    /// `GS-SERVICE-RETIRED` when it was ended before; else what keeps the order from being carried
    /// out.
    pub(crate) fn retire_service(&mut self, name: &Name) -> Result<Outcome<Vec<Filed>>, Problem> {
        let (service, key) = self.realm.service(name)?;
        if service.retired.is_some() {
            return Err(Problem::new(Code::ServiceRetired, format!("the service {name} is retired already")));
        }
        let note = Note::Service(name.clone(), Service { retired: Some(self.now), ..service.clone() });
        let book = Book::read(&self.realm, self.now)?;
        let live = live_of(&book, &key.public_key());
        if live.is_empty() {
            self.settle(&super::NewKeys::default(), &[note])?;
            return Ok(Outcome::Done(Vec::new()));
        }
        let order = Order::new(format!("retire-{name}"), self.now).noting(note);
        let order = self.revocations(order, &book, &live)?;
        self.carry_out(order)
    }
}

/// Lists what a service's identity holds or delegated, as far as it was not taken back or is over.
pub(crate) fn live_of<'b>(book: &'b Book, identity: &PublicKey) -> Vec<&'b Entry> {
    let part = |entry: &&Entry| entry.audience == *identity || entry.issuer == *identity;
    let live = |entry: &&Entry| match book.state(entry).0 {
        // What rests on nothing today may rest on something again.
        State::Current | State::Future | State::Unheld => true,
        State::Expired | State::Revoked | State::Invalid => false,
    };
    book.entries().iter().filter(part).filter(live).collect()
}
