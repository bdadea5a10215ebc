//! Moving a signing key's job to another key, so that no valid token is refused on the way.
//!
//! ```text
//! list both ─publish─► sign anew what the old one signed ─publish─► list the old one no more
//! ```
//!
//! Where it stands is read from the realm, so that whoever was interrupted, or waited a week for an
//! offline signature, types the same command and goes on. The identity stays.

use greatseal_core::Code;
use greatseal_core::key::{PublicKey, Spelled};
use greatseal_custody::KeyName;
use greatseal_token::wascap::Entity;

use super::delegate::name_of;
use super::{Desk, NewDelegation, NextListing, NextToken, Outcome};
use crate::capability::{Book, Entry, Grant, Purpose, Who, Window, of_command, policy, slug};
use crate::order::{DelegationFiling, Filing, Order};
use crate::problem::Problem;
use crate::realm::{Name, Note, Root, own};

/// What a signing key signs for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    /// The operator: accounts.
    Operator,
    /// An account: modules and providers, whose files the realm does not know.
    Account(KeyName),
    /// The realm's root of UCANs: delegations to services.
    Root,
}

/// Where a move stands: what is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// The new key is not listed beside the old one.
    List,
    /// Some of what the realm knows rests on the old key.
    SignAnew,
    /// The old key is listed still.
    Unlist,
    /// The old key is out of use.
    Done,
}

/// A move, as it stands.
#[derive(Debug)]
pub(crate) struct Moving {
    pub(crate) job: Job,
    pub(crate) old: (KeyName, Spelled),
    pub(crate) new: (KeyName, Spelled),
    pub(crate) stage: Stage,
    /// What rests on the old key, by its name in the realm: accounts, or delegations.
    pub(crate) children: Vec<Name>,
    /// The operator's old key may go although fewer than a quorum of those beside it stay.
    pub(crate) replace_all: bool,
}

impl Desk {
    /// Finds out what the old key's job is, and how far it has been moved.
    ///
    /// # Errors
    /// `GS-NAME-UNKNOWN` for keys that the realm does not have; `GS-KEY-ROLE` for an identity, for
    /// two keys of different kinds, and for a key that signs for nobody.
    pub(crate) fn moving(&self, old: &KeyName, new: &KeyName) -> Result<Moving, Problem> {
        let (old, new) = ((old.clone(), self.realm.key(old)?), (new.clone(), self.realm.key(new)?));
        if old.1.public_key() == new.1.public_key() {
            return Err(Problem::usage(format!("{} and {} are one key", old.0, new.0)));
        }
        let job = match (self.job(&old.0, &old.1)?, self.job(&new.0, &new.1)?) {
            (Some(job), other) if other.as_ref().is_none_or(|other| *other == job) => job,
            (None, Some(job)) => {
                return Ok(Moving { job, old, new, stage: Stage::Done, children: Vec::new(), replace_all: false });
            }
            (Some(_), _) => {
                let fault = format!("{} and {} sign for different principals", old.0, new.0);
                return Err(Problem::new(Code::KeyReused, fault).hint("Make a key of its own for this job."));
            }
            (None, None) => {
                let fault = format!("{} is no signing key of the operator, of an account or of the root", old.0);
                return Err(Problem::new(Code::KeyRole, fault).hint(
                    "An identity stays where it is; to replace the operator's: `greatseal operator rotate-identity`.",
                ));
            }
        };
        let fits = match job {
            Job::Root => true,
            Job::Operator | Job::Account(_) => new.1.role() == old.1.role(),
        };
        if !fits {
            let fault = format!("{} is one of {}, and {} one of {}", new.0, new.1.word(), old.0, old.1.word());
            return Err(Problem::new(Code::KeyRole, fault));
        }
        let children = self.resting_on(&job, &old.1.public_key(), &new.1.public_key())?;
        let stage = if self.job(&new.0, &new.1)?.is_none() {
            Stage::List
        } else if !children.is_empty() {
            Stage::SignAnew
        } else {
            Stage::Unlist
        };
        Ok(Moving { job, old, new, stage, children, replace_all: false })
    }

