//! Making the realm's root of UCANs.

use greatseal_core::key::Role;
use greatseal_core::{Code, Command};
use greatseal_token::ucan::Policy;

use super::keys::Place;
use super::{Desk, Filed, NewKeys, Outcome};
use crate::capability::{Grant, Purpose, Span, Window, of_command, slug};
use crate::order::{DelegationFiling, Filing, Order};
use crate::problem::Problem;
use crate::realm::{Mandate, Name, Note, Root, own};

/// What the root is to be.
#[derive(Debug)]
pub(crate) struct NewRoot {
    /// The name shown to people.
    pub(crate) title: String,
    /// How many signing principals.
    pub(crate) signing_keys: u8,
    /// What is delegated to them.
    pub(crate) command: Command,
    pub(crate) lasts: Span,
    pub(crate) separation: Mandate,
}

impl Desk {
    /// Makes the root's key, which is kept apart, its signing principals, and what it delegates to
    /// them.
    ///
    /// Keys that the realm or custody knows by these names are taken as they are.
    ///
    /// # Errors
    /// `GS-REALM-EXISTS` when the realm has a root, or a request for one.
    pub(crate) fn create_root(&mut self, new: &NewRoot) -> Result<Outcome<Vec<Filed>>, Problem> {
        if self.realm.root().is_ok() {
            return Err(Problem::new(Code::RealmExists, "this realm has its root already")
                .hint("A realm has one root: `greatseal root show` shows it."));
        }
        let root = self.realm.name("root")?;
        let signing = self.signing_names(Some(&root), new.signing_keys)?;
        let mut keys = self.draw_keys_for(core::slice::from_ref(&root), Role::User, Place::Apart)?;
        keys.join(self.draw_keys(&signing, Role::User)?);
        let Some(((_, identity), principals)) = keys.keys.split_first() else {
            return Err(Problem::usage("a root needs a key"));
        };
        let from = identity.public_key();
        let mut order = Order::new("root", self.now);
        for (name, principal) in principals {
            let grant = Grant {
                from,
                to: principal.public_key(),
                subject: from,
                command: new.command.clone(),
                policy: Policy::default(),
                window: Window::of(self.now, None, new.lasts),
                purpose: Purpose::Capability,
            };
            let name = Name::parse(&slug(&[own(name), of_command(&new.command)]))?;
            let filing = DelegationFiling { name, copy_to: None };
            order = order.sign(grant.encode(self.now)?, Filing::Delegation(filing));
        }
        let note = Note::Root(Root { title: new.title.clone(), key: root, signing, separation: new.separation });
        self.carry_out(order.with_keys(keys).noting(note))
    }

    /// Keeps keys and notes something in the realm's file, where nothing has to be signed for it.
    pub(super) fn settle(&mut self, keys: &NewKeys, notes: &[Note]) -> Result<(), Problem> {
        self.realm.must_admit(&keys.keys)?;
        self.keep_keys(keys)?;
        self.realm.together(|realm| {
            realm.add_keys(&keys.keys)?;
            realm.note(notes)
        })
    }
}
