//! Filing what was signed: checked with everybody's eyes, then written as a whole.

use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::HEXUPPER;
use greatseal_core::decide::Candidate;
use greatseal_core::issue::Issued;
use greatseal_core::{Code, Fault};
use greatseal_token::wascap::archive::ArchiveFile;
use greatseal_token::wascap::module::{self, ModuleFile};
use greatseal_token::wascap::{self, Claims, Entity};

use super::{Desk, Saved, hand_out};
use crate::capability::Book;
use crate::order::{DelegationFiling, Filing, Finished, ModuleFiling, Order};
use crate::output;
use crate::problem::Problem;
use crate::realm::{Write, write_new};
use crate::text;

/// A statement that was filed.
#[derive(Debug)]
pub(crate) struct Filed {
    pub(crate) path: PathBuf,
    /// What was written there.
    pub(crate) bytes: Vec<u8>,
    pub(crate) statement: Finished,
}

impl Filed {
    /// Takes the one wascap token that an order was about; deeds may have come with it.
    ///
    /// # Errors
    /// When there was none, or more than one.
    pub(super) fn only(filed: Vec<Self>) -> Result<(PathBuf, Vec<u8>, Issued<Claims>), Problem> {
        let mut tokens = filed.into_iter().filter(|filed| filed.statement.wascap().is_some());
        match (tokens.next(), tokens.next()) {
            (Some(Self { path, bytes, statement }), None) => Ok((path, bytes, statement.into_wascap()?)),
            (Some(_) | None, _) => Err(Problem::new(Code::SignKind, "one token was ordered")),
        }
    }

    /// Takes the one token that an order was about, as commands show it.
    pub(super) fn saved(filed: Vec<Self>) -> Result<Saved, Problem> {
        let (path, _, token) = Self::only(filed)?;
        let signed_by = token.verified().content().issuer;
        Ok(Saved { path, token, signed_by })
    }
}

impl Desk {
    /// Checks everything with everybody's eyes, then writes everything.
    ///
    /// Every step can be done twice, so that whoever was interrupted goes on from the beginning.
    ///
    /// # Errors
    /// Before anything is written: what verifiers would refuse, what is in the way, what is missing.
    pub(super) fn file(&mut self, order: Order, waited: Option<&Path>) -> Result<Vec<Filed>, Problem> {
        let view = self.view();
        let digest = order.digest();
        let (mut filed, mut places, mut outside) = (Vec::new(), Vec::new(), Vec::new());
        let mut copies: Vec<(PathBuf, PathBuf)> = Vec::new();
        for item in order.items {
            let unsigned = || Problem::new(Code::CustodyMissing, "a signature is missing");
            let signature = item.signature.ok_or_else(unsigned)?;
            let statement = item.draft.finish(&signature, &view)?;
            let path = item.filing.path(&self.realm)?;
            outside.push(matches!(item.filing, Filing::Module(_) | Filing::Provider(_)));
            if let Filing::Delegation(DelegationFiling { copy_to: Some(folder), .. }) = &item.filing {
                copies.push((folder.clone(), path.clone()));
            }
            let bytes = match item.filing {
                Filing::Operator
                | Filing::Account(_)
                | Filing::Deed(_)
                | Filing::Delegation(_)
                | Filing::UcanRevocation(_) => statement.file_bytes()?,
                Filing::Module(filing) => embed(filing, &statement)?,
                Filing::Provider(filing) => super::provider::pack(filing, &statement)?,
            };
            places.push(Place::of(&path, &bytes, item.replaces.as_deref())?);
            filed.push(Filed { path, bytes, statement });
        }
        self.judge(&filed)?;
        self.judge_ucans(&filed, &order.keys.keys, &order.notes)?;
        self.realm.must_admit(&order.keys.keys)?;
        self.keep_keys(&order.keys)?;
        // Outside of the realm, so it is written by itself, and found written by whoever goes on.
        for ((Filed { path, bytes, statement: _ }, place), outside) in filed.iter().zip(&places).zip(&outside) {
            if *outside && matches!(place, Place::Free) {
                write_new(path, bytes)?;
            }
        }
        self.realm.together(|realm| {
            realm.add_keys(&order.keys.keys)?;
            realm.note(&order.notes)?;
            for ((Filed { path, bytes, statement: _ }, place), outside) in filed.iter().zip(places).zip(outside) {
                match place {
                    Place::Free if !outside => realm.write(path, Write::New(bytes.clone()))?,
                    Place::Free | Place::Written => {}
                    Place::Superseded { id, older } => {
                        realm.keep_superseded(path, &id, &older)?;
                        realm.write(path, Write::Replace(bytes.clone()))?;
                    }
                }
            }
            match waited {
                Some(request) => realm.archive_request(request, &digest.to_string()),
                None => Ok(()),
            }
        })?;
        // Last: nothing is handed out of which the realm does not know.
        if !copies.is_empty() {
            let book = Book::read(&self.realm, self.now)?;
            for (folder, path) in copies {
                if let Some(entry) = book.entries().iter().find(|entry| entry.path == path) {
                    hand_out(&book, entry, &folder)?;
                }
            }
        }
        Ok(filed)
    }