    /// Does what is next, and says where the move stands afterwards.
    ///
    /// # Errors
    /// What keeps it from being done; then nothing was.
    pub(crate) fn carry_on(&mut self, moving: &Moving) -> Result<Outcome<()>, Problem> {
        match (moving.stage, &moving.job) {
            (Stage::List, Job::Operator) => {
                self.next_operator(NextToken { add: vec![moving.new.0.clone()], ..NextToken::default() })
            }
            (Stage::List, Job::Account(account)) => self.next_listing(account, &[&moving.new.0], &[], None),
            (Stage::List, Job::Root) => self.list_principal(moving),
            (Stage::SignAnew, Job::Operator) => self.sign_accounts_anew(moving),
            (Stage::SignAnew, Job::Root) => self.delegate_anew(moving),
            (Stage::Unlist, Job::Operator) => {
                let (remove, replace_all) = (vec![moving.old.0.clone()], moving.replace_all);
                self.next_operator(NextToken { remove, replace_all, ..NextToken::default() })
            }
            (Stage::Unlist, Job::Account(account)) => self.next_listing(account, &[], &[&moving.old.0], None),
            (Stage::Unlist, Job::Root) => self.unlist_principal(moving),
            // Modules are files that the realm does not know, so no stage of an account waits for them.
            (Stage::SignAnew, Job::Account(_)) | (Stage::Done, _) => Ok(Outcome::Done(())),
        }
    }

    /// Says whose signing key a key is.
    fn job(&self, name: &KeyName, key: &Spelled) -> Result<Option<Job>, Problem> {
        if self.realm.root().is_ok_and(|(root, _)| root.signing.contains(name)) {
            return Ok(Some(Job::Root));
        }
        let Some(nkey) = key.nkey() else { return Ok(None) };
        let current = self.realm.tokens()?;
        let lists = |entity: &Entity| entity.signers().iter().any(|signer| signer.raw() == nkey.raw());
        if current.operator.as_ref().is_some_and(|(_, token)| lists(&token.content().entity)) {
            return Ok(Some(Job::Operator));
        }
        let account = current.accounts.iter().find(|(_, _, token)| lists(&token.content().entity));
        account.map(|(name, _, _)| Ok(Job::Account(self.realm.name(name.as_str())?))).transpose()
    }

    /// Lists what rests on the old key and has nothing of the new one's in its place.
    fn resting_on(&self, job: &Job, old: &PublicKey, new: &PublicKey) -> Result<Vec<Name>, Problem> {
        match job {
            Job::Account(_) => Ok(Vec::new()),
            Job::Operator => {
                let signed = self.realm.tokens()?.accounts;
                let by_old = signed.into_iter().filter(|(_, _, token)| token.content().issuer.public_key() == *old);
                Ok(by_old.map(|(name, _, _)| name).collect())
            }
            Job::Root => {
                let book = Book::read(&self.realm, self.now)?;
                let replaced = |entry: &Entry| {
                    live_of(&book, new).iter().any(|other| {
                        other.audience == entry.audience
                            && other.subject == entry.subject
                            && other.command == entry.command
                            && other.validity() == entry.validity()
                            && policy(other.content()) == policy(entry.content())
                    })
                };
                let left = live_of(&book, old).into_iter().filter(|entry| !replaced(entry));
                Ok(left.map(|entry| entry.name.clone()).collect())
            }
        }
    }

    fn next_operator(&mut self, next: NextToken) -> Result<Outcome<()>, Problem> {
        self.succeed(&next)?.map(|_| Ok(()))
    }

    fn next_listing(
        &mut self,
        account: &KeyName,
        add: &[&KeyName],
        remove: &[&KeyName],
        by: Option<KeyName>,
    ) -> Result<Outcome<()>, Problem> {
        let next = NextListing { account: account.clone(), add: owned(add), remove: owned(remove), by, days: None };
        self.relist_account(&next)?.map(|_| Ok(()))
    }

    /// Signs accounts anew one by one: one that waits for its owner holds up no other for longer than
    /// its request takes.
    fn sign_accounts_anew(&mut self, moving: &Moving) -> Result<Outcome<()>, Problem> {
        for account in &moving.children {
            let account = self.realm.name(account.as_str())?;
            if let Outcome::Waiting(waiting) = self.next_listing(&account, &[], &[], Some(moving.new.0.clone()))? {
                return Ok(Outcome::Waiting(waiting));
            }
        }
        Ok(Outcome::Done(()))
    }

