//! Delegations: who may give what to whom, and what it is called.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use greatseal_core::Code;
use greatseal_core::key::{PublicKey, Spelled};
use greatseal_core::route::{Wanted, route};
use greatseal_core::statement::Delegating;
use greatseal_core::view::Separation;
use greatseal_custody::KeyName;

use super::{Desk, Filed, Outcome};
use crate::capability::{Book, Entry, Grant, State, Who, must_be_open, of_command, slug};
use crate::order::{DelegationFiling, Filing, Order};
use crate::problem::Problem;
use crate::realm::{Name, Note, separation, write_new};
use crate::text;

/// A delegation that is to be made, and where it is wanted beside the realm.
#[derive(Clone, Debug)]
pub(crate) struct NewDelegation {
    pub(crate) grant: Grant,
    pub(crate) copy_to: Option<PathBuf>,
}

impl From<Grant> for NewDelegation {
    fn from(grant: Grant) -> Self {
        Self { grant, copy_to: None }
    }
}

impl Desk {
    /// Makes delegations, all or none.
    ///
    /// # Errors
    /// `GS-UCAN-SEPARATION`, `GS-UCAN-NO-PROOF` and `GS-UCAN-COMMAND` for what verifiers would refuse;
    /// else what keeps the order from being carried out.
    pub(crate) fn delegate(&mut self, name: &str, new: &[NewDelegation]) -> Result<Outcome<Vec<Filed>>, Problem> {
        let order = self.delegations(Order::new(name, self.now), new, &[])?;
        self.carry_out(order)
    }

    /// Adds delegations to an order, once it is certain that they would hold.
    /// `keys` are those that the realm is about to name.
    pub(super) fn delegations(
        &self,
        mut order: Order,
        new: &[NewDelegation],
        keys: &[(KeyName, Spelled)],
    ) -> Result<Order, Problem> {
        let book = Book::read(&self.realm, self.now)?;
        let mut who = Who::of(&self.realm, &book);
        who.learn(keys);
        let mut taken = self.delegation_names()?;
        for NewDelegation { grant, copy_to } in new {
            self.must_hold(&book, &who, grant)?;
            let name = name_of(&who, grant, &mut taken)?;
            let filing = DelegationFiling { name, copy_to: copy_to.clone() };
            order = order.sign(grant.encode(self.now)?, Filing::Delegation(filing));
        }
        Ok(order)
    }

    /// Checks that whoever delegates is one of the realm's and holds what he passes on, that the
    /// root's separation is kept, and that nobody retired has a part in it.
    fn must_hold(&self, book: &Book, who: &Who<'_>, grant: &Grant) -> Result<(), Problem> {
        let Grant { from, to, subject, command, window, .. } = grant;
        must_be_open(window, self.now)?;
        if self.realm.name_of(from).is_none() {
            let fault = format!("{} is none of this realm's keys, so nobody here could sign for it", who.show(from));
            return Err(Problem::new(Code::NameUnknown, fault)
                .hint("Name a service, the root or one of its signing principals: `greatseal service list`."));
        }
        for key in [from, to] {
            if let Some((name, service)) = self.realm.service_of(key)
                && service.retired.is_some()
            {
                return Err(Problem::new(Code::ServiceRetired, format!("the service {name} is retired")));
            }
        }
        self.must_be_separate(book.separation(subject), who, grant)?;
        if from == subject {
            return Ok(());
        }
        let held = book.holding(window.first(self.now));
        if route(&held, &Wanted { holder: *from, subject: *subject, command }).is_some() {
            return Ok(());
        }
        Err(unheld(book, &held, who, grant))
    }