    /// Checks that what was just signed speaks in this realm, with all of it taken together.
    fn judge(&self, filed: &[Filed]) -> Result<(), Problem> {
        let current = self.realm.tokens()?;
        let new_operator = filed.iter().find_map(|filed| {
            let token = filed.statement.wascap()?;
            matches!(token.verified().content().entity, Entity::Operator(_)).then(|| wascap::decode(token.bytes()))
        });
        let new_operator = new_operator.transpose().map_err(|fault| Problem::new(fault.code(), fault.to_string()))?;
        let known = current.operator.as_ref().map(|(_, token)| token);
        // Whoever trusts the token that stands here now has to be led to the new one.
        let follows = known.filter(|token| token.content().succession.is_some()).or(new_operator.as_ref()).or(known);
        let anchor = follows.and_then(Self::anchor);
        for file in filed {
            let Some(token) = file.statement.wascap() else { continue };
            let anchor = anchor.ok_or_else(no_operator)?;
            let mut with = self.realm.supply()?;
            for other in filed {
                match &other.statement {
                    Finished::Wascap(token) => {
                        with.ask(Candidate::Verified(token.verified().clone()), []);
                    }
                    Finished::Deed(deed) => with = with.with_deeds([Candidate::Verified(deed.verified().clone())]),
                    // Another family, judged by itself.
                    Finished::Ucan(_) => {}
                }
            }
            let target = vec![Candidate::Verified(token.verified().clone())];
            match &token.verified().content().entity {
                // Without signing keys it was made by name, and told; verifiers do refuse it.
                Entity::Operator(listing) if listing.signers.as_ref().is_none_or(Vec::is_empty) => {}
                Entity::Module(_) => {
                    let module = ModuleFile::read(&file.bytes).map_err(refused)?;
                    self.must_speak(anchor, with, |verifier, with, view| verifier.decide_module(&module, with, view))?;
                }
                Entity::Provider(_) => {
                    let archive = ArchiveFile::open(&*file.bytes).map_err(super::provider::refused)?;
                    self.must_speak(anchor, with, |verifier, with, view| verifier.decide_archive(archive, with, view))?;
                }
                Entity::Operator(_)
                | Entity::Account(_)
                | Entity::Cluster(_)
                | Entity::Host(_)
                | Entity::Invocation(_)
                | Entity::Untyped { .. } => {
                    self.must_speak(anchor, with, |verifier, with, view| {
                        verifier.judge(target, with, view).into_decision()
                    })?;
                }
            }
        }
        Ok(())
    }
}

pub(super) fn no_operator() -> Problem {
    Problem::new(Code::ChainIncomplete, "this realm has no operator yet").hint("Make it: `greatseal operator create`.")
}

/// What is where a statement is to be filed.
enum Place {
    /// Nothing.
    Free,
    /// The very same, by a command that was interrupted.
    Written,
    /// The token that it takes the place of.
    Superseded {
        /// Its statement id.
        id: String,
        /// Its file's bytes.
        older: Vec<u8>,
    },
}

impl Place {
    /// Looks what is there.
    ///
    /// # Errors
    /// `GS-REALM-EXISTS` for anything else than what was expected there.
    fn of(path: &Path, bytes: &[u8], replaces: Option<&str>) -> Result<Self, Problem> {
        if !path.exists() {
            return Ok(Self::Free);
        }
        let found = fs::read(path).map_err(|error| Problem::io("cannot read", path, &error))?;
        if found == bytes {
            output::remark(&format!("{} is written already", text::path(path)));
            return Ok(Self::Written);
        }
        let place = text::path(path);
        let Some(expected) = replaces else {
            let fault = format!("{place} exists already, and nothing was overwritten");
            return Err(Problem::new(Code::RealmExists, fault));
        };
        let id = wascap::decode(found.trim_ascii()).ok().map(|token| token.id().to_string());
        match id.filter(|id| id == expected) {
            Some(id) => Ok(Self::Superseded { id, older: found }),
            None => Err(Problem::new(Code::RealmExists, format!("{place} is not the token that was to be replaced"))
                .hint("It has changed since the request was made. Cancel the request, and run the command again.")),
        }
    }
}

/// Puts a token into the module it vouches for, and into no other.
fn embed(filing: ModuleFiling, statement: &Finished) -> Result<Vec<u8>, Problem> {
    let ModuleFiling { file, out: _, bytes } = filing;
    let bytes = match bytes {
        Some(bytes) => bytes,
        None => crate::input::read_module(&file).map_err(|problem| {
            problem
                .hint("The module is needed to put the token into it: bring it back to its place, then receive again.")
        })?,
    };
    let stripped = module::strip(&bytes).map_err(refused)?;
    if let Some(Entity::Module(claims)) = statement.wascap().map(|token| &token.verified().content().entity) {
        let found = HEXUPPER.encode(&stripped.hash());
        if claims.hash != found {
            let fault = greatseal_core::error::ModuleFault::Hash { expected: claims.hash.clone(), found };
            return Err(refused(fault)
                .within(&text::path(&file))
                .hint("The module was changed since the request was made: bring back the one that was, or cancel the request and sign the new one."));
        }
    }
    let token = statement.file_bytes()?;
    module::embed(stripped, String::from_utf8_lossy(&token).trim_end()).map_err(refused)
}

pub(super) fn refused(fault: greatseal_core::error::ModuleFault) -> Problem {
    let fault = Fault::from(fault);
    Problem::new(fault.code(), fault.to_string())
}