    /// Delegates to the new principal what the root delegates to the old one, and notes it as one.
    fn list_principal(&mut self, moving: &Moving) -> Result<Outcome<()>, Problem> {
        let (root, identity) = self.realm.root()?;
        let from = identity.public_key();
        let mut signing = root.signing.clone();
        signing.push(moving.new.0.clone());
        let note = Note::Root(Root { signing, ..root.clone() });
        let book = Book::read(&self.realm, self.now)?;
        let mut order = Order::new(format!("move-{}", own(&moving.old.0)), self.now);
        let held = live_to(&book, &from, &moving.old.1.public_key());
        if held.is_empty() {
            let fault = format!("the root delegates nothing to {}", moving.old.0);
            return Err(Problem::new(Code::UcanNoProof, fault).hint("`greatseal delegation list` shows what there is."));
        }
        let who = Who::of(&self.realm, &book);
        let mut taken = self.delegation_names()?;
        for entry in held {
            let grant = self.grant_like(entry, from, moving.new.1.public_key(), from);
            // As the root's first ones are called.
            let name = Name::parse(&slug(&[own(&moving.new.0), of_command(&grant.command)]))?;
            let name = if taken.insert(name.to_string()) { name } else { name_of(&who, &grant, &mut taken)? };
            order = order.sign(grant.encode(self.now)?, Filing::Delegation(DelegationFiling { name, copy_to: None }));
        }
        self.carry_out(order.noting(note))?.map(|_| Ok(()))
    }

    /// Delegates anew what the old principal delegated: to the same audiences, for as long.
    fn delegate_anew(&mut self, moving: &Moving) -> Result<Outcome<()>, Problem> {
        let (_, identity) = self.realm.root()?;
        let book = Book::read(&self.realm, self.now)?;
        let mut new = Vec::new();
        for name in &moving.children {
            let entry = book.find(name.as_str())?;
            let subject = entry.subject.unwrap_or(identity.public_key());
            new.push(NewDelegation::from(self.grant_like(entry, moving.new.1.public_key(), entry.audience, subject)));
        }
        self.delegate(&format!("move-{}", own(&moving.old.0)), &new)?.map(|_| Ok(()))
    }

    /// Takes back what the root delegates to the old principal, and notes it as one no more.
    fn unlist_principal(&mut self, moving: &Moving) -> Result<Outcome<()>, Problem> {
        let (root, identity) = self.realm.root()?;
        let signing = root.signing.iter().filter(|name| **name != moving.old.0).cloned().collect();
        let note = Note::Root(Root { signing, ..root.clone() });
        let book = Book::read(&self.realm, self.now)?;
        let held = live_to(&book, &identity.public_key(), &moving.old.1.public_key());
        let order = self.revocations(Order::new(format!("unlist-{}", own(&moving.old.0)), self.now), &book, &held)?;
        self.carry_out(order.noting(note))?.map(|_| Ok(()))
    }

    fn grant_like(&self, entry: &Entry, from: PublicKey, to: PublicKey, subject: PublicKey) -> Grant {
        let validity = entry.validity();
        Grant {
            from,
            to,
            subject,
            command: entry.command.clone(),
            policy: policy(entry.content()),
            window: Window { from: validity.not_before.filter(|at| *at > self.now), until: entry.expires() },
            purpose: Purpose::Capability,
        }
    }
}

fn live_of<'b>(book: &'b Book, issuer: &PublicKey) -> Vec<&'b Entry> {
    book.entries().iter().filter(|entry| entry.issuer == *issuer && book.state(entry).0.lives()).collect()
}

fn live_to<'b>(book: &'b Book, issuer: &PublicKey, audience: &PublicKey) -> Vec<&'b Entry> {
    live_of(book, issuer).into_iter().filter(|entry| entry.audience == *audience).collect()
}

fn owned(names: &[&KeyName]) -> Vec<KeyName> {
    names.iter().map(|name| (*name).clone()).collect()
}