    /// Checks what separation asks of one delegation (DESIGN section 6).
    fn must_be_separate(&self, separation: Option<&Separation>, who: &Who<'_>, grant: &Grant) -> Result<(), Problem> {
        let Some(Separation { root, signing }) = separation else { return Ok(()) };
        let refused =
            |why: String| Err(Problem::new(Code::UcanSeparation, format!("separation is mandated, and {why}")));
        if grant.from == *root && !signing.contains(&grant.to) {
            let to = who.show(&grant.to);
            return refused(format!("{to} is no signing principal of the root")).map_err(|problem: Problem| {
                let first = signing.first().map(|key| who.brief(key)).unwrap_or_default();
                problem.hint(format!(
                    "The root delegates to its signing principals only, and they to services: `--from {first}`."
                ))
            });
        }
        if grant.from != *root && grant.window.until.is_none() {
            return refused("below the root every delegation ends".into())
                .map_err(|problem: Problem| problem.hint("Say how long it lasts, like `--for 30d`."));
        }
        Ok(())
    }

    /// Lists the names of delegations that are taken, by files or by requests that wait.
    pub(super) fn delegation_names(&self) -> Result<BTreeSet<String>, Problem> {
        let mut taken: BTreeSet<String> = self.realm.delegation_files()?.into_iter().map(|(name, _)| name).collect();
        for (_, path) in self.realm.requests()? {
            let Ok(order) = Order::read(&path, Some(&self.realm)) else { continue };
            taken.extend(order.items.iter().filter_map(|item| match &item.filing {
                Filing::Delegation(filing) => Some(filing.name.to_string()),
                Filing::Operator
                | Filing::Account(_)
                | Filing::Module(_)
                | Filing::Provider(_)
                | Filing::Deed(_)
                | Filing::UcanRevocation(_) => None,
            }));
        }
        Ok(taken)
    }

    /// Checks delegations and revocations that were just signed with everybody's eyes, in the realm
    /// as it will be.
    pub(super) fn judge_ucans(
        &self,
        filed: &[Filed],
        keys: &[(KeyName, Spelled)],
        notes: &[Note],
    ) -> Result<(), Problem> {
        let signed = filed.iter().filter_map(|file| Some((file, file.statement.ucan()?)));
        let signed: Vec<_> = signed.map(|(file, token)| (file.path.clone(), token.verified().clone())).collect();
        if signed.is_empty() {
            return Ok(());
        }
        let paths: BTreeSet<PathBuf> = signed.iter().map(|(path, _)| path.clone()).collect();
        let revoked: Vec<_> =
            signed.iter().filter_map(|(_, token)| Some(token.content().invocation()?.revokes()?.token)).collect();
        let book = Book::read(&self.realm, self.now)?.with(signed, self.separation_with(keys, notes))?;
        for entry in book.entries().iter().filter(|entry| paths.contains(&entry.path)) {
            book.holds(entry, entry.first(self.now), &[]).map_err(|failure| {
                let fault = format!("verifiers would refuse this: {}", text::sentence(&failure.fault));
                Problem::new(failure.fault.code(), fault)
            })?;
        }
        for entry in book.entries().iter().filter(|entry| revoked.contains(&entry.cid)) {
            if book.state(entry).0.lives() {
                let fault = format!("nobody would heed it: its issuer stands nowhere above {}", entry.name);
                return Err(Problem::new(Code::RevocationFutile, fault));
            }
        }
        Ok(())
    }

    /// Returns the separation that is mandated once some keys and notes are in the realm.
    fn separation_with(&self, keys: &[(KeyName, Spelled)], notes: &[Note]) -> Option<Separation> {
        let new = notes.iter().find_map(|note| match note {
            Note::Root(root) => Some(root),
            Note::Service(..) => None,
        });
        let Some(root) = new else { return self.realm.separation() };
        separation(root, |name| {
            let new = keys.iter().find(|(own, _)| own == name).map(|(_, key)| *key);
            new.or_else(|| self.realm.key(name).ok())
        })
    }

    /// Returns a key of the realm as custody names it, for whoever has to sign with it.
    pub(super) fn named(&self, key: &PublicKey) -> Option<Spelled> {
        self.realm.key(self.realm.name_of(key)?).ok()
    }
}

