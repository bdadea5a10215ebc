//! Moving a signing key's job to another key, so that no valid token is refused on the way.
//!
//! ```text
//! list both ─publish─► sign anew what the old one signed ─publish─► list the old one no more
//! ```
//!
//! Where it stands is read from the realm, so that whoever was interrupted, or waited a week for an
//! offline signature, types the same command and goes on. The identity stays.

use greatseal_core::key::{PublicKey, Spelled};
use greatseal_core::limits::REQUEST_STATEMENTS;
use greatseal_core::succession::{Succession, Terms};
use greatseal_core::{Code, Decoded};
use greatseal_custody::KeyName;
use greatseal_token::wascap::{Claims, Entity};

use super::delegate::name_of;
use super::{Desk, NewDelegation, NextListing, NextToken, Outcome};
use crate::capability::{Book, Entry, Grant, Purpose, Who, Window, of_command, policy, slug};
use crate::clock::DAY;
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
            (None, Some(job)) if self.was_listed(&old.1, &job)? => {
                return Ok(Moving { job, old, new, stage: Stage::Done, children: Vec::new(), replace_all: false });
            }
            (Some(_), _) => {
                let fault = format!("{} and {} sign for different principals", old.0, new.0);
                return Err(Problem::new(Code::KeyReused, fault).hint("Make a key of its own for this job."));
            }
            (None, None) => return Err(no_job(&old.0)),
            (None, Some(_)) => {
                let fault = format!("{} was never a signing key of whom {} signs for", old.0, new.0);
                return Err(Problem::new(Code::KeyRole, fault).hint(format!(
                    "Nothing was done. The other way round it is `greatseal key move {} {}`.",
                    own(&new.0),
                    own(&old.0)
                )));
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

    /// Refuses a key that is nobody's signing key.
    ///
    /// # Errors
    /// `GS-KEY-ROLE`, and `GS-NAME-UNKNOWN` for a key that the realm does not have.
    pub(crate) fn must_sign_for_somebody(&self, name: &KeyName) -> Result<(), Problem> {
        self.job(name, &self.realm.key(name)?)?.map(|_| ()).ok_or_else(|| no_job(name))
    }

    /// Does what is next, and says where the move stands afterwards.
    ///
    /// # Errors
    /// What keeps it from being done; then nothing was.
    pub(crate) fn carry_on(&mut self, moving: &Moving) -> Result<Outcome<()>, Problem> {
        match (moving.stage, &moving.job) {
            (Stage::List, Job::Operator) => self.list_beside(moving),
            (Stage::List, Job::Account(account)) => self.next_listing(account, &[&moving.new.0], &[], None),
            (Stage::List, Job::Root) => self.list_principal(moving),
            (Stage::SignAnew, Job::Operator) => self.sign_accounts_anew(moving),
            (Stage::SignAnew, Job::Root) => self.delegate_anew(moving),
            (Stage::Unlist, Job::Operator) => self.list_no_more(moving),
            (Stage::Unlist, Job::Account(account)) => self.next_listing(account, &[], &[&moving.old.0], None),
            (Stage::Unlist, Job::Root) => self.unlist_principal(moving),
            // Modules are files that the realm does not know, so no stage of an account waits for them.
            (Stage::SignAnew, Job::Account(_)) | (Stage::Done, _) => Ok(Outcome::Done(())),
        }
    }

    /// Names the account that lists a key as its signing key.
    ///
    /// # Errors
    /// When the realm's tokens cannot be read.
    pub(crate) fn account_of(&self, name: &KeyName) -> Result<Option<String>, Problem> {
        Ok(match self.job(name, &self.realm.key(name)?)? {
            Some(Job::Account(account)) => Some(own(&account).to_owned()),
            Some(Job::Operator | Job::Root) | None => None,
        })
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

    /// Says whether a key was listed once, and is no more, by a token of the one that the job is for.
    fn was_listed(&self, key: &Spelled, job: &Job) -> Result<bool, Problem> {
        let key = key.public_key();
        let lists = |token: &Decoded<Claims>| token.content().entity.signers().iter().any(|it| it.public_key() == key);
        Ok(match job {
            Job::Operator => self.realm.superseded()?.iter().any(lists),
            Job::Account(account) => self.realm.replaced(account)?.iter().any(lists),
            Job::Root => {
                let (_, identity) = self.realm.root()?;
                let book = Book::read(&self.realm, self.now)?;
                let from_root = |it: &Entry| it.issuer == identity.public_key() && it.audience == key;
                book.entries().iter().any(|entry| from_root(entry) && !book.state(entry).0.lives())
            }
        })
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
                let (_, root) = self.realm.root()?;
                let subject = |entry: &Entry| entry.subject.unwrap_or(root.public_key());
                let by_new = live_of(&book, new);
                let replaced = |entry: &Entry| {
                    by_new.iter().any(|other| {
                        other.audience == entry.audience
                            && subject(other) == subject(entry)
                            && other.command == entry.command
                            && other.first(self.now) == entry.first(self.now)
                            && other.expires() == entry.expires()
                            && policy(other.content()) == policy(entry.content())
                    })
                };
                let left = live_of(&book, old).into_iter().filter(|entry| !replaced(entry));
                Ok(left.map(|entry| entry.name.clone()).collect())
            }
        }
    }

    /// Lists the new key beside the old one; what was chosen for the operator's token stays chosen.
    fn list_beside(&mut self, moving: &Moving) -> Result<Outcome<()>, Problem> {
        let (threshold, listed, days) = self.chosen()?;
        let threshold = threshold.map(|chosen| chosen.max(Succession::least_threshold(listed + 1)));
        let next = NextToken { add: vec![moving.new.0.clone()], threshold, days, ..NextToken::default() };
        self.succeed(&next)?.map(|_| Ok(()))
    }

    /// Lists the old key no more; a quorum is as large as it was before the move.
    fn list_no_more(&mut self, moving: &Moving) -> Result<Outcome<()>, Problem> {
        let (_, listed, days) = self.chosen()?;
        let new = moving.new.1.public_key();
        let lists_new = |claims: &Claims| claims.entity.signers().iter().any(|it| it.public_key() == new);
        let superseded = self.realm.superseded()?;
        let before = superseded.iter().map(Decoded::content).filter(|claims| !lists_new(claims));
        let before = before.filter_map(|claims| Some((terms_of(claims)?, claims.entity.signers().len() as u64)));
        let threshold = before
            .max_by_key(|(terms, _)| terms.seq)
            .filter(|(_, keys)| *keys + 1 == listed)
            .map(|(terms, _)| terms.threshold);
        let (remove, replace_all) = (vec![moving.old.0.clone()], moving.replace_all);
        let next = NextToken { remove, replace_all, threshold, days, ..NextToken::default() };
        self.succeed(&next)?.map(|_| Ok(()))
    }

    /// Returns the threshold of the operator's token, how many keys it lists, and for how many days it was made.
    fn chosen(&self) -> Result<(Option<u64>, u64, Option<u32>), Problem> {
        let current = self.realm.tokens()?;
        let Some((_, token)) = &current.operator else { return Ok((None, 0, None)) };
        let claims = token.content();
        Ok((terms_of(claims).map(|terms| terms.threshold), claims.entity.signers().len() as u64, days_of(claims)))
    }

    fn next_listing(
        &mut self,
        account: &KeyName,
        add: &[&KeyName],
        remove: &[&KeyName],
        by: Option<KeyName>,
    ) -> Result<Outcome<()>, Problem> {
        let path = self.realm.account_path(account);
        let current = self.realm.tokens()?;
        let token = current.accounts.iter().find(|(_, its, _)| *its == path);
        let days = token.and_then(|(_, _, token)| days_of(token.content()));
        let next = NextListing { account: account.clone(), add: owned(add), remove: owned(remove), by, days };
        self.relist_account(&next)?.map(|_| Ok(()))
    }

    /// Signs accounts anew one by one: one that waits for its owner holds up no other.
    fn sign_accounts_anew(&mut self, moving: &Moving) -> Result<Outcome<()>, Problem> {
        let (mut waiting, mut in_the_way, mut done) = (None, None, false);
        for account in &moving.children {
            let account = self.realm.name(account.as_str())?;
            match self.next_listing(&account, &[], &[], Some(moving.new.0.clone())) {
                Ok(Outcome::Done(())) => done = true,
                Ok(Outcome::Waiting(its)) => {
                    crate::output::remark(&format!("the account {account} waits for a signature that is carried"));
                    waiting.get_or_insert(its);
                }
                // Its request was left by an earlier run.
                Err(problem) if problem.code() == Code::RealmExists => {
                    crate::output::remark(problem.message());
                    in_the_way.get_or_insert(problem);
                }
                Err(problem) => return Err(problem),
            }
        }
        match (waiting, in_the_way) {
            (Some(waiting), _) => Ok(Outcome::Waiting(waiting)),
            (None, Some(problem)) if !done => Err(problem),
            (None, _) => Ok(Outcome::Done(())),
        }
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
        let name = format!("move-{}", own(&moving.old.0));
        if let Some((waits, _)) = self.realm.requests()?.into_iter().find(|(waits, _)| waits.starts_with(&name)) {
            let fault = format!("the request {waits} waits already, and delegates anew");
            return Err(Problem::new(Code::RealmExists, fault).hint(format!(
                "`greatseal request show {waits}` shows it, `greatseal request cancel {waits}` gives it up."
            )));
        }
        for lot in new.chunks(REQUEST_STATEMENTS) {
            if let Outcome::Waiting(waiting) = self.delegate(&name, lot)? {
                return Ok(Outcome::Waiting(waiting));
            }
        }
        Ok(Outcome::Done(()))
    }

    /// Takes back what the root delegates to the old principal, and notes it as one no more.
    fn unlist_principal(&mut self, moving: &Moving) -> Result<Outcome<()>, Problem> {
        let (root, identity) = self.realm.root()?;
        let signing = root.signing.iter().filter(|name| **name != moving.old.0).cloned().collect();
        let note = Note::Root(Root { signing, ..root.clone() });
        let book = Book::read(&self.realm, self.now)?;
        let held = live_to(&book, &identity.public_key(), &moving.old.1.public_key());
        if held.is_empty() {
            // It ended, or was taken back by hand.
            return self.realm.note(&[note]).map(Outcome::Done);
        }
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

fn no_job(key: &KeyName) -> Problem {
    let fault = format!("{key} is no signing key of the operator, of an account or of the root");
    Problem::new(Code::KeyRole, fault)
        .hint("An identity stays where it is; to replace the operator's: `greatseal operator rotate-identity`.")
}

fn terms_of(claims: &Claims) -> Option<&Terms> {
    claims.succession.as_ref().map(Succession::terms)
}

/// For how many days a token was made; none for one that never ends.
pub(super) fn days_of(claims: &Claims) -> Option<u32> {
    let life = claims.terms.validity.expires?.as_secs().saturating_sub(claims.terms.issued_at.as_secs());
    u32::try_from(life.div_ceil(DAY)).ok().filter(|days| *days > 0)
}

fn owned(names: &[&KeyName]) -> Vec<KeyName> {
    names.iter().map(|name| (*name).clone()).collect()
}