/// Copies a delegation into a folder, with those that it rests on; what is there stays. Returns the
/// files that were written.
///
/// # Errors
/// `GS-REALM-EXISTS` where something else of that name is.
pub(crate) fn hand_out(book: &Book, entry: &Entry, folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    fs::create_dir_all(folder).map_err(|error| Problem::io("cannot make", folder, &error))?;
    let mut written = Vec::new();
    for entry in book.above(entry).into_iter().chain([entry]) {
        let bytes = fs::read(&entry.path).map_err(|error| Problem::io("cannot read", &entry.path, &error))?;
        let copy = folder.join(entry.path.file_name().unwrap_or_default());
        if fs::read(&copy).is_ok_and(|there| there == bytes) {
            continue;
        }
        write_new(&copy, &bytes).map_err(|problem| {
            let name = &entry.name;
            problem.hint(format!(
                "The realm has it: `greatseal delegation export {name} --out FOLDER` copies it elsewhere."
            ))
        })?;
        written.push(copy);
    }
    Ok(written)
}

/// Names a delegation after who, to whom and what, with a number where that is taken.
pub(super) fn name_of(who: &Who<'_>, grant: &Grant, taken: &mut BTreeSet<String>) -> Result<Name, Problem> {
    let side = |key: &PublicKey| who.named(key).unwrap_or_else(|| tail(key));
    let base = slug(&[&side(&grant.from), &side(&grant.to), of_command(&grant.command)]);
    let numbered = (2_u32..).map(|number| format!("{base}-{number}"));
    let free = core::iter::once(base.clone()).chain(numbered).find(|name| !taken.contains(name));
    let name = Name::parse(&free.unwrap_or(base))?;
    taken.insert(name.to_string());
    Ok(name)
}

/// Returns the last characters of a DID: enough to tell files apart.
fn tail(key: &PublicKey) -> String {
    let text = key.to_string();
    text.get(text.len().saturating_sub(TAIL)..).unwrap_or_default().to_owned()
}

const TAIL: usize = 6;

/// Says why whoever delegates does not hold what he would pass on.
fn unheld(book: &Book, held: &[(usize, Delegating<'_>)], who: &Who<'_>, grant: &Grant) -> Problem {
    let Grant { from, subject, command, .. } = grant;
    let given = |audience: PublicKey, of: Option<PublicKey>| audience == *from && of.is_none_or(|of| of == *subject);
    let commands: Vec<String> =
        held.iter().filter(|(_, it)| given(it.audience, it.subject)).map(|(_, it)| it.command.to_string()).collect();
    let (from, of) = (who.show(from), who.brief(subject));
    if !commands.is_empty() {
        let fault = format!("{from} holds {} of {of}, which does not cover {command}", commands.join(" and "));
        return Problem::new(Code::UcanCommand, fault)
            .hint("Delegate a command that it holds, or have it given more first: `greatseal delegation list`.");
    }
    let lapsed = |entry: &&Entry| given(entry.audience, entry.subject) && entry.command.covers(command);
    let problem = match book.entries().iter().find(lapsed) {
        Some(entry) => {
            let state = book.state(entry).0;
            let why = match state {
                State::Future => "begins later",
                State::Current => "does not hold at that time",
                State::Expired => "has expired",
                State::Revoked => "was revoked",
                State::Unheld => "rests on nothing that holds",
                State::Invalid => "has no good signature",
            };
            Problem::new(
                Code::UcanNoProof,
                format!("{from} does not hold {command} of {of} then: {} {why}", entry.name),
            )
        }
        None => Problem::new(Code::UcanNoProof, format!("{from} was given nothing of {of}")),
    };
    problem.hint(format!("Have it delegated to {from} first: `greatseal delegation create --to …`; `greatseal delegation list --all` shows what there is."))
}
